//! The built-in persona: says back what it heard, answers text with a tone. Its texts claim nothing that it does not know:
//! it measures speech, it does not understand it.

use std::collections::HashMap;

use serde_json::json;

use super::audio;
use super::dialogue::Cue;
use super::ear::Utterance;
use super::output::Outbox;
use super::quirks::Quirks;
use super::speech::{Line, Sentence};

/// Says back what it hears.
#[derive(Debug)]
pub(super) struct Echo {
    empty_transcript: bool,
    /// A turn is answered once the result of a tool has come.
    tool_first: bool,
    /// Answers that wait, by the id of the call.
    waiting: HashMap<String, Vec<Line>>,
}

impl Echo {
    pub(super) fn new(quirks: Quirks) -> Self {
        Self {
            empty_transcript: quirks.empty_transcript,
            tool_first: quirks.tool_first,
            waiting: HashMap::new(),
        }
    }

    /// What the echo says to a cue, at an output rate in Hz.
    pub(super) fn answer(&mut self, cue: &Cue, out: &mut Outbox, rate: u32) -> Vec<Line> {
        match cue {
            Cue::Turn(utterance, input_rate) => self.turn(utterance, *input_rate, out, rate),
            Cue::Text(text) => {
                let characters = text.chars().count();
                vec![Line::Say(Sentence {
                    text: format!(
                        "I read a text of {characters} characters and answer with a tone."
                    ),
                    samples: audio::tone(600, rate),
                })]
            }
            Cue::ToolResult { tool_use_id, .. } => {
                self.waiting.remove(tool_use_id).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn turn(&mut self, utterance: &Utterance, from: u32, out: &mut Outbox, rate: u32) -> Vec<Line> {
        let heard_millis = utterance.speech_millis();
        let heard = seconds_of_speech(heard_millis);
        let transcript = if self.empty_transcript {
            String::new()
        } else {
            format!("({heard}, words not recognised)")
        };
        let mut lines = vec![Line::Transcript(transcript)];
        let said = sentences(utterance, from, rate);
        if self.tool_first {
            let id = out.tool_use_id();
            self.waiting.insert(id.clone(), said.collect());
            lines.push(Line::Tool {
                name: "lookup".to_owned(),
                id,
                input: json!({ "heardMs": heard_millis }),
            });
        } else {
            lines.extend(said);
        }
        lines
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
