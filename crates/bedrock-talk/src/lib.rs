//! Voice sessions with Amazon Nova Sonic for browsers and telephones.
//!
//! A browser cannot sign a full-duplex HTTP/2 call, and a telephone does not want to. This crate stands between: one page, one
//! WebSocket protocol of binary PCM16 and JSON (documented in
//! [docs/talk.md](https://github.com/bedrock-streams/bedrock-streams/blob/main/docs/talk.md)), and the media streams of
//! telephone providers. Speech is paced by what the client says it has played, so an interruption is heard at once and the
//! model's memory holds what the user heard; a client that loses its connection comes back to its session; one that does not
//! read, or sends too much, harms nobody else.
//!
//! ```no_run
//! use bedrock_stream::Client;
//! use bedrock_talk::Talk;
//! use nova_sonic::NOVA_2_5_SONIC;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder().region("us-east-1").build()?;
//! let talk = Talk::builder(move |_request| Some(client.sonic(NOVA_2_5_SONIC).system("You are kind."))).build();
//! let server = talk.listen(([127, 0, 0, 1], 8080).into()).await?;
//! println!("http://{}/", server.address());
//! # std::future::pending::<()>().await;
//! # Ok(()) }
//! ```
//!
//! In a server of your own that is made of hyper 1, give requests to [`Talk::respond`]; `Talk` is a `tower` service too, so that
//! axum takes it as `Router::new().nest_service("/talk/", talk)`. What your authentication has put into a request's extensions is
//! there when the session begins.
//!
//! A session lives in the process in which it began, and its state nowhere else.

mod access;
mod limits;
mod notice;
mod page;
mod protocol;
mod registry;
mod server;
mod session;
mod shared;
mod socket;
mod talk;
mod welcome;
mod wire;

pub use limits::Limits;
pub use notice::{Departure, EndReason, Notice, Refusal};
pub use page::Body;
pub use server::Server;
pub use talk::{Talk, TalkBuilder};

/// The examples of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/talk.md")]
struct Guide;
