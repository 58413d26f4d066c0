//! The session machine: server events in, the conversation's events out.

use std::collections::HashSet;
use std::sync::Arc;

use crate::interrupted::is_interruption_marker;
use crate::read::{
    AudioOutput, ContentEnd, ContentKind, ContentStart, Role, ServerEvent, Stage, StopReason,
    TextOutput, TokenUsage, ToolUse,
};
use crate::session::contents::{Content, Contents};
use crate::session::event::{Leg, SessionEvent, TextStage, TurnId};
use crate::session::finals;
use crate::session::ledger::Ledger;
use crate::session::pending::PendingTool;
use crate::session::turn::{Block, Origin, Turn};

/// Legs whose state is kept: more than are ever open, or still heard, at a time.
const MOST_LEGS: usize = 16;

/// Makes a conversation of server events.
///
/// One machine serves a whole conversation; where that spans several connections, each event comes with its [`Leg`].
/// Its memory grows with the text that was said, not with the speech.
///
/// ```
/// use eventstream_codec::{Frame, Inbound};
/// use nova_sonic::{Leg, ReadError, Reader, Session, SessionEvent, TextStage};
///
/// fn on_frame(frame: Frame<'_>, reader: &mut Reader, session: &mut Session) -> Result<(), ReadError> {
///     let mut on_event = |event| match event {
///         SessionEvent::UserText { text, .. } => println!("you: {text}"),
///         SessionEvent::AssistantText { text, stage: TextStage::Speculative, .. } => println!("model: {text}"),
///         SessionEvent::Audio { turn, pcm } => drop((turn, pcm)), // queue it for the player, under its turn
///         SessionEvent::Interrupted { turn } => println!("(stop playing {turn:?})"),
///         SessionEvent::ToolCall { call, .. } => println!("{}({})", call.tool_name, call.arguments),
///         _ => {}
///     };
///     reader.read(frame, &mut |event| session.observe(Leg::FIRST, event, &mut on_event))
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Session {
    pub(super) turns: Vec<Turn>,
    pub(super) legs: Vec<LegState>,
    options: SessionOptions,
    ledger: Ledger,
    pending: Vec<PendingTool>,
    stale_samples: u64,
}

/// How a conversation is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionOptions {
    /// Whether speech of the user alone interrupts an answer that sounds, before the service says that it did: the
    /// earliest signal, which noise may set off too. Otherwise the service's own word is waited for.
    pub interrupt_on_speech: bool,
}

impl Default for SessionOptions {
    /// Speech interrupts.
    fn default() -> Self {
        Self {
            interrupt_on_speech: true,
        }
    }
}

/// What is going on in one leg.
#[derive(Clone, Debug)]
pub(super) struct LegState {
    pub(super) leg: Leg,
    contents: Contents,
    /// The user's turn that further speech and text add to.
    pub(super) user: Option<TurnId>,
    /// The latest answer.
    pub(super) answer: Option<TurnId>,
    tool_uses: HashSet<Arc<str>>,
}

