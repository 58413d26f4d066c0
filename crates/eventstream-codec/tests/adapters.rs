//! The adapters behind features: a stream of chunks, an HTTP body, a tokio codec.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use eventstream_codec::{
    DecodeErrorKind, Decoder, FrameCodec, Header, HeaderValue, Limits, Message, MessageStream,
    ReadError, StreamError, WriteError, encode_frame,
};
use futures_core::Stream;
use http_body::{Body, Frame};
use tokio_util::codec::{Decoder as _, Encoder as _};

fn frames(payloads: &[&[u8]]) -> Bytes {
    let mut wire = BytesMut::new();
    for payload in payloads {
        encode_frame(&[], payload, &mut wire).unwrap();
    }
    wire.freeze()
}

/// Chunks that come one at a time, with nothing to be had before each.
struct Chunks {
    left: VecDeque<Result<Bytes, &'static str>>,
    pending: bool,
}

impl Chunks {
    fn of(wire: &Bytes, size: usize) -> Self {
        let left = (0..wire.len())
            .step_by(size)
            .map(|at| Ok(wire.slice(at..wire.len().min(at + size))))
            .collect();
        let pending = false;
        Self { left, pending }
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, &'static str>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pending = !self.pending;
        if self.pending {
            return Poll::Pending;
        }
        Poll::Ready(self.left.pop_front())
    }
}

fn collect<S: Stream + Unpin>(mut stream: S) -> Vec<S::Item> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut items = Vec::new();
    loop {
        match Pin::new(&mut stream).poll_next(&mut cx) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => break,
            Poll::Pending => {}
        }
    }
    assert!(matches!(
        Pin::new(&mut stream).poll_next(&mut cx),
        Poll::Ready(None)
    ));
    items
}

#[test]
fn a_stream_gives_the_frames_of_any_chunks() {
    let wire = frames(&[b"one", b"two", &[3; 99]]);
    for size in 1..=wire.len() {
        let items = collect(MessageStream::new(Chunks::of(&wire, size)));
        let payloads: Vec<_> = items.into_iter().map(|m| m.unwrap().payload()).collect();
        assert_eq!(
            payloads,
            [&b"one"[..], b"two", &[3; 99]],
            "chunks of {size}"
        );
    }
}

#[test]
fn a_stream_gives_what_came_before_a_fault_then_the_fault_then_nothing() {
    let wire = frames(&[b"one", b"two"]);
    for cut in 20..wire.len() {
        let items = collect(MessageStream::new(Chunks::of(&wire.slice(..cut), 16)));
        let [Ok(first), Err(StreamError::Decode(error))] = &items[..] else {
            panic!("{items:?}");
        };
        assert_eq!(first.payload(), &b"one"[..]);
        assert!(matches!(
            error.kind(),
            DecodeErrorKind::IncompleteAtEof { .. }
        ));
    }
    let mut chunks = Chunks::of(&wire, 38);
    chunks.left.push_back(Err("reset"));
    let items = collect(MessageStream::new(chunks));
    assert!(matches!(
        &items[..],
        [Ok(_), Ok(_), Err(StreamError::Chunks("reset"))]
    ));

    let mut bad = wire.to_vec();
    bad[14] ^= 1;
    let bad = Bytes::from(bad);
    let strict = collect(MessageStream::new(Chunks::of(&bad, 7)));
    assert!(matches!(&strict[..], [Err(StreamError::Decode(_))]));
    let decoder = Decoder::new().resynchronising();
    let salvage = collect(MessageStream::with_decoder(Chunks::of(&bad, 7), decoder));
    assert!(matches!(&salvage[..], [Err(StreamError::Decode(_)), Ok(_)]));
}

/// A body of two data frames with trailers between and behind them.
struct WithTrailers(VecDeque<Frame<Bytes>>);

impl Body for WithTrailers {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

#[test]
fn a_body_gives_its_frames_and_its_trailers_are_left_out() {
    let wire = frames(&[b"one", b"two"]);
    let body = WithTrailers(VecDeque::from([
        Frame::data(wire.slice(..21)),
        Frame::data(wire.slice(21..)),
        Frame::trailers(<_>::default()),
    ]));
    let items = collect(MessageStream::from_body(body));
    let payloads: Vec<_> = items.into_iter().map(|m| m.unwrap().payload()).collect();
    assert_eq!(payloads, [&b"one"[..], b"two"]);
}

#[test]
fn the_tokio_codec_decodes_any_growth_of_its_buffer_and_reports_a_cut() {
    let wire = frames(&[b"one", b"two", &[3; 99]]);
    let mut codec = FrameCodec::new();
    let mut src = BytesMut::new();
    let mut found = Vec::new();
    for byte in &wire {
        src.extend_from_slice(&[*byte]);
        if let Some(message) = codec.decode(&mut src).unwrap() {
            found.push(message.payload());
        }
    }
    assert_eq!(found, [&b"one"[..], b"two", &[3; 99]]);
    assert!(codec.decode_eof(&mut src).unwrap().is_none());

    for cut in 1..19 {
        let mut codec = FrameCodec::new();
        let mut src = BytesMut::from(&wire[..19 + cut]);
        assert!(codec.decode_eof(&mut src).unwrap().is_some());
        let Err(ReadError::Decode(error)) = codec.decode_eof(&mut src) else {
            panic!("a cut at {cut} is an error");
        };
        assert!(
            matches!(error.kind(), DecodeErrorKind::IncompleteAtEof { had, .. } if *had == cut)
        );
        assert_eq!((error.frame_index(), error.offset()), (1, 19));
    }
}

#[test]
fn the_tokio_codec_keeps_limits_and_encodes_both_kinds_of_item() {
    let mut dst = BytesMut::new();
    let mut codec = FrameCodec::with_limits(Limits::bounded().with_max_payload(3));
    let header = Header {
        name: ":event-type",
        value: HeaderValue::String("chunk"),
    };
    codec
        .encode((&[header][..], &b"payload"[..]), &mut dst)
        .unwrap();
    let message = Message::from_bytes(&dst.clone().freeze(), &Limits::default()).unwrap();
    codec.encode(message.clone(), &mut dst).unwrap();
    assert_eq!(dst, [&message.as_bytes()[..]; 2].concat());
    let refused = codec.encode((&[header; 2][..], &b""[..]), &mut dst);
    assert!(matches!(refused, Err(WriteError::Encode(_))));
    assert!(matches!(codec.decode(&mut dst), Err(ReadError::Decode(_))));
}
