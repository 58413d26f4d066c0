//! Frames appended to a caller's buffer; where that fails, nothing is.

use alloc::vec::Vec;

use bytes::BytesMut;

use crate::error::EncodeError;
use crate::header::{Header, HeaderValue};
use crate::parse::message_crc;
use crate::{FRAME_OVERHEAD, PRELUDE_LEN};

const MAX_HEADER_BLOCK: usize = 128 * 1024;
const MAX_PAYLOAD: usize = 24 * 1024 * 1024;

/// Appends one frame to `buf`, all of it or nothing.
///
/// # Errors
/// Where a name, a value, the header block or the payload is longer than the format allows, or a name stands twice.
pub fn encode_frame(
    headers: &[Header<'_>],
    payload: &[u8],
    buf: &mut BytesMut,
) -> Result<(), EncodeError> {
    let mut frame = FrameWriter::begin(buf);
    for header in headers {
        frame.header(header.name, header.value)?;
    }
    let mut body = frame.payload();
    body.put_slice(payload);
    body.finish()
}

/// Writes one frame at the end of a buffer: headers first, then [`payload`](Self::payload).
///
/// Dropped before [`PayloadWriter::finish`] it leaves the buffer as it was.
#[derive(Debug)]
#[must_use = "a frame is written by `payload()` and `finish()`"]
pub struct FrameWriter<'b> {
    region: Region<'b>,
}

impl<'b> FrameWriter<'b> {
    /// Begins a frame at the end of `buf`.
    pub fn begin(buf: &'b mut BytesMut) -> Self {
        let start = buf.len();
        buf.extend_from_slice(&[0; PRELUDE_LEN]);
        Self {
            region: Region {
                buf,
                start,
                keep: false,
            },
        }
    }

    /// Appends a header.
    ///
    /// # Errors
    /// Where the name is empty, over 255 bytes or used already, or the value over 32,767 bytes. The header is not written.
    pub fn header(&mut self, name: &str, value: HeaderValue<'_>) -> Result<&mut Self, EncodeError> {
        let from = self.region.start + PRELUDE_LEN;
        put_header(self.region.buf, from, name, &value)?;
        Ok(self)
    }

    /// Appends headers that were checked and encoded before.
    pub fn header_block(&mut self, block: &HeaderBlock) -> &mut Self {
        self.region.buf.extend_from_slice(&block.bytes);
        self
    }

    /// Ends the headers and begins the payload.
    pub fn payload(self) -> PayloadWriter<'b> {
        let headers_len = self.region.len() - PRELUDE_LEN;
        PayloadWriter {
            region: self.region,
            headers_len,
        }
    }
}

/// Writes the payload of a frame.
#[derive(Debug)]
#[must_use = "a frame that is not finished is taken back"]
pub struct PayloadWriter<'b> {
    region: Region<'b>,
    headers_len: usize,
}

impl PayloadWriter<'_> {
    /// Appends bytes to the payload.
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.region.buf.extend_from_slice(bytes);
    }

    /// Appends `len` zero bytes and lends them out, to be written in place.
    pub fn put_zeroed(&mut self, len: usize) -> &mut [u8] {
        let from = self.region.buf.len();
        self.region.buf.resize(from + len, 0);
        self.region.buf.get_mut(from..).unwrap_or_default()
    }

    /// Bytes of the payload so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.region.len() - PRELUDE_LEN - self.headers_len
    }

    /// True where the payload is empty so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes lengths and CRCs. The frame then stands at the end of the buffer.
    ///
    /// # Errors
    /// Where the header block is over 128 KiB or the payload over 24 MiB; the buffer is then as it was before `begin`.
    pub fn finish(self) -> Result<(), EncodeError> {
        let Self {
            mut region,
            headers_len,
        } = self;
        let payload_len = region.len() - PRELUDE_LEN - headers_len;
        if headers_len > MAX_HEADER_BLOCK {
            return Err(EncodeError::HeadersTooLong { len: headers_len });
        }
        if payload_len > MAX_PAYLOAD {
            return Err(EncodeError::PayloadTooLong { len: payload_len });
        }
        let total = region.len() + FRAME_OVERHEAD - PRELUDE_LEN;
        let frame = region.buf.get_mut(region.start..).unwrap_or_default();
        let crc = seal_lengths(frame, total, headers_len);
        region.buf.extend_from_slice(&crc.to_be_bytes());
        region.keep = true;
        Ok(())
    }
}

