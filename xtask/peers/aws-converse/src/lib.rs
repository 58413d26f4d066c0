//! The SDK's client on a connector that answers from memory, and the loop of a program that is asked about such answers.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_credential_types::Credentials;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_sdk_bedrockruntime::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body::{Body, Frame};
use serde_json::{Value, json};

/// Answers the questions of docs/fixtures.md on standard input: `converse` folds the reply that a client gets, and what is not a
/// reply is `unable`.
pub async fn answer_lines(version: &str, unable: &str, converse: impl AsyncFn(Canned) -> Value) {
    let mut stdout = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line.expect("UTF-8")).expect("JSON");
        let answer = match question["op"].as_str() {
            Some("describe") => json!({"version": version}),
            Some("converse") => match Canned::of(&question) {
                Some(canned) => converse(canned).await,
                None => json!({"unable": "the question makes no sense"}),
            },
            _ => json!({"unable": unable}),
        };
        writeln!(stdout, "{answer}")
            .and_then(|()| stdout.flush())
            .expect("somebody listens");
    }
}

/// A body in pieces, and whether the transport is cut behind it.
#[derive(Clone, Debug)]
pub struct Canned {
    pub pieces: VecDeque<Bytes>,
    pub cut: bool,
}

impl Canned {
    /// The reply of a question.
    fn of(question: &Value) -> Option<Self> {
        let body = STANDARD
            .decode(question["input"]["base64"].as_str()?)
            .ok()?;
        let sizes = question["chunks"].as_array()?.iter();
        let sizes: Vec<usize> = sizes
            .filter_map(Value::as_u64)
            .map(|n| n as usize)
            .collect();
        Some(Self {
            pieces: pieces(body.into(), &sizes),
            cut: question["transport_end"] == "cut",
        })
    }

    /// A client that gets this answer to whatever it asks.
    #[must_use]
    pub fn client(self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::from_keys("id", "secret", None))
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(self)
            .build();
        Client::from_conf(config)
    }
}

impl HttpConnector for Canned {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        let body = SdkBody::from_body_1_x(self.clone());
        let mut response = HttpResponse::new(StatusCode::try_from(200).expect("a status"), body);
        let headers = response.headers_mut();
        headers.insert("content-type", "application/vnd.amazon.eventstream");
        headers.insert("x-amzn-requestid", "r-1");
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for Canned {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl Body for Canned {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(piece) = self.pieces.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let cut = std::mem::take(&mut self.cut);
        let reset = || Err(io::Error::from(io::ErrorKind::ConnectionReset));
        Poll::Ready(cut.then(reset))
    }
}

/// Cuts `bytes` into pieces of these sizes; the last repeats, and 0 as the last means the rest.
fn pieces(mut bytes: Bytes, sizes: &[usize]) -> VecDeque<Bytes> {
    let mut pieces = VecDeque::new();
    let mut sizes = sizes.iter().copied();
    let mut last = 0;
    while !bytes.is_empty() {
        let listed = sizes.next();
        last = listed.unwrap_or(last);
        let size = if last == 0 && listed.is_none() {
            bytes.len()
        } else {
            last.min(bytes.len())
        };
        pieces.push_back(bytes.split_to(size));
    }
    pieces
}
