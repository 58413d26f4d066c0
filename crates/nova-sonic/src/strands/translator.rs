//! Server events to Strands' events.

use std::sync::Arc;

use crate::read::{
    AudioOutput, ContentEnd, ContentKind, ContentStart, Role, ServerEvent, Stage, StopReason,
    TextOutput, TokenUsage,
};
use crate::strands::event::{AudioFormat, BidiEvent, BidiRole, BidiToolUse, TokenDetails};
use crate::{Names, SampleRate};

/// Makes Strands' events of one connection's server events.
#[derive(Clone, Debug)]
pub struct Translator {
    names: Names,
    format: AudioFormat,
    with_blocks: bool,
    response: Option<String>,
    transcript: Option<Transcript>,
    audio: Option<Arc<str>>,
    /// The stage of the text block in hand.
    stage: Option<Stage>,
    /// The response has called a tool.
    tool_use: bool,
    /// Blocks that are open, for an end does not always name its type.
    kinds: Vec<(Arc<str>, ContentKind)>,
}

/// The transcript that is open.
#[derive(Clone, Debug)]
struct Transcript {
    content_id: Arc<str>,
    role: BidiRole,
    text: String,
}

impl Translator {
    /// Blocks that are remembered until their end; a peer that ends none must not fill the memory.
    const MOST_OPEN: usize = 64;

    /// A translator for a connection whose prompt asked for this rate of speech.
    #[must_use]
    pub const fn new(output_rate: SampleRate, names: Names) -> Self {
        Self {
            names,
            format: AudioFormat {
                format: "pcm",
                sample_rate: output_rate.hz(),
                channels: 1,
            },
            with_blocks: false,
            response: None,
            transcript: None,
            audio: None,
            stage: None,
            tool_use: false,
            kinds: Vec::new(),
        }
    }

    /// Adds a `bidi_transcript_block` behind each `bidi_transcript_stop`, as Strands' agent does.
    #[must_use]
    pub const fn with_blocks(mut self) -> Self {
        self.with_blocks = true;
        self
    }

    /// The transcript that is open: who speaks, and all of the text so far.
    #[must_use]
    pub fn current_transcript(&self) -> Option<(BidiRole, &str)> {
        let transcript = self.transcript.as_ref()?;
        Some((transcript.role, &transcript.text))
    }

    /// Whether a response is open: nobody else has the turn.
    #[must_use]
    pub const fn is_responding(&self) -> bool {
        self.response.is_some()
    }

    /// Takes a server event and hands what Strands makes of it to `sink`.
    pub fn translate(&mut self, event: &ServerEvent, sink: &mut impl FnMut(BidiEvent)) {
        match event {
            ServerEvent::ContentStart(start) => self.content_start(start, sink),
            ServerEvent::TextOutput(text) => self.text(text, sink),
            ServerEvent::AudioOutput(audio) => self.audio(audio, sink),
            ServerEvent::ToolUse(call) => sink(BidiEvent::ToolUseBlocks {
                tool_uses: vec![BidiToolUse {
                    tool_use_id: call.tool_use_id.clone(),
                    name: call.tool_name.clone(),
                    input: call.arguments.clone(),
                }],
            }),
            ServerEvent::ContentEnd(end) => self.content_end(end, sink),
            ServerEvent::Usage(usage) => sink(usage_event(usage.delta.unwrap_or_default())),
            ServerEvent::CompletionEnd(_) => self.reset(),
            _ => {}
        }
    }

    fn content_start(&mut self, start: &ContentStart, sink: &mut impl FnMut(BidiEvent)) {
        if self.kinds.len() == Self::MOST_OPEN {
            self.kinds.remove(0);
        }
        self.kinds
            .push((start.content_id.clone(), start.kind.clone()));
        let is_user = start.role == Role::User;
        let is_assistant = start.role == Role::Assistant;
        if is_user && self.tool_use {
            // A response of tools only has no audio whose end would end it.
            self.complete(sink);
        }
        self.stage = match start.kind {
            ContentKind::Text => start.stage.clone(),
            _ => None,
        };
        if is_assistant && self.stage == Some(Stage::Final) {
            return;
        }
        if !is_user
            && self
                .transcript
                .as_ref()
                .is_some_and(|open| open.role == BidiRole::User)
        {
            self.stop_transcript(sink);
        }
        if is_user || is_assistant || start.role == Role::Tool {
            self.begin_response(sink);
        }
        if is_user {
            self.begin_transcript(&start.content_id, BidiRole::User, sink);
        } else if is_assistant && self.stage == Some(Stage::Speculative) {
            self.begin_transcript(&start.content_id, BidiRole::Assistant, sink);
        } else if is_assistant && start.kind == ContentKind::Audio {
            self.begin_audio(&start.content_id, sink);
        }
    }

