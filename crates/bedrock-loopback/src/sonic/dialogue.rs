//! The conversation itself: listens, tells the persona what happened, and lets it speak.

use tokio::time::Instant;

use super::audio;
use super::ear::{Ear, Heard, Utterance};
use super::echo::Echo;
use super::event::Sensitivity;
use super::grammar::Act;
use super::output::Outbox;
use super::quirks::Quirks;
use super::script::Script;
use super::speech::{Line, Pace, Speech};
use super::usage::{Tokens, speech_tokens, text_tokens};
use crate::service_error::ServiceError;

/// Audio that must have come before an interactive text is answered (measured on the service: 68 ms).
const FED_MILLIS: u64 = 68;

/// What happened, as a persona is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cue {
    PromptStart,
    AudioStart,
    SpeechStart,
    SpeechEnd,
    /// The user has said something, at so many Hz, and waits for an answer.
    Turn(Utterance, u32),
    /// The user has written something.
    Text(String),
    ToolResult {
        tool_use_id: String,
        result: serde_json::Value,
    },
    AudioEnd,
}

/// Who answers.
#[derive(Debug)]
pub(super) enum Persona {
    Echo(Echo),
    Script(Script),
}

/// One session's conversation.
#[derive(Debug)]
pub(super) struct Dialogue {
    persona: Persona,
    sensitivity: Option<Sensitivity>,
    speech: Speech,
    ear: Option<Ear>,
    input_rate: u32,
    fed: usize,
    /// Texts that wait for the container to be fed.
    waiting: Vec<String>,
}

impl Dialogue {
    pub(super) fn new(pace: Pace, quirks: Quirks, script: Option<Script>) -> Self {
        Self {
            persona: script.map_or_else(|| Persona::Echo(Echo::new(quirks)), Persona::Script),
            sensitivity: None,
            speech: Speech::new(pace, quirks.interrupts_after),
            ear: None,
            input_rate: 16_000,
            fed: 0,
            waiting: Vec::new(),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let script = match &self.persona {
            Persona::Script(script) => script.deadline(),
            Persona::Echo(_) => None,
        };
        [self.speech.deadline(), script].into_iter().flatten().min()
    }

    pub(super) fn on_timer(&mut self, now: Instant, out: &mut Outbox) -> Result<(), ServiceError> {
        if let Persona::Script(script) = &mut self.persona {
            let lines = script.on_timer(now, out.output_rate());
            self.speech.perform(now, lines, out.output_rate());
        }
        self.speech.deliver(now, out)
    }

    /// Takes one act of the client. True where the user is speaking or wrote.
    pub(super) fn on_act(
        &mut self,
        now: Instant,
        act: Act,
        out: &mut Outbox,
    ) -> Result<bool, ServiceError> {
        match act {
            Act::SessionStarted { sensitivity } => self.sensitivity = sensitivity,
            Act::PromptStarted { name, output_rate } => {
                out.prompt(name, output_rate);
                self.cue(now, &Cue::PromptStart, out)?;
            }
            Act::Context { bytes } => count_text(out, bytes),
            Act::AudioOpened { rate } => {
                self.input_rate = rate;
                self.ear = Some(Ear::new(rate, self.sensitivity));
                self.fed = 0;
                self.cue(now, &Cue::AudioStart, out)?;
            }
            Act::Audio { samples } => return self.on_audio(now, &samples, out),
            Act::AudioClosed => {
                self.ear = None;
                self.cue(now, &Cue::AudioEnd, out)?;
            }
            Act::TextTurn { text } => {
                count_text(out, text.len());
                self.waiting.push(text);
                self.answer_texts(now, out)?;
                return Ok(true);
            }
            Act::ToolResult {
                tool_use_id,
                result,
            } => {
                let input_text = text_tokens(&result.to_string());
                out.count(Tokens {
                    input_text,
                    ..Tokens::default()
                });
                let cue = Cue::ToolResult {
                    tool_use_id,
                    result,
                };
                self.cue(now, &cue, out)?;
            }
            Act::PromptEnded => {
                self.speech.stop(out);
                out.completion_end();
            }
            Act::SessionEnded => {}
        }
        Ok(false)
    }

    fn on_audio(
        &mut self,
        now: Instant,
        samples: &[i16],
        out: &mut Outbox,
    ) -> Result<bool, ServiceError> {
        self.fed += samples.len();
        self.answer_texts(now, out)?;
        let heard = self.ear.as_mut().map(|ear| ear.hear(samples));
        for heard in heard.unwrap_or_default() {
            match heard {
                Heard::SpeechStart { at } => {
                    out.speech_start(at);
                    self.interrupt(out);
                    self.cue(now, &Cue::SpeechStart, out)?;
                }
                Heard::SpeechEnd { at, detected } => {
                    out.speech_end(at, detected);
                    self.cue(now, &Cue::SpeechEnd, out)?;
                }
                Heard::Turn(utterance) => {
                    let input_speech = speech_tokens(utterance.speech_millis());
                    out.count(Tokens {
                        input_speech,
                        ..Tokens::default()
                    });
                    let cue = Cue::Turn(utterance, self.input_rate);
                    self.cue(now, &cue, out)?;
                }
            }
        }
        Ok(self.ear.as_ref().is_some_and(Ear::is_hearing_speech))
    }

    fn answer_texts(&mut self, now: Instant, out: &mut Outbox) -> Result<(), ServiceError> {
        if audio::millis(self.fed, self.input_rate) < FED_MILLIS {
            return Ok(());
        }
        for text in std::mem::take(&mut self.waiting) {
            self.interrupt(out);
            self.cue(now, &Cue::Text(text), out)?;
        }
        Ok(())
    }

    fn interrupt(&mut self, out: &mut Outbox) {
        if self.speech.is_speaking() {
            self.speech.interrupt(out);
        }
    }

    /// Tells the persona and performs what it answers.
    fn cue(&mut self, now: Instant, cue: &Cue, out: &mut Outbox) -> Result<(), ServiceError> {
        let rate = out.output_rate();
        let lines: Vec<Line> = match &mut self.persona {
            Persona::Echo(echo) => echo.answer(cue, out, rate),
            Persona::Script(script) => script.on_cue(now, cue, rate)?,
        };
        self.speech.perform(now, lines, rate);
        self.speech.deliver(now, out)
    }
}

fn count_text(out: &mut Outbox, bytes: usize) {
    let input_text = (bytes as u64).div_ceil(4);
    out.count(Tokens {
        input_text,
        ..Tokens::default()
    });
}
