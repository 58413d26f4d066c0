//! The session machine at its edges: interruptions real and imagined, stale speech, what was heard, tools, legs.
#![expect(clippy::unwrap_used, reason = "tests")]

use bedrock_wire::ChunkWriter;
use bytes::BytesMut;
use eventstream_codec::{Decoder, Inbound};
use nova_sonic::{
    Dialect, EntryState, History, HistoryLimits, HistoryRole, Leg, Names, Reader, Session,
    SessionEvent, SessionOptions, Setup, Speaker, TextStage, ToolResult, TurnId, Writer,
};
use serde_json::{Value, json};

/// A conversation under test, fed with events in short form.
struct Talk {
    session: Session,
    leg: Leg,
    seen: Vec<SessionEvent>,
}

impl Talk {
    fn new() -> Self {
        Self::with(SessionOptions::default())
    }

    fn with(options: SessionOptions) -> Self {
        Self {
            session: Session::new(options),
            leg: Leg::FIRST,
            seen: Vec::new(),
        }
    }

    /// Feeds an event through frames and reader, as the wire would; gives what came of it.
    fn event(&mut self, name: &str, body: &Value) -> Vec<SessionEvent> {
        let mut wire = BytesMut::new();
        let json = json!({"event": {name: body}}).to_string();
        ChunkWriter::new()
            .write(json.as_bytes(), &mut wire)
            .unwrap();
        let (mut decoder, mut reader) = (Decoder::new(), Reader::new());
        decoder.feed(wire.freeze());
        let mut new = Vec::new();
        while let Some(frame) = decoder.next_frame().unwrap() {
            let read = reader.read(frame, &mut |event| {
                self.session
                    .observe(self.leg, event, &mut |event| new.push(event));
            });
            read.unwrap();
        }
        self.seen.extend(new.iter().cloned());
        new
    }

    fn speech(&mut self) -> Vec<SessionEvent> {
        self.event("userSpeechStart", &json!({"inputAudioOffsetMs": 1}))
    }

    fn text(
        &mut self,
        id: &str,
        role: &str,
        stage: &str,
        text: &str,
        stop: &str,
    ) -> Vec<SessionEvent> {
        let fields = json!({"generationStage": stage}).to_string();
        let start =
            json!({"contentId": id, "type": "TEXT", "role": role, "additionalModelFields": fields});
        let mut new = self.event("contentStart", &start);
        new.extend(self.event(
            "textOutput",
            &json!({"contentId": id, "role": role, "content": text}),
        ));
        new.extend(self.event(
            "contentEnd",
            &json!({"contentId": id, "type": "TEXT", "stopReason": stop}),
        ));
        new
    }

    fn user(&mut self, id: &str, text: &str) -> Vec<SessionEvent> {
        self.text(id, "USER", "FINAL", text, "PARTIAL_TURN")
    }

    fn plan(&mut self, id: &str, text: &str) -> Vec<SessionEvent> {
        self.text(id, "ASSISTANT", "SPECULATIVE", text, "PARTIAL_TURN")
    }

    fn told(&mut self, id: &str, text: &str) -> Vec<SessionEvent> {
        self.text(id, "ASSISTANT", "FINAL", text, "PARTIAL_TURN")
    }

    fn mark(&mut self, id: &str) -> Vec<SessionEvent> {
        self.text(
            id,
            "ASSISTANT",
            "FINAL",
            "{ \"interrupted\" : true }",
            "INTERRUPTED",
        )
    }

    fn begin_audio(&mut self, id: &str) {
        self.event(
            "contentStart",
            &json!({"contentId": id, "type": "AUDIO", "role": "ASSISTANT"}),
        );
    }

    fn samples(&mut self, id: &str, samples: usize) -> Vec<SessionEvent> {
        let content = base64_simd::STANDARD.encode_to_string(vec![1; samples * 2]);
        self.event(
            "audioOutput",
            &json!({"contentId": id, "role": "ASSISTANT", "content": content}),
        )
    }

