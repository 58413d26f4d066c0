//! A client to be measured: `cargo xtask bench` starts it, and takes its CPU time between two of its lines.
//!
//! The one argument is a file with a JSON object: where the server is, and what to do (`bench`), in how many `calls`, with
//! how many `events` each. It prints a line when it is ready, begins when it is sent one, and prints another when it is
//! done. The programs under `xtask/peers` do the same with other people's clients.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod audio;
mod converse;
mod floor;
#[path = "../../../bedrock-loopback/examples/firehose/frames.rs"]
mod frames;
mod lines;
mod open;
mod renewal;
mod settings;

use std::error::Error;
use std::time::Duration;

use lines::{Outcome, done, ready};
use settings::Task;
use tokio::task::JoinSet;

/// What one chunk of PCM lasts.
const PACE: Duration = Duration::from_millis(32);

fn main() -> Outcome {
    let file = std::env::args().nth(1).ok_or("one argument")?;
    let task: Task = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(&task))
}

async fn run(task: &Task) -> Outcome {
    match task.bench.as_str() {
        "audio-up" => audio::up(task).await,
        "audio-up-floor" => floor::up(task, 1).await,
        "audio-up-floor-coalesced" => floor::up(task, 7).await,
        "audio-down" => audio::down(task).await,
        "audio-down-floor" | "converse-floor" => floor::down(task).await,
        "paced" => audio::paced(task).await,
        "paced-floor" => floor::paced(task).await,
        "converse" => converse::deltas(task).await,
        "delta" => converse::delays(task).await,
        "delta-floor" => floor::delays(task).await,
        "idle" => open::idle(task, 1000).await,
        "idle-own-connections" => open::idle(task, 1).await,
        "idle-floor" => floor::idle(task).await,
        "open" => open::cold(task).await,
        "open-floor" => floor::open(task).await,
        "open-warm" => open::warm(task).await,
        "renewal" => renewal::run(task, true).await,
        "renewal-never" => renewal::run(task, false).await,
        other => Err(format!("no bench {other:?}").into()),
    }
}

/// What each of some tasks gives, once all are done.
async fn all<T: 'static, E>(mut tasks: JoinSet<Result<T, E>>) -> Outcome<Vec<T>>
where
    E: Error + Send + Sync + 'static,
{
    let mut results = Vec::new();
    while let Some(result) = tasks.join_next().await {
        results.push(result??);
    }
    Ok(results)
}

/// The median and the 99th percentile, in microseconds.
fn percentiles(mut delays: Vec<Duration>) -> serde_json::Value {
    delays.sort_unstable();
    let at = |part: usize| {
        let delay = delays.get(delays.len() * part / 100);
        delay.map(|delay| delay.as_secs_f64() * 1e6)
    };
    serde_json::json!({"p50": at(50), "p99": at(99)})
}
