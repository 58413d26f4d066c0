//! Voice sessions with Nova Sonic.

mod receiver;
mod sender;

use std::time::Duration;

use eventstream_codec::Timestamp;
use eventstream_sigv4::EventSigner;
use h2_duplex::Duplex;
use nova_sonic::{
    Dialect, Endpointing, History, InferenceConfig, Names, Reader, SampleRate, Setup, ToolChoice,
    ToolSpec, Writer,
};

pub use receiver::SonicReceiver;
pub use sender::SonicSender;

use crate::client::{Client, SignedCall};
use crate::error::Error;
use crate::link::Link;
use crate::random::random;
use crate::receiver::FrameReceiver;
use crate::sender::FrameSender;
use crate::voice;

/// A voice session that is still to be opened: as a conversation that outlives its connections by [`start`](Self::start), or as
/// the two halves of a single call by [`open`](Self::open).
#[derive(Clone)]
#[must_use = "a session begins with `start` or `open`"]
pub struct SonicBuilder {
    pub(crate) client: Client,
    pub(crate) model: String,
    pub(crate) setup: Setup,
    pub(crate) history: History,
    pub(crate) input_rate: SampleRate,
    pub(crate) head_patience: Duration,
    pub(crate) voice: voice::Settings,
}

impl SonicBuilder {
    pub(crate) fn new(client: Client, model: String) -> Self {
        Self {
            client,
            model,
            setup: Setup::default(),
            history: History::default(),
            input_rate: SampleRate::Hz16000,
            head_patience: Duration::from_secs(2),
            voice: voice::Settings::default(),
        }
    }

    pub(crate) fn setup(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self
    }

    /// What the model should be and do: the one SYSTEM block.
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.setup.system = text.into();
        self
    }

    /// Who speaks, `tiffany` for example; `matthew` unless set.
    pub fn voice(mut self, name: impl Into<String>) -> Self {
        self.setup.prompt.voice = name.into();
        self
    }

    /// The rate of the user's audio; 16 kHz unless set.
    pub fn input_rate(mut self, rate: SampleRate) -> Self {
        self.input_rate = rate;
        self
    }

    /// The rate of the model's audio; 24 kHz unless set.
    pub fn output_rate(mut self, rate: SampleRate) -> Self {
        self.setup.prompt.output_rate = rate;
        self
    }

    /// How the model samples.
    pub fn inference(mut self, config: InferenceConfig) -> Self {
        self.setup.session.inference = config;
        self
    }

    /// How soon silence counts as the end of the user's turn.
    pub fn endpointing(mut self, sensitivity: Endpointing) -> Self {
        self.setup.session.endpointing = Some(sensitivity);
        self
    }

    /// What the model may call; fixed for the session.
    pub fn tools(mut self, tools: impl IntoIterator<Item = ToolSpec>) -> Self {
        self.setup.prompt.tools = tools.into_iter().collect();
        self
    }

    /// Which tool the model should call, in every turn of the session.
    pub fn tool_choice(mut self, choice: ToolChoice) -> Self {
        self.setup.prompt.tool_choice = choice;
        self
    }

    /// What was said before.
    pub fn history(mut self, history: History) -> Self {
        self.history = history;
        self
    }

    /// How long the first audio waits for the service to accept the session; 2 s unless set.
    pub fn head_patience(mut self, patience: Duration) -> Self {
        self.head_patience = patience;
        self
    }

    /// Connects, signs, and sends the opening of the session. Does not wait for the service's answer: it gives none
    /// before it has had input.
    ///
    /// # Errors
    /// Credentials, connection, TLS; or a setting that the protocol does not allow.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection.
    pub async fn open(self) -> Result<(SonicSender, SonicReceiver), Error> {
        // Credentials first: without them nobody needs a connection.
        let call = self.client.sign_bidirectional(&self.model).await?;
        let mut connection = self.client.recorded(self.client.connect().await?);
        self.open_call(&mut connection, call).await
    }

    /// As [`open`](Self::open), on a connection of the caller's: a proxy, a tunnel, a pipe in a test.
    ///
    /// # Errors
    /// Credentials, the call; or a setting that the protocol does not allow.
    ///
    /// # Cancel safety
    /// Dropping the future resets the call.
    pub async fn open_on<D: Duplex>(
        self,
        connection: &mut D,
    ) -> Result<(SonicSender<D::Send>, SonicReceiver<D::Receive>), Error> {
        let call = self.client.sign_bidirectional(&self.model).await?;
        self.open_call(connection, call).await
    }

    async fn open_call<D: Duplex>(
        self,
        connection: &mut D,
        call: SignedCall,
    ) -> Result<(SonicSender<D::Send, EventSigner>, SonicReceiver<D::Receive>), Error> {
        let names = Names::new(random()?);
        let writer = Writer::new(Dialect::of_model(&self.model), names);
        let clock = self.client.clock().clone();
        let expires_at: Option<Timestamp> = call.expires_at;
        let (send, receive) = connection.open(call.head).await.map_err(Error::transport)?;
        let link = Link::default();
        let frames = FrameSender::new(send, call.signer, clock.clone(), link.clone());
        let mut sender = SonicSender::new(
            frames,
            writer,
            link.clone(),
            self.input_rate,
            self.head_patience,
        );
        let tracked = receiver::Tracked::new(Reader::new(), link.clone());
        let mut frames = FrameReceiver::new(receive, tracked, clock, link).of_session();
        tokio::select! {
            opened = sender.open(&self.setup, &self.history) => opened?,
            // The service may refuse the head while the opening is still going out.
            refused = frames.refused() => return Err(refused),
        }
        Ok((sender, SonicReceiver::new(frames, expires_at)))
    }
}

/// What the model is told stays out of it.
impl std::fmt::Debug for SonicBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SonicBuilder")
            .field("client", &self.client)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}
