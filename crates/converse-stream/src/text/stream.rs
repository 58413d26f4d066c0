//! A response's body as a stream of text, told to callbacks as it passes.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::collections::VecDeque;

use bedrock_wire::{Missing, Outcome};
use bytes::Bytes;
use eventstream_codec::{Decoder, Inbound, TransportEnd};
use futures_core::Stream;

use super::callbacks::TextCallbacks;
use super::extract::Extract;
use super::format::TextFormat;
use super::reader::TextReader;
use crate::error::StreamError;

/// The text of a response's body, piece by piece, in the format of choice.
///
/// It ends where the text is complete, or with its first error; what came before that has been handed out. Dropping it
/// cancels: no callback follows. With the feature `http-body` it is an `http_body::Body`.
///
/// ```
/// use converse_stream::text::{TextFormat, TextStream, Wrapper};
/// # use bytes::{Bytes, BytesMut};
/// # use futures_core::Stream;
/// # use std::{convert::Infallible, pin::{Pin, pin}, task::{Context, Poll, Waker}};
/// # struct Body(Option<Bytes>);
/// # impl Stream for Body {
/// #     type Item = Result<Bytes, Infallible>;
/// #     fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
/// #         Poll::Ready(self.0.take().map(Ok))
/// #     }
/// # }
/// # let mut wire = BytesMut::new();
/// # let chunks = bedrock_wire::ChunkWriter::new();
/// # for chunk in [&br#"{"generation":"Lima"}"#[..], br#"{"generation":"","stop_reason":"stop"}"#] {
/// #     chunks.write(chunk, &mut wire).unwrap();
/// # }
/// # let body = Body(Some(wire.freeze()));
/// let stream = TextStream::new(body, Wrapper::Llama2).with_format(TextFormat::DataStream);
/// # let mut context = Context::from_waker(Waker::noop());
/// # let mut stream = pin!(stream);
/// # let mut written = String::new();
/// # while let Poll::Ready(Some(piece)) = stream.as_mut().poll_next(&mut context) {
/// #     written += std::str::from_utf8(&piece.unwrap()).unwrap();
/// # }
/// # assert_eq!(written, "0:\"Lima\"\n0:\"\"\n");
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct TextStream<S, X, C = ()> {
    chunks: S,
    decoder: Decoder,
    reader: TextReader<X>,
    callbacks: C,
    format: TextFormat,
    /// Pieces that are read and not handed out.
    pieces: VecDeque<String>,
    state: State,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Fresh,
    Reading,
    /// Failed; the pieces before that are handed out first.
    Failed(StreamError),
    Ended,
}

impl<S, X: Extract> TextStream<S, X> {
    /// The text of the response whose body arrives in these chunks. A stream that is not [`Unpin`] goes in a `Box::pin`.
    pub fn new(chunks: S, extract: X) -> Self {
        Self {
            chunks,
            decoder: Decoder::new(),
            reader: TextReader::new(extract),
            callbacks: (),
            format: TextFormat::default(),
            pieces: VecDeque::new(),
            state: State::Fresh,
        }
    }
}

impl<S, X, C> TextStream<S, X, C> {
    /// The same with callbacks.
    pub fn with_callbacks<D: TextCallbacks>(self, callbacks: D) -> TextStream<S, X, D> {
        TextStream {
            chunks: self.chunks,
            decoder: self.decoder,
            reader: self.reader,
            callbacks,
            format: self.format,
            pieces: self.pieces,
            state: self.state,
        }
    }

    /// The same in another format than plain text.
    pub fn with_format(mut self, format: TextFormat) -> Self {
        self.format = format;
        self
    }

    /// The format that it is written in.
    #[must_use]
    pub const fn format(&self) -> TextFormat {
        self.format
    }
}

impl<S, X: Extract, C: TextCallbacks> TextStream<S, X, C> {
    /// The next piece that has arrived; `None` where more chunks are needed.
    fn next_piece(&mut self) -> Option<Result<Bytes, StreamError>> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                self.callbacks.on_token(&piece);
                self.callbacks.on_text(&piece);
                let mut written = Vec::with_capacity(piece.len() + 8);
                self.format.write(&piece, &mut written);
                if written.is_empty() {
                    continue;
                }
                return Some(Ok(written.into()));
            }
            if let State::Failed(error) = &self.state {
                let error = error.clone();
                self.state = State::Ended;
                return Some(Err(error));
            }
            let pieces = &mut self.pieces;
            let read = match self.decoder.next_frame() {
                Ok(Some(frame)) => self
                    .reader
                    .read(frame, &mut |piece| pieces.push_back(piece)),
                Ok(None) => return None,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = read {
                self.state = State::Failed(error);
            }
        }
    }

    /// The chunks have ended: the last callbacks where the text is complete, else why it is not.
    fn finish<E>(&mut self) -> Option<TextError<E>> {
        self.state = State::Ended;
        let end = if self.decoder.is_mid_frame() {
            TransportEnd::Cut
        } else {
            TransportEnd::Clean
        };
        match self.reader.finish(end, &mut |_| {}) {
            Outcome::Complete(text) => {
                self.callbacks.on_completion(&text);
                self.callbacks.on_final(&text);
                None
            }
            Outcome::Incomplete { missing, .. } => Some(TextError::Cut(missing)),
            Outcome::Failed { error, .. } => Some(TextError::Failed(error)),
        }
    }
}

impl<S, B, E, X, C> Stream for TextStream<S, X, C>
where
    S: Stream<Item = Result<B, E>> + Unpin,
    B: Into<Bytes>,
    X: Extract + Unpin,
    C: TextCallbacks + Unpin,
{
    type Item = Result<Bytes, TextError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.state == State::Fresh {
            this.state = State::Reading;
            this.callbacks.on_start();
        }
        loop {
            if this.state == State::Ended {
                return Poll::Ready(None);
            }
            match this.next_piece() {
                Some(piece) => return Poll::Ready(Some(piece.map_err(TextError::Failed))),
                None => match ready!(Pin::new(&mut this.chunks).poll_next(cx)) {
                    Some(Ok(chunk)) => this.decoder.feed(chunk.into()),
                    Some(Err(error)) => {
                        this.state = State::Ended;
                        return Poll::Ready(Some(Err(TextError::Body(error))));
                    }
                    None => return Poll::Ready(this.finish().map(Err)),
                },
            }
        }
    }
}

#[cfg(feature = "http-body")]
impl<S, B, E, X, C> http_body::Body for TextStream<S, X, C>
where
    S: Stream<Item = Result<B, E>> + Unpin,
    B: Into<Bytes>,
    X: Extract + Unpin,
    C: TextCallbacks + Unpin,
{
    type Data = Bytes;
    type Error = TextError<E>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, TextError<E>>>> {
        self.poll_next(cx).map_ok(http_body::Frame::data)
    }

    fn is_end_stream(&self) -> bool {
        self.state == State::Ended
    }
}

/// Why the text is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextError<E> {
    /// The response's body could not be had.
    Body(E),
    /// The service or the model reported an error, or the body is damaged.
    Failed(StreamError),
    /// The body ended before the text did.
    Cut(Missing),
}

impl<E: fmt::Display> fmt::Display for TextError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => write!(f, "the response's body: {error}"),
            Self::Failed(error) => error.fmt(f),
            Self::Cut(missing) => missing.fmt(f),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for TextError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Body(error) => Some(error),
            Self::Failed(error) => Some(error),
            Self::Cut(_) => None,
        }
    }
}
