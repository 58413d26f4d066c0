//! The order of a session's events. Where the service's refusal is known, its words are used; where it is not, the
//! grammar warns, and refuses only when strict. Sources stand beside each rule as the reports that measured it.

use serde_json::Value;

use super::audio;
use super::event::{
    ContentKind, ContentStart, InputEvent, Place, PromptStart, Role, Sensitivity, SessionStart,
    invalid,
};
use super::limits::Limits;
use super::prompt::{AudioContainer, Block, Prompt, ToolUse, find};
use crate::service_error::{ErrorKind, ServiceError};

const HISTORY_FIRST: &str = "Chat history should be sent completely before streaming audio.";
const HISTORY_TOO_LONG: &str = "Chat history is over max limit. Trim chat history and try again.";
const DUPLICATE_SYSTEM: &str =
    "Duplicate SYSTEM content. SYSTEM content can only be provided once per prompt";
const STILL_OPEN: &str = "All contents must be closed before ending prompt";
const UNEXPECTED: &str =
    "The system encountered an unexpected error during processing. Try your request again.";
const TOOL_RESPONSE: &str = "Tool Response parsing error";
const TOOL_MEDIA_TYPE: &str = "Tool result media type must be one of: [text/plain]";

/// The rates of PCM16, in Hz, in and out.
const RATES: [u32; 3] = [8_000, 16_000, 24_000];

/// Voices of version 2 and 2.5, and those that only version 1 had.
const VOICES: [&str; 17] = [
    "tiffany", "matthew", "amy", "olivia", "kiara", "arjun", "ambre", "florian", "beatrice",
    "lorenzo", "tina", "lennart", "lupe", "carlos", "carolina", "leo", "greta",
];

/// Bytes of all content names of a prompt together.
const MAX_NAMES: usize = 1 << 20;

/// What an event means once it is in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    SessionStarted { sensitivity: Option<Sensitivity> },
    PromptStarted { name: String, output_rate: u32 },
    Context { bytes: usize },
    TextTurn { text: String },
    AudioOpened { rate: u32 },
    Audio { samples: Vec<i16> },
    AudioClosed,
    ToolResult { tool_use_id: String, result: Value },
    PromptEnded,
    SessionEnded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opening,
    Session,
    Prompt,
    Closing,
    Ended,
}

/// Follows one session.
#[derive(Debug)]
pub(super) struct Grammar {
    first_generation: bool,
    strict: bool,
    limits: Limits,
    stage: Stage,
    prompt: Prompt,
    warnings: Vec<String>,
}

impl Grammar {
    pub(super) fn new(model_id: &str, strict: bool, limits: Limits) -> Self {
        Self {
            first_generation: model_id.contains("nova-sonic-v1"),
            strict,
            limits,
            stage: Stage::Opening,
            prompt: Prompt::default(),
            warnings: Vec::new(),
        }
    }

    /// What looked wrong and was let through, since the last call.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// A tool was asked for, so its result may come.
    pub(super) fn tool_asked(&mut self, tool_use_id: &str) {
        self.prompt
            .tool_uses
            .insert(tool_use_id.to_owned(), ToolUse::Asked);
    }

    /// Judges one event and says what it means; `None` where it only adds to an open block.
    pub(super) fn accept(&mut self, event: InputEvent) -> Result<Option<Act>, ServiceError> {
        if let InputEvent::Other { name } = &event {
            let name: String = name.chars().take(40).collect();
            self.doubt(&format!("unknown event {name:?}"))?;
            return Ok(None);
        }
        match (self.stage, event) {
            (Stage::Opening, InputEvent::SessionStart(start)) => self.session_start(&start),
            (Stage::Session, InputEvent::PromptStart(start)) => self.prompt_start(start),
            (Stage::Closing, InputEvent::PromptStart(start)) => {
                self.doubt("a second prompt in one session, which no client was seen to open")?;
                self.prompt_start(start)
            }
            (Stage::Prompt, event) => self.in_prompt(event),
            (Stage::Session | Stage::Closing, InputEvent::SessionEnd) => {
                Ok(Some(self.session_end()))
            }
            (Stage::Session | Stage::Closing, InputEvent::ConnectionEnd) => self.connection_end(),
            (Stage::Ended, _) => {
                self.doubt("an event after sessionEnd")?;
                Ok(None)
            }
            _ => Err(invalid()),
        }
    }

