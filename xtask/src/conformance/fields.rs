//! The members of a case file, and what each kind makes of them.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::case::{Bytes, CaseError, Expect, ExpectedFrame, Kind, SignedEvent, SignedFrame};
use super::hex::from_hex;
use super::implementation::{Header, Profile, SigningInput};
use super::input::{Input, RecipeFields};
use super::load::read;

/// The members of a case; which are needed depends on `kind`.
#[derive(Deserialize)]
pub(super) struct Fields {
    kind: String,
    expect: Option<String>,
    strict_error: Option<String>,
    #[serde(default)]
    strict_error_any: Vec<String>,
    #[serde(default)]
    profile: Profile,
    bin: Option<PathBuf>,
    len: Option<usize>,
    recipe: Option<RecipeFields>,
    chunks: Option<Vec<usize>>,
    decoded: Option<Value>,
    #[serde(default)]
    decoded_before_error: Vec<ExpectedFrame>,
    decoded_headers: Option<Vec<Header>>,
    events: Option<Vec<SignedEvent>>,
    #[serde(flatten)]
    key: Option<SigningInput>,
    head: Option<Vec<(String, String)>>,
    input: Option<SignedFrameInput>,
    expected_inner_frame_base64: Option<String>,
    expected_outer_headers: Option<Vec<NamedHeader>>,
}

#[derive(Deserialize)]
struct SignedFrameInput {
    headers: Vec<NamedHeader>,
    payload: String,
}

/// A header that gives its type by name and its bytes in hex.
#[derive(Deserialize)]
struct NamedHeader {
    name: String,
    type_name: String,
    value: Option<Value>,
    hex: Option<String>,
}

impl Fields {
    /// The file with the case's bytes.
    pub(super) fn bin(&self, json: &Path) -> Option<PathBuf> {
        self.bin.as_ref().map(|bin| json.with_file_name(bin))
    }

    /// Checks that the members that the kind needs are there, and reads its bytes.
    pub(super) fn kind(self, json: &Path) -> Result<Kind, CaseError> {
        Ok(match self.kind.as_str() {
            "message" => Kind::Message(self.bytes(json, |f| parse(f.decoded.take(), "decoded"))?),
            "stream" => Kind::Stream(self.bytes(json, |f| parse(f.decoded.take(), "decoded"))?),
            "headers" => Kind::Headers(self.bytes(json, |f| {
                f.decoded_headers
                    .take()
                    .ok_or_else(|| missing("decoded_headers"))
            })?),
            "signed" => Kind::Signed {
                key: self.key.ok_or_else(|| missing("access_key_id"))?,
                events: self.events.ok_or_else(|| missing("events"))?,
            },
            "signed-stream" => self.signed_stream(json)?,
            "signed-frame" => Kind::SignedFrame(Box::new(self.signed_frame()?)),
            "converse" | "invoke" => Kind::Elsewhere("run by the tests of converse-stream"),
            "sonic" => Kind::Elsewhere("run by the tests of nova-sonic"),
            "fault" | "scenario" => Kind::Elsewhere("run by the tests of bedrock-loopback"),
            other => return Err(CaseError::new(format!("unknown kind {other:?}"))),
        })
    }

    fn bytes<T>(
        mut self,
        json: &Path,
        decoded: impl FnOnce(&mut Self) -> Result<T, CaseError>,
    ) -> Result<Bytes<T>, CaseError> {
        let input = match (&self.bin, &self.recipe) {
            (Some(bin), None) => {
                let bytes = read(&json.with_file_name(bin))?;
                if self.len.is_some_and(|len| len != bytes.len()) {
                    return Err(CaseError::new("`len` is not the length of the file"));
                }
                Input::Bytes(bytes)
            }
            (None, Some(recipe)) => Input::Recipe(recipe.parse()?),
            _ => return Err(CaseError::new("needs either `bin` or `recipe`")),
        };
        let expect = match self.expect.as_deref() {
            Some("ok") => Expect::Decoded(decoded(&mut self)?),
            Some("error") => {
                let mut kinds = std::mem::take(&mut self.strict_error_any);
                kinds.extend(self.strict_error.take());
                if kinds.is_empty() {
                    return Err(missing("strict_error"));
                }
                let before = std::mem::take(&mut self.decoded_before_error);
                Expect::Error { kinds, before }
            }
            _ => return Err(CaseError::new("`expect` must be ok or error")),
        };
        Ok(Bytes {
            input,
            profile: self.profile,
            chunks: self.chunks,
            expect,
        })
    }

    fn signed_stream(self, json: &Path) -> Result<Kind, CaseError> {
        let head = self.head.ok_or_else(|| missing("head"))?;
        let authorization = head.iter().find(|(name, _)| name == "authorization");
        let seed = authorization.and_then(|(_, value)| value.split_once("Signature="));
        let bin = self.bin.ok_or_else(|| missing("bin"))?;
        Ok(Kind::SignedStream {
            key: self.key.ok_or_else(|| missing("access_key_id"))?,
            seed: seed.ok_or_else(|| missing("authorization"))?.1.to_owned(),
            body: read(&json.with_file_name(bin))?,
        })
    }

    fn signed_frame(self) -> Result<SignedFrame, CaseError> {
        let input = self.input.ok_or_else(|| missing("input"))?;
        let inner = self
            .expected_inner_frame_base64
            .ok_or_else(|| missing("expected_inner_frame_base64"))?;
        let outer = self
            .expected_outer_headers
            .ok_or_else(|| missing("expected_outer_headers"))?;
        let headers = |named: Vec<NamedHeader>| {
            named
                .into_iter()
                .map(NamedHeader::typed)
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(SignedFrame {
            headers: headers(input.headers)?,
            payload: input.payload.into_bytes(),
            inner: STANDARD
                .decode(inner)
                .map_err(|e| CaseError::new(e.to_string()))?,
            outer_headers: headers(outer)?,
        })
    }
}

impl NamedHeader {
    fn typed(self) -> Result<Header, CaseError> {
        let wire_type = Some(match self.type_name.as_str() {
            "byte_array" => 6,
            "string" => 7,
            "timestamp" => 8,
            other => return Err(CaseError::new(format!("header type {other:?}"))),
        });
        let value = match (self.value, self.hex) {
            (Some(value), None) => value,
            (None, Some(bytes)) => Value::String(STANDARD.encode(from_hex(&bytes)?)),
            _ => return Err(CaseError::new("a header needs either `value` or `hex`")),
        };
        Ok(Header {
            name: self.name,
            wire_type,
            value,
        })
    }
}

fn parse<T: for<'de> Deserialize<'de>>(value: Option<Value>, name: &str) -> Result<T, CaseError> {
    let value = value.ok_or_else(|| missing(name))?;
    serde_json::from_value(value).map_err(|e| CaseError::new(format!("`{name}`: {e}")))
}

fn missing(name: &str) -> CaseError {
    CaseError::new(format!("`{name}` is missing"))
}
