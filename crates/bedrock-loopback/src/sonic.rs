//! Nova Sonic: the protocol's order and limits as the service enforces them, and who answers.

mod audio;
mod dialogue;
mod ear;
mod echo;
mod event;
mod grammar;
mod limits;
mod output;
mod prompt;
mod quirks;
mod script;
mod session;
mod speech;
mod usage;

pub use limits::Limits;
pub(crate) use quirks::Quirks;
pub(crate) use session::{Session, Settings};
pub(crate) use speech::Pace;