    /// Judges the end of the input.
    pub(super) fn finish(&mut self) -> Result<(), ServiceError> {
        if self.stage == Stage::Ended {
            return Ok(());
        }
        self.doubt("the input ended without sessionEnd")
    }

    fn in_prompt(&mut self, event: InputEvent) -> Result<Option<Act>, ServiceError> {
        match event {
            InputEvent::ContentStart(start) => self.content_start(&start),
            InputEvent::TextInput(piece) => self.text_input(&piece.place, &piece.content),
            InputEvent::AudioInput { place, audio } => self.audio_input(&place, &audio),
            InputEvent::ToolResult(piece) => self.tool_result(&piece.place, &piece.content),
            InputEvent::ContentEnd(place) => self.content_end(&place),
            InputEvent::PromptEnd { prompt_name } => self.prompt_end(&prompt_name),
            InputEvent::SessionEnd => {
                self.doubt("sessionEnd before promptEnd")?;
                Ok(Some(self.session_end()))
            }
            InputEvent::ConnectionEnd => self.connection_end(),
            _ => Err(invalid()),
        }
    }

    fn session_start(&mut self, start: &SessionStart) -> Result<Option<Act>, ServiceError> {
        // livekit/agents#6200: version 2 refuses the flat form.
        if start.endpointing_sensitivity.is_some() && !self.first_generation {
            return Err(invalid());
        }
        let turn_detection = start.turn_detection_configuration.as_ref();
        if turn_detection.is_some() && self.first_generation {
            self.doubt("turnDetectionConfiguration, which version 1 does not know")?;
        }
        if let Some(inference) = &start.inference_configuration {
            let share = |value: Option<f64>| value.is_none_or(|value| (0.0..=1.0).contains(&value));
            if inference.max_tokens == Some(0)
                || !share(inference.top_p)
                || !share(inference.temperature)
            {
                return Err(invalid());
            }
        }
        self.stage = Stage::Session;
        let sensitivity = turn_detection.and_then(|detection| detection.endpointing_sensitivity);
        Ok(Some(Act::SessionStarted { sensitivity }))
    }

    fn prompt_start(&mut self, start: PromptStart) -> Result<Option<Act>, ServiceError> {
        let output = start.audio_output_configuration.ok_or_else(invalid)?;
        let known = RATES.contains(&output.sample_rate_hertz);
        if !known || output.sample_size_bits != 16 || output.channel_count != 1 {
            return Err(invalid());
        }
        if !VOICES.contains(&output.voice_id.as_str()) {
            return Err(ServiceError::validation("Received invalid voiceId"));
        }
        for tool in start
            .tool_configuration
            .iter()
            .flat_map(|tools| &tools.tools)
        {
            let spec = &tool.tool_spec;
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if spec.name.is_empty() || !spec.name.bytes().all(allowed) {
                return Err(invalid());
            }
            // An object where a string of JSON belongs: measured as unparsable.
            let Some(schema) = spec.input_schema.json.as_str() else {
                return Err(ServiceError::validation("Unable to parse input chunk"));
            };
            if !serde_json::from_str(schema).is_ok_and(|schema: Value| schema.is_object()) {
                self.doubt("a tool's inputSchema.json that holds no JSON object")?;
            }
        }
        self.prompt = Prompt {
            name: start.prompt_name.clone(),
            ..Prompt::default()
        };
        self.stage = Stage::Prompt;
        Ok(Some(Act::PromptStarted {
            name: start.prompt_name,
            output_rate: output.sample_rate_hertz,
        }))
    }

    fn content_start(&mut self, start: &ContentStart) -> Result<Option<Act>, ServiceError> {
        self.check_prompt_name(&start.place.prompt_name)?;
        let name = start.place.content_name.clone();
        self.prompt.name_bytes += name.len();
        if self.prompt.name_bytes > MAX_NAMES || self.prompt.open.contains_key(&name) {
            return Err(invalid());
        }
        if !self.prompt.used_names.insert(name.clone()) {
            self.doubt("a contentName that was used before")?;
        }
        let (block, act) = match start.kind {
            ContentKind::Text => (self.open_text(start)?, None),
            ContentKind::Audio => self.open_audio(start)?,
            ContentKind::Tool => (self.open_tool(start)?, None),
        };
        self.prompt.open.insert(name, block);
        Ok(act)
    }

