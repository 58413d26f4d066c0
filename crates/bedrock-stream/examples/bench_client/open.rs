//! Sessions that are opened: what one holds while it is idle, and how long it takes.

use h2_duplex::{Connector, Settings, Tls};
use serde_json::json;

use crate::{Outcome, PCM, Task, done, ready};

/// Holds `calls` sessions open, so many of them on a connection.
pub(crate) async fn idle(task: &Task, on_a_connection: usize) -> Outcome {
    let client = task.client()?;
    let mut connection = task.connection().await?;
    let mut calls = Vec::new();
    // One session first: what the first of all costs is not what each costs.
    let mut first = true;
    let mut begun = None;
    while calls.len() <= task.calls {
        if !calls.is_empty() && calls.len() % on_a_connection == 0 {
            connection = task.connection().await?;
        }
        let (voice, mut events) = client.sonic(&task.model).open_on(&mut connection).await?;
        events.ready().await?;
        calls.push((voice, events));
        if std::mem::take(&mut first) {
            begun = Some(ready()?);
        }
    }
    done(begun.ok_or("no session")?, &json!({}))
}

/// From nothing to the first event of a session, `events` times: connection, TLS, head, opening, answer.
pub(crate) async fn cold(task: &Task) -> Outcome {
    let client = task.client()?;
    let begun = ready()?;
    let mut delays = Vec::new();
    for _ in 0..task.events {
        let from = std::time::Instant::now();
        let (mut voice, mut events) = client.sonic(&*task.model).open().await?;
        events.next().await?;
        delays.push(from.elapsed());
        voice.close().await?;
        while events.next().await?.is_some() {}
    }
    done(begun, &median(delays))
}

/// The same on a connection that stands already.
pub(crate) async fn warm(task: &Task) -> Outcome {
    let client = task.client()?;
    let pem = std::fs::read(&task.ca_file)?;
    let tls = Tls::builder().roots_pem(&pem)?.build()?;
    let connector = Connector::new(tls, Settings::default());
    let uri = task.url.parse()?;
    let begun = ready()?;
    let mut delays = Vec::new();
    for _ in 0..task.events {
        let mut connection = connector.connect_and_spawn(&uri).await?;
        let from = std::time::Instant::now();
        let (mut voice, mut events) = client.sonic(&*task.model).open_on(&mut connection).await?;
        events.next().await?;
        delays.push(from.elapsed());
        voice.audio(&PCM).await?;
        voice.close().await?;
        while events.next().await?.is_some() {}
    }
    done(begun, &median(delays))
}

fn median(mut delays: Vec<std::time::Duration>) -> serde_json::Value {
    delays.sort_unstable();
    let median = delays
        .get(delays.len() / 2)
        .map(std::time::Duration::as_micros);
    json!({"p50": median})
}
