//! Frames appended to a caller's buffer; where that fails, nothing is.

use bytes::BytesMut;

use crate::encode_error::EncodeError;
use crate::header::{Header, HeaderValue};
use crate::header_block::{
    HeaderBlock, MAX_HEADER_BLOCK, NameFilter, check_all, fill_all, put_header, share_a_name,
};
use crate::{FRAME_OVERHEAD, PRELUDE_LEN};

/// Largest payload of a frame, in bytes (Amazon Event Stream specification).
const MAX_PAYLOAD: usize = 24 * 1024 * 1024;

/// Appends one frame to `buf`, all of it or nothing. The buffer grows at most once.
///
/// # Errors
/// Where a name, a value, the header block or the payload is longer than the format allows, or a name stands twice.
pub fn encode_frame(
    headers: &[Header<'_>],
    payload: &[u8],
    buf: &mut BytesMut,
) -> Result<(), EncodeError> {
    let headers_len = check_all(headers)?;
    check_lengths(headers_len, payload.len())?;
    let start = buf.len();
    buf.reserve(FRAME_OVERHEAD + headers_len + payload.len());
    buf.resize(start + PRELUDE_LEN + headers_len, 0);
    let block = buf.get_mut(start + PRELUDE_LEN..).unwrap_or_default();
    fill_all(block, headers);
    buf.extend_from_slice(payload);
    let frame = buf.get_mut(start..).unwrap_or_default();
    let crc = write_prelude(frame, headers_len, payload.len()).finalize();
    buf.extend_from_slice(&crc.to_be_bytes());
    Ok(())
}

/// Writes one frame at the end of a buffer: headers first, then [`payload`](Self::payload).
///
/// Dropped before [`PayloadWriter::finish`] it leaves the buffer as it was.
#[derive(Debug)]
#[must_use = "a frame is written by `payload()` and `finish()`"]
pub struct FrameWriter<'b> {
    region: Region<'b>,
    names: NameFilter,
    /// A block brought a name that was there already; `finish` says so.
    duplicate: bool,
}

impl<'b> FrameWriter<'b> {
    /// Begins a frame at the end of `buf`.
    #[inline]
    pub fn begin(buf: &'b mut BytesMut) -> Self {
        let start = buf.len();
        buf.extend_from_slice(&[0; PRELUDE_LEN]);
        let keep = false;
        Self {
            region: Region { buf, start, keep },
            names: NameFilter::default(),
            duplicate: false,
        }
    }

    /// Appends a header.
    ///
    /// # Errors
    /// Where the name is empty, over 255 bytes or used already, or the value over 32,767 bytes. The header is not written.
    pub fn header(&mut self, name: &str, value: HeaderValue<'_>) -> Result<&mut Self, EncodeError> {
        self.put(&Header { name, value })?;
        Ok(self)
    }

    /// Appends headers that were checked and encoded before. A name that is there already fails the frame when it is
    /// finished.
    pub fn header_block(&mut self, block: &HeaderBlock) -> &mut Self {
        let from = self.region.start + PRELUDE_LEN;
        if self.names.merge(block.names()) {
            let before = self.region.buf.get(from..).unwrap_or_default();
            self.duplicate |= share_a_name(before, block.as_bytes());
        }
        self.region.buf.extend_from_slice(block.as_bytes());
        self
    }