impl Session {
    /// A conversation in which nothing has been said.
    #[must_use]
    pub fn new(options: SessionOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Takes an event of this leg and hands what it means to `sink`.
    pub fn observe(&mut self, leg: Leg, event: ServerEvent, sink: &mut impl FnMut(SessionEvent)) {
        let at = self.leg(leg);
        match event {
            ServerEvent::CompletionStart(_) => sink(SessionEvent::Started),
            ServerEvent::UserSpeechStart(speech) => {
                self.user_speech(at, speech.input_audio_offset_ms, sink);
            }
            ServerEvent::UserSpeechEnd(speech) => {
                let turn = self.user_turn(at);
                sink(SessionEvent::UserSpeechEnded {
                    turn,
                    offset_ms: speech.input_audio_offset_ms,
                    detected_ms: speech.input_audio_detection_offset_ms,
                });
            }
            ServerEvent::ContentStart(start) => self.content_start(at, start, sink),
            ServerEvent::TextOutput(text) => self.text(at, text, sink),
            ServerEvent::AudioOutput(audio) => self.audio(at, audio, sink),
            ServerEvent::ToolUse(call) => self.tool_call(at, call, sink),
            ServerEvent::ContentEnd(end) => self.content_end(at, &end, sink),
            ServerEvent::Usage(usage) => {
                let delta = self.ledger.record(leg, &usage);
                let total = self.ledger.total();
                sink(SessionEvent::Usage { delta, total });
            }
            ServerEvent::CompletionEnd(_) => {
                self.finish(leg, sink);
                sink(SessionEvent::Ended);
            }
            other => sink(SessionEvent::Other { event: other }),
        }
    }

    /// The leg is over: what it planned to say and was not cut off is taken for said.
    pub fn finish(&mut self, leg: Leg, sink: &mut impl FnMut(SessionEvent)) {
        let at = self.leg(leg);
        let open: Vec<_> = self.legs.get_mut(at).map_or_else(Vec::new, |state| {
            state.user = None;
            state.contents.drain().collect()
        });
        for content in open {
            self.final_text(at, &content, sink);
        }
        for id in self.answers(leg) {
            finals::settle(&mut self.turns, id, sink);
        }
    }

    /// The user typed a turn ([`Writer::text`](crate::Writer::text)); gives the turn that it is.
    pub fn user_typed(&mut self, leg: Leg, text: &str) -> TurnId {
        let at = self.leg(leg);
        let mut turn = Turn::new(leg, Origin::Typed);
        turn.add_text(text);
        let id = self.push(turn);
        if let Some(state) = self.legs.get_mut(at) {
            state.user = None;
        }
        id
    }

    /// The application told the model to speak, in a text turn that is none of the conversation's: a greeting, a nudge, a
    /// late tool result.
    pub fn instructed(&mut self, leg: Leg) {
        let at = self.leg(leg);
        self.push(Turn::new(leg, Origin::Instruction));
        if let Some(state) = self.legs.get_mut(at) {
            state.user = None;
        }
    }

    /// The result of a tool use was sent, in whatever form; gives the call, once.
    pub fn tool_answered(&mut self, tool_use_id: &str) -> Option<PendingTool> {
        let at = self
            .pending
            .iter()
            .position(|tool| &*tool.tool_use_id == tool_use_id)?;
        Some(self.pending.remove(at))
    }

    /// Tool uses that have had no result, oldest first: what a renewed session has to carry over as text.
    #[must_use]
    pub fn pending_tools(&self) -> &[PendingTool] {
        &self.pending
    }

    /// The player has played this many samples of an answer so far, silence of its own left out.
    pub fn played(&mut self, turn: TurnId, samples: u64) {
        if let Some(turn) = self.turns.get_mut(turn.index()) {
            turn.played = Some(turn.played.map_or(samples, |before| before.max(samples)));
        }
    }

    /// What the user heard of an answer.
    #[must_use]
    pub fn heard(&self, turn: TurnId) -> String {
        self.turns
            .get(turn.index())
            .map_or_else(String::new, Turn::heard)
    }

    /// Tokens of the whole conversation.
    #[must_use]
    pub fn usage(&self) -> TokenUsage {
        self.ledger.total()
    }

    /// Samples that came for an answer after it was interrupted, and were dropped.
    #[must_use]
    pub const fn stale_samples(&self) -> u64 {
        self.stale_samples
    }

    /// Whether an answer is on its way: begun, neither ended nor interrupted.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        self.turns
            .iter()
            .any(|turn| turn.is_answer() && !turn.ended)
    }

    fn user_speech(
        &mut self,
        at: usize,
        offset_ms: Option<u64>,
        sink: &mut impl FnMut(SessionEvent),
    ) {
        if self.options.interrupt_on_speech {
            let answer = self.legs.get(at).and_then(|state| state.answer);
            if let Some(id) = answer.filter(|id| self.turn(*id).is_some_and(Turn::is_sounding)) {
                self.interrupt(id, sink);
            }
        }
        // A turn that has its text is over; one that has none yet goes on after a pause.
        let open = self.legs.get(at).and_then(|state| state.user);
        if open
            .and_then(|id| self.turn(id))
            .is_some_and(|turn| !turn.text.is_empty())
        {
            if let Some(state) = self.legs.get_mut(at) {
                state.user = None;
            }
        }
        let turn = self.user_turn(at);
        sink(SessionEvent::UserSpeechStarted { turn, offset_ms });
    }

