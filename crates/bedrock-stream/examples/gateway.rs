//! A gateway that answers as Amazon Bedrock does: ConverseStream in, changed on the way, ConverseStream out.
//!
//! `cargo run -p bedrock-stream --example gateway`. Offline: behind it a Bedrock on 127.0.0.1, in front of it a client of its own. Any
//! SDK can be pointed at it, over HTTP/2 or HTTP/1.1. Its callers are not authenticated: that is yours to add.

use std::convert::Infallible;
use std::error::Error;

use bedrock_loopback::{Loopback, Scenario};
use bedrock_stream::{Client, ConverseStream, Credentials};
use bytes::{Bytes, BytesMut};
use converse_stream::{ConverseRequest, Event, Message, Role, Writer, encode_event};
use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

type Fault = Box<dyn Error + Send + Sync>;
type Answer = http::Response<BoxBody<Bytes, Fault>>;

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let denied = r#"{"converse": [{"contains": "secret", "error":
        {"name": "AccessDeniedException", "message": "Not this one."}}]}"#;
    let bedrock = Loopback::builder()
        .scenario(Scenario::from_json(denied, ".")?)
        .start()
        .await?;
    let key = Credentials::new(bedrock.access_key_id(), bedrock.secret_access_key());
    let upstream = Client::builder() // on AWS: Client::from_env().await?
        .region(bedrock.region())
        .endpoint_url(bedrock.url())
        .trust_pem(bedrock.ca_pem())
        .credentials(key.clone())
        .build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(serve(listener, upstream));

    let caller = Client::builder()
        .region("us-east-1")
        .endpoint_url(url)
        .credentials(key)
        .build()?;
    for question in ["My number is 555 0100.", "What is the secret?"] {
        let request = ConverseRequest::new().with_message(Message::user(question));
        let call = caller.converse("us.amazon.nova-lite-v1:0", &request);
        match call.send().await {
            Ok(answer) => println!("{}", answer.collect().await?.text()),
            Err(error) => println!("{error}"),
        }
    }
    bedrock.shutdown().await;
    Ok(())
}

async fn serve(listener: TcpListener, upstream: Client) -> std::io::Result<Infallible> {
    loop {
        let (tcp, _) = listener.accept().await?;
        let upstream = upstream.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(upstream.clone(), request));
            let server = auto::Builder::new(TokioExecutor::new());
            server.serve_connection(TokioIo::new(tcp), service).await
        });
    }
}

/// One call. What fails before the first byte is an HTTP error, as the service has them.
async fn answer(upstream: Client, request: http::Request<Incoming>) -> Result<Answer, Fault> {
    // `/model/ID/converse-stream`; an ARN has `%2F` too.
    let id = request.uri().path().split('/').nth(2).unwrap_or_default();
    let model = id.replace("%3A", ":").replace("%2F", "/");
    let request: ConverseRequest =
        serde_json::from_slice(&request.into_body().collect().await?.to_bytes())?;
    match upstream.converse(model, &request).send().await {
        Ok(answer) => {
            let (to_caller, body) = Channel::new(16);
            tokio::spawn(relay(answer, to_caller));
            let response = http::Response::builder()
                .header("content-type", "application/vnd.amazon.eventstream");
            Ok(response.body(body.boxed())?)
        }
        Err(error) => {
            let told = error.service().map(|e| (e.code(), e.message()));
            let (code, message) = told.unwrap_or(("InternalServerException", "No answer."));
            let message = serde_json::json!({"message": message}).to_string();
            let response = http::Response::builder()
                .status(error.status().unwrap_or(500))
                .header("x-amzn-errortype", code)
                .header("x-amzn-requestid", error.request_id().unwrap_or("none"));
            Ok(response.body(Full::from(message).map_err(|never| match never {}).boxed())?)
        }
    }
}

/// Events from upstream to the caller. An answer that was cut stays cut, an exception stays an exception.
async fn relay(mut answer: ConverseStream, mut caller: Sender<Bytes, Fault>) -> Result<(), Fault> {
    let mut frames = BytesMut::new();
    loop {
        match answer.next().await {
            Ok(Some(mut event)) => {
                // The gateway's own work: digits become `#`.
                if let Event::Text { text, .. } = &mut event {
                    *text = text.replace(|c: char| c.is_ascii_digit(), "#");
                }
                encode_event(&event, &mut frames)?;
                if !frames.is_empty() {
                    caller.send_data(frames.split().freeze()).await?;
                }
            }
            Ok(None) => return Ok(()), // whole
            Err(error) => {
                let Some(service) = error.service() else {
                    caller.abort(error.into());
                    return Ok(());
                };
                let mut writer = Writer::begin(Role::Assistant)?;
                let _ = writer.take(); // the caller has had its beginning
                return Ok(caller.send_data(writer.fail(service)?).await?);
            }
        }
    }
}
