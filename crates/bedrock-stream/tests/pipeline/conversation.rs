//! A question is answered, whatever the network's manners.

use bedrock_loopback::ResponseHead;
use nova_sonic::{SampleRate, ServerEvent};

use crate::stage::{ask, open, server};

fn speech(events: &[ServerEvent]) -> Vec<u8> {
    let mut pcm = Vec::new();
    for event in events {
        if let ServerEvent::AudioOutput(audio) = event {
            pcm.extend_from_slice(&audio.pcm);
        }
    }
    pcm
}

fn texts(events: &[ServerEvent]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match event {
            ServerEvent::TextOutput(text) => Some(text.content.as_str()),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_and_the_session_is_complete() {
    let (events, received) = ask(open(server(), |session| session).await).await;
    let received = received.expect("complete");
    assert_eq!(received.turns, 1);
    assert!(received.usage.is_some());
    assert!(received.completion_ended);
    let pcm = speech(&events);
    // The echo of more than two seconds at 24 kHz, and not silence.
    assert!(pcm.len() > 2 * 24_000 * 2, "{} bytes", pcm.len());
    assert!(
        pcm.chunks_exact(2)
            .any(|s| i16::from_le_bytes([s[0], s[1]]).abs() > 1000)
    );
    assert_eq!(texts(&events).len(), 3, "{:?}", texts(&events));
}

#[tokio::test(start_paused = true)]
async fn the_worst_manners_of_a_network_change_nothing() {
    let rude = || {
        server()
            .response_head(ResponseHead::AfterEvents(3))
            .data_frame_size(1)
            .stream_window(64 * 1024)
            .connection_window(64 * 1024)
    };
    let (polite, received) = ask(open(server().seed(7), |session| session).await).await;
    received.expect("complete");
    let (events, received) = ask(open(rude().seed(7), |session| session).await).await;
    received.expect("complete");
    assert_eq!(speech(&events), speech(&polite));
    assert_eq!(texts(&events), texts(&polite));
}

#[tokio::test(start_paused = true)]
async fn the_answer_comes_at_the_rate_that_was_asked_for() {
    let at_8 = |session: bedrock_stream::SonicBuilder| session.output_rate(SampleRate::Hz8000);
    let (events, received) = ask(open(server(), at_8).await).await;
    received.expect("complete");
    let bytes = speech(&events).len();
    assert!(
        (2 * 8_000 * 2..4 * 8_000 * 2).contains(&bytes),
        "{bytes} bytes"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_by_a_named_deadline() {
    let silent = server().response_head(ResponseHead::Never);
    let (events, received) = ask(open(silent, |session| session).await).await;
    assert!(events.is_empty());
    let error = received.expect_err("no answer");
    assert!(
        matches!(error.kind(), bedrock_stream::ErrorKind::Transport(transport)
            if transport.kind() == h2_duplex::ErrorKind::Deadline(h2_duplex::Deadline::ResponseHead)),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_window_smaller_than_a_frame_does_not_deadlock() {
    let narrow = server().stream_window(100);
    let (events, received) = ask(open(narrow, |session| session).await).await;
    received.expect("complete");
    assert!(speech(&events).len() > 2 * 24_000 * 2);
}
