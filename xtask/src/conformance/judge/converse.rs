//! ConverseStream: the verdict on a body, the error in it, and what was heard of the message.

use serde_json::{Map, Value};

use super::super::case::ConverseCase;
use super::super::implementation::{Chunks, Heard, Implementation, Verdict};
use super::Findings;
use crate::failure::Failure;

/// Piece sizes that every body is read in.
const CHUNKINGS: &[&[usize]] = &[&[], &[7]];

/// A `converse` case.
pub(super) fn body(
    case: &ConverseCase,
    of: &mut dyn Implementation,
    findings: &mut Findings,
) -> Result<(), Failure> {
    for sizes in CHUNKINGS {
        let answer = of.converse(&case.body, Chunks(sizes), case.cut)?;
        let Some(heard) = findings.needed(answer) else {
            return Ok(());
        };
        let before = findings.faults.len();
        judge(&heard, &case.expect, findings);
        if findings.faults.len() > before {
            // The same again in other pieces says nothing new.
            return Ok(());
        }
    }
    Ok(())
}

fn judge(heard: &Heard, expect: &Heard, findings: &mut Findings) {
    findings.check("outcome", outcome_fault(heard, expect));
    if heard.outcome == Verdict::Failed && expect.outcome == Verdict::Failed {
        findings.check("error", error_fault(heard, expect));
    }
    for member in ["missing", "reply"] {
        if let Some(got) = heard.members.get(member) {
            let expected = expect.members.get(member).unwrap_or(&Value::Null);
            findings.check(member, value_fault(got, expected));
        }
    }
    let reply = Reply(expect.members.get("reply").unwrap_or(&Value::Null));
    if let Some(text) = heard.members.get("text") {
        findings.check("text", value_fault(text, &reply.text("text").into()));
    }
    if let Some(text) = heard.members.get("reasoning") {
        findings.check(
            "reasoning",
            value_fault(text, &reply.text("reasoning").into()),
        );
    }
    if let Some(reason) = heard.members.get("stop_reason") {
        findings.check("stop reason", value_fault(reason, reply.at("/stop/reason")));
    }
    if let Some(usage) = heard.members.get("usage") {
        findings.check("usage", usage_fault(usage, reply.at("/metadata/usage")));
    }
    if let Some(calls) = heard.members.get("calls").and_then(Value::as_array) {
        findings.check("tool calls", calls_fault(calls, &reply.calls()));
    }
}

