//! The members of a JSON object, taken out one by one; what nobody takes is left over and handed on.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::{Json, Members};
use crate::number::integer;
use crate::payload::{self, Malformed, Name};

/// The members of an object that have not been taken yet. Those that are null are left out, as AWS's clients have it.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// What was left over of objects that were taken.
    kept: Members,
}

impl<'a> Fields<'a> {
    pub(crate) fn read(json: &'a str) -> Result<Self, Malformed> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let members = reader
            .deserialize_map(Collect)
            .and_then(|members| reader.end().map(|()| members));
        members
            .map(|members| Self {
                members,
                kept: Members::default(),
            })
            .map_err(|error| Malformed {
                what: "a JSON object",
                column: Some(error.column()),
            })
    }

    /// The first of `names` that is a member.
    pub(crate) fn find(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.get(name).is_some())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.members.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let at = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.remove(at).1)
    }

    /// A string that the message is made of.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Malformed> {
        self.take(name).map(payload::text).transpose()
    }

    /// A string that describes; anything else stays where it is.
    pub(crate) fn word(&mut self, name: &str) -> Option<String> {
        let word = payload::text(self.get(name)?).ok()?;
        self.take(name);
        Some(word)
    }

    /// A count; anything else stays where it is.
    pub(crate) fn count(&mut self, name: &str) -> Option<u64> {
        let count = integer(self.get(name)?.get())?;
        self.take(name);
        Some(count)
    }

    /// Whether the member is true; anything else stays where it is.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let flag = self.get(name).map(RawValue::get);
        if matches!(flag, Some("true" | "false")) {
            self.take(name);
        }
        flag == Some("true")
    }

    /// A number from 0 that says which block, choice or call is meant.
    pub(crate) fn index(&mut self, name: &str) -> Result<Option<u32>, Malformed> {
        self.take(name).map(payload::index).transpose()
    }

    pub(crate) fn json(&mut self, name: &str) -> Option<Json> {
        self.take(name).map(Json::from)
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Self>, Malformed> {
        self.take(name).map(|raw| Self::read(raw.get())).transpose()
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<&'a RawValue>, Malformed> {
        let Some(raw) = self.take(name) else {
            return Ok(Vec::new());
        };
        serde_json::from_str(raw.get()).map_err(|_| Malformed::new("a JSON array"))
    }

    /// Puts back what is left of an object that was taken from here.
    pub(crate) fn keep(&mut self, name: &str, rest: Fields<'_>) {
        let rest = rest.into_rest();
        if !rest.is_empty() {
            self.kept.set(name, rest.to_json());
        }
    }

    /// Puts back what is left of the objects of a list that was taken from here.
    pub(crate) fn keep_list(&mut self, name: &str, rest: &[Members]) {
        if rest.iter().any(|rest| !rest.is_empty()) {
            if let Ok(list) = Json::from_serialize(rest) {
                self.kept.set(name, list);
            }
        }
    }

    /// Puts back a word that was taken and said nothing.
    pub(crate) fn put_back(&mut self, name: &str, word: &str) {
        self.kept.set(name, serde_json::Value::from(word).into());
    }

    /// What nobody has taken.
    pub(crate) fn into_rest(self) -> Members {
        let mut rest = Members::default();
        for (name, value) in self.members {
            rest.set(&name, value.into());
        }
        rest.merge(self.kept);
        rest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.kept.is_empty()
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some(name) = map.next_key_seed(Name)? {
            let value: &'de RawValue = map.next_value()?;
            if value.get() != "null" {
                members.push((name, value));
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_is_left_over() {
        let mut fields =
            Fields::read(r#"{"a":"x","b":null,"c":2.0,"d":{"e":1,"f":true},"g":[1],"h":1.5}"#)
                .unwrap();
        assert_eq!(fields.find(&["b", "c"]), Some("c"));
        assert_eq!(fields.text("a").unwrap().as_deref(), Some("x"));
        assert_eq!(fields.count("c"), Some(2));
        assert_eq!(fields.count("h"), None);
        let mut inner = fields.object("d").unwrap().unwrap();
        assert!(inner.flag("f"));
        fields.keep("d", inner);
        assert_eq!(fields.list("g").unwrap().len(), 1);
        let rest = fields.into_rest().to_json();
        assert_eq!(rest.as_str(), r#"{"h":1.5,"d":{"e":1}}"#);
    }

    #[test]
    fn only_objects_have_members() {
        for bad in ["", "[]", "null", "\"x\"", "{", "{}x", r#"{"a":}"#] {
            assert!(Fields::read(bad).is_err(), "{bad}");
        }
        assert!(Fields::read(r#"{"a":1}"#).unwrap().text("a").is_err());
    }
}
