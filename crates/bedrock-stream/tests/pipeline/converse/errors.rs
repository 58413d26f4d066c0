//! What the service and the network do wrong, in their words, with what had come by then.

use std::time::Duration;

use bedrock_loopback::{Fault, FaultKind};
use bedrock_stream::{Deadlines, ErrorKind, Outcome, Phase, Retry};
use converse_stream::{ConverseRequest, Message};

use super::replies::{ask, send, send_as};
use crate::stage::{client, connect, server};

#[tokio::test(start_paused = true)]
async fn an_exception_in_the_stream_keeps_what_had_come() {
    for (kind, code) in [
        (FaultKind::ExceptionValidation, "ValidationException"),
        (FaultKind::ExceptionThrottling, "ThrottlingException"),
        (FaultKind::ExceptionInternal, "InternalServerException"),
        (
            FaultKind::ExceptionUnavailable,
            "ServiceUnavailableException",
        ),
        (FaultKind::ExceptionModelStream, "ModelStreamErrorException"),
        (FaultKind::ExceptionUnknown, "SomethingNewException"),
        (FaultKind::ErrorFrame, "InternalFailure"),
    ] {
        let reply = ask(server().fault(Fault::new(kind).at(4)), "one two three").await;
        let mut reply = reply.unwrap();
        while let Ok(Some(_)) = reply.next().await {}
        let Some(Outcome::Failed { error, received }) = reply.outcome() else {
            panic!("{code}: not failed")
        };
        assert_eq!(error.service().unwrap().code(), code);
        assert_eq!(error.request_id(), reply.request_id());
        assert_eq!(error.phase(), Phase::Protocol);
        assert_eq!(received.text(), "one two ", "{code}");
        let unfinished = reply.collect().await.unwrap_err();
        assert_eq!(unfinished.reply.text(), "one two ");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_without_message_stop_or_in_disorder_is_incomplete() {
    let short = ask(server().fault(FaultKind::NoMessageStop), "one").await;
    let unfinished = short.unwrap().collect().await.unwrap_err();
    assert!(matches!(unfinished.error.kind(), ErrorKind::Incomplete(_)));
    assert_eq!(unfinished.reply.text(), "one");

    // messageStop has come, usage too; then the call is reset in place of its end.
    let frames = 7;
    for kind in [FaultKind::ResetNoError, FaultKind::Cut] {
        let reset = Fault::new(kind).at(frames - 1);
        let reply = ask(server().fault(reset), "one two").await.unwrap();
        let unfinished = reply.collect().await.unwrap_err();
        let error = &unfinished.error;
        assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error}");
        assert_eq!(unfinished.reply.text(), "one two");
        assert!(unfinished.reply.stop.is_some());
    }
    let bare = ask(server().fault(FaultKind::NoMetadata), "one").await;
    let reply = bare.unwrap().collect().await.unwrap();
    assert_eq!(reply.usage(), None, "usage is not invented");
}

#[tokio::test(start_paused = true)]
async fn http_errors_are_read_in_every_shape() {
    let unavailable = server().fault(Fault::new(FaultKind::HttpError).at(503));
    let error = ask(unavailable, "x").await.unwrap_err();
    assert_eq!(error.status(), Some(503));
    assert_eq!(error.phase(), Phase::Open);
    assert!(error.request_id().is_some());

    let page = ask(server().fault(FaultKind::HttpHtml), "x")
        .await
        .unwrap_err();
    assert_eq!(page.status(), Some(502));
    assert!(!page.to_string().contains("<html>"), "{page}");

    let empty = send(server(), &ConverseRequest::new()).await.unwrap_err();
    let service = empty.service().unwrap();
    assert_eq!(service.code(), "ValidationException");
    assert!(service.message().starts_with("A conversation must start"));

    let request = ConverseRequest::new().with_message(Message::user("hello"));
    let forged = send_as("wrong", server(), &request).await.unwrap_err();
    assert_eq!(forged.status(), Some(403));
    assert_eq!(
        forged.service().unwrap().code(),
        "InvalidSignatureException"
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_ended_by_the_deadline_between_bytes() {
    let request = ConverseRequest::new().with_message(Message::user("one two"));
    let start = std::time::SystemTime::UNIX_EPOCH
        + Duration::from_millis(super::script::START_MILLIS.unsigned_abs());
    let server = server()
        .clock(bedrock_loopback::Clock::starting_at(start))
        .fault(Fault::new(FaultKind::Silence).at(2))
        .build()
        .unwrap();
    let mut connection = connect(&server).await;
    let patience = Duration::from_secs(45);
    let reply = client(&server, server.secret_access_key())
        .converse("amazon.nova-lite-v1:0", &request)
        .retry(Retry::NONE)
        .deadlines(Deadlines {
            between_bytes: Some(patience),
            ..Deadlines::default()
        })
        .send_on(&mut connection)
        .await
        .unwrap();
    let asked = tokio::time::Instant::now();
    let unfinished = reply.collect().await.unwrap_err();
    assert!(
        matches!(unfinished.error.kind(), ErrorKind::Transport(error)
            if error.kind() == h2_duplex::ErrorKind::Deadline(h2_duplex::Deadline::BetweenBytes)),
        "{unfinished}"
    );
    let waited = asked.elapsed();
    assert!((patience..patience * 2).contains(&waited), "{waited:?}");
    assert_eq!(unfinished.reply.text(), "one ");
}
