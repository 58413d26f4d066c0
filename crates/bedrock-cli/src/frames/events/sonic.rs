//! The events of a Nova Sonic session.

use bedrock_wire::ServiceError;
use nova_sonic::{ContentKind, ReadError, Reader, Received, ServerEvent, Stage, StopReason};
use serde_json::{Value, json};

use super::View;
use crate::frames::payload::Printable;

/// Nova Sonic's view. As JSON each event has the form of the wire.
pub(super) struct Sonic;

impl View for Sonic {
    type Reader = Reader;
    type Received = Received;
    const RECEIVED: &'static str = "session";

    fn event_as_json(event: &ServerEvent) -> Value {
        event.to_json()
    }

    fn event_as_text(event: &ServerEvent) -> String {
        text(event)
    }

    fn received_as_json(received: &Received) -> Value {
        json!({
            "events": received.events,
            "audioBytes": received.audio_bytes,
            "turns": received.turns,
            "usage": received.usage,
            "completionEnded": received.completion_ended,
        })
    }

    fn service_error(error: &ReadError) -> Option<&ServiceError> {
        error.service_error()
    }
}

/// An event in one line for people; what was said in quotes, its control characters escaped.
fn text(event: &ServerEvent) -> String {
    match event {
        ServerEvent::UserSpeechStart(speech) => {
            format!("user speaks{}", at(speech.input_audio_offset_ms))
        }
        ServerEvent::UserSpeechEnd(speech) => {
            format!("user stops{}", at(speech.input_audio_offset_ms))
        }
        ServerEvent::ContentStart(start) => {
            let stage = start.stage.as_ref().map_or("", Stage::as_str);
            let space = if stage.is_empty() { "" } else { " " };
            format!(
                "{}: begins: {} {}{space}{}",
                Printable(&start.content_id),
                Printable(start.role.as_str()),
                Printable(start.kind.as_str()),
                Printable(stage),
            )
        }
        ServerEvent::TextOutput(text) => {
            format!("{}: text {:?}", Printable(&text.content_id), text.content)
        }
        ServerEvent::AudioOutput(audio) => {
            format!(
                "{}: audio, {} bytes",
                Printable(&audio.content_id),
                audio.pcm.len()
            )
        }
        ServerEvent::ToolUse(call) => format!(
            "{}: call {}({})",
            Printable(&call.content_id),
            Printable(&call.tool_name),
            Printable(&call.arguments.to_string())
        ),
        ServerEvent::ContentEnd(end) => {
            let kind = end.kind.as_ref().map_or("", ContentKind::as_str);
            let why = end.stop_reason.as_ref().map_or("", StopReason::as_str);
            let (kind, why) = (Printable(kind), Printable(why));
            format!("{}: ends {kind} {why}", Printable(&end.content_id))
        }
        ServerEvent::Usage(usage) => match usage.total {
            Some(total) => format!(
                "tokens so far: {} in, {} out",
                total.input.total(),
                total.output.total()
            ),
            None => "tokens".to_owned(),
        },
        ServerEvent::CompletionStart(_) => "completion begins".to_owned(),
        ServerEvent::CompletionEnd(_) => "completion ends".to_owned(),
        other => Printable(&other.to_json().to_string()).to_string(),
    }
}

fn at(offset_ms: Option<u64>) -> String {
    offset_ms.map_or_else(String::new, |ms| format!(" at {ms} ms"))
}
