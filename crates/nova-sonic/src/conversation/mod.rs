//! A conversation over several connections: renewal, recovery, timers, without I/O.

mod application;
mod ask;
mod config;
mod driver;
mod event;
mod fault;
mod leg;
mod machine;
mod observe;
mod output;
mod recovery;
mod renewal;
#[cfg(feature = "sabotage")]
mod sabotage;
mod say;
mod takeover;
mod tape;
mod upkeep;

pub use config::{ConversationConfig, Renewal};
pub use event::{ConversationEvent, RenewalReason, Symptom};
pub use fault::{ConversationError, LegFault, Restart};
pub use machine::Conversation;
pub use output::{Action, Summary, Transmit};
#[cfg(feature = "sabotage")]
pub use sabotage::Sabotage;
