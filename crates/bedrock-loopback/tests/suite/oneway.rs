//! ConverseStream, InvokeModelWithResponseStream and their one-shot relatives, over HTTP/2 and HTTP/1.1.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{Call, Client, Got, builder, connector_for, start_time};
use crate::signer::Signer;

pub(crate) const CONVERSE_STREAM: &str = "/model/amazon.nova-lite-v1%3A0/converse-stream";
const CONVERSE: &str = "/model/amazon.nova-lite-v1%3A0/converse";

pub(crate) fn says(text: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": [{ "text": text }] }] })
}

async fn post(path: &str, body: &Value) -> Call {
    let server = builder().build().unwrap();
    Client::connect(&server).await.post(path, body).await
}

fn names(got: &[Got]) -> Vec<&str> {
    got.iter()
        .map(|got| match got {
            Got::Event(name, _) | Got::Exception(name, _) => name.as_str(),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn converse_stream_echoes_word_by_word() {
    let mut call = post(CONVERSE_STREAM, &says("one two")).await;
    let headers = call.head().await;
    assert_eq!(
        headers["content-type"],
        "application/vnd.amazon.eventstream"
    );
    let got = call.rest().await;
    assert_eq!(
        names(&got),
        [
            "messageStart",
            "contentBlockDelta",
            "contentBlockDelta",
            "contentBlockStop",
            "messageStop",
            "metadata"
        ]
    );
    let Got::Event(_, metadata) = &got[5] else {
        panic!()
    };
    assert_eq!(metadata["usage"]["outputTokens"], 2);
    for got in &got {
        let Got::Event(_, members) = got else {
            panic!()
        };
        assert!((2..=61).contains(&members["p"].as_str().unwrap().len()));
    }
}

#[tokio::test(start_paused = true)]
async fn converse_answers_at_once() {
    let mut body = says("one two three");
    body["inferenceConfig"] = json!({ "maxTokens": 2 });
    let (status, body) = post(CONVERSE, &body).await.json().await;
    assert_eq!(status, 200);
    assert_eq!(body["output"]["message"]["content"][0]["text"], "one two ");
    assert_eq!(body["stopReason"], "max_tokens");
}

#[tokio::test(start_paused = true)]
async fn invoke_streams_the_family_in_chunks() {
    let path = "/model/us.anthropic.claude-sonnet-4-v1%3A0/invoke-with-response-stream";
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 10,
        "messages": [{ "role": "user", "content": "hello there" }],
    });
    let mut call = post(path, &body).await;
    let headers = call.head().await;
    assert_eq!(headers["x-amzn-bedrock-content-type"], "application/json");
    let got = call.rest().await;
    let types: Vec<&str> = got
        .iter()
        .map(|got| match got {
            Got::Event(_, chunk) => chunk["type"].as_str().unwrap(),
            Got::Exception(..) => panic!(),
        })
        .collect();
    assert_eq!(
        types[..3],
        [
            "message_start",
            "content_block_start",
            "content_block_delta"
        ]
    );
    assert_eq!(types.last(), Some(&"message_stop"));

    let path = "/model/us.anthropic.claude-sonnet-4-v1%3A0/invoke";
    let mut call = post(path, &body).await;
    let headers = call.head().await;
    assert_eq!(headers["x-amzn-bedrock-output-token-count"], "2");
    let (_, body) = call.json().await;
    assert_eq!(body["content"][0]["text"], "hello there");
}

#[tokio::test(start_paused = true)]
async fn wrong_requests_get_errors_in_the_services_shape() {
    let (status, name, message) = post(CONVERSE, &json!({ "messages": [] }))
        .await
        .http_error()
        .await;
    assert_eq!((status, name.as_str()), (400, "ValidationException"));
    assert!(message.starts_with("A conversation must start with a user message."));

    let unknown = "/model/nobody.knows/invoke";
    let (status, _, message) = post(unknown, &json!({})).await.http_error().await;
    assert_eq!(
        (status, message.as_str()),
        (400, "The provided model identifier is invalid.")
    );

    let (status, name, _) = post("/model/x/nothing", &json!({}))
        .await
        .http_error()
        .await;
    assert_eq!((status, name.as_str()), (404, "UnknownOperationException"));
}

#[tokio::test(start_paused = true)]
async fn a_changed_body_is_refused() {
    let server = builder().build().unwrap();
    let mut client = Client::connect(&server).await;
    let signer = Signer::example("us-east-1");
    let headers = [("content-type", "application/json")];
    let (request, seed) = signer.head(
        CONVERSE,
        crate::client::AUTHORITY,
        &headers,
        b"{}",
        client.now(),
    );
    let mut call = client.open_with(request, signer, seed).await;
    call.send_bytes(says("x").to_string().into(), true).await;
    let (status, name, message) = call.http_error().await;
    assert_eq!((status, name.as_str()), (403, "InvalidSignatureException"));
    assert!(message.contains("from the canonical request"), "{message}");
}

/// Sends one request as HTTP/1.1 text and reads all that comes back.
async fn http1(path: &str, head: &str, body: &str) -> String {
    let server = builder().bearer_key("key-1").build().unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let far_side = server.clone();
    tokio::spawn(async move { far_side.serve_tls(far).await });
    let tls = connector_for(server.ca_pem(), &[b"http/1.1"]);
    let mut stream = tls
        .connect("localhost".try_into().unwrap(), near)
        .await
        .unwrap();
    let len = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:8443\r\n{head}Content-Length: {len}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The server closes without close_notify, which is an error after all has been read.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn signed_head(path: &str, body: &str) -> String {
    let signer = Signer::example("us-east-1");
    let (request, _) = signer.head(path, "localhost:8443", &[], body.as_bytes(), start_time());
    let mut head = String::new();
    for (name, value) in request.headers() {
        head.push_str(&[name.as_str(), ": ", value.to_str().unwrap(), "\r\n"].concat());
    }
    head
}

#[tokio::test(start_paused = true)]
async fn http1_serves_the_one_way_calls() {
    let body = says("one two").to_string();
    let answer = http1(CONVERSE_STREAM, &signed_head(CONVERSE_STREAM, &body), &body).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("transfer-encoding: chunked"));
    assert!(answer.contains("messageStop") && answer.contains("metadata"));
    assert!(answer.ends_with("0\r\n\r\n"));

    let answer = http1(CONVERSE, "Authorization: Bearer key-1\r\n", &body).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\"one two\""));

    let answer = http1(CONVERSE, "Authorization: Bearer key-2\r\n", &body).await;
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(answer.contains("Authentication failed"));
}

#[tokio::test(start_paused = true)]
async fn http1_cannot_carry_the_duplex_call() {
    let path = crate::client::PATH;
    let answer = http1(path, &signed_head(path, ""), "").await;
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(answer.contains("This operation needs HTTP/2."));
}

#[tokio::test(start_paused = true)]
async fn plaintext_tells_http2_from_http1() {
    let server = builder().build().unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let far_side = server.clone();
    tokio::spawn(async move { far_side.serve_connection(far).await });
    let (mut send, connection) = h2::client::handshake(near).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post("http://localhost/nothing")
        .body(())
        .unwrap();
    let (response, _) = send.send_request(request, true).unwrap();
    assert_eq!(response.await.unwrap().status(), 404);

    let (mut near, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { server.serve_connection(far).await });
    near.write_all(b"POST /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    near.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
}
