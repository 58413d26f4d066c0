//! A client to be measured: `cargo xtask bench` starts it, and takes its CPU time between two of its lines.
//!
//! The one argument is a file with a JSON object: where the server is, and what to do (`bench`), in how many `calls`, with
//! how many `events` each. It prints a line when it is ready, begins when it is sent one, and prints another when it is
//! done. The programs under `xtask/peers` do the same with other people's clients.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod audio;
mod converse;
mod floor;
mod open;

use std::error::Error;
use std::time::Instant;

use bedrock_stream::{Client, Credentials};
use h2_duplex::{Connection, Connector, Settings, Tls};
use serde::Deserialize;

/// 32 ms of PCM at 16 kHz.
const PCM: [u8; 1024] = [1; 1024];

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Clone, Deserialize)]
struct Task {
    url: String,
    ca_file: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    model: String,
    text_model: String,
    bench: String,
    calls: usize,
    events: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let file = std::env::args().nth(1).ok_or("one argument")?;
    let task: Task = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    match task.bench.as_str() {
        "audio-up" => audio::up(&task).await,
        "audio-up-floor" => floor::up(&task, 1).await,
        "audio-up-floor-coalesced" => floor::up(&task, 7).await,
        "audio-down" => audio::down(&task).await,
        "audio-down-floor" => floor::down(&task).await,
        "paced" => audio::paced(&task).await,
        "converse" => converse::deltas(&task).await,
        "converse-floor" => floor::converse(&task).await,
        "idle" => open::idle(&task, 1000).await,
        "idle-own-connections" => open::idle(&task, 1).await,
        "open" => open::cold(&task).await,
        "open-warm" => open::warm(&task).await,
        other => Err(format!("no bench {other:?}").into()),
    }
}

impl Task {
    fn client(&self) -> Outcome<Client> {
        let key = Credentials::new(&*self.access_key_id, &*self.secret_access_key);
        Ok(Client::builder()
            .endpoint_url(&self.url)
            .trust_pem(std::fs::read(&self.ca_file)?)
            .region(&self.region)
            .credentials(key)
            .build()?)
    }

    /// A connection that many calls share.
    async fn connection(&self) -> Outcome<Connection> {
        let pem = std::fs::read(&self.ca_file)?;
        let tls = Tls::builder().roots_pem(&pem)?.build()?;
        let settings = Settings::default().max_calls(1000);
        let connector = Connector::new(tls, settings);
        Ok(connector.connect_and_spawn(&self.url.parse()?).await?)
    }
}

/// Says that all is ready, and waits for the word. What is measured begins here.
fn ready() -> Outcome<Instant> {
    println!("{{\"ready\":true}}");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(Instant::now())
}

/// Says what was done, and waits until it was measured.
fn done(begun: Instant, detail: &serde_json::Value) -> Outcome {
    let micros = u64::try_from(begun.elapsed().as_micros())?;
    println!(
        "{}",
        serde_json::json!({"micros": micros, "detail": detail})
    );
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
