//! Speech up, speech down, both at the pace of speech, and in a session that is opened anew.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use tokio::sync::Notify;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::call::{drain, open, open_all, pcm};
use super::{Outcome, PACE, done, percentiles, ready};
use peer_aws_sdk::{Arguments, client};

/// Chunks of speech in each session: half a second.
const CHUNKS: usize = 16;

pub(super) async fn up(arguments: &Arguments) -> Outcome {
    let calls = open_all(arguments, arguments.events).await?;
    let begun = ready()?;
    let tasks: Vec<_> = calls
        .into_iter()
        .map(|(output, go, over)| {
            go.notify_one();
            over.notify_one();
            tokio::spawn(drain(output))
        })
        .collect();
    for task in tasks {
        task.await.map_err(|e| e.to_string())??;
    }
    done(begun, &json!({}))
}

pub(super) async fn down(arguments: &Arguments) -> Outcome {
    let calls = open_all(arguments, 1).await?;
    let count = arguments.events;
    let begun = ready()?;
    let tasks: Vec<_> = calls
        .into_iter()
        .map(|(mut output, go, over)| {
            go.notify_one();
            tokio::spawn(async move {
                let mut heard = 0;
                while let Some(event) = output.body.recv().await.map_err(|e| format!("{e:?}"))? {
                    heard += usize::from(pcm(&event)?.is_some_and(|pcm| !pcm.is_empty()));
                    if heard == count {
                        heard += 1;
                        over.notify_one();
                    }
                }
                Ok::<_, String>(heard)
            })
        })
        .collect();
    for task in tasks {
        let heard = task.await.map_err(|e| e.to_string())??;
        assert_eq!(heard, count + 1, "events of speech");
    }
    done(begun, &json!({}))
}

pub(super) async fn paced(arguments: &Arguments) -> Outcome {
    let client = client(arguments, &arguments.secret_access_key);
    let count = arguments.events;
    let mut calls = Vec::new();
    for _ in 0..arguments.calls {
        let pace = Arc::new(Notify::new());
        let (output, go, over) = open(&client, arguments, count, Some(pace.clone())).await?;
        go.notify_one();
        calls.push((output, over, pace));
    }
    let begun = ready()?;
    let tasks: Vec<_> = calls
        .into_iter()
        .map(|(mut output, over, pace)| {
            tokio::spawn(async move {
                let mut tick = pace_of_speech();
                let mut delays = Vec::with_capacity(count);
                while delays.len() < count {
                    tick.tick().await;
                    let sent = Instant::now();
                    pace.notify_one();
                    loop {
                        let event = output.body.recv().await.map_err(|e| format!("{e:?}"))?;
                        if pcm(&event.ok_or("it ended")?)?.is_some() {
                            break;
                        }
                    }
                    delays.push(sent.elapsed());
                }
                over.notify_one();
                drain(output).await?;
                Ok::<_, String>(delays)
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.map_err(|e| e.to_string())??);
    }
    done(begun, &percentiles(all))
}

/// Half a second of speech in each of `events` sessions, one after the other: what there is without renewal.
pub(super) async fn opened_anew(arguments: &Arguments) -> Outcome {
    let client = client(arguments, &arguments.secret_access_key);
    let mut tick = pace_of_speech();
    let mut delays = Vec::new();
    let mut begun = None;
    for _ in 0..arguments.events {
        let asked = Instant::now();
        let pace = Arc::new(Notify::new());
        let (output, go, over) = open(&client, arguments, CHUNKS, Some(pace.clone())).await?;
        delays.push(asked.elapsed());
        if begun.is_none() {
            begun = Some(ready()?);
        }
        go.notify_one();
        over.notify_one();
        let rest = tokio::spawn(drain(output));
        for _ in 0..CHUNKS {
            tick.tick().await;
            pace.notify_one();
        }
        rest.await.map_err(|e| e.to_string())??;
    }
    done(begun.ok_or("no session")?, &percentiles(delays))
}

fn pace_of_speech() -> Interval {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}
