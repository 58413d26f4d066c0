//! What AWS's SDKs for JavaScript, Python and Rust really sent, as recorded in `fixtures/signed`: it is accepted whole, and
//! refused at the event that is changed.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;

use crate::credentials::AccessKey;
use crate::date::Utc;
use crate::frame::{Frame, FrameReader, Value};
use crate::verify::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/signed");

struct Recorded {
    head: Vec<(String, String)>,
    policy: Policy,
    frames: Vec<Frame>,
}

impl Recorded {
    fn read(sdk: &str) -> Self {
        let file = |end| Path::new(FOLDER).join(format!("{sdk}_sdk_session.{end}"));
        let case: Json =
            serde_json::from_str(&std::fs::read_to_string(file("json")).unwrap()).unwrap();
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        let pairs = case["head"].as_array().unwrap().iter();
        let head: Vec<_> = pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
        let token = head.iter().find(|(name, _)| name == "x-amz-security-token");
        let mut reader = FrameReader::new(1 << 20);
        reader.feed(&std::fs::read(file("bin")).unwrap());
        let mut frames = Vec::new();
        while let Some(frame) = reader.next_frame().unwrap() {
            frames.push(frame);
        }
        reader.finish().unwrap();
        Self {
            policy: Policy {
                keys: vec![AccessKey {
                    id: text(&case["access_key_id"]),
                    secret: text(&case["secret_access_key"]),
                    session_token: token.map(|(_, token)| token.clone()),
                }],
                region: text(&case["region"]),
                bearer_keys: Vec::new(),
                max_skew: Some(Duration::from_mins(5)),
                expired: false,
            },
            head,
            frames,
        }
    }

    fn field(&self, name: &str) -> &str {
        let field = self.head.iter().find(|(other, _)| other == name);
        field.map_or("", |(_, value)| value.as_str())
    }

    /// The first event that is refused; `None` where the whole session is in order.
    fn refused(&self) -> Option<Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.head.iter().filter(|(name, _)| !name.starts_with(':')) {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let head = Head {
            method: self.field(":method"),
            target: self.field(":path"),
            authority: self.field(":authority"),
            tls: true,
            headers: &headers,
        };
        let date = Utc::parse_basic(self.field("x-amz-date")).unwrap();
        let now = UNIX_EPOCH + Duration::from_millis(date.millis().cast_unsigned());
        let Authenticated::Key { key, seed } =
            check_head(head, Body::Events, &self.policy, now).unwrap()
        else {
            panic!("a bearer key");
        };
        let mut chain = Chain::new(key, self.policy.region.clone(), seed, None);
        let opened = self
            .frames
            .iter()
            .try_for_each(|frame| chain.open(frame, now).map(drop));
        opened.and_then(|()| chain.finish()).err()
    }
}

#[test]
fn recorded_sessions_are_accepted() {
    for sdk in ["js", "python", "rust"] {
        let session = Recorded::read(sdk);
        assert!(session.frames.len() > 2, "{sdk}");
        assert_eq!(session.refused(), None, "{sdk}");
    }
}

#[test]
fn a_changed_event_of_a_recorded_session_is_refused() {
    for sdk in ["js", "python", "rust"] {
        let whole = Recorded::read(sdk);
        for at in 0..whole.frames.len() {
            let mut changed = Recorded::read(sdk);
            for header in &mut changed.frames[at].headers {
                if let Value::Timestamp(millis) = &mut header.value {
                    *millis += 1;
                }
            }
            let refusal = changed.refused().unwrap();
            assert_eq!(refusal.event(), Some(at as u64), "{sdk}: {refusal}");
        }
    }
}
