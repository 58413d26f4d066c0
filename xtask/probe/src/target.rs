//! Whom to call, and by what way.

use std::path::PathBuf;
use std::time::Duration;

use bedrock_stream::{Client, Credentials, Retry};
use h2_duplex::{Connection, Connector, Deadlines, KeepAlive, Proxy, Settings, Tls, TlsBuilder};
use http::{Request, Uri};
use serde::Deserialize;

/// A server, as `bedrock serve --json` describes itself, and the way to it.
#[derive(Deserialize)]
pub(crate) struct Target {
    url: String,
    ca_file: PathBuf,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    /// `http://` or `socks5h://`.
    #[serde(default)]
    proxy: Option<String>,
    /// `host:port` to call in place of the URL's.
    #[serde(default)]
    connect_to: Option<String>,
    /// Bytes of PCM in each event of a voice session.
    pub(crate) pcm_bytes: usize,
    /// PING after so many seconds of silence, and an answer within as many; none where absent.
    #[serde(default)]
    ping_seconds: Option<u64>,
    /// The longest silence of the server, before the head or in its answer; 60 s where absent.
    #[serde(default)]
    silence_seconds: Option<u64>,
}

impl Target {
    /// A connection of its own, its driver running.
    pub(crate) async fn connect(&self) -> Result<Connection, String> {
        let pem = self.roots()?;
        let tls = Tls::builder().roots_pem(&pem).and_then(TlsBuilder::build);
        let mut settings = Settings::default().deadlines(self.deadlines());
        if let Some(seconds) = self.ping_seconds.map(Duration::from_secs) {
            settings = settings.keep_alive(KeepAlive::new(seconds, seconds));
        }
        let mut connector = Connector::new(tls.map_err(say)?, settings);
        if let Some(proxy) = &self.proxy {
            connector = connector.proxy(Proxy::all(proxy).map_err(say)?);
        }
        if let Some(target) = &self.connect_to {
            connector = connector.connect_to(target);
        }
        let uri: Uri = self.url.parse().map_err(say)?;
        connector.connect_and_spawn(&uri).await.map_err(say)
    }

    /// The head of an unsigned call to `path`.
    pub(crate) fn post(&self, path: &str) -> Result<Request<()>, String> {
        let kind = "application/vnd.amazon.eventstream";
        Request::post(format!("{}{path}", self.url))
            .header("content-type", kind)
            .body(())
            .map_err(say)
    }

    /// The whole client.
    pub(crate) fn client(&self) -> Result<Client, String> {
        self.client_with(&self.secret_access_key)
    }

    /// The same with a secret that may not be the server's.
    pub(crate) fn client_with(&self, secret: &str) -> Result<Client, String> {
        let credentials = Credentials::new(&self.access_key_id, secret);
        Client::builder()
            .region(&self.region)
            .endpoint_url(&self.url)
            .trust_pem(self.roots()?)
            .credentials(credentials)
            // Its calls bring deadlines of their own.
            .deadlines(self.deadlines())
            .retry(Retry::NONE)
            .build()
            .map_err(say)
    }

    fn deadlines(&self) -> Deadlines {
        let silence = Some(Duration::from_secs(self.silence_seconds.unwrap_or(60)));
        Deadlines {
            response_head: silence,
            first_byte: silence,
            between_bytes: silence,
            ..Deadlines::default()
        }
    }

    fn roots(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.ca_file).map_err(|error| format!("{}: {error}", self.ca_file.display()))
    }
}

/// An error as its one line.
pub(crate) fn say(error: impl std::fmt::Display) -> String {
    error.to_string()
}
