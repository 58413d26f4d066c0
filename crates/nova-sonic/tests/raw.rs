//! The raw face: the caller's own events, under the same rules.
#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::BytesMut;
use nova_sonic::{Dialect, Names, Refusal, Writer};
use serde_json::{Value, json};

/// A writer, and the prompt `p` in which all of it happens.
struct Raw {
    writer: Writer,
    out: BytesMut,
}

impl Raw {
    fn new() -> Self {
        Self {
            writer: Writer::new(Dialect::V2, Names::new([3; 16])),
            out: BytesMut::new(),
        }
    }

    /// A session and a prompt with its SYSTEM block.
    fn opened() -> Self {
        Self::new()
            .with("sessionStart", json!({}))
            .with("promptStart", json!({"promptName": "p"}))
            .with_text("sys", "SYSTEM", false)
    }

    /// The same with the audio block `a`, fed with 100 ms.
    fn talking() -> Self {
        Self::opened()
            .with("contentStart", audio("a", 16_000))
            .with("audioInput", pcm("a", 3200))
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "reads better at its many calls"
    )]
    fn with(mut self, name: &str, body: Value) -> Self {
        self.send(name, &body).unwrap();
        self
    }

    fn with_text(self, content: &str, role: &str, interactive: bool) -> Self {
        self.with("contentStart", text(content, role, interactive))
            .with("textInput", data(content, "x"))
            .with("contentEnd", named(content))
    }

    fn send(&mut self, name: &str, body: &Value) -> Result<(), Refusal> {
        let event = json!({"event": {name: body}}).to_string();
        self.writer.raw(&event, &mut self.out)
    }

    /// The refusal of this event; holds that nothing was written and nothing changed.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "reads better at its many calls"
    )]
    fn refuses(mut self, name: &str, body: Value) -> Refusal {
        let had = self.out.clone();
        let refusal = self.send(name, &body).unwrap_err();
        assert_eq!(self.out, had, "{refusal}");
        assert_eq!(self.send(name, &body).unwrap_err(), refusal);
        refusal
    }
}

fn named(content: &str) -> Value {
    json!({"promptName": "p", "contentName": content})
}

fn data(content: &str, text: &str) -> Value {
    json!({"promptName": "p", "contentName": content, "content": text})
}

fn pcm(content: &str, bytes: usize) -> Value {
    data(
        content,
        &base64_simd::STANDARD.encode_to_string(vec![0; bytes]),
    )
}

fn text(content: &str, role: &str, interactive: bool) -> Value {
    json!({
        "promptName": "p", "contentName": content, "type": "TEXT", "role": role,
        "interactive": interactive, "textInputConfiguration": {"mediaType": "text/plain"},
    })
}

fn audio(content: &str, hz: u32) -> Value {
    json!({
        "promptName": "p", "contentName": content, "type": "AUDIO", "role": "USER",
        "interactive": true, "audioInputConfiguration": {"sampleRateHertz": hz},
    })
}

fn tool(content: &str, id: &str) -> Value {
    json!({
        "promptName": "p", "contentName": content, "type": "TOOL", "role": "TOOL",
        "interactive": false, "toolResultInputConfiguration": {"toolUseId": id},
    })
}

#[test]
fn a_whole_session_in_order_is_taken() {
    let mut raw = Raw::opened()
        .with_text("speech", "SYSTEM_SPEECH", false)
        .with_text("h1", "USER", false)
        .with_text("h2", "ASSISTANT", false)
        .with("contentStart", audio("a", 8_000))
        .with("audioInput", pcm("a", 1600))
        .with_text("t", "USER", true)
        .with_text("c", "USER", false);
    raw.writer.tool_called("id");
    let raw = raw
        .with("contentStart", tool("r", "id"))
        .with("toolResult", data("r", "{}"))
        .with("contentEnd", named("r"))
        .with("contentEnd", named("a"))
        .with("promptEnd", json!({"promptName": "p"}))
        .with("sessionEnd", json!({}));
    assert!(raw.writer.is_closed());
    let refusal = raw.refuses("sessionStart", json!({}));
    assert_eq!(refusal, Refusal::SessionClosed);
}

