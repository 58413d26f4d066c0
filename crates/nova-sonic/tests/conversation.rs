//! The conversation machine step by step: one leg, its timers, its end, and the hand-over to another.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, Instant};

use bedrock_wire::{Advice, ChunkWriter, Outcome, ServiceError};
use bytes::{Bytes, BytesMut};
use eventstream_codec::{Decoder, TransportEnd};
use nova_sonic::{
    Action, Conversation, ConversationConfig, ConversationEvent, Leg, LegFault, Refusal,
    RenewalReason, SessionEvent, ToolResult, Transmit,
};
use serde_json::{Value, json};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const FIRST: Leg = Leg::FIRST;
const SECOND_LEG: Leg = Leg(1);

/// A machine with its clock and all that it has sent.
struct Talk {
    machine: Conversation,
    now: Instant,
    actions: Vec<Action>,
    events: Vec<ConversationEvent>,
    sent: Vec<(Leg, Value)>,
    ended: Vec<Leg>,
}

impl Talk {
    fn new(change: impl FnOnce(&mut ConversationConfig)) -> Self {
        let mut config = ConversationConfig::default();
        change(&mut config);
        let now = start();
        let mut talk = Self {
            machine: Conversation::new(config, [7; 16], now).unwrap(),
            now,
            actions: Vec::new(),
            events: Vec::new(),
            sent: Vec::new(),
            ended: Vec::new(),
        };
        talk.settle();
        talk
    }

    /// A conversation whose first leg takes audio.
    fn live(change: impl FnOnce(&mut ConversationConfig)) -> Self {
        let mut talk = Self::new(change);
        talk.accept(FIRST);
        talk
    }

    fn settle(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            self.actions.push(action);
        }
        for leg in (0..8).map(Leg) {
            let mut wire = BytesMut::new();
            while let Some(transmit) = self.machine.poll_transmit(self.now, leg, 79, &mut wire) {
                if transmit == Transmit::End {
                    self.ended.push(leg);
                    continue;
                }
                let frame = wire.split().split_off(79);
                let mut decoder = Decoder::new();
                decoder.feed(frame.freeze());
                let frame = decoder.next_frame().unwrap().unwrap();
                let json = bedrock_wire::read_part(frame.payload()).unwrap();
                let event: Value = serde_json::from_slice(&json).unwrap();
                self.sent.push((leg, event["event"].clone()));
            }
        }
        while let Some(event) = self.machine.poll_event() {
            self.events.push(event);
        }
    }

    fn accept(&mut self, leg: Leg) {
        self.machine.leg_accepted(self.now, leg);
        self.settle();
    }

    /// Lets time pass, with a timeout at each deadline on the way.
    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.machine.next_deadline().filter(|at| *at <= until) {
            assert!(at > self.now, "a deadline in the past");
            self.now = at;
            self.machine.handle_timeout(at);
            self.settle();
        }
        self.now = until;
    }

    fn audio(&mut self, sample: i16, samples: usize) {
        let pcm: Bytes = sample.to_le_bytes().repeat(samples).into();
        self.machine.audio(self.now, pcm).unwrap();
        self.settle();
    }

    fn receive(&mut self, leg: Leg, name: &str, body: &Value) {
        let mut wire = BytesMut::new();
        let json = json!({"event": {name: body}}).to_string();
        ChunkWriter::new()
            .write(json.as_bytes(), &mut wire)
            .unwrap();
        let mut decoder = Decoder::new();
        decoder.feed(wire.freeze());
        let frame = decoder.next_frame().unwrap().unwrap();
        self.machine.leg_frame(self.now, leg, frame);
        self.settle();
    }

    /// The user's turn as the service hears it, from 1 s of the input on.
    fn user(&mut self, leg: Leg, text: &str) {
        self.receive(leg, "userSpeechStart", &json!({"inputAudioOffsetMs": 1000}));
        self.receive(leg, "userSpeechEnd", &json!({"inputAudioOffsetMs": 1500}));
        self.block(leg, "USER", "FINAL", text);
    }

    fn block(&mut self, leg: Leg, role: &str, stage: &str, text: &str) {
        let id = format!("{}", self.events.len());
        let fields = json!({"generationStage": stage}).to_string();
        let start =
            json!({"contentId": id, "type": "TEXT", "role": role, "additionalModelFields": fields});
        self.receive(leg, "contentStart", &start);
        let text = json!({"contentId": id, "role": role, "content": text});
        self.receive(leg, "textOutput", &text);
        let end = json!({"contentId": id, "type": "TEXT", "stopReason": "PARTIAL_TURN"});
        self.receive(leg, "contentEnd", &end);
    }

    fn answer(&mut self, leg: Leg, text: &str) {
        self.begin_answer(leg, text);
        let end = json!({"contentId": "a", "type": "AUDIO", "stopReason": "END_TURN"});
        self.receive(leg, "contentEnd", &end);
    }

    fn begin_answer(&mut self, leg: Leg, text: &str) {
        self.block(leg, "ASSISTANT", "SPECULATIVE", text);
        let start = json!({"contentId": "a", "type": "AUDIO", "role": "ASSISTANT"});
        self.receive(leg, "contentStart", &start);
        let audio = json!({"contentId": "a", "content": "AQIDBA=="});
        self.receive(leg, "audioOutput", &audio);
    }

    fn tool(&mut self, leg: Leg, id: &str) {
        let call =
            json!({"contentId": "t", "toolUseId": id, "toolName": "weather", "content": "{}"});
        self.receive(leg, "toolUse", &call);
    }

    /// The names of what a leg was sent.
    fn names(&self, leg: Leg) -> Vec<&str> {
        let of_leg = self.sent.iter().filter(|(to, _)| *to == leg);
        of_leg
            .map(|(_, event)| event.as_object().unwrap().keys().next().unwrap().as_str())
            .collect()
    }

    /// The texts that a leg was sent, interactive or not, the SYSTEM block's left out.
    fn texts(&self, leg: Leg) -> Vec<&str> {
        let of_leg = self.sent.iter().filter(|(to, _)| *to == leg);
        let texts = of_leg.filter_map(|(_, event)| event["textInput"]["content"].as_str());
        texts.skip(1).collect()
    }

    /// Samples of sound that a leg was sent.
    fn sound(&self, leg: Leg) -> Vec<i16> {
        let of_leg = self.sent.iter().filter(|(to, _)| *to == leg);
        let pcm = of_leg.filter_map(|(_, event)| event["audioInput"]["content"].as_str());
        let bytes = pcm.flat_map(|text| {
            base64_simd::STANDARD
                .decode_to_vec(text.as_bytes())
                .unwrap()
        });
        let bytes: Vec<_> = bytes.collect();
        let samples = bytes
            .chunks(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
        samples.filter(|sample| *sample != 0).collect()
    }

    fn told(&self, is: impl Fn(&ConversationEvent) -> bool) -> bool {
        self.events.iter().any(is)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a first moment must come from somewhere"
)]
fn start() -> Instant {
    Instant::now()
}

