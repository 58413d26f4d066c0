//! Thousands of random conversations under virtual time, with the product's own machine on one side and a model of the
//! service on the other. All seeds are run and those that fail are listed with the reason; `SONIC_SEED=<n>` replays one and
//! prints it, `SONIC_SESSIONS=<n>` runs that many.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod grammar;
mod link;
mod oracle;
mod rng;
mod runs;
mod service;
mod sound;
mod user;
mod world;

use std::env;
use std::time::Instant;

#[expect(
    clippy::disallowed_methods,
    reason = "a first moment must come from somewhere"
)]
fn start() -> Instant {
    Instant::now()
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn sessions() {
    if let Some(seed) = number("SONIC_SEED") {
        world::World::new(seed, start()).run(true);
        return;
    }
    let report = runs::run(number("SONIC_SESSIONS").unwrap_or(100), |_| {});
    println!("{report}");
    assert!(report.broken.is_empty(), "seeds break it:\n{report}");
}

/// Each fault that is built in on purpose is found.
#[cfg(feature = "sabotage")]
#[test]
fn sabotage_is_found() {
    use nova_sonic::Sabotage;
    for sabotage in [
        Sabotage::NoReplay,
        Sabotage::ReplayedInHistory,
        Sabotage::OldLegCounts,
        Sabotage::ForgetAsks,
        Sabotage::SilentDrops,
    ] {
        let mut runs = (0..200).map(|seed| runs::once(seed, |machine| machine.sabotage(sabotage)));
        let found = runs.find_map(Result::err);
        let found = found.unwrap_or_else(|| panic!("{sabotage:?} was not found"));
        println!("{sabotage:?} was found: {found}");
    }
}
