//! A case of kind `converse` as it stands in its file (docs/converse-stream.md).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::case::{Case, CaseError, ConverseCase, Kind};
use super::implementation::{Heard, Verdict};

/// The members of a case.
#[derive(Deserialize)]
struct Fields {
    name: String,
    kind: String,
    body_base64: String,
    len: usize,
    #[serde(default)]
    transport_end: TransportEnd,
    outcome: Verdict,
    missing: Option<Value>,
    error: Option<Value>,
    reply: Value,
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum TransportEnd {
    #[default]
    Clean,
    Cut,
}

/// One of the cases in the file at `path`.
///
/// # Errors
/// When it makes no sense.
pub(super) fn case(path: &Path, value: &Value) -> Result<Case, CaseError> {
    let fields = Fields::deserialize(value).map_err(|e| CaseError::new(e.to_string()))?;
    let name = fields.name.clone();
    let bad = |what: &str| CaseError::new(format!("{name}: {what}"));
    if fields.kind != "converse" {
        return Err(bad(
            "only cases of kind `converse` stand in a list of cases",
        ));
    }
    let body = STANDARD.decode(&fields.body_base64);
    let body = body.map_err(|_| bad("`body_base64` is not base64"))?;
    if body.len() != fields.len {
        return Err(bad("`len` is not the length of the body"));
    }
    let is_consistent = fields.missing.is_some() == (fields.outcome == Verdict::Incomplete)
        && fields.error.is_some() == (fields.outcome == Verdict::Failed);
    if !is_consistent {
        return Err(bad(
            "`missing` is of an incomplete outcome, `error` of a failed one",
        ));
    }
    let named = [
        ("missing", fields.missing),
        ("error", fields.error),
        ("reply", Some(fields.reply)),
    ];
    let members: Map<String, Value> = named
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    let case = ConverseCase {
        body,
        cut: fields.transport_end == TransportEnd::Cut,
        expect: Heard {
            outcome: fields.outcome,
            members,
        },
    };
    Ok(Case::within(path, &name, Kind::Converse(Box::new(case))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_case_that_contradicts_itself_is_refused() {
        let good = json!({
            "name": "n", "kind": "converse", "body_base64": "AAE=", "len": 2,
            "outcome": "incomplete", "missing": "messageStop", "reply": {"blocks": []},
        });
        let read = |change: Value| {
            let mut value = good.clone();
            for (member, with) in change.as_object().unwrap() {
                value[member] = with.clone();
            }
            case(Path::new("fixtures/converse/cases.json"), &value)
        };
        assert_eq!(read(json!({})).unwrap().to_string(), "converse/n");
        for change in [
            json!({"kind": "invoke"}),
            json!({"len": 3}),
            json!({"body_base64": "?"}),
            json!({"outcome": "complete"}),
            json!({"outcome": "failed"}),
            json!({"outcome": "done"}),
            json!({"transport_end": "reset"}),
        ] {
            assert!(read(change.clone()).is_err(), "{change}");
        }
    }
}
