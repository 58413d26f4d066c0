//! What the application does in a conversation: speech, text, results of tools, mute, renewal, the end.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::event::RenewalReason;
use super::machine::{Closing, Conversation};
use super::renewal::FORCE_SOON;
use super::say::Say;
use crate::Setup;
use crate::session::TurnId;
use crate::write::Refusal;

impl Conversation {
    /// Audio of the user: 16-bit little-endian mono PCM at the configured rate, about 32 ms at a time, as it is recorded.
    /// While no leg takes audio it is kept. Muted, it is left out.
    ///
    /// # Errors
    /// Half a sample, or a conversation that is over or closing.
    pub fn audio(&mut self, now: Instant, pcm: Bytes) -> Result<(), Refusal> {
        self.check_open()?;
        if pcm.len() % 2 != 0 {
            return Err(Refusal::HalfSample { len: pcm.len() });
        }
        if self.muted_since.is_none() && !pcm.is_empty() {
            self.fed_at = now;
            self.tape.push(pcm, true);
        }
        self.drive(now);
        Ok(())
    }

    /// A text turn of the user, which the model answers in speech. While no leg takes text it is kept.
    ///
    /// # Errors
    /// A model of the first generation, or a conversation that is over or closing.
    pub fn text(&mut self, now: Instant, text: &str) -> Result<TurnId, Refusal> {
        self.check_text()?;
        let turn = self.session.user_typed(self.talking_leg(), text);
        let text = text.to_owned();
        self.says.push_back(Say::Typed { turn, text });
        self.drive(now);
        Ok(turn)
    }

    /// Tells the model to speak, in words that are none of the user's: "Greet the caller by name." Not repeated by later legs.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn instruct(&mut self, now: Instant, text: &str) -> Result<(), Refusal> {
        self.check_text()?;
        let text = text.to_owned();
        self.says.push_back(Say::Instruction { text });
        self.drive(now);
        Ok(())
    }

    /// Tells the model something that it need not answer (its effect in mid-session is not documented). It goes into the
    /// history of later legs.
    ///
    /// # Errors
    /// A conversation that is over or closing.
    pub fn context(&mut self, now: Instant, text: &str) -> Result<(), Refusal> {
        self.check_open()?;
        let turn = self.session.noted(self.talking_leg(), text);
        let text = text.to_owned();
        self.says.push_back(Say::Note { turn, text });
        self.drive(now);
        Ok(())
    }

    /// The one result of a tool call. To the leg that called it goes at once, whoever speaks; to a later one as text, when
    /// nobody speaks.
    ///
    /// # Errors
    /// An id that the model has not called by, a second result (the call may have timed out; only the last 256 calls are told
    /// from unknown ones), or a conversation that is over or closing.
    pub fn tool_result(
        &mut self,
        now: Instant,
        tool_use_id: &str,
        result: &crate::ToolResult,
    ) -> Result<(), Refusal> {
        self.check_open()?;
        if self.tools_answered.iter().any(|id| **id == *tool_use_id) {
            return Err(Refusal::ToolResultTwice);
        }
        self.answer_tool(now, tool_use_id, result)?;
        self.drive(now);
        Ok(())
    }

    /// From now on silence is sent in place of audio, in real time: the service goes on listening, and hears nothing.
    pub fn mute(&mut self, now: Instant) {
        self.muted_since.get_or_insert(now);
        self.drive(now);
    }

    /// Audio counts again.
    pub fn unmute(&mut self, now: Instant) {
        self.drive(now);
        self.muted_since = None;
    }

    /// The player has played this many samples of an answer so far, silence of its own left out.
    pub fn played(&mut self, now: Instant, turn: TurnId, samples: u64) {
        self.session.played(turn, samples);
        self.drive(now);
    }

    /// Replaces the leg in use at the next quiet moment, with another setup where one is given: tools, voice and system
    /// text are fixed for the life of a leg. Where the service refuses the new setup, the old one stays.
    ///
    /// # Errors
    /// A setting that would end the session, renewal that is switched off, or a conversation that is over or closing.
    pub fn renew(&mut self, now: Instant, setup: Option<Setup>) -> Result<(), Refusal> {
        self.check_open()?;
        if self.config.renewal.is_none() {
            return Err(Refusal::RenewalOff);
        }
        if let Some(setup) = setup {
            self.change_setup(setup)?;
        }
        self.barred = false;
        self.wish_for(RenewalReason::Requested, now + FORCE_SOON);
        self.drive(now);
        Ok(())
    }

    /// Sends what waits, closes in the protocol's order, and takes in late text and usage; until this time has passed.
    /// Output that the model has not begun is suppressed by this, so wait for the end of the turn first. May be called again.
    pub fn close(&mut self, now: Instant, deadline: Duration) {
        let closing = Closing {
            flush_until: now + deadline / 2,
            until: now + deadline,
        };
        let before = self.closing.unwrap_or(closing);
        self.closing = Some(Closing {
            flush_until: closing.flush_until.min(before.flush_until),
            until: closing.until.min(before.until),
        });
        self.drive(now);
    }
}
