//! The Amazon Nova Sonic speech-to-speech protocol without I/O: commands, events, order.
//!
//! A [`Session`] makes a conversation of the events: turns, planned and final text, one interruption out of many signals, what the
//! user heard, usage. [`strands`] gives the events of Strands' `BidiModel` in its place.
//!
//! A session is one duplex call of InvokeModelWithBidirectionalStream: events in, events out, both as JSON in
//! event-stream frames. The service answers a wrong order with errors that seldom name the cause, or not at all. Here a
//! [`Writer`] refuses what would break a rule and names it ([`Refusal`]), and a [`Reader`] gives every output event typed
//! ([`ServerEvent`]), keeps what it does not know, and never calls a cut session complete. No I/O, no clock, no runtime,
//! no randomness: bytes go into and come out of the caller's buffers, ids come from the caller's random bytes ([`Names`]).
//!
//! ```text
//!   Writer                                            Reader
//!   open        sessionStart promptStart              completionStart
//!               SYSTEM block [SYSTEM_SPEECH block]
//!   history     USER and ASSISTANT blocks             userSpeechStart … userSpeechEnd
//!   open_audio  the one AUDIO block, primed           USER text
//!   audio       audioInput, for the whole session     ASSISTANT text (SPECULATIVE), then its audio, …
//!   text        USER block (interactive)              toolUse
//!   tool_result TOOL block                            contentEnd of AUDIO with END_TURN: the turn is over
//!   close       contentEnd promptEnd sessionEnd       ASSISTANT text (FINAL), usageEvent … completionEnd
//! ```
//!
//! One turn over a transport of your own (here a server that says nothing and ends in order):
//!
//! ```
//! use bytes::{Bytes, BytesMut};
//! use bedrock_wire::seal_frames;
//! use eventstream_codec::{Decoder, Inbound, Seal, Timestamp, TransportEnd, Unsigned};
//! use nova_sonic::{Dialect, Names, Reader, SampleRate, ServerEvent, Setup, Writer};
//!
//! # struct Transport;
//! # impl Transport {
//! #     fn send(&mut self, _: &[u8]) {}
//! #     fn receive(&mut self) -> Option<Bytes> { None }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut transport = Transport;
//! # let microphone: [[u8; 1024]; 2] = [[0; 1024]; 2];
//! # fn random() -> [u8; 16] { [7; 16] }
//! # fn now() -> Timestamp { Timestamp::default() }
//! let mut sealer = Unsigned; // on the real wire: an event signer
//! let mut writer = Writer::new(Dialect::V2, Names::new(random()));
//! let (mut frames, mut wire) = (BytesMut::new(), BytesMut::new());
//!
//! let setup = Setup { system: "You are a friendly assistant.".into(), ..Setup::default() };
//! writer.open(&setup, &mut frames)?;
//! writer.open_audio(SampleRate::Hz16000, &mut frames)?;
//! seal_frames(&mut sealer, now(), &frames, &mut wire)?;
//! transport.send(&wire);
//!
//! for chunk in &microphone {
//!     wire.clear();
//!     wire.resize(sealer.headroom(), 0);
//!     writer.audio(chunk, &mut wire)?; // one frame, behind the headroom
//!     sealer.seal(now(), &mut wire, 0)?; // sealed in place
//!     transport.send(&wire);
//! }
//!
//! frames.clear();
//! wire.clear();
//! writer.close(&mut frames)?;
//! seal_frames(&mut sealer, now(), &frames, &mut wire)?;
//! sealer.seal_end(now(), &mut wire)?;
//! transport.send(&wire);
//!
//! let (mut decoder, mut reader) = (Decoder::new(), Reader::new());
//! reader.closing(); // we have closed in order
//! let mut on_event = |event| match event {
//!     ServerEvent::TextOutput(text) => println!("{}: {}", text.role.as_str(), text.content),
//!     ServerEvent::AudioOutput(audio) => drop(audio.pcm), // play it
//!     _ => {}
//! };
//! while let Some(bytes) = transport.receive() {
//!     decoder.feed(bytes);
//!     while let Some(frame) = decoder.next_frame()? {
//!         reader.read(frame, &mut on_event)?;
//!     }
//! }
//! decoder.finish()?; // not cut inside a frame
//! let outcome = reader.finish(TransportEnd::Clean, &mut on_event);
//! assert!(outcome.is_complete());
//! # Ok(())
//! # }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod audio;
mod config;
mod conversation;
mod interrupted;
mod model;
mod names;
mod read;
mod sample_rate;
mod schema;
mod session;
pub mod strands;
mod tool_result;
mod tool_spec;
mod tools;
mod write;

pub use config::{Endpointing, InferenceConfig, PromptConfig, SessionConfig, Setup, ToolChoice};
#[cfg(feature = "sabotage")]
#[doc(hidden)]
pub use conversation::Sabotage;
pub use conversation::{
    Action, Conversation, ConversationConfig, ConversationError, ConversationEvent, LegFault,
    Renewal, RenewalReason, Restart, Summary, Symptom, Transmit,
};
pub use model::{Dialect, NOVA_2_5_SONIC, NOVA_2_SONIC, NOVA_SONIC_V1};
pub use names::Names;
pub use read::{
    AudioOutput, CompletionEnd, CompletionStart, ContentEnd, ContentKind, ContentStart, EventIds,
    Extra, RawReader, ReadError, Reader, Received, Role, SONIC_ADVICE, ServerEvent, Stage,
    StopReason, TextOutput, TokenCount, TokenUsage, ToolUse, Unknown, UnknownFrame, UsageEvent,
    UserSpeechEnd, UserSpeechStart,
};
pub use sample_rate::{SampleRate, UnsupportedRate};
pub use session::{
    EntryState, Leg, PendingTool, Session, SessionEvent, SessionOptions, Speaker, TextStage,
    TranscriptEntry, TurnId,
};
pub use tool_result::ToolResult;
pub use tool_spec::{ToolSpec, ToolSpecError};
pub use tools::Tools;
pub use write::{
    History, HistoryCuts, HistoryLimits, HistoryRole, MAX_TEXT_BYTES, Refusal, Writer,
};
