//! Fuzzer bytes as limits, chunk sizes, headers, and as frames whose lengths and CRCs are right.

use eventstream_codec::{Header, HeaderValue, Limits, Timestamp};

pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn limits(&mut self) -> Limits {
        match self.byte() % 4 {
            0 => Limits::bounded(),
            1 => Limits::strict(),
            2 => Limits::unlimited(),
            _ => Limits::bounded()
                .with_max_headers(3)
                .with_max_payload(64)
                .with_max_header_block(64),
        }
    }

    pub(crate) fn chunk(&mut self) -> usize {
        usize::from(self.byte()).max(1)
    }

    /// All that is left as frames, one behind the other.
    pub(crate) fn frames(&mut self) -> Vec<u8> {
        let mut wire = Vec::new();
        while !self.0.is_empty() && wire.len() < 64 * 1024 {
            wire.extend_from_slice(&self.frame());
        }
        wire
    }

    /// A frame with right lengths and CRCs around bytes that are anything; now and then one bit of it is wrong.
    pub(crate) fn frame(&mut self) -> Vec<u8> {
        let (damage, headers_len, payload_len) = (self.byte(), self.byte(), self.byte());
        let block = self.take(usize::from(headers_len));
        let payload = self.take(usize::from(payload_len));
        let total = u32::try_from(16 + block.len() + payload.len()).unwrap_or(u32::MAX);
        let headers_len = u32::try_from(block.len()).unwrap_or(u32::MAX);
        let mut frame = [total.to_be_bytes(), headers_len.to_be_bytes()].concat();
        frame.extend_from_slice(&crc32fast::hash(&frame).to_be_bytes());
        frame.extend_from_slice(block);
        frame.extend_from_slice(payload);
        frame.extend_from_slice(&crc32fast::hash(&frame).to_be_bytes());
        if damage >= 0xf0 {
            let at = usize::from(self.byte()) % frame.len();
            frame[at] ^= 1 << (damage % 8);
        }
        frame
    }

    /// Headers of any type under any name, valid or not.
    pub(crate) fn headers(&mut self) -> Vec<Header<'a>> {
        let count = self.byte() % 8;
        (0..count).map(|_| self.header()).collect()
    }

    fn header(&mut self) -> Header<'a> {
        let name = self.text();
        let value = match self.byte() % 9 {
            0 => HeaderValue::Bool(self.flag()),
            1 => HeaderValue::Byte(i8::from_be_bytes(self.array())),
            2 => HeaderValue::Int16(i16::from_be_bytes(self.array())),
            3 => HeaderValue::Int32(i32::from_be_bytes(self.array())),
            4 => HeaderValue::Int64(i64::from_be_bytes(self.array())),
            5 => {
                let len = self.byte();
                HeaderValue::Bytes(self.take(usize::from(len)))
            }
            6 => HeaderValue::String(self.text()),
            7 => HeaderValue::Timestamp(Timestamp::from_millis(i64::from_be_bytes(self.array()))),
            _ => HeaderValue::Uuid(self.array()),
        };
        Header { name, value }
    }

    fn text(&mut self) -> &'a str {
        let len = usize::from(self.byte());
        let bytes = self.take(len);
        match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        }
    }

    fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let bytes = self.take(N);
        array[..bytes.len()].copy_from_slice(bytes);
        array
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }
}
