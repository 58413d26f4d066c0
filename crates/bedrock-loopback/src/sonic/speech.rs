//! The assistant speaking: text before its audio, audio faster than real time, final text when it has been played.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::audio;
use super::output::{Outbox, Stop, Text};
use super::usage::{Tokens, text_tokens};
use crate::service_error::ServiceError;

/// The audio of one `audioOutput`, which is also what one speech token stands for.
const CHUNK_MILLIS: u64 = 80;

/// What the service sends when the user speaks over it (spacing as captured).
const INTERRUPTED: &str = "{ \"interrupted\" : true }";

/// How the assistant speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// From the end of the user's turn to the first text.
    pub(crate) latency: Duration,
    /// How many times faster than real time audio is sent.
    pub(crate) speed: f64,
}

/// One sentence of a reply.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sentence {
    pub(super) text: String,
    /// At the output rate.
    pub(super) samples: Vec<i16>,
}

/// One thing that a persona says or does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Line {
    /// What the user is said to have said.
    Transcript(String),
    Say(Sentence),
    Tool {
        name: String,
        id: String,
        input: Value,
    },
    Event {
        name: String,
        members: Value,
    },
    /// The stream ends with this exception.
    Fail(ServiceError),
}

#[derive(Debug)]
enum Step {
    Transcript(String),
    Speculative(String),
    AudioStart,
    Audio(Vec<u8>),
    AudioEnd {
        sentence: usize,
        stop: Stop,
    },
    Usage,
    Final {
        sentence: usize,
        text: String,
        stop: Stop,
    },
    Tool {
        name: String,
        id: String,
        input: Value,
    },
    Event {
        name: String,
        members: Value,
    },
    Fail(ServiceError),
}

/// Replies being delivered. Steps wait for their time in order.
#[derive(Debug)]
pub(super) struct Speech {
    pace: Pace,
    steps: VecDeque<(Instant, Step)>,
    open: Option<String>,
    /// Pieces of audio until the reply is interrupted, because it was asked for.
    interrupts_after: Option<u64>,
}

impl Speech {
    pub(super) const fn new(pace: Pace, interrupts_after: Option<u64>) -> Self {
        Self {
            pace,
            interrupts_after,
            steps: VecDeque::new(),
            open: None,
        }
    }

    /// True from the start of a reply until its audio has been played in real time.
    pub(super) fn is_speaking(&self) -> bool {
        !self.steps.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.steps.front().map(|(due, _)| *due)
    }

    /// Plans a reply behind those that are planned already. Order as recorded: text and audio of each sentence, `END_TURN` on
    /// the last audio; then the final texts, paced to playback, `END_TURN` on the first of them.
    pub(super) fn perform(&mut self, now: Instant, lines: Vec<Line>, rate: u32) {
        if lines.is_empty() {
            return;
        }
        let is_said = |line: &&Line| matches!(line, Line::Say(_));
        let sentences = lines.iter().filter(is_said).count();
        let last_planned = self.steps.back().map(|(due, _)| *due);
        let mut sent = last_planned.map_or(now, |due| due.max(now)) + self.pace.latency;
        let mut played = sent;
        let mut finals = Vec::new();
        for line in lines {
            match line {
                Line::Transcript(text) => {
                    self.plan(sent, Step::Transcript(text));
                    self.plan(sent, Step::Usage);
                }
                Line::Say(Sentence { text, samples }) => {
                    played += Duration::from_millis(audio::millis(samples.len(), rate));
                    let is_last = finals.len() + 1 == sentences;
                    let stop = if is_last {
                        Stop::EndTurn
                    } else {
                        Stop::PartialTurn
                    };
                    self.plan(sent, Step::Speculative(text.clone()));
                    sent = self.plan_audio(sent, &samples, rate);
                    let sentence = finals.len();
                    self.plan(sent, Step::AudioEnd { sentence, stop });
                    finals.push((played, text));
                }
                Line::Tool { name, id, input } => self.plan(sent, Step::Tool { name, id, input }),
                Line::Event { name, members } => self.plan(sent, Step::Event { name, members }),
                Line::Fail(error) => self.plan(sent, Step::Fail(error)),
            }
        }
        self.plan(sent, Step::Usage);
        for (sentence, (played, text)) in finals.into_iter().enumerate() {
            let stop = if sentence == 0 {
                Stop::EndTurn
            } else {
                Stop::PartialTurn
            };
            self.plan(
                played.max(sent),
                Step::Final {
                    sentence,
                    text,
                    stop,
                },
            );
        }
        self.plan(played.max(sent), Step::Usage);
    }

