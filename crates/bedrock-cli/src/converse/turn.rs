//! One turn: the request goes out, the answer is shown as it comes.

use bedrock_stream::Client;
use converse_stream::ConverseRequest;

use crate::answer::{Watched, Watcher};

/// Takes turns with a model.
pub(super) struct Turn {
    client: Client,
    model: String,
    watcher: Watcher,
}

impl Turn {
    pub(super) fn new(client: Client, model: String, watcher: Watcher) -> Self {
        Self {
            client,
            model,
            watcher,
        }
    }

    /// Waits until somebody asks for the end. Cancel safe.
    pub(super) async fn end_asked(&mut self) {
        self.watcher.end_asked().await;
    }

    /// Asks and shows the answer. Somebody who asks for the end keeps what has come of it.
    pub(super) async fn take(&mut self, request: &ConverseRequest) -> Watched {
        let call = self.client.converse(self.model.as_str(), request);
        self.watcher.watch(Box::pin(call.send())).await
    }
}
