//! The text of model-native streams: order of callbacks, bytes, ends; as a stream and as a response body.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bedrock_wire::{ChunkWriter, Missing};
use bytes::{Bytes, BytesMut};
use converse_stream::StreamError;
use converse_stream::text::{
    Extract, TextCallbacks, TextError, TextFormat, TextReader, TextStream, Wrapper,
};
use eventstream_codec::{Decoder, FrameWriter, Inbound, TransportEnd};
use futures_core::Stream;
use http_body::Body as _;
use serde_json::{Value, json};

/// A body in pieces, with an error behind them where there is one.
struct Pieces(VecDeque<Result<Bytes, io::ErrorKind>>);

impl Stream for Pieces {
    type Item = Result<Bytes, io::ErrorKind>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front())
    }
}

/// Everything that it is told.
#[derive(Default)]
struct Diary(Vec<String>);

impl TextCallbacks for Diary {
    fn on_start(&mut self) {
        self.0.push("start".into());
    }

    fn on_token(&mut self, token: &str) {
        self.0.push(format!("token {token}"));
    }

    fn on_text(&mut self, text: &str) {
        self.0.push(format!("text {text}"));
    }

    fn on_completion(&mut self, completion: &str) {
        self.0.push(format!("completion {completion}"));
    }

    fn on_final(&mut self, completion: &str) {
        self.0.push(format!("final {completion}"));
    }
}

fn body(chunks: &[Value]) -> Bytes {
    let mut wire = BytesMut::new();
    for chunk in chunks {
        let json = chunk.to_string();
        ChunkWriter::new()
            .write(json.as_bytes(), &mut wire)
            .unwrap();
    }
    wire.freeze()
}

fn exception() -> Bytes {
    let mut wire = BytesMut::new();
    let frame = FrameWriter::exception(&mut wire, "internalServerException", None).unwrap();
    let mut payload = frame.payload();
    payload.put_slice(br#"{"message":"boom"}"#);
    payload.finish().unwrap();
    wire.freeze()
}

/// What came of a body: the diary, all bytes, and the error.
struct Run {
    diary: Vec<String>,
    written: String,
    error: Option<TextError<io::ErrorKind>>,
}

fn run(body: &Bytes, extract: impl Extract + Unpin, format: TextFormat) -> Run {
    let pieces = body
        .chunks(7)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)));
    run_pieces(pieces.collect(), extract, format)
}

fn run_pieces(
    pieces: VecDeque<Result<Bytes, io::ErrorKind>>,
    extract: impl Extract + Unpin,
    format: TextFormat,
) -> Run {
    let mut diary = Diary::default();
    let (mut written, mut error) = (Vec::new(), None);
    {
        let stream = TextStream::new(Pieces(pieces), extract)
            .with_callbacks(&mut diary)
            .with_format(format);
        let mut stream = pin!(stream);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match stream.as_mut().poll_next(&mut context) {
                Poll::Ready(Some(Ok(piece))) => {
                    assert!(error.is_none(), "nothing follows an error");
                    assert!(!piece.is_empty(), "an empty chunk would end a body");
                    written.extend_from_slice(&piece);
                }
                Poll::Ready(Some(Err(why))) => error = Some(why),
                Poll::Ready(None) => break,
                Poll::Pending => panic!("all is at hand"),
            }
        }
        assert!(stream.is_end_stream());
    }
    Run {
        diary: diary.0,
        written: String::from_utf8(written).unwrap(),
        error,
    }
}

fn llama() -> Vec<Value> {
    vec![
        json!({"generation": "Li", "prompt_token_count": 9, "stop_reason": null}),
        json!({"generation": "\"ma\"\n", "stop_reason": null}),
        json!({"generation": "", "stop_reason": "stop", "amazon-bedrock-invocationMetrics": {"outputTokenCount": 2}}),
    ]
}

const WHOLE: [&str; 9] = [
    "start",
    "token Li",
    "text Li",
    "token \"ma\"\n",
    "text \"ma\"\n",
    "token ",
    "text ",
    "completion Li\"ma\"\n",
    "final Li\"ma\"\n",
];

#[test]
fn callbacks_come_in_order_and_the_bytes_are_text_or_lines() {
    let body = body(&llama());
    let plain = run(&body, Wrapper::Llama2, TextFormat::Plain);
    assert_eq!(plain.diary, WHOLE);
    assert_eq!(plain.written, "Li\"ma\"\n");
    assert_eq!(plain.error, None);
    let lines = run(&body, Wrapper::Llama2, TextFormat::DataStream);
    assert_eq!(lines.diary, WHOLE);
    assert_eq!(lines.written, "0:\"Li\"\n0:\"\\\"ma\\\"\\n\"\n0:\"\"\n");
}

