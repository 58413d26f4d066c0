//! The assistant speaking: text before its audio, audio faster than real time, final text when it has been played.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::audio;
use super::output::{Outbox, Stop, Text};
use super::usage::{Tokens, text_tokens};

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

#[derive(Debug)]
enum Step {
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

    /// Plans a reply. Order as recorded: text and audio of each sentence, `END_TURN` on the last audio; then the final texts,
    /// paced to playback, `END_TURN` on the first of them.
    pub(super) fn say(&mut self, now: Instant, sentences: Vec<Sentence>, rate: u32) {
        let last = sentences.len().saturating_sub(1);
        let mut sent = now + self.pace.latency;
        let mut played = sent;
        let mut finals = Vec::new();
        for (at, Sentence { text, samples }) in sentences.into_iter().enumerate() {
            let stop = if at == last {
                Stop::EndTurn
            } else {
                Stop::PartialTurn
            };
            self.plan(sent, Step::Speculative(text.clone()));
            self.plan(sent, Step::AudioStart);
            played += Duration::from_millis(audio::millis(samples.len(), rate));
            let chunk_len = usize::try_from(CHUNK_MILLIS * u64::from(rate) / 1000).unwrap_or(1);
            let spacing = Duration::from_millis(CHUNK_MILLIS).div_f64(self.pace.speed);
            for chunk in samples.chunks(chunk_len) {
                self.plan(sent, Step::Audio(audio::bytes(chunk)));
                sent += spacing;
            }
            self.plan(sent, Step::AudioEnd { sentence: at, stop });
            finals.push((played, at, text));
        }
        self.plan(sent, Step::Usage);
        for (played, sentence, text) in finals {
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

    /// Sends what is due.
    pub(super) fn deliver(&mut self, now: Instant, out: &mut Outbox) {
        while self.steps.front().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, step)) = self.steps.pop_front() {
                self.take(step, out);
            }
        }
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
                Step::Final { sentence, .. } if !unsaid.contains(&sentence) => self.take(step, out),
                _ => {}
            }
        }
        out.usage();
    }

    fn plan(&mut self, due: Instant, step: Step) {
        self.steps.push_back((due, step));
    }

    fn take(&mut self, step: Step, out: &mut Outbox) {
        match step {
            Step::Speculative(text) => {
                out.completion_start();
                out.text(Text::Speculative, &text, Stop::PartialTurn);
            }
            Step::AudioStart => self.open = Some(out.audio_start()),
            Step::Audio(pcm) => {
                out.count(Tokens {
                    output_speech: 1,
                    ..Tokens::default()
                });
                if let Some(id) = &self.open {
                    out.audio(id, &pcm);
                }
                if let Some(left) = &mut self.interrupts_after {
                    *left = left.saturating_sub(1);
                    if *left == 0 {
                        self.interrupts_after = None;
                        self.interrupt(out);
                    }
                }
            }
            Step::AudioEnd { stop, .. } => {
                if let Some(id) = self.open.take() {
                    out.audio_end(&id, stop);
                }
            }
            Step::Usage => out.usage(),
            Step::Final { text, stop, .. } => {
                out.count(Tokens {
                    output_text: text_tokens(&text),
                    ..Tokens::default()
                });
                out.text(Text::Final, &text, stop);
            }
        }
    }

    fn close_audio(&mut self, out: &mut Outbox) {
        if let Some(id) = self.open.take() {
            out.audio_end(&id, Stop::EndTurn);
        }
    }
}
