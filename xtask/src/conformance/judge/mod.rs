//! What a case demands of an implementation, check by check.

mod converse;
mod frames;
mod headers;
mod signed;

use super::case::{Case, Kind};
use super::implementation::{Answer, Fault, Header, Implementation};
use crate::failure::Failure;

/// What came of one case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// The checks that failed.
    Failed(Vec<String>),
    /// What the case is about could not be checked, and why.
    Skipped(String),
}

/// Runs every check of a case.
///
/// # Errors
/// When the implementation could not be asked.
pub(crate) fn judge(case: &Case, of: &mut dyn Implementation) -> Result<Verdict, Failure> {
    let mut findings = Findings::default();
    match &case.kind {
        Kind::Message(bytes) => frames::message(bytes, of, &mut findings)?,
        Kind::Stream(bytes) => frames::stream(bytes, of, &mut findings)?,
        Kind::Recorded { bytes, frames } => frames::recorded(bytes, *frames, of, &mut findings)?,
        Kind::Headers(bytes) => headers::block(bytes, of, &mut findings)?,
        Kind::Signed { key, events } => signed::chain(key, events, of, &mut findings)?,
        Kind::SignedStream { key, seed, body } => {
            signed::stream(key, seed, body, of, &mut findings)?;
        }
        Kind::SignedFrame(frame) => signed::frame(frame, of, &mut findings)?,
        Kind::Converse(case) => converse::body(case, of, &mut findings)?,
        Kind::Elsewhere(place) => findings.unable = Some((*place).to_owned()),
    }
    Ok(findings.verdict())
}

/// Checks made so far on one case.
#[derive(Default)]
struct Findings {
    made: usize,
    faults: Vec<String>,
    unable: Option<String>,
    /// Whether what the implementation is unable to do is what the case is about.
    pointless: bool,
}

impl Findings {
    /// Takes the answer, or notes why there is none.
    fn given<T>(&mut self, answer: Answer<T>) -> Option<T> {
        match answer {
            Answer::Given(value) => Some(value),
            Answer::Unable(reason) => {
                self.unable.get_or_insert(reason);
                None
            }
        }
    }

    /// Takes the answer to what the case is about: without it, the other checks prove little.
    fn needed<T>(&mut self, answer: Answer<T>) -> Option<T> {
        let given = self.given(answer);
        self.pointless |= given.is_none();
        given
    }

    /// Takes the result, or notes why there is none: an error here is a fault of the implementation.
    fn done<T>(&mut self, what: &str, answer: Answer<Result<T, Fault>>) -> Option<T> {
        match self.given(answer)? {
            Ok(value) => Some(value),
            Err(fault) => {
                self.check(what, Some(format!("error: {}", fault.message)));
                None
            }
        }
    }

    /// Notes one check and its fault, if it has one.
    fn check(&mut self, what: &str, fault: Option<String>) {
        self.made += 1;
        if let Some(fault) = fault {
            self.faults.push(format!("{what}: {fault}"));
        }
    }

    fn verdict(self) -> Verdict {
        match (self.faults.is_empty(), self.made, self.unable) {
            (false, _, _) => Verdict::Failed(self.faults),
            (true, made, Some(reason)) if made == 0 || self.pointless => Verdict::Skipped(reason),
            (true, 0, None) => Verdict::Failed(vec!["the case demands nothing".to_owned()]),
            (true, _, _) => Verdict::Passed,
        }
    }
}

/// The first difference between two lists of headers.
fn headers_fault(got: &[Header], expected: &[Header]) -> Option<String> {
    if got.len() != expected.len() {
        return Some(format!("{} headers, not {}", got.len(), expected.len()));
    }
    let (got, expected) = got
        .iter()
        .zip(expected)
        .find(|(got, expected)| !expected.is_answered_by(got))?;
    Some(format!("header {got:?}, not {expected:?}"))
}

/// Where two byte strings part.
fn bytes_fault(got: &[u8], expected: &[u8]) -> Option<String> {
    if got == expected {
        return None;
    }
    let at = got.iter().zip(expected).take_while(|(a, b)| a == b).count();
    Some(format!(
        "differs at byte {at} ({} bytes, not {})",
        got.len(),
        expected.len()
    ))
}
