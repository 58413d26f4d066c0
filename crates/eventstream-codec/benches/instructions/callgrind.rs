//! One case of this very program under callgrind.

use std::process::Command;

/// Instructions in all of a run but those of the functions that `crate::LEFT_OUT` names, or `None` without valgrind.
pub(crate) fn count(case: usize, calls: u32) -> Option<f64> {
    let out = std::env::temp_dir().join(format!("callgrind.{}.{case}.{calls}", std::process::id()));
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--error-exitcode=1"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().unwrap())
        .args(["--case", &case.to_string(), "--calls", &calls.to_string()])
        .status()
        .ok()?;
    assert!(status.success(), "valgrind failed on case {case}");
    let text = std::fs::read_to_string(&out).unwrap();
    std::fs::remove_file(&out).unwrap();
    Some(sum(&text))
}

/// Sums the self costs in a callgrind file, without those of the functions left out.
///
/// The format (Valgrind manual, "Callgrind Format Specification"): `fn=(id) name` opens a function, its cost lines are
/// `position cost`; the line behind `calls=` is what the callee took and counts there.
fn sum(text: &str) -> f64 {
    let mut names = std::collections::HashMap::new();
    let (mut counted, mut of_callee, mut total) = (true, false, 0.0);
    for line in text.lines() {
        if let Some(function) = line.strip_prefix("fn=") {
            let (id, name) = function.split_once(' ').unwrap_or((function, ""));
            if !name.is_empty() {
                names.insert(id, name);
            }
            let name = names.get(id).unwrap();
            counted = !crate::LEFT_OUT.iter().any(|part| name.contains(part));
        } else if let Some(function) = line.strip_prefix("cfn=") {
            // A name may be written out where it is called first.
            if let Some((id, name)) = function.split_once(' ') {
                names.insert(id, name);
            }
        } else if line.starts_with("calls=") {
            of_callee = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            let cost = line
                .split_whitespace()
                .nth(1)
                .and_then(|c| c.parse::<f64>().ok());
            if counted && !of_callee {
                total += cost.unwrap_or_default();
            }
            of_callee = false;
        }
    }
    total
}
