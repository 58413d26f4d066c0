//! Random conversations with the real client, through TLS and HTTP/2, with a loopback for each leg, judged by what those heard.
//!
//! A failing seed is printed; `VOICE_SEED=<n>` replays it and prints it, `VOICE_SESSIONS=<n>` runs that many.

mod heard;
mod judge;
#[path = "../../../../../nova-sonic/tests/simulation/rng.rs"]
mod rng;
mod scene;
mod service;
mod session;
mod sound;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// The failing seeds that are looked for before the rest is left.
const ENOUGH: usize = 5;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn sessions() {
    let only = number("VOICE_SEED");
    let all = 0..number("VOICE_SESSIONS").unwrap_or(50);
    let seeds = only.map_or(all, |seed| seed..seed + 1);
    let broken = Mutex::new(Vec::new());
    let seen = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            let mine = seeds.clone().filter(move |seed| seed % 2 == half);
            let broken = &broken;
            scope.spawn(move || run(mine, only.is_some(), broken))
        });
        halves.map(|half| half.join().unwrap())
    });
    let mut seen = seen.concat();
    seen.sort_unstable();
    let reasons: Vec<_> = seen
        .chunk_by(|a, b| a == b)
        .map(|same| format!("{} {}", same.len(), same[0]))
        .collect();
    println!("{}", reasons.join(", "));
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "seeds that break it: {broken:?}");
    if only.is_none() {
        // All kinds of renewals happen, or the test says nothing.
        for reason in [
            "Limit",
            "Credentials",
            "Silence",
            "GoingAway",
            "Requested",
            "Recovering",
            "turn",
            "failed",
        ] {
            assert!(seen.iter().any(|seen| seen == reason), "no {reason}");
        }
    }
}

/// Holds and judges the conversations of these seeds; gives what happened in them, by name.
fn run(seeds: impl Iterator<Item = u64>, verbose: bool, broken: &Mutex<Vec<u64>>) -> Vec<String> {
    let mut seen = Vec::new();
    for seed in seeds {
        if broken.lock().unwrap().len() >= ENOUGH {
            break;
        }
        let held = catch_unwind(AssertUnwindSafe(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            let session = runtime.block_on(session::hold(seed, verbose));
            if verbose {
                for (leg, service) in session.services.legs().iter().enumerate() {
                    println!("leg {leg}: {}", service.fate);
                }
            }
            judge::judge(&session);
            session
        }));
        let Ok(session) = held else {
            eprintln!("replay it with VOICE_SEED={seed}");
            broken.lock().unwrap().push(seed);
            continue;
        };
        seen.extend(session.scene.reasons);
        seen.extend(session.scene.asked.iter().map(|_| "turn".to_owned()));
        seen.push(session.outcome.0.to_owned());
    }
    seen
}
