//! How a conversation does, in numbers.

use std::time::{Duration, Instant};

use nova_sonic::ConversationEvent;
use nova_sonic::{SessionEvent, TokenUsage};

/// Figures of a conversation: counts and times only.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct VoiceMetrics {
    /// From opening a leg's call to the service's answer.
    pub open_to_head: Latency,
    /// From the service's word that the user has stopped speaking to the first speech of the model.
    pub speech_to_audio: Latency,
    /// From the first sign that the user speaks over the model to the application's being told to stop playing.
    pub barge_in_to_silence: Latency,
    /// The user's audio that has not been sent yet.
    pub uplink_backlog: Duration,
    /// Bytes of the model's speech that wait for the application to take them.
    pub downlink_backlog: usize,
    /// The user's audio that was dropped, because the transport or the service was too slow.
    pub dropped_audio: Duration,
    /// Samples of the model's speech that came after an interruption and were not handed on.
    pub stale_samples: u64,
    /// Answers whose speech arrived whole.
    pub turns: u64,
    /// Answers that the user spoke over.
    pub interruptions: u64,
    /// Legs that the service has accepted.
    pub legs: u64,
    /// Tokens by direction and modality.
    pub usage: TokenUsage,
}

/// A time that was measured several times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latency {
    /// How often.
    pub count: u32,
    /// The latest.
    pub last: Option<Duration>,
    /// The longest.
    pub max: Duration,
    /// All of them together.
    pub total: Duration,
}

impl Latency {
    /// The average; `None` where it was never measured.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        self.total.checked_div(self.count)
    }

    pub(super) fn record(&mut self, took: Duration) {
        self.count += 1;
        self.last = Some(took);
        self.max = self.max.max(took);
        self.total += took;
    }
}

/// Takes the times.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) metrics: VoiceMetrics,
    /// When the user stopped speaking, until the model is heard.
    silent_since: Option<Instant>,
    /// When the user began to speak, until the model answers.
    speaks_since: Option<Instant>,
}

impl Meter {
    /// Takes note of an event; gives since when the user wants silence, where it says that.
    pub(super) fn note(&mut self, event: &ConversationEvent, now: Instant) -> Option<Instant> {
        let event = match event {
            ConversationEvent::Session(event) => event,
            ConversationEvent::AudioDropped { total_ms, .. } => {
                self.metrics.dropped_audio = Duration::from_millis(*total_ms);
                return None;
            }
            _ => return None,
        };
        match event {
            SessionEvent::UserSpeechStarted { .. } => self.speaks_since = Some(now),
            SessionEvent::UserSpeechEnded { .. } => self.silent_since = Some(now),
            SessionEvent::ResponseStarted { .. } => self.speaks_since = None,
            SessionEvent::Audio { .. } => {
                if let Some(since) = self.silent_since.take() {
                    self.metrics
                        .speech_to_audio
                        .record(now.duration_since(since));
                }
            }
            SessionEvent::TurnEnded { .. } => self.metrics.turns += 1,
            SessionEvent::Interrupted { .. } => {
                self.metrics.interruptions += 1;
                return Some(self.speaks_since.unwrap_or(now));
            }
            SessionEvent::Usage { total, .. } => self.metrics.usage = *total,
            _ => {}
        }
        None
    }

    /// A leg was accepted so long after it was opened.
    pub(super) fn accepted(&mut self, after: Duration) {
        self.metrics.legs += 1;
        self.metrics.open_to_head.record(after);
    }

    /// The application has been told to stop playing.
    pub(super) fn silenced(&mut self, since: Instant, now: Instant) {
        self.metrics
            .barge_in_to_silence
            .record(now.duration_since(since));
    }
}