/// An error is as good as "incomplete" for a stream that was cut; damage must not pass for a cut.
fn outcome_fault(heard: &Heard, expect: &Heard) -> Option<String> {
    let message = || {
        let error = heard.members.get("error").and_then(|e| e.get("message"));
        error.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    match (expect.outcome, heard.outcome) {
        (Verdict::Complete, Verdict::Failed) => Some(format!("an error: {}", message())),
        (Verdict::Complete, Verdict::Incomplete) => Some("incomplete".to_owned()),
        (Verdict::Incomplete, Verdict::Complete) => {
            Some("a cut stream passes for complete".to_owned())
        }
        (Verdict::Failed, Verdict::Complete) => {
            Some("a failed stream passes for complete".to_owned())
        }
        (Verdict::Failed, Verdict::Incomplete) => Some("a failed stream passes for cut".to_owned()),
        _ => None,
    }
}

/// What the service said must be there; how an implementation names its own errors is its own.
fn error_fault(heard: &Heard, expect: &Heard) -> Option<String> {
    let members = |heard: &Heard| {
        heard
            .members
            .get("error")
            .and_then(Value::as_object)
            .cloned()
    };
    let (got, expected) = (
        members(heard).unwrap_or_default(),
        members(expect).unwrap_or_default(),
    );
    expected.iter().find_map(|(name, expected)| {
        match (
            name.as_str(),
            got.get(name).filter(|value| !value.is_null()),
        ) {
            ("kind" | "name", None) => None,
            ("code", Some(got)) if same_code(got, expected) => None,
            (_, Some(got)) if got == expected => None,
            (_, Some(got)) => Some(format!("{name} {got}, not {expected}")),
            (_, None) => Some(format!("the {name} {expected} is lost")),
        }
    })
}

/// Codes differ between stacks in the case of their first letter.
fn same_code(got: &Value, expected: &Value) -> bool {
    let split = |value: &Value| {
        let mut chars = value.as_str().unwrap_or_default().chars();
        (
            chars.next().map(|c| c.to_ascii_lowercase()),
            chars.as_str().to_owned(),
        )
    };
    split(got) == split(expected)
}

/// The counts that are given; none may be invented.
fn usage_fault(got: &Value, expected: &Value) -> Option<String> {
    let Some(got) = got.as_object() else {
        return (!expected.is_null()).then(|| "lost".to_owned());
    };
    let empty = Map::new();
    let expected = expected.as_object().unwrap_or(&empty);
    // By value: some languages have no other numbers than floats.
    let same = |a: &Value, b: &Value| a == b || (a.is_number() && a.as_f64() == b.as_f64());
    let mut counts = got.iter();
    let (name, value) =
        counts.find(|(name, got)| !same(got, expected.get(*name).unwrap_or(&Value::Null)))?;
    let due = expected.get(name).unwrap_or(&Value::Null);
    Some(format!("{name} {value}, not {due}"))
}

/// `input` is the text as it came, `arguments` what an implementation takes for the whole input.
fn calls_fault(got: &[Value], expected: &[&Value]) -> Option<String> {
    let names = |calls: &[&Value]| {
        let name = |call: &&Value| call.get("name").and_then(Value::as_str).map(str::to_owned);
        calls.iter().map(name).collect::<Vec<_>>()
    };
    let got: Vec<&Value> = got.iter().collect();
    if names(&got) != names(expected) {
        return Some(format!("{} calls, not {}", got.len(), expected.len()));
    }
    got.iter().zip(expected).find_map(|(got, expected)| {
        let due = |name: &str| expected.get(name).unwrap_or(&Value::Null);
        let id = got.get("id").and_then(|id| value_fault(id, due("id")));
        id.or_else(|| input_fault(got, due("input")))
    })
}

fn input_fault(got: &Value, expected: &Value) -> Option<String> {
    let whole = expected.get("complete");
    let broken = expected.get("cut").or(expected.get("invalid"));
    if let Some(arguments) = got.get("arguments").filter(|value| !value.is_null()) {
        return match (whole, broken) {
            (Some(whole), _) => value_fault(arguments, whole),
            (None, Some(text)) => Some(format!("{text} is handed out as {arguments}")),
            (None, None) => None,
        };
    }
    match (got.get("input").and_then(Value::as_str), whole, broken) {
        (Some(text), Some(whole), _) => {
            let text = if text.trim().is_empty() { "{}" } else { text };
            let json = serde_json::from_str(text).unwrap_or(Value::Null);
            value_fault(&json, whole)
        }
        (Some(text), None, Some(due)) => value_fault(&text.into(), due),
        (None, Some(whole), _) => Some(format!("the input {whole} is lost")),
        _ => None,
    }
}

fn value_fault(got: &Value, expected: &Value) -> Option<String> {
    (got != expected).then(|| format!("{got}, not {expected}"))
}

/// A reply in the form of docs/converse-stream.md.
struct Reply<'a>(&'a Value);

impl<'a> Reply<'a> {
    fn at(&self, pointer: &str) -> &'a Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    fn blocks(&self, kind: &str) -> impl Iterator<Item = &'a Value> {
        let blocks = self.at("/blocks").as_array().into_iter().flatten();
        blocks.filter_map(move |block| block.get(kind))
    }

    /// The text of all blocks of a kind.
    fn text(&self, kind: &str) -> String {
        self.blocks(kind)
            .filter_map(|block| block.get("text")?.as_str())
            .collect()
    }

    /// The calls that are the caller's.
    fn calls(&self) -> Vec<&'a Value> {
        let is_hosted = |call: &&Value| {
            call.get("type")
                .is_some_and(|kind| kind == "server_tool_use")
        };
        self.blocks("toolUse")
            .filter(|call| !is_hosted(call))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The faults of an answer where `expect` is due.
    fn faults(heard: Value, expect: Value) -> Vec<String> {
        let read = |value| serde_json::from_value(value).unwrap();
        let mut findings = Findings::default();
        judge(&read(heard), &read(expect), &mut findings);
        findings.faults
    }

