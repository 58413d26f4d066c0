//! How long a session may last and how much history it may bring. The figures are those that users measured.

use std::time::Duration;

/// Limits of a Nova Sonic session. Timers go through tokio's time, so that a paused runtime turns them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// A session's longest life: 8 minutes (API reference).
    pub session: Duration,
    /// The longest gap between audio bytes or interactive content: 55 s (error text 532).
    pub input_gap: Duration,
    /// The longest silence of the user while audio flows: 175 s (reported with error 531).
    pub user_silence: Duration,
    /// Bytes of text in a prompt's history: 40 KB (guide for version 2).
    pub history_bytes: usize,
    /// Bytes of one `textInput`: 1 KB (guide for version 2). Longer ones are warned of, and refused when strict.
    pub text_input_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            session: Duration::from_mins(8),
            input_gap: Duration::from_secs(55),
            user_silence: Duration::from_secs(175),
            history_bytes: 40 * 1024,
            text_input_bytes: 1024,
        }
    }
}