#[test]
fn session_and_prompt() {
    let prompt = json!({"promptName": "p"});
    assert_eq!(
        Raw::new().refuses("promptStart", prompt.clone()),
        Refusal::SessionNotStarted
    );
    assert_eq!(
        Raw::opened().refuses("sessionStart", json!({})),
        Refusal::SessionStartedTwice
    );
    let other = json!({"promptName": "q"});
    assert_eq!(
        Raw::opened().refuses("promptStart", other.clone()),
        Refusal::PromptStartedTwice
    );
    assert_eq!(
        Raw::opened().refuses("promptEnd", other),
        Refusal::PromptNotOpen
    );
    assert_eq!(
        Raw::opened().refuses("promptEnd", prompt.clone()),
        Refusal::PromptWithoutAudio
    );
    assert_eq!(
        Raw::talking().refuses("promptEnd", prompt.clone()),
        Refusal::ContentsOpen
    );
    assert_eq!(
        Raw::talking().refuses("sessionEnd", json!({})),
        Refusal::PromptOpen
    );
    let ended = Raw::talking()
        .with("contentEnd", named("a"))
        .with("promptEnd", prompt.clone());
    assert_eq!(ended.refuses("promptStart", prompt), Refusal::NameReused);
    let flat = json!({"endpointingSensitivity": "HIGH"});
    assert!(matches!(
        Raw::new().refuses("sessionStart", flat),
        Refusal::FlatEndpointing
    ));
}

#[test]
fn text_blocks() {
    let without_system = || {
        Raw::new()
            .with("sessionStart", json!({}))
            .with("promptStart", json!({"promptName": "p"}))
    };
    let start = "contentStart";
    assert_eq!(
        without_system().refuses(start, text("t", "USER", false)),
        Refusal::SystemMissing
    );
    assert_eq!(
        without_system().refuses(start, audio("a", 16_000)),
        Refusal::SystemMissing
    );
    assert_eq!(
        Raw::opened().refuses(start, text("t", "SYSTEM", false)),
        Refusal::SystemTwice
    );
    assert_eq!(
        Raw::opened()
            .with_text("h", "USER", false)
            .refuses(start, text("t", "SYSTEM_SPEECH", false)),
        Refusal::SystemSpeechMisplaced
    );
    assert_eq!(
        Raw::opened().refuses(start, text("t", "ASSISTANT", false)),
        Refusal::HistoryStartsWithAssistant
    );
    assert_eq!(
        Raw::opened()
            .with_text("h", "USER", false)
            .refuses(start, text("t", "USER", false)),
        Refusal::HistoryNotAlternating
    );
    assert_eq!(
        Raw::talking().refuses(start, text("t", "ASSISTANT", false)),
        Refusal::HistoryAfterAudio
    );
    assert_eq!(
        Raw::opened().refuses(start, text("t", "ASSISTANT", true)),
        Refusal::HistoryInteractive
    );
    assert_eq!(
        Raw::opened().refuses(start, text("t", "USER", true)),
        Refusal::TextBeforeAudio
    );
    assert_eq!(
        Raw::talking().refuses(start, text("a", "USER", true)),
        Refusal::NameReused
    );
    assert_eq!(
        Raw::talking().refuses(start, text("", "USER", true)),
        Refusal::NameReused
    );
    assert_eq!(
        Raw::talking().refuses(start, text("t", "NARRATOR", true)),
        Refusal::NotAnEvent
    );
    let open = || Raw::talking().with(start, text("t", "USER", true));
    assert_eq!(
        open().refuses("audioInput", pcm("a", 2)),
        Refusal::AudioInsideBlock
    );
    assert_eq!(
        open().refuses(start, text("u", "USER", true)),
        Refusal::BlockInsideBlock
    );
    assert_eq!(
        open().refuses("contentEnd", named("t")),
        Refusal::ContentEmpty
    );
    assert_eq!(
        open().refuses("textInput", data("u", "x")),
        Refusal::ContentNotOpen
    );
    assert_eq!(
        open().refuses("toolResult", data("t", "{}")),
        Refusal::ContentNotOpen
    );
    let long = "x".repeat(1025);
    assert_eq!(
        open().refuses("textInput", data("t", &long)),
        Refusal::TextTooLong { len: 1025 }
    );
}

