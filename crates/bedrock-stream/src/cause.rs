//! One cause for both halves: when the service ends a call, the sender says what the service said.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;

use crate::error::Error;

/// How long a sender that was stopped waits for the receiver to read why. The answer is on its way already.
const GRACE: Duration = Duration::from_secs(2);

/// Why a call ended, told by the receiver and asked for by the sender.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cause(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    error: OnceLock<Error>,
    told: Notify,
}

impl Cause {
    /// Tells why the call ended. Only the first word counts.
    pub(crate) fn tell(&self, error: Error) {
        let _ = self.0.error.set(error);
        self.0.told.notify_waiters();
    }

    /// The cause behind a sender's transport error: the receiver's error where it has one, or soon will.
    pub(crate) async fn of(&self, error: h2_duplex::Error) -> Error {
        let told = self.0.told.notified();
        tokio::pin!(told);
        told.as_mut().enable();
        if self.0.error.get().is_none() {
            let _ = tokio::time::timeout(GRACE, told).await;
        }
        self.0
            .error
            .get()
            .cloned()
            .unwrap_or_else(|| Error::transport(error))
    }
}