    fn open_text(&mut self, start: &ContentStart) -> Result<Block, ServiceError> {
        let role = start.role.ok_or_else(invalid)?;
        let interactive = start.interactive.unwrap_or(false);
        match role {
            Role::Tool => return Err(invalid()),
            Role::System if self.prompt.system => {
                return Err(ServiceError::validation(DUPLICATE_SYSTEM));
            }
            Role::System => self.prompt.system = true,
            Role::SystemSpeech if self.first_generation => return Err(invalid()),
            _ => {
                if !self.prompt.system {
                    self.doubt("text before the SYSTEM block")?;
                }
            }
        }
        if interactive && role != Role::User {
            self.doubt("interactive text that is not the user's")?;
        }
        let history = !interactive && matches!(role, Role::User | Role::Assistant);
        if history && self.prompt.audio == AudioContainer::None && !self.prompt.first_history {
            self.prompt.first_history = true;
            if role == Role::Assistant {
                self.doubt("a history that starts with the assistant")?;
            }
        }
        Ok(Block::new(ContentKind::Text, role, interactive))
    }

    fn open_audio(&mut self, start: &ContentStart) -> Result<(Block, Option<Act>), ServiceError> {
        // Measured: a second container while the first is open is a server fault, not a refusal.
        if self.prompt.audio == AudioContainer::Open {
            return Err(ServiceError::new(ErrorKind::ModelStreamError, UNEXPECTED));
        }
        if self.prompt.audio == AudioContainer::Closed {
            self.doubt("a second audio container, which stalls the conversation")?;
        }
        if self.text_is_open() {
            return Err(ServiceError::validation(HISTORY_FIRST));
        }
        if start.role != Some(Role::User) {
            return Err(invalid());
        }
        if start.interactive != Some(true) {
            self.doubt("an audio container that is not interactive")?;
        }
        if !self.prompt.system {
            self.doubt("audio without a SYSTEM block before it")?;
        }
        let format = start
            .audio_input_configuration
            .as_ref()
            .ok_or_else(invalid)?;
        let rate = format.sample_rate_hertz;
        let wrong = format.sample_size_bits != 16 || format.channel_count != 1;
        if wrong || !RATES.contains(&rate) {
            return Err(invalid());
        }
        self.prompt.audio = AudioContainer::Open;
        let block = Block::new(ContentKind::Audio, Role::User, true);
        Ok((block, Some(Act::AudioOpened { rate })))
    }

    fn open_tool(&mut self, start: &ContentStart) -> Result<Block, ServiceError> {
        if start.role != Some(Role::Tool) {
            return Err(invalid());
        }
        let config = start
            .tool_result_input_configuration
            .as_ref()
            .ok_or_else(invalid)?;
        let text = config.text_input_configuration.as_ref();
        if text.is_some_and(|text| text.media_type != "text/plain") {
            return Err(ServiceError::validation(TOOL_MEDIA_TYPE));
        }
        match self.prompt.tool_uses.get(&config.tool_use_id) {
            Some(ToolUse::Asked) => {}
            Some(ToolUse::Answered) => return Err(invalid()),
            // The service's words for this were never captured.
            None => return Err(ServiceError::validation("Unknown toolUseId in tool result")),
        }
        let mut block = Block::new(ContentKind::Tool, Role::Tool, false);
        block.tool_use_id.clone_from(&config.tool_use_id);
        Ok(block)
    }

    fn text_input(&mut self, place: &Place, text: &str) -> Result<Option<Act>, ServiceError> {
        if text.len() > self.limits.text_input_bytes {
            let limit = self.limits.text_input_bytes;
            self.doubt(&format!(
                "a textInput of {} bytes, above {limit}",
                text.len()
            ))?;
        }
        let history_limit = self.limits.history_bytes;
        let in_history = &mut self.prompt.history_bytes;
        let block = find(
            &mut self.prompt.open,
            &self.prompt.name,
            place,
            ContentKind::Text,
        )?;
        if block.counts_as_history() {
            *in_history += text.len();
        }
        if *in_history > history_limit {
            return Err(ServiceError::validation(HISTORY_TOO_LONG));
        }
        block.add(text, history_limit.max(1 << 20))?;
        Ok(None)
    }

