//! What the client is told of the conversation.

use bedrock_stream::VoiceEvent;
use nova_sonic::audio::level_db;
use nova_sonic::{ConversationEvent, SessionEvent, TurnId};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{LEVEL, Session};
use crate::protocol::{Figures, Reply};

/// The quietest level that is told: JSON has no infinity.
const QUIETEST_DB: f32 = -100.0;

/// Turns that are known by their number.
const KNOWN_TURNS: usize = 64;

impl Session {
    pub(super) fn tell(&mut self, event: VoiceEvent) {
        match event {
            VoiceEvent::Session(event) => self.tell_session(event),
            VoiceEvent::ToolCall(call) => {
                let id = call.id().to_owned();
                let event = VoiceEvent::ToolCall(call);
                let told = with(&event, "awaitsResult", true.into());
                self.say_text(told.clone());
                if let VoiceEvent::ToolCall(call) = event {
                    self.tools.insert(id, (call, told));
                }
            }
            // What we say of beginning and end says more.
            VoiceEvent::Conversation(ConversationEvent::Ready) => {}
            VoiceEvent::Conversation(event) => {
                if let ConversationEvent::ToolTimedOut { tool_use_id } = &event {
                    self.tools.remove(tool_use_id);
                }
                let mut json = serde_json::to_value(&event).unwrap_or_default();
                // What a service says of itself is for the operator.
                if let Some(object) = json.as_object_mut().filter(|_| !self.shared.explains) {
                    object.remove("fault");
                }
                self.say_text(json.to_string());
            }
            _ => {}
        }
    }

    fn tell_session(&mut self, event: SessionEvent) {
        let figures = matches!(
            event,
            SessionEvent::TurnEnded { .. } | SessionEvent::Interrupted { .. }
        );
        let text = match &event {
            SessionEvent::Audio { turn, pcm } => {
                self.know(*turn);
                self.speech.push(turn.number(), pcm.clone());
                return;
            }
            // Events of the service that we do not know may hold anything.
            SessionEvent::Other { .. } | SessionEvent::Ended => return,
            SessionEvent::ResponseStarted { turn } => {
                self.know(*turn);
                to_text(&event)
            }
            SessionEvent::Interrupted { turn } => {
                self.speech.interrupt(turn.number());
                self.cut = Some(turn.number());
                if let Some(line) = &mut self.line {
                    line.interrupt(turn.number());
                }
                to_text(&event)
            }
            SessionEvent::TurnEnded { turn } => {
                let samples = self.speech.arrived(turn.number());
                let event = VoiceEvent::Session(event);
                with(&event, "samples", samples.into())
            }
            _ => to_text(&event),
        };
        self.say_text(text);
        if figures {
            self.say_figures();
        }
    }

    pub(super) fn say_figures(&mut self) {
        let figures = Figures::from(&self.voice.metrics());
        self.say(&Reply::Figures(&figures));
    }

    pub(super) fn say(&mut self, reply: &Reply<'_>) {
        self.say_text(serde_json::to_string(reply).unwrap_or_default());
    }

    pub(super) fn say_text(&mut self, text: String) {
        if let Some(line) = &mut self.line {
            line.say(text);
        }
    }

    pub(super) fn complain(&mut self, code: &str, message: &str) {
        self.say(&Reply::Error { code, message });
    }

    /// Tells how loud the user is, where that is wanted.
    pub(super) fn level(&mut self, pcm: &[u8]) {
        let now = Instant::now();
        if self.level_at.is_some_and(|due| now >= due) {
            self.level_at = Some(now + LEVEL);
            let db = level_db(pcm).max(QUIETEST_DB);
            self.say(&Reply::Level { db });
        }
    }

    fn know(&mut self, turn: TurnId) {
        self.turns.insert(turn.number(), turn);
        while self.turns.len() > KNOWN_TURNS {
            self.turns.pop_first();
        }
    }
}

fn to_text(event: &SessionEvent) -> String {
    serde_json::to_string(event).unwrap_or_default()
}

/// The event with a member more.
fn with(event: &VoiceEvent, member: &str, value: Value) -> String {
    let mut json = serde_json::to_value(event).unwrap_or_else(|_| json!({}));
    if let Some(object) = json.as_object_mut() {
        object.insert(member.to_owned(), value);
    }
    json.to_string()
}
