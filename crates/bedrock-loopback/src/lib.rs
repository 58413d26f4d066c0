//! An Amazon Bedrock on 127.0.0.1 for tests and demos: TLS, HTTP/2, every signature checked.
//!
//! It answers `InvokeModelWithBidirectionalStream` as Nova Sonic does: it checks the request's SigV4 signature and that of
//! every event with code of its own, withholds the response head until the first event, enforces the protocol's order in the
//! service's words, hears speech by its energy and says it back. It works with any client: ours, the AWS SDKs, yours.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use bedrock_loopback::Loopback;
//!
//! let bedrock = Loopback::builder().region("eu-north-1").start().await?;
//! // Point a client at it: endpoint, certificate authority, credentials.
//! assert!(bedrock.url().starts_with("https://127.0.0.1:"));
//! assert!(bedrock.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
//! assert_eq!(bedrock.access_key_id(), "AKIDEXAMPLE");
//! bedrock.shutdown().await;
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! A test that should not wait uses no socket: [`Server::serve_tls`] and [`Server::serve_connection`] take any byte stream, such as one
//! end of `tokio::io::duplex`, and all timers go through tokio's clock, which a test can pause. Never pause it over real sockets.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
//! use bedrock_loopback::{Fault, FaultKind, Loopback};
//!
//! // The first call is throttled, the second is answered after half a minute; both at once for the test.
//! let server = Loopback::builder()
//!     .verify(false) // this client does not sign
//!     .fault(Fault::new(FaultKind::HttpError).at(429).times(1))
//!     .fault(FaultKind::Gap31)
//!     .build()?;
//! let (near, far) = tokio::io::duplex(64 * 1024);
//! tokio::spawn(async move { server.serve_connection(far).await });
//!
//! let (client, connection) = h2::client::handshake(near).await?;
//! tokio::spawn(connection);
//! for status in [429, 200] {
//!     let mut client = client.clone().ready().await?;
//!     let request = http::Request::post("http://localhost/model/amazon.nova-lite-v1%3A0/converse-stream").body(())?;
//!     let (response, mut upload) = client.send_request(request, false)?;
//!     let body = r#"{"messages":[{"role":"user","content":[{"text":"hello there"}]}]}"#;
//!     upload.send_data(body.into(), true)?;
//!     assert_eq!(response.await?.status(), status);
//! }
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! Conversations are scripted by [`Scenario`]s, bytes by a [`Script`]; what goes wrong is a [`Fault`], what happened is a [`Notice`].
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod bidi;
mod builder;
mod call;
mod clock;
mod credentials;
mod date;
mod duplex_call;
mod fault;
mod flow;
mod frame;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod gate;
mod http1;
mod http2;
mod ids;
mod loopback;
mod notice;
mod oneway;
mod operation;
mod preface;
mod proxy;
mod scenario;
mod script;
mod server;
mod service_error;
mod sonic;
mod tap;
mod tls;
mod upload;
mod verify;

pub use builder::{BuildError, Builder, ResponseHead};
pub use clock::Clock;
pub use credentials::{EXAMPLE_ACCESS_KEY_ID, EXAMPLE_SECRET_ACCESS_KEY};
pub use fault::{Fault, FaultError, FaultKind, FaultPlace};
pub use loopback::Loopback;
pub use notice::Notice;
pub use operation::Operation;
pub use scenario::{Scenario, ScenarioError};
pub use script::{Script, ScriptStep, ScriptedCall, ScriptedPart};
pub use server::{ConnectionError, Server};
pub use service_error::{ErrorKind, ServiceError};
pub use sonic::Limits;
pub use tap::{ResponseEnd, Traffic};
pub use verify::{Part, Refusal};
