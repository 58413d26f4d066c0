//! Events on their way to the application.

use std::collections::VecDeque;
use std::time::Instant;

use nova_sonic::ConversationEvent;
use nova_sonic::{SessionEvent, TurnId};

/// Speech that waits for the application, in bytes, above which no more is received: 43 s at 24 kHz.
const FULL: usize = 2 * 1024 * 1024;

/// A queue that is full by the speech in it, and from which an interruption takes the speech that nobody needs to hear.
#[derive(Debug, Default)]
pub(super) struct Queue {
    events: VecDeque<Queued>,
    audio_bytes: usize,
    /// Nobody listens any more.
    closed: bool,
}

#[derive(Debug)]
pub(super) struct Queued {
    pub(super) event: ConversationEvent,
    /// Since when the user wants silence, where the event says so.
    pub(super) silence_wanted: Option<Instant>,
}

impl Queue {
    pub(super) fn push(&mut self, queued: Queued) {
        if self.closed {
            return;
        }
        match &queued.event {
            ConversationEvent::Session(SessionEvent::Audio { pcm, .. }) => {
                self.audio_bytes += pcm.len();
            }
            ConversationEvent::Session(SessionEvent::Interrupted { turn }) => self.forget(*turn),
            _ => {}
        }
        self.events.push_back(queued);
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        let queued = self.events.pop_front()?;
        if let ConversationEvent::Session(SessionEvent::Audio { pcm, .. }) = &queued.event {
            self.audio_bytes -= pcm.len();
        }
        Some(queued)
    }

    /// Takes no more, and lets go of what it has.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.events.clear();
        self.audio_bytes = 0;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(super) const fn audio_bytes(&self) -> usize {
        self.audio_bytes
    }

    pub(super) fn is_full(&self) -> bool {
        self.audio_bytes > FULL
    }

    /// Drops the speech of an answer.
    fn forget(&mut self, interrupted: TurnId) {
        let audio_bytes = &mut self.audio_bytes;
        self.events.retain(|queued| match &queued.event {
            ConversationEvent::Session(SessionEvent::Audio { turn, pcm })
                if *turn == interrupted =>
            {
                *audio_bytes -= pcm.len();
                false
            }
            _ => true,
        });
    }
}