/// A second of each of these samples.
fn seconds(of: &[i16]) -> Vec<i16> {
    of.iter().flat_map(|sample| vec![*sample; 16_000]).collect()
}

fn exception(message: &str) -> LegFault {
    ServiceError::new("validationException", message).into()
}

#[test]
fn one_leg_from_its_opening_to_its_close() {
    let mut talk = Talk::new(|config| config.renewal = None);
    assert_eq!(talk.actions, [Action::Open(FIRST)]);
    assert_eq!(
        talk.names(FIRST),
        [
            "sessionStart",
            "promptStart",
            "contentStart",
            "textInput",
            "contentEnd"
        ]
    );
    talk.audio(5, 512);
    assert!(talk.sound(FIRST).is_empty(), "audio before the head");
    talk.accept(FIRST);
    assert!(talk.told(|event| matches!(event, ConversationEvent::Ready)));
    assert_eq!(talk.sound(FIRST), [5; 512]);
    talk.machine.close(talk.now, 5 * SECOND);
    talk.settle();
    assert_eq!(talk.ended, [FIRST]);
    let names = talk.names(FIRST);
    assert_eq!(
        names[names.len() - 3..],
        ["contentEnd", "promptEnd", "sessionEnd"]
    );
    assert_eq!(
        talk.machine.text(talk.now, "more"),
        Err(Refusal::SessionClosed)
    );
    talk.machine
        .leg_ended(talk.now, FIRST, TransportEnd::Clean, None);
    assert!(talk.machine.outcome().unwrap().is_complete());
    assert_eq!(talk.machine.next_deadline(), None);
}

#[test]
fn a_leg_that_is_never_accepted_gets_its_audio_after_some_patience() {
    let mut talk = Talk::new(|_| {});
    talk.audio(5, 4);
    talk.wait(1999 * MS);
    assert!(talk.sound(FIRST).is_empty());
    talk.wait(MS);
    assert_eq!(talk.sound(FIRST), [5; 4]);
}