    fn audio_input(&mut self, place: &Place, bytes: &[u8]) -> Result<Option<Act>, ServiceError> {
        // livekit/agents#6720: audio between a text's contentStart and contentEnd kills the session.
        if self.text_is_open() {
            return Err(ServiceError::validation(HISTORY_FIRST));
        }
        let block = find(
            &mut self.prompt.open,
            &self.prompt.name,
            place,
            ContentKind::Audio,
        )?;
        block.pieces += 1;
        self.prompt.audio_bytes += bytes.len() as u64;
        if bytes.len() % 2 == 1 {
            self.doubt("audio with half a sample")?;
        }
        let samples = audio::samples(bytes);
        Ok(Some(Act::Audio { samples }))
    }

    fn tool_result(&mut self, place: &Place, text: &str) -> Result<Option<Act>, ServiceError> {
        let block = find(
            &mut self.prompt.open,
            &self.prompt.name,
            place,
            ContentKind::Tool,
        )?;
        block.add(text, 1 << 20)?;
        Ok(None)
    }

    fn content_end(&mut self, place: &Place) -> Result<Option<Act>, ServiceError> {
        self.check_prompt_name(&place.prompt_name)?;
        let block = self
            .prompt
            .open
            .remove(&place.content_name)
            .ok_or_else(invalid)?;
        if block.pieces == 0 {
            let id: String = place.content_name.chars().take(64).collect();
            let says = format!("Cannot end content [{id}] as no content data was received");
            return Err(ServiceError::validation(says));
        }
        match block.kind {
            ContentKind::Audio => {
                self.prompt.audio = AudioContainer::Closed;
                Ok(Some(Act::AudioClosed))
            }
            ContentKind::Tool => self.tool_answered(block).map(Some),
            ContentKind::Text if block.interactive && block.role == Role::User => {
                if self.prompt.audio_bytes == 0 {
                    self.doubt(
                        "interactive text before any audio, which the service may not answer",
                    )?;
                }
                Ok(Some(Act::TextTurn { text: block.text }))
            }
            ContentKind::Text => Ok(Some(Act::Context {
                bytes: block.text.len(),
            })),
        }
    }

    fn tool_answered(&mut self, block: Block) -> Result<Act, ServiceError> {
        let result: Value = serde_json::from_str(&block.text)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| ServiceError::validation(TOOL_RESPONSE))?;
        let tool_use_id = block.tool_use_id;
        // Two blocks for one call may be open at once; the second to close is the one too many.
        let before = self
            .prompt
            .tool_uses
            .insert(tool_use_id.clone(), ToolUse::Answered);
        if before != Some(ToolUse::Asked) {
            return Err(invalid());
        }
        Ok(Act::ToolResult {
            tool_use_id,
            result,
        })
    }

    fn prompt_end(&mut self, name: &str) -> Result<Option<Act>, ServiceError> {
        self.check_prompt_name(name)?;
        if !self.prompt.open.is_empty() {
            return Err(ServiceError::validation(STILL_OPEN));
        }
        if self.prompt.audio == AudioContainer::None {
            let says = format!("Prompt [{name}] must have at least one audio content");
            return Err(ServiceError::validation(says));
        }
        self.stage = Stage::Closing;
        Ok(Some(Act::PromptEnded))
    }

    const fn session_end(&mut self) -> Act {
        self.stage = Stage::Ended;
        Act::SessionEnded
    }

    fn connection_end(&mut self) -> Result<Option<Act>, ServiceError> {
        self.doubt("connectionEnd, which is sessionEnd under a wrong name")?;
        Ok(Some(self.session_end()))
    }

    fn check_prompt_name(&self, name: &str) -> Result<(), ServiceError> {
        if name == self.prompt.name {
            Ok(())
        } else {
            Err(invalid())
        }
    }

    fn text_is_open(&self) -> bool {
        let text = |block: &Block| block.kind == ContentKind::Text;
        self.prompt.open.values().any(text)
    }

    /// Something whose refusal by the service nobody has seen.
    fn doubt(&mut self, what: &str) -> Result<(), ServiceError> {
        if self.strict {
            let says = format!("{} (loopback, strict: {what})", super::event::INVALID_INPUT);
            return Err(ServiceError::validation(says));
        }
        self.warnings.push(what.to_owned());
        Ok(())
    }
}
