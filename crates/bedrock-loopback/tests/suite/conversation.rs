//! Whole conversations with the echo.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_loopback::{Builder, ResponseHead};
use serde_json::Value;

use crate::client::{Call, Client, Got, builder};
use crate::events::{audio_input, closing, opening, silence, speech, text};

/// Sends audio at real-time pace, 32 ms an event.
async fn speak(call: &mut Call, samples: &[i16], rate: u32) {
    for chunk in samples.chunks((rate * 32 / 1000) as usize) {
        call.send(&audio_input(chunk)).await;
        tokio::time::sleep(Duration::from_millis(32)).await;
    }
}

async fn send_all(call: &mut Call, events: impl IntoIterator<Item = Value>) {
    for event in events {
        call.send(&event).await;
    }
}

/// A spoken turn of one second, closed in order once the reply is over.
async fn one_turn(builder: Builder, input_rate: u32, output_rate: u32) -> Vec<Got> {
    let server = builder.build().unwrap();
    let mut call = Client::connect(&server).await.open().await;
    send_all(&mut call, opening(input_rate, output_rate)).await;
    speak(&mut call, &speech(1000, input_rate), input_rate).await;
    speak(&mut call, &silence(4000, input_rate), input_rate).await;
    send_all(&mut call, closing()).await;
    call.end().await;
    let got = call.rest().await;
    assert_eq!(call.status, 200);
    got
}

