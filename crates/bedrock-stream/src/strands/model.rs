//! The model: at most one connection at a time.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use h2_duplex::Connection as Http2;
use nova_sonic::strands::{BidiEvent, Config, Translator};
use nova_sonic::{History, HistoryLimits, Leg, Names, PendingTool, ToolResult};
use tokio::time::timeout;

use crate::client::Client;
use crate::error::Error;
use crate::random::random;
use crate::sonic::SonicBuilder;
use crate::strands::connection::Connection;
use crate::strands::error::{BidiError, StopError, StopStep};
use crate::strands::input::{Block, Input, Start, tool_result};

/// How long a late tool result waits for its turn.
const LATE_RESULT_WAIT: Duration = Duration::from_secs(30);
/// How long [`BidiModel::stop`] waits for the service to end the call.
const DRAIN: Duration = Duration::from_secs(2);

/// A Nova Sonic model in the shape of Strands' `BedrockNovaSonicModel`.
///
/// All methods take `&self`: one task may send while another receives.
pub struct BidiModel {
    client: Client,
    model_id: String,
    config: Config,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    connection: Option<Arc<Connection>>,
    /// A start is under way.
    starting: bool,
    /// Calls of earlier connections that still have no result.
    earlier_tools: Vec<PendingTool>,
}

impl BidiModel {
    /// A model that is not started.
    #[must_use]
    pub fn new(client: &Client, model_id: impl Into<String>, config: Config) -> Self {
        Self {
            client: client.clone(),
            model_id: model_id.into(),
            config,
            open: Mutex::default(),
        }
    }

    /// The model's id.
    #[must_use]
    pub fn model_id(&self) -> &str {
        &self.model_id
    }

    /// Rates, voice and inference settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Connects, and sends the opening and the history.
    ///
    /// # Errors
    /// [`BidiError::AlreadyStarted`]; credentials, connection, or a setting that the protocol does not allow.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection; the model is then not started.
    pub async fn start(&self, start: Start) -> Result<(), BidiError> {
        let _starting = self.begin()?;
        let builder = self.builder(&start);
        self.keep(builder.open().await?, start)
    }

    /// As [`start`](Self::start), on a connection of the caller's, recorded as well where the client records.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    ///
    /// # Cancel safety
    /// As [`start`](Self::start).
    pub async fn start_on(&self, start: Start, http2: &mut Http2) -> Result<(), BidiError> {
        let _starting = self.begin()?;
        let builder = self.builder(&start);
        let mut connection = self.client.recorded(http2);
        self.keep(builder.open_on(&mut connection).await?, start)
    }

    /// Sends audio, or a message.
    ///
    /// # Errors
    /// [`BidiError::NotStarted`], [`BidiError::Unsupported`]; what the protocol does not allow; the end of the connection.
    ///
    /// # Cancel safety
    /// A chunk or a block is sent whole or not at all.
    pub async fn send(&self, input: Input) -> Result<(), BidiError> {
        let connection = self.connection("sending")?;
        match input {
            Input::Audio(pcm) => Ok(connection.sending.lock().await.audio(&pcm).await?),
            Input::Message(blocks) => {
                let mut texts = Vec::new();
                for block in blocks {
                    match block {
                        Block::Text(text) => texts.push(text),
                        Block::ToolResult {
                            tool_use_id,
                            content,
                        } => {
                            let result = tool_result(content)?;
                            self.send_result(&connection, &tool_use_id, &result).await?;
                        }
                    }
                }
                if texts.is_empty() {
                    return Ok(());
                }
                let text = texts.join("\n");
                connection.sending.lock().await.text(&text).await?;
                let mut session = connection
                    .session
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                session.user_typed(Leg::FIRST, &text);
                Ok(())
            }
        }
    }

    /// The next event; `None` when the connection is over or has been stopped. The first is `bidi_connection_start`.
    ///
    /// # Errors
    /// [`BidiError::NotStarted`]; [`BidiError::Timeout`] where the service's time is up; why else the connection ended.
    ///
    /// # Cancel safety
    /// Cancel safe: no event is lost.
    pub async fn receive(&self) -> Result<Option<BidiEvent>, BidiError> {
        self.connection("receiving")?.receive().await
    }

    /// Ends the connection in order. Every step runs, whatever became of those before; where it is not started, nothing.
    ///
    /// # Errors
    /// The steps that failed, all of them. The model is stopped all the same.
    ///
    /// # Cancel safety
    /// The connection is reset where the future is dropped.
    pub async fn stop(&self) -> Result<(), StopError> {
        let connection = {
            let mut open = self.lock();
            open.earlier_tools.clear();
            open.connection.take()
        };
        let Some(connection) = connection else {
            return Ok(());
        };
        connection.stopping.send_replace(true);
        let mut failures = Vec::new();
        let close = async { connection.sending.lock().await.close().await };
        for (step, result) in [
            (StopStep::Close, within(DRAIN, close).await),
            (StopStep::Drain, within(DRAIN, connection.drain()).await),
        ] {
            if let Err(error) = result {
                failures.push((step, error));
            }
        }
        StopError::of(failures)
    }

