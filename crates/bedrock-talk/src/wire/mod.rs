//! The forms that a client's messages have: a browser's, or a telephone provider's.

mod browser;
mod phone;

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::protocol::Hello;
use crate::session::Chunk;

pub(crate) use phone::{Phone, Start};

/// In which form a client speaks.
pub(crate) enum Wire {
    Browser,
    Phone(Phone),
}

/// What a client wants.
pub(crate) enum Command {
    Audio(Bytes),
    Played {
        turn: u32,
        samples: u64,
    },
    Text(String),
    Mute,
    Unmute,
    ToolResult {
        id: String,
        result: Value,
    },
    /// Only the first message may be one.
    Hello(Hello),
    Bye,
    /// A message that is none of the protocol.
    Unknown,
}

impl Wire {
    /// Whether the client hears of anything but speech.
    pub(crate) const fn has_events(&self) -> bool {
        matches!(self, Self::Browser)
    }

    /// A message of the client; `None` where nothing follows from it.
    pub(crate) fn read(&mut self, message: Message) -> Option<Command> {
        match self {
            Self::Browser => browser::read(message),
            Self::Phone(phone) => phone.read(&message),
        }
    }

    /// Puts a piece of speech into messages.
    pub(crate) fn speech(&mut self, chunk: &Chunk, out: &mut VecDeque<Message>) {
        match self {
            Self::Browser => out.push_back(browser::speech(chunk)),
            Self::Phone(phone) => phone.speech(chunk, out),
        }
    }

    /// What makes the client stop playing at once, where it is no event.
    pub(crate) fn interrupt(&mut self, turn: u32) -> Option<Message> {
        match self {
            Self::Browser => None,
            Self::Phone(phone) => Some(phone.clear(turn)),
        }
    }
}
