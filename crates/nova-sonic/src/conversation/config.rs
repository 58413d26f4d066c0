//! What a conversation is begun with, and when a leg is replaced.

use std::time::Duration;

use bedrock_wire::AdviceTable;

use crate::read::SONIC_ADVICE;
use crate::session::SessionOptions;
use crate::write::{HistoryLimits, HistoryRole};
use crate::{Dialect, SampleRate, Setup};

/// What a conversation is begun with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConversationConfig {
    /// Voice, tools, system text; the same for each leg until [`Conversation::renew`](super::Conversation::renew) changes it.
    pub setup: Setup,
    /// What the model understands.
    pub dialect: Dialect,
    /// Rate of the user's audio.
    pub input_rate: SampleRate,
    /// What was said before, oldest first.
    pub history: Vec<(HistoryRole, String)>,
    /// How much history a leg is given.
    pub history_limits: HistoryLimits,
    /// How interruptions are understood.
    pub session: SessionOptions,
    /// How long the audio waits for the service to accept a leg; 2 s.
    pub head_patience: Duration,
    /// Longest time without audio, before a silence of 100 ms is sent; 10 s. The service allows 55 s.
    pub keep_alive: Duration,
    /// Most audio that waits for a slow transport before the oldest is dropped; 3 s.
    pub uplink_limit: Duration,
    /// How long a tool may take before the model is told that it timed out; 60 s. `None` waits for ever.
    pub tool_timeout: Option<Duration>,
    /// How legs are replaced; `None` for one leg only: the conversation then ends with it.
    pub renewal: Option<Renewal>,
}

impl Default for ConversationConfig {
    fn default() -> Self {
        Self {
            setup: Setup::default(),
            dialect: Dialect::V2,
            input_rate: SampleRate::Hz16000,
            history: Vec::new(),
            history_limits: HistoryLimits::default(),
            session: SessionOptions::default(),
            head_patience: Duration::from_secs(2),
            keep_alive: Duration::from_secs(10),
            uplink_limit: Duration::from_secs(3),
            tool_timeout: Some(Duration::from_secs(60)),
            renewal: Some(Renewal::default()),
        }
    }
}

/// When a leg is replaced by another, and how hard it is tried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Renewal {
    /// Age of a leg from which the next is prepared and takes over at the first quiet moment; 360 s.
    pub after: Duration,
    /// Age of a leg at which the next takes over in any case; 450 s. The service ends a connection at 480 s.
    pub force_after: Duration,
    /// How long before the credentials expire the next leg is prepared; 180 s, and never more than half of their life.
    pub credential_margin: Duration,
    /// Silence of the user, in speech and in text, after which the leg is replaced; 165 s. The service was seen to end it from 175 s on.
    pub silence: Duration,
    /// How long a connection that is going away is still used while somebody speaks; 20 s.
    pub going_away_patience: Duration,
    /// How long a prepared leg may wait for its moment; 30 s. The service ends it after 55 s without input.
    pub standby_limit: Duration,
    /// How much of the latest audio a new leg hears again where nothing is known of it; 3 s.
    pub replay_window: Duration,
    /// Most audio that is kept for a new leg: an open turn of the user, or what is said while there is no leg; 60 s.
    pub replay_limit: Duration,
    /// How long an answer may go on over the old leg after the new one took over; 25 s.
    pub linger_limit: Duration,
    /// How long a tool's result that another leg asked for waits for a pause in the conversation; 10 s.
    pub carry_patience: Duration,
    /// How long sound that the service took for speech may stay without a word; 10 s.
    pub noise_limit: Duration,
    /// How long the transport may take nothing before the leg is taken for dead; 5 s.
    pub stall_limit: Duration,
    /// How long the old leg's late text and usage are waited for; 3 s.
    pub drain_limit: Duration,
    /// How long nothing may come back for what went in; 20 s. `None` for no watch.
    pub deaf_after: Option<Duration>,
    /// Legs that may fail in a row, without a whole answer between them; 5.
    pub max_attempts: u32,
    /// First wait after a fault that asks for one, doubled with each in a row; 1 s.
    pub backoff: Duration,
    /// Longest such wait; 10 s.
    pub max_backoff: Duration,
    /// What is done about which error: `NewSession` and `Now` open the next leg at once, `After` when it has passed,
    /// `Never` ends the conversation. [`SONIC_ADVICE`] unless set; extend it with [`AdviceTable::overridden_by`].
    pub advice: AdviceTable,
}

impl Default for Renewal {
    fn default() -> Self {
        Self {
            after: Duration::from_secs(360),
            force_after: Duration::from_secs(450),
            credential_margin: Duration::from_secs(180),
            silence: Duration::from_secs(165),
            going_away_patience: Duration::from_secs(20),
            standby_limit: Duration::from_secs(30),
            replay_window: Duration::from_secs(3),
            replay_limit: Duration::from_secs(60),
            linger_limit: Duration::from_secs(25),
            carry_patience: Duration::from_secs(10),
            noise_limit: Duration::from_secs(10),
            stall_limit: Duration::from_secs(5),
            drain_limit: Duration::from_secs(3),
            deaf_after: Some(Duration::from_secs(20)),
            max_attempts: 5,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(10),
            advice: SONIC_ADVICE,
        }
    }
}