    fn end_audio(&mut self, id: &str, stop: &str) -> Vec<SessionEvent> {
        self.event(
            "contentEnd",
            &json!({"contentId": id, "type": "AUDIO", "stopReason": stop}),
        )
    }

    /// A whole answer of one sentence.
    fn answer(&mut self, id: &str, text: &str, samples: usize) {
        self.plan(&format!("{id}-plan"), text);
        self.begin_audio(id);
        self.samples(id, samples);
        self.end_audio(id, "END_TURN");
    }

    fn interrupted(&self) -> Vec<TurnId> {
        let turns = self.seen.iter().filter_map(|event| match event {
            SessionEvent::Interrupted { turn } => Some(*turn),
            _ => None,
        });
        turns.collect()
    }

    fn responses(&self) -> Vec<TurnId> {
        let turns = self.seen.iter().filter_map(|event| match event {
            SessionEvent::ResponseStarted { turn } => Some(*turn),
            _ => None,
        });
        turns.collect()
    }

    fn texts(&self) -> Vec<(Speaker, String, EntryState)> {
        let entries = self.session.transcript();
        entries
            .map(|entry| (entry.speaker, entry.text, entry.state))
            .collect()
    }
}

#[test]
fn all_signals_together_are_one_interruption() {
    let mut talk = Talk::new();
    talk.user("u", "hi");
    talk.plan("p", "a long story");
    talk.begin_audio("a");
    talk.samples("a", 10);
    talk.speech();
    talk.speech();
    talk.end_audio("a", "INTERRUPTED");
    talk.mark("m");
    talk.text("n", "ASSISTANT", "FINAL", "", "INTERRUPTED");
    assert_eq!(talk.interrupted().len(), 1);
}

#[test]
fn each_signal_alone_is_enough() {
    let signals: [fn(&mut Talk); 4] = [
        |talk| drop(talk.speech()),
        |talk| drop(talk.end_audio("a", "INTERRUPTED")),
        |talk| drop(talk.mark("m")),
        // A service that marks the text but not the end of its block.
        |talk| drop(talk.told("m", "{\"interrupted\":true}")),
    ];
    for signal in signals {
        let mut talk = Talk::new();
        talk.plan("p", "a long story");
        talk.begin_audio("a");
        talk.samples("a", 10);
        signal(&mut talk);
        assert_eq!(talk.interrupted().len(), 1);
        assert!(talk.samples("a", 10).is_empty(), "late speech is stale");
        assert_eq!(talk.session.stale_samples(), 10);
        assert!(!talk.session.is_answering());
    }
}

#[test]
fn speech_in_silence_interrupts_nothing() {
    let mut talk = Talk::new();
    talk.speech();
    talk.user("u", "hi");
    talk.answer("a", "Hello.", 10);
    talk.speech();
    assert!(
        talk.interrupted().is_empty(),
        "the answer had ended, and nobody says that it still plays"
    );
}

#[test]
fn speech_interrupts_what_is_still_being_played() {
    let mut talk = Talk::new();
    talk.answer("a", "Hello there my friend.", 100);
    let turn = talk.responses().first().copied().unwrap();
    talk.session.played(turn, 50);
    talk.speech();
    assert_eq!(talk.interrupted(), [turn]);
    assert_eq!(talk.session.heard(turn), "Hello there");

    let mut done = Talk::new();
    done.answer("a", "Hello.", 100);
    done.session.played(turn, 100);
    done.speech();
    assert!(done.interrupted().is_empty());
}

#[test]
fn a_careful_client_waits_for_the_services_word() {
    let mut options = SessionOptions::default();
    options.interrupt_on_speech = false;
    let mut talk = Talk::with(options);
    talk.plan("p", "a long story");
    talk.begin_audio("a");
    talk.samples("a", 10);
    talk.speech();
    assert!(talk.interrupted().is_empty());
    assert_eq!(talk.samples("a", 10).len(), 1, "speech goes on");
    talk.mark("m");
    assert_eq!(talk.interrupted().len(), 1);
}