/// Events in short: names, with type and role or stop reason; audio counted together.
fn outline(got: &[Got]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for got in got {
        let line = match got {
            Got::Exception(kind, message) => format!("{kind}: {message}"),
            Got::Event(name, members) => {
                let stage = members["additionalModelFields"]
                    .as_str()
                    .unwrap_or_default();
                let words = [&members["type"], &members["role"], &members["stopReason"]];
                let words = words.map(|word| word.as_str().unwrap_or_default());
                let line = [name.as_str(), words[0], words[1], words[2], stage].join(" ");
                line.split_whitespace().collect::<Vec<_>>().join(" ")
            }
        };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines
}

fn audio_of(got: &[Got]) -> Vec<i16> {
    let mut pcm = Vec::new();
    for got in got {
        if let Got::Event(name, members) = got
            && name == "audioOutput"
        {
            pcm.extend(
                STANDARD
                    .decode(members["content"].as_str().unwrap())
                    .unwrap(),
            );
        }
    }
    pcm.chunks(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

fn texts(got: &[Got]) -> Vec<&str> {
    got.iter()
        .filter_map(|got| match got {
            Got::Event(name, members) if name == "textOutput" => members["content"].as_str(),
            _ => None,
        })
        .collect()
}

const VOICE_TURN: [&str; 20] = [
    "userSpeechStart",
    "completionStart",
    "userSpeechEnd",
    r#"contentStart TEXT USER {"generationStage":"FINAL"}"#,
    "textOutput USER",
    "contentEnd TEXT PARTIAL_TURN",
    "usageEvent",
    r#"contentStart TEXT ASSISTANT {"generationStage":"SPECULATIVE"}"#,
    "textOutput ASSISTANT",
    "contentEnd TEXT PARTIAL_TURN",
    "contentStart AUDIO ASSISTANT",
    "audioOutput ASSISTANT",
    "contentEnd AUDIO END_TURN",
    "usageEvent",
    r#"contentStart TEXT ASSISTANT {"generationStage":"FINAL"}"#,
    "textOutput ASSISTANT",
    "contentEnd TEXT END_TURN",
    "usageEvent",
    "completionEnd END_TURN",
    "",
];

#[tokio::test(start_paused = true)]
async fn a_voice_turn_in_the_recorded_order() {
    let got = one_turn(builder(), 16_000, 24_000).await;
    assert_eq!(outline(&got), VOICE_TURN[..19]);
    assert_eq!(
        texts(&got),
        [
            "(1.0 seconds of speech, words not recognised)",
            "I heard 1.0 seconds of speech and echo it.",
            "I heard 1.0 seconds of speech and echo it.",
        ]
    );
    let Got::Event(_, start) = &got[0] else {
        panic!()
    };
    assert_eq!(start["inputAudioOffsetMs"], 0);
    assert!(start.get("completionId").is_none());
}

#[tokio::test(start_paused = true)]
async fn speech_comes_back_at_the_rate_that_was_asked_for() {
    for (input, output) in [(16_000, 16_000), (8_000, 24_000), (24_000, 8_000)] {
        let echo = audio_of(&one_turn(builder(), input, output).await);
        // A second of speech and the margin of 100 ms behind it.
        assert_eq!(echo.len() as u32, output * 11 / 10, "{input} to {output}");
        let loud = echo
            .iter()
            .filter(|sample| sample.unsigned_abs() > 1000)
            .count();
        assert!(
            loud as u32 > output * 8 / 10,
            "{input} to {output}: {loud} loud samples"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_worst_manners_change_nothing() {
    let rude = builder()
        .response_head(ResponseHead::AfterEvents(3))
        .data_frame_size(1)
        .stream_window(65_535)
        .connection_window(65_535);
    let got = one_turn(rude, 16_000, 24_000).await;
    assert_eq!(got, one_turn(builder(), 16_000, 24_000).await);
}

#[tokio::test(start_paused = true)]
async fn the_response_head_waits_for_the_first_event() {
    let server = builder().build().unwrap();
    let mut call = Client::connect(&server).await.open().await;
    let early = tokio::time::timeout(Duration::from_secs(30), call.head()).await;
    assert!(early.is_err());

    let mut call = Client::connect(&server).await.open().await;
    call.send(&crate::events::session_start()).await;
    let headers = call.head().await;
    assert_eq!(call.status, 200);
    assert_eq!(
        headers["content-type"],
        "application/vnd.amazon.eventstream"
    );
    assert_eq!(headers["date"], "Fri, 02 Jan 2026 03:04:35 GMT");
}

#[tokio::test(start_paused = true)]
async fn the_response_head_can_come_at_once_or_never() {
    let server = builder()
        .response_head(ResponseHead::AtOnce)
        .build()
        .unwrap();
    let mut call = Client::connect(&server).await.open().await;
    call.head().await;
    assert_eq!(call.status, 200);

    let server = builder()
        .response_head(ResponseHead::Never)
        .build()
        .unwrap();
    let mut call = Client::connect(&server).await.open().await;
    send_all(&mut call, opening(16_000, 16_000)).await;
    let never = tokio::time::timeout(Duration::from_secs(50), call.head()).await;
    assert!(never.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_user_speaks_over_the_reply() {
    let server = builder().speech_speed(1.0).build().unwrap();
    let mut call = Client::connect(&server).await.open().await;
    send_all(&mut call, opening(16_000, 16_000)).await;
    speak(&mut call, &speech(3000, 16_000), 16_000).await;
    speak(&mut call, &silence(2000, 16_000), 16_000).await;
    speak(&mut call, &speech(500, 16_000), 16_000).await;
    speak(&mut call, &silence(4000, 16_000), 16_000).await;
    send_all(&mut call, closing()).await;
    call.end().await;
    let got = call.rest().await;
    let lines = outline(&got);
    let starts: Vec<_> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| *line == "userSpeechStart")
        .collect();
    let (second, _) = starts[1];
    assert_eq!(
        lines[second + 1..second + 5],
        [
            "contentEnd AUDIO END_TURN",
            r#"contentStart TEXT ASSISTANT {"generationStage":"FINAL"}"#,
            "textOutput ASSISTANT",
            "contentEnd TEXT INTERRUPTED",
        ]
    );
    let echoed = audio_of(&got).len();
    assert!(
        echoed < 16_000 * 2,
        "the first reply was cut: {echoed} samples"
    );
    assert_eq!(texts(&got)[2], "{ \"interrupted\" : true }");
}

#[tokio::test(start_paused = true)]
async fn written_text_is_answered_once_audio_flows() {
    let server = builder().build().unwrap();
    let mut call = Client::connect(&server).await.open().await;
    send_all(&mut call, opening(16_000, 16_000)).await;
    send_all(&mut call, text("turn-1", "USER", true, "Hello?")).await;
    speak(&mut call, &silence(1000, 16_000), 16_000).await;
    send_all(&mut call, closing()).await;
    call.end().await;
    let got = call.rest().await;
    let says = "I read a text of 6 characters and answer with a tone.";
    assert_eq!(texts(&got), [says, says]);
    assert_eq!(audio_of(&got).len(), 9600);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_told_so() {
    let server = builder().credentials("AKIDOTHER", "other").build().unwrap();
    let mut call = Client::connect(&server).await.open().await;
    let (status, name, message) = call.http_error().await;
    assert_eq!(
        (status, name.as_str()),
        (403, "UnrecognizedClientException")
    );
    assert!(message.contains("access key id: expected AKIDOTHER, received AKIDEXAMPLE"));
}
