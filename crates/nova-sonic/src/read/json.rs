//! One chunk's JSON to typed events.

use bedrock_wire::{NotPlain, PlainMembers};
use serde_json::{Map, Value, json};

use crate::read::error::ReadError;
use crate::read::event::{
    AudioOutput, CompletionEnd, CompletionStart, ContentEnd, ContentStart, EventIds, Role,
    ServerEvent, Stage, TextOutput, ToolUse, Unknown, UserSpeechEnd, UserSpeechStart,
};
use crate::read::fields::Fields;
use crate::read::repeats::{Interner, Repeats};
use crate::read::usage::UsageEvent;

/// Reads the JSON of one chunk. As a rule it is one event; each further member makes a further event.
pub(super) fn read_json(
    json: &[u8],
    repeats: &mut Repeats,
    sink: &mut impl FnMut(ServerEvent),
) -> Result<(), ReadError> {
    let alike = repeats.speech.read(json).ok_or(NotPlain);
    if let Ok(audio) = alike.or_else(|NotPlain| plain_audio(json, repeats)) {
        sink(ServerEvent::AudioOutput(audio));
        return Ok(());
    }
    let root: Value =
        serde_json::from_slice(json).map_err(|error| ReadError::Json { at: error.column() })?;
    let unknown = |name: &str, json: Value| {
        ServerEvent::Unknown(Unknown {
            name: name.to_owned(),
            json,
        })
    };
    let members = match root {
        Value::Object(members) if !members.is_empty() => members,
        other => {
            sink(unknown("", other));
            return Ok(());
        }
    };
    for (key, value) in members {
        match value {
            Value::Object(events) if key == "event" && !events.is_empty() => {
                for (name, body) in events {
                    sink(match body {
                        body if name.is_empty() => unknown("", json!({"event": {"": body}})),
                        Value::Object(members) => typed(&name, members, &mut repeats.texts)?,
                        body => unknown(&name, body),
                    });
                }
            }
            value => sink(unknown("", json!({ key: value }))),
        }
    }
    Ok(())
}

fn typed(
    name: &str,
    members: Map<String, Value>,
    interner: &mut Interner,
) -> Result<ServerEvent, ReadError> {
    if !KNOWN.contains(&name) {
        return Ok(ServerEvent::Unknown(Unknown {
            name: name.to_owned(),
            json: Value::Object(members),
        }));
    }
    let mut fields = Fields::new(members, interner);
    let ids = fields.ids();
    Ok(match name {
        "completionStart" => ServerEvent::CompletionStart(CompletionStart {
            ids,
            extra: fields.rest(),
        }),
        "userSpeechStart" => ServerEvent::UserSpeechStart(UserSpeechStart {
            ids,
            input_audio_offset_ms: fields.number("inputAudioOffsetMs"),
            extra: fields.rest(),
        }),
        "userSpeechEnd" => ServerEvent::UserSpeechEnd(UserSpeechEnd {
            ids,
            input_audio_offset_ms: fields.number("inputAudioOffsetMs"),
            input_audio_detection_offset_ms: fields.number("inputAudioDetectionOffsetMs"),
            extra: fields.rest(),
        }),
        "contentStart" => ServerEvent::ContentStart(content_start(ids, fields)),
        "textOutput" => ServerEvent::TextOutput(TextOutput {
            ids,
            content_id: fields.id("contentId"),
            role: fields.text("role").unwrap_or_default().as_str().into(),
            content: fields.text("content").unwrap_or_default(),
            extra: fields.rest(),
        }),
        "audioOutput" => {
            let content = fields.text("content").unwrap_or_default();
            ServerEvent::AudioOutput(AudioOutput {
                ids,
                content_id: fields.id("contentId"),
                role: fields.text("role").unwrap_or_default().as_str().into(),
                pcm: decode_audio(&content)?.into(),
                extra: fields.rest(),
            })
        }
        "toolUse" => ServerEvent::ToolUse(tool_use(ids, fields)),
        "contentEnd" => ServerEvent::ContentEnd(ContentEnd {
            ids,
            content_id: fields.id("contentId"),
            kind: fields.text("type").map(|kind| kind.as_str().into()),
            stop_reason: fields
                .text("stopReason")
                .map(|reason| reason.as_str().into()),
            extra: fields.rest(),
        }),
        "usageEvent" => ServerEvent::Usage(UsageEvent {
            ids,
            delta: fields.usage("delta"),
            total: fields.usage("total"),
            total_input_tokens: fields.number("totalInputTokens"),
            total_output_tokens: fields.number("totalOutputTokens"),
            total_tokens: fields.number("totalTokens"),
            extra: fields.rest(),
        }),
        _ => ServerEvent::CompletionEnd(CompletionEnd {
            ids,
            stop_reason: fields
                .text("stopReason")
                .map(|reason| reason.as_str().into()),
            extra: fields.rest(),
        }),
    })
}

