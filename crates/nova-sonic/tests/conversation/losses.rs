//! What was said to a leg that went deaf, or was lost while the conversation was being closed.

use bedrock_wire::Outcome;
use nova_sonic::{Action, ConversationEvent};

use crate::talk::{FIRST, SECOND, SECOND_LEG, Talk, seconds};

/// The exception that ends a deaf leg is no sign that it heard anything.
#[test]
fn what_a_deaf_leg_was_told_is_heard_by_the_next_though_it_ends_with_an_exception() {
    let mut talk = Talk::live(|_| {});
    talk.user(FIRST, "");
    talk.wait(12 * SECOND);
    for sample in [10_001, 10_002, 10_003, 10_004, 10_005] {
        talk.wait(SECOND);
        talk.audio(sample, 16_000);
    }
    talk.fail(FIRST, "InternalErrorCode=531::RST_STREAM closed stream.");
    assert_eq!(talk.actions.last(), Some(&Action::Open(SECOND_LEG)));
    talk.accept(SECOND_LEG);
    let all = seconds(&[10_001, 10_002, 10_003, 10_004, 10_005]);
    assert_eq!(talk.sound(SECOND_LEG), all);
}

/// Only an answer that sounds is waited for: else the turn would be in the next leg's history, and asked there again.
#[test]
fn an_answer_of_which_nothing_was_heard_is_left_to_the_next_leg_whole() {
    let mut talk = Talk::live(|_| {});
    talk.audio(1, 32_000);
    talk.user(FIRST, "how is the weather");
    talk.block(FIRST, "ASSISTANT", "SPECULATIVE", "it is sunny");
    talk.machine.renew(talk.now, None).unwrap();
    talk.settle();
    talk.accept(SECOND_LEG);
    talk.wait(31 * SECOND);
    assert_eq!(talk.machine.current_leg(), Some(SECOND_LEG));
    talk.wait(30 * SECOND);
    // Asked, and no part of its history.
    assert_eq!(talk.texts(SECOND_LEG), ["how is the weather"]);
}

/// Nobody opens another leg only to close it; but what was never sent is not kept quiet.
#[test]
fn audio_that_never_went_out_before_the_leg_was_lost_in_the_close_is_counted() {
    let mut talk = Talk::live(|_| {});
    talk.audio(1, 16_000);
    let pcm = 2_i16.to_le_bytes().repeat(16_000);
    talk.machine.audio(talk.now, pcm.into()).unwrap();
    talk.machine.close(talk.now, 5 * SECOND);
    let fault = crate::talk::exception("System instability detected. Please retry your request.");
    let end = eventstream_codec::TransportEnd::Cut;
    talk.machine.leg_ended(talk.now, FIRST, end, Some(fault));
    talk.settle();
    let Some(Outcome::Failed { received, .. }) = talk.machine.outcome() else {
        panic!("{:?}", talk.machine.outcome());
    };
    assert_eq!(received.dropped_ms, 1_000);
    assert!(talk.told(|event| matches!(event, ConversationEvent::AudioDropped { ms: 1_000, .. })));
}
