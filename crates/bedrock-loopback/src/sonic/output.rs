//! The events that the service sends: <https://docs.aws.amazon.com/nova/latest/nova2-userguide/sonic-output-events.html>,
//! with the undocumented `userSpeechStart` and `userSpeechEnd` as they were captured.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::usage::{Ledger, Tokens};
use crate::ids::Ids;

/// Why a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    PartialTurn,
    EndTurn,
    Interrupted,
    ToolUse,
}

impl Stop {
    const fn name(self) -> &'static str {
        match self {
            Self::PartialTurn => "PARTIAL_TURN",
            Self::EndTurn => "END_TURN",
            Self::Interrupted => "INTERRUPTED",
            Self::ToolUse => "TOOL_USE",
        }
    }
}

/// Whose text, and whether it was spoken or is about to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    User,
    Speculative,
    Final,
}

/// Events on their way out, with the identifiers that they all carry.
#[derive(Debug)]
pub(super) struct Outbox {
    ids: Ids,
    session_id: String,
    prompt_name: String,
    completion_id: Option<String>,
    output_rate: u32,
    ledger: Ledger,
    asked: Vec<String>,
    events: Vec<Value>,
}

impl Outbox {
    pub(super) fn new(mut ids: Ids) -> Self {
        Self {
            session_id: ids.uuid(),
            ids,
            prompt_name: String::new(),
            completion_id: None,
            output_rate: 24_000,
            ledger: Ledger::default(),
            asked: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(super) fn prompt(&mut self, name: String, output_rate: u32) {
        self.prompt_name = name;
        self.output_rate = output_rate;
        self.completion_id = None;
    }

    pub(super) const fn output_rate(&self) -> u32 {
        self.output_rate
    }

    pub(super) fn take(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    /// An id for a tool call that no other session has.
    pub(super) fn tool_use_id(&mut self) -> String {
        format!("tooluse_{}", self.ids.uuid())
    }

    fn id(&mut self) -> String {
        self.ids.uuid()
    }

    /// `userSpeechStart`; the first of a prompt comes before `completionStart` and without a completion id, as captured.
    pub(super) fn speech_start(&mut self, at: u64) {
        self.push("userSpeechStart", json!({ "inputAudioOffsetMs": at }));
        self.completion_start();
    }

    pub(super) fn speech_end(&mut self, at: u64, detected: u64) {
        let members = json!({ "inputAudioOffsetMs": at, "inputAudioDetectionOffsetMs": detected });
        self.push("userSpeechEnd", members);
    }

    /// `completionStart`, once for each prompt.
    pub(super) fn completion_start(&mut self) {
        if self.completion_id.is_none() {
            self.completion_id = Some(self.ids.uuid());
            self.push("completionStart", json!({}));
        }
    }

    /// A whole text block: start, text, end.
    pub(super) fn text(&mut self, which: Text, text: &str, stop: Stop) {
        let (role, stage) = match which {
            Text::User => ("USER", "FINAL"),
            Text::Speculative => ("ASSISTANT", "SPECULATIVE"),
            Text::Final => ("ASSISTANT", "FINAL"),
        };
        let id = self.id();
        let start = json!({
            "additionalModelFields": json!({ "generationStage": stage }).to_string(),
            "contentId": id,
            "type": "TEXT",
            "role": role,
            "textOutputConfiguration": { "mediaType": "text/plain" },
        });
        self.push("contentStart", start);
        let output = json!({ "contentId": id, "role": role, "content": text });
        self.push("textOutput", output);
        self.content_end(&id, "TEXT", stop);
    }

    /// Opens an audio block and gives its content id.
    pub(super) fn audio_start(&mut self) -> String {
        let id = self.id();
        let start = json!({
            "contentId": id,
            "type": "AUDIO",
            "role": "ASSISTANT",
            "audioOutputConfiguration": {
                "mediaType": "audio/lpcm",
                "sampleRateHertz": self.output_rate,
                "sampleSizeBits": 16,
                "encoding": "base64",
                "channelCount": 1,
            },
        });
        self.push("contentStart", start);
        id
    }

    pub(super) fn audio(&mut self, id: &str, pcm: &[u8]) {
        let content = STANDARD.encode(pcm);
        let output = json!({ "contentId": id, "role": "ASSISTANT", "content": content });
        self.push("audioOutput", output);
    }

    pub(super) fn audio_end(&mut self, id: &str, stop: Stop) {
        self.content_end(id, "AUDIO", stop);
    }

    /// A whole tool block. Its result is asked for.
    pub(super) fn tool_use(&mut self, name: &str, tool_use_id: &str, input: &Value) {
        let id = self.id();
        let start = json!({
            "contentId": id,
            "type": "TOOL",
            "role": "TOOL",
            "toolUseOutputConfiguration": { "mediaType": "application/json" },
        });
        self.push("contentStart", start);
        let call = json!({
            "contentId": id,
            "role": "TOOL",
            "toolName": name,
            "toolUseId": tool_use_id,
            "content": input.to_string(),
        });
        self.push("toolUse", call);
        self.content_end(&id, "TOOL", Stop::ToolUse);
        self.asked.push(tool_use_id.to_owned());
    }

    /// The ids of tool calls since the last call of this.
    pub(super) fn take_asked(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked)
    }

    pub(super) const fn count(&mut self, tokens: Tokens) {
        self.ledger.add(tokens);
    }

    /// A `usageEvent`, where there is something to report.
    pub(super) fn usage(&mut self) {
        if let Some(members) = self.ledger.next_event() {
            self.push("usageEvent", members);
        }
    }

    /// `completionEnd`, where a completion was started.
    pub(super) fn completion_end(&mut self) {
        if self.completion_id.is_some() {
            self.push(
                "completionEnd",
                json!({ "stopReason": Stop::EndTurn.name() }),
            );
        }
    }

    fn content_end(&mut self, id: &str, kind: &str, stop: Stop) {
        let end = json!({ "contentId": id, "stopReason": stop.name(), "type": kind });
        self.push("contentEnd", end);
    }

    /// An event of any name, with the members that all events have.
    pub(super) fn push(&mut self, name: &str, members: Value) {
        let mut body = Map::new();
        body.insert("sessionId".to_owned(), self.session_id.clone().into());
        body.insert("promptName".to_owned(), self.prompt_name.clone().into());
        if let Some(id) = &self.completion_id {
            body.insert("completionId".to_owned(), id.clone().into());
        }
        if let Value::Object(members) = members {
            body.extend(members);
        }
        self.events.push(json!({ "event": { name: body } }));
    }
}
