//! What is printed of a run, and its last line.

use super::case::Case;
use super::judge::Verdict;
use crate::Outcome;
use crate::failure::Failure;

/// Faults of one case that are shown; the rest is counted.
const SHOWN: usize = 3;

/// Counts verdicts and prints as they come.
pub(super) struct Report {
    verbose: bool,
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Report {
    pub(super) fn new(verbose: bool) -> Self {
        Self {
            verbose,
            passed: 0,
            failed: 0,
            skipped: 0,
        }
    }

    pub(super) fn add(&mut self, case: &Case, verdict: Verdict) {
        match verdict {
            Verdict::Passed => {
                self.passed += 1;
                if self.verbose {
                    println!("passed  {case}");
                }
            }
            Verdict::Skipped(reason) => {
                self.skipped += 1;
                println!("skipped {case}: {reason}");
            }
            Verdict::Failed(faults) => {
                self.failed += 1;
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
    }

    /// Prints the last line.
    ///
    /// # Errors
    /// When a case failed.
    pub(super) fn finish(self) -> Outcome {
        let skipped = match self.skipped {
            0 => String::new(),
            n => format!(", {n} skipped"),
        };
        println!("{} passed, {} failed{skipped}", self.passed, self.failed);
        if self.failed == 0 {
            Ok(())
        } else {
            Err(Failure::new(format!(
                "{} cases do not conform",
                self.failed
            )))
        }
    }
}