    /// Stops, and starts again; results of tools that were called before are sent as text from now on. Failures of the
    /// stop do not matter here: the connection is gone.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    ///
    /// # Cancel safety
    /// As [`start`](Self::start).
    pub async fn restart(&self, start: Start) -> Result<(), BidiError> {
        let tools = self.leave().await;
        self.start(start).await?;
        self.lock().earlier_tools = tools;
        Ok(())
    }

    /// As [`restart`](Self::restart), on a connection of the caller's.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    ///
    /// # Cancel safety
    /// As [`start`](Self::start).
    pub async fn restart_on(&self, start: Start, http2: &mut Http2) -> Result<(), BidiError> {
        let tools = self.leave().await;
        self.start_on(start, http2).await?;
        self.lock().earlier_tools = tools;
        Ok(())
    }

    /// What [`restart`](Self::restart) needs to go on with this conversation now.
    ///
    /// # Errors
    /// [`BidiError::NotStarted`].
    pub fn restart_config(&self) -> Result<Start, BidiError> {
        Ok(self.connection("restarting")?.restart())
    }

    /// Stops; gives the calls without a result.
    async fn leave(&self) -> Vec<PendingTool> {
        let mut tools = self.lock().earlier_tools.clone();
        if let Ok(connection) = self.connection("restarting") {
            let session = connection
                .session
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            tools.extend_from_slice(session.pending_tools());
        }
        // The connection is gone whatever its last words came to.
        let _ = self.stop().await;
        tools
    }

    async fn send_result(
        &self,
        connection: &Connection,
        id: &str,
        result: &ToolResult,
    ) -> Result<(), BidiError> {
        let earlier = {
            let mut open = self.lock();
            let at = open
                .earlier_tools
                .iter()
                .position(|tool| &*tool.tool_use_id == id);
            at.map(|at| open.earlier_tools.remove(at))
        };
        let mut text = None;
        if let Some(tool) = earlier {
            // Late, it goes all the same.
            let _ = timeout(LATE_RESULT_WAIT, connection.claim_turn()).await;
            text = Some(tool.carried_over(result));
        }
        let mut sending = connection.sending.lock().await;
        match text {
            Some(text) => sending.text(&text).await?,
            None => sending.tool_result(id, result).await?,
        }
        let mut session = connection
            .session
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if session.tool_answered(id).is_none() {
            session.instructed(Leg::FIRST);
        }
        Ok(())
    }

    fn builder(&self, start: &Start) -> SonicBuilder {
        let mut setup = self.config.setup.clone();
        setup.system.clone_from(&start.system_prompt);
        setup.prompt.tools.clone_from(&start.tools);
        let said = start.messages.iter().map(|(role, text)| (*role, text));
        let (history, _cuts) = History::normalize(said, &HistoryLimits::default());
        self.client
            .sonic(&self.model_id)
            .setup(setup)
            .input_rate(self.config.input_rate)
            .history(history)
    }

    fn keep(
        &self,
        (sender, receiver): (crate::SonicSender, crate::SonicReceiver),
        start: Start,
    ) -> Result<(), BidiError> {
        let mut names = Names::new(random()?);
        let opening = BidiEvent::ConnectionStart {
            connection_id: names.next_name(),
            model: self.model_id.clone(),
        };
        let translator = Translator::new(self.config.setup.prompt.output_rate, names);
        let connection = Connection::new(sender, receiver, translator, opening, start);
        self.lock().connection = Some(Arc::new(connection));
        Ok(())
    }

    fn begin(&self) -> Result<Starting<'_>, BidiError> {
        let mut open = self.lock();
        if open.starting || open.connection.is_some() {
            return Err(BidiError::AlreadyStarted);
        }
        open.starting = true;
        Ok(Starting(self))
    }

    fn connection(&self, operation: &'static str) -> Result<Arc<Connection>, BidiError> {
        self.lock()
            .connection
            .clone()
            .ok_or(BidiError::NotStarted { operation })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for BidiModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BidiModel")
            .field("model_id", &self.model_id)
            .field("started", &self.lock().connection.is_some())
            .finish_non_exhaustive()
    }
}

/// A start that is under way, also where its future is dropped.
struct Starting<'a>(&'a BidiModel);

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        self.0.lock().starting = false;
    }
}

async fn within(
    limit: Duration,
    step: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    timeout(limit, step).await.unwrap_or_else(|_| {
        Err(Error::transport(h2_duplex::Error::deadline(
            h2_duplex::Deadline::Call,
            h2_duplex::Phase::Receive,
            limit,
        )))
    })
}
