//! The one writer of a session's input: typed operations in, finished frames out.

use bedrock_wire::ChunkWriter;
use bytes::BytesMut;

use crate::write::audio::AudioBlock;
use crate::write::command::{
    Command, ContentName, ContentStart, Data, Envelope, PromptStart, SessionStart,
};
use crate::write::grammar::{Block, Grammar, Name, PRIMING_MS, Step};
use crate::write::pieces::pieces;
use crate::write::raw::RawEvent;
use crate::write::{History, HistoryRole, Refusal};
use crate::{Dialect, Names, SampleRate, Setup, ToolChoice, ToolResult};

/// Writes the input of one session (one leg) in the order that the protocol allows.
///
/// Each operation appends one or more finished, unsealed frames to a buffer of the caller's, behind whatever stands
/// there, or is refused and leaves buffer and state as they were. TEXT and TOOL blocks are written whole, so nothing
/// can come between their parts. [`audio`](Self::audio) is always one frame: leave the sealer's headroom, write, seal
/// in place. The others go through [`seal_frames`](bedrock_wire::seal_frames).
///
/// ```text
/// new ── open ──> opened ── history? ──> ── open_audio ──> talking ── close ──> closed
///                                                           audio  text  tool_result
/// ```
#[derive(Debug)]
pub struct Writer {
    grammar: Grammar,
    names: Names,
    chunks: ChunkWriter,
    audio: Option<AudioBlock>,
    /// The JSON of the audio in hand; kept, so that steady audio allocates nothing.
    json: Vec<u8>,
}

impl Writer {
    /// Most bytes of audio in one event. Clients send 32 ms (1,024 bytes at 16 kHz); the service's limit is on the event.
    pub const MAX_AUDIO_BYTES: usize = 700_000;

    /// A writer for a new session with a model of this dialect.
    #[must_use]
    pub fn new(dialect: Dialect, names: Names) -> Self {
        Self {
            grammar: Grammar::new(dialect),
            names,
            chunks: ChunkWriter::new(),
            audio: None,
            json: Vec::new(),
        }
    }

    /// Opens the session: `sessionStart`, `promptStart`, the SYSTEM block and, where given, the `SYSTEM_SPEECH` block.
    ///
    /// # Errors
    /// Where the session is open or closed, or a setting would end it.
    pub fn open(&mut self, setup: &Setup, out: &mut BytesMut) -> Result<(), Refusal> {
        self.check_setup(setup)?;
        self.all_or_nothing(out, |this, out| {
            let turn_detection = setup.session.endpointing.is_some();
            this.grammar.take(Step::SessionStart { turn_detection })?;
            this.put(
                Command::SessionStart(SessionStart::new(&setup.session)),
                out,
            )?;
            let prompt = this.names.next_name();
            this.grammar.take(Step::PromptStart { prompt: &prompt })?;
            this.put(
                Command::PromptStart(PromptStart::new(&prompt, &setup.prompt)),
                out,
            )?;
            this.put_text(Block::System, &setup.system, out)?;
            match &setup.system_speech {
                Some(text) => this.put_text(Block::SystemSpeech, text, out),
                None => Ok(()),
            }
        })
    }

    /// Sends what was said before: once, before the audio. An empty history sends nothing.
    ///
    /// # Errors
    /// Where the session is not open, history was sent before, or the audio block has been opened.
    pub fn history(&mut self, history: &History, out: &mut BytesMut) -> Result<(), Refusal> {
        if self.grammar.has_history() {
            return Err(Refusal::HistoryTwice);
        }
        if self.grammar.audio_was_opened() {
            return Err(Refusal::HistoryAfterAudio);
        }
        self.all_or_nothing(out, |this, out| {
            for (role, text) in history.turns() {
                let block = match role {
                    HistoryRole::User => Block::User { interactive: false },
                    HistoryRole::Assistant => Block::Assistant { interactive: false },
                };
                this.put_text(block, text, out)?;
            }
            Ok(())
        })
    }

