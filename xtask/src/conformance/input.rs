//! The bytes of a case: a file, or the recipe of what is too big to keep.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::case::CaseError;
use super::hex::{from_hex, hex};

/// Bytes that a decoder is fed with.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    Bytes(Vec<u8>),
    Recipe(Recipe),
}

/// `prefix`, then `fill_len` times `fill`, then `suffix`.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    prefix: Vec<u8>,
    fill: u8,
    fill_len: usize,
    suffix: Vec<u8>,
}

/// A recipe as a case spells it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecipeFields {
    prefix_hex: String,
    fill_byte_hex: String,
    fill_len: usize,
    suffix_hex: String,
}

impl RecipeFields {
    pub(super) fn parse(&self) -> Result<Recipe, CaseError> {
        let [fill] = from_hex(&self.fill_byte_hex)?[..] else {
            return Err(CaseError::new("`fill_byte_hex` must be one byte"));
        };
        Ok(Recipe {
            prefix: from_hex(&self.prefix_hex)?,
            fill,
            fill_len: self.fill_len,
            suffix: from_hex(&self.suffix_hex)?,
        })
    }
}

impl Input {
    /// All bytes, made now where they are a recipe.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Recipe(recipe) => {
                let mut bytes = recipe.prefix.clone();
                bytes.resize(bytes.len() + recipe.fill_len, recipe.fill);
                bytes.extend_from_slice(&recipe.suffix);
                bytes
            }
        }
    }

    /// The bytes where they are small enough to be cut and flipped.
    pub(crate) fn small(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Recipe(_) => None,
        }
    }
}

impl Serialize for Input {
    /// `{"base64"}`, or the members of a recipe.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let value = match self {
            Self::Bytes(bytes) => json!({"base64": STANDARD.encode(bytes)}),
            Self::Recipe(recipe) => json!({
                "prefix_hex": hex(&recipe.prefix),
                "fill_byte_hex": hex(&[recipe.fill]),
                "fill_len": recipe.fill_len,
                "suffix_hex": hex(&recipe.suffix),
            }),
        };
        value.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_prefix_fill_and_suffix() {
        let fields =
            r#"{"prefix_hex": "01", "fill_byte_hex": "ff", "fill_len": 3, "suffix_hex": "0203"}"#;
        let fields: RecipeFields = serde_json::from_str(fields).unwrap();
        assert_eq!(
            Input::Recipe(fields.parse().unwrap()).to_vec(),
            [1, 255, 255, 255, 2, 3]
        );
    }
}
