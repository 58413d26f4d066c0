//! A browser's messages: JSON texts, and binary PCM16.

use bytes::{BufMut as _, BytesMut};
use tokio_tungstenite::tungstenite::Message;

use super::Command;
use crate::protocol::{AUDIO_HEADER, Request};
use crate::session::Chunk;

/// The kind of a binary message that is speech.
const SPEECH: u8 = 1;

pub(super) fn read(message: Message) -> Option<Command> {
    let text = match message {
        Message::Binary(pcm) => return Some(Command::Audio(pcm)),
        Message::Text(text) => text,
        _ => return None,
    };
    Some(match serde_json::from_str(&text) {
        Ok(Request::Hello(hello)) => Command::Hello(hello),
        Ok(Request::Played { turn, samples }) => Command::Played { turn, samples },
        Ok(Request::Text { text }) => Command::Text(text),
        Ok(Request::Mute) => Command::Mute,
        Ok(Request::Unmute) => Command::Unmute,
        Ok(Request::ToolResult {
            tool_use_id,
            result,
        }) => Command::ToolResult {
            id: tool_use_id,
            result,
        },
        Ok(Request::Bye) => Command::Bye,
        Err(_) => Command::Unknown,
    })
}

/// `kind u8 = 1, 3 bytes of 0, turn u32, offset u32`, little-endian, and the PCM.
pub(super) fn speech(chunk: &Chunk) -> Message {
    let mut bytes = BytesMut::with_capacity(AUDIO_HEADER + chunk.pcm.len());
    bytes.put_slice(&[SPEECH, 0, 0, 0]);
    bytes.put_u32_le(chunk.turn);
    // 49 hours of an answer at 24 kHz.
    bytes.put_u32_le(u32::try_from(chunk.offset).unwrap_or(u32::MAX));
    bytes.put_slice(&chunk.pcm);
    Message::Binary(bytes.freeze())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn speech_has_its_place_in_front() {
        let chunk = Chunk {
            turn: 7,
            offset: 0x0102_0304,
            pcm: Bytes::from_static(&[9, 8]),
        };
        let Message::Binary(bytes) = speech(&chunk) else {
            panic!("binary")
        };
        assert_eq!(&bytes[..], [1, 0, 0, 0, 7, 0, 0, 0, 4, 3, 2, 1, 9, 8]);
    }

    #[test]
    fn what_is_no_message_of_ours_is_unknown() {
        assert!(matches!(read(Message::text("x")), Some(Command::Unknown)));
        assert!(matches!(
            read(Message::binary(vec![0; 2])),
            Some(Command::Audio(_))
        ));
        assert!(read(Message::Pong(Bytes::new())).is_none());
    }
}