    fn whole() -> Value {
        let call = |name: &str, input: Value| json!({"toolUse": {"id": name, "name": name, "input": input}});
        let hosted = json!({"toolUse": {"id": "h", "name": "h", "type": "server_tool_use", "input": {"complete": {}}}});
        json!({"outcome": "complete", "reply": {
            "blocks": [
                {"text": {"text": "a"}}, {"reasoning": {"text": "r"}}, {"text": {"text": "b"}}, hosted,
                call("c", json!({"complete": {"x": 1}})), call("d", json!({"cut": "{\"y"})), call("e", json!({"complete": {}})),
            ],
            "stop": {"reason": "max_tokens"},
            "metadata": {"usage": {"inputTokens": 1}},
        }})
    }

    #[test]
    fn what_is_given_is_compared_and_nothing_else() {
        assert_eq!(faults(json!({"outcome": "complete"}), whole()), [""; 0]);
        let calls = json!([
            {"id": "c", "name": "c", "input": "{\"x\": 1}"}, {"id": "d", "name": "d", "input": "{\"y"}, {"name": "e", "input": " "},
        ]);
        let good = json!({
            "outcome": "complete", "text": "ab", "reasoning": "r", "stop_reason": "max_tokens", "usage": {"inputTokens": 1}, "calls": calls,
        });
        assert_eq!(faults(good.clone(), whole()), [""; 0]);
        for (member, wrong) in [
            ("text", json!("a")),
            ("reasoning", json!("")),
            ("stop_reason", json!(null)),
            ("usage", json!(null)),
            ("usage", json!({"inputTokens": 1, "outputTokens": 0})),
            ("calls", json!([])),
            (
                "calls",
                json!([{"name": "c", "arguments": {}}, {"name": "d"}, {"name": "e", "arguments": {}}]),
            ),
            (
                "calls",
                json!([{"name": "c"}, {"name": "d"}, {"name": "e", "arguments": {}}]),
            ),
            ("reply", json!({})),
        ] {
            let mut bad = good.clone();
            bad[member] = wrong.clone();
            assert_eq!(faults(bad, whole()).len(), 1, "{member} {wrong}");
        }
    }

    #[test]
    fn a_cut_call_must_not_be_handed_out_as_whole() {
        let calls = json!([
            {"name": "c", "arguments": {"x": 1}}, {"name": "d", "arguments": {}}, {"name": "e", "arguments": {}},
        ]);
        let found = faults(json!({"outcome": "complete", "calls": calls}), whole());
        assert_eq!(found, [r#"tool calls: "{\"y" is handed out as {}"#]);
    }

    #[test]
    fn a_cut_may_be_an_error_but_no_error_may_be_a_cut() {
        let outcome = |heard: &str, expect: &str| {
            faults(json!({"outcome": heard}), json!({"outcome": expect})).len()
        };
        assert_eq!(outcome("failed", "incomplete"), 0);
        assert_eq!(outcome("incomplete", "incomplete"), 0);
        for (heard, expect) in [
            ("complete", "incomplete"),
            ("complete", "failed"),
            ("incomplete", "failed"),
            ("incomplete", "complete"),
            ("failed", "complete"),
        ] {
            assert_eq!(outcome(heard, expect), 1, "{heard}, {expect}");
        }
    }

    #[test]
    fn an_error_of_the_service_must_be_all_there() {
        let due = json!({"kind": "exception", "code": "ThrottlingException", "message": "m", "originalStatus": 529});
        let judged = |error: Value| {
            faults(
                json!({"outcome": "failed", "error": error}),
                json!({"outcome": "failed", "error": due}),
            )
        };
        assert_eq!(
            judged(json!({"code": "throttlingException", "message": "m", "originalStatus": 529})),
            [""; 0]
        );
        for bad in [
            json!({"code": "ThrottlingException", "message": "m"}),
            json!({"code": "Throttling", "message": "m", "originalStatus": 529}),
            json!({"message": "m", "originalStatus": 529}),
            json!({"kind": "error", "code": "ThrottlingException", "message": "m", "originalStatus": 529}),
        ] {
            assert_eq!(judged(bad.clone()).len(), 1, "{bad}");
        }
        let own = |error: Value| {
            faults(
                json!({"outcome": "failed", "error": error}),
                json!({"outcome": "failed", "error": {"kind": "order"}}),
            )
        };
        assert_eq!(own(json!({"message": "of its own"})), [""; 0]);
        assert_eq!(own(json!({"kind": "payload"})).len(), 1);
    }
}
