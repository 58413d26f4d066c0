//! Headers written: one behind the other, each checked, no name twice.

use alloc::vec::Vec;

use bytes::BytesMut;

use crate::encode_error::EncodeError;
use crate::header::{Header, HeaderValue};
use crate::headers::Headers;

/// Longest header block of a frame, in bytes (Amazon Event Stream specification).
pub(crate) const MAX_HEADER_BLOCK: usize = 128 * 1024;

/// Headers that were checked and encoded once, to be put into many frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderBlock {
    bytes: Vec<u8>,
    names: NameFilter,
}

impl HeaderBlock {
    /// Encodes `headers`.
    ///
    /// # Errors
    /// As [`FrameWriter::header`](crate::FrameWriter::header), and where the block is over 128 KiB.
    pub fn new(headers: &[Header<'_>]) -> Result<Self, EncodeError> {
        let mut block = BytesMut::with_capacity(encoded_len(headers));
        let mut names = NameFilter::default();
        for header in headers {
            put_header(&mut block, 0, &mut names, header)?;
        }
        if block.len() > MAX_HEADER_BLOCK {
            return Err(EncodeError::HeadersTooLong { len: block.len() });
        }
        Ok(Self {
            bytes: block.into(),
            names,
        })
    }

    /// The encoded headers.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) const fn names(&self) -> NameFilter {
        self.names
    }
}

/// Bytes that `headers` take on the wire.
pub(crate) fn encoded_len(headers: &[Header<'_>]) -> usize {
    let len = |header: &Header<'_>| {
        let value = match header.value {
            HeaderValue::Bytes(bytes) => 2 + bytes.len(),
            HeaderValue::String(text) => 2 + text.len(),
            other => other.header_type().fixed_len().unwrap_or_default(),
        };
        2 + header.name.len() + value
    };
    headers.iter().map(len).sum()
}

/// Appends a header to the block that began at `from`, or nothing.
#[inline]
pub(crate) fn put_header(
    buf: &mut BytesMut,
    from: usize,
    names: &mut NameFilter,
    header: &Header<'_>,
) -> Result<(), EncodeError> {
    let name = header.name.as_bytes();
    if name.is_empty() {
        return Err(EncodeError::EmptyHeaderName);
    }
    let Ok(name_len) = u8::try_from(name.len()) else {
        return Err(EncodeError::HeaderNameTooLong { len: name.len() });
    };
    let variable = match header.value {
        HeaderValue::Bytes(bytes) => bytes,
        HeaderValue::String(text) => text.as_bytes(),
        _ => &[],
    };
    let Ok(value_len) = i16::try_from(variable.len()) else {
        let len = variable.len();
        return Err(EncodeError::HeaderValueTooLong { len });
    };
    if names.may_hold(name) && holds(buf.get(from..).unwrap_or_default(), header.name) {
        return Err(EncodeError::DuplicateHeader);
    }
    names.add(name);
    buf.extend_from_slice(&[name_len]);
    buf.extend_from_slice(name);
    let number = header.value.header_type() as u8;
    match header.value {
        HeaderValue::Bytes(_) | HeaderValue::String(_) => {
            let [high, low] = value_len.to_be_bytes();
            buf.extend_from_slice(&[number, high, low]);
            buf.extend_from_slice(variable);
        }
        HeaderValue::Bool(_) => buf.extend_from_slice(&[number]),
        HeaderValue::Byte(v) => put_fixed(buf, number, v.to_be_bytes()),
        HeaderValue::Int16(v) => put_fixed(buf, number, v.to_be_bytes()),
        HeaderValue::Int32(v) => put_fixed(buf, number, v.to_be_bytes()),
        HeaderValue::Int64(v) => put_fixed(buf, number, v.to_be_bytes()),
        HeaderValue::Timestamp(v) => put_fixed(buf, number, v.as_millis().to_be_bytes()),
        HeaderValue::Uuid(v) => put_fixed(buf, number, v),
    }
    Ok(())
}

/// Whether one of `added`'s names stands in `block`.
pub(crate) fn share_a_name(block: &[u8], added: &[u8]) -> bool {
    Headers::trusted(added)
        .iter()
        .any(|header| holds(block, header.name))
}

fn holds(block: &[u8], name: &str) -> bool {
    Headers::trusted(block).contains(name)
}

fn put_fixed<const N: usize>(buf: &mut BytesMut, number: u8, value: [u8; N]) {
    buf.extend_from_slice(&[number]);
    buf.extend_from_slice(&value);
}

/// Says for sure that a name is new; that it is not, only the block itself can say. Spares most frames the walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameFilter(u64);

impl NameFilter {
    #[inline]
    pub(crate) fn may_hold(self, name: &[u8]) -> bool {
        self.0 & Self::bit(name) != 0
    }

    #[inline]
    pub(crate) fn add(&mut self, name: &[u8]) {
        self.0 |= Self::bit(name);
    }

    /// Takes the names of another filter in; true where one may stand in both.
    pub(crate) const fn merge(&mut self, other: Self) -> bool {
        let both = self.0 & other.0 != 0;
        self.0 |= other.0;
        both
    }

    /// One of 64 bits, by the length and two bytes in which names of one length tend to differ.
    #[inline]
    fn bit(name: &[u8]) -> u64 {
        let byte = |at: usize| u32::from(name.get(at).copied().unwrap_or_default());
        let mixed = byte(1) * 7 + byte(name.len() / 2) * 13;
        1 << ((mixed ^ u32::from(name.len().to_le_bytes()[0])) % 64)
    }
}
