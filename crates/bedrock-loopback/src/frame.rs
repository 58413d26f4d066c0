//! Reads the event-stream frames that clients send. It shares no code with `eventstream-codec`, so that neither vouches
//! for itself: <https://smithy.io/2.0/aws/amazon-eventstream.html>, written plainly and from the specification alone.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

const PRELUDE: usize = 12;
const OVERHEAD: usize = 16;

/// One frame whose lengths and both CRCs are right.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) headers: Vec<Header>,
    pub(crate) payload: Bytes,
}

impl Frame {
    /// The value of a string header.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name == name)
            .and_then(|header| match &header.value {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            })
    }

    /// True for the outer frame of a signed event.
    pub(crate) fn is_signed(&self) -> bool {
        self.headers
            .iter()
            .any(|header| header.name == ":chunk-signature")
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: Value,
}

/// A header's value. Types that no client of Bedrock sends are kept by their number only.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Bytes(Vec<u8>),
    Text(String),
    Timestamp(i64),
    Other(u8),
}

/// What is wrong with a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FrameError {
    PreludeCrc { computed: u32, received: u32 },
    MessageCrc { computed: u32, received: u32 },
    TooShort { total: usize },
    TooLong { total: usize, limit: usize },
    HeadersTooLong { headers: usize, total: usize },
    Headers(&'static str),
    Trailing { bytes: usize },
    Cut { have: usize },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PreludeCrc { computed, received } => {
                write!(
                    f,
                    "prelude CRC: computed {computed:08x}, received {received:08x}"
                )
            }
            Self::MessageCrc { computed, received } => {
                write!(
                    f,
                    "message CRC: computed {computed:08x}, received {received:08x}"
                )
            }
            Self::TooShort { total } => write!(f, "total length {total} is below {OVERHEAD}"),
            Self::TooLong { total, limit } => {
                write!(f, "total length {total} is above the limit of {limit}")
            }
            Self::HeadersTooLong { headers, total } => {
                write!(
                    f,
                    "headers length {headers} does not fit into total length {total}"
                )
            }
            Self::Headers(what) => write!(f, "headers: {what}"),
            Self::Trailing { bytes } => write!(f, "{bytes} bytes after the inner frame"),
            Self::Cut { have } => write!(f, "the input ends {have} bytes into a frame"),
        }
    }
}

/// Cuts a byte stream into frames. Holds at most one frame of `limit` bytes and one read.
#[derive(Debug)]
pub(crate) struct FrameReader {
    buffer: BytesMut,
    prelude_checked: bool,
    limit: usize,
}

impl FrameReader {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            prelude_checked: false,
            limit,
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame with all its bytes; `None` where more are needed. The prelude is judged as soon as it is there.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(total) = self.total_length()? else {
            return Ok(None);
        };
        if self.buffer.len() < total {
            return Ok(None);
        }
        self.prelude_checked = false;
        let frame = self.buffer.split_to(total).freeze();
        parse(frame).map(Some)
    }

    /// Called at the end of the input.
    pub(crate) fn finish(&self) -> Result<(), FrameError> {
        match self.buffer.len() {
            0 => Ok(()),
            have => Err(FrameError::Cut { have }),
        }
    }

    fn total_length(&mut self) -> Result<Option<usize>, FrameError> {
        let Some(prelude) = self.buffer.first_chunk::<PRELUDE>() else {
            return Ok(None);
        };
        if !self.prelude_checked {
            check_prelude(prelude, self.limit)?;
            self.prelude_checked = true;
        }
        let mut prelude = prelude.as_slice();
        Ok(Some(prelude.get_u32() as usize))
    }
}

/// Reads a frame that fills `bytes` exactly, such as the inner frame of a signed one.
pub(crate) fn parse_whole(bytes: &Bytes) -> Result<Frame, FrameError> {
    let Some(prelude) = bytes.first_chunk::<PRELUDE>() else {
        return Err(FrameError::Cut { have: bytes.len() });
    };
    check_prelude(prelude, usize::MAX)?;
    let total = prelude.as_slice().get_u32() as usize;
    if bytes.len() < total {
        return Err(FrameError::Cut { have: bytes.len() });
    }
    if bytes.len() > total {
        let bytes = bytes.len() - total;
        return Err(FrameError::Trailing { bytes });
    }
    parse(bytes.clone())
}

fn check_prelude(prelude: &[u8; PRELUDE], limit: usize) -> Result<(), FrameError> {
    let mut fields = prelude.as_slice();
    let total = fields.get_u32() as usize;
    let headers = fields.get_u32() as usize;
    let received = fields.get_u32();
    let computed = crc32fast::hash(prelude.get(..8).unwrap_or_default());
    if computed != received {
        return Err(FrameError::PreludeCrc { computed, received });
    }
    if total < OVERHEAD {
        return Err(FrameError::TooShort { total });
    }
    if total > limit {
        return Err(FrameError::TooLong { total, limit });
    }
    if headers > total - OVERHEAD {
        return Err(FrameError::HeadersTooLong { headers, total });
    }
    Ok(())
}

/// Reads one frame whose prelude is right and whose length is `bytes.len()`.
fn parse(mut bytes: Bytes) -> Result<Frame, FrameError> {
    let signed_part = bytes.slice(..bytes.len() - 4);
    let received = bytes.slice(bytes.len() - 4..).get_u32();
    let computed = crc32fast::hash(&signed_part);
    if computed != received {
        return Err(FrameError::MessageCrc { computed, received });
    }
    bytes.advance(4);
    let headers_len = bytes.get_u32() as usize;
    bytes.advance(4);
    let headers = parse_headers(bytes.split_to(headers_len))?;
    bytes.truncate(bytes.len() - 4);
    Ok(Frame {
        headers,
        payload: bytes,
    })
}

