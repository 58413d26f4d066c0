//! What a conversation has beyond a session: functions, its own connections, patience, renewal.

use std::sync::Arc;
use std::time::Duration;

use nova_sonic::{ConversationConfig, Renewal};
use nova_sonic::{HistoryLimits, Setup, Tools};

use super::dial::Dial;
use super::driver::{self, VoiceDriver};
use super::events::VoiceEvents;
use super::handle::Voice;
use crate::error::Error;
use crate::sonic::SonicBuilder;

/// Settings of a conversation that a single leg has no use for.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(super) functions: Arc<Tools>,
    pub(super) dial: Option<Dial>,
    conversation: ConversationConfig,
}

/// Settings of a conversation, for [`start`](Self::start) and [`conversation`](Self::conversation).
impl SonicBuilder {
    /// Functions that the model may call, run side by side as it calls them; beside the [`tools`](Self::tools), whose calls
    /// come as [`VoiceEvent::ToolCall`](crate::VoiceEvent::ToolCall).
    pub fn functions(mut self, functions: Tools) -> Self {
        self.voice.functions = Arc::new(functions);
        self
    }

    /// How legs are replaced before and after they end; `None` for one leg only, with which the conversation ends. On unless set.
    pub fn renewal(mut self, renewal: Option<Renewal>) -> Self {
        self.voice.conversation.renewal = renewal;
        self
    }

    /// How long a tool may take before the model is told that it timed out; 60 s unless set, `None` for ever.
    pub fn tool_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.voice.conversation.tool_timeout = timeout;
        self
    }

    /// Longest time without audio before silence is sent; 10 s unless set. The service allows 55 s.
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.voice.conversation.keep_alive = interval;
        self
    }

    /// Most audio that waits for a slow transport before the oldest is dropped; 3 s unless set.
    pub fn uplink_limit(mut self, limit: Duration) -> Self {
        self.voice.conversation.uplink_limit = limit;
        self
    }

    /// How much history a leg is given; 40 KB and 40 turns unless set.
    pub fn history_limits(mut self, limits: HistoryLimits) -> Self {
        self.voice.conversation.history_limits = limits;
        self
    }

    /// Whether the user's speech alone interrupts an answer that sounds (so it does unless set), or only the service's word.
    pub fn interrupt_on_speech(mut self, interrupts: bool) -> Self {
        self.voice.conversation.session.interrupt_on_speech = interrupts;
        self
    }

    /// Connections of the caller's for the legs of a conversation, one for each: a tunnel, a pipe in a test.
    pub fn connect_with<F, R>(mut self, connect: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<h2_duplex::Connection, Error>> + Send + 'static,
    {
        self.voice.dial = Some(Dial::new(connect));
        self
    }

    /// Begins a conversation and spawns its driver. Returns when the first leg's call is open; it does not wait for the
    /// service's answer.
    ///
    /// # Errors
    /// A setting that the protocol does not allow; credentials, connection, TLS, where trying again does not help or has
    /// not helped.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    ///
    /// # Cancel safety
    /// Dropping the future ends the conversation.
    pub async fn start(self) -> Result<(Voice, VoiceEvents), Error> {
        let (voice, events, driver) = self.conversation()?;
        tokio::spawn(driver);
        voice.opened().await?;
        Ok((voice, events))
    }

    /// Begins a conversation. Nothing happens unless the driver is polled: spawn it, or join it to what uses the conversation.
    ///
    /// # Errors
    /// A setting that the protocol does not allow.
    pub fn conversation(self) -> Result<(Voice, VoiceEvents, VoiceDriver), Error> {
        let (client, model) = (self.client, self.model);
        let history = self.history.turns();
        let mut config = self.voice.conversation;
        config.history = history
            .map(|(role, text)| (role, text.to_owned()))
            .collect();
        config.setup = with_functions(self.setup, &self.voice.functions);
        config.dialect = nova_sonic::Dialect::of_model(&model);
        config.input_rate = self.input_rate;
        config.head_patience = self.head_patience;
        let dial = self.voice.dial.unwrap_or_else(|| {
            let client = client.clone();
            Dial::new(move || {
                let client = client.clone();
                async move { client.connect().await }
            })
        });
        driver::begin(client, model, dial, self.voice.functions, config)
    }
}

/// The setup, with what the model must know of the functions; a tool of the same name is replaced.
pub(super) fn with_functions(mut setup: Setup, functions: &Tools) -> Setup {
    let is_function = |name: &str| functions.specs().any(|spec| spec.name() == name);
    setup.prompt.tools.retain(|tool| !is_function(tool.name()));
    setup.prompt.tools.extend(functions.specs().cloned());
    setup
}
