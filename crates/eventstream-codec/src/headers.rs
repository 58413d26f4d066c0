//! The header block of a frame: checked once, then read without errors.

use alloc::vec::Vec;

use crate::decode_error::DecodeError;
use crate::fault::{DecodeErrorKind as Kind, Fault};
use crate::header::{Header, HeaderType, HeaderValue, Timestamp};
use crate::limits::Limits;

/// The headers of a frame, in the order of the wire. No map is built; a look-up walks the block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    /// A block that `validate` has accepted: whole headers, known types, names and strings in UTF-8.
    block: &'a [u8],
}

impl<'a> Headers<'a> {
    /// Checks a header block that stands alone, outside a frame.
    ///
    /// # Errors
    /// The first fault in the block, with its offset from the block's start.
    pub fn parse(block: &'a [u8], limits: &Limits) -> Result<Self, DecodeError> {
        match Self::validate(block, limits) {
            Ok(()) => Ok(Self { block }),
            Err(fault) => Err(DecodeError::new(fault, block, 0, 0)),
        }
    }

    /// Checks a block; the fault's offset is that of the faulty header in it.
    #[inline]
    pub(crate) fn validate(block: &'a [u8], limits: &Limits) -> Result<(), Fault> {
        // What nearly every block of every service is; all others, and all faults, go the long way.
        if are_short_strings(block, limits.max_headers()) && !limits.forbids_duplicates() {
            return Ok(());
        }
        Self::validate_each(block, limits)
    }

    #[inline(never)]
    fn validate_each(block: &'a [u8], limits: &Limits) -> Result<(), Fault> {
        let ascii = block.is_ascii();
        let mut rest = block;
        let mut count = 0_usize;
        while !rest.is_empty() {
            let fault = |kind| Fault::new(kind, block.len() - rest.len());
            count += 1;
            let limit = limits.max_headers();
            if count > limit {
                return Err(fault(Kind::TooManyHeaders { limit }));
            }
            let (raw, tail) = RawHeader::split(rest).map_err(fault)?;
            raw.check(ascii, limits).map_err(fault)?;
            rest = tail;
        }
        if limits.forbids_duplicates() && count > 1 {
            return refuse_duplicates(block, count);
        }
        Ok(())
    }

    /// Of a block that `validate` has accepted before.
    pub(crate) const fn trusted(block: &'a [u8]) -> Self {
        Self { block }
    }

    /// The value of the first header with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<HeaderValue<'a>> {
        raw_headers(self.block)
            .find(|raw| raw.name == name.as_bytes())
            .map(|raw| raw.value())
    }

    /// Whether a header has this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        raw_headers(self.block).any(|raw| raw.name == name.as_bytes())
    }

    /// The first headers with these names, found in one walk.
    #[inline]
    pub(crate) fn find<const N: usize>(&self, names: [&[u8]; N]) -> [Option<RawHeader<'a>>; N] {
        let mut found = [const { None }; N];
        for raw in raw_headers(self.block) {
            for (name, slot) in names.iter().zip(&mut found) {
                if raw.name == *name && slot.is_none() {
                    *slot = Some(raw);
                    break;
                }
            }
        }
        found
    }

    /// The headers in the order of the wire.
    #[must_use]
    pub fn iter(&self) -> HeadersIter<'a> {
        HeadersIter {
            rest: self.block,
            text: core::str::from_utf8(self.block).ok(),
        }
    }

    /// True where the frame has no headers.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.block.is_empty()
    }

    /// The block as it stands on the wire.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.block
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeadersIter<'a>;

    fn into_iter(self) -> HeadersIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeadersIter<'a>;

    fn into_iter(self) -> HeadersIter<'a> {
        self.iter()
    }
}

impl core::fmt::Debug for Headers<'_> {
    /// Names and lengths only: values may be the user's data.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let shapes = raw_headers(self.block).map(|raw| {
            (
                core::str::from_utf8(raw.name).unwrap_or_default(),
                raw.header_type,
                raw.bytes.len(),
            )
        });
        f.debug_list().entries(shapes).finish()
    }
}

