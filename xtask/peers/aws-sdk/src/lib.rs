//! What a program on the official Rust SDK is told, the client that it gets, and how it answers: one JSON line a check
//! (docs/interop.md).

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Region};
use aws_sdk_bedrockruntime::{Client, Config};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use serde::Deserialize;
use serde_json::json;

/// Longer than any check takes.
const PATIENCE: Duration = Duration::from_secs(40);

/// Where the server is, what to do with it, and in `open` and `close` the events of a spoken session. With `bench` in it, the
/// SDK is measured instead.
#[derive(Deserialize)]
pub struct Arguments {
    pub url: String,
    pub ca_file: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub model: String,
    #[serde(default)]
    pub checks: Vec<String>,
    #[serde(default)]
    pub bench: String,
    #[serde(default)]
    pub calls: usize,
    #[serde(default)]
    pub events: usize,
    /// Bytes of PCM in one event of a bench.
    #[serde(default)]
    pub pcm: usize,
    pub open: Vec<String>,
    pub close: Vec<String>,
    pub text_model: String,
    #[serde(default)]
    pub text: String,
}

/// What a check found: a description of success, or of what went wrong.
pub type Finding = Result<String, String>;

impl Arguments {
    /// Reads them from the JSON file that the command line names.
    #[must_use]
    pub fn read() -> Self {
        let argument = std::env::args().nth(1).expect("one argument");
        let text = std::fs::read_to_string(argument).expect("the file that the argument names");
        serde_json::from_str(&text).expect("its JSON")
    }

    /// Runs each check and prints what it found.
    pub async fn report(&self, run: impl AsyncFn(&str) -> Finding) {
        for check in &self.checks {
            let finding = tokio::time::timeout(PATIENCE, run(check)).await;
            let finding = finding.unwrap_or_else(|_| Err("nothing came of it in 40 s".to_owned()));
            let (ok, detail) = match finding {
                Ok(detail) => (true, detail),
                Err(detail) => (false, detail),
            };
            println!("{}", json!({"check": check, "ok": ok, "detail": detail}));
        }
    }
}

/// The SDK's client of that server, with this secret.
#[must_use]
pub fn client(arguments: &Arguments, secret: &str) -> Client {
    let pem = std::fs::read(&arguments.ca_file).expect("the CA file");
    let trust = TrustStore::empty().with_pem_certificate(pem);
    let tls = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .expect("a TLS context");
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https();
    let credentials = Credentials::from_keys(&arguments.access_key_id, secret, None);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(arguments.region.clone()))
        .credentials_provider(credentials)
        .endpoint_url(&arguments.url)
        .http_client(http)
        .build();
    Client::from_conf(config)
}

/// The beginning of a text: errors can be long.
#[must_use]
pub fn shorten(text: &str) -> String {
    text.chars().take(160).collect()
}
