//! Who passes what of this repository's own cases: xtask/peers/results.json, and the table of it in the docs.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::judge::Verdict;
use super::report::Report;
use crate::Outcome;
use crate::failure::Failure;
use crate::workspace;

/// The results of every implementation, by its name.
#[derive(Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct Results(BTreeMap<String, OneResult>);

/// The results of one implementation.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct OneResult {
    version: String,
    passed: usize,
    /// Case to the first of its faults.
    failed: BTreeMap<String, String>,
    /// Case to reason.
    skipped: BTreeMap<String, String>,
}

impl OneResult {
    fn of(version: &str, report: &Report) -> Self {
        let mut one = Self {
            version: version.to_owned(),
            passed: 0,
            failed: BTreeMap::new(),
            skipped: BTreeMap::new(),
        };
        for (case, verdict) in report.verdicts() {
            match verdict {
                Verdict::Passed => one.passed += 1,
                Verdict::Failed(faults) => {
                    let first = faults.first().cloned().unwrap_or_default();
                    one.failed.insert(case.clone(), first);
                }
                Verdict::Skipped(reason) => {
                    one.skipped.insert(case.clone(), reason.clone());
                }
            }
        }
        one
    }
}

impl Results {
    /// The blessed results.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn load() -> Result<Self, Failure> {
        let path = results_path();
        let text = fs::read_to_string(&path).map_err(|e| Failure::at(&path, "read", e))?;
        serde_json::from_str(&text).map_err(|e| Failure::at(&path, "read", e))
    }

    /// Compares a run with the blessed results, in both directions.
    ///
    /// # Errors
    /// The first differences.
    pub(super) fn compare(&self, name: &str, version: &str, report: &Report) -> Outcome {
        let new = OneResult::of(version, report);
        let differences = match self.0.get(name) {
            None => vec!["it has no results yet".to_owned()],
            Some(old) => differences(old, &new),
        };
        if differences.is_empty() {
            println!("{name}: as blessed");
            return Ok(());
        }
        for difference in &differences {
            println!("{name}: {difference}");
        }
        let (count, path) = (differences.len(), "xtask/peers/results.json");
        Err(Failure::new(format!(
            "{name}: {count} differences from {path}; if they are right, run again with --bless, and read the diff"
        )))
    }

    /// Takes a run as the new truth.
    pub(super) fn take(&mut self, name: &str, version: &str, report: &Report) {
        self.0
            .insert(name.to_owned(), OneResult::of(version, report));
    }

    /// Writes results and table.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn save(&self) -> Outcome {
        let text = serde_json::to_string_pretty(self).map_err(|e| Failure::new(e.to_string()))?;
        for (path, text) in [
            (results_path(), text + "\n"),
            (table_path(), self.to_string()),
        ] {
            fs::write(&path, text).map_err(|e| Failure::at(&path, "write", e))?;
        }
        Ok(())
    }
}

/// docs/conformance.md.
impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for (name, one) in &self.0 {
            let (failed, skipped) = (one.failed.len(), one.skipped.len());
            writeln!(
                f,
                "| {name} | {} | {} | {failed} | {skipped} |",
                one.version, one.passed
            )?;
        }
        for (name, one) in self.0.iter().filter(|(_, one)| !one.failed.is_empty()) {
            writeln!(
                f,
                "\n## {name}: failed\n\n| case | first fault |\n|---|---|"
            )?;
            for (case, fault) in &one.failed {
                writeln!(f, "| {case} | {} |", fault.replace('|', "\\|"))?;
            }
        }
        for (name, one) in self.0.iter().filter(|(_, one)| !one.skipped.is_empty()) {
            writeln!(f, "\n## {name}: skipped\n\n| cases | reason |\n|---|---|")?;
            let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
            for reason in one.skipped.values() {
                *reasons.entry(reason).or_default() += 1;
            }
            for (reason, count) in reasons {
                writeln!(f, "| {count} | {reason} |")?;
            }
        }
        Ok(())
    }
}

const HEAD: &str = "\
<!-- Written by `cargo xtask conformance --impl all --bless`; edit xtask/src/conformance/golden.rs instead. -->

# Who passes what

The cases under `fixtures/` against this repository's crates and other people's implementations ([fixtures.md](fixtures.md)). A case fails if
one of its checks fails; the first fault of each is below the table. A change of any cell, in either direction, fails `.ci/run`.

Codecs and signers (`aws-rust`, `botocore`, `smithy-js`, `smithy-python`) are asked about frames: each decoded in pieces, cut at every offset and
damaged at every offset, and encoded again. A decoder that takes more than our profiles do is not wrong by that alone.

Clients (`aws-sdk-rust`, `aws-sdk-js`, `boto3`, `rig`) are asked about ConverseStream bodies that their own transport hands them. AWS's SDKs pass
events on and judge no message, so whoever takes the end of their stream for the end of the answer is told what stands here; what
they hand out is folded by block, as their users must.

| implementation | version | passed | failed | skipped |
|---|---|---|---|---|
";

/// What changed from `old` to `new`, case by case.
fn differences(old: &OneResult, new: &OneResult) -> Vec<String> {
    let mut found = Vec::new();
    if old.version != new.version {
        found.push(format!("version {}, was {}", new.version, old.version));
    }
    if old.passed != new.passed {
        found.push(format!("{} passed, were {}", new.passed, old.passed));
    }
    for (was, old, new) in [
        ("failed", &old.failed, &new.failed),
        ("skipped", &old.skipped, &new.skipped),
    ] {
        for (case, reason) in old {
            match new.get(case) {
                None => found.push(format!("{case} no longer {was}")),
                Some(now) if now != reason => {
                    found.push(format!("{case} {was} with {now:?}, was {reason:?}"));
                }
                Some(_) => {}
            }
        }
        let added = new.iter().filter(|(case, _)| !old.contains_key(*case));
        found.extend(added.map(|(case, reason)| format!("{case} now {was}: {reason}")));
    }
    found
}

fn results_path() -> PathBuf {
    workspace::root().join("xtask/peers/results.json")
}

fn table_path() -> PathBuf {
    workspace::root().join("docs/conformance.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_docs_is_that_of_the_results() {
        let table = fs::read_to_string(table_path()).unwrap();
        assert_eq!(Results::load().unwrap().to_string(), table);
    }

    #[test]
    fn a_change_in_either_direction_is_found() {
        let result = |passed, failed: &[&str]| OneResult {
            version: "1".to_owned(),
            passed,
            failed: failed
                .iter()
                .map(|c| ((*c).to_owned(), "why".to_owned()))
                .collect(),
            skipped: BTreeMap::new(),
        };
        let (good, bad) = (result(2, &[]), result(1, &["s/c"]));
        assert!(differences(&good, &good).is_empty());
        assert_eq!(
            differences(&good, &bad),
            ["1 passed, were 2", "s/c now failed: why"]
        );
        assert_eq!(
            differences(&bad, &good),
            ["2 passed, were 1", "s/c no longer failed"]
        );
    }
}
