//! A tool as the model gets to know it.

use std::fmt;

use serde_json::Value;

use crate::schema::simplify;

/// Name, purpose and input schema of a tool.
///
/// ```
/// use nova_sonic::ToolSpec;
/// use serde_json::json;
///
/// let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
/// let tool = ToolSpec::new("get_weather", "The weather in a city", schema)?;
/// # Ok::<(), nova_sonic::ToolSpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpec {
    name: String,
    description: String,
    input_schema: Value,
}

impl ToolSpec {
    /// A tool. The schema is a JSON schema of an object, as it is or wrapped in `{"json": …}`, as a value or as text;
    /// `null` stands for no arguments.
    ///
    /// # Errors
    /// Where the name is not `[a-zA-Z0-9_-]+`, or the schema is not an object: the service ends the session over either.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        input_schema: Value,
    ) -> Result<Self, ToolSpecError> {
        let name = name.into();
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(valid) {
            return Err(ToolSpecError::Name { name });
        }
        let Some(input_schema) = unwrap_schema(input_schema) else {
            return Err(ToolSpecError::Schema { name });
        };
        Ok(Self {
            name,
            description: description.into(),
            input_schema,
        })
    }

    /// The same with a schema of plain `type`, `properties`, `required`, `items`, `enum` and `description`.
    ///
    /// References are put in place, unions with `null` become the other type, and `default`, `title`,
    /// `additionalProperties`, `$schema` and their like are left out. Some of these are reported to draw "Invalid input
    /// request"; which ones is not documented, so this is a choice of the caller's.
    #[must_use]
    pub fn simplified(mut self) -> Self {
        self.input_schema = simplify(&self.input_schema);
        self
    }

    /// The tool's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the model is told about it.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The schema of its arguments: always an object.
    #[must_use]
    pub const fn input_schema(&self) -> &Value {
        &self.input_schema
    }
}

/// The schema itself, out of `{"json": …}` and out of text; `None` where it is not an object.
fn unwrap_schema(schema: Value) -> Option<Value> {
    match schema {
        Value::Null => Some(serde_json::json!({"type": "object", "properties": {}})),
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(schema @ Value::Object(_)) => unwrap_schema(schema),
            _ => None,
        },
        Value::Object(mut members) => match members.get("json") {
            Some(_) if members.len() == 1 => members.remove("json").and_then(unwrap_schema),
            _ => Some(Value::Object(members)),
        },
        _ => None,
    }
}

/// Why a tool would end the session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolSpecError {
    /// The name is not `[a-zA-Z0-9_-]+`.
    Name {
        /// The name.
        name: String,
    },
    /// The schema is not a JSON object.
    Schema {
        /// The tool.
        name: String,
    },
}

impl fmt::Display for ToolSpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(
                f,
                "a tool's name is made of letters, digits, `_` and `-`, which {name:?} is not"
            ),
            Self::Schema { name } => {
                write!(
                    f,
                    "the input schema of the tool {name:?} is not a JSON object"
                )
            }
        }
    }
}

impl std::error::Error for ToolSpecError {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_are_unwrapped() {
        let schema = json!({"type": "object"});
        for given in [
            schema.clone(),
            json!({"json": schema}),
            json!({"json": schema.to_string()}),
            json!(schema.to_string()),
        ] {
            assert_eq!(
                ToolSpec::new("t", "", given).unwrap().input_schema(),
                &schema
            );
        }
        let none = ToolSpec::new("t", "", Value::Null).unwrap();
        assert_eq!(none.input_schema()["type"], "object");
    }

    #[test]
    fn what_would_end_the_session_is_refused() {
        for name in ["", "get weather", "a.b", "ü"] {
            assert!(matches!(
                ToolSpec::new(name, "", Value::Null),
                Err(ToolSpecError::Name { .. })
            ));
        }
        for schema in [json!([]), json!("x"), json!(1), json!({"json": 1})] {
            assert!(matches!(
                ToolSpec::new("t", "", schema),
                Err(ToolSpecError::Schema { .. })
            ));
        }
    }
}
