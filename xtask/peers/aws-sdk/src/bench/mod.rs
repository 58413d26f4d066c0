//! The SDK to be measured, as `examples/bench_client` of bedrock-stream is: it prints a line when it is ready, begins when it is
//! sent one, and prints another when it is done.

mod audio;
mod call;
mod converse;
mod open;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use peer_aws_sdk::Arguments;

/// What one chunk of PCM lasts.
const PACE: Duration = Duration::from_millis(32);

type Outcome<T = ()> = Result<T, String>;

pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    match arguments.bench.as_str() {
        "audio-up" => audio::up(arguments).await,
        "audio-down" => audio::down(arguments).await,
        "paced" => audio::paced(arguments).await,
        "renewal" => audio::opened_anew(arguments).await,
        "converse" => converse::deltas(arguments).await,
        "delta" => converse::delays(arguments).await,
        "idle" => open::idle(arguments, true).await,
        "idle-own-connections" => open::idle(arguments, false).await,
        "open" => open::again(arguments, false).await,
        "open-warm" => open::again(arguments, true).await,
        other => Err(format!("no bench {other:?}")),
    }
}

fn ready() -> Outcome<Instant> {
    println!("{{\"ready\":true}}");
    let read = std::io::stdin().read_line(&mut String::new());
    read.map_err(|e| e.to_string())?;
    Ok(Instant::now())
}

fn done(begun: Instant, detail: &Value) -> Outcome {
    let micros = begun.elapsed().as_micros();
    println!("{}", json!({"micros": micros, "detail": detail}));
    let read = std::io::stdin().read_line(&mut String::new());
    read.map_err(|e| e.to_string())?;
    Ok(())
}

/// The median and the 99th percentile, in microseconds.
fn percentiles(mut delays: Vec<Duration>) -> Value {
    delays.sort_unstable();
    let at = |part: usize| {
        let delay = delays.get(delays.len() * part / 100);
        delay.map(|delay| delay.as_secs_f64() * 1e6)
    };
    json!({"p50": at(50), "p99": at(99)})
}