    /// Opens the one audio block and primes it with 100 ms of silence: without audio in it text turns are not heard and
    /// it cannot be closed. Best done after the response headers have come.
    ///
    /// # Errors
    /// Where the session is not open or the audio block was opened before.
    pub fn open_audio(&mut self, rate: SampleRate, out: &mut BytesMut) -> Result<(), Refusal> {
        self.all_or_nothing(out, |this, out| {
            let prompt = this.open_prompt()?;
            let content = this.names.next_name();
            let name = name(&prompt, &content);
            let block = Block::Audio { rate };
            this.grammar.take(Step::ContentStart { name, block })?;
            let start = ContentStart::audio(content_name(name), rate);
            this.put(Command::ContentStart(start), out)?;
            this.audio = Some(AudioBlock::new(&prompt, content, rate));
            this.silence(PRIMING_MS, out)
        })
    }

    /// Sends audio: 16-bit little-endian mono PCM at the rate of [`open_audio`](Self::open_audio). One frame; none where `pcm` is empty.
    ///
    /// # Errors
    /// Where the audio block is not open, a sample is cut in half, or there is more than [`MAX_AUDIO_BYTES`](Self::MAX_AUDIO_BYTES).
    pub fn audio(&mut self, pcm: &[u8], out: &mut BytesMut) -> Result<(), Refusal> {
        let (Some(audio), Some(prompt)) = (&self.audio, self.grammar.prompt()) else {
            return Err(self.closed_or(Refusal::AudioNotOpen));
        };
        let step = Step::Audio {
            name: name(prompt, &audio.name),
            len: pcm.len(),
        };
        self.grammar.check(step)?;
        if pcm.len() > Self::MAX_AUDIO_BYTES {
            return Err(Refusal::EventTooLong { len: pcm.len() });
        }
        if pcm.is_empty() {
            return Ok(());
        }
        audio.event(pcm, &mut self.json);
        self.chunks
            .write(&self.json, out)
            .map_err(|_| Refusal::EventTooLong { len: pcm.len() })?;
        self.grammar.fed(pcm.len());
        Ok(())
    }

    /// Sends silence of this many milliseconds, as one frame: a muted microphone must not leave a gap of 55 s.
    ///
    /// # Errors
    /// As [`audio`](Self::audio).
    pub fn silence(&mut self, ms: u32, out: &mut BytesMut) -> Result<(), Refusal> {
        let rate = self
            .audio
            .as_ref()
            .map_or(SampleRate::Hz16000, |audio| audio.rate);
        self.audio(&vec![0; rate.bytes_in_ms(ms)], out)
    }

    /// Sends a text turn of the user, which the model answers in speech.
    ///
    /// # Errors
    /// Where the audio block is not open, or the model is of the first generation.
    pub fn text(&mut self, text: &str, out: &mut BytesMut) -> Result<(), Refusal> {
        self.block_of_text(Block::User { interactive: true }, text, out)
    }

    /// Sends text of the user that the model should know but not answer (its effect in mid-session is not documented).
    ///
    /// # Errors
    /// Where the audio block is not open.
    pub fn context(&mut self, text: &str, out: &mut BytesMut) -> Result<(), Refusal> {
        if self.audio.is_none() {
            return Err(self.closed_or(Refusal::TextBeforeAudio));
        }
        self.block_of_text(Block::User { interactive: false }, text, out)
    }

    /// Says that the model called a tool in this session: one result for this id may now be sent.
    pub fn tool_called(&mut self, tool_use_id: &str) {
        self.grammar.tool_called(tool_use_id);
    }

    /// Sends the one result of a tool use.
    ///
    /// # Errors
    /// Where the model has not called by this id in this session (see [`tool_called`](Self::tool_called)), or the result was sent before.
    pub fn tool_result(
        &mut self,
        tool_use_id: &str,
        result: &ToolResult,
        out: &mut BytesMut,
    ) -> Result<(), Refusal> {
        self.all_or_nothing(out, |this, out| {
            let prompt = this.open_prompt()?;
            let content = this.names.next_name();
            let name = name(&prompt, &content);
            let block = Block::ToolResult { tool_use_id };
            this.grammar.take(Step::ContentStart { name, block })?;
            let start = ContentStart::tool_result(content_name(name), tool_use_id);
            this.put(Command::ContentStart(start), out)?;
            let is_object = true;
            this.grammar.take(Step::ToolResult { name, is_object })?;
            let result = result.to_json();
            let data = Data {
                name: content_name(name),
                content: &result,
            };
            this.put(Command::ToolResult(data), out)?;
            this.end_content(name, out)
        })
    }