/// Headers in the order of the wire.
#[derive(Clone)]
pub struct HeadersIter<'a> {
    rest: &'a [u8],
    /// The whole block, where it is text from end to end: names and strings are then cut from it without another check.
    text: Option<&'a str>,
}

impl<'a> HeadersIter<'a> {
    /// `part`, which ends `behind` bytes before the end of the block, as text; proven when the block was accepted.
    fn text(&self, part: &'a [u8], behind: usize) -> &'a str {
        let cut = |block: &'a str| {
            let end = block.len().checked_sub(behind)?;
            block.get(end.checked_sub(part.len())?..end)
        };
        match self.text.and_then(cut) {
            Some(text) => text,
            None => core::str::from_utf8(part).unwrap_or_default(),
        }
    }
}

impl<'a> Iterator for HeadersIter<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        let (raw, behind) = RawHeader::split(self.rest).ok()?;
        let name_end = self.rest.len() - 1 - raw.name.len();
        let value = match raw.header_type {
            HeaderType::String => HeaderValue::String(self.text(raw.bytes, behind.len())),
            _ => raw.value(),
        };
        self.rest = behind;
        Some(Header {
            name: self.text(raw.name, name_end),
            value,
        })
    }
}

/// A header as slices of the block.
#[derive(Clone, Copy)]
pub(crate) struct RawHeader<'a> {
    name: &'a [u8],
    header_type: HeaderType,
    bytes: &'a [u8],
}

impl<'a> RawHeader<'a> {
    /// Cuts the first header off `block`.
    #[inline]
    fn split(block: &'a [u8]) -> Result<(Self, &'a [u8]), Kind> {
        let Some((&name_len, rest)) = block.split_first() else {
            return Err(Kind::HeaderNameOverrun { needed: 1, had: 0 });
        };
        let Some((name, rest)) = rest.split_at_checked(usize::from(name_len)) else {
            let (needed, had) = (usize::from(name_len), rest.len());
            return Err(Kind::HeaderNameOverrun { needed, had });
        };
        let (&number, rest) = rest.split_first().ok_or(Kind::HeaderTypeMissing)?;
        let header_type =
            HeaderType::from_wire(number).ok_or(Kind::UnknownHeaderType { number })?;
        let overrun = |needed, rest: &[u8]| Kind::HeaderValueOverrun {
            needed,
            had: rest.len(),
        };
        let (len, rest) = match header_type.fixed_len() {
            Some(len) => (len, rest),
            None => match rest.split_first_chunk::<2>() {
                Some((len, rest)) => (usize::from(u16::from_be_bytes(*len)), rest),
                None => return Err(overrun(2, rest)),
            },
        };
        let Some((bytes, rest)) = rest.split_at_checked(len) else {
            return Err(overrun(len, rest));
        };
        let raw = Self {
            name,
            header_type,
            bytes,
        };
        Ok((raw, rest))
    }

    /// Checks what the limits say of a header, and its text; `ascii` says that the whole block is ASCII.
    #[inline]
    fn check(&self, ascii: bool, limits: &Limits) -> Result<(), Kind> {
        if self.name.is_empty() && limits.forbids_empty_names() {
            return Err(Kind::EmptyHeaderName);
        }
        let (len, limit) = (self.bytes.len(), limits.max_header_value());
        if len > limit {
            return Err(Kind::HeaderValueTooLong { len, limit });
        }
        if ascii {
            return Ok(());
        }
        if core::str::from_utf8(self.name).is_err() {
            return Err(Kind::HeaderNameNotUtf8);
        }
        if self.header_type == HeaderType::String && core::str::from_utf8(self.bytes).is_err() {
            return Err(Kind::HeaderStringNotUtf8);
        }
        Ok(())
    }