    fn text(&mut self, text: &TextOutput, sink: &mut impl FnMut(BidiEvent)) {
        let role = match text.role {
            Role::Assistant if self.stage == Some(Stage::Final) => return,
            Role::Assistant => BidiRole::Assistant,
            _ => BidiRole::User,
        };
        self.begin_response(sink);
        self.begin_transcript(&text.content_id, role, sink);
        if let Some(open) = &mut self.transcript {
            let delta = open.add(&text.content);
            sink(BidiEvent::TranscriptDelta {
                delta,
                role: open.role,
                content_id: open.content_id.clone(),
            });
        }
    }

    fn audio(&mut self, audio: &AudioOutput, sink: &mut impl FnMut(BidiEvent)) {
        self.begin_response(sink);
        self.begin_audio(&audio.content_id, sink);
        if let Some(content_id) = &self.audio {
            sink(BidiEvent::AudioDelta {
                audio: base64_simd::STANDARD.encode_to_string(&audio.pcm),
                format: self.format,
                content_id: content_id.clone(),
            });
        }
    }

    fn content_end(&mut self, end: &ContentEnd, sink: &mut impl FnMut(BidiEvent)) {
        let open = self.kinds.iter().position(|(id, _)| *id == end.content_id);
        let remembered = open.map(|at| self.kinds.remove(at).1);
        let kind = end.kind.as_ref().or(remembered.as_ref());
        self.stage = None;
        match (kind, &end.stop_reason) {
            (Some(ContentKind::Audio), Some(StopReason::EndTurn)) => self.complete(sink),
            (Some(ContentKind::Audio), _) => {}
            (_, Some(StopReason::Interrupted)) => {
                sink(BidiEvent::BargeIn {});
                self.complete(sink);
            }
            (_, Some(StopReason::ToolUse)) => self.tool_use = true,
            _ => {}
        }
    }

    fn begin_response(&mut self, sink: &mut impl FnMut(BidiEvent)) {
        if self.response.is_none() {
            let response_id = self.names.next_name();
            self.response = Some(response_id.clone());
            sink(BidiEvent::ResponseStart { response_id });
        }
    }

    fn begin_transcript(
        &mut self,
        id: &Arc<str>,
        role: BidiRole,
        sink: &mut impl FnMut(BidiEvent),
    ) {
        if self.transcript.is_none() {
            self.transcript = Some(Transcript {
                content_id: id.clone(),
                role,
                text: String::new(),
            });
            sink(BidiEvent::TranscriptStart {
                role,
                content_id: id.clone(),
            });
        }
    }

    fn begin_audio(&mut self, id: &Arc<str>, sink: &mut impl FnMut(BidiEvent)) {
        if self.audio.is_none() {
            self.audio = Some(id.clone());
            sink(BidiEvent::AudioStart {
                content_id: id.clone(),
            });
        }
    }

    fn stop_transcript(&mut self, sink: &mut impl FnMut(BidiEvent)) {
        let Some(open) = self.transcript.take() else {
            return;
        };
        sink(BidiEvent::TranscriptStop {
            role: open.role,
            content_id: open.content_id.clone(),
        });
        if self.with_blocks {
            sink(BidiEvent::TranscriptBlock {
                transcript: open.text,
                role: open.role,
                content_id: open.content_id,
            });
        }
    }

    /// Ends speech, transcript and response, as far as they are open.
    fn complete(&mut self, sink: &mut impl FnMut(BidiEvent)) {
        let Some(response_id) = self.response.take() else {
            return;
        };
        if let Some(content_id) = self.audio.take() {
            sink(BidiEvent::AudioStop { content_id });
        }
        self.stop_transcript(sink);
        sink(BidiEvent::ResponseStop { response_id });
        self.reset();
    }

    fn reset(&mut self) {
        self.response = None;
        self.transcript = None;
        self.audio = None;
        self.stage = None;
        self.tool_use = false;
    }
}

impl Transcript {
    /// Adds a piece, with a space before it where two words would touch; gives what was added.
    fn add(&mut self, piece: &str) -> String {
        let touches = self.text.ends_with(|c: char| !c.is_whitespace())
            && piece.starts_with(|c: char| !c.is_whitespace());
        let delta = if touches {
            format!(" {piece}")
        } else {
            piece.to_owned()
        };
        self.text.push_str(&delta);
        delta
    }
}

fn usage_event(delta: TokenUsage) -> BidiEvent {
    let details = |count: crate::TokenCount| TokenDetails {
        audio: count.speech,
        text: count.text,
    };
    BidiEvent::Usage {
        input_tokens: delta.input.total(),
        output_tokens: delta.output.total(),
        total_tokens: delta.total(),
        input_token_details: details(delta.input),
        output_token_details: details(delta.output),
    }
}
