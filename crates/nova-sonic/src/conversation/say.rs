//! Texts and tool results on their way to whichever leg talks.

use std::collections::VecDeque;
use std::time::Instant;

use crate::conversation::ask::{Ask, Asked};
use crate::conversation::event::ConversationEvent;
use crate::conversation::leg::Phase;
use crate::conversation::machine::Conversation;
use crate::session::{Leg, TurnId};
use crate::write::Refusal;
use crate::{Dialect, ToolResult};

/// Something to be said to the model in text.
#[derive(Clone, Debug)]
pub(super) enum Say {
    /// A turn of the user.
    Typed { turn: TurnId, text: String },
    /// To be obeyed, not a turn of the user.
    Instruction { text: String },
    /// To be known, not answered.
    Note { turn: TurnId, text: String },
    /// The result of a tool that another leg called.
    Carried { text: String, until: Instant },
}

impl Say {
    /// When it is sent in any case.
    pub(super) const fn due(&self) -> Option<Instant> {
        match self {
            Self::Carried { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// The turn that it will be; not part of the history before.
    pub(super) const fn turn(&self) -> Option<TurnId> {
        match self {
            Self::Typed { turn, .. } | Self::Note { turn, .. } => Some(*turn),
            Self::Instruction { .. } | Self::Carried { .. } => None,
        }
    }
}

impl Ask {
    /// The turn that it is.
    pub(super) fn turn(&self) -> Option<TurnId> {
        match &self.what {
            Asked::Speech(speech) => Some(speech.turn),
            Asked::Typed { turn, .. } => Some(*turn),
            Asked::Instruction { .. } | Asked::Result { .. } => None,
        }
    }
}

impl Conversation {
    /// Sends what waits to the leg in use.
    pub(super) fn say_what_waits(&mut self, now: Instant) {
        let Some(leg) = self.current.filter(|_| !self.says.is_empty()) else {
            return;
        };
        let mut wait = VecDeque::new();
        while let Some(say) = self.says.pop_front() {
            let due = match &say {
                Say::Carried { until, .. } => now >= *until || self.is_quiet(leg),
                _ => true,
            };
            if !due {
                wait.push_back(say);
                continue;
            }
            if let Err(refusal) = self.say(now, leg, say) {
                self.refused(&refusal);
                return;
            }
        }
        self.says = wait;
    }

    fn say(&mut self, now: Instant, leg: Leg, say: Say) -> Result<(), Refusal> {
        let knows_text = self.config.dialect != Dialect::V1;
        let Some(line) = self.lines.iter_mut().find(|line| line.leg == leg) else {
            return Ok(());
        };
        let asked = match say {
            Say::Note { text, .. } => {
                return line.put(|writer, out| writer.context(&text, out));
            }
            Say::Carried { text, .. } if !knows_text => {
                return line.put(|writer, out| writer.context(&text, out));
            }
            Say::Typed { turn, text } => {
                self.session.reask(turn, leg);
                Asked::Typed { turn, text }
            }
            Say::Instruction { text } => {
                self.session.instructed(leg);
                Asked::Instruction { text }
            }
            Say::Carried { text, .. } => {
                self.session.instructed(leg);
                Asked::Result { text }
            }
        };
        let (Asked::Typed { text, .. } | Asked::Instruction { text } | Asked::Result { text }) =
            &asked
        else {
            return Ok(());
        };
        line.put(|writer, out| writer.text(text, out))?;
        line.voice_at = now;
        line.asks.push(Ask::new(asked, now));
        Ok(())
    }

    pub(super) fn answer_tool(
        &mut self,
        now: Instant,
        tool_use_id: &str,
        result: &ToolResult,
    ) -> Result<(), Refusal> {
        let call = self
            .session
            .tool_answered(tool_use_id)
            .ok_or(Refusal::ToolUseUnknown)?;
        self.tool_done(&call);
        let text = call.carried_over(result);
        let called_by = self.current.filter(|leg| *leg == call.leg);
        let line = called_by.and_then(|leg| self.lines.iter_mut().find(|line| line.leg == leg));
        if let Some(line) = line.filter(|line| line.phase == Phase::Live) {
            line.put(|writer, out| writer.tool_result(tool_use_id, result, out))?;
            line.asks.push(Ask::new(Asked::Result { text }, now));
        } else {
            let say = self.carried(now, text);
            self.says.push_back(say);
        }
        Ok(())
    }

    /// A result for a leg that did not call the tool.
    pub(super) fn carried(&self, now: Instant, text: String) -> Say {
        let patience = self.config.renewal.as_ref().map(|r| r.carry_patience);
        let until = now + patience.unwrap_or_default();
        Say::Carried { text, until }
    }

    pub(super) fn time_out_tools(&mut self, now: Instant) {
        let due = self.tools_due.iter().filter(|(_, due)| *due <= now);
        let due: Vec<_> = due.map(|(id, _)| id.clone()).collect();
        for id in due {
            self.tools_due.retain(|(known, _)| *known != id);
            if let Err(refusal) = self.answer_tool(now, &id, &ToolResult::timeout()) {
                self.refused(&refusal);
                return;
            }
            self.tell(ConversationEvent::ToolTimedOut {
                tool_use_id: id.to_string(),
            });
        }
    }

    /// Whether nobody speaks, nothing is owed an answer, and no answer is on its way.
    pub(super) fn is_quiet(&self, leg: Leg) -> bool {
        let asked = self
            .line(leg)
            .is_none_or(|line| line.speaking || !line.asks.is_empty());
        let answering = self
            .lines
            .iter()
            .any(|line| self.session.open_answer(line.leg).is_some());
        !asked && !answering
    }
}