    /// Sends what is due. Fails where a script says so.
    pub(super) fn deliver(&mut self, now: Instant, out: &mut Outbox) -> Result<(), ServiceError> {
        while self.steps.front().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, step)) = self.steps.pop_front() {
                self.take(step, out)?;
            }
        }
        Ok(())
    }

    /// The user speaks over the reply: the open audio ends, the rest is dropped, and the client is told.
    pub(super) fn interrupt(&mut self, out: &mut Outbox) {
        self.steps.clear();
        self.close_audio(out);
        out.text(Text::Final, INTERRUPTED, Stop::Interrupted);
        out.usage();
    }

    /// The prompt ends: what was not said is suppressed, final texts of what was said come at once.
    pub(super) fn stop(&mut self, out: &mut Outbox) {
        self.close_audio(out);
        let mut unsaid = Vec::new();
        for (_, step) in std::mem::take(&mut self.steps) {
            match step {
                Step::AudioEnd { sentence, .. } => unsaid.push(sentence),
                Step::Final {
                    sentence,
                    ref text,
                    stop,
                } if !unsaid.contains(&sentence) => {
                    say_final(text, stop, out);
                }
                _ => {}
            }
        }
        out.usage();
    }

    fn plan(&mut self, due: Instant, step: Step) {
        self.steps.push_back((due, step));
    }

    /// Plans a sentence's audio and gives the time of its end.
    fn plan_audio(&mut self, mut sent: Instant, samples: &[i16], rate: u32) -> Instant {
        self.plan(sent, Step::AudioStart);
        let chunk_len = usize::try_from(CHUNK_MILLIS * u64::from(rate) / 1000).unwrap_or(1);
        let spacing = Duration::from_millis(CHUNK_MILLIS).div_f64(self.pace.speed);
        for chunk in samples.chunks(chunk_len) {
            self.plan(sent, Step::Audio(audio::bytes(chunk)));
            sent += spacing;
        }
        sent
    }

    fn take(&mut self, step: Step, out: &mut Outbox) -> Result<(), ServiceError> {
        match step {
            Step::Transcript(text) => {
                out.completion_start();
                out.text(Text::User, &text, Stop::PartialTurn);
            }
            Step::Speculative(text) => {
                out.completion_start();
                out.text(Text::Speculative, &text, Stop::PartialTurn);
            }
            Step::AudioStart => self.open = Some(out.audio_start()),
            Step::Audio(pcm) => self.send_audio(&pcm, out),
            Step::AudioEnd { stop, .. } => {
                if let Some(id) = self.open.take() {
                    out.audio_end(&id, stop);
                }
            }
            Step::Usage => out.usage(),
            Step::Final { text, stop, .. } => say_final(&text, stop, out),
            Step::Tool { name, id, input } => {
                out.completion_start();
                out.tool_use(&name, &id, &input);
            }
            Step::Event { name, members } => out.push(&name, members),
            Step::Fail(error) => return Err(error),
        }
        Ok(())
    }

    fn send_audio(&mut self, pcm: &[u8], out: &mut Outbox) {
        out.count(Tokens {
            output_speech: 1,
            ..Tokens::default()
        });
        if let Some(id) = &self.open {
            out.audio(id, pcm);
        }
        if let Some(left) = &mut self.interrupts_after {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.interrupts_after = None;
                self.interrupt(out);
            }
        }
    }

    fn close_audio(&mut self, out: &mut Outbox) {
        if let Some(id) = self.open.take() {
            out.audio_end(&id, Stop::EndTurn);
        }
    }
}

fn say_final(text: &str, stop: Stop, out: &mut Outbox) {
    out.count(Tokens {
        output_text: text_tokens(text),
        ..Tokens::default()
    });
    out.text(Text::Final, text, stop);
}
