//! The order of the protocol as a state machine; typed operations and raw events pass the same checks.

use std::collections::{HashMap, HashSet};

use crate::write::pieces::MAX_TEXT_BYTES;
use crate::write::refusal::Refusal;
use crate::{Dialect, SampleRate};

/// Milliseconds of audio that the audio block needs before text turns are heard (measured: 68 ms).
pub(super) const PRIMING_MS: u32 = 100;

/// One input event, as far as the order is concerned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    SessionStart { turn_detection: bool },
    PromptStart { prompt: &'a str },
    ContentStart { name: Name<'a>, block: Block<'a> },
    Text { name: Name<'a>, len: usize },
    Audio { name: Name<'a>, len: usize },
    ToolResult { name: Name<'a>, is_object: bool },
    ContentEnd { name: Name<'a> },
    PromptEnd { prompt: &'a str },
    SessionEnd,
}

/// The names that a content event carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    pub(super) prompt: &'a str,
    pub(super) content: &'a str,
}

/// What a content block is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block<'a> {
    System,
    SystemSpeech,
    User { interactive: bool },
    Assistant { interactive: bool },
    Audio { rate: SampleRate },
    ToolResult { tool_use_id: &'a str },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Tool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Started,
    Ended,
}

#[derive(Clone, Debug)]
enum Audio {
    None,
    Open {
        name: String,
        rate: SampleRate,
        fed: usize,
    },
    Closed,
}

#[derive(Clone, Debug)]
struct OpenBlock {
    name: String,
    kind: Kind,
    has_data: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    User,
    Assistant,
}

/// What has been sent, and with it what may come next.
#[derive(Clone, Debug)]
pub(super) struct Grammar {
    dialect: Dialect,
    phase: Phase,
    prompt: Option<String>,
    system: bool,
    system_speech: bool,
    history: Option<Said>,
    audio: Audio,
    block: Option<OpenBlock>,
    used_names: HashSet<String>,
    /// Tool uses by id; true when they have had their result.
    tool_uses: HashMap<String, bool>,
}

impl Grammar {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            phase: Phase::New,
            prompt: None,
            system: false,
            system_speech: false,
            history: None,
            audio: Audio::None,
            block: None,
            used_names: HashSet::new(),
            tool_uses: HashMap::new(),
        }
    }

    pub(super) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn prompt(&self) -> Option<&str> {
        self.prompt.as_deref()
    }

    pub(super) const fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    pub(super) const fn is_started(&self) -> bool {
        matches!(self.phase, Phase::Started)
    }

    /// Whether any turn of history has been sent.
    pub(super) const fn has_history(&self) -> bool {
        self.history.is_some()
    }

    pub(super) const fn audio_was_opened(&self) -> bool {
        !matches!(self.audio, Audio::None)
    }

    pub(super) const fn audio_is_closed(&self) -> bool {
        matches!(self.audio, Audio::Closed)
    }

    /// Audio of this many bytes went into the open block.
    pub(super) const fn fed(&mut self, len: usize) {
        if let Audio::Open { fed, .. } = &mut self.audio {
            *fed = fed.saturating_add(len);
        }
    }

    /// Milliseconds of audio in the open block.
    pub(super) const fn sent_audio_ms(&self) -> u64 {
        match &self.audio {
            Audio::Open { rate, fed, .. } => (*fed / rate.bytes_in_ms(1)) as u64,
            Audio::None | Audio::Closed => 0,
        }
    }

    /// The blocks that are open: a TEXT or TOOL block first, then the audio block.
    pub(super) fn open_blocks(&self) -> Vec<String> {
        let audio = match &self.audio {
            Audio::Open { name, .. } => Some(name.clone()),
            _ => None,
        };
        let block = self.block.as_ref().map(|block| block.name.clone());
        block.into_iter().chain(audio).collect()
    }

    /// The model called a tool: one result for this id may now be sent. An id that is known stays as it is.
    pub(super) fn tool_called(&mut self, id: &str) {
        if !self.tool_uses.contains_key(id) {
            self.tool_uses.insert(id.to_owned(), false);
        }
    }

    /// Ids of tool uses that have had no result.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = &str> {
        let open = self.tool_uses.iter().filter(|(_, answered)| !**answered);
        open.map(|(id, _)| id.as_str())
    }

    /// Checks a step, and takes it where it is allowed.
    pub(super) fn take(&mut self, step: Step<'_>) -> Result<(), Refusal> {
        self.check(step)?;
        self.apply(step);
        Ok(())
    }

    /// Whether this step may come next.
    pub(super) fn check(&self, step: Step<'_>) -> Result<(), Refusal> {
        match (self.phase, step) {
            (Phase::Ended, _) => return Err(Refusal::SessionClosed),
            (Phase::Started, Step::SessionStart { .. }) => {
                return Err(Refusal::SessionStartedTwice);
            }
            (Phase::New, Step::SessionStart { .. }) | (Phase::Started, _) => {}
            (Phase::New, _) => return Err(Refusal::SessionNotStarted),
        }
        match step {
            Step::SessionStart { turn_detection } => {
                self.needs_v2(turn_detection, "turn detection configuration")
            }
            Step::PromptStart { prompt } if self.prompt.is_none() => self.check_new_name(prompt),
            Step::PromptStart { .. } => Err(Refusal::PromptStartedTwice),
            Step::ContentStart { name, block } => self.check_start(name, block),
            Step::Text { name, len } => {
                self.check_block(name, Kind::Text)?;
                check(len <= MAX_TEXT_BYTES, Refusal::TextTooLong { len })
            }
            Step::Audio { name, len } => {
                check(self.block.is_none(), Refusal::AudioInsideBlock)?;
                self.check_audio(name)?;
                check(len % 2 == 0, Refusal::HalfSample { len })
            }
            Step::ToolResult { name, is_object } => {
                self.check_block(name, Kind::Tool)?;
                check(is_object, Refusal::ToolResultNotObject)
            }
            Step::ContentEnd { name } => self.check_end(name),
            Step::PromptEnd { prompt } => {
                self.check_prompt(prompt)?;
                check(self.open_blocks().is_empty(), Refusal::ContentsOpen)?;
                check(self.audio_was_opened(), Refusal::PromptWithoutAudio)
            }
            Step::SessionEnd => check(self.prompt.is_none(), Refusal::PromptOpen),
        }
    }

    fn check_start(&self, name: Name<'_>, block: Block<'_>) -> Result<(), Refusal> {
        self.check_prompt(name.prompt)?;
        check(self.block.is_none(), Refusal::BlockInsideBlock)?;
        check(
            self.system || block == Block::System,
            Refusal::SystemMissing,
        )?;
        match block {
            Block::System => check(!self.system, Refusal::SystemTwice)?,
            Block::SystemSpeech => {
                self.needs_v2(true, "SYSTEM_SPEECH block")?;
                let in_place =
                    !self.system_speech && !self.has_history() && !self.audio_was_opened();
                check(in_place, Refusal::SystemSpeechMisplaced)?;
            }
            Block::User { interactive: true } => {
                self.needs_v2(true, "text turns")?;
                self.check_fed(Refusal::TextBeforeAudio)?;
            }
            // Behind the start of the audio this is context for the model, which does not answer it.
            Block::User { interactive: false } if self.audio_was_opened() => {}
            Block::User { interactive: false } => {
                check(
                    self.history != Some(Said::User),
                    Refusal::HistoryNotAlternating,
                )?;
            }
            Block::Assistant { interactive: true } => return Err(Refusal::HistoryInteractive),
            Block::Assistant { interactive: false } => match self.history {
                _ if self.audio_was_opened() => return Err(Refusal::HistoryAfterAudio),
                None => return Err(Refusal::HistoryStartsWithAssistant),
                Some(Said::Assistant) => return Err(Refusal::HistoryNotAlternating),
                Some(Said::User) => {}
            },
            Block::Audio { .. } => check(!self.audio_was_opened(), Refusal::AudioOpenedTwice)?,
            Block::ToolResult { .. } if !self.audio_was_opened() => {
                return Err(Refusal::AudioNotOpen);
            }
            Block::ToolResult { tool_use_id } => match self.tool_uses.get(tool_use_id) {
                None => return Err(Refusal::ToolUseUnknown),
                Some(true) => return Err(Refusal::ToolResultTwice),
                Some(false) => {}
            },
        }
        self.check_new_name(name.content)
    }

    fn check_end(&self, name: Name<'_>) -> Result<(), Refusal> {
        self.check_prompt(name.prompt)?;
        match (&self.block, &self.audio) {
            (Some(block), _) if block.name == name.content => {
                check(block.has_data, Refusal::ContentEmpty)
            }
            (
                _,
                Audio::Open {
                    name: audio, fed, ..
                },
            ) if audio == name.content => check(*fed > 0, Refusal::AudioNotFed),
            _ => Err(Refusal::ContentNotOpen),
        }
    }

    fn check_audio(&self, name: Name<'_>) -> Result<(), Refusal> {
        self.check_prompt(name.prompt)?;
        match &self.audio {
            Audio::Open { name: audio, .. } if audio == name.content => Ok(()),
            Audio::Open { .. } => Err(Refusal::ContentNotOpen),
            Audio::None | Audio::Closed => Err(Refusal::AudioNotOpen),
        }
    }

    fn check_fed(&self, not_open: Refusal) -> Result<(), Refusal> {
        match &self.audio {
            Audio::Open { rate, fed, .. } => {
                check(*fed >= rate.bytes_in_ms(PRIMING_MS), Refusal::AudioNotFed)
            }
            Audio::None | Audio::Closed => Err(not_open),
        }
    }

    fn check_block(&self, name: Name<'_>, kind: Kind) -> Result<(), Refusal> {
        self.check_prompt(name.prompt)?;
        let open = self.block.as_ref();
        let found = open.is_some_and(|block| block.name == name.content && block.kind == kind);
        check(found, Refusal::ContentNotOpen)
    }

    fn check_prompt(&self, prompt: &str) -> Result<(), Refusal> {
        check(
            self.prompt.as_deref() == Some(prompt),
            Refusal::PromptNotOpen,
        )
    }

    fn check_new_name(&self, name: &str) -> Result<(), Refusal> {
        check(
            !name.is_empty() && !self.used_names.contains(name),
            Refusal::NameReused,
        )
    }

    fn needs_v2(&self, asked: bool, what: &'static str) -> Result<(), Refusal> {
        check(
            !asked || self.dialect != Dialect::V1,
            Refusal::NotInV1 { what },
        )
    }

    /// Takes a step that was checked.
    pub(super) fn apply(&mut self, step: Step<'_>) {
        match step {
            Step::SessionStart { .. } => self.phase = Phase::Started,
            Step::PromptStart { prompt } => {
                self.used_names.insert(prompt.to_owned());
                self.prompt = Some(prompt.to_owned());
                self.system = false;
                self.system_speech = false;
                self.history = None;
                self.audio = Audio::None;
            }
            Step::ContentStart { name, block } => self.start(name.content, block),
            Step::Text { .. } | Step::ToolResult { .. } => {
                if let Some(block) = &mut self.block {
                    block.has_data = true;
                }
            }
            Step::Audio { len, .. } => self.fed(len),
            Step::ContentEnd { name } => match &self.block {
                Some(block) if block.name == name.content => self.block = None,
                _ => self.audio = Audio::Closed,
            },
            Step::PromptEnd { .. } => self.prompt = None,
            Step::SessionEnd => self.phase = Phase::Ended,
        }
    }

    fn start(&mut self, name: &str, block: Block<'_>) {
        self.used_names.insert(name.to_owned());
        let before_audio = !self.audio_was_opened();
        let mut kind = Kind::Text;
        match block {
            Block::System => self.system = true,
            Block::SystemSpeech => self.system_speech = true,
            Block::User { .. } if before_audio => self.history = Some(Said::User),
            Block::User { .. } => {}
            Block::Assistant { .. } => self.history = Some(Said::Assistant),
            Block::Audio { rate } => {
                self.audio = Audio::Open {
                    name: name.to_owned(),
                    rate,
                    fed: 0,
                };
                return;
            }
            Block::ToolResult { tool_use_id } => {
                self.tool_uses.insert(tool_use_id.to_owned(), true);
                kind = Kind::Tool;
            }
        }
        self.block = Some(OpenBlock {
            name: name.to_owned(),
            kind,
            has_data: false,
        });
    }
}

fn check(holds: bool, otherwise: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(otherwise) }
}
