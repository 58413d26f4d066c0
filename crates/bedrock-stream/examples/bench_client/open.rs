//! Sessions that are opened: what one holds while it is idle, and how long it takes.

use std::time::Instant;

use serde_json::json;

use crate::{Outcome, Task, done, percentiles, ready};

/// Holds `calls` sessions open, so many of them on a connection.
pub(crate) async fn idle(task: &Task, on_a_connection: usize) -> Outcome {
    let client = task.client()?;
    let mut connection = task.connection().await?;
    // A list that grows as it goes is no part of a session.
    let mut calls = Vec::with_capacity(task.calls + 1);
    // One session first: what the first of all costs is not what each costs.
    let mut begun = None;
    while calls.len() <= task.calls {
        if !calls.is_empty() && calls.len() % on_a_connection == 0 {
            connection = task.connection().await?;
        }
        let (voice, mut events) = client.sonic(&task.model).open_on(&mut connection).await?;
        events.ready().await?;
        calls.push((voice, events));
        if begun.is_none() {
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
        let from = Instant::now();
        let (mut voice, mut events) = client.sonic(&*task.model).open().await?;
        events.next().await?;
        delays.push(from.elapsed());
        voice.close().await?;
        while events.next().await?.is_some() {}
    }
    done(begun, &percentiles(delays))
}

/// The same on a connection that stands already.
pub(crate) async fn warm(task: &Task) -> Outcome {
    let client = task.client()?;
    let mut connection = task.connection().await?;
    let begun = ready()?;
    let mut delays = Vec::new();
    for _ in 0..task.events {
        let from = Instant::now();
        let sonic = client.sonic(&*task.model).history(task.history());
        let (mut voice, mut events) = sonic.open_on(&mut connection).await?;
        events.next().await?;
        delays.push(from.elapsed());
        voice.audio(&task.speech()).await?;
        voice.close().await?;
        while events.next().await?.is_some() {}
    }
    done(begun, &percentiles(delays))
}