    /// Ends all that is open, in order: blocks, prompt, session. The signed end of the stream comes after it, from the
    /// sealer. A session that was closed before, or never opened, needs nothing.
    ///
    /// An early end of the prompt suppresses output that is still to come.
    ///
    /// # Errors
    /// None in practice: only where an event cannot be encoded.
    pub fn close(&mut self, out: &mut BytesMut) -> Result<(), Refusal> {
        if !self.grammar.is_started() {
            return Ok(());
        }
        if self.grammar.prompt().is_some() && !self.grammar.audio_was_opened() {
            // A prompt without audio cannot be ended.
            self.open_audio(SampleRate::Hz16000, out)?;
        }
        self.all_or_nothing(out, |this, out| {
            if let Some(prompt) = this.grammar.prompt().map(str::to_owned) {
                for content in this.grammar.open_blocks() {
                    let name = name(&prompt, &content);
                    this.put(Command::ContentEnd(content_name(name)), out)?;
                    this.grammar.apply(Step::ContentEnd { name });
                }
                let prompt_name = prompt.as_str();
                this.put(Command::PromptEnd { prompt_name }, out)?;
                this.grammar.apply(Step::PromptEnd { prompt: &prompt });
            }
            this.put(Command::SessionEnd {}, out)?;
            this.grammar.apply(Step::SessionEnd);
            this.audio = None;
            Ok(())
        })
    }

    /// Sends an event that the caller made, `{"event": {"<name>": {…}}}`, under the same rules.
    ///
    /// # Errors
    /// Where it is not such an event, or breaks a rule.
    pub fn raw(&mut self, json: &str, out: &mut BytesMut) -> Result<(), Refusal> {
        let event = RawEvent::parse(json.as_bytes())?;
        let step = event.step()?;
        self.grammar.check(step)?;
        self.put_json(json.as_bytes(), out)?;
        self.grammar.apply(step);
        match step {
            Step::ContentStart {
                name,
                block: Block::Audio { rate },
            } => self.audio = Some(AudioBlock::new(name.prompt, name.content.to_owned(), rate)),
            _ if self.grammar.audio_is_closed() => self.audio = None,
            _ => {}
        }
        Ok(())
    }

    /// Sends whatever the caller made as one event, and learns nothing from it: the rules do not see it.
    ///
    /// # Errors
    /// Where it is over 1,000,000 bytes.
    pub fn raw_unchecked(&mut self, json: &str, out: &mut BytesMut) -> Result<(), Refusal> {
        self.put_json(json.as_bytes(), out)
    }

    /// The rate of the open audio block.
    #[must_use]
    pub fn input_rate(&self) -> Option<SampleRate> {
        self.audio.as_ref().map(|audio| audio.rate)
    }

    /// Milliseconds of audio that went out, the priming silence included: the clock of `inputAudioOffsetMs`.
    #[must_use]
    pub fn sent_audio_ms(&self) -> u64 {
        self.grammar.sent_audio_ms()
    }

