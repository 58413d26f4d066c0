//! The writer: a whole session as it goes out, and a refusal for every rule.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use bedrock_wire::read_part;
use bytes::BytesMut;
use eventstream_codec::Decoder;
use nova_sonic::{
    Dialect, Endpointing, History, HistoryLimits, HistoryRole, Names, Refusal, SampleRate, Setup,
    ToolChoice, ToolResult, ToolSpec, Writer,
};
use serde_json::{Value, json};

/// The events in a buffer of frames, as name and body.
fn events(frames: &BytesMut) -> Vec<(String, Value)> {
    let mut decoder = Decoder::new();
    decoder.feed(frames.clone().freeze());
    let mut events = Vec::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        let json: Value = serde_json::from_slice(&read_part(frame.payload()).unwrap()).unwrap();
        let (name, body) = json["event"].as_object().unwrap().iter().next().unwrap();
        events.push((name.clone(), body.clone()));
    }
    decoder.finish().unwrap();
    events
}

/// Each event as one short line: name, and what tells blocks apart.
fn outline(frames: &BytesMut) -> Vec<String> {
    let line = |(name, body): (String, Value)| {
        let role = body["role"].as_str().unwrap_or_default();
        let content = body["content"].as_str().unwrap_or_default();
        let content = content.get(..20).unwrap_or(content);
        match name.as_str() {
            "contentStart" => {
                let kind = body["type"].as_str().unwrap();
                let interactive = body["interactive"].as_bool().unwrap();
                format!("contentStart {kind} {role} {interactive}")
            }
            "textInput" | "toolResult" => format!("{name} {content}"),
            _ => name,
        }
    };
    events(frames).into_iter().map(line).collect()
}

fn writer() -> Writer {
    Writer::new(Dialect::V2, Names::new([7; 16]))
}

fn opened() -> Writer {
    let mut writer = writer();
    writer
        .open(&Setup::default(), &mut BytesMut::new())
        .unwrap();
    writer
}

fn talking() -> Writer {
    let mut writer = opened();
    writer
        .open_audio(SampleRate::Hz16000, &mut BytesMut::new())
        .unwrap();
    writer
}

#[test]
fn a_whole_session_goes_out_in_order() {
    let mut out = BytesMut::new();
    let mut writer = writer();
    let said = [(HistoryRole::User, "hi"), (HistoryRole::Assistant, "hello")];
    let (history, _) = History::normalize(said, &HistoryLimits::default());
    let setup = Setup {
        system: "Be brief.".into(),
        system_speech: Some("script".into()),
        ..Setup::default()
    };
    writer.open(&setup, &mut out).unwrap();
    writer.history(&history, &mut out).unwrap();
    writer.open_audio(SampleRate::Hz16000, &mut out).unwrap();
    writer.audio(&[1, 0, 2, 0], &mut out).unwrap();
    writer.text("Tell a joke", &mut out).unwrap();
    writer.context("it is late", &mut out).unwrap();
    writer.tool_called("t1");
    writer
        .tool_result("t1", &ToolResult::text("sunny"), &mut out)
        .unwrap();
    writer.silence(32, &mut out).unwrap();
    writer.close(&mut out).unwrap();
    assert_eq!(
        outline(&out),
        [
            "sessionStart",
            "promptStart",
            "contentStart TEXT SYSTEM false",
            "textInput Be brief.",
            "contentEnd",
            "contentStart TEXT SYSTEM_SPEECH false",
            "textInput script",
            "contentEnd",
            "contentStart TEXT USER false",
            "textInput hi",
            "contentEnd",
            "contentStart TEXT ASSISTANT false",
            "textInput hello",
            "contentEnd",
            "contentStart AUDIO USER true",
            "audioInput",
            "audioInput",
            "contentStart TEXT USER true",
            "textInput Tell a joke",
            "contentEnd",
            "contentStart TEXT USER false",
            "textInput it is late",
            "contentEnd",
            "contentStart TOOL TOOL false",
            "toolResult {\"result\":\"sunny\"}",
            "contentEnd",
            "audioInput",
            "contentEnd",
            "promptEnd",
            "sessionEnd",
        ]
    );
    let events = events(&out);
    let priming = events[15].1["content"].as_str().unwrap();
    assert_eq!(
        priming.len(),
        (3200_usize).div_ceil(3) * 4,
        "100 ms of silence"
    );
    assert_eq!(events[16].1["content"], "AQACAA==");
    assert!(writer.is_closed());
}

