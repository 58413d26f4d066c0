//! Full-duplex HTTP/2 calls over TLS that never hang and never report a cut stream as finished.
//!
#![cfg_attr(all(feature = "native-roots", feature = "ring"), doc = "```no_run")]
#![cfg_attr(
    not(all(feature = "native-roots", feature = "ring")),
    doc = "```ignore"
)]
//! use bytes::Bytes;
//! use h2_duplex::{Connector, Duplex, Error, ReceiveHalf, SendHalf, Settings, Tls};
//!
//! # async fn run() -> Result<(), Error> {
//! let connector = Connector::new(Tls::native()?, Settings::default());
//! let uri = http::Uri::from_static("https://example.org/talk");
//! let mut connection = connector.connect_and_spawn(&uri).await?;
//!
//! // Returns before the response head: some services send none before they have had input.
//! let (mut send, mut receive) = connection.open(http::Request::post(uri).body(()).unwrap()).await?;
//! let speak = async move {
//!     for word in ["full", "duplex"] {
//!         send.ready().await?; // make the bytes when they can leave
//!         send.send(Bytes::from(word)).await?;
//!     }
//!     send.finish().await
//! };
//! let listen = async move {
//!     println!("{}", receive.head().await?.status);
//!     while let Some(chunk) = receive.next().await? {
//!         println!("{} bytes", chunk.len());
//!     }
//!     Ok(()) // only END_STREAM leads here; a cut or a reset is an error
//! };
//! tokio::try_join!(speak, listen)?;
//! # Ok(()) }
//! ```
//!
//! With default features off there remain the traits ([`Duplex`], [`SendHalf`], [`ReceiveHalf`]) and the
//! in-memory [`pipe`](mod@pipe), without HTTP/2 and without a runtime.

mod duplex;
mod error;
mod error_code;
#[cfg(feature = "h2")]
mod http2;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod net;
pub mod pipe;

pub use self::duplex::{Duplex, ReceiveHalf, SendHalf};
pub use self::error::{Deadline, Error, ErrorKind, Phase};
pub use self::error_code::ErrorCode;
#[cfg(feature = "h2")]
pub use self::http2::{
    Connection, Deadlines, Driver, KeepAlive, Monitor, Permit, Receiver, Sender, Settings, Stats,
    TrySendError, handshake,
};
#[cfg(all(feature = "proxy", any(feature = "ring", feature = "aws-lc-rs")))]
pub use self::net::Proxy;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub use self::net::{Connector, Io, Pool, Tls, TlsBuilder};
pub use self::pipe::pipe;