#[test]
fn the_mark_of_an_old_answer_does_not_cut_the_new_one() {
    let mut talk = Talk::new();
    talk.answer("a", "One. Two.", 10);
    talk.session.user_typed(Leg::FIRST, "and now?");
    talk.plan("p", "Three.");
    talk.begin_audio("b");
    talk.samples("b", 10);
    talk.mark("m");
    let responses = talk.responses();
    assert_eq!(talk.interrupted(), [responses[0]]);
    assert_eq!(talk.samples("b", 10).len(), 1, "the new answer goes on");
}

#[test]
fn the_rest_of_an_interrupted_answer_is_cut_with_it() {
    let mut talk = Talk::new();
    talk.plan("p", "One.");
    talk.begin_audio("a");
    talk.samples("a", 10);
    talk.speech();
    talk.plan("q", "Two.");
    talk.begin_audio("b");
    assert_eq!(talk.samples("b", 10).len(), 1, "perhaps it was noise");
    talk.mark("m");
    assert_eq!(talk.interrupted(), talk.responses());
    assert!(talk.samples("b", 10).is_empty());
}

#[test]
fn an_empty_transcription_is_nothing() {
    let mut talk = Talk::new();
    talk.plan("p", "One.");
    talk.begin_audio("a");
    talk.samples("a", 10);
    assert!(talk.user("u", "").is_empty());
    assert!(talk.user("v", "  ").is_empty());
    assert!(talk.interrupted().is_empty());
    assert_eq!(talk.samples("a", 10).len(), 1);
}

#[test]
fn a_shortened_final_text_is_what_was_said() {
    let mut talk = Talk::new();
    talk.plan("p", "One two three.");
    talk.begin_audio("a");
    talk.samples("a", 10);
    talk.text("f", "ASSISTANT", "FINAL", "One two", "INTERRUPTED");
    assert_eq!(talk.interrupted().len(), 1);
    let entry = (
        Speaker::Assistant,
        "One two".to_owned(),
        EntryState::Interrupted,
    );
    assert_eq!(talk.texts(), [entry]);
}

#[test]
fn final_texts_find_their_plans_when_one_is_missing() {
    let mut talk = Talk::new();
    talk.plan("p", "One.");
    talk.plan("q", "Two.");
    let new = talk.told("f", "Two.");
    let stages: Vec<_> = new
        .iter()
        .filter_map(|event| match event {
            SessionEvent::AssistantText { block, stage, .. } => Some((*block, *stage)),
            _ => None,
        })
        .collect();
    assert_eq!(stages, [(0, TextStage::Promoted), (1, TextStage::Final)]);
    assert!(
        talk.told("late", "One.").is_empty(),
        "it was taken for said before"
    );
}

#[test]
fn the_same_text_goes_before_a_longer_one_that_begins_with_it() {
    let mut talk = Talk::new();
    talk.plan("p", "Yes of course");
    talk.plan("q", "Yes");
    let new = talk.told("f", "Yes");
    let block = new.iter().find_map(|event| match event {
        SessionEvent::AssistantText {
            block,
            stage: TextStage::Final,
            ..
        } => Some(*block),
        _ => None,
    });
    assert_eq!(block, Some(1));
}

#[test]
fn words_of_the_user_end_an_answer_that_had_no_end() {
    let mut talk = Talk::new();
    talk.event(
        "toolUse",
        &json!({"toolName": "now", "toolUseId": "1", "content": "{}"}),
    );
    talk.user("u", "never mind");
    let new = talk.plan("p", "All right.");
    let first = talk.responses()[0];
    assert!(new.contains(&SessionEvent::TurnEnded { turn: first }));
    assert_eq!(talk.responses().len(), 2);
    assert!(talk.session.is_answering());
}

#[test]
fn a_new_question_settles_the_answer_before() {
    let mut talk = Talk::new();
    talk.answer("a", "One.", 10);
    talk.speech();
    talk.user("u", "next");
    let new = talk.plan("p", "Two.");
    let promoted = new.iter().any(|event| {
        matches!(event, SessionEvent::AssistantText { text, stage: TextStage::Promoted, .. } if text == "One.")
    });
    assert!(promoted, "{new:?}");
    assert_eq!(talk.responses().len(), 2);
}

