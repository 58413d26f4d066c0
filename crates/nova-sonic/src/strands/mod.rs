//! The events of Strands Agents' `BidiModel` (strands-agents 1.62), made from a Nova Sonic session.
//!
//! For programs that know Strands: [`Translator`] gives the events that its `BedrockNovaSonicModel.receive` gives, under
//! the same `type` names and members in JSON. What is done otherwise, on purpose:
//!
//! | there | here |
//! |---|---|
//! | tool arguments that were encoded twice come as a string | the object within |
//! | arguments that are not JSON end the session with an exception | they come as a string |
//! | text before any `contentStart` ends the session with an exception | it opens its transcript |
//! | speech before any `contentStart` has the content id `null` | it opens its audio stream |
//! | a `contentEnd` without `type` never ends an answer | the type is remembered from the start |
//! | a second end of an answer that is over gives `bidi_response_stop` with `null` | it gives nothing |
//! | usage without `details` ends the session with an exception | it counts as 0 |
//! | response ids are random | they are named by the caller's [`Names`](crate::Names) |
//!
//! `start`, `send`, `receive` and `stop` themselves need a connection, which this crate has none of.

mod config;
mod event;
mod translator;

pub use config::{Config, ConfigError};
pub use event::{AudioFormat, BidiEvent, BidiRole, BidiToolUse, TokenDetails};
pub use translator::Translator;
