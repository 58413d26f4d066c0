//! A call of a tool, as something that must be answered.

use std::fmt;
use std::sync::Arc;

use nova_sonic::{SessionEvent, ToolResult, ToolUse, TurnId};
use serde_json::Value;

use super::shared::Shared;
use crate::error::Error;

/// The model calls a tool, and waits. The result goes out the moment it is given, whoever speaks; calls may be answered in any
/// order, from any task.
///
/// One that is dropped is answered with an error, for without a result the model would wait for ever.
#[must_use = "a call that is dropped is answered with an error"]
pub struct ToolCall {
    turn: TurnId,
    call: ToolUse,
    shared: Arc<Shared>,
    answered: bool,
}

impl ToolCall {
    pub(super) fn new(turn: TurnId, call: ToolUse, shared: Arc<Shared>) -> Self {
        Self {
            turn,
            call,
            shared,
            answered: false,
        }
    }

    /// Which call.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.call.tool_use_id
    }

    /// Which tool.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.call.tool_name
    }

    /// Its arguments. The model paraphrases: they need not be the user's words.
    #[must_use]
    pub fn arguments(&self) -> &Value {
        &self.call.arguments
    }

    /// The answer in which it was called.
    #[must_use]
    pub fn turn(&self) -> TurnId {
        self.turn
    }

    /// Gives the result: a [`ToolResult`], or a JSON value.
    ///
    /// # Errors
    /// Where the call has timed out, or the conversation is over.
    pub fn respond(mut self, result: impl Into<ToolResult>) -> Result<(), Error> {
        self.answer(&result.into())
    }

    /// Gives the result as text.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub fn respond_text(self, text: &str) -> Result<(), Error> {
        self.respond(ToolResult::text(text))
    }

    /// Gives a result of several blocks, such as `{"text": …}` and `{"json": …}`.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub fn respond_blocks(self, blocks: impl IntoIterator<Item = Value>) -> Result<(), Error> {
        self.respond(ToolResult::blocks(blocks))
    }

    /// Says that it failed, and why, in words for the model.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub fn fail(self, why: impl Into<String>) -> Result<(), Error> {
        self.respond(ToolResult::error(why))
    }

    /// Gives the call up. The wire has no cancellation; the model is told in the result.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub fn cancel(self) -> Result<(), Error> {
        self.respond(ToolResult::cancelled())
    }

    /// Tells the model how far it is, as text that it should know and not answer. The result is still to come.
    ///
    /// # Errors
    /// Where the conversation is over.
    pub fn note(&self, progress: &str) -> Result<(), Error> {
        self.shared
            .with(|state, now| state.conversation.context(now, progress))?;
        Ok(())
    }

    /// Has the model tell the user how far it is: "Say that the search takes a little longer." The result is still to come.
    ///
    /// # Errors
    /// Where the conversation is over, or the model takes no text.
    pub fn announce(&self, instruction: &str) -> Result<(), Error> {
        self.shared
            .with(|state, now| state.conversation.instruct(now, instruction))?;
        Ok(())
    }

    pub(super) fn event(&self) -> SessionEvent {
        SessionEvent::ToolCall {
            turn: self.turn,
            call: self.call.clone(),
        }
    }

    /// Starts the function that was registered for it.
    pub(super) fn function(&self) -> impl Future<Output = ToolResult> + Send {
        self.shared.functions.call(&self.call)
    }

    fn answer(&mut self, result: &ToolResult) -> Result<(), Error> {
        self.answered = true;
        let id = self.call.tool_use_id.clone();
        self.shared
            .with(|state, now| state.conversation.tool_result(now, &id, result))?;
        Ok(())
    }
}

impl Drop for ToolCall {
    fn drop(&mut self) {
        if !self.answered {
            // Where it is too late there is nobody to tell.
            let _ = self.answer(&ToolResult::error("the tool gave no result"));
        }
    }
}

/// The arguments are the user's and stay out of it.
impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCall")
            .field("id", &self.id())
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