    fn content_start(
        &mut self,
        at: usize,
        start: ContentStart,
        sink: &mut impl FnMut(SessionEvent),
    ) {
        let known = self
            .legs
            .get(at)
            .is_some_and(|state| state.contents.get(&start.content_id).is_some());
        if known {
            return;
        }
        let mut content = Content {
            id: start.content_id,
            kind: start.kind,
            role: start.role,
            stage: start.stage,
            turn: None,
            block: 0,
            text: String::new(),
            interruption: false,
        };
        match (&content.kind, &content.role) {
            (ContentKind::Text, Role::User) => content.turn = Some(self.user_turn(at)),
            (ContentKind::Text, Role::Assistant) if content.stage != Some(Stage::Final) => {
                let (turn, block) = self.plan_block(at, sink);
                (content.turn, content.block) = (Some(turn), block);
            }
            (ContentKind::Audio, _) => {
                let (turn, block) = self.audio_block(at, sink);
                (content.turn, content.block) = (Some(turn), block);
            }
            _ => {}
        }
        let crowded_out = self
            .legs
            .get_mut(at)
            .and_then(|state| state.contents.open(content));
        if let Some(oldest) = crowded_out {
            self.final_text(at, &oldest, sink);
        }
    }

    fn text(&mut self, at: usize, text: TextOutput, sink: &mut impl FnMut(SessionEvent)) {
        let content = self
            .legs
            .get_mut(at)
            .and_then(|state| state.contents.get_mut(&text.content_id));
        if is_interruption_marker(&text.content) {
            // Acted on here, for the end of the block does not always say so, and only once.
            let again =
                content.is_some_and(|content| std::mem::replace(&mut content.interruption, true));
            if !again {
                self.confirm_interruption(at, None, sink);
            }
            return;
        }
        let (role, place) = match content {
            Some(content)
                if content.stage == Some(Stage::Final) && content.role == Role::Assistant =>
            {
                content.text.push_str(&text.content);
                return;
            }
            Some(content) => (
                &content.role,
                content.turn.map(|turn| (turn, content.block)),
            ),
            None => (&text.role, None),
        };
        match role {
            Role::User if text.content.trim().is_empty() => {}
            Role::User => {
                let turn = place.map_or_else(|| self.user_turn(at), |(turn, _)| turn);
                if let Some(turn) = self.turns.get_mut(turn.index()) {
                    turn.add_text(&text.content);
                }
                sink(SessionEvent::UserText {
                    turn,
                    text: text.content,
                });
            }
            Role::Assistant => {
                let (turn, block) = place.unwrap_or_else(|| self.plan_block(at, sink));
                if let Some(block) = self.block_mut(turn, block) {
                    block.planned.push_str(&text.content);
                }
                sink(SessionEvent::AssistantText {
                    turn,
                    block,
                    text: text.content,
                    stage: TextStage::Speculative,
                });
            }
            _ => sink(SessionEvent::Other {
                event: ServerEvent::TextOutput(text),
            }),
        }
    }

    fn audio(&mut self, at: usize, audio: AudioOutput, sink: &mut impl FnMut(SessionEvent)) {
        let content = self
            .legs
            .get(at)
            .and_then(|state| state.contents.get(&audio.content_id));
        let place = content.and_then(|content| content.turn.map(|turn| (turn, content.block)));
        let (turn, block) = place.unwrap_or_else(|| self.last_audio_block(at, sink));
        let samples = audio.pcm.len() as u64 / 2;
        if self.turn(turn).is_some_and(|turn| turn.interrupted) {
            self.stale_samples += samples;
            return;
        }
        if let Some(block) = self.block_mut(turn, block) {
            block.has_audio = true;
            block.samples += samples;
        }
        sink(SessionEvent::Audio {
            turn,
            pcm: audio.pcm,
        });
    }

