//! What a decoder accepts: sizes, and what the specification forbids but clients tolerate.

/// Limits and policies of a decoder. Three named profiles; each number can be set on its own.
///
/// | profile | payload | header block | headers | also refuses |
/// |---|---|---|---|---|
/// | [`bounded`](Self::bounded) (default) | 24 MiB | 128 KiB | 1,024 | – |
/// | [`strict`](Self::strict) | 24 MiB | 128 KiB | 1,024 | duplicate names, empty names, values over 32,767 bytes |
/// | [`unlimited`](Self::unlimited) | – | – | – | – |
///
/// The sizes are those of the Amazon Event Stream specification, which tells services to enforce them and clients not to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    max_payload: usize,
    max_header_block: usize,
    max_headers: usize,
    max_header_value: usize,
    forbid_duplicates: bool,
    forbid_empty_names: bool,
}

impl Limits {
    /// Sizes as in the specification, otherwise as tolerant as AWS's own clients.
    #[must_use]
    pub const fn bounded() -> Self {
        Self {
            max_payload: 24 * 1024 * 1024,
            max_header_block: 128 * 1024,
            max_headers: 1024,
            max_header_value: u16::MAX as usize,
            forbid_duplicates: false,
            forbid_empty_names: false,
        }
    }

    /// All that the specification demands.
    #[must_use]
    pub const fn strict() -> Self {
        Self {
            max_header_value: i16::MAX as usize,
            forbid_duplicates: true,
            forbid_empty_names: true,
            ..Self::bounded()
        }
    }

    /// No limit but that of the wire (4 GiB a frame): for trusted input only.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            max_payload: usize::MAX,
            max_header_block: usize::MAX,
            max_headers: usize::MAX,
            ..Self::bounded()
        }
    }

    /// The same with another limit on a frame's payload, in bytes.
    #[must_use]
    pub const fn with_max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// The same with another limit on a frame's header block, in bytes.
    #[must_use]
    pub const fn with_max_header_block(mut self, bytes: usize) -> Self {
        self.max_header_block = bytes;
        self
    }

    /// The same with another limit on the number of headers in a frame.
    #[must_use]
    pub const fn with_max_headers(mut self, count: usize) -> Self {
        self.max_headers = count;
        self
    }

    /// Largest payload of a frame, in bytes.
    #[must_use]
    pub const fn max_payload(&self) -> usize {
        self.max_payload
    }

    /// Largest header block of a frame, in bytes.
    #[must_use]
    pub const fn max_header_block(&self) -> usize {
        self.max_header_block
    }

    /// Most headers in a frame.
    #[must_use]
    pub const fn max_headers(&self) -> usize {
        self.max_headers
    }

    /// Longest byte-array or string value, in bytes.
    #[must_use]
    pub const fn max_header_value(&self) -> usize {
        self.max_header_value
    }

    /// Whether a name may stand only once in a frame.
    #[must_use]
    pub const fn forbids_duplicates(&self) -> bool {
        self.forbid_duplicates
    }

    /// Whether a name of no bytes is refused.
    #[must_use]
    pub const fn forbids_empty_names(&self) -> bool {
        self.forbid_empty_names
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::bounded()
    }
}
