//! What the two halves of a stream tell each other. Not on the path of a frame.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::error::Error;

/// How long a sender that was stopped waits for the receiver to read why. The answer is on its way already.
const GRACE: Duration = Duration::from_secs(2);

/// Shared by the halves of one stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The response head has come.
    accepted: AtomicBool,
    /// Why the stream ended.
    cause: OnceLock<Error>,
    /// Something of the above has changed.
    told: Notify,
    /// We have closed the session in order.
    closed: AtomicBool,
    /// Ids of tool uses that the sender does not know of yet.
    tools: Mutex<Vec<String>>,
}

impl Link {
    /// Says that the service has accepted the call.
    pub(crate) fn accept(&self) {
        self.0.accepted.store(true, Ordering::Release);
        self.0.told.notify_waiters();
    }

    /// Says why the stream ended. Only the first word counts.
    pub(crate) fn end(&self, cause: Error) {
        let _ = self.0.cause.set(cause);
        self.0.told.notify_waiters();
    }

    /// The HTTP status of the answer, once there is one.
    pub(crate) fn status(&self) -> Option<u16> {
        if self.0.accepted.load(Ordering::Acquire) {
            return Some(200);
        }
        self.0.cause.get().and_then(Error::status)
    }

    /// Why the stream ended, once it has.
    pub(crate) fn cause(&self) -> Option<&Error> {
        self.0.cause.get()
    }

    /// Says that the sender closes the session in order.
    pub(crate) fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
    }

    /// Whether the sender has closed the session in order.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    /// Says that the model has called a tool.
    pub(crate) fn tool_called(&self, id: &str) {
        self.0
            .tools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(id.to_owned());
    }

    /// The tool uses since the last call of this.
    pub(crate) fn take_tools(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.tools.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the service has accepted the call or the stream has ended, at most for `patience`.
    pub(crate) async fn accepted(&self, patience: Duration) {
        let told = || self.0.accepted.load(Ordering::Acquire) || self.0.cause.get().is_some();
        let _ = timeout(patience, self.wait_until(told)).await;
    }

    /// The cause behind a sender's transport error: the receiver's error where it has one, or soon will.
    pub(crate) async fn cause_of(&self, error: h2_duplex::Error) -> Error {
        let _ = timeout(GRACE, self.wait_until(|| self.0.cause.get().is_some())).await;
        self.0
            .cause
            .get()
            .cloned()
            .unwrap_or_else(|| Error::transport(error))
    }

    async fn wait_until(&self, done: impl Fn() -> bool) {
        loop {
            let told = self.0.told.notified();
            tokio::pin!(told);
            // Before the look: a word between look and wait would be missed.
            told.as_mut().enable();
            if done() {
                return;
            }
            told.await;
        }
    }
}
