//! The official Rust SDK against a local Bedrock: one JSON line a check (docs/interop.md).
//!
//! The one argument is a JSON object: url, ca_file, region, access_key_id, secret_access_key, model, checks, and in `open` and `close` the
//! events of a spoken session.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Region};
use aws_sdk_bedrockruntime::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::error::InvokeModelWithBidirectionalStreamInputError;
use aws_sdk_bedrockruntime::types::{
    BidirectionalInputPayloadPart, InvokeModelWithBidirectionalStreamInput,
    InvokeModelWithBidirectionalStreamOutput,
};
use aws_sdk_bedrockruntime::{Client, Config};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

#[derive(Deserialize)]
struct Arguments {
    url: String,
    ca_file: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    model: String,
    checks: Vec<String>,
    open: Vec<String>,
    close: Vec<String>,
}

/// What a check found: a description of success, or of what went wrong.
type Finding = Result<String, String>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let argument = std::env::args().nth(1).expect("one argument");
    let text = std::fs::read_to_string(argument).expect("the file that the argument names");
    let arguments: Arguments = serde_json::from_str(&text).expect("its JSON");
    for check in &arguments.checks {
        let finding = tokio::time::timeout(Duration::from_secs(60), run(check, &arguments)).await;
        let finding = finding.unwrap_or_else(|_| Err("nothing came of it in 60 s".to_owned()));
        let (ok, detail) = match finding {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        println!("{}", json!({"check": check, "ok": ok, "detail": detail}));
    }
}

async fn run(check: &str, arguments: &Arguments) -> Finding {
    match check {
        "spoken session" => spoken_session(arguments).await,
        "exception in the stream" => exception(arguments).await,
        "wrong secret" => wrong_secret(arguments).await,
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

fn input(event: &str) -> InvokeModelWithBidirectionalStreamInput {
    let part = BidirectionalInputPayloadPart::builder()
        .bytes(Blob::new(event))
        .build();
    InvokeModelWithBidirectionalStreamInput::Chunk(part)
}

type Input =
    Result<InvokeModelWithBidirectionalStreamInput, InvokeModelWithBidirectionalStreamInputError>;

/// A stream of what is sent to it; fused, since the SDK polls on behind the end.
fn channel() -> (
    mpsc::UnboundedSender<Input>,
    impl futures_util::Stream<Item = Input> + Send + Sync,
) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let events = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|e| (e, receiver))
    });
    (sender, sync(events.fuse()))
}

/// `unfold`'s futures are not `Sync` by themselves; a lock that nobody contends for makes them so.
fn sync<S: futures_util::Stream + Send>(
    stream: S,
) -> impl futures_util::Stream<Item = S::Item> + Send + Sync {
    let stream = std::sync::Mutex::new(Box::pin(stream));
    stream::poll_fn(move |cx| stream.lock().expect("no panic").as_mut().poll_next(cx))
}

async fn spoken_session(arguments: &Arguments) -> Finding {
    let (sender, events) = channel();
    for event in &arguments.open {
        sender.send(Ok(input(event))).map_err(|e| e.to_string())?;
    }
    let mut output = client(arguments, &arguments.secret_access_key)
        .invoke_model_with_bidirectional_stream()
        .model_id(&arguments.model)
        .body(events.into())
        .send()
        .await
        .map_err(|e| DisplayErrorContext(&e).to_string())?;
    let mut sender = Some(sender);
    let mut seen = Seen::default();
    while let Some(event) = output
        .body
        .recv()
        .await
        .map_err(|e| DisplayErrorContext(&e).to_string())?
    {
        let InvokeModelWithBidirectionalStreamOutput::Chunk(part) = event else {
            return Err("an event that the SDK does not know".to_owned());
        };
        let bytes = part.bytes.ok_or("a chunk without bytes")?.into_inner();
        if seen.note(&bytes)?
            && let Some(sender) = sender.take()
        {
            for event in &arguments.close {
                sender.send(Ok(input(event))).map_err(|e| e.to_string())?;
            }
        }
    }
    seen.verdict()
}

/// What came out of a spoken session.
#[derive(Default)]
struct Seen {
    events: usize,
    audio: usize,
    spoken: bool,
    completed: bool,
}

impl Seen {
    /// Notes an event; true when the reply has been spoken to its end.
    fn note(&mut self, bytes: &[u8]) -> Result<bool, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let event = &value["event"];
        self.events += 1;
        self.audio += event["audioOutput"]["content"].as_str().map_or(0, str::len) / 4 * 3;
        self.completed |= event.get("completionEnd").is_some();
        let end = &event["contentEnd"];
        let over = end["type"] == "AUDIO" && end["stopReason"] == "END_TURN";
        self.spoken |= over;
        Ok(over)
    }

    fn verdict(&self) -> Finding {
        let Self {
            events,
            audio,
            spoken,
            completed,
        } = self;
        let text = format!("{events} events, {audio} bytes of speech");
        match (spoken, completed) {
            (true, true) if *audio > 0 => Ok(text),
            _ => Err(format!(
                "{text}; spoken to its end: {spoken}, completed: {completed}"
            )),
        }
    }
}

/// Audio before a prompt: the service refuses it within the stream.
async fn exception(arguments: &Arguments) -> Finding {
    let (sender, events) = channel();
    for event in arguments
        .open
        .first()
        .into_iter()
        .chain(arguments.open.last())
    {
        sender.send(Ok(input(event))).map_err(|e| e.to_string())?;
    }
    let output = client(arguments, &arguments.secret_access_key)
        .invoke_model_with_bidirectional_stream()
        .model_id(&arguments.model)
        .body(events.into())
        .send()
        .await;
    let error = match output {
        Err(error) => error.into_service_error().to_string(),
        Ok(mut output) => loop {
            match output.body.recv().await {
                Ok(Some(_)) => {}
                Ok(None) => return Err("the stream ended without an exception".to_owned()),
                Err(error) => break format!("{:?}", error.into_service_error()),
            }
        },
    };
    drop(sender);
    if error.contains("ValidationException") {
        Ok(shorten(&error))
    } else {
        Err(shorten(&error))
    }
}

async fn wrong_secret(arguments: &Arguments) -> Finding {
    let (sender, events) = channel();
    sender
        .send(Ok(input(&arguments.open[0])))
        .map_err(|e| e.to_string())?;
    let output = client(arguments, "another secret")
        .invoke_model_with_bidirectional_stream()
        .model_id(&arguments.model)
        .body(events.into())
        .send()
        .await;
    match output {
        Ok(_) => Err("it was let in".to_owned()),
        Err(error) => {
            let status = error.raw_response().map(|r| r.status().as_u16());
            let code = error.code().unwrap_or_default().to_owned();
            let found = format!("HTTP {}, {code}", status.unwrap_or_default());
            if status == Some(403) && !code.is_empty() {
                Ok(found)
            } else {
                Err(found)
            }
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(160).collect()
}
