//! A JSON value that is kept as the text it came as.

use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// A JSON value of the caller's or the model's making: a tool's input, a schema, a document.
///
/// It holds the text, so that what a model wrote goes back to it byte for byte: order of members, spaces, digits of
/// numbers. Two values are equal where their texts are.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Checks that `text` is one JSON value and keeps it.
    ///
    /// # Errors
    /// Where it is not.
    pub fn parse(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text.into()).map(Self)
    }

    /// Writes `value` as JSON.
    ///
    /// # Errors
    /// Where serde cannot: a map whose keys are not strings, an error of the type's own.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// The object without members.
    #[must_use]
    pub fn empty_object() -> Self {
        Self::parse("{}").unwrap_or_else(|_| Self::null())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Reads the value as a type of the caller's, which may borrow from it.
    ///
    /// # Errors
    /// Where the value is not of that type.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }

    /// The value as a tree; a number beyond the range of `f64` becomes null.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.read().unwrap_or_default()
    }

    fn null() -> Self {
        Self(RawValue::NULL.to_owned())
    }
}

impl From<&RawValue> for Json {
    fn from(raw: &RawValue) -> Self {
        Self(raw.to_owned())
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self::parse(value.to_string()).unwrap_or_else(|_| Self::null())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Members of an object that this version does not know, in the order of the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members(Vec<(Box<str>, Json)>);

impl Members {
    /// The value of the first member with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Names and values in the order of the wire.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What `later` has replaces, what it lacks stays.
    pub(crate) fn merge(&mut self, later: Self) {
        for (name, value) in later.0 {
            self.set(&name, value);
        }
    }

    /// Adds `members` to those of the object that stands under `name`.
    pub(crate) fn add(&mut self, name: &str, members: Self) {
        let mut object: Self = self
            .get(name)
            .and_then(|json| crate::payload::leftover(json.as_str(), |_, _| false).ok())
            .unwrap_or_default();
        object.merge(members);
        self.set(name, object.to_json());
    }

    /// The members as an object.
    #[must_use]
    pub fn to_json(&self) -> Json {
        Json::from_serialize(self).unwrap_or_else(|_| Json::null())
    }

    /// Sets a member: the one with this name, or a new one at the end.
    pub fn set(&mut self, name: &str, value: Json) {
        match self.0.iter_mut().find(|(known, _)| &**known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.into(), value)),
        }
    }
}

impl Serialize for Members {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
