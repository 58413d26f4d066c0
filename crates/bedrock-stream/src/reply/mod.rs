//! Replies of models to a whole request: asked for until they begin, then streamed.

mod events;
mod question;
mod stream;

pub use events::{ConverseEvents, InvokeEvents, ReplyEvents};
pub(crate) use question::Question;
pub use stream::{ConverseStream, InvokeStream, ReplyStream, Unfinished};