#[test]
fn each_wrapper_finds_its_text() {
    let messages = [
        json!({"type": "message_start", "message": {"role": "assistant", "usage": {"input_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hi"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}}),
        json!({"type": "message_stop"}),
    ];
    let anthropic = [
        json!({"completion": "Hi", "stop_reason": null}),
        json!({"completion": "", "stop_reason": "stop_sequence"}),
    ];
    let cohere = [
        json!({"is_finished": false, "text": "Hi"}),
        json!({"is_finished": true, "finish_reason": "COMPLETE"}),
    ];
    let at_once =
        [json!({"generations": [{"finish_reason": "COMPLETE", "text": "Hi"}], "prompt": "p"})];
    for (wrapper, chunks) in [
        (Wrapper::AnthropicMessages, &messages[..]),
        (Wrapper::Anthropic, &anthropic),
        (Wrapper::Cohere, &cohere),
        (Wrapper::Cohere, &at_once),
    ] {
        let run = run(&body(chunks), wrapper, TextFormat::Plain);
        assert_eq!(
            (run.written.as_str(), run.error),
            ("Hi", None),
            "{wrapper:?}"
        );
        assert_eq!(run.diary.last().unwrap(), "final Hi", "{wrapper:?}");
    }
}

#[test]
fn an_exception_is_an_error_behind_the_text_and_nothing_is_completed() {
    let body = [body(&llama()[..1]), exception(), body(&llama()[1..])]
        .concat()
        .into();
    let run = run(&body, Wrapper::Llama2, TextFormat::Plain);
    assert_eq!(run.diary, WHOLE[..3]);
    assert_eq!(run.written, "Li");
    let Some(TextError::Failed(StreamError::Service(error))) = run.error else {
        panic!("{:?}", run.error)
    };
    assert_eq!(
        (error.code(), error.message()),
        ("InternalServerException", "boom")
    );
}

#[test]
fn a_cut_at_any_byte_is_an_error() {
    let whole = body(&llama());
    for end in 0..whole.len() {
        let run = run(&whole.slice(..end), Wrapper::Llama2, TextFormat::Plain);
        assert!(
            matches!(run.error, Some(TextError::Cut(_))),
            "{end}: {:?}",
            run.error
        );
        assert!(
            !run.diary.iter().any(|line| line.starts_with("completion")),
            "{end}"
        );
    }
    let boundary = body(&llama()[..2]);
    let cut = run(&boundary, Wrapper::Llama2, TextFormat::Plain);
    assert_eq!(
        cut.error,
        Some(TextError::Cut(Missing::Event("stop_reason")))
    );
}

#[test]
fn damage_and_a_lost_connection_are_errors() {
    let mut damaged = body(&llama()).to_vec();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let damaged = run(&damaged.into(), Wrapper::Llama2, TextFormat::Plain);
    assert!(matches!(
        damaged.error,
        Some(TextError::Failed(StreamError::Decode(_)))
    ));
    assert_eq!(damaged.written, "Li\"ma\"\n");

    let pieces = [Ok(body(&llama()[..1])), Err(io::ErrorKind::ConnectionReset)];
    let reset = run_pieces(pieces.into(), Wrapper::Llama2, TextFormat::Plain);
    assert_eq!(
        reset.error,
        Some(TextError::Body(io::ErrorKind::ConnectionReset))
    );
    assert_eq!(reset.diary, WHOLE[..3]);
}

#[test]
fn a_closure_reads_any_format_and_a_known_family_still_needs_its_mark() {
    let text = |chunk: &Value| Some(chunk.get("words")?.as_str()?.to_owned());
    let unknown = [
        json!({"words": "a"}),
        json!({"other": 1}),
        json!({"words": "b"}),
    ];
    let own = run(&body(&unknown), text, TextFormat::Plain);
    assert_eq!((own.written.as_str(), own.error), ("ab", None));
    assert_eq!(own.diary.last().unwrap(), "final ab");

    let generation = |chunk: &Value| Some(chunk.get("generation")?.as_str()?.to_owned());
    let cut = run(&body(&llama()[..2]), generation, TextFormat::Plain);
    assert!(matches!(cut.error, Some(TextError::Cut(_))));
    assert_eq!(
        run(&body(&llama()), generation, TextFormat::Plain).error,
        None
    );
}

#[test]
fn dropping_the_stream_calls_nothing_back() {
    let mut diary = Diary::default();
    let pieces = Pieces([Ok(body(&llama()))].into());
    let mut stream = TextStream::new(pieces, Wrapper::Llama2).with_callbacks(&mut diary);
    let mut context = Context::from_waker(Waker::noop());
    let first = Pin::new(&mut stream).poll_next(&mut context);
    assert!(matches!(first, Poll::Ready(Some(Ok(_)))));
    drop(stream);
    assert_eq!(diary.0, WHOLE[..3]);
}

#[test]
fn frames_can_be_read_without_a_stream() {
    let mut reader = TextReader::new(Wrapper::Llama2);
    let mut decoder = Decoder::new();
    decoder.feed(body(&llama()));
    let mut pieces = Vec::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        reader.read(frame, &mut |piece| pieces.push(piece)).unwrap();
    }
    assert_eq!(pieces, ["Li", "\"ma\"\n", ""]);
    let outcome = reader.finish(TransportEnd::Clean, &mut |_| {});
    assert_eq!(
        outcome,
        bedrock_wire::Outcome::Complete("Li\"ma\"\n".to_owned())
    );
}

#[test]
fn it_is_a_response_body() {
    let pieces = Pieces([Ok(body(&llama()))].into());
    let mut stream = pin!(TextStream::new(pieces, Wrapper::Llama2));
    let mut context = Context::from_waker(Waker::noop());
    let mut written = Vec::new();
    while let Poll::Ready(Some(frame)) = stream.as_mut().poll_frame(&mut context) {
        written.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    assert_eq!(written, b"Li\"ma\"\n");
    assert_eq!(stream.format().content_type(), "text/plain; charset=utf-8");
}
