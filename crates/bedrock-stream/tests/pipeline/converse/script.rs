//! A service that answers by a script, over a pipe, and remembers what it was asked.

use bedrock_stream::{Client, Clock, ConverseCall, ConverseStream, Credentials, Error};
use bytes::Bytes;
use converse_stream::{ConverseRequest, Message, MessageStop, Role, StopReason, Writer};
use eventstream_codec::Timestamp;
use h2_duplex::ErrorCode;
use h2_duplex::pipe::PipeReceive;
use tokio::time::Instant;

/// 2026-11-21T23:00:00Z.
pub(crate) const START_MILLIS: i64 = 1_795_302_000_000;
pub(crate) const MODEL: &str = "us.amazon.nova-micro-v1:0";

/// What the service does with one attempt.
#[derive(Clone)]
pub(crate) enum Answer {
    /// An HTTP error with these headers.
    Http(u16, &'static [(&'static str, &'static str)]),
    /// 200, these bytes, and `END_STREAM`.
    Whole(Bytes),
    /// 200, these bytes, and the connection is lost.
    Cut(Bytes),
    /// The connection is lost before any answer.
    Lost,
    /// `RST_STREAM` with this code before any answer.
    Reset(ErrorCode),
}

/// One attempt, as the service saw it.
pub(crate) struct Asked {
    pub(crate) at: Instant,
    pub(crate) head: http::Request<()>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    }
}

pub(crate) fn signing() -> Client {
    Client::builder()
        .region("us-east-1")
        .endpoint_url("http://localhost:1/base")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .clock(Clock::starting_at(Timestamp::from_millis(START_MILLIS)))
        .build()
        .unwrap()
}

pub(crate) fn request() -> ConverseRequest {
    ConverseRequest::new().with_message(Message::user("What is the capital of Peru?"))
}

/// A reply as the service sends it.
pub(crate) fn lima() -> Bytes {
    let mut writer = Writer::begin(Role::Assistant).unwrap();
    writer.text("Li").unwrap();
    writer.text("ma").unwrap();
    let stop = MessageStop::new(StopReason::EndTurn);
    writer.stop(stop).unwrap().finish()
}

/// Sends `call` to a service that answers so; an attempt beyond the script fails the test.
pub(crate) async fn ask(
    call: ConverseCall,
    answers: Vec<Answer>,
) -> (Vec<Asked>, Result<ConverseStream<PipeReceive>, Error>) {
    let (mut connection, mut peer) = h2_duplex::pipe(64 * 1024);
    let ask = async move { call.send_on(&mut connection).await };
    let serve = async {
        let (mut asked, mut answers) = (Vec::new(), answers.into_iter());
        while let Some(mut call) = peer.accept().await {
            let at = Instant::now();
            let mut body = Vec::new();
            while let Some(chunk) = call.receive.next().await.unwrap() {
                body.extend_from_slice(&chunk);
            }
            let answer = answers.next().expect("an attempt more than the script has");
            asked.push(Asked {
                at,
                head: call.head,
                body,
            });
            give(&mut call.send, answer).await;
        }
        asked
    };
    let (result, asked) = tokio::join!(ask, serve);
    (asked, result)
}

async fn give(send: &mut h2_duplex::pipe::PeerSend, answer: Answer) {
    let ok = || {
        let head = http::Response::builder().header("x-amzn-requestid", "r-1");
        head.body(()).unwrap()
    };
    match answer {
        Answer::Http(status, headers) => {
            let mut head = http::Response::builder().status(status);
            for (name, value) in headers {
                head = head.header(*name, *value);
            }
            send.head(head.body(()).unwrap());
            let body = Bytes::from_static(b"{\"message\":\"scripted\"}");
            send.send(body).await.unwrap();
            send.finish();
        }
        Answer::Whole(body) => {
            send.head(ok());
            send.send(body).await.unwrap();
            send.finish();
        }
        Answer::Cut(body) => {
            send.head(ok());
            send.send(body).await.unwrap();
            send.cut();
        }
        Answer::Lost => send.cut(),
        Answer::Reset(code) => send.reset(code),
    }
}
