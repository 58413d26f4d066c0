//! A request is sent again before its first event only, so often and so late as is said.

use std::time::Duration;

use bedrock_stream::{Advice, Client, ErrorKind, Retry};
use bytes::{Bytes, BytesMut};
use eventstream_codec::{Header, HeaderValue, encode_frame};
use h2_duplex::ErrorCode;

use super::script::{Answer, Asked, MODEL, START_MILLIS, ask, lima, request, signing};

fn millis(asked: &[Asked]) -> Vec<u128> {
    let gap = |pair: &[Asked]| (pair[1].at - pair[0].at).as_millis();
    asked.windows(2).map(gap).collect()
}

fn exception(name: &str) -> Bytes {
    let mut frame = BytesMut::new();
    let headers = [
        (":exception-type", name),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ];
    let headers = headers.map(|(name, value)| Header {
        name,
        value: HeaderValue::String(value),
    });
    encode_frame(&headers, br#"{"message":"scripted"}"#, &mut frame).unwrap();
    frame.freeze()
}

#[tokio::test(start_paused = true)]
async fn what_is_throttled_is_sent_again_with_doubling_waits() {
    let busy = Answer::Http(429, &[("x-amzn-errortype", "ThrottlingException")]);
    let answers = vec![busy.clone(), busy, Answer::Whole(lima())];
    let (asked, reply) = ask(signing().converse(MODEL, &request()), answers).await;
    let reply = reply.unwrap();
    assert_eq!(reply.attempts(), 3);
    assert_eq!(reply.collect().await.unwrap().text(), "Lima");
    let gaps = millis(&asked);
    assert!((500..=1000).contains(&gaps[0]), "{gaps:?}");
    assert!((1000..=2000).contains(&gaps[1]), "{gaps:?}");
    for attempt in &asked {
        assert_eq!(attempt.body, request().to_body().unwrap());
        let path = attempt.head.uri().path();
        assert_eq!(
            path,
            "/base/model/us.amazon.nova-micro-v1%3A0/converse-stream"
        );
        assert_eq!(attempt.header("content-type"), Some("application/json"));
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_signed_anew_and_waits_as_long_as_the_service_asks() {
    let busy = Answer::Http(503, &[("x-amz-retry-after", "1700"), ("retry-after", "9")]);
    let answers = vec![busy.clone(), busy, Answer::Whole(lima())];
    let (asked, reply) = ask(signing().converse(MODEL, &request()), answers).await;
    reply.unwrap();
    assert_eq!(millis(&asked), [1700, 1700]);
    let dates: Vec<_> = asked
        .iter()
        .map(|a| a.header("x-amz-date").unwrap())
        .collect();
    assert_eq!(
        dates,
        ["20261121T230000Z", "20261121T230001Z", "20261121T230003Z"]
    );
    let mut signatures: Vec<_> = asked.iter().map(|a| a.header("authorization")).collect();
    signatures.dedup();
    assert_eq!(signatures.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_last_error_is_given_with_the_count_of_attempts() {
    let down = Answer::Http(503, &[("x-amzn-requestid", "r-9")]);
    let (asked, reply) = ask(signing().converse(MODEL, &request()), vec![down.clone(); 3]).await;
    let error = reply.unwrap_err();
    assert_eq!(asked.len(), 3);
    assert_eq!(error.attempts(), Some(3));
    assert_eq!(error.request_id(), Some("r-9"));
    assert!(error.to_string().contains("after 3 attempts"), "{error}");

    let once = signing().converse(MODEL, &request()).retry(Retry::NONE);
    let (asked, reply) = ask(once, vec![down]).await;
    assert_eq!((asked.len(), reply.unwrap_err().attempts()), (1, Some(1)));
}

#[tokio::test(start_paused = true)]
async fn what_would_fail_again_is_sent_once() {
    for status in [400, 403, 404, 408, 424] {
        let answers = vec![Answer::Http(status, &[])];
        let (asked, reply) = ask(signing().converse(MODEL, &request()), answers).await;
        assert_eq!(asked.len(), 1, "{status}");
        assert_eq!(reply.unwrap_err().status(), Some(status));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_and_a_reset_are_tried_again_soon() {
    let answers = vec![
        Answer::Lost,
        Answer::Reset(ErrorCode::INTERNAL_ERROR),
        Answer::Whole(lima()),
    ];
    let (asked, reply) = ask(signing().converse(MODEL, &request()), answers).await;
    assert_eq!(reply.unwrap().attempts(), 3);
    let gaps = millis(&asked);
    assert!((50..=101).contains(&gaps[0]), "{gaps:?}");
    assert!((100..=201).contains(&gaps[1]), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn an_exception_in_place_of_the_first_event_is_tried_again() {
    let early = Answer::Whole(exception("throttlingException"));
    let answers = vec![early, Answer::Cut(Bytes::new()), Answer::Whole(lima())];
    let (asked, reply) = ask(signing().converse(MODEL, &request()), answers).await;
    assert_eq!(asked.len(), 3);
    assert_eq!(reply.unwrap().collect().await.unwrap().text(), "Lima");

    let answers = vec![Answer::Whole(exception("validationException"))];
    let (asked, reply) = ask(signing().converse(MODEL, &request()), answers).await;
    assert_eq!(asked.len(), 1);
    let error = reply.unwrap_err();
    assert_eq!(error.service().unwrap().code(), "ValidationException");
    assert_eq!(error.request_id(), Some("r-1"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_again_after_the_first_event() {
    let whole = lima();
    let first = usize::try_from(u32::from_be_bytes(whole[..4].try_into().unwrap())).unwrap();
    let throttled = [&whole[..first], &exception("throttlingException")].concat();
    for answer in [
        Answer::Whole(throttled.into()),
        Answer::Cut(whole.slice(..first)),
        Answer::Whole(whole.slice(..first)),
    ] {
        let (asked, reply) = ask(signing().converse(MODEL, &request()), vec![answer]).await;
        let unfinished = reply.unwrap().collect().await.unwrap_err();
        assert_eq!(asked.len(), 1);
        assert_eq!(unfinished.error.attempts(), Some(1));
        assert_ne!(unfinished.error.advice(), Advice::NewSession);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_cap_is_left_to_the_caller() {
    let retry = Retry::default().max_wait(Duration::from_secs(1));
    let call = signing().converse(MODEL, &request()).retry(retry);
    let (asked, reply) = ask(
        call,
        vec![Answer::Http(429, &[("x-amz-retry-after", "60000")])],
    )
    .await;
    assert_eq!(asked.len(), 1);
    let advice = reply.unwrap_err().advice();
    assert_eq!(advice, Advice::After(Duration::from_mins(1)));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_put_right_at_once() {
    let wrong = Answer::Http(
        403,
        &[
            ("x-amzn-errortype", "InvalidSignatureException"),
            ("date", "Sat, 21 Nov 2026 23:10:00 GMT"),
        ],
    );
    let answers = vec![wrong.clone(), Answer::Whole(lima())];
    let client = signing();
    let (asked, reply) = ask(client.converse(MODEL, &request()), answers).await;
    reply.unwrap();
    assert_eq!(asked[0].header("x-amz-date"), Some("20261121T230000Z"));
    assert_eq!(asked[1].header("x-amz-date"), Some("20261121T231000Z"));
    assert_eq!(client.clock().now().as_millis(), START_MILLIS + 600_000);
    // A refusal that teaches nothing new is final.
    let (asked, reply) = ask(client.converse(MODEL, &request()), vec![wrong]).await;
    assert_eq!((asked.len(), reply.unwrap_err().status()), (1, Some(403)));
}

#[tokio::test(start_paused = true)]
async fn an_api_key_stands_in_for_the_signature_except_for_sessions() {
    let client = Client::builder()
        .region("us-east-1")
        .endpoint_url("http://localhost:1")
        .bearer_token("bedrock-api-key-sesame")
        .build()
        .unwrap();
    let answers = vec![Answer::Whole(lima())];
    let (asked, reply) = ask(client.converse(MODEL, &request()), answers).await;
    reply.unwrap();
    let authorization = asked[0].head.headers().get("authorization").unwrap();
    assert_eq!(authorization, "Bearer bedrock-api-key-sesame");
    assert!(authorization.is_sensitive());
    assert_eq!(asked[0].header("x-amz-date"), None);

    let (mut connection, _peer) = h2_duplex::pipe(1024);
    let session = client
        .sonic("amazon.nova-2-5-sonic")
        .open_on(&mut connection);
    let Err(error) = session.await else {
        panic!("opened without a signature")
    };
    assert!(matches!(error.kind(), ErrorKind::Credentials(_)));
    let text = error.to_string();
    assert!(
        text.contains("API key") && text.contains("signed"),
        "{text}"
    );
    assert!(!format!("{error:?}").contains("sesame"));
}