#[test]
fn the_audio_block() {
    let start = "contentStart";
    assert_eq!(
        Raw::opened().refuses(start, audio("a", 48_000)),
        Refusal::SampleRate { hz: 48_000 }
    );
    assert_eq!(
        Raw::opened().refuses("audioInput", pcm("a", 2)),
        Refusal::AudioNotOpen
    );
    assert_eq!(
        Raw::talking().refuses("audioInput", pcm("b", 2)),
        Refusal::ContentNotOpen
    );
    assert_eq!(
        Raw::talking().refuses("audioInput", pcm("a", 3)),
        Refusal::HalfSample { len: 3 }
    );
    assert_eq!(
        Raw::talking().refuses("audioInput", data("a", "?")),
        Refusal::NotAnEvent
    );
    assert_eq!(
        Raw::talking().refuses(start, audio("b", 16_000)),
        Refusal::AudioOpenedTwice
    );
    let closed = Raw::talking().with("contentEnd", named("a"));
    assert_eq!(
        closed.refuses(start, audio("b", 16_000)),
        Refusal::AudioOpenedTwice
    );
    let unfed = || Raw::opened().with(start, audio("a", 16_000));
    assert_eq!(
        unfed().refuses("contentEnd", named("a")),
        Refusal::AudioNotFed
    );
    let little = unfed().with("audioInput", pcm("a", 3198));
    assert_eq!(
        little.refuses(start, text("t", "USER", true)),
        Refusal::AudioNotFed
    );
}

#[test]
fn tool_results() {
    let start = "contentStart";
    assert_eq!(
        Raw::talking().refuses(start, tool("r", "id")),
        Refusal::ToolUseUnknown
    );
    let mut open = Raw::talking();
    open.writer.tool_called("id");
    let open = open.with(start, tool("r", "id"));
    assert_eq!(
        open.refuses("toolResult", data("r", "[1]")),
        Refusal::ToolResultNotObject
    );
    let mut early = Raw::opened();
    early.writer.tool_called("id");
    assert_eq!(early.refuses(start, tool("r", "id")), Refusal::AudioNotOpen);
    let mut answered = Raw::talking();
    answered.writer.tool_called("id");
    let answered = answered
        .with(start, tool("r", "id"))
        .with("toolResult", data("r", "{}"))
        .with("contentEnd", named("r"));
    assert_eq!(
        answered.refuses(start, tool("s", "id")),
        Refusal::ToolResultTwice
    );
}

#[test]
fn what_is_no_event() {
    let mut writer = Writer::new(Dialect::V2, Names::new([3; 16]));
    let mut out = BytesMut::new();
    for json in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"event":{}}"#,
        r#"{"event":{"a":{},"b":{}}}"#,
        r#"{"event":{"a":1}}"#,
    ] {
        assert_eq!(
            writer.raw(json, &mut out),
            Err(Refusal::NotAnEvent),
            "{json}"
        );
    }
    let end = Raw::talking().refuses("connectionEnd", json!({}));
    assert_eq!(
        end,
        Refusal::UnknownEvent {
            name: "connectionEnd".into()
        }
    );
    assert!(out.is_empty());
    writer.raw_unchecked("anything", &mut out).unwrap();
    assert!(!out.is_empty());
    let long = "x".repeat(1_000_001);
    assert!(matches!(
        writer.raw_unchecked(&long, &mut out),
        Err(Refusal::EventTooLong { len: 1_000_001 })
    ));
}

#[test]
fn raw_and_typed_operations_share_one_state() {
    let mut raw = Raw::talking();
    raw.writer.audio(&[0, 0], &mut raw.out).unwrap();
    raw.writer.text("typed", &mut raw.out).unwrap();
    let mut raw = raw.with("contentStart", text("t", "USER", true));
    let refusal = raw.writer.audio(&[0, 0], &mut raw.out);
    assert_eq!(refusal, Err(Refusal::AudioInsideBlock));
    raw.writer.close(&mut raw.out).unwrap();
    assert!(raw.writer.is_closed());
}
