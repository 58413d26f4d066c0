//! What clients may take: how many, how much, how long.

use std::time::Duration;

/// Bounds that hold for every client, whoever it is. Change what you need of the default:
///
/// ```
/// let mut limits = bedrock_talk::Limits::default();
/// limits.sessions = 200;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Sessions at a time, those included that wait for their client to come back; 64.
    pub sessions: usize,
    /// How long a session may last; 30 minutes.
    pub session_time: Duration,
    /// How long a session waits for its client to come back; 30 s. Zero ends it with its connection.
    pub grace: Duration,
    /// Longest WebSocket message of a client, in bytes; 64 KiB.
    pub message_bytes: usize,
    /// How much faster than speech a client may send, lastingly; 2. What is faster is read later, so the client's own buffer fills.
    pub upload_speed: u32,
    /// How much a client may send at once, in time of speech; 3 s. A network that was down for a moment needs it.
    pub upload_burst: Duration,
    /// How long a client may not take what is sent to it before it is cut off; 10 s.
    pub unread_time: Duration,
    /// Messages that may wait for a client, in bytes, speech not counted; 256 KiB. One more and it is cut off.
    pub unread_bytes: usize,
    /// Speech that is sent ahead of what the client says it has played; 3 s.
    pub lead: Duration,
    /// Speech that waits here for its client; 2 minutes. Beyond it nothing more is taken from the model.
    pub speech_waiting: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 64,
            session_time: Duration::from_mins(30),
            grace: Duration::from_secs(30),
            message_bytes: 64 * 1024,
            upload_speed: 2,
            upload_burst: Duration::from_secs(3),
            unread_time: Duration::from_secs(10),
            unread_bytes: 256 * 1024,
            lead: Duration::from_secs(3),
            speech_waiting: Duration::from_mins(2),
        }
    }
}
