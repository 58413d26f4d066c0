//! The speaking side of a conversation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bedrock_wire::Outcome;
use bytes::Bytes;
use nova_sonic::{Restart, Summary};
use nova_sonic::{SampleRate, Setup, ToolResult, TranscriptEntry, TurnId};

use super::metrics::VoiceMetrics;
use super::shared::Shared;
use crate::error::Error;

/// How long the close may take that is begun for an application that has dropped its handles.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Talks to the model. Cheap to clone; nothing here waits, unless it says so.
///
/// Operations that the protocol does not allow are refused before anything is sent, with the rule that they break. When all
/// handles are dropped the conversation is closed, as far as 2 s allow.
#[derive(Clone)]
pub struct Voice {
    shared: Arc<Shared>,
    _last: Arc<LastHandle>,
}

impl Voice {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let last = Arc::new(LastHandle(Arc::clone(&shared)));
        Self {
            shared,
            _last: last,
        }
    }

    /// Audio of the user: little-endian PCM16, mono, at the session's input rate; about 32 ms at a time, as it is recorded.
    /// It is kept while no leg takes audio, and left out while muted. Where the transport is too slow the oldest is dropped
    /// (3 s may wait unless set otherwise): a recording that should go out whole calls [`ready`](Self::ready) before.
    ///
    /// # Errors
    /// Half a sample; a conversation that is over or closing, with the error that ended it.
    pub fn audio(&self, pcm: impl Into<Bytes>) -> Result<(), Error> {
        let pcm = pcm.into();
        self.act(|state, now| state.conversation.audio(now, pcm))
    }

    /// Waits until less than a second of audio waits to be sent, or the conversation is over.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn ready(&self) {
        self.shared.until(|flags| !flags.busy || flags.over).await;
    }

    /// A text turn of the user, which the model answers in speech.
    ///
    /// # Errors
    /// A model of the first generation; a conversation that is over or closing.
    pub fn text(&self, text: &str) -> Result<TurnId, Error> {
        self.act(|state, now| state.conversation.text(now, text))
    }

    /// Has the model speak first, or in between: "Greet the caller in one sentence." It is no turn of the user's and in no
    /// transcript, and a renewed connection does not hear it again.
    ///
    /// # Errors
    /// A model of the first generation, which only speech makes speak; a conversation that is over or closing.
    pub fn greet(&self, instruction: &str) -> Result<(), Error> {
        self.act(|state, now| state.conversation.instruct(now, instruction))
    }

    /// Tells the model something that it should know and not answer.
    ///
    /// # Errors
    /// A conversation that is over or closing.
    pub fn context(&self, text: &str) -> Result<(), Error> {
        self.act(|state, now| state.conversation.context(now, text))
    }

    /// The one result of a tool call, by its id; a [`ToolCall`](super::ToolCall) gives its own.
    ///
    /// # Errors
    /// An id that the model has not called by, a second result; a conversation that is over or closing.
    pub fn tool_result(&self, tool_use_id: &str, result: &ToolResult) -> Result<(), Error> {
        self.act(|state, now| state.conversation.tool_result(now, tool_use_id, result))
    }

    /// Silence flows in place of audio from now on, in real time.
    pub fn mute(&self) {
        self.shared.with(|state, now| state.conversation.mute(now));
    }

    /// Audio counts again.
    pub fn unmute(&self) {
        self.shared
            .with(|state, now| state.conversation.unmute(now));
    }

    /// The player has played this many samples of an answer so far, silence of its own left out. Then transcript and history
    /// hold what the user really heard, and speech interrupts an answer that has arrived whole but still sounds.
    pub fn played(&self, turn: TurnId, samples: u64) {
        self.shared
            .with(|state, now| state.conversation.played(now, turn, samples));
    }

    /// Replaces the connection at the next quiet moment, with another setup where one is given: tools, voice and system text.
    /// Registered functions are added to its tools.
    ///
    /// # Errors
    /// A setting that the protocol does not allow; renewal that is switched off; a conversation that is over or closing.
    pub fn renew(&self, setup: Option<Setup>) -> Result<(), Error> {
        let functions = &self.shared.functions;
        let setup = setup.map(|setup| super::settings::with_functions(setup, functions));
        self.act(|state, now| state.conversation.renew(now, setup))
    }

    /// Closes in the protocol's order, and waits until the service's late text and usage have come or the time has passed.
    /// What the model has not begun to say is suppressed by this: wait for the end of the turn first. May be called again.
    ///
    /// # Errors
    /// Why the conversation ended before.
    ///
    /// # Cancel safety
    /// The close goes on where the future is dropped.
    pub async fn close(&self, deadline: Duration) -> Result<Summary, Error> {
        self.shared
            .with(|state, now| state.conversation.close(now, deadline));
        self.shared.until(|flags| flags.over).await;
        match self.outcome() {
            Some(Outcome::Complete(summary)) => Ok(summary),
            Some(Outcome::Failed { error, .. }) => Err(error),
            Some(Outcome::Incomplete { missing, .. }) => Err(Error::incomplete(missing)),
            None => Err(Error::ended()),
        }
    }

    /// How the conversation ended; `None` while it has not.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome<Summary, Error>> {
        self.shared.lock().outcome()
    }

    /// What was said so far, turn by turn.
    #[must_use]
    pub fn transcript(&self) -> Vec<TranscriptEntry> {
        self.shared
            .lock()
            .conversation
            .session()
            .transcript()
            .collect()
    }

    /// What the user heard of an answer.
    #[must_use]
    pub fn heard(&self, turn: TurnId) -> String {
        self.shared.lock().conversation.session().heard(turn)
    }

    /// Figures of this moment.
    #[must_use]
    pub fn metrics(&self) -> VoiceMetrics {
        self.shared.lock().metrics()
    }

    /// What whoever begins again by hand needs of this conversation, as it stands now.
    #[must_use]
    pub fn restart(&self) -> Restart {
        self.shared.lock().conversation.restart()
    }

    /// The service's id of the latest call, once it has accepted or refused one.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        self.shared.lock().request_id.clone()
    }

    /// The rate that [`audio`](Self::audio) must have.
    #[must_use]
    pub fn input_rate(&self) -> SampleRate {
        self.shared.lock().conversation.input_rate()
    }

    /// Waits until a call is open, or the conversation has failed before.
    pub(super) async fn opened(&self) -> Result<(), Error> {
        self.shared.until(|flags| flags.opened || flags.over).await;
        match self.outcome() {
            Some(Outcome::Failed { error, .. }) => Err(error),
            _ => Ok(()),
        }
    }

    /// Has the machine do something; a refusal after the end is the error that ended it.
    fn act<T>(
        &self,
        act: impl FnOnce(
            &mut super::shared::State,
            std::time::Instant,
        ) -> Result<T, nova_sonic::Refusal>,
    ) -> Result<T, Error> {
        self.shared.with(|state, now| {
            act(state, now).map_err(|refusal| match state.outcome() {
                Some(Outcome::Failed { error, .. }) => error,
                _ => refusal.into(),
            })
        })
    }
}

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voice").finish_non_exhaustive()
    }
}

/// Closes the conversation when the last handle is gone.
struct LastHandle(Arc<Shared>);

impl Drop for LastHandle {
    fn drop(&mut self) {
        self.0
            .with(|state, now| state.conversation.close(now, LAST_WORDS));
    }
}
