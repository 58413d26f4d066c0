//! The built-in persona: says back what it heard. Its texts claim nothing that it does not know: it measures speech, it does
//! not understand it.

use tokio::time::Instant;

use super::audio;
use super::ear::{Ear, Heard, Utterance};
use super::event::Sensitivity;
use super::grammar::Act;
use super::output::{Outbox, Stop, Text};
use super::quirks::Quirks;
use super::speech::{Pace, Sentence, Speech};
use super::usage::{Tokens, speech_tokens, text_tokens};

/// Audio that must have come before an interactive text is answered (measured on the service: 68 ms).
const FED_MILLIS: u64 = 68;

/// Echoes speech, answers text with a tone.
#[derive(Debug)]
pub(super) struct Echo {
    quirks: Quirks,
    sensitivity: Option<Sensitivity>,
    speech: Speech,
    ear: Option<Ear>,
    input_rate: u32,
    fed: usize,
    /// Texts that wait for the container to be fed, by their length in characters.
    waiting: Vec<usize>,
}

impl Echo {
    pub(super) const fn new(pace: Pace, quirks: Quirks) -> Self {
        Self {
            quirks,
            sensitivity: None,
            speech: Speech::new(pace, quirks.interrupts_after),
            ear: None,
            input_rate: 16_000,
            fed: 0,
            waiting: Vec::new(),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.speech.deadline()
    }

    pub(super) fn on_timer(&mut self, now: Instant, out: &mut Outbox) {
        self.speech.deliver(now, out);
    }

    /// Takes one act of the client. True where the user is speaking or wrote.
    pub(super) fn on_act(&mut self, now: Instant, act: Act, out: &mut Outbox) -> bool {
        match act {
            Act::SessionStarted { sensitivity } => self.sensitivity = sensitivity,
            Act::PromptStarted { name, output_rate } => out.prompt(name, output_rate),
            Act::Context { bytes } => {
                let input_text = (bytes as u64).div_ceil(4);
                out.count(Tokens {
                    input_text,
                    ..Tokens::default()
                });
            }
            Act::AudioOpened { rate } => {
                self.input_rate = rate;
                self.ear = Some(Ear::new(rate, self.sensitivity));
                self.fed = 0;
            }
            Act::Audio { samples } => return self.on_audio(now, &samples, out),
            Act::AudioClosed => self.ear = None,
            Act::TextTurn { text } => {
                let input_text = text_tokens(&text);
                out.count(Tokens {
                    input_text,
                    ..Tokens::default()
                });
                self.waiting.push(text.chars().count());
                self.answer_texts(now, out);
                return true;
            }
            Act::ToolResult { .. } | Act::SessionEnded => {}
            Act::PromptEnded => {
                self.speech.stop(out);
                out.completion_end();
            }
        }
        false
    }

    fn on_audio(&mut self, now: Instant, samples: &[i16], out: &mut Outbox) -> bool {
        self.fed += samples.len();
        self.answer_texts(now, out);
        let heard = self
            .ear
            .as_mut()
            .map(|ear| ear.hear(samples))
            .unwrap_or_default();
        for heard in heard {
            match heard {
                Heard::SpeechStart { at } => {
                    out.speech_start(at);
                    if self.speech.is_speaking() {
                        self.speech.interrupt(out);
                    }
                }
                Heard::SpeechEnd { at, detected } => out.speech_end(at, detected),
                Heard::Turn(utterance) => self.answer_speech(now, &utterance, out),
            }
        }
        self.ear.as_ref().is_some_and(Ear::is_hearing_speech)
    }

    fn answer_speech(&mut self, now: Instant, utterance: &Utterance, out: &mut Outbox) {
        let input_speech = speech_tokens(utterance.speech_millis());
        let heard = if self.quirks.empty_transcript {
            String::new()
        } else {
            let seconds = seconds_of_speech(utterance.speech_millis());
            format!("({seconds}, words not recognised)")
        };
        out.text(Text::User, &heard, Stop::PartialTurn);
        out.count(Tokens {
            input_speech,
            ..Tokens::default()
        });
        out.usage();
        let parts = utterance.segments.len();
        let rate = out.output_rate();
        let sentences = utterance.segments.iter().enumerate().map(|(at, segment)| {
            let heard = seconds_of_speech(segment.end - segment.start);
            let part = if parts > 1 {
                format!("Part {} of {parts}: ", at + 1)
            } else {
                String::new()
            };
            Sentence {
                text: format!("{part}I heard {heard} and echo it."),
                samples: audio::resample(&segment.samples, self.input_rate, rate),
            }
        });
        let sentences = sentences.collect();
        self.reply(now, sentences, out);
    }

    fn answer_texts(&mut self, now: Instant, out: &mut Outbox) {
        if audio::millis(self.fed, self.input_rate) < FED_MILLIS {
            return;
        }
        for characters in std::mem::take(&mut self.waiting) {
            if self.speech.is_speaking() {
                self.speech.interrupt(out);
            }
            let sentence = Sentence {
                text: format!("I read a text of {characters} characters and answer with a tone."),
                samples: audio::tone(600, out.output_rate()),
            };
            self.reply(now, vec![sentence], out);
        }
    }

    fn reply(&mut self, now: Instant, sentences: Vec<Sentence>, out: &mut Outbox) {
        self.speech.say(now, sentences, out.output_rate());
        self.speech.deliver(now, out);
    }
}

fn seconds_of_speech(millis: u64) -> String {
    format!(
        "{}.{} seconds of speech",
        millis / 1000,
        millis % 1000 / 100
    )
}
