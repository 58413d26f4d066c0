//! What goes wrong with a leg.

use super::{Down, Service};

/// What goes wrong with a leg, and when, in ms of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// An exception, then the end.
    Exception(u64, &'static str),
    /// The connection breaks.
    Cut(u64),
    /// The service ends the stream in order, unasked.
    CleanEnd(u64),
    /// The connection is going away, and four seconds later it is gone.
    GoAway(u64),
    /// From then on it hears nothing and says nothing.
    Deaf(u64),
    /// The credentials expire then; whoever still uses them is cut off.
    Expiry(u64),
    /// It never answers with a head.
    NoHead,
}

impl Service {
    pub(super) fn is_deaf(&self, now: u64) -> bool {
        matches!(self.fault, Fault::Deaf(at) if now >= self.opened + at)
    }

    pub(super) fn fault_at(&self) -> Option<u64> {
        match self.fault {
            // A deaf leg does nothing at that time.
            Fault::None | Fault::NoHead | Fault::Deaf(_) => None,
            Fault::Exception(at, _)
            | Fault::Cut(at)
            | Fault::CleanEnd(at)
            | Fault::GoAway(at)
            | Fault::Expiry(at) => Some(self.opened + at),
        }
    }

    pub(super) fn break_down(&mut self, now: u64) {
        match self.fault {
            Fault::Exception(_, text) => self.fail("validationException", text),
            Fault::Expiry(_) => self.fail("expiredTokenException", "The security token is expired"),
            Fault::Cut(_) => {
                self.out.push(Down::Cut);
                self.ended = true;
            }
            Fault::CleanEnd(_) => {
                self.out.push(Down::End);
                self.ended = true;
            }
            Fault::GoAway(at) if !self.going_away => {
                self.going_away = true;
                assert!(now >= self.opened + at);
                self.out.push(Down::GoAway);
            }
            Fault::GoAway(at) if now >= self.opened + at + 1_500 => {
                self.out.push(Down::Cut);
                self.ended = true;
            }
            _ => {}
        }
    }

    pub(super) fn fail(&mut self, code: &'static str, text: &'static str) {
        self.out.push(Down::Exception(code, text));
        self.out.push(Down::End);
        self.ended = true;
    }
}
