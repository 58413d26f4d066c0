//! The built-in persona: says back what it heard, answers text with a tone. Its texts claim nothing that it does not know:
//! it measures speech, it does not understand it.

use super::audio;
use super::dialogue::Cue;
use super::ear::Utterance;
use super::speech::{Line, Sentence};

/// What the echo says to a cue, at an output rate in Hz.
pub(super) fn answer(cue: &Cue, empty_transcript: bool, rate: u32) -> Vec<Line> {
    match cue {
        Cue::Turn(utterance, input_rate) => {
            let heard = seconds_of_speech(utterance.speech_millis());
            let transcript = if empty_transcript {
                String::new()
            } else {
                format!("({heard}, words not recognised)")
            };
            let mut lines = vec![Line::Transcript(transcript)];
            lines.extend(sentences(utterance, *input_rate, rate));
            lines
        }
        Cue::Text(text) => {
            let characters = text.chars().count();
            vec![Line::Say(Sentence {
                text: format!("I read a text of {characters} characters and answer with a tone."),
                samples: audio::tone(600, rate),
            })]
        }
        _ => Vec::new(),
    }
}

/// The utterance itself, a sentence for each stretch of speech.
fn sentences(utterance: &Utterance, from: u32, to: u32) -> impl Iterator<Item = Line> {
    let parts = utterance.segments.len();
    utterance
        .segments
        .iter()
        .enumerate()
        .map(move |(at, segment)| {
            let heard = seconds_of_speech(segment.end - segment.start);
            let part = if parts > 1 {
                format!("Part {} of {parts}: ", at + 1)
            } else {
                String::new()
            };
            Line::Say(Sentence {
                text: format!("{part}I heard {heard} and echo it."),
                samples: audio::resample(&segment.samples, from, to),
            })
        })
}

fn seconds_of_speech(millis: u64) -> String {
    format!(
        "{}.{} seconds of speech",
        millis / 1000,
        millis % 1000 / 100
    )
}