#[test]
fn the_opening_is_as_documented() {
    let schema = json!({"type": "object", "properties": {}});
    let mut setup = Setup::default();
    setup.session.endpointing = Some(Endpointing::High);
    setup.prompt.tools = vec![ToolSpec::new("now", "The time", schema.clone()).unwrap()];
    setup.prompt.tool_choice = ToolChoice::Tool("now".into());
    let mut out = BytesMut::new();
    writer().open(&setup, &mut out).unwrap();
    let events = events(&out);
    assert_eq!(
        events[0].1,
        json!({
            "inferenceConfiguration": {"maxTokens": 1024, "topP": 0.9, "temperature": 0.7},
            "turnDetectionConfiguration": {"endpointingSensitivity": "HIGH"},
        })
    );
    let prompt = events[1].1["promptName"].clone();
    assert_eq!(
        events[1].1,
        json!({
            "promptName": prompt,
            "textOutputConfiguration": {"mediaType": "text/plain"},
            "audioOutputConfiguration": {
                "mediaType": "audio/lpcm", "sampleRateHertz": 24000, "sampleSizeBits": 16,
                "channelCount": 1, "audioType": "SPEECH", "encoding": "base64", "voiceId": "matthew",
            },
            "toolUseOutputConfiguration": {"mediaType": "application/json"},
            "toolConfiguration": {
                "tools": [{"toolSpec": {
                    "name": "now", "description": "The time",
                    "inputSchema": {"json": schema.to_string()},
                }}],
                "toolChoice": {"tool": {"name": "now"}},
            },
        })
    );
    assert_eq!(
        events[2].1,
        json!({
            "promptName": prompt, "contentName": events[2].1["contentName"], "type": "TEXT",
            "interactive": false, "role": "SYSTEM",
            "textInputConfiguration": {"mediaType": "text/plain"},
        })
    );
}

