//! The sequences of `fixtures/nova-sonic` through strands-agents' own conversion: the face that `nova-sonic` tests itself against
//! must be what Strands really makes of them.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::finding::{Finding, Verdict};
use crate::failure::Failure;
use crate::peers::{self, Environment, Peer};
use crate::workspace;

pub(super) const NAME: &str = "strands-events";

/// Runs all sequences.
///
/// # Errors
/// When the program cannot be run, or is missing in CI.
pub(super) fn run() -> Result<Vec<Finding>, Failure> {
    let program = peers::python(Environment::Strands, "strands_events.py")?;
    peers::refuse_in_ci(NAME, &program)?;
    let cases = cases()?;
    let command = match program {
        Peer::Missing(what) => return Ok(vec![finding("conversion", Verdict::Skipped(what))]),
        Peer::Ready(command) => command,
    };
    let theirs = converted(command, &cases)?;
    let judged = cases.iter().map(|case| {
        let name = case["name"].as_str().unwrap_or_default();
        let answer = theirs.iter().find(|answer| answer["name"] == name);
        finding(
            name,
            judge(&case["strands"], answer.map(|answer| &answer["strands"])),
        )
    });
    Ok(judged.collect())
}

/// The cases, each with its name.
fn cases() -> Result<Vec<Value>, Failure> {
    let folder = workspace::root().join("fixtures/nova-sonic");
    let entries = fs::read_dir(&folder).map_err(|e| Failure::at(&folder, "read", e))?;
    let mut paths: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    let read = paths.iter().map(|path| {
        let text = fs::read_to_string(path).map_err(|e| Failure::at(path, "read", e))?;
        let mut case: Value = serde_json::from_str(&text)
            .map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
        let name = path
            .file_stem()
            .map(|name| name.to_string_lossy().into_owned());
        if let Some(members) = case.as_object_mut() {
            members.insert("name".to_owned(), json!(name));
        }
        Ok(case)
    });
    read.collect()
}

/// What the program makes of the events, one object a case.
fn converted(mut command: Command, cases: &[Value]) -> Result<Vec<Value>, Failure> {
    let shown = workspace::show(&command);
    let failed = |e: std::io::Error| Failure::new(format!("`{shown}`: {e}"));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(failed)?;
    let lines = cases.iter().map(|case| {
        let asked = json!({"name": case["name"], "events": case["events"]});
        format!("{asked}\n")
    });
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(lines.collect::<String>().as_bytes())
            .map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(Failure::new(format!("`{shown}`: {}", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let answers = text.lines().map(|line| {
        serde_json::from_str(line)
            .map_err(|e| Failure::new(format!("`{shown}` said {line:?}: {e}")))
    });
    answers.collect()
}

/// Whether theirs is what the fixture says.
fn judge(expected: &Value, theirs: Option<&Value>) -> Verdict {
    let Some(theirs) = theirs else {
        return Verdict::Failed("no answer".to_owned());
    };
    if expected == theirs {
        let count = expected.as_array().map_or(0, Vec::len);
        return Verdict::Passed(format!("{count} events, the same as JSON"));
    }
    let none = Vec::new();
    let (ours, given) = (
        expected.as_array().unwrap_or(&none),
        theirs.as_array().unwrap_or(&none),
    );
    let at = ours.iter().zip(given).take_while(|(a, b)| a == b).count();
    let shown = |list: &[Value]| {
        list.get(at)
            .map_or_else(|| "nothing".to_owned(), Value::to_string)
    };
    Verdict::Failed(format!(
        "event {at}: {} in the fixture, {} of theirs",
        shown(ours),
        shown(given)
    ))
}

fn finding(check: &str, verdict: Verdict) -> Finding {
    Finding {
        peer: NAME,
        check: check.to_owned(),
        verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let same = json!([{"type": "a"}]);
        assert!(matches!(judge(&same, Some(&same)), Verdict::Passed(_)));
        let other = json!([{"type": "a"}, {"type": "b"}]);
        let Verdict::Failed(words) = judge(&same, Some(&other)) else {
            panic!("they differ")
        };
        assert!(words.contains("event 1: nothing in the fixture"), "{words}");
        assert!(matches!(judge(&same, None), Verdict::Failed(_)));
    }
}
