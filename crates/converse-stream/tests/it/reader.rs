//! Three ways to consume a body, and how they share it.

use crate::cases;
use std::cell::Cell;

use bytes::Bytes;
use converse_stream::{Event, Events, Reader, Why, collect_body, read_body};
use eventstream_codec::TransportEnd;

#[test]
fn a_callback_s_results_are_collected_and_empty_ones_keep_their_place() {
    let run = cases::run("text");
    let (texts, outcome) = read_body([run.body.clone()], |event| match event {
        Event::Text { text, .. } => Some(text),
        _ => None,
    });
    assert_eq!(texts.len(), run.events.len());
    assert_eq!(texts[2..4], [Some("Hel".to_owned()), Some("lo".to_owned())]);
    assert_eq!(texts[0], None);
    assert_eq!(outcome, run.outcome);
}

#[test]
fn the_iterator_lets_go_of_the_body_at_its_end() {
    struct Body<'a>(std::vec::IntoIter<Bytes>, &'a Cell<u32>);

    impl Iterator for Body<'_> {
        type Item = Bytes;

        fn next(&mut self) -> Option<Bytes> {
            self.0.next()
        }
    }

    impl Drop for Body<'_> {
        fn drop(&mut self) {
            self.1.set(self.1.get() + 1);
        }
    }

    let dropped = Cell::new(0);
    for (closed, name) in [
        (1, "text"),
        (2, "frames_after_exception"),
        (3, "cut_in_frame"),
    ] {
        let run = cases::run(name);
        let chunks: Vec<_> = run.body.chunks(50).map(Bytes::copy_from_slice).collect();
        let mut events = Events::new(Body(chunks.into_iter(), &dropped));
        assert_eq!(events.by_ref().count(), run.events.len());
        assert_eq!(dropped.get(), closed, "{name}");
        assert_eq!(events.next(), None, "{name}: it stays at its end");
        assert_eq!(events.finish(), run.outcome, "{name}");
    }
}

#[test]
fn events_and_raw_frames_come_from_one_place() {
    let run = cases::run("tool_use");
    let mut reader = Reader::new();
    reader.feed(run.body.clone());
    let Some(Event::MessageStart { .. }) = reader.next_event().unwrap() else {
        unreachable!()
    };
    let text = reader.next_frame().unwrap().unwrap();
    assert!(
        text.payload()
            .starts_with(br#"{"contentBlockIndex":0,"delta":{"text""#)
    );
    // The block's start went by with the raw frame; its stop is an event.
    assert_eq!(
        reader.next_event().unwrap(),
        Some(Event::BlockStop { index: 0 })
    );
    while reader.next_frame().unwrap().is_some() {}
    assert_eq!(reader.next_event(), Ok(None));
    let outcome = reader.finish(TransportEnd::Clean, &mut |_| unreachable!());
    assert_eq!(outcome, run.outcome, "the verdict covers both");
}

#[test]
fn an_exception_is_a_raw_frame_first() {
    let run = cases::run("error_frame");
    let mut reader = Reader::new();
    reader.feed(run.body.clone());
    let mut frames = 0;
    let error = loop {
        match reader.next_frame() {
            Ok(Some(_)) => frames += 1,
            Ok(None) => unreachable!(),
            Err(error) => break error,
        }
    };
    assert_eq!((frames, &error), (5, run.error()));
}

#[test]
fn collecting_gives_an_error_unless_complete_with_what_had_come() {
    assert_eq!(
        collect_body([cases::run("text").body]).unwrap().text(),
        "Hello"
    );
    let cut = collect_body([cases::run("cut_at_boundary").body]).unwrap_err();
    assert!(matches!(cut.why, Why::Incomplete(_)));
    assert_eq!(cut.reply.text(), "Hello");
    assert_eq!(
        cut.to_string(),
        "the stream ended without `messageStop`; 1 blocks had come"
    );
    let failed = collect_body([cases::run("exception_validation").body]).unwrap_err();
    assert_eq!(failed.reply.text(), "Hello");
    assert!(std::error::Error::source(&*failed).is_some());
}

#[test]
fn errors_say_nothing_of_what_the_model_wrote() {
    for name in cases::names() {
        let run = cases::run(&name);
        if let Some(error) = run.outcome.error() {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("Hel"), "{name}: {shown}");
        }
    }
}

/// Payloads that differ only in spaces and order say the same; the ones of the wire take the short way.
#[test]
fn a_delta_says_the_same_however_it_is_written() {
    let delta = |json: &str| {
        let header = |name, value| eventstream_codec::Header {
            name,
            value: eventstream_codec::HeaderValue::String(value),
        };
        let headers = [
            header(":event-type", "contentBlockDelta"),
            header(":message-type", "event"),
        ];
        let mut body = bytes::BytesMut::new();
        eventstream_codec::encode_frame(&headers, json.as_bytes(), &mut body).unwrap();
        Events::new([body.freeze()]).collect::<Vec<_>>()
    };
    for text in [
        "a",
        "",
        r#"\"\\/\b\f\n\r\t\u0041\ud83d\udc42é👂"#,
        r"\ud83d",
        r"\u+041",
        r"\x",
        "\u{7}",
    ] {
        for union in [
            format!(r#""text":"{text}""#),
            format!(r#""reasoningContent":{{"text":"{text}"}}"#),
        ] {
            let short = format!(r#"{{"contentBlockIndex":7,"delta":{{{union}}},"p":"ab"}}"#);
            let long = format!(r#"{{ "p":"ab","delta": {{{union}}},"contentBlockIndex" :7.0}}"#);
            assert_eq!(delta(&short), delta(&long), "{short}");
        }
    }
    assert_eq!(
        delta(r#"{"contentBlockIndex":7,"delta":{"text":"a"}}"#).len(),
        2
    );
}
