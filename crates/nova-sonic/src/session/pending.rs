//! Tool uses that have had no result, and how a late result reaches a session that never asked for it.

use std::sync::Arc;

use serde_json::Value;

use crate::ToolResult;
use crate::session::event::{Leg, TurnId};

/// A tool use without a result.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PendingTool {
    /// Which call.
    pub tool_use_id: Arc<str>,
    /// Which tool.
    pub tool_name: String,
    /// Its arguments.
    pub arguments: Value,
    /// The connection that called it; only there a TOOL block may answer it.
    pub leg: Leg,
    /// The answer in which it was called.
    pub turn: TurnId,
}

impl PendingTool {
    /// The result as text, for a connection that did not call the tool: a TOOL block with an id that it does not know
    /// would end it. Send it as a text turn while nobody speaks, and tell [`Session::instructed`](crate::Session::instructed).
    #[must_use]
    pub fn carried_over(&self, result: &ToolResult) -> String {
        format!(
            "The result of an earlier tool call has arrived. Take it as data, do not call the tool again for it, and \
             tell the user what it says.\nTool: {}\nArguments: {}\nResult: {}",
            self.tool_name,
            self.arguments,
            result.to_json()
        )
    }
}
