//! Thousands of random conversations under virtual time, with the product's own machine on one side and a model of the
//! service on the other. A failing seed is printed; `SONIC_SEED=<n>` replays it, `SONIC_SESSIONS=<n>` runs that many.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod grammar;
mod oracle;
mod rng;
mod service;
mod sound;
mod user;
mod world;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Instant;

use world::World;

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

/// The failing seeds that are looked for before the rest is left.
const ENOUGH: usize = 10;

#[test]
fn sessions() {
    let only = number("SONIC_SEED");
    let seeds = only.map_or(0..number("SONIC_SESSIONS").unwrap_or(15), |seed| {
        seed..seed + 1
    });
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let broken = Mutex::new(Vec::new());
    let counts = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let (seeds, broken) = (seeds.clone(), &broken);
                scope.spawn(move || run(seeds.filter(|seed| seed % threads == worker), broken))
            })
            .collect();
        let counts = workers.into_iter().map(|worker| worker.join().unwrap());
        counts.reduce(|a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]])
    });
    let [renewals, turns, failed] = counts.unwrap();
    println!("{renewals} renewals, {turns} turns, {failed} conversations that could not go on");
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "seeds that break it: {broken:?}");
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
        let found = (0..200).find(|seed| {
            let session = AssertUnwindSafe(|| {
                let mut world = World::new(*seed, start());
                world.machine.sabotage(sabotage);
                world.run(false)
            });
            catch_unwind(session).is_err()
        });
        assert!(found.is_some(), "{sabotage:?} was not found");
        println!("{sabotage:?} was found by seed {found:?}");
    }
}

/// Runs the sessions of these seeds; gives their renewals, turns and failures.
fn run(seeds: impl Iterator<Item = u64>, broken: &Mutex<Vec<u64>>) -> [u64; 3] {
    let verbose = number("SONIC_SEED").is_some();
    let mut counts = [0; 3];
    for seed in seeds {
        if broken.lock().unwrap().len() >= ENOUGH {
            break;
        }
        let session = AssertUnwindSafe(|| World::new(seed, start()).run(verbose));
        let Ok(world) = catch_unwind(session) else {
            eprintln!("replay it with SONIC_SEED={seed}");
            broken.lock().unwrap().push(seed);
            continue;
        };
        counts[0] += world.renewals;
        counts[1] += world.user.asked.len() as u64;
        counts[2] += u64::from(world.outcome_name() != "complete");
    }
    counts
}
