//! One header: its name, its type and its value.

/// A moment, in milliseconds since the Unix epoch: the value of a `timestamp` header.
///
/// It is also how `now` is handed to what needs a time, since nothing in this crate reads a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment `millis` milliseconds after the Unix epoch (before it, where negative).
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The same moment with its milliseconds cut.
    #[must_use]
    pub const fn floor_to_secs(self) -> Self {
        Self(self.0 - self.0.rem_euclid(1000))
    }
}

/// A header as it is written or read: a name of 1 to 255 bytes of UTF-8 and a typed value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Header<'a> {
    /// The name, `:message-type` for example.
    pub name: &'a str,
    /// The value with its type.
    pub value: HeaderValue<'a>,
}

/// The ten header types with their numbers on the wire (Amazon Event Stream specification, "Headers").
///
/// The set is closed: the specification says that it is "fixed and not open to extension".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum HeaderType {
    /// A boolean that is true. No value bytes follow. True is 0 on the wire.
    BoolTrue = 0,
    /// A boolean that is false. No value bytes follow.
    BoolFalse = 1,
    /// A signed byte.
    Byte = 2,
    /// A signed integer of two bytes.
    Int16 = 3,
    /// A signed integer of four bytes.
    Int32 = 4,
    /// A signed integer of eight bytes.
    Int64 = 5,
    /// Bytes behind a length of two bytes.
    Bytes = 6,
    /// UTF-8 behind a length of two bytes.
    String = 7,
    /// Milliseconds since the Unix epoch, eight bytes.
    Timestamp = 8,
    /// Sixteen bytes.
    Uuid = 9,
}

impl HeaderType {
    /// The type with this number on the wire.
    #[must_use]
    pub const fn from_wire(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::BoolTrue,
            1 => Self::BoolFalse,
            2 => Self::Byte,
            3 => Self::Int16,
            4 => Self::Int32,
            5 => Self::Int64,
            6 => Self::Bytes,
            7 => Self::String,
            8 => Self::Timestamp,
            9 => Self::Uuid,
            _ => return None,
        })
    }

    /// Bytes of the value where the type fixes them; `None` for bytes and strings.
    #[must_use]
    pub const fn fixed_len(self) -> Option<usize> {
        match self {
            Self::BoolTrue | Self::BoolFalse => Some(0),
            Self::Byte => Some(1),
            Self::Int16 => Some(2),
            Self::Int32 => Some(4),
            Self::Int64 | Self::Timestamp => Some(8),
            Self::Uuid => Some(16),
            Self::Bytes | Self::String => None,
        }
    }
}

/// A header's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    /// Wire types 0 (true) and 1 (false).
    Bool(bool),
    /// Wire type 2.
    Byte(i8),
    /// Wire type 3.
    Int16(i16),
    /// Wire type 4.
    Int32(i32),
    /// Wire type 5.
    Int64(i64),
    /// Wire type 6, at most 32,767 bytes by the specification.
    Bytes(&'a [u8]),
    /// Wire type 7, at most 32,767 bytes by the specification.
    String(&'a str),
    /// Wire type 8.
    Timestamp(Timestamp),
    /// Wire type 9.
    Uuid([u8; 16]),
}

impl<'a> HeaderValue<'a> {
    /// The value's type on the wire.
    #[must_use]
    pub const fn header_type(&self) -> HeaderType {
        match self {
            Self::Bool(true) => HeaderType::BoolTrue,
            Self::Bool(false) => HeaderType::BoolFalse,
            Self::Byte(_) => HeaderType::Byte,
            Self::Int16(_) => HeaderType::Int16,
            Self::Int32(_) => HeaderType::Int32,
            Self::Int64(_) => HeaderType::Int64,
            Self::Bytes(_) => HeaderType::Bytes,
            Self::String(_) => HeaderType::String,
            Self::Timestamp(_) => HeaderType::Timestamp,
            Self::Uuid(_) => HeaderType::Uuid,
        }
    }

    /// The string, where the value is one.
    #[must_use]
    pub const fn as_str(&self) -> Option<&'a str> {
        match self {
            Self::String(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes, where the value is a byte array.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(value) => Some(value),
            _ => None,
        }
    }

    /// The moment, where the value is a timestamp.
    #[must_use]
    pub const fn as_timestamp(&self) -> Option<Timestamp> {
        match self {
            Self::Timestamp(value) => Some(*value),
            _ => None,
        }
    }
}
