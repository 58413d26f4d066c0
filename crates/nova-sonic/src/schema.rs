//! JSON schemas cut down to what every model of the family is known to take.

use serde_json::{Map, Value};

/// References within references that are followed; deeper ones, such as those of recursive types, become any object.
const MAX_DEPTH: usize = 8;

/// Keywords that stay.
const KEPT: [&str; 16] = [
    "type",
    "description",
    "enum",
    "const",
    "required",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
];

/// The schema with its references in place and only plain keywords.
pub(crate) fn simplify(schema: &Value) -> Value {
    simplified(schema, schema, MAX_DEPTH)
}

fn simplified(schema: &Value, root: &Value, depth: usize) -> Value {
    let Value::Object(members) = schema else {
        // `true` allows anything; `false` and what is no schema cannot be said more simply.
        return Value::Object(Map::new());
    };
    if let Some(target) = members.get("$ref").and_then(Value::as_str) {
        let found = target
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return match (found, depth.checked_sub(1)) {
            (Some(target), Some(depth)) => {
                with_description(simplified(target, root, depth), members)
            }
            _ => serde_json::json!({"type": "object"}),
        };
    }
    if let Some(only) = only_alternative(members) {
        return match depth.checked_sub(1) {
            Some(depth) => with_description(simplified(only, root, depth), members),
            None => Value::Object(Map::new()),
        };
    }
    let mut plain = Map::new();
    for (keyword, value) in members {
        let value = match (keyword.as_str(), value) {
            ("type", Value::Array(types)) => match types.iter().find(|name| *name != "null") {
                Some(name) => name.clone(),
                None => continue,
            },
            ("properties", Value::Object(properties)) => properties
                .iter()
                .map(|(name, schema)| (name.clone(), simplified(schema, root, depth)))
                .collect(),
            ("items", items) => simplified(items, root, depth),
            ("anyOf" | "oneOf", Value::Array(schemas)) => schemas
                .iter()
                .map(|schema| simplified(schema, root, depth))
                .collect(),
            (keyword, value) if KEPT.contains(&keyword) => value.clone(),
            _ => continue,
        };
        plain.insert(keyword.clone(), value);
    }
    Value::Object(plain)
}

/// The one schema of a union that is not `null`, or of an `allOf`.
fn only_alternative(members: &Map<String, Value>) -> Option<&Value> {
    let is_null = |schema: &&Value| schema.get("type") == Some(&Value::from("null"));
    ["anyOf", "oneOf", "allOf"].iter().find_map(|union| {
        let mut schemas = members
            .get(*union)?
            .as_array()?
            .iter()
            .filter(|schema| !is_null(schema));
        let only = schemas.next()?;
        schemas.next().is_none().then_some(only)
    })
}

/// A description beside a reference or a union goes before the one within.
fn with_description(mut schema: Value, members: &Map<String, Value>) -> Value {
    if let (Value::Object(plain), Some(description)) = (&mut schema, members.get("description")) {
        plain.insert("description".into(), description.clone());
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_of_pydantic_becomes_plain() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Order", "type": "object", "additionalProperties": false,
            "$defs": {"Size": {"title": "Size", "enum": ["s", "l"], "type": "string"}},
            "properties": {
                "title": {"title": "Title", "type": "string", "default": ""},
                "size": {"$ref": "#/$defs/Size", "description": "How big"},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null},
                "tags": {"type": "array", "items": {"$ref": "#/$defs/Size"}},
                "count": {"type": ["integer", "null"], "minimum": 1},
            },
            "required": ["title"],
        });
        assert_eq!(
            simplify(&schema),
            json!({
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "size": {"type": "string", "enum": ["s", "l"], "description": "How big"},
                    "note": {"type": "string"},
                    "tags": {"type": "array", "items": {"type": "string", "enum": ["s", "l"]}},
                    "count": {"type": "integer", "minimum": 1},
                },
                "required": ["title"],
            })
        );
    }

    #[test]
    fn real_unions_stay_and_recursion_ends() {
        let union = json!({"anyOf": [{"type": "string"}, {"type": "integer", "title": "x"}]});
        assert_eq!(
            simplify(&union),
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]})
        );
        let tree = json!({
            "$ref": "#/$defs/Node",
            "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
        });
        let text = simplify(&tree).to_string();
        assert_eq!(text.matches("next").count(), MAX_DEPTH);
        assert!(!text.contains("$ref"));
        let missing = json!({"$ref": "https://elsewhere/schema"});
        assert_eq!(simplify(&missing), json!({"type": "object"}));
    }
}
