//! What is printed of a run, and its last line.

use std::collections::BTreeMap;
use std::fmt;

use super::case::Case;
use super::judge::Verdict;
use crate::Outcome;
use crate::failure::Failure;

/// Faults of one case that are shown; the rest is counted.
const SHOWN: usize = 3;

/// The verdicts of one run.
#[derive(Default)]
pub(super) struct Report {
    verdicts: BTreeMap<String, Verdict>,
}

impl Report {
    /// Notes a verdict and prints it, if it is one to look at.
    pub(super) fn add(&mut self, case: &Case, verdict: Verdict, verbose: bool) {
        match &verdict {
            Verdict::Passed if verbose => println!("passed  {case}"),
            Verdict::Passed => {}
            Verdict::Skipped(reason) => println!("skipped {case}: {reason}"),
            Verdict::Failed(faults) => {
                let shown = faults
                    .iter()
                    .take(SHOWN)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("; ");
                let more = faults.len().saturating_sub(SHOWN);
                let rest = if more == 0 {
                    String::new()
                } else {
                    format!("; and {more} more")
                };
                println!("FAILED  {case}: {shown}{rest}");
            }
        }
        self.verdicts.insert(case.to_string(), verdict);
    }

    /// Each case's name and verdict.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = (&String, &Verdict)> {
        self.verdicts.iter()
    }

    /// # Errors
    /// When a case failed.
    pub(super) fn outcome(&self) -> Outcome {
        let failed = self.count(|v| matches!(v, Verdict::Failed(_)));
        if failed == 0 {
            Ok(())
        } else {
            Err(Failure::new(format!("{failed} cases do not conform")))
        }
    }

    fn count(&self, is: impl Fn(&Verdict) -> bool) -> usize {
        self.verdicts.values().filter(|v| is(v)).count()
    }
}

impl fmt::Display for Report {
    /// `N passed, N failed`, and what was skipped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passed = self.count(|v| *v == Verdict::Passed);
        let failed = self.count(|v| matches!(v, Verdict::Failed(_)));
        write!(f, "{passed} passed, {failed} failed")?;
        match self.count(|v| matches!(v, Verdict::Skipped(_))) {
            0 => Ok(()),
            skipped => write!(f, ", {skipped} skipped"),
        }
    }
}