    /// The bytes of the value, where it is a string.
    #[inline]
    pub(crate) fn string(&self) -> Option<&'a [u8]> {
        (self.header_type == HeaderType::String).then_some(self.bytes)
    }

    /// The value; lengths and UTF-8 were proven when the block was accepted.
    pub(crate) fn value(&self) -> HeaderValue<'a> {
        match self.header_type {
            HeaderType::BoolTrue => HeaderValue::Bool(true),
            HeaderType::BoolFalse => HeaderValue::Bool(false),
            HeaderType::Byte => HeaderValue::Byte(i8::from_be_bytes(fixed(self.bytes))),
            HeaderType::Int16 => HeaderValue::Int16(i16::from_be_bytes(fixed(self.bytes))),
            HeaderType::Int32 => HeaderValue::Int32(i32::from_be_bytes(fixed(self.bytes))),
            HeaderType::Int64 => HeaderValue::Int64(i64::from_be_bytes(fixed(self.bytes))),
            HeaderType::Bytes => HeaderValue::Bytes(self.bytes),
            HeaderType::String => {
                HeaderValue::String(core::str::from_utf8(self.bytes).unwrap_or_default())
            }
            HeaderType::Timestamp => HeaderValue::Timestamp(Timestamp::from_millis(
                i64::from_be_bytes(fixed(self.bytes)),
            )),
            HeaderType::Uuid => HeaderValue::Uuid(fixed(self.bytes)),
        }
    }
}

/// `<[u8]>::is_ascii` for lengths of a header block, where its byte-wise tail costs more than all the rest of the walk.
#[inline]
fn is_ascii(block: &[u8]) -> bool {
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let Some(last) = block.last_chunk::<8>() else {
        return block.is_ascii();
    };
    let word = |bytes: &[u8]| bytes.first_chunk().copied().map_or(0, u64::from_ne_bytes);
    let seen = block
        .chunks_exact(8)
        .fold(u64::from_ne_bytes(*last), |seen, bytes| seen | word(bytes));
    seen & HIGH_BITS == 0
}

/// Whether `block` is ASCII and holds nothing but strings of at most 255 bytes under names, `most` of them or fewer: no
/// profile has anything against their lengths.
#[inline]
fn are_short_strings(block: &[u8], most: usize) -> bool {
    const STRING: u8 = HeaderType::String as u8;
    let mut rest = block;
    let mut left = most;
    while let [name_len, behind @ ..] = rest {
        let Some([STRING, 0, len, behind @ ..]) = behind.get(usize::from(*name_len)..) else {
            return false;
        };
        let Some(behind) = behind.get(usize::from(*len)..) else {
            return false;
        };
        if *name_len == 0 || left == 0 {
            return false;
        }
        left -= 1;
        rest = behind;
    }
    is_ascii(block)
}

/// Names are compared each with each up to this count, and sorted beyond it: a block of many stays cheap.
const FEW: usize = 32;

/// Refuses a block of `count` headers in which a name stands twice.
fn refuse_duplicates(block: &[u8], count: usize) -> Result<(), Fault> {
    let at = |raw: &RawHeader<'_>| raw.name.as_ptr() as usize - block.as_ptr() as usize - 1;
    let repeated = if count <= FEW {
        raw_headers(block)
            .enumerate()
            .find(|(i, raw)| raw_headers(block).take(*i).any(|h| h.name == raw.name))
            .map(|(_, raw)| at(&raw))
    } else {
        let mut names: Vec<_> = raw_headers(block).map(|raw| (raw.name, at(&raw))).collect();
        names.sort_unstable();
        let pairs = names.iter().zip(names.iter().skip(1));
        pairs.filter(|(a, b)| a.0 == b.0).map(|(_, b)| b.1).min()
    };
    match repeated {
        Some(at) => Err(Fault::new(Kind::DuplicateHeader, at)),
        None => Ok(()),
    }
}

fn raw_headers(block: &[u8]) -> impl Iterator<Item = RawHeader<'_>> {
    let mut rest = block;
    core::iter::from_fn(move || {
        let (raw, tail) = RawHeader::split(rest).ok()?;
        rest = tail;
        Some(raw)
    })
}

/// The bytes as an array; `split` has cut exactly `N` of them.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::is_ascii;

    #[test]
    fn a_high_bit_anywhere_is_seen() {
        for len in 0..40 {
            let mut block = alloc::vec![b'a'; len];
            assert!(is_ascii(&block));
            for at in 0..len {
                block[at] = 0x80;
                assert!(!is_ascii(&block), "{at} of {len}");
                block[at] = b'a';
            }
        }
    }
}