    fn tool_call(&mut self, at: usize, call: ToolUse, sink: &mut impl FnMut(SessionEvent)) {
        let Some(state) = self.legs.get_mut(at) else {
            return;
        };
        let leg = state.leg;
        if state.tool_uses.insert(call.tool_use_id.clone()) {
            let turn = self.answer(at, sink);
            self.pending.push(PendingTool {
                tool_use_id: call.tool_use_id.clone(),
                tool_name: call.tool_name.clone(),
                arguments: call.arguments.clone(),
                leg,
                turn,
            });
            sink(SessionEvent::ToolCall { turn, call });
        }
    }

    fn content_end(&mut self, at: usize, end: &ContentEnd, sink: &mut impl FnMut(SessionEvent)) {
        let Some(state) = self.legs.get_mut(at) else {
            return;
        };
        let content = state.contents.close(&end.content_id);
        let kind = content
            .as_ref()
            .map(|content| content.kind.clone())
            .or_else(|| end.kind.clone());
        let interrupted = end.stop_reason == Some(StopReason::Interrupted);
        match kind {
            Some(ContentKind::Audio) => {
                let turn = content.and_then(|content| content.turn).or(state.answer);
                let Some(id) = turn else { return };
                if interrupted {
                    self.interrupt(id, sink);
                } else if end.stop_reason == Some(StopReason::EndTurn) {
                    self.end(id, sink);
                }
            }
            Some(ContentKind::Text) => {
                let said = content
                    .as_ref()
                    .and_then(|content| self.final_text(at, content, sink));
                let done = content.is_some_and(|content| content.interruption);
                if interrupted && !done {
                    self.confirm_interruption(at, said, sink);
                }
            }
            _ => {}
        }
    }

    /// A final text is whole: it confirms a planned one, or stands for itself. Gives the answer it belongs to.
    fn final_text(
        &mut self,
        at: usize,
        content: &Content,
        sink: &mut impl FnMut(SessionEvent),
    ) -> Option<TurnId> {
        let text = content.text.trim();
        if text.is_empty() {
            return None;
        }
        let leg = self.legs.get(at)?.leg;
        let (turn, block) = match finals::confirm(&mut self.turns, leg, text, sink) {
            Some(place) => place,
            None if finals::is_known(&self.turns, leg, text) => return None,
            None => {
                let turn = self.legs.get(at)?.answer;
                let turn = turn.unwrap_or_else(|| self.answer(at, sink));
                let blocks = &mut self.turns.get_mut(turn.index())?.blocks;
                blocks.push(Block {
                    spoken: Some(text.to_owned()),
                    ..Block::default()
                });
                (turn, blocks.len() - 1)
            }
        };
        sink(SessionEvent::AssistantText {
            turn,
            block,
            text: text.to_owned(),
            stage: TextStage::Final,
        });
        Some(turn)
    }

    pub(super) fn turn(&self, id: TurnId) -> Option<&Turn> {
        self.turns.get(id.index())
    }

    pub(super) fn block_mut(&mut self, turn: TurnId, block: usize) -> Option<&mut Block> {
        self.turns.get_mut(turn.index())?.blocks.get_mut(block)
    }

    pub(super) fn push(&mut self, turn: Turn) -> TurnId {
        let id = TurnId(u32::try_from(self.turns.len()).unwrap_or(u32::MAX));
        self.turns.push(turn);
        id
    }

    pub(super) const fn interrupts_on_speech(&self) -> bool {
        self.options.interrupt_on_speech
    }

    /// Where this leg's state stands.
    pub(super) fn leg(&mut self, leg: Leg) -> usize {
        let known = self.legs.iter().position(|state| state.leg == leg);
        known.unwrap_or_else(|| {
            self.legs.push(LegState {
                leg,
                contents: Contents::default(),
                user: None,
                answer: None,
                tool_uses: HashSet::new(),
            });
            if self.legs.len() > MOST_LEGS {
                self.legs.remove(0);
            }
            self.legs.len() - 1
        })
    }
}
