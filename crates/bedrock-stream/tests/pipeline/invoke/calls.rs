//! The call itself: its headers, its retries, what it is refused with.

use bedrock_loopback::{Fault, FaultKind, Scenario};
use bedrock_stream::{Client, ErrorKind, Retry, TraceMode};
use bytes::Bytes;
use converse_stream::family::Family;
use converse_stream::request::config::{Latency, ServiceTierType};

use super::ask;
use crate::stage::server;

const LLAMA: &str = "meta.llama3-8b-instruct-v1:0";
const BODY: &str = r#"{"prompt":"one two","max_gen_len":9}"#;
const PROFILE: &str = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3";

#[tokio::test(start_paused = true)]
async fn options_are_headers_and_signed() {
    let with = |call: bedrock_stream::InvokeCall| {
        call.accept("application/json")
            .trace(TraceMode::EnabledFull)
            .guardrail("gr-1", "DRAFT")
            .latency(&Latency::Optimized)
            .service_tier(&ServiceTierType::Flex)
            .request_metadata(r#"{"team":"a"}"#)
    };
    // The loopback checks the signature over all of them.
    let reply = ask(server(), LLAMA, BODY, with).await.unwrap();
    assert_eq!(
        reply.headers()["x-amzn-bedrock-content-type"],
        "application/json"
    );
    assert_eq!(reply.attempts(), 1);
    reply.collect().await.unwrap();

    let client = Client::builder()
        .region("us-east-1")
        .endpoint_url("http://localhost:1/base")
        .bearer_token("key")
        .build()
        .unwrap();
    let (mut connection, mut peer) = h2_duplex::pipe(64 * 1024);
    let call = with(client.invoke_stream(LLAMA, BODY)).retry(Retry::NONE);
    let serve = async {
        let mut call = peer.accept().await.unwrap();
        let mut body = Vec::new();
        while let Some(chunk) = call.receive.next().await.unwrap() {
            body.extend_from_slice(&chunk);
        }
        assert_eq!(body, BODY.as_bytes());
        let mut head = http::Response::new(());
        *head.status_mut() = http::StatusCode::BAD_REQUEST;
        call.send.head(head);
        call.send.finish();
        call.head
    };
    let (reply, head) = tokio::join!(call.send_on(&mut connection), serve);
    assert_eq!(reply.unwrap_err().status(), Some(400));
    let path = "/base/model/meta.llama3-8b-instruct-v1%3A0/invoke-with-response-stream";
    assert_eq!(head.uri().path(), path);
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-amzn-bedrock-accept", "application/json"),
        ("x-amzn-bedrock-trace", "ENABLED_FULL"),
        ("x-amzn-bedrock-guardrailidentifier", "gr-1"),
        ("x-amzn-bedrock-guardrailversion", "DRAFT"),
        ("x-amzn-bedrock-performanceconfig-latency", "optimized"),
        ("x-amzn-bedrock-service-tier", "flex"),
        ("x-amzn-bedrock-request-metadata", r#"{"team":"a"}"#),
    ] {
        assert_eq!(head.headers()[name], value, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_sent_again_before_the_first_chunk_only() {
    let twice = |call: bedrock_stream::InvokeCall| call.retry(Retry::attempts(2));
    let down = Fault::new(FaultKind::HttpError).at(503).times(1);
    let reply = ask(server().fault(down), LLAMA, BODY, twice).await.unwrap();
    assert_eq!(reply.attempts(), 2);
    assert_eq!(reply.collect().await.unwrap().text(), "one two");

    let early = Fault::new(FaultKind::ExceptionThrottling).at(1).times(1);
    let reply = ask(server().fault(early), LLAMA, BODY, twice)
        .await
        .unwrap();
    assert_eq!(reply.attempts(), 2);
    assert_eq!(reply.collect().await.unwrap().text(), "one two");

    let late = Fault::new(FaultKind::ExceptionThrottling).at(2).times(1);
    let reply = ask(server().fault(late), LLAMA, BODY, twice).await.unwrap();
    let unfinished = reply.collect().await.unwrap_err();
    assert_eq!(unfinished.error.attempts(), Some(1));
    assert_eq!(unfinished.reply.text(), "one ");
}

#[tokio::test(start_paused = true)]
async fn a_value_that_no_header_can_hold_is_told_before_anything_is_sent() {
    let error = ask(server(), LLAMA, BODY, |call| {
        call.guardrail("a\nb", "1").accept("\u{7f}")
    })
    .await;
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error}");
    assert!(error.to_string().contains("guardrailidentifier"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn where_the_id_says_nothing_the_chunks_do_and_the_callers_word_comes_first() {
    let script = r#"{"invoke":[{"chunks":[{"generation":"Hi","stop_reason":"stop"}]}]}"#;
    let scenario = || Scenario::from_json(script, ".").unwrap();
    let by_shape = ask(server().scenario(scenario()), PROFILE, "{}", |call| call).await;
    let mut by_shape = by_shape.unwrap();
    while by_shape.next().await.unwrap().is_some() {}
    assert_eq!(by_shape.family(), Some(Family::Llama));
    assert_eq!(by_shape.reply().text(), "Hi");

    let titan = |call: bedrock_stream::InvokeCall| call.family(Family::Titan);
    let by_word = ask(server().scenario(scenario()), PROFILE, "{}", titan)
        .await
        .unwrap();
    let unfinished = by_word.collect().await.unwrap_err();
    assert_eq!(
        unfinished.reply.unknown.len(),
        1,
        "kept, though it is no Titan's"
    );
}

#[tokio::test(start_paused = true)]
async fn refusals_are_the_services_own() {
    let refused = ask(server(), "nobody.knows", BODY, |call| call).await;
    let error = refused.unwrap_err();
    assert_eq!(
        (error.status(), error.service().unwrap().code()),
        (Some(400), "ValidationException")
    );
    let malformed = ask(server(), LLAMA, Bytes::from_static(b"{}"), |call| call).await;
    assert_eq!(malformed.unwrap_err().status(), Some(400));
}
