//! Headers written: one behind the other, each checked, no name twice.

use alloc::vec::Vec;

use bytes::BytesMut;

use crate::encode_error::EncodeError;
use crate::header::{Header, HeaderType, HeaderValue};
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
        let len = check_all(headers)?;
        if len > MAX_HEADER_BLOCK {
            return Err(EncodeError::HeadersTooLong { len });
        }
        let mut bytes = alloc::vec![0; len];
        fill_all(&mut bytes, headers);
        let mut names = NameFilter::default();
        for header in headers {
            names.add(header.name);
        }
        Ok(Self { bytes, names })
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

/// Checks headers that are to stand in one block, and says how many bytes they take.
#[inline]
pub(crate) fn check_all(headers: &[Header<'_>]) -> Result<usize, EncodeError> {
    let mut len = 0;
    for header in headers {
        len += checked_len(header)?;
    }
    if repeat_a_name(headers) {
        return Err(EncodeError::DuplicateHeader);
    }
    Ok(len)
}

/// Names are compared each with each up to this count: the frames of every AWS service have no more headers.
const FEW: usize = 4;

#[inline]
fn repeat_a_name(headers: &[Header<'_>]) -> bool {
    if headers.len() > FEW {
        return many_repeat_a_name(headers);
    }
    let mut rest = headers;
    while let [first, behind @ ..] = rest {
        if behind.iter().any(|header| header.name == first.name) {
            return true;
        }
        rest = behind;
    }
    false
}

/// Not inlined: it would cost the frames that have few headers their registers.
#[inline(never)]
fn many_repeat_a_name(headers: &[Header<'_>]) -> bool {
    let mut names = NameFilter::default();
    headers.iter().enumerate().any(|(before, header)| {
        let stands_before = || headers.iter().take(before).any(|h| h.name == header.name);
        names.add(header.name) && stands_before()
    })
}

/// Writes headers over `out`, which has [`check_all`]'s length.
#[inline]
pub(crate) fn fill_all(out: &mut [u8], headers: &[Header<'_>]) {
    let mut rest = out;
    for header in headers {
        rest = fill(rest, header).unwrap_or_default();
    }
}

/// Appends a header to the block that began at `from`, or nothing.
#[inline]
pub(crate) fn put_header(
    buf: &mut BytesMut,
    from: usize,
    names: &mut NameFilter,
    header: &Header<'_>,
) -> Result<(), EncodeError> {
    let len = checked_len(header)?;
    if names.add(header.name) && holds(buf.get(from..).unwrap_or_default(), header.name) {
        return Err(EncodeError::DuplicateHeader);
    }
    let end = buf.len();
    buf.resize(end + len, 0);
    fill(buf.get_mut(end..).unwrap_or_default(), header);
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

/// Bytes that a header takes on the wire; refuses what the format has no room for.
#[inline]
fn checked_len(header: &Header<'_>) -> Result<usize, EncodeError> {
    let name_len = header.name.len();
    if name_len == 0 {
        return Err(EncodeError::EmptyHeaderName);
    }
    if name_len > usize::from(u8::MAX) {
        return Err(EncodeError::HeaderNameTooLong { len: name_len });
    }
    let variable_len = |len| {
        if len > i16::MAX as usize {
            return Err(EncodeError::HeaderValueTooLong { len });
        }
        Ok(2 + len)
    };
    let value_len = if let HeaderValue::String(text) = header.value {
        variable_len(text.len())?
    } else if let HeaderValue::Bytes(bytes) = header.value {
        variable_len(bytes.len())?
    } else {
        header.value.header_type().fixed_len().unwrap_or_default()
    };
    Ok(2 + name_len + value_len)
}

/// Writes a checked header at the start of `out` and gives what lies behind it.
#[inline]
fn fill<'b>(out: &'b mut [u8], header: &Header<'_>) -> Option<&'b mut [u8]> {
    let (name_len, out) = out.split_first_mut()?;
    *name_len = header.name.len().to_le_bytes()[0];
    let out = copy(out, header.name.as_bytes())?;
    let (number, out) = out.split_first_mut()?;
    // Nearly every header is a string: one branch, not a jump by type.
    if let HeaderValue::String(text) = header.value {
        *number = HeaderType::String as u8;
        return copy_with_len(out, text.as_bytes());
    }
    *number = header.value.header_type() as u8;
    match header.value {
        HeaderValue::String(text) => copy_with_len(out, text.as_bytes()),
        HeaderValue::Bytes(bytes) => copy_with_len(out, bytes),
        HeaderValue::Bool(_) => Some(out),
        HeaderValue::Byte(v) => copy(out, &v.to_be_bytes()),
        HeaderValue::Int16(v) => copy(out, &v.to_be_bytes()),
        HeaderValue::Int32(v) => copy(out, &v.to_be_bytes()),
        HeaderValue::Int64(v) => copy(out, &v.to_be_bytes()),
        HeaderValue::Timestamp(v) => copy(out, &v.as_millis().to_be_bytes()),
        HeaderValue::Uuid(v) => copy(out, &v),
    }
}

#[inline]
fn copy_with_len<'b>(out: &'b mut [u8], bytes: &[u8]) -> Option<&'b mut [u8]> {
    let [low, high, ..] = bytes.len().to_le_bytes();
    let (len, out) = out.split_first_chunk_mut::<2>()?;
    *len = [high, low];
    copy(out, bytes)
}

#[inline]
fn copy<'b>(out: &'b mut [u8], bytes: &[u8]) -> Option<&'b mut [u8]> {
    let (to, rest) = out.split_at_mut_checked(bytes.len())?;
    copy_short(to, bytes);
    Some(rest)
}

/// `copy_from_slice` for names and values, most of which are too short for the call of a `memcpy` to pay: up to 32 bytes
/// go as two halves that may overlap.
#[inline]
fn copy_short(to: &mut [u8], from: &[u8]) {
    if from.len() > 32 || !(copy_halves::<16>(to, from) || copy_halves::<8>(to, from)) {
        to.copy_from_slice(from);
    }
}

/// Copies the first and the last `N` bytes, which is all where there are `N` to `2 * N`; false where there are fewer.
#[inline]
fn copy_halves<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
        return false;
    };
    if let Some(to) = to.first_chunk_mut() {
        *to = *first;
    }
    if let Some(to) = to.last_chunk_mut() {
        *to = *last;
    }
    true
}

/// Says for sure that a name is new; that it is not, only the block itself can say. Spares most frames the walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameFilter(u64);

impl NameFilter {
    /// Takes a name in; true where it may have been there.
    #[inline]
    pub(crate) fn add(&mut self, name: &str) -> bool {
        let name = name.as_bytes();
        // One of 64 bits, by the length and a byte in which names of one length tend to differ.
        let middle = name.get(name.len() / 2).copied().unwrap_or_default();
        let bit = 1 << ((usize::from(middle) * 5 + name.len()) % 64);
        let seen = self.0 & bit != 0;
        self.0 |= bit;
        seen
    }

    /// Takes the names of another filter in; true where one may stand in both.
    pub(crate) const fn merge(&mut self, other: Self) -> bool {
        let both = self.0 & other.0 != 0;
        self.0 |= other.0;
        both
    }
}