    /// Whether [`close`](Self::close) has been done: nothing more may be written.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.grammar.is_ended()
    }

    /// Ids of tool uses that have had no result.
    pub fn unanswered_tool_uses(&self) -> impl Iterator<Item = &str> {
        self.grammar.unanswered()
    }

    fn check_setup(&self, setup: &Setup) -> Result<(), Refusal> {
        let inference = &setup.session.inference;
        let unit = 0.0..=1.0;
        let setting = if inference.max_tokens == 0 {
            Some("maxTokens")
        } else if !unit.contains(&inference.top_p) {
            Some("topP")
        } else if !unit.contains(&inference.temperature) {
            Some("temperature")
        } else {
            None
        };
        if let Some(setting) = setting {
            return Err(Refusal::InferenceOutOfRange { setting });
        }
        if self.grammar.dialect() == Dialect::V1 && setup.system_speech.is_some() {
            return Err(Refusal::NotInV1 {
                what: "SYSTEM_SPEECH block",
            });
        }
        let tools = &setup.prompt.tools;
        let twice = tools.iter().enumerate().find(|(at, tool)| {
            tools
                .iter()
                .take(*at)
                .any(|earlier| earlier.name() == tool.name())
        });
        let unknown = match &setup.prompt.tool_choice {
            ToolChoice::Tool(name) if !tools.iter().any(|tool| tool.name() == name) => Some(name),
            _ => None,
        };
        match twice
            .map(|(_, tool)| tool.name())
            .or(unknown.map(String::as_str))
        {
            Some(name) => Err(Refusal::Tools {
                name: name.to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn block_of_text(
        &mut self,
        block: Block<'_>,
        text: &str,
        out: &mut BytesMut,
    ) -> Result<(), Refusal> {
        self.all_or_nothing(out, |this, out| this.put_text(block, text, out))
    }

    fn put_text(
        &mut self,
        block: Block<'_>,
        text: &str,
        out: &mut BytesMut,
    ) -> Result<(), Refusal> {
        let (role, interactive) = match block {
            Block::System => ("SYSTEM", false),
            Block::SystemSpeech => ("SYSTEM_SPEECH", false),
            Block::Assistant { interactive } => ("ASSISTANT", interactive),
            Block::User { interactive } => ("USER", interactive),
            Block::Audio { .. } | Block::ToolResult { .. } => return Err(Refusal::NotAnEvent),
        };
        let prompt = self.open_prompt()?;
        let content = self.names.next_name();
        let name = name(&prompt, &content);
        self.grammar.take(Step::ContentStart { name, block })?;
        let start = ContentStart::text(content_name(name), role, interactive);
        self.put(Command::ContentStart(start), out)?;
        for piece in pieces(text) {
            let len = piece.len();
            self.grammar.take(Step::Text { name, len })?;
            let data = Data {
                name: content_name(name),
                content: piece,
            };
            self.put(Command::TextInput(data), out)?;
        }
        self.end_content(name, out)
    }

    fn end_content(&mut self, name: Name<'_>, out: &mut BytesMut) -> Result<(), Refusal> {
        self.grammar.take(Step::ContentEnd { name })?;
        self.put(Command::ContentEnd(content_name(name)), out)
    }

    fn open_prompt(&self) -> Result<String, Refusal> {
        match self.grammar.prompt() {
            Some(prompt) => Ok(prompt.to_owned()),
            None if self.grammar.is_started() => Err(Refusal::PromptNotOpen),
            None => Err(self.closed_or(Refusal::SessionNotStarted)),
        }
    }

    fn closed_or(&self, refusal: Refusal) -> Refusal {
        if self.is_closed() {
            Refusal::SessionClosed
        } else {
            refusal
        }
    }

    /// Runs an operation of several events; where it is refused, buffer and state are as they were.
    fn all_or_nothing(
        &mut self,
        out: &mut BytesMut,
        operation: impl FnOnce(&mut Self, &mut BytesMut) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let (len, grammar, names) = (out.len(), self.grammar.clone(), self.names.clone());
        let had_audio = self.audio.is_some();
        let result = operation(self, out);
        if result.is_err() {
            out.truncate(len);
            self.grammar = grammar;
            self.names = names;
            if !had_audio {
                self.audio = None;
            }
        }
        result
    }

    fn put(&self, event: Command<'_>, out: &mut BytesMut) -> Result<(), Refusal> {
        let json = serde_json::to_vec(&Envelope { event }).map_err(|_| Refusal::NotAnEvent)?;
        self.put_json(&json, out)
    }

    fn put_json(&self, json: &[u8], out: &mut BytesMut) -> Result<(), Refusal> {
        let too_long = Refusal::EventTooLong { len: json.len() };
        if json.len() > ChunkWriter::MAX_BYTES {
            return Err(too_long);
        }
        self.chunks.write(json, out).map_err(|_| too_long)
    }
}

const fn name<'a>(prompt: &'a str, content: &'a str) -> Name<'a> {
    Name { prompt, content }
}

const fn content_name(name: Name<'_>) -> ContentName<'_> {
    ContentName {
        prompt_name: name.prompt,
        content_name: name.content,
    }
}
