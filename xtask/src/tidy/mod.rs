//! `cargo xtask tidy`: the house rules that no compiler knows.
//!
//! Each rule is an ordinary function from plain facts to violations, so that its tests can hand it
//! a bad input; only [`facts`] asks cargo and git.

mod direction;
mod facts;
mod folders;
mod left_overs;
mod links;
mod manifests;
mod pages;
mod purity;
mod rust_versions;
mod shape;
mod troubleshooting;
mod weight;

use std::fmt;

use crate::Outcome;
use crate::failure::Failure;
use facts::Facts;

/// One broken rule at one place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// A file (with its line), a crate, or an edge between two crates.
    place: String,
    message: String,
}

impl Violation {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Applies every rule and prints what it finds.
///
/// # Errors
/// When a rule is broken, or when cargo or git cannot be asked.
pub(crate) fn run() -> Outcome {
    let facts = Facts::gather()?;
    let rules: [(&str, Vec<Violation>); 13] = [
        ("dependency direction", direction::check(&facts.members)),
        (
            "purity of direct dependencies",
            purity::check_direct(&facts.members),
        ),
        (
            "purity of default graphs",
            purity::check_graphs(&facts.graphs),
        ),
        (
            "Rust versions",
            rust_versions::check(&facts.members, &facts.graphs),
        ),
        ("weight", weight::check(&facts.graphs)),
        ("manifests", manifests::check(&facts.sources)),
        (
            "one stack of each",
            manifests::check_versions(&facts.packages),
        ),
        ("shape of source files", shape::check(&facts.sources)),
        ("left-overs", left_overs::check(&facts.sources)),
        ("code in the docs", pages::check(&facts.sources)),
        ("links", links::check(&facts.sources, &facts.paths)),
        ("troubleshooting", troubleshooting::check(&facts.sources)),
        ("fixture folders", folders::check(&facts.paths)),
    ];
    let mut broken = 0;
    for (rule, violations) in &rules {
        println!(
            "{}: {}",
            rule,
            if violations.is_empty() {
                "ok"
            } else {
                "BROKEN"
            }
        );
        for violation in violations {
            println!("  {violation}");
        }
        broken += violations.len();
    }
    if broken == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!("tidy: {broken} violations")))
    }
}
