//! What a call is at, in one line: state, levels, renewal.

use std::io::{IsTerminal as _, Write as _};

use bedrock_stream::VoiceEvent;
use nova_sonic::{ConversationEvent, SessionEvent};

/// Quieter than this shows as nothing, in dB.
const FLOOR_DB: f32 = -50.0;
const BAR: usize = 10;

/// Who does what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::sonic) enum Doing {
    #[default]
    Listening,
    Hearing,
    Speaking,
    Muted,
}

impl Doing {
    const fn name(self) -> &'static str {
        match self {
            Self::Listening => "listening",
            Self::Hearing => "hears you",
            Self::Speaking => "speaking",
            Self::Muted => "muted",
        }
    }
}

/// Follows a call and shows it on stderr: on a terminal as a line that changes, elsewhere a line for each change of state.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each changes on its own")]
pub(in crate::sonic) struct Status {
    is_terminal: bool,
    is_shown: bool,
    user_speaks: bool,
    renewing: bool,
    pub(in crate::sonic) muted: bool,
    told: Option<String>,
}

impl Status {
    pub(in crate::sonic) fn new() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            is_shown: false,
            user_speaks: false,
            renewing: false,
            muted: false,
            told: None,
        }
    }

    /// An event came.
    pub(in crate::sonic) fn on(&mut self, event: &VoiceEvent) {
        match event {
            VoiceEvent::Session(SessionEvent::UserSpeechStarted { .. }) => self.user_speaks = true,
            VoiceEvent::Session(SessionEvent::UserSpeechEnded { .. }) => self.user_speaks = false,
            VoiceEvent::Conversation(event) => match event {
                ConversationEvent::Renewing { .. } | ConversationEvent::Recovering { .. } => {
                    self.renewing = true;
                }
                ConversationEvent::Renewed { .. }
                | ConversationEvent::RenewalFailed {
                    will_retry: false, ..
                } => self.renewing = false,
                _ => {}
            },
            _ => {}
        }
    }

    /// Shows the call as it is now.
    pub(in crate::sonic) fn show(&mut self, is_playing: bool, you_db: f32, model_db: f32) {
        let doing = self.doing(is_playing);
        if self.is_terminal {
            let line = line(doing, self.renewing, you_db, model_db);
            self.is_shown = true;
            write(&format!("\r{line}\x1b[K"));
        } else {
            let state = state(doing, self.renewing);
            if self.told.as_ref() != Some(&state) {
                eprintln!("call       {state}");
                self.told = Some(state);
            }
        }
    }

    /// Makes room for another line.
    pub(in crate::sonic) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            write("\r\x1b[K");
        }
    }

    fn doing(&self, is_playing: bool) -> Doing {
        if self.muted {
            Doing::Muted
        } else if self.user_speaks {
            Doing::Hearing
        } else if is_playing {
            Doing::Speaking
        } else {
            Doing::Listening
        }
    }
}

fn state(doing: Doing, renewing: bool) -> String {
    let renewing = if renewing { ", renewing" } else { "" };
    format!("{}{renewing}", doing.name())
}

fn line(doing: Doing, renewing: bool, you_db: f32, model_db: f32) -> String {
    let you = if doing == Doing::Muted {
        bar(f32::NEG_INFINITY)
    } else {
        bar(you_db)
    };
    let renewing = if renewing { "  renewing" } else { "" };
    format!(
        "{:<10} you {you}  model {}{renewing}",
        doing.name(),
        bar(model_db)
    )
}

fn bar(db: f32) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "0 to 10"
    )]
    let filled = (((db.max(FLOOR_DB) - FLOOR_DB) / -FLOOR_DB) * BAR as f32).round() as usize;
    let filled = filled.min(BAR);
    format!("[{}{}]", "#".repeat(filled), ".".repeat(BAR - filled))
}

/// A terminal that is gone is no reason to end a call.
fn write(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use nova_sonic::{RenewalReason, TurnId};

    use super::*;

    #[test]
    fn the_line_says_who_does_what_and_how_loud() {
        let mut status = Status::new();
        assert_eq!(status.doing(false), Doing::Listening);
        assert_eq!(status.doing(true), Doing::Speaking);
        status.on(&VoiceEvent::Session(SessionEvent::UserSpeechStarted {
            turn: TurnId::default(),
            offset_ms: None,
        }));
        assert_eq!(status.doing(true), Doing::Hearing);
        status.muted = true;
        assert_eq!(status.doing(true), Doing::Muted);
        let reason = RenewalReason::Limit;
        status.on(&VoiceEvent::Conversation(ConversationEvent::Renewing {
            reason,
        }));
        assert!(status.renewing);
        assert_eq!(
            line(Doing::Speaking, true, -25.0, 0.0),
            "speaking   you [#####.....]  model [##########]  renewing"
        );
        assert_eq!(
            line(Doing::Muted, false, 0.0, f32::NEG_INFINITY),
            "muted      you [..........]  model [..........]"
        );
        assert_eq!(state(Doing::Hearing, true), "hears you, renewing");
    }
}