    /// Ends the headers and begins the payload.
    #[inline]
    pub fn payload(self) -> PayloadWriter<'b> {
        PayloadWriter {
            headers_len: self.region.len() - PRELUDE_LEN,
            region: self.region,
            duplicate: self.duplicate,
        }
    }

    /// Ends the frame around a payload that lies elsewhere and is not copied: prelude and headers then stand at the end of
    /// the buffer, and the message CRC that is to follow the payload is given back.
    ///
    /// ```
    /// use bytes::{Buf, Bytes, BytesMut};
    /// use eventstream_codec::FrameWriter;
    ///
    /// # fn main() -> Result<(), eventstream_codec::EncodeError> {
    /// let payload = Bytes::from_static(b"a large object");
    /// let mut head = BytesMut::new();
    /// let crc = FrameWriter::event(&mut head, "Records", None)?.around(&payload)?;
    /// // To a socket as one `write_vectored`, to an HTTP/2 stream as one `Buf`:
    /// let frame = head.freeze().chain(payload).chain(&crc[..]);
    /// # assert_eq!(frame.remaining(), 16 + 44 + 14);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`PayloadWriter::finish`].
    pub fn around(self, payload: &[u8]) -> Result<[u8; 4], EncodeError> {
        let headers_len = self.region.len() - PRELUDE_LEN;
        let mut region = self.region;
        let mut crc = region.seal(headers_len, payload.len(), self.duplicate)?;
        crc.update(payload);
        region.keep = true;
        Ok(crc.finalize().to_be_bytes())
    }

    #[inline]
    pub(crate) fn put(&mut self, header: &Header<'_>) -> Result<(), EncodeError> {
        let from = self.region.start + PRELUDE_LEN;
        put_header(self.region.buf, from, &mut self.names, header)
    }
}

/// Writes the payload of a frame. Under the feature `std` it is an [`io::Write`](std::io::Write) too, for serializers.
#[derive(Debug)]
#[must_use = "a frame that is not finished is taken back"]
pub struct PayloadWriter<'b> {
    region: Region<'b>,
    headers_len: usize,
    duplicate: bool,
}

impl PayloadWriter<'_> {
    /// Appends bytes to the payload.
    #[inline]
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
    /// Where the header block is over 128 KiB or the payload over 24 MiB, or a
    /// [block](FrameWriter::header_block) brought a name twice; the buffer is then as it was before `begin`.
    #[inline]
    pub fn finish(self) -> Result<(), EncodeError> {
        let payload_len = self.len();
        let mut region = self.region;
        let crc = region.seal(self.headers_len, payload_len, self.duplicate)?;
        let crc = crc.finalize().to_be_bytes();
        region.buf.extend_from_slice(&crc);
        region.keep = true;
        Ok(())
    }
}

#[cfg(feature = "std")]
impl std::io::Write for PayloadWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.put_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
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

    /// Writes the prelude, and gives a CRC that has read everything that stands in the region.
    #[inline]
    fn seal(
        &mut self,
        headers_len: usize,
        payload_len: usize,
        duplicate: bool,
    ) -> Result<crc32fast::Hasher, EncodeError> {
        if duplicate {
            return Err(EncodeError::DuplicateHeader);
        }
        check_lengths(headers_len, payload_len)?;
        let frame = self.buf.get_mut(self.start..).unwrap_or_default();
        Ok(write_prelude(frame, headers_len, payload_len))
    }
}

impl Drop for Region<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.keep {
            self.buf.truncate(self.start);
        }
    }
}

#[inline]
fn check_lengths(headers_len: usize, payload_len: usize) -> Result<(), EncodeError> {
    if headers_len > MAX_HEADER_BLOCK {
        return Err(EncodeError::HeadersTooLong { len: headers_len });
    }
    if payload_len > MAX_PAYLOAD {
        return Err(EncodeError::PayloadTooLong { len: payload_len });
    }
    Ok(())
}

/// Writes both lengths and their CRC over the first 12 bytes of `frame`, and gives a CRC that has read all of it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "lengths were checked against 24 MiB + 128 KiB"
)]
#[inline]
fn write_prelude(frame: &mut [u8], headers_len: usize, payload_len: usize) -> crc32fast::Hasher {
    let total = FRAME_OVERHEAD + headers_len + payload_len;
    let [t0, t1, t2, t3] = (total as u32).to_be_bytes();
    let [h0, h1, h2, h3] = (headers_len as u32).to_be_bytes();
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[t0, t1, t2, t3, h0, h1, h2, h3]);
    let [c0, c1, c2, c3] = crc.clone().finalize().to_be_bytes();
    if let Some(prelude) = frame.first_chunk_mut::<PRELUDE_LEN>() {
        *prelude = [t0, t1, t2, t3, h0, h1, h2, h3, c0, c1, c2, c3];
    }
    crc.update(frame.get(8..).unwrap_or_default());
    crc
}
