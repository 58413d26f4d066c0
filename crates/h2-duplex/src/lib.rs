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
//! let head = http::Request::post(uri).body(()).unwrap();
//! let (mut send, mut receive) = connection.open(head).await?;
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
//!     Ok::<_, Error>(()) // only END_STREAM leads here; a cut or a reset is an error
//! };
//! // Not `try_join`: where the peer refuses, the sender fails first; the receiver has the reason.
//! let (spoken, heard) = tokio::join!(speak, listen);
//! heard.and(spoken)?;
//! # Ok(()) }
//! ```
//!
//! # What it promises
//!
//! - **Only `END_STREAM` is a good end.** A reset with any code (`NO_ERROR` too), a closed or cut
//!   TCP or TLS connection, and a `GOAWAY` that leaves the call out are errors; what arrived before
//!   them is given first. An end of TLS without `close_notify` is harmless after `END_STREAM`, and
//!   only then.
//! - **Nothing hangs past a named deadline**: six `Deadlines` for connection, TLS, response head,
//!   first byte, between bytes, whole call. None counts bytes per second. Dead links are found by
//!   PING, if you turn on `KeepAlive`.
//! - **Both halves report the same cause.** When the peer answers while the upload is open, the
//!   receiver gets the whole answer, and the sender [`AnsweredEarly`](ErrorKind::AnsweredEarly),
//!   not a broken pipe.
//! - **[`Error::was_processed`] is `false` only where that is certain**, so that the call can be
//!   opened again; `Reopen` does so by itself.
//! - **Memory is bounded.** Received bytes wait in a buffer no larger than the call's flow-control
//!   window, small frames packed together; sent bytes wait in a small buffer of their own
//!   (`Settings::send_buffer`), so that what is signed when it is sent is signed late.
//! - **No byte and no header in logs or `Debug`.**
//! - **Tasks end.** A connection is one future, its `Driver`, which you spawn or have spawned by
//!   `connect_and_spawn` or `Pool`; it ends when its handles are dropped and its calls are over.
//!   Dropping a half before its end resets the call (`CANCEL`) at once.
//!
//! h2 sets one limit that no setting moves: a connection on which the peer sends more than 100
//! empty DATA frames (beside those that end a body) fails with `ENHANCE_YOUR_CALM`.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `h2` | yes | the transport. Without it: the traits ([`Duplex`], [`SendHalf`], [`ReceiveHalf`]) and the in-memory [`pipe`](mod@pipe), without a runtime |
//! | `ring` | yes | TLS by rustls on ring: `Tls`, `Connector`, `Pool` |
//! | `aws-lc-rs` | | TLS by rustls on aws-lc-rs; with both, ring is used |
//! | `native-roots` | yes | trusts the certificates of the operating system |
//! | `webpki-roots` | | trusts Mozilla's certificates, compiled in |
//! | `proxy` | | HTTP CONNECT and SOCKS5 proxies, by setting or from the environment |
//! | `tower` | | byte streams from a `tower::Service<http::Uri>` |
//! | `tracing` | | a span for each connection and each call, for the `tracing` crate |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod duplex;
mod error;
mod error_code;
#[cfg(feature = "h2")]
mod http2;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod net;
pub mod pipe;
#[cfg(feature = "h2")]
mod reopen;

pub use self::duplex::{Duplex, ReceiveHalf, SendHalf};
pub use self::error::{Deadline, Error, ErrorKind, Phase};
pub use self::error_code::ErrorCode;
#[cfg(feature = "h2")]
pub use self::http2::{
    Connection, ConnectionStats, Deadlines, Driver, KeepAlive, Monitor, Permit, Receiver, Sender,
    Settings, Stats, TrySendError, handshake,
};
#[cfg(all(feature = "proxy", any(feature = "ring", feature = "aws-lc-rs")))]
pub use self::net::Proxy;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub use self::net::{Connector, Io, Pool, Tls, TlsBuilder};
pub use self::pipe::pipe;
#[cfg(feature = "h2")]
pub use self::reopen::{Reopen, ReopenReceive, ReopenSend};

/// The examples of the guide.
#[cfg(all(doctest, feature = "proxy", feature = "ring", feature = "native-roots"))]
#[doc = include_str!("../../../docs/h2-duplex.md")]
struct Guide;