const KNOWN: [&str; 10] = [
    "completionStart",
    "userSpeechStart",
    "userSpeechEnd",
    "contentStart",
    "textOutput",
    "audioOutput",
    "toolUse",
    "contentEnd",
    "usageEvent",
    "completionEnd",
];

fn content_start(ids: EventIds, mut fields: Fields<'_>) -> ContentStart {
    // `additionalModelFields` is JSON text within JSON; an object in its place is understood too. It stays in `extra`.
    let additional = match fields.peek("additionalModelFields") {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        Some(other) => other.clone(),
        None => Value::Null,
    };
    let stage = additional.get("generationStage").and_then(Value::as_str);
    let rate = fields
        .peek("audioOutputConfiguration")
        .and_then(|audio| audio.get("sampleRateHertz"))
        .and_then(Value::as_u64);
    ContentStart {
        ids,
        content_id: fields.id("contentId"),
        kind: fields.text("type").unwrap_or_default().as_str().into(),
        role: fields.text("role").unwrap_or_default().as_str().into(),
        stage: stage.map(Stage::from),
        sample_rate_hz: rate.and_then(|hz| u32::try_from(hz).ok()),
        extra: fields.rest(),
    }
}

fn tool_use(ids: EventIds, mut fields: Fields<'_>) -> ToolUse {
    let given = fields.value("content").or_else(|| fields.value("input"));
    let raw_arguments = match given {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    ToolUse {
        ids,
        content_id: fields.id("contentId"),
        tool_use_id: fields.id("toolUseId"),
        tool_name: fields.text("toolName").unwrap_or_default(),
        arguments: arguments(&raw_arguments),
        raw_arguments,
        extra: fields.rest(),
    }
}

/// The arguments of a tool use. No text is no arguments; a string that holds an object is that object (the service
/// sometimes encodes twice); what is no JSON stays a string.
fn arguments(raw: &str) -> Value {
    if raw.trim().is_empty() {
        return Value::Object(Map::new());
    }
    match serde_json::from_str(raw) {
        Ok(Value::String(inner)) => match serde_json::from_str(&inner) {
            Ok(object @ Value::Object(_)) => object,
            _ => Value::String(inner),
        },
        Ok(value) => value,
        Err(_) => Value::String(raw.to_owned()),
    }
}

fn decode_audio(base64: &str) -> Result<Vec<u8>, ReadError> {
    base64_simd::STANDARD
        .decode_to_vec(base64)
        .map_err(|_| ReadError::Audio { len: base64.len() })
}

/// An `audioOutput` with just the members that are known, straight into PCM. All else takes the slow way, which also says
/// what is wrong with it.
fn plain_audio(json: &[u8], repeats: &mut Repeats) -> Result<AudioOutput, NotPlain> {
    let mut members = PlainMembers::behind(&["event", "audioOutput"], json)?;
    let (mut ids, mut content_id, mut role, mut content) = (EventIds::default(), None, None, None);
    while let Some((name, value)) = members.next()? {
        let mut text = || value.text().map(|text| repeats.texts.get(text));
        let twice = match name.as_bytes() {
            b"sessionId" => ids.session_id.replace(text()?).is_some(),
            b"promptName" => ids.prompt_name.replace(text()?).is_some(),
            b"completionId" => ids.completion_id.replace(text()?).is_some(),
            b"contentId" => content_id.replace(text()?).is_some(),
            b"role" => role.replace(Role::from(value.text()?)).is_some(),
            b"content" => content.replace(value).is_some(),
            _ => true,
        };
        if twice {
            return Err(NotPlain);
        }
    }
    members.finish(2)?;
    let content = content.ok_or(NotPlain)?;
    let audio = AudioOutput {
        ids,
        content_id: content_id.ok_or(NotPlain)?,
        role: role.ok_or(NotPlain)?,
        pcm: content.decode()?.into(),
        extra: Map::new(),
    };
    repeats.speech.learn(json, content.as_bytes(), &audio);
    Ok(audio)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(json: &Value) -> Vec<ServerEvent> {
        let mut events = Vec::new();
        read_json(
            json.to_string().as_bytes(),
            &mut Repeats::default(),
            &mut |event| {
                events.push(event);
            },
        )
        .unwrap();
        events
    }

    fn event(name: &str, body: &Value) -> ServerEvent {
        let mut all = events(&json!({"event": {name: body}}));
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn every_known_event_may_be_empty() {
        for name in KNOWN {
            assert_eq!(event(name, &json!({})).name(), name);
        }
    }

    #[test]
    fn members_that_are_not_known_are_kept() {
        let ServerEvent::TextOutput(text) = event(
            "textOutput",
            &json!({"content": "a", "role": "NARRATOR", "confidence": 0.5, "promptName": 7}),
        ) else {
            panic!("another event");
        };
        assert_eq!(text.role, Role::Other("NARRATOR".into()));
        assert_eq!(text.extra["confidence"], 0.5);
        assert_eq!(text.extra["promptName"], 7, "of an unexpected type: kept");
    }

    #[test]
    fn both_ways_of_reading_audio_agree() {
        let body =
            json!({"contentId": "c", "role": "ASSISTANT", "content": "AQIDBA==", "sessionId": "s"});
        let fast = event("audioOutput", &body);
        let mut longer = body;
        longer["later"] = json!(1);
        let ServerEvent::AudioOutput(mut slow) = event("audioOutput", &longer) else {
            panic!("another event");
        };
        assert_eq!(slow.extra.remove("later"), Some(json!(1)));
        assert_eq!(slow.pcm, [1, 2, 3, 4][..]);
        assert_eq!(fast, ServerEvent::AudioOutput(slow));
    }

    #[test]
    fn audio_that_is_not_plain_is_read_all_the_same() {
        for (members, pcm) in [
            (
                r#""content":"AQI=","contentId":"c","role":"USER""#,
                &[1, 2][..],
            ),
            (
                r#""content":"AQ\u0049=","contentId":"c","role":"USER""#,
                &[1, 2],
            ),
            (
                r#""content":"AQI=","contentId":"c","promptName":null"#,
                &[1, 2],
            ),
            (r#""content":"AQI=","contentId":"\"c\"" "#, &[1, 2]),
            (
                r#""content":"","content":"AQI=","contentId":"c","role":"USER""#,
                &[1, 2],
            ),
            ("", &[]),
        ] {
            let json = format!(r#"{{"event":{{"audioOutput":{{{members}}}}}}}"#);
            let parsed: Value = serde_json::from_str(&json).unwrap();
            let mut all = Vec::new();
            let sink = &mut |event| all.push(event);
            read_json(json.as_bytes(), &mut Repeats::default(), sink).unwrap();
            let [ServerEvent::AudioOutput(audio)] = &all[..] else {
                panic!("another event: {json}");
            };
            assert_eq!(audio.pcm, pcm, "{json}");
            let id = parsed["event"]["audioOutput"]["contentId"].as_str();
            assert_eq!(&*audio.content_id, id.unwrap_or_default(), "{json}");
        }
        let bad = br#"{"event":{"audioOutput":{"content":"A","contentId":"c","role":"USER"}}}"#;
        let error = read_json(bad, &mut Repeats::default(), &mut |_| {}).unwrap_err();
        assert!(matches!(error, ReadError::Audio { len: 1 }));
    }

    #[test]
    fn arguments_are_peeled_once() {
        let cases = [
            (r#"{"city":"Lisbon"}"#, json!({"city": "Lisbon"})),
            (r#""{\"city\":\"Lisbon\"}""#, json!({"city": "Lisbon"})),
            (r#""just text""#, json!("just text")),
            ("", json!({})),
            ("not json", json!("not json")),
            ("[1]", json!([1])),
        ];
        for (raw, expected) in cases {
            assert_eq!(arguments(raw), expected, "{raw}");
        }
        let ServerEvent::ToolUse(tool) = event(
            "toolUse",
            &json!({"toolName": "t", "toolUseId": "1", "input": {"a": 1}}),
        ) else {
            panic!("another event");
        };
        assert_eq!(tool.arguments, json!({"a": 1}));
    }

    #[test]
    fn the_stage_is_found_in_text_and_in_an_object() {
        for fields in [
            json!("{\"generationStage\":\"FINAL\"}"),
            json!({"generationStage": "FINAL"}),
        ] {
            let start = event("contentStart", &json!({"additionalModelFields": fields}));
            let ServerEvent::ContentStart(start) = start else {
                panic!("another event");
            };
            assert_eq!(start.stage, Some(Stage::Final));
        }
        for fields in [json!("{}"), json!("not json"), json!(7), Value::Null] {
            let start = event("contentStart", &json!({"additionalModelFields": fields}));
            assert!(matches!(
                start,
                ServerEvent::ContentStart(ContentStart { stage: None, .. })
            ));
        }
    }

    #[test]
    fn what_is_no_event_is_kept_too() {
        for json in [
            json!({}),
            json!([1]),
            json!("x"),
            json!(null),
            json!({"event": {}}),
            json!({"event": 1}),
            json!({"event": {"": {}}}),
            json!({"textOutput": {}}),
        ] {
            let all = events(&json);
            assert!(
                matches!(&all[..], [ServerEvent::Unknown(u)] if u.json == json),
                "{all:?}"
            );
        }
        let all = events(&json!({"event": {"newEvent": {"a": 1}, "odd": 1}, "meta": true}));
        let names: Vec<_> = all.iter().map(ServerEvent::name).collect();
        assert_eq!(names, ["newEvent", "odd", ""]);
    }
}