#[test]
fn tools_are_called_once_and_carried_over_as_text() {
    let mut talk = Talk::new();
    let call = json!({"toolName": "now", "toolUseId": "1", "content": "{\"zone\":\"UTC\"}"});
    assert_eq!(
        talk.event("toolUse", &call).len(),
        2,
        "an answer begins, a tool is called"
    );
    assert!(talk.event("toolUse", &call).is_empty());
    assert_eq!(talk.session.pending_tools().len(), 1);
    let pending = talk.session.tool_answered("1").unwrap();
    assert!(talk.session.tool_answered("1").is_none());
    let text = pending.carried_over(&ToolResult::text("noon"));
    for part in [
        "now",
        r#"{"zone":"UTC"}"#,
        r#"{"result":"noon"}"#,
        "do not call",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn instructions_are_answered_but_not_written_down() {
    let mut talk = Talk::new();
    talk.session.instructed(Leg::FIRST);
    talk.answer("a", "Welcome!", 10);
    talk.session.user_typed(Leg::FIRST, "thanks");
    let expected = [
        (
            Speaker::Assistant,
            "Welcome!".to_owned(),
            EntryState::Partial,
        ),
        (Speaker::User, "thanks".to_owned(), EntryState::Final),
    ];
    assert_eq!(talk.texts(), expected);
}

#[test]
fn legs_of_one_conversation_keep_apart_and_add_up() {
    let mut talk = Talk::new();
    let usage = json!({"details": {"total": {"input": {"speechTokens": 5}}}});
    talk.user("u", "hi");
    talk.answer("a", "Hello.", 10);
    talk.event("usageEvent", &usage);
    talk.leg = Leg(1);
    talk.user("u", "again");
    talk.answer("a", "Yes?", 10);
    talk.event("usageEvent", &usage);
    // The first leg's final text comes late, and finds its own answer.
    talk.leg = Leg::FIRST;
    talk.told("f", "Hello.");
    assert_eq!(talk.session.usage().input.speech, 10);
    let texts: Vec<_> = talk.texts().into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(texts, ["hi", "Hello.", "again", "Yes?"]);
    let legs: Vec<_> = talk.session.transcript().map(|entry| entry.leg).collect();
    assert_eq!(legs, [Leg(0), Leg(0), Leg(1), Leg(1)]);
}

#[test]
fn the_next_session_is_told_what_was_heard() {
    let mut talk = Talk::new();
    talk.session.instructed(Leg::FIRST);
    talk.answer("g", "Welcome!", 10);
    talk.user("u", "tell me");
    talk.user("v", "a story");
    talk.plan("p", "Once there was a king.");
    talk.begin_audio("a");
    talk.samples("a", 100);
    let turn = talk.responses().pop().unwrap();
    talk.session.played(turn, 55);
    talk.speech();
    talk.mark("m");
    talk.user("w", "stop");
    let (history, cuts) = History::normalize(talk.session.said(), &HistoryLimits::default());
    let turns: Vec<_> = history.turns().collect();
    assert_eq!(
        turns,
        [
            (HistoryRole::User, "tell me a story"),
            (HistoryRole::Assistant, "Once there"),
            (HistoryRole::User, "stop"),
        ]
    );
    assert_eq!(
        cuts.dropped_turns, 1,
        "the greeting: history starts with the user"
    );

    let mut writer = Writer::new(Dialect::V2, Names::new([4; 16]));
    let mut out = BytesMut::new();
    writer.open(&Setup::default(), &mut out).unwrap();
    writer.history(&history, &mut out).unwrap();
}

#[test]
fn a_peer_that_never_ends_its_blocks_fills_no_memory() {
    let mut talk = Talk::new();
    for at in 0..10_000 {
        talk.begin_audio(&format!("a{at}"));
        talk.seen.clear();
    }
    assert!(format!("{:?}", talk.session).len() < 100_000);
}
