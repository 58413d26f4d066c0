//! A client for the streaming operations of Amazon Bedrock, made of small parts.
//!
//! Voice sessions with Nova Sonic over InvokeModelWithBidirectionalStream: typed operations that cannot break the
//! protocol's order, every event signed when it leaves, one typed verdict at the end. A session never hangs (six named
//! deadlines), and one that was cut is never reported as complete.
//!
//! ```no_run
//! use bedrock_stream::{Client, Error};
//! use nova_sonic::{NOVA_2_5_SONIC, ServerEvent};
//!
//! # fn microphone() -> Option<[u8; 1024]> { None }
//! # fn play(_: bytes::Bytes) {}
//! # async fn run() -> Result<(), Error> {
//! let client = Client::from_env().await?; // region and credentials as everywhere with AWS
//! let (mut voice, mut events) = client
//!     .sonic(NOVA_2_5_SONIC)
//!     .system("You are a friendly assistant.")
//!     .open()
//!     .await?;
//!
//! let speak = async move {
//!     while let Some(chunk) = microphone() {
//!         voice.audio(&chunk).await?; // 32 ms of PCM16 at 16 kHz
//!     }
//!     voice.close().await
//! };
//! let listen = async move {
//!     while let Some(event) = events.next().await? {
//!         match event {
//!             ServerEvent::TextOutput(text) => println!("{}: {}", text.role.as_str(), text.content),
//!             ServerEvent::AudioOutput(audio) => play(audio.pcm),
//!             _ => {}
//!         }
//!     }
//!     Ok(()) // only a complete session leads here
//! };
//! tokio::try_join!(speak, listen)?;
//! # Ok(()) }
//! ```
//!
//! Replies of models over ConverseStream: typed requests and events, retries before the first event only, the reply in hand
//! however it ends.
//!
//! ```
//! use bedrock_stream::{Client, Credentials};
//! use converse_stream::{ConverseRequest, Event, Message};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // On AWS `Client::from_env().await?`: credentials, or a Bedrock API key. Here a Bedrock on this machine:
//! let bedrock = bedrock_loopback::Loopback::builder().start().await?;
//! let client = Client::builder()
//!     .region(bedrock.region())
//!     .endpoint_url(bedrock.url())
//!     .trust_pem(bedrock.ca_pem())
//!     .credentials(Credentials::new(bedrock.access_key_id(), bedrock.secret_access_key()))
//!     .build()?;
//! let request = ConverseRequest::new()
//!     .with_message(Message::user("What is the capital of Peru?"))
//!     .with_max_tokens(16);
//! let mut reply = client.converse("us.amazon.nova-micro-v1:0", &request).send().await?;
//! let mut said = String::new();
//! while let Some(event) = reply.next().await? {
//!     if let Event::Text { text, .. } = event {
//!         said.push_str(&text);
//!     }
//! }
//! // Only a complete reply leads here; `reply.outcome()` has what came of any other.
//! assert_eq!(said, "What is the capital of Peru?"); // it is an echo
//! # Ok(()) }
//! ```
//!
//! The same in a model's own JSON, for models that Converse does not reach: every family's chunks as the same events.
//!
//! ```no_run
//! use bedrock_stream::Client;
//! use converse_stream::family::Family;
//! use converse_stream::{ConverseRequest, Message};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::from_env().await?;
//! let model = "mistral.mistral-7b-instruct-v0:2";
//! let request = ConverseRequest::new().with_message(Message::user("What is the capital of Peru?"));
//! let body = Family::MistralText.body(model, &request)?; // or any JSON of yours
//! let reply = client.invoke_stream(model, body.to_string()).send().await?.collect().await?;
//! println!("{} ({:?})", reply.text(), reply.usage());
//! # Ok(()) }
//! ```
//!
//! The two halves of a voice session are owned and `Send`: one task can speak while another listens. When the service ends the session, the
//! speaking half's next error is what the service said, not "broken pipe".
//!
//! The parts are crates of their own, usable without this one: [`eventstream_codec`], [`eventstream_sigv4`],
//! [`h2_duplex`], [`nova_sonic`], [`converse_stream`], [`bedrock_wire`].
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!("bedrock-stream needs TLS: enable the feature `ring` (a default) or `aws-lc-rs`");

mod api_key;
#[cfg(feature = "aws-credential-types")]
mod aws;
mod bidi_stream;
mod builder;
mod client;
mod clock;
mod converse;
mod credentials;
mod endpoint;
mod error;
mod hint;
#[cfg(feature = "http1")]
mod http1;
mod invoke;
mod link;
mod network;
mod one_way;
mod partition;
mod random;
mod receiver;
pub mod recording;
mod reply;
mod retry;
mod sender;
mod sonic;
pub mod strands;
mod voice;

#[cfg(feature = "aws-credential-types")]
pub use aws::AwsCredentials;
pub use bedrock_wire::{Advice, Missing, Outcome, ServiceError};
pub use bidi_stream::{BidiInfo, BidiStream, Next, TransportState};
pub use builder::ClientBuilder;
pub use client::{Client, ClientReceive, ClientSend};
pub use clock::Clock;
pub use converse::ConverseCall;
pub use credentials::{CredentialsError, CredentialsFuture, ProvideCredentials};
pub use error::{Error, ErrorKind, Phase};
pub use eventstream_sigv4::Credentials;
#[cfg(feature = "proxy")]
pub use h2_duplex::Proxy;
pub use h2_duplex::{Deadlines, KeepAlive};
pub use invoke::{InvokeCall, TraceMode};
pub use one_way::{OneWay, OneWayReceive, OneWaySend};
pub use reply::{
    ConverseEvents, ConverseStream, InvokeEvents, InvokeStream, ReplyEvents, ReplyStream,
    Unfinished,
};
pub use retry::Retry;
pub use sonic::{SonicBuilder, SonicReceiver, SonicSender};
pub use voice::{Latency, ToolCall, Voice, VoiceDriver, VoiceEvent, VoiceEvents, VoiceMetrics};

/// The examples of the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The examples of the loopback's guide, which this crate can run and the loopback cannot.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/loopback.md")]
struct LoopbackGuide;

/// The client's own guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/bedrock-stream.md")]
struct ClientGuide;

/// The guide to recordings.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/recording.md")]
struct RecordingGuide;

/// The guides to tasks. Whole programs in them are this crate's examples, which are run.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../../docs/guides/voice-agent.md")]
    struct VoiceAgent;

    #[doc = include_str!("../../../docs/guides/telephony.md")]
    struct Telephony;

    #[doc = include_str!("../../../docs/guides/gateway.md")]
    struct Gateway;

    #[doc = include_str!("../../../docs/guides/test-an-agent.md")]
    struct TestAnAgent;

    #[doc = include_str!("../../../docs/guides/from-aws-sdk.md")]
    struct FromAwsSdk;

    #[doc = include_str!("../../../docs/guides/from-strands-or-pipecat.md")]
    struct FromStrandsOrPipecat;
}
