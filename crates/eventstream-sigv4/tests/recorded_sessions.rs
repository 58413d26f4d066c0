//! What AWS's SDKs for JavaScript, Python and Rust really sent: it verifies, and changed in one byte it does not.
//!
//! The recordings are `fixtures/signed/*_sdk_session`; their SOURCES.md says how they are made.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::ops::Range;
use std::path::Path;

use bytes::BytesMut;
use eventstream_codec::{FrameWriter, Limits, Parsed, parse};
use eventstream_sigv4::{
    Credentials, EventFault, EventFaultKind, EventVerifier, HeadFault, RequestHead, Scope,
    Signature,
};
use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/signed");

struct Session {
    credentials: Credentials,
    scope: Scope,
    head: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Session {
    fn read(sdk: &str) -> Self {
        let folder = Path::new(FOLDER);
        let file = |end| folder.join(format!("{sdk}_sdk_session.{end}"));
        let case = std::fs::read_to_string(file("json")).unwrap();
        let case: Value = serde_json::from_str(&case).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pair = |pair: &Value| (text(&pair[0]), text(&pair[1]));
        Self {
            credentials: Credentials::new(
                text(&case["access_key_id"]),
                text(&case["secret_access_key"]),
            ),
            scope: Scope::new(text(&case["region"]), text(&case["service"])),
            head: case["head"].as_array().unwrap().iter().map(pair).collect(),
            body: std::fs::read(file("bin")).unwrap(),
        }
    }

    fn seed(&self) -> Result<Signature, HeadFault> {
        let pseudo = |name| {
            let found = self.head.iter().find(|(other, _)| other == name);
            found.map(|(_, value)| value.as_str()).unwrap()
        };
        let fields = self.head.iter().filter(|(name, _)| !name.starts_with(':'));
        let fields = fields.map(|(name, value)| (name.as_str(), value.as_str()));
        let head = RequestHead::new(
            pseudo(":method"),
            pseudo(":path"),
            pseudo(":authority"),
            fields,
        );
        head.verify(&self.credentials, &self.scope, b"")
    }

    fn verify(&self, mut body: &[u8]) -> Result<u64, EventFault> {
        let seed = self.seed().unwrap();
        let mut verifier = EventVerifier::new(seed, &self.credentials, self.scope.clone());
        while let Parsed::Frame(outer) = parse(body, &Limits::strict()).unwrap() {
            verifier.verify(outer)?;
            body = &body[outer.total_len()..];
        }
        assert!(body.is_empty());
        verifier.finish().map(|()| verifier.events())
    }

    /// Where the frames stand in the body.
    fn frames(&self) -> Vec<Range<usize>> {
        let mut frames = Vec::new();
        let mut at = 0;
        while let Parsed::Frame(outer) = parse(&self.body[at..], &Limits::strict()).unwrap() {
            frames.push(at..at + outer.total_len());
            at += outer.total_len();
        }
        frames
    }
}

/// The frame with one byte of its signature changed and its CRC made right.
fn with_signature_changed(frame: &[u8], byte: usize) -> BytesMut {
    let Ok(Parsed::Frame(outer)) = parse(frame, &Limits::strict()) else {
        panic!("no frame")
    };
    let mut changed = BytesMut::new();
    let mut writer = FrameWriter::begin(&mut changed);
    for header in outer.headers() {
        let mut bytes = header.value.as_bytes().map(<[u8]>::to_vec);
        if let Some(bytes) = &mut bytes {
            bytes[byte] ^= 1;
        }
        let value = bytes
            .as_deref()
            .map_or(header.value, eventstream_codec::HeaderValue::Bytes);
        writer.header(header.name, value).unwrap();
    }
    let mut payload = writer.payload();
    payload.put_slice(outer.payload());
    payload.finish().unwrap();
    changed
}

fn session_is_judged_rightly(sdk: &str) {
    let session = Session::read(sdk);
    let frames = session.frames();
    assert!(frames.len() > 2, "the recording is not empty");
    assert_eq!(session.verify(&session.body), Ok(frames.len() as u64));

    for (index, frame) in frames.iter().enumerate() {
        for byte in (0..32).step_by(5) {
            let mut body = session.body.clone();
            let changed = with_signature_changed(&body[frame.clone()], byte);
            body[frame.clone()].copy_from_slice(&changed);
            let fault = session.verify(&body).unwrap_err();
            assert_eq!(fault.index(), index as u64);
            let kind = EventFaultKind::Signature { differs: None };
            assert_eq!(
                fault.kind(),
                &kind,
                "byte {byte} of the signature of frame {index}"
            );
        }
    }

    let last = frames.last().unwrap();
    let cut = session.verify(&session.body[..last.start]).unwrap_err();
    assert_eq!(cut.kind(), &EventFaultKind::NoEnd);
}

#[test]
fn the_javascript_sdk() {
    session_is_judged_rightly("js");
}

#[test]
fn the_python_sdk() {
    session_is_judged_rightly("python");
}

#[test]
fn the_rust_sdk() {
    session_is_judged_rightly("rust");
}

#[test]
fn a_head_changed_in_one_byte_does_not_verify() {
    for sdk in ["js", "python", "rust"] {
        let mut session = Session::read(sdk);
        let at = session
            .head
            .iter()
            .position(|(name, _)| name == "authorization")
            .unwrap();
        let whole = session.head[at].1.clone();
        for digit in whole.len() - 64..whole.len() {
            let mut changed = whole.clone().into_bytes();
            changed[digit] = if changed[digit] == b'0' { b'1' } else { b'0' };
            session.head[at].1 = String::from_utf8(changed).unwrap();
            assert_eq!(session.seed(), Err(HeadFault::Signature { differs: None }));
        }
    }
}