#[test]
fn audio_and_tool_blocks_are_as_documented() {
    let mut out = BytesMut::new();
    let mut writer = opened();
    writer.open_audio(SampleRate::Hz8000, &mut out).unwrap();
    writer.tool_called("id-1");
    writer
        .tool_result("id-1", &ToolResult::error("no"), &mut out)
        .unwrap();
    let events = events(&out);
    assert_eq!(
        events[0].1["audioInputConfiguration"],
        json!({
            "mediaType": "audio/lpcm", "sampleRateHertz": 8000, "sampleSizeBits": 16,
            "channelCount": 1, "audioType": "SPEECH", "encoding": "base64",
        })
    );
    assert_eq!(
        events[2].1["toolResultInputConfiguration"],
        json!({
            "toolUseId": "id-1", "type": "TEXT",
            "textInputConfiguration": {"mediaType": "text/plain"},
        })
    );
    assert_eq!(events[3].1["content"], r#"{"error":"no"}"#);
}

#[test]
fn long_texts_are_split_within_one_block() {
    let mut out = BytesMut::new();
    let system = "ä".repeat(1200);
    let setup = Setup {
        system: system.clone(),
        ..Setup::default()
    };
    writer().open(&setup, &mut out).unwrap();
    let texts: Vec<_> = events(&out)
        .into_iter()
        .filter(|(name, _)| name == "textInput")
        .map(|(_, body)| body["content"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        texts.iter().map(String::len).collect::<Vec<_>>(),
        [1024, 1024, 352]
    );
    assert_eq!(texts.concat(), system);
}

#[test]
fn closing_ends_what_is_open_and_only_once() {
    let mut out = BytesMut::new();
    writer().close(&mut out).unwrap();
    assert!(out.is_empty(), "a session that was never opened");

    let mut writer = opened();
    writer.close(&mut out).unwrap();
    let early = [
        "contentStart AUDIO USER true",
        "audioInput",
        "contentEnd",
        "promptEnd",
        "sessionEnd",
    ];
    assert_eq!(
        outline(&out),
        early,
        "a prompt must have audio before it is ended"
    );
    out.clear();
    writer.close(&mut out).unwrap();
    assert!(out.is_empty());
    assert_eq!(writer.audio(&[0, 0], &mut out), Err(Refusal::SessionClosed));
    assert_eq!(writer.text("x", &mut out), Err(Refusal::SessionClosed));
}

/// Does it, and holds that nothing was written and the session still works.
fn refused(
    mut writer: Writer,
    operation: impl Fn(&mut Writer, &mut BytesMut) -> Result<(), Refusal>,
) -> Refusal {
    let mut out = BytesMut::from(&b"kept"[..]);
    let refusal = operation(&mut writer, &mut out).unwrap_err();
    assert_eq!(&out[..], b"kept", "{refusal}");
    assert_eq!(
        operation(&mut writer, &mut out),
        Err(refusal.clone()),
        "state has not moved"
    );
    assert!(refusal.to_string().starts_with("refused: "));
    refusal
}

#[test]
fn typed_operations_out_of_order_are_refused() {
    let rate = SampleRate::Hz16000;
    let (history, _) = History::normalize([(HistoryRole::User, "hi")], &HistoryLimits::default());
    assert_eq!(
        refused(writer(), |w, out| w.open_audio(rate, out)),
        Refusal::SessionNotStarted
    );
    assert_eq!(
        refused(writer(), |w, out| w.audio(&[0, 0], out)),
        Refusal::AudioNotOpen
    );
    assert_eq!(
        refused(opened(), |w, out| w.audio(&[0, 0], out)),
        Refusal::AudioNotOpen
    );
    assert_eq!(
        refused(opened(), |w, out| w.open(&Setup::default(), out)),
        Refusal::SessionStartedTwice
    );
    assert_eq!(
        refused(opened(), |w, out| w.text("x", out)),
        Refusal::TextBeforeAudio
    );
    assert_eq!(
        refused(opened(), |w, out| w.context("x", out)),
        Refusal::TextBeforeAudio
    );
    assert_eq!(
        refused(talking(), |w, out| w.open_audio(rate, out)),
        Refusal::AudioOpenedTwice
    );
    assert_eq!(
        refused(talking(), |w, out| w.history(&history, out)),
        Refusal::HistoryAfterAudio
    );
    let mut twice = opened();
    twice.history(&history, &mut BytesMut::new()).unwrap();
    assert_eq!(
        refused(twice, |w, out| w.history(&history, out)),
        Refusal::HistoryTwice
    );
    assert_eq!(
        refused(talking(), |w, out| w.audio(&[0], out)),
        Refusal::HalfSample { len: 1 }
    );
    let long = vec![0; 800_000];
    assert_eq!(
        refused(talking(), |w, out| w.audio(&long, out)),
        Refusal::EventTooLong { len: 800_000 }
    );
    let result = ToolResult::text("x");
    assert_eq!(
        refused(talking(), |w, out| w.tool_result("t", &result, out)),
        Refusal::ToolUseUnknown
    );
    let mut answered = talking();
    answered.tool_called("t");
    answered
        .tool_result("t", &result, &mut BytesMut::new())
        .unwrap();
    answered.tool_called("t");
    assert_eq!(
        refused(answered, |w, out| w.tool_result("t", &result, out)),
        Refusal::ToolResultTwice
    );
    let mut huge = talking();
    huge.tool_called("t");
    let result = ToolResult::text(&"x".repeat(1_000_000));
    assert!(matches!(
        refused(huge, |w, out| w.tool_result("t", &result, out)),
        Refusal::EventTooLong { .. }
    ));
}

#[test]
fn settings_that_would_end_the_session_are_refused() {
    let refuse = |change: &dyn Fn(&mut Setup)| {
        let mut setup = Setup::default();
        change(&mut setup);
        refused(writer(), |w, out| w.open(&setup, out))
    };
    let range = |setting| Refusal::InferenceOutOfRange { setting };
    assert_eq!(
        refuse(&|s| s.session.inference.max_tokens = 0),
        range("maxTokens")
    );
    assert_eq!(refuse(&|s| s.session.inference.top_p = 1.5), range("topP"));
    assert_eq!(
        refuse(&|s| s.session.inference.temperature = f32::NAN),
        range("temperature")
    );
    let tool = ToolSpec::new("a", "", Value::Null).unwrap();
    let tools = |name: &str| Refusal::Tools { name: name.into() };
    assert_eq!(
        refuse(&|s| s.prompt.tools = vec![tool.clone(), tool.clone()]),
        tools("a")
    );
    assert_eq!(
        refuse(&|s| s.prompt.tool_choice = ToolChoice::Tool("b".into())),
        tools("b")
    );
}

#[test]
fn the_first_generation_lacks_some_things() {
    let v1 = || Writer::new(Dialect::V1, Names::new([1; 16]));
    let mut setup = Setup::default();
    setup.session.endpointing = Some(Endpointing::Low);
    let refusal = refused(v1(), |w, out| w.open(&setup, out));
    assert!(matches!(refusal, Refusal::NotInV1 { .. }), "{refusal}");
    let speech = Setup {
        system_speech: Some("x".into()),
        ..Setup::default()
    };
    let refusal = refused(v1(), |w, out| w.open(&speech, out));
    assert!(matches!(refusal, Refusal::NotInV1 { .. }), "{refusal}");
    let mut talking = v1();
    talking
        .open(&Setup::default(), &mut BytesMut::new())
        .unwrap();
    talking
        .open_audio(SampleRate::Hz16000, &mut BytesMut::new())
        .unwrap();
    let refusal = refused(talking, |w, out| w.text("x", out));
    assert!(matches!(refusal, Refusal::NotInV1 { .. }), "{refusal}");
}
