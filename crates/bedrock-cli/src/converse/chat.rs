//! A chat: each line of stdin is a question, or the result of a tool that the model has called.

use std::collections::VecDeque;
use std::io::IsTerminal as _;

use converse_stream::request::tool::{ToolResultBlock, ToolResultContent};
use converse_stream::{ContentBlock, ConverseRequest, Message, Reply};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::turn::Turn;
use crate::exit::{Exit, Stop};

/// Chats until stdin ends. A turn that is not complete ends the chat, unless a person can ask again.
pub(super) async fn hold(
    mut turn: Turn,
    mut request: ConverseRequest,
    mut content: Vec<ContentBlock>,
) -> Result<Exit, Stop> {
    let person = std::io::stdin().is_terminal();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut calls: VecDeque<Call> = VecDeque::new();
    let mut asked = false;
    loop {
        if person {
            prompt(calls.front());
        }
        let line = tokio::select! {
            line = lines.next_line() => line.map_err(|error| format!("stdin: {error}"))?,
            () = turn.end_asked() => return Ok(Exit::Interrupted),
        };
        let Some(line) = line else { break };
        match calls.pop_front() {
            Some(call) => content.push(call.answered(line)),
            None if line.trim().is_empty() => continue,
            None => content.push(line.into()),
        }
        if !calls.is_empty() {
            continue;
        }
        asked = true;
        request
            .messages
            .push(Message::user(std::mem::take(&mut content)));
        let taken = turn.take(&request).await;
        let Some(reply) = taken.reply else {
            if !person || taken.exit == Exit::Interrupted {
                return Ok(taken.exit);
            }
            // What was asked can be asked again.
            take_back(&mut request, &mut calls, &mut content);
            continue;
        };
        let message = reply.to_message();
        request
            .messages
            .push(message.map_err(|error| error.to_string())?);
        calls = Call::all_of(&reply);
    }
    if asked {
        Ok(Exit::Complete)
    } else {
        Err(Stop::usage(
            "nothing was asked: give a prompt, or lines on stdin",
        ))
    }
}

/// Takes the last question back. Answers to tools, and what was attached, are kept for the next line.
fn take_back(
    request: &mut ConverseRequest,
    calls: &mut VecDeque<Call>,
    content: &mut Vec<ContentBlock>,
) {
    let Some(last) = request.messages.pop() else {
        return;
    };
    calls.clear();
    let is_text = |block: &ContentBlock| matches!(block, ContentBlock::Text(_));
    content.extend(last.content.into_iter().filter(|block| !is_text(block)));
}

/// A tool call that waits for its answer.
struct Call {
    id: String,
    name: String,
}

impl Call {
    fn all_of(reply: &Reply) -> VecDeque<Self> {
        let calls = reply.tool_calls().map(|call| Self {
            id: call.id.clone(),
            name: call.name.clone(),
        });
        calls.collect()
    }

    fn answered(self, line: String) -> ContentBlock {
        let content = vec![ToolResultContent::Text(line)];
        ToolResultBlock::new(self.id, content).into()
    }
}

fn prompt(call: Option<&Call>) {
    match call {
        Some(call) => eprint!("result of {}> ", call.name),
        None => eprint!("> "),
    }
}
