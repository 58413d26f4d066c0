//! Media streams of telephone providers, in the form that Twilio documents: JSON texts with 8 kHz µ-law in base64.
//!
//! Source: Twilio, "Media Streams - WebSocket Messages". The provider sends `connected`, `start`, `media`, `dtmf`, `mark` and
//! `stop`; we send `media`, a `mark` behind each piece, which comes back when the piece was played, and `clear`. What was
//! cleared sends its marks back too, though it was not played: those are told apart by their turn.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nova_sonic::audio::{samples, to_bytes, ulaw_decode, ulaw_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::Command;
use crate::session::Chunk;

/// A call.
pub(crate) struct Phone {
    stream: String,
    /// Marks of this answer and of those before it say nothing any more.
    cleared: Option<u32>,
}

/// What a provider says at the beginning.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Start {
    stream_sid: String,
    #[serde(default)]
    custom_parameters: Value,
    #[serde(default)]
    media_format: Option<Format>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Format {
    encoding: String,
    sample_rate: u32,
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Event {
    Connected,
    Start {
        start: Start,
    },
    Media {
        media: Media,
    },
    Mark {
        mark: Mark,
    },
    Stop,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Media {
    payload: String,
    #[serde(default)]
    track: Option<String>,
}

#[derive(Deserialize)]
struct Mark {
    name: String,
}

impl Start {
    /// Reads a provider's message: `Ok(None)` where it comes before the start.
    ///
    /// # Errors
    /// Where it is none that may come there.
    pub(crate) fn read(message: &Message) -> Result<Option<Self>, ()> {
        let Message::Text(text) = message else {
            return if message.is_binary() {
                Err(())
            } else {
                Ok(None)
            };
        };
        match serde_json::from_str(text) {
            Ok(Event::Connected) => Ok(None),
            Ok(Event::Start { start }) if start.is_ulaw() => Ok(Some(start)),
            _ => Err(()),
        }
    }

    /// What the application gave the stream as its parameter `token`.
    pub(crate) fn token(&self) -> Option<&str> {
        self.custom_parameters.get("token")?.as_str()
    }

    fn is_ulaw(&self) -> bool {
        self.media_format
            .as_ref()
            .is_none_or(|format| format.encoding == "audio/x-mulaw" && format.sample_rate == 8_000)
    }
}

impl Phone {
    pub(crate) fn new(start: Start) -> Self {
        Self {
            stream: start.stream_sid,
            cleared: None,
        }
    }

    /// A call that has not begun.
    pub(crate) fn unknown() -> Self {
        Self {
            stream: String::new(),
            cleared: None,
        }
    }

    pub(super) fn read(&mut self, message: &Message) -> Option<Command> {
        let Message::Text(text) = message else {
            return None;
        };
        match serde_json::from_str(text) {
            Ok(Event::Media { media }) => {
                // What we say comes back on the outbound track, where the application asked for both.
                if media.track.is_some_and(|track| track != "inbound") {
                    return None;
                }
                let ulaw = STANDARD.decode(media.payload).ok()?;
                let pcm: Vec<i16> = ulaw.into_iter().map(ulaw_decode).collect();
                Some(Command::Audio(to_bytes(&pcm)))
            }
            Ok(Event::Mark { mark }) => {
                let (turn, samples) = mark.name.split_once(':')?;
                let (turn, samples) = (turn.parse().ok()?, samples.parse().ok()?);
                let counts = self.cleared.is_none_or(|cleared| turn > cleared);
                counts.then_some(Command::Played { turn, samples })
            }
            Ok(Event::Stop) => Some(Command::Bye),
            _ => None,
        }
    }

    pub(super) fn speech(&mut self, chunk: &Chunk, out: &mut VecDeque<Message>) {
        let ulaw: Vec<u8> = samples(&chunk.pcm).map(ulaw_encode).collect();
        let payload = STANDARD.encode(ulaw);
        let name = format!("{}:{}", chunk.turn, chunk.end());
        for event in [
            json!({"event": "media", "streamSid": self.stream, "media": {"payload": payload}}),
            json!({"event": "mark", "streamSid": self.stream, "mark": {"name": name}}),
        ] {
            out.push_back(Message::text(event.to_string()));
        }
    }

    pub(super) fn clear(&mut self, turn: u32) -> Message {
        self.cleared = Some(turn);
        Message::text(json!({"event": "clear", "streamSid": self.stream}).to_string())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn phone() -> Phone {
        let start = Message::text(
            r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1","tracks":["inbound"],
            "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"token":"t"}},"streamSid":"MZ1"}"#,
        );
        let start = Start::read(&start).unwrap().unwrap();
        assert_eq!(start.token(), Some("t"));
        Phone::new(start)
    }

    fn read(phone: &mut Phone, text: &str) -> Option<Command> {
        phone.read(&Message::text(text))
    }

    #[test]
    fn a_caller_s_audio_becomes_pcm() {
        let text = r#"{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"5","payload":"/38A"},"streamSid":"MZ1"}"#;
        let Some(Command::Audio(pcm)) = read(&mut phone(), text) else {
            panic!("audio")
        };
        assert_eq!(samples(&pcm).collect::<Vec<_>>(), [0, 0, -32_124]);
        let ours = text.replace("inbound", "outbound");
        assert!(read(&mut phone(), &ours).is_none());
    }

    #[test]
    fn speech_is_followed_by_a_mark_that_comes_back_when_it_was_played() {
        let mut phone = phone();
        let mut out = VecDeque::new();
        let chunk = Chunk {
            turn: 4,
            offset: 160,
            pcm: Bytes::from(vec![0; 320]),
        };
        phone.speech(&chunk, &mut out);
        let sent: Vec<Value> = out
            .iter()
            .map(|message| serde_json::from_str(message.to_text().unwrap()).unwrap())
            .collect();
        assert_eq!(
            sent[0]["media"]["payload"].as_str().map(str::len),
            Some(216)
        );
        assert_eq!(
            sent[1],
            json!({"event": "mark", "streamSid": "MZ1", "mark": {"name": "4:320"}})
        );
        let back =
            r#"{"event":"mark","sequenceNumber":"4","streamSid":"MZ1","mark":{"name":"4:320"}}"#;
        assert!(matches!(
            read(&mut phone, back),
            Some(Command::Played {
                turn: 4,
                samples: 320
            })
        ));
        // Marks of what was cleared come back too.
        phone.clear(4);
        assert!(read(&mut phone, back).is_none());
        assert!(read(&mut phone, &back.replace("4:320", "5:20")).is_some());
    }

    #[test]
    fn what_cannot_be_a_call_is_refused_and_what_is_new_is_passed_over() {
        let start = |text: &str| Start::read(&Message::text(text)).map(|start| start.is_some());
        assert_eq!(
            start(r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#),
            Ok(false)
        );
        for wrong in [
            "x",
            r#"{"event":"media","media":{"payload":""}}"#,
            r#"{"event":"start","start":{"streamSid":"M","mediaFormat":{"encoding":"audio/x-l16","sampleRate":16000}}}"#,
        ] {
            assert_eq!(start(wrong), Err(()), "{wrong}");
        }
        let mut phone = phone();
        for passed_over in [
            r#"{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"1"}}"#,
            r#"{"event":"mark","mark":{"name":"somebody else's"}}"#,
            "x",
        ] {
            assert!(read(&mut phone, passed_over).is_none(), "{passed_over}");
        }
        assert!(matches!(
            read(&mut phone, r#"{"event":"stop","stop":{}}"#),
            Some(Command::Bye)
        ));
    }
}
