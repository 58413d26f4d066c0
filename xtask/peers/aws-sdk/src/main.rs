//! The official Rust SDK against a local Bedrock: one JSON line a check (docs/interop.md).
//!
//! The one argument is a JSON object: url, ca_file, region, access_key_id, secret_access_key, model, checks, and in `open` and `close` the
//! events of a spoken session. With `bench` in it, the SDK is measured instead.

mod bench;
mod duplex;
mod one_way;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Region};
use aws_sdk_bedrockruntime::{Client, Config};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Arguments {
    url: String,
    ca_file: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    model: String,
    #[serde(default)]
    checks: Vec<String>,
    #[serde(default)]
    bench: String,
    #[serde(default)]
    calls: usize,
    #[serde(default)]
    events: usize,
    open: Vec<String>,
    close: Vec<String>,
    text_model: String,
    #[serde(default)]
    text: String,
}

/// What a check found: a description of success, or of what went wrong.
type Finding = Result<String, String>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let argument = std::env::args().nth(1).expect("one argument");
    let text = std::fs::read_to_string(argument).expect("the file that the argument names");
    let arguments: Arguments = serde_json::from_str(&text).expect("its JSON");
    if !arguments.bench.is_empty() {
        return bench::run(&arguments).await.expect("a bench");
    }
    for check in &arguments.checks {
        let finding = tokio::time::timeout(Duration::from_secs(40), run(check, &arguments)).await;
        let finding = finding.unwrap_or_else(|_| Err("nothing came of it in 40 s".to_owned()));
        let (ok, detail) = match finding {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        println!("{}", json!({"check": check, "ok": ok, "detail": detail}));
    }
}

async fn run(check: &str, arguments: &Arguments) -> Finding {
    match check {
        "spoken session" => duplex::spoken_session(arguments).await,
        "spoken session, reset" | "spoken session, cut" | "spoken session, closed" => {
            duplex::broken_session(arguments).await
        }
        "exception in the stream" => duplex::exception(arguments).await,
        "wrong secret" => duplex::wrong_secret(arguments).await,
        "converse" => one_way::converse(arguments).await,
        "converse stream" => one_way::converse_stream(arguments).await,
        "converse stream, exception" => one_way::converse_exception(arguments).await,
        "converse, HTTP 400" => one_way::refused(arguments).await,
        "converse, HTTP 503 once" => one_way::converse(arguments).await,
        "invoke" => one_way::invoke(arguments).await,
        "invoke stream" => one_way::invoke_stream(arguments).await,
        other => Err(format!("this client has no check {other:?}")),
    }
}

fn client(arguments: &Arguments, secret: &str) -> Client {
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

fn shorten(text: &str) -> String {
    text.chars().take(160).collect()
}
