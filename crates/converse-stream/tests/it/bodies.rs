//! Bodies that were recorded (in `../shared/vectors`, not part of this repository), and what every kind of them is put through.

use std::fmt::Write as _;
use std::path::Path;

use bytes::Bytes;
use converse_stream::{MessageMapper, Reader, Reply, StreamError};
use eventstream_codec::{Decoder, Message, TransportEnd};
use sha2::{Digest, Sha256};

pub(crate) type Outcome = bedrock_wire::Outcome<Reply, StreamError>;

pub(crate) struct Recorded {
    pub(crate) name: &'static str,
    /// Empty where the list of digests has none.
    pub(crate) model: &'static str,
    digest: &'static str,
    pub(crate) body: Bytes,
}

/// Empty where the recordings are not there; all of this list where they are.
pub(crate) fn recorded(digests: &'static str) -> Vec<Recorded> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/converse-captured"
    );
    if !Path::new(folder).is_dir() {
        return Vec::new();
    }
    let load = |line: &'static str| {
        let (digest, rest) = line.split_once(' ').unwrap();
        let (model, name) = rest.split_once(' ').unwrap_or(("", rest));
        let body = std::fs::read(format!("{folder}/{name}.bin")).unwrap();
        Recorded {
            name,
            model,
            digest,
            body: body.into(),
        }
    };
    digests.lines().map(load).collect()
}

impl Recorded {
    /// Compares the digest of what was made of the body with that of what an independent reader made of it.
    pub(crate) fn assert_digest(&self, json: &str) {
        let digest = Sha256::digest(json);
        let hex = digest.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        assert_eq!(hex, self.digest, "{}: {json}", self.name);
    }

    /// Ends the body at every byte: it is complete only on a boundary behind a frame that `is_mark`. Gives how often it was, and
    /// the mapper that has read all of it.
    pub(crate) fn cut_anywhere<M: MessageMapper + Clone>(
        &self,
        fresh: impl Fn() -> M,
        is_mark: impl Fn(&Message) -> bool,
    ) -> (usize, M) {
        let (mut at, mut marked, mut completes) = (0, false, 0);
        let mut mapper = fresh();
        for message in frames(&self.body) {
            let frame = message.as_bytes();
            for cut in 0..frame.len() {
                let mut decoder = Decoder::new();
                decoder.feed(frame.slice(..cut));
                assert!(decoder.next_frame().unwrap().is_none());
                let end = match decoder.finish() {
                    Ok(()) => TransportEnd::Clean,
                    Err(_) => TransportEnd::Cut,
                };
                assert_eq!(end == TransportEnd::Clean, cut == 0);
                let outcome = mapper.clone().finish(end, &mut |_| {});
                let complete = marked && cut == 0;
                let place = format!("{} at {at}+{cut}", self.name);
                assert_eq!(outcome.is_complete(), complete, "{place}");
                if [0, 1, 12, frame.len() - 1].contains(&cut) {
                    let mut reader = Reader::with_mapper(fresh());
                    reader.feed(self.body.slice(..at + cut));
                    let whole = reader.finish(TransportEnd::Clean, &mut |_| {});
                    assert_eq!(whole, outcome, "{place}");
                }
                completes += usize::from(complete);
            }
            mapper.read(message.frame(), &mut |_| {}).unwrap();
            at += frame.len();
            marked |= is_mark(&message);
        }
        assert_eq!(at, self.body.len(), "{}", self.name);
        (completes, mapper)
    }
}

pub(crate) fn frames(body: &Bytes) -> Vec<Message> {
    let mut decoder = Decoder::new();
    decoder.feed(body.clone());
    std::iter::from_fn(|| decoder.next_message().unwrap()).collect()
}
