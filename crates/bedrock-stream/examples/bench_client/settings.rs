//! What is to be done, and the client and connections to do it with.

use bedrock_stream::{Client, Credentials};
use h2_duplex::{Connection, Connector, Settings, Tls};
use nova_sonic::{History, HistoryLimits, HistoryRole};
use serde::Deserialize;

use crate::Outcome;

/// Bytes of one turn of a history.
const TURN: usize = 1_000;

#[derive(Clone, Deserialize)]
pub(crate) struct Task {
    pub(crate) url: String,
    ca_file: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    pub(crate) model: String,
    pub(crate) text_model: String,
    pub(crate) bench: String,
    pub(crate) calls: usize,
    pub(crate) events: usize,
    /// Bytes of PCM in one event.
    pub(crate) pcm: usize,
    /// Turns of the history that a session begins with.
    history: usize,
}

impl Task {
    pub(crate) fn client(&self) -> Outcome<Client> {
        let key = Credentials::new(&*self.access_key_id, &*self.secret_access_key);
        Ok(Client::builder()
            .endpoint_url(&self.url)
            .trust_pem(std::fs::read(&self.ca_file)?)
            .region(&self.region)
            .credentials(key)
            .build()?)
    }

    pub(crate) fn connector(&self) -> Outcome<Connector> {
        let pem = std::fs::read(&self.ca_file)?;
        let tls = Tls::builder().roots_pem(&pem)?.build()?;
        Ok(Connector::new(tls, Settings::default().max_calls(1000)))
    }

    /// A connection that many calls share.
    pub(crate) async fn connection(&self) -> Outcome<Connection> {
        let uri = self.url.parse()?;
        Ok(self.connector()?.connect_and_spawn(&uri).await?)
    }

    pub(crate) fn speech(&self) -> Vec<u8> {
        vec![1; self.pcm]
    }

    /// What was said before.
    pub(crate) fn history(&self) -> History {
        let roles = [HistoryRole::User, HistoryRole::Assistant];
        let said = roles.into_iter().cycle().take(self.history);
        let text = "x".repeat(TURN);
        let limits = HistoryLimits {
            max_bytes: usize::MAX,
            max_turns: usize::MAX,
        };
        let (history, _) = History::normalize(said.map(|role| (role, text.as_str())), &limits);
        history
    }
}
