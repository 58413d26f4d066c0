//! What the service sends: filtered by leg, understood by the session, noted for the hand-over.

use std::time::Instant;

use crate::conversation::ask::{Ask, Asked, Speech};
use crate::conversation::event::ConversationEvent;
use crate::conversation::leg::{Line, Phase};
use crate::conversation::machine::Conversation;
use crate::read::ServerEvent;
use crate::session::{Leg, SessionEvent, TextStage, TurnId};

impl Conversation {
    pub(super) fn observe(&mut self, now: Instant, leg: Leg, event: ServerEvent) {
        let sounds = self.session.open_answer(leg).is_some();
        let expected = self.session.expects_final(leg);
        #[cfg(feature = "sabotage")]
        let sabotaged = self.sabotage;
        let Some(line) = self.line_mut(leg) else {
            return;
        };
        if leg != Leg::FIRST && matches!(event, ServerEvent::CompletionStart(_)) {
            return;
        }
        let is_old = !matches!(line.phase, Phase::Live);
        #[cfg(feature = "sabotage")]
        let is_old = is_old && sabotaged != Some(super::Sabotage::OldLegCounts);
        if is_old && !line.still_counts(&event, sounds, expected) {
            return;
        }
        if let ServerEvent::ToolUse(call) = &event {
            line.writer.tool_called(&call.tool_use_id);
        }
        let mut heard = Vec::new();
        if matches!(event, ServerEvent::UserSpeechStart(_)) {
            self.session
                .interrupt_others(leg, &mut |event| heard.push(event));
        }
        self.session
            .observe(leg, event, &mut |event| heard.push(event));
        for event in heard {
            self.note(now, leg, &event);
            // A session ends when the conversation does.
            if !matches!(event, SessionEvent::Ended) || self.ends_with(leg) {
                self.tell(event);
            }
        }
    }

    /// Whether the end of this leg is the conversation's.
    fn ends_with(&self, leg: Leg) -> bool {
        self.config.renewal.is_none() || (self.closing.is_some() && self.current == Some(leg))
    }

    fn note(&mut self, now: Instant, leg: Leg, event: &SessionEvent) {
        let tool_due = self.config.tool_timeout.map(|timeout| now + timeout);
        let Some(line) = self.lines.iter_mut().find(|line| line.leg == leg) else {
            return;
        };
        self.tells_speech |= matches!(event, SessionEvent::UserSpeechStarted { .. });
        match event {
            SessionEvent::UserSpeechStarted { turn, offset_ms } => {
                line.speech_started(*turn, *offset_ms, now);
            }
            SessionEvent::UserSpeechEnded {
                turn, offset_ms, ..
            } => {
                (line.speaking, line.voice_at) = (false, now);
                let end = offset_ms.map_or(line.cursor, |offset| line.on_tape(offset));
                if let Some(speech) = line.speech_mut(*turn) {
                    speech.ended = Some((end, now));
                }
            }
            SessionEvent::UserText { turn, text } => {
                line.voice_at = now;
                if line.speech_mut(*turn).is_none() {
                    line.asks.push(spoken(*turn, None, now));
                }
                if let Some(speech) = line.speech_mut(*turn) {
                    speech.text.push_str(text);
                }
            }
            SessionEvent::ResponseStarted { .. } => line.answer_begun(),
            SessionEvent::AssistantText {
                stage: TextStage::Speculative,
                ..
            } => {
                for ask in &mut line.asks {
                    ask.begun |= matches!(ask.what, Asked::Result { .. });
                }
            }
            SessionEvent::Interrupted { turn } if !self.session.has_speech(*turn) => {
                // Nobody heard of it: it is still owed.
                for ask in &mut line.asks {
                    ask.begun = false;
                }
            }
            SessionEvent::Audio { .. } | SessionEvent::Interrupted { .. } => {
                line.asks.retain(|ask| !ask.begun);
            }
            SessionEvent::TurnEnded { turn } => {
                line.asks.retain(|ask| !ask.begun);
                if self.session.has_speech(*turn) {
                    self.attempts = 0;
                    self.proven_setup = None;
                }
            }
            SessionEvent::ToolCall { call, .. } => {
                line.asks.retain(|ask| !ask.begun);
                if let Some(due) = tool_due {
                    self.tools_due.push((call.tool_use_id.clone(), due));
                }
            }
            _ => {}
        }
    }

    /// The session has events of its own making.
    pub(super) fn with_session<T>(
        &mut self,
        act: impl FnOnce(&mut crate::session::Session, &mut Vec<SessionEvent>) -> T,
    ) -> T {
        let mut events = Vec::new();
        let result = act(&mut self.session, &mut events);
        self.tell_session(events);
        result
    }

    /// An answer of this leg breaks off.
    pub(super) fn cut_answer(&mut self, leg: Leg) {
        if let Some(turn) = self.session.cut(leg) {
            self.tell(ConversationEvent::TurnCut { turn });
        }
    }
}

impl Line {
    fn speech_started(&mut self, turn: TurnId, offset_ms: Option<u64>, now: Instant) {
        (self.speaking, self.voice_at) = (true, now);
        if let Some(speech) = self.speech_mut(turn) {
            // It goes on after a pause.
            speech.ended = None;
        } else {
            let from = offset_ms.map(|offset| self.speech_begins(offset));
            self.asks.push(spoken(turn, from, now));
        }
    }

    fn answer_begun(&mut self) {
        let mut settled = self.settled;
        for ask in self.asks.iter_mut().filter(|ask| ask.is_whole()) {
            ask.begun = true;
            if let Some(speech) = ask.speech() {
                let end = speech.ended.map_or(self.cursor, |(end, _)| end);
                settled = settled.max(end);
            }
        }
        self.settled = settled;
    }
}

const fn spoken(turn: TurnId, from: Option<u64>, now: Instant) -> Ask {
    let text = String::new();
    let ended = None;
    let speech = Speech {
        turn,
        from,
        ended,
        text,
    };
    Ask::new(Asked::Speech(speech), now)
}