fn parse_headers(mut block: Bytes) -> Result<Vec<Header>, FrameError> {
    let mut headers = Vec::new();
    while !block.is_empty() {
        let name_len = usize::from(block.get_u8());
        if name_len == 0 {
            return Err(FrameError::Headers("a header without a name"));
        }
        let name = take(&mut block, name_len)?;
        let name = String::from_utf8(name.to_vec())
            .map_err(|_| FrameError::Headers("a name that is not UTF-8"))?;
        let kind = take(&mut block, 1)?.get_u8();
        let value = match kind {
            0 | 1 => Value::Other(kind),
            2 => skip(&mut block, 1, kind)?,
            3 => skip(&mut block, 2, kind)?,
            4 => skip(&mut block, 4, kind)?,
            5 => skip(&mut block, 8, kind)?,
            6 => Value::Bytes(take_counted(&mut block)?.to_vec()),
            7 => Value::Text(
                String::from_utf8(take_counted(&mut block)?.to_vec())
                    .map_err(|_| FrameError::Headers("a string that is not UTF-8"))?,
            ),
            8 => Value::Timestamp(take(&mut block, 8)?.get_i64()),
            9 => skip(&mut block, 16, kind)?,
            _ => return Err(FrameError::Headers("an unknown value type")),
        };
        headers.push(Header { name, value });
    }
    Ok(headers)
}

fn take(block: &mut Bytes, len: usize) -> Result<Bytes, FrameError> {
    if block.len() < len {
        return Err(FrameError::Headers("a header that runs over the block"));
    }
    Ok(block.split_to(len))
}

fn take_counted(block: &mut Bytes) -> Result<Bytes, FrameError> {
    let len = usize::from(take(block, 2)?.get_u16());
    take(block, len)
}

fn skip(block: &mut Bytes, len: usize, kind: u8) -> Result<Value, FrameError> {
    take(block, len).map(|_| Value::Other(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example frame of wire.md §1.2: AWS's own crates wrote it.
    fn written_by_aws() -> Vec<u8> {
        use aws_smithy_types::event_stream as aws;
        let message = aws::Message::new(&b"{\"bytes\":\"\"}"[..])
            .add_header(aws::Header::new(
                ":date",
                aws::HeaderValue::Timestamp(aws_smithy_types::DateTime::from_millis(
                    1_623_760_496_000,
                )),
            ))
            .add_header(aws::Header::new(
                ":event-type",
                aws::HeaderValue::String("chunk".into()),
            ))
            .add_header(aws::Header::new("id", aws::HeaderValue::Uuid(7)))
            .add_header(aws::Header::new("n", aws::HeaderValue::Int64(-1)))
            .add_header(aws::Header::new("b", aws::HeaderValue::Bool(true)));
        let mut bytes = Vec::new();
        aws_smithy_eventstream::frame::write_message_to(&message, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn reads_what_aws_writes_byte_by_byte() {
        let bytes = written_by_aws();
        let mut reader = FrameReader::new(1 << 16);
        for (at, byte) in bytes.iter().enumerate() {
            assert_eq!(reader.next_frame(), Ok(None));
            if at > 0 {
                assert!(reader.finish().is_err());
            }
            reader.feed(&[*byte]);
        }
        let frame = reader.next_frame().unwrap().unwrap();
        assert_eq!(frame.text(":event-type"), Some("chunk"));
        assert_eq!(frame.headers[0].value, Value::Timestamp(1_623_760_496_000));
        assert_eq!(frame.headers[2].value, Value::Other(9));
        assert_eq!(&frame.payload[..], b"{\"bytes\":\"\"}");
        reader.finish().unwrap();
    }

    #[test]
    fn a_flipped_bit_anywhere_is_seen() {
        let bytes = written_by_aws();
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let mut reader = FrameReader::new(1 << 16);
            reader.feed(&bad);
            assert!(reader.next_frame().is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_huge_length_is_refused_at_twelve_bytes() {
        let mut prelude = vec![0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        let crc = crc32fast::hash(&prelude);
        prelude.extend(crc.to_be_bytes());
        let mut reader = FrameReader::new(1 << 20);
        reader.feed(&prelude[..11]);
        assert_eq!(reader.next_frame(), Ok(None));
        reader.feed(&prelude[11..]);
        assert_eq!(
            reader.next_frame(),
            Err(FrameError::TooLong {
                total: 0x7fff_ffff,
                limit: 1 << 20
            })
        );
    }

    #[test]
    fn an_inner_frame_fills_its_payload() {
        let mut bytes = written_by_aws();
        assert!(parse_whole(&Bytes::from(bytes.clone())).is_ok());
        bytes.push(0);
        assert_eq!(
            parse_whole(&Bytes::from(bytes)),
            Err(FrameError::Trailing { bytes: 1 })
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let mut reader = FrameReader::new(1 << 16);
            for chunk in bytes.chunks(7) {
                reader.feed(chunk);
                if reader.next_frame().is_err() {
                    break;
                }
            }
            // With the right CRCs the header block is read too.
            let mut frame = Vec::new();
            let total = u32::try_from(bytes.len() + 16).unwrap();
            frame.extend(total.to_be_bytes());
            frame.extend((total - 16).to_be_bytes());
            frame.extend(crc32fast::hash(&frame).to_be_bytes());
            frame.extend(&bytes);
            frame.extend(crc32fast::hash(&frame).to_be_bytes());
            let parsed = parse_whole(&Bytes::from(frame));
            let crc_failed = matches!(parsed, Err(FrameError::MessageCrc { .. }));
            proptest::prop_assert!(!crc_failed);
        }
    }
}
