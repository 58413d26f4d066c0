//! Instructions an event on the client's whole way, from the caller to the transport and back, over a pipe in memory:
//! `cargo bench -p bedrock-stream --bench instructions`.
#![expect(clippy::unwrap_used, reason = "a benchmark of known-good input")]

#[path = "../../../converse-stream/benches/speed/bodies.rs"]
#[expect(dead_code, reason = "shared with another bench")]
mod bodies;
#[path = "../../../eventstream-codec/benches/instructions/callgrind.rs"]
mod callgrind;
#[path = "../../../eventstream-codec/benches/instructions/harness.rs"]
mod harness;
#[path = "../../../eventstream-codec/benches/instructions/record.rs"]
mod record;

use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_stream::{Client, Clock, Credentials, SonicReceiver, SonicSender};
use bytes::{Bytes, BytesMut};
use converse_stream::{ConverseRequest, Event, Message};
use eventstream_codec::{Header, HeaderValue, Timestamp, encode_frame};
use h2_duplex::pipe::{PeerCall, PeerSend, PipeReceive, PipeSend, pipe};
use harness::Case;
use nova_sonic::ServerEvent;

/// Functions whose instructions are not counted, by a part of their names: sums, and hashes by sha2 and by ring.
const LEFT_OUT: &[&str] = &["crc32fast", "compress", "sha256_block", "sha512_block"];

/// Room for all that a case sends before it is read.
const WINDOW: usize = 64 << 20;
/// Bytes that come at once.
const PIECE: usize = 16 * 1024;

fn main() -> ExitCode {
    let cases = [
        Case::new("audio up, 1 KiB", |events| now(audio_up(events))),
        Case::new("audio down, 1.5 KiB", |events| now(audio_down(events))),
        Case {
            frames: u32::try_from(bodies::answer().deltas).unwrap(),
            ..Case::new("converse delta", |replies| now(converse(replies)))
        },
    ];
    harness::main(&cases, 10, 125)
}

/// Runs what waits for nothing: both ends of the pipe are in it.
fn now<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().start_paused(true).build();
    runtime.unwrap().block_on(work)
}

fn client() -> Client {
    Client::builder()
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "example"))
        .clock(Clock::starting_at(Timestamp::from_millis(
            1_798_700_000_000,
        )))
        .build()
        .unwrap()
}

type Session = (SonicSender<PipeSend>, SonicReceiver<PipeReceive>, PeerCall);

async fn session() -> Session {
    let (mut connection, mut peer) = pipe(WINDOW);
    let sonic = client().sonic("amazon.nova-2-5-sonic");
    let (voice, events) = sonic.open_on(&mut connection).await.unwrap();
    let mut call = peer.accept().await.unwrap();
    call.send.head(http::Response::new(()));
    (voice, events, call)
}

/// PCM in the caller's hand to signed frames in the transport's.
async fn audio_up(events: u32) {
    let (mut voice, _events, mut call) = session().await;
    let pcm = [1; 1024];
    for _ in 0..events {
        voice.audio(&pcm).await.unwrap();
        call.receive.next().await.unwrap();
    }
}

/// Bytes in the transport's hand to PCM in the caller's.
async fn audio_down(events: u32) {
    let (_voice, mut received, mut call) = session().await;
    let frame = speech();
    send(&mut call.send, &frame.repeat(events as usize)).await;
    for _ in 0..events {
        let event = received.next().await.unwrap();
        assert!(matches!(event, Some(ServerEvent::AudioOutput(_))));
    }
}

/// The frame of 32 ms of the model's speech.
fn speech() -> BytesMut {
    let content = STANDARD.encode([1; 1536]);
    let event = format!(
        r#"{{"event":{{"audioOutput":{{"completionId":"c","content":"{content}","contentId":"a","promptName":"p","role":"ASSISTANT","sessionId":"s"}}}}}}"#
    );
    let payload = format!(
        r#"{{"bytes":"{}","p":"abcdefghijklm"}}"#,
        STANDARD.encode(event)
    );
    let headers = [
        (":event-type", "chunk"),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ];
    let headers = headers.map(|(name, value)| Header {
        name,
        value: HeaderValue::String(value),
    });
    let mut frame = BytesMut::new();
    encode_frame(&headers, payload.as_bytes(), &mut frame).unwrap();
    frame
}

/// Bytes in the transport's hand to deltas in the caller's.
async fn converse(replies: u32) {
    let (client, body) = (client(), bodies::answer());
    let request = ConverseRequest::new().with_message(Message::user("Go on."));
    for _ in 0..replies {
        let (mut connection, mut peer) = pipe(WINDOW);
        let call = client.converse("amazon.nova-lite-v1:0", &request);
        let ask = call.send_on(&mut connection);
        let answer = async {
            let mut call = peer.accept().await.unwrap();
            call.send.head(http::Response::new(()));
            send(&mut call.send, &body.bytes).await;
            call.send.finish();
            call
        };
        let (reply, _call) = tokio::join!(ask, answer);
        let (mut reply, mut deltas) = (reply.unwrap(), 0);
        while let Some(event) = reply.next().await.unwrap() {
            deltas += usize::from(matches!(event, Event::Text { .. }));
        }
        assert_eq!(deltas, body.deltas);
    }
}

async fn send(peer: &mut PeerSend, bytes: &[u8]) {
    for piece in bytes.chunks(PIECE) {
        peer.send(Bytes::copy_from_slice(piece)).await.unwrap();
    }
}
