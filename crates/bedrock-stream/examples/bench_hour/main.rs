//! An hour of conversation in compressed time: whether anything is left behind.
//!
//! Client and Bedrock are in one process, joined by a pipe with TLS and HTTP/2, on a paused clock: what is left behind of
//! either shows. Connections are renewed of their own accord, as they are in an hour.
//!
//! It is a program of its own, for it counts what is allocated, which would cost the others some of what they are measured by.
//! How it is started and watched stands in `bench_client`.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../bench_client/lines.rs"]
mod lines;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bedrock_loopback::{Loopback, Server};
use bedrock_stream::{Client, Clock, Credentials, Voice, VoiceEvent, VoiceEvents};
use bytes::Bytes;
use eventstream_codec::Timestamp;
use h2_duplex::{Connection, Connector, Settings, Tls};
use lines::{Outcome, done, ready};
use nova_sonic::SessionEvent;
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::time::interval;

/// What one chunk of PCM lasts.
const PACE: Duration = Duration::from_millis(32);
/// Chunks of an utterance, and of the silence in which it is answered: three seconds and five.
const SPEECH: usize = 94;
const SILENCE: usize = 156;

/// What is to be done.
#[derive(Deserialize)]
struct Task {
    model: String,
    /// Turns of eight seconds.
    events: usize,
}

/// The two ends of the one conversation that the caller has.
struct Pair {
    voice: Voice,
    events: VoiceEvents,
}

/// Talks for `events` turns of eight seconds; says what was allocated in either half and not given back.
fn main() -> Outcome {
    let file = std::env::args().nth(1).ok_or("one argument")?;
    let task: Task = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?;
    let mut pair = runtime.block_on(begin(&task))?;
    // What is allocated once is there after the first renewals.
    let warm = task.events / 4;
    phase(&runtime, &mut pair, warm)?;
    let begun = ready()?;
    let half = (task.events - warm) / 2;
    let mut figures = vec![memory()?];
    let mut kept = Vec::new();
    for _ in 0..2 {
        kept.push(phase(&runtime, &mut pair, half)?);
        figures.push(memory()?);
    }
    let metrics = pair.voice.metrics();
    assert!(metrics.dropped_audio.is_zero(), "speech was dropped");
    done(
        begun,
        &json!({
            "rss_start": figures.first(), "rss_middle": figures.get(1), "rss_end": figures.get(2),
            "kept_first": kept.first(), "kept_second": kept.get(1),
            "turns": metrics.turns, "legs": metrics.legs,
        }),
    )
}

/// Talks for so many turns; gives the bytes that are allocated more than before, per turn.
fn phase(runtime: &Runtime, pair: &mut Pair, turns: usize) -> Outcome<f64> {
    let mut outcome = Ok(());
    let found = allocation_counter::measure(|| {
        outcome = runtime.block_on(turns_of(pair, turns));
    });
    outcome?;
    let turns = u32::try_from(turns.max(1))?;
    let kept = i32::try_from(found.bytes_current)?;
    Ok(f64::from(kept) / f64::from(turns))
}

async fn turns_of(pair: &mut Pair, turns: usize) -> Outcome {
    let loud: Vec<u8> = (0..512_u16)
        .flat_map(|at| if at % 32 < 16 { 8_000_i16 } else { -8_000 }.to_le_bytes())
        .collect();
    let (loud, still) = (Bytes::from(loud), Bytes::from(vec![0; 1024]));
    let mut pace = interval(PACE);
    for _ in 0..turns {
        let mut answered = false;
        for at in 0..SPEECH + SILENCE {
            pace.tick().await;
            let chunk = if at < SPEECH { &loud } else { &still };
            pair.voice.audio(chunk.clone())?;
            answered |= drain(&mut pair.events).await?;
        }
        while !answered {
            pace.tick().await;
            pair.voice.audio(still.clone())?;
            answered = drain(&mut pair.events).await?;
        }
    }
    Ok(())
}

/// Takes the events that are there; gives whether an answer has ended.
async fn drain(events: &mut VoiceEvents) -> Outcome<bool> {
    let mut ended = false;
    while let Ok(event) = tokio::time::timeout(Duration::ZERO, events.next()).await {
        let event = event?.ok_or("the conversation is over")?;
        ended |= matches!(event, VoiceEvent::Session(SessionEvent::TurnEnded { .. }));
    }
    Ok(ended)
}

async fn begin(task: &Task) -> Outcome<Pair> {
    // The clocks go with tokio's from here, an hour and more ahead of the system's.
    let at = SystemTime::now();
    let millis = i64::try_from(at.duration_since(UNIX_EPOCH)?.as_millis())?;
    let server = Loopback::builder()
        .clock(bedrock_loopback::Clock::starting_at(at))
        .build()?;
    let key = Credentials::new(server.access_key_id(), server.secret_access_key());
    let client = Client::builder()
        .region(server.region())
        .endpoint_url("https://localhost")
        .trust_pem(server.ca_pem())
        .clock(Clock::starting_at(Timestamp::from_millis(millis)))
        .credentials(key)
        .build()?;
    let tls = Tls::builder()
        .roots_pem(server.ca_pem().as_bytes())?
        .build()?;
    let connector = Connector::new(tls, Settings::default());
    let sonic = client.sonic(&*task.model).system("Answer briefly.");
    let sonic = sonic.connect_with(move || {
        let (server, connector) = (server.clone(), connector.clone());
        async move { Ok(connect(server, &connector).await) }
    });
    let (voice, events) = sonic.start().await?;
    Ok(Pair { voice, events })
}

#[expect(
    clippy::expect_used,
    reason = "a pipe to a server in this very process"
)]
async fn connect(server: Server, connector: &Connector) -> Connection {
    let (near, far) = tokio::io::duplex(16 * 1024);
    tokio::spawn(async move { server.serve_tls(far).await });
    let uri = http::Uri::from_static("https://localhost");
    let connected = connector.connect_over(near, &uri).await;
    let (connection, driver) = connected.expect("the pipe holds");
    tokio::spawn(driver);
    connection
}

/// What the process holds, in KiB.
fn memory() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmRSS")?.parse()?)
}
