//! Reading a frame's JSON without copying it: objects are walked, strings are unescaped once, into what the caller gets.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::Members;
use crate::number::integer;

/// What is wrong with a payload; where, if it is known: the column in bytes from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) what: &'static str,
    pub(crate) column: Option<usize>,
}

impl Malformed {
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what, column: None }
    }
}

/// Hands each member of a JSON object to `each`; members that are null are left out, as AWS's clients have it.
pub(crate) fn members<'a>(
    json: &'a str,
    each: impl FnMut(&str, &'a RawValue) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut fault = None;
    let mut reader = serde_json::Deserializer::from_str(json);
    let walked = reader
        .deserialize_map(Walk {
            each,
            fault: &mut fault,
        })
        .and_then(|()| reader.end());
    match (fault, walked) {
        (Some(fault), _) => Err(fault),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(Malformed {
            what: "a JSON object",
            column: Some(error.column()),
        }),
    }
}

/// Hands each member of a JSON object to `known` and gives back those that it refuses.
pub(crate) fn leftover<'a>(
    json: &'a str,
    mut known: impl FnMut(&str, &'a RawValue) -> bool,
) -> Result<Members, Malformed> {
    try_leftover(json, |name, value| Ok(known(name, value)))
}

/// As [`leftover`], where a known member may be malformed.
pub(crate) fn try_leftover<'a>(
    json: &'a str,
    mut known: impl FnMut(&str, &'a RawValue) -> Result<bool, Malformed>,
) -> Result<Members, Malformed> {
    let mut rest = Members::default();
    members(json, |name, value| {
        if !known(name, value)? {
            rest.set(name, value.into());
        }
        Ok(())
    })?;
    Ok(rest)
}

/// The elements of a JSON array.
pub(crate) fn elements<'a>(
    json: &'a RawValue,
    mut each: impl FnMut(&'a RawValue) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let list: Vec<&'a RawValue> =
        serde_json::from_str(json.get()).map_err(|_| Malformed::new("a JSON array"))?;
    list.into_iter().try_for_each(&mut each)
}

/// A JSON string, unescaped, with one allocation at most.
pub(crate) fn string(json: &RawValue) -> Result<Cow<'_, str>, Malformed> {
    let inner = json
        .get()
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .ok_or(Malformed::new("a JSON string"))?;
    match inner.find('\\') {
        None => Ok(Cow::Borrowed(inner)),
        Some(_) => unescape(inner)
            .map(Cow::Owned)
            .ok_or(Malformed::new("a JSON string in Unicode")),
    }
}

/// A JSON string, owned.
pub(crate) fn text(json: &RawValue) -> Result<String, Malformed> {
    string(json).map(Cow::into_owned)
}

/// The bytes that a JSON string holds as base64.
pub(crate) fn base64(json: &RawValue) -> Result<Bytes, Malformed> {
    base64_simd::STANDARD
        .decode_to_vec(string(json)?.as_bytes())
        .map(Bytes::from)
        .map_err(|_| Malformed::new("base64"))
}

/// A content block's index.
pub(crate) fn index(json: &RawValue) -> Result<u32, Malformed> {
    integer(json.get())
        .and_then(|index| u32::try_from(index).ok())
        .ok_or(Malformed::new("a content block index"))
}

struct Walk<'f, F> {
    each: F,
    fault: &'f mut Option<Malformed>,
}

impl<'de, F: FnMut(&str, &'de RawValue) -> Result<(), Malformed>> Visitor<'de> for Walk<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            let value: &'de RawValue = map.next_value()?;
            if value.get() == "null" {
                continue;
            }
            if let Err(fault) = (self.each)(&name, value) {
                *self.fault = Some(fault);
                return Err(A::Error::custom(fault.what));
            }
        }
        Ok(())
    }
}

/// A member's name, borrowed where it holds no escape.
pub(crate) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// Undoes the escapes of a JSON string; `None` for an escape that JSON does not have and for half a surrogate pair.
pub(crate) fn unescape(escaped: &str) -> Option<String> {
    let mut out = String::with_capacity(escaped.len());
    let mut rest = escaped;
    // Fragments are short: a plain walk finds the next escape sooner than a searcher is set up.
    while let Some(at) = rest.bytes().position(|byte| byte == b'\\') {
        out.push_str(rest.get(..at)?);
        let tail = rest.get(at + 1..)?;
        let mut chars = tail.chars();
        let escape = chars.next()?;
        rest = chars.as_str();
        out.push(match escape {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (unit, tail) = utf16_unit(rest)?;
                rest = tail;
                if let Some(plain) = char::from_u32(u32::from(unit)) {
                    plain
                } else {
                    let (low, tail) = utf16_unit(rest.strip_prefix("\\u")?)?;
                    rest = tail;
                    char::decode_utf16([unit, low]).next()?.ok()?
                }
            }
            '"' | '\\' | '/' => escape,
            _ => return None,
        });
    }
    out.push_str(rest);
    Some(out)
}

fn utf16_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    Some((hex.then(|| u16::from_str_radix(digits, 16).ok())??, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn strings_are_read_as_serde_reads_them() {
        for json in [
            r#""""#,
            r#""plain é 👂""#,
            r#""\"\\\/\b\f\n\r\t""#,
            r#""a\u00e9\ud83d\udc42z\u0000""#,
            r#""\\u0041\\""#,
        ] {
            let expected: String = serde_json::from_str(json).unwrap();
            assert_eq!(text(raw(json)).unwrap(), expected, "{json}");
        }
        assert!(matches!(string(raw(r#""plain""#)), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn half_a_surrogate_pair_is_an_error() {
        for json in [
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\udc42""#,
            r#""\ud83d\u0041""#,
        ] {
            assert!(text(raw(json)).is_err(), "{json}");
        }
    }

    #[test]
    fn only_objects_are_walked_to_their_end() {
        let walk = |json| {
            let mut seen = Vec::new();
            members(json, |name, value| {
                seen.push(format!("{name}={}", value.get()));
                Ok(())
            })
            .map(|()| seen)
        };
        assert_eq!(
            walk(r#" {"a":1,"b":null,"\u0063":{"d":[ ]}} "#).unwrap(),
            ["a=1", r#"c={"d":[ ]}"#]
        );
        for bad in [
            "",
            "[]",
            "null",
            "1",
            "{",
            r#"{"a":1"#,
            r#"{"a":}"#,
            "{}x",
            r#"{"a":"\x"}"#,
        ] {
            assert!(walk(bad).is_err(), "{bad}");
        }
    }
}
