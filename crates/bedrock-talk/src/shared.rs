//! What all sessions of a server have in common.

use std::sync::Arc;

use bedrock_stream::SonicBuilder;
use http::request;
use nova_sonic::SampleRate;
use tokio::sync::watch;

use crate::access::Access;
use crate::limits::Limits;
use crate::notice::Notice;
use crate::registry::Registry;

type Begin = dyn Fn(&request::Parts) -> Option<SonicBuilder> + Send + Sync;
type Observer = dyn Fn(&Notice) + Send + Sync;

/// Settings, sessions, and the wish to end.
pub(crate) struct Shared {
    pub(crate) begin: Box<Begin>,
    pub(crate) observer: Option<Box<Observer>>,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    pub(crate) output_rate: SampleRate,
    pub(crate) greeting: Option<String>,
    pub(crate) explains: bool,
    pub(crate) registry: Arc<Registry>,
    pub(crate) stop: watch::Sender<bool>,
}

/// Hears when the server is to end.
pub(crate) struct Stopping(watch::Receiver<bool>);

impl Shared {
    pub(crate) fn observe(&self, notice: &Notice) {
        if let Some(observer) = &self.observer {
            observer(notice);
        }
    }

    pub(crate) fn stopping(&self) -> Stopping {
        Stopping(self.stop.subscribe())
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}

impl Stopping {
    /// Waits for it.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn asked(&mut self) {
        if self.0.wait_for(|stop| *stop).await.is_err() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    }
}
