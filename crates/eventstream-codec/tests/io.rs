//! Frames from a reader and to a writer that give and take as little as they like.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{self, IoSlice, Read, Write};

use bytes::BytesMut;
use eventstream_codec::{
    Decoder, EncodeError, FrameReader, FrameWriter, ReadError, encode_frame, write_frame,
};

/// Gives one, two, three … bytes, with an interruption before each.
struct Trickle<'a> {
    bytes: &'a [u8],
    step: usize,
    interrupted: bool,
}

impl Read for Trickle<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.step += 1;
        let len = self.step.min(buf.len());
        (&mut self.bytes).take(len as u64).read(buf)
    }
}

fn trickle(bytes: &[u8]) -> Trickle<'_> {
    Trickle {
        bytes,
        step: 0,
        interrupted: false,
    }
}

fn two_frames() -> BytesMut {
    let mut wire = BytesMut::new();
    encode_frame(&[], &[1; 100], &mut wire).unwrap();
    encode_frame(&[], &[2; 200], &mut wire).unwrap();
    wire
}

#[test]
fn a_reader_gives_every_frame_and_then_the_end() {
    let wire = two_frames();
    let mut reader = FrameReader::new(trickle(&wire));
    assert_eq!(
        reader.next_message().unwrap().unwrap().payload(),
        &[1; 100][..]
    );
    assert_eq!(
        reader.next_message().unwrap().unwrap().payload(),
        &[2; 200][..]
    );
    assert!(reader.next_message().unwrap().is_none());
    assert!(reader.next_message().unwrap().is_none());
    assert_eq!(reader.decoder().frames(), 2);
}

#[test]
fn a_reader_reports_an_end_inside_a_frame_and_as_an_iterator_stops_there() {
    let wire = two_frames();
    for cut in 1..wire.len() {
        let items: Vec<_> = FrameReader::new(trickle(&wire[..cut])).collect();
        let whole = usize::from(cut >= 116);
        let broken = usize::from(cut != 116);
        assert_eq!(items.len(), whole + broken, "cut at {cut}");
        assert_eq!(items.iter().filter(|item| item.is_err()).count(), broken);
    }
}

#[test]
fn a_reader_that_resynchronises_goes_on_behind_a_bad_frame() {
    let mut wire = two_frames();
    wire[50] ^= 1;
    let decoder = Decoder::new().resynchronising();
    let items: Vec<_> = FrameReader::with_decoder(trickle(&wire), decoder).collect();
    let [Err(ReadError::Decode(_)), Ok(second)] = &items[..] else {
        panic!("{items:?}");
    };
    assert_eq!(second.payload(), &[2; 200][..]);
    let strict: Vec<_> = FrameReader::new(trickle(&wire)).collect();
    assert!(matches!(&strict[..], [Err(ReadError::Decode(_))]));
}

/// Takes at most seven bytes at a time, over the edges of slices.
#[derive(Default)]
struct Narrow(Vec<u8>);

impl Write for Narrow {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let before = self.0.len();
        let bytes = slices.iter().flat_map(|slice| slice.iter());
        self.0.extend(bytes.take(7));
        Ok(self.0.len() - before)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_frame_is_written_whole_to_a_writer_that_takes_little() {
    for payload in [&b""[..], b"payload", &[3; 300]] {
        let mut written = Narrow::default();
        write_frame(
            &mut written,
            |buf| FrameWriter::event(buf, "chunk", None),
            payload,
        )
        .unwrap();
        let mut frame = FrameReader::new(&written.0[..]);
        assert_eq!(frame.next_message().unwrap().unwrap().payload(), payload);
        assert!(frame.next_message().unwrap().is_none());
    }
}

#[test]
fn a_frame_that_is_refused_is_an_error_and_nothing_is_written() {
    let mut written = Narrow::default();
    let long = "x".repeat(32_768);
    let error = write_frame(
        &mut written,
        |buf| FrameWriter::event(buf, &long, None),
        b"",
    );
    let error = error.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let inner = error.get_ref().unwrap().downcast_ref::<EncodeError>();
    assert_eq!(
        inner,
        Some(&EncodeError::HeaderValueTooLong { len: 32_768 })
    );
    assert!(written.0.is_empty());
}

#[test]
fn a_payload_writer_takes_what_a_serializer_writes() {
    let mut wire = BytesMut::new();
    let mut payload = FrameWriter::begin(&mut wire).payload();
    write!(payload, "{{\"n\":{}}}", 7).unwrap();
    payload.finish().unwrap();
    let message = FrameReader::new(&wire[..]).next_message().unwrap().unwrap();
    assert_eq!(message.payload(), &b"{\"n\":7}"[..]);
}