/// Headers that were checked and encoded once, to be put into many frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderBlock {
    bytes: Vec<u8>,
}

impl HeaderBlock {
    /// Encodes `headers`.
    ///
    /// # Errors
    /// As [`FrameWriter::header`], and where the block is over 128 KiB.
    pub fn new(headers: &[Header<'_>]) -> Result<Self, EncodeError> {
        let mut block = BytesMut::new();
        for header in headers {
            put_header(&mut block, 0, header.name, &header.value)?;
        }
        if block.len() > MAX_HEADER_BLOCK {
            return Err(EncodeError::HeadersTooLong { len: block.len() });
        }
        Ok(Self {
            bytes: block.to_vec(),
        })
    }

    /// The encoded headers.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The part of a buffer that a frame is written to; taken back on drop unless kept.
#[derive(Debug)]
struct Region<'b> {
    buf: &'b mut BytesMut,
    start: usize,
    keep: bool,
}

impl Region<'_> {
    fn len(&self) -> usize {
        self.buf.len() - self.start
    }
}

impl Drop for Region<'_> {
    fn drop(&mut self) {
        if !self.keep {
            self.buf.truncate(self.start);
        }
    }
}

/// Writes both lengths and the prelude CRC into `frame`, which lacks only its message CRC, and gives that.
#[expect(
    clippy::cast_possible_truncation,
    reason = "lengths were checked against 24 MiB + 128 KiB"
)]
pub(crate) fn seal_lengths(frame: &mut [u8], total: usize, headers_len: usize) -> u32 {
    let mut lengths = [0; 8];
    let (left, right) = lengths.split_at_mut(4);
    left.copy_from_slice(&(total as u32).to_be_bytes());
    right.copy_from_slice(&(headers_len as u32).to_be_bytes());
    let prelude_crc = crc32fast::hash(&lengths);
    let [l0, l1, l2, l3, l4, l5, l6, l7] = lengths;
    let [c0, c1, c2, c3] = prelude_crc.to_be_bytes();
    if let Some(prelude) = frame.first_chunk_mut::<PRELUDE_LEN>() {
        *prelude = [l0, l1, l2, l3, l4, l5, l6, l7, c0, c1, c2, c3];
    }
    message_crc(prelude_crc, frame.get(8..).unwrap_or_default())
}

/// Appends a header to the block that began at `from`.
fn put_header(
    buf: &mut BytesMut,
    from: usize,
    name: &str,
    value: &HeaderValue<'_>,
) -> Result<(), EncodeError> {
    if name.is_empty() {
        return Err(EncodeError::EmptyHeaderName);
    }
    let Ok(name_len) = u8::try_from(name.len()) else {
        return Err(EncodeError::HeaderNameTooLong { len: name.len() });
    };
    let variable = match value {
        HeaderValue::Bytes(bytes) => Some(*bytes),
        HeaderValue::String(text) => Some(text.as_bytes()),
        _ => None,
    };
    let value_len = match variable.map(|bytes| i16::try_from(bytes.len()).map_err(|_| bytes.len()))
    {
        None => None,
        Some(Ok(len)) => Some(len),
        Some(Err(len)) => return Err(EncodeError::HeaderValueTooLong { len }),
    };
    let block = crate::Headers::trusted(buf.get(from..).unwrap_or_default());
    if block.contains(name) {
        return Err(EncodeError::DuplicateHeader);
    }
    buf.extend_from_slice(&[name_len]);
    buf.extend_from_slice(name.as_bytes());
    buf.extend_from_slice(&[value.header_type() as u8]);
    if let Some(len) = value_len {
        buf.extend_from_slice(&len.to_be_bytes());
    }
    match value {
        HeaderValue::Bool(_) => {}
        HeaderValue::Byte(v) => buf.extend_from_slice(&v.to_be_bytes()),
        HeaderValue::Int16(v) => buf.extend_from_slice(&v.to_be_bytes()),
        HeaderValue::Int32(v) => buf.extend_from_slice(&v.to_be_bytes()),
        HeaderValue::Int64(v) => buf.extend_from_slice(&v.to_be_bytes()),
        HeaderValue::Bytes(v) => buf.extend_from_slice(v),
        HeaderValue::String(v) => buf.extend_from_slice(v.as_bytes()),
        HeaderValue::Timestamp(v) => buf.extend_from_slice(&v.as_millis().to_be_bytes()),
        HeaderValue::Uuid(v) => buf.extend_from_slice(v),
    }
    Ok(())
}