#[test]
fn a_close_that_hangs_is_incomplete_in_time() {
    let mut talk = Talk::live(|_| {});
    talk.machine.close(talk.now, 2 * SECOND);
    talk.settle();
    talk.wait(1999 * MS);
    assert!(talk.machine.outcome().is_none());
    talk.wait(MS);
    assert!(matches!(
        talk.machine.outcome(),
        Some(Outcome::Incomplete { .. })
    ));
    assert_eq!(talk.actions.last(), Some(&Action::Abandon(FIRST)));
}

#[test]
fn no_gap_reaches_55_seconds_and_a_muted_microphone_is_silence_in_real_time() {
    let mut talk = Talk::live(|config| config.renewal = None);
    let frames = |talk: &Talk| {
        talk.names(FIRST)
            .iter()
            .filter(|name| **name == "audioInput")
            .count()
    };
    let before = frames(&talk);
    talk.wait(55 * SECOND);
    assert_eq!(frames(&talk) - before, 5);
    let before = frames(&talk);
    talk.machine.mute(talk.now);
    talk.audio(5, 100);
    talk.wait(SECOND);
    assert_eq!(frames(&talk) - before, 10);
    assert!(talk.sound(FIRST).is_empty(), "a muted microphone was heard");
    talk.machine.unmute(talk.now);
    talk.audio(6, 1);
    assert_eq!(talk.sound(FIRST), [6]);
}

#[test]
fn a_tool_that_takes_too_long_is_answered_for() {
    let mut talk = Talk::live(|config| config.renewal = None);
    talk.user(FIRST, "weather?");
    talk.tool(FIRST, "t1");
    talk.tool(FIRST, "t2");
    talk.wait(30 * SECOND);
    let result = ToolResult::text("sunny");
    assert_eq!(talk.machine.tool_result(talk.now, "t2", &result), Ok(()));
    talk.settle();
    talk.wait(30 * SECOND);
    assert!(talk.told(
        |event| matches!(event, ConversationEvent::ToolTimedOut { tool_use_id } if tool_use_id == "t1")
    ));
    let results: Vec<_> = talk
        .sent
        .iter()
        .filter_map(|(_, event)| event["toolResult"]["content"].as_str())
        .collect();
    assert_eq!(results, [r#"{"result":"sunny"}"#, r#"{"error":"timeout"}"#]);
    assert_eq!(
        talk.machine.tool_result(talk.now, "t1", &result),
        Err(Refusal::ToolResultTwice)
    );
    assert_eq!(
        talk.machine.tool_result(talk.now, "t3", &result),
        Err(Refusal::ToolUseUnknown)
    );
}

#[test]
fn without_renewal_the_end_of_the_leg_is_the_end() {
    let mut talk = Talk::live(|config| config.renewal = None);
    talk.user(FIRST, "one");
    talk.answer(FIRST, "two");
    talk.user(FIRST, "three");
    let fault = ServiceError::new("modelTimeoutException", "Model has timed out in processing");
    talk.machine
        .leg_ended(talk.now, FIRST, TransportEnd::Cut, Some(fault.into()));
    talk.settle();
    let Some(Outcome::Failed { error, .. }) = talk.machine.outcome() else {
        panic!("not failed");
    };
    assert!(
        error.to_string().contains("ModelTimeoutException"),
        "{error}"
    );
    let restart = talk.machine.restart();
    let said: Vec<_> = restart
        .history
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(said, ["one", "two", "three"]);
    assert_eq!(restart.unanswered.len(), 1);
    assert_eq!(talk.actions, [Action::Open(FIRST)]);
}

#[test]
fn a_slow_transport_loses_the_oldest_audio_and_says_so() {
    let mut talk = Talk::live(|_| {});
    let pcm = |n: i16| -> Bytes { n.to_le_bytes().repeat(16_000).into() };
    for second in 1..=5 {
        talk.machine.audio(talk.now, pcm(second)).unwrap();
    }
    let turn = talk.machine.text(talk.now, "typed").unwrap();
    talk.settle();
    assert!(talk.told(|event| matches!(
        event,
        ConversationEvent::AudioDropped {
            ms: 2000,
            total_ms: 2000
        }
    )));
    assert_eq!(talk.sound(FIRST), seconds(&[3, 4, 5]));
    assert_eq!(talk.texts(FIRST), ["typed"], "{turn:?}");
}

#[test]
fn at_six_minutes_a_quiet_conversation_moves_on() {
    let mut talk = Talk::live(|config| config.setup.system = "sys".into());
    talk.user(FIRST, "one");
    talk.answer(FIRST, "two");
    for _ in 0..359 {
        talk.wait(SECOND);
        talk.user(FIRST, "");
    }
    assert_eq!(talk.actions.len(), 1, "{:?}", talk.actions);
    // The last of these sounds came to nothing, which takes 10 s to believe.
    talk.wait(12 * SECOND);
    assert_eq!(talk.actions[1], Action::Open(SECOND_LEG));
    assert!(talk.told(|event| matches!(
        event,
        ConversationEvent::Renewing {
            reason: RenewalReason::Limit
        }
    )));
    talk.accept(SECOND_LEG);
    assert_eq!(talk.texts(SECOND_LEG), ["one", "two"]);
    assert!(talk.told(|event| matches!(
        event,
        ConversationEvent::Renewed {
            gap_ms: 0,
            history_dropped: 0,
            ..
        }
    )));
    assert_eq!(talk.ended, [FIRST]);
    talk.audio(9, 3);
    assert_eq!(talk.sound(SECOND_LEG), [9; 3]);
    assert!(talk.sound(FIRST).is_empty());
}

#[test]
fn a_leg_that_is_lost_in_the_middle_of_a_turn_is_replaced_and_hears_it_whole() {
    let mut talk = Talk::live(|_| {});
    talk.audio(1, 16_000);
    talk.receive(
        FIRST,
        "userSpeechStart",
        &json!({"inputAudioOffsetMs": 100}),
    );
    talk.audio(2, 16_000);
    talk.machine.leg_ended(
        talk.now,
        FIRST,
        TransportEnd::Cut,
        Some(exception(
            "InternalErrorCode=531::RST_STREAM closed stream.",
        )),
    );
    talk.settle();
    assert_eq!(talk.actions.last(), Some(&Action::Open(SECOND_LEG)));
    talk.audio(3, 16_000);
    talk.accept(SECOND_LEG);
    assert_eq!(talk.sound(SECOND_LEG), seconds(&[1, 2, 3]));
    assert!(talk.texts(SECOND_LEG).is_empty());
}

#[test]
fn an_error_that_a_new_leg_would_meet_too_ends_the_conversation() {
    let mut talk = Talk::live(|_| {});
    talk.machine.leg_ended(
        talk.now,
        FIRST,
        TransportEnd::Cut,
        Some(exception("Received invalid voiceId")),
    );
    talk.settle();
    assert!(matches!(
        talk.machine.outcome(),
        Some(Outcome::Failed { .. })
    ));
}

#[test]
fn after_so_many_failures_in_a_row_it_gives_up() {
    let mut talk = Talk::live(|_| {});
    let fault = || LegFault::new(Advice::NewSession, "connection reset");
    for attempt in 0..6 {
        assert!(talk.machine.outcome().is_none(), "{attempt}");
        talk.machine
            .leg_ended(talk.now, Leg(attempt), TransportEnd::Cut, Some(fault()));
        talk.settle();
        talk.wait(10 * SECOND);
    }
    let Some(Outcome::Failed { error, .. }) = talk.machine.outcome() else {
        panic!("not failed");
    };
    assert_eq!(error.attempts(), 6);
}

#[test]
fn a_pending_tools_result_reaches_the_next_leg_as_text() {
    let mut talk = Talk::live(|_| {});
    talk.user(FIRST, "weather?");
    talk.tool(FIRST, "t1");
    let fault = LegFault::new(Advice::NewSession, "reset");
    talk.machine
        .leg_ended(talk.now, FIRST, TransportEnd::Cut, Some(fault));
    talk.settle();
    talk.accept(SECOND_LEG);
    let result = ToolResult::text("sunny");
    talk.machine.tool_result(talk.now, "t1", &result).unwrap();
    talk.settle();
    let texts = talk.texts(SECOND_LEG);
    assert_eq!(texts[0], "weather?");
    assert!(
        texts[1].contains("sunny") && texts[1].contains("weather"),
        "{}",
        texts[1]
    );
    assert!(!talk.names(SECOND_LEG).contains(&"toolResult"));
    talk.answer(SECOND_LEG, "It is sunny.");
    assert!(talk.told(|event| matches!(
        event,
        ConversationEvent::Session(SessionEvent::TurnEnded { .. })
    )));
}
