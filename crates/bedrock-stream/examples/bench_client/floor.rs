//! The least that each bench can cost: the same transport and TLS without what this client does above them.

use std::time::Duration;

use bytes::Bytes;
use h2_duplex::{Duplex as _, ReceiveHalf as _, Receiver, SendHalf as _, Sender};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::converse::age;
use crate::frames::Frames;
use crate::{Outcome, PACE, Task, all, done, percentiles, ready};

/// The least that counts as a frame for the server, which begins to send after nine of them.
const NUDGE: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// As many bytes as a signed frame with so much PCM has, and its length in front: base64 twice, and 382 bytes around it.
fn frame(pcm: usize) -> Vec<u8> {
    let length = pcm * 16 / 9 + 382;
    let mut frame = vec![0; length];
    let prefix = u32::try_from(length).unwrap_or_default().to_be_bytes();
    frame.splice(..prefix.len(), prefix);
    frame
}

/// Opens a call; the server has answered then.
async fn call(task: &Task, connection: &mut h2_duplex::Connection) -> Outcome<(Sender, Receiver)> {
    let url = format!("{}/model/m/invoke-with-bidirectional-stream", task.url);
    let head = http::Request::post(url).body(())?;
    let (mut send, mut receive) = connection.open(head).await?;
    send.send(Bytes::from_static(&NUDGE)).await?;
    receive.head().await?;
    Ok((send, receive))
}

async fn calls(task: &Task) -> Outcome<Vec<(Sender, Receiver)>> {
    let mut connection = task.connection().await?;
    let mut calls = Vec::new();
    for _ in 0..task.calls {
        calls.push(call(task, &mut connection).await?);
    }
    Ok(calls)
}

/// Sends ready-made frames, so many of them as one piece.
pub(crate) async fn up(task: &Task, together: usize) -> Outcome {
    let piece = Bytes::from(frame(task.pcm).repeat(together));
    let calls = calls(task).await?;
    let begun = ready()?;
    let pieces = task.events.div_ceil(together);
    let mut tasks = JoinSet::new();
    for (mut send, mut receive) in calls {
        let piece = piece.clone();
        tasks.spawn(async move {
            for _ in 0..pieces {
                send.ready().await?;
                send.send(piece.clone()).await?;
            }
            send.finish().await?;
            while receive.next().await?.is_some() {}
            Ok::<_, h2_duplex::Error>(())
        });
    }
    all(tasks).await?;
    done(begun, &json!({}))
}

/// Throws away what comes.
pub(crate) async fn down(task: &Task) -> Outcome {
    let calls = calls(task).await?;
    let begun = ready()?;
    let mut tasks = JoinSet::new();
    for (mut send, mut receive) in calls {
        tasks.spawn(async move {
            send.send(Bytes::from(NUDGE.repeat(8))).await?;
            send.finish().await?;
            while receive.next().await?.is_some() {}
            Ok::<_, h2_duplex::Error>(())
        });
    }
    all(tasks).await?;
    done(begun, &json!({}))
}

/// A ready-made frame up every 32 ms and as many bytes back as its echo has.
pub(crate) async fn paced(task: &Task) -> Outcome {
    let piece = Bytes::from(frame(task.pcm));
    let calls = calls(task).await?;
    let begun = ready()?;
    let mut tasks = JoinSet::new();
    let count = task.events;
    for (mut send, mut receive) in calls {
        let piece = piece.clone();
        tasks.spawn(async move {
            send.send(Bytes::from(NUDGE.repeat(7))).await?;
            let (mut frames, mut heard) = (Frames::default(), 0);
            let mut pace = interval(PACE);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut delays = Vec::with_capacity(count);
            while delays.len() < count {
                pace.tick().await;
                let sent = Instant::now();
                send.send(piece.clone()).await?;
                // Two frames come before the first echo.
                while heard < delays.len() + 3 {
                    let Some(bytes) = receive.next().await? else {
                        return Ok(delays);
                    };
                    frames.take(&bytes, |_| heard += 1);
                }
                delays.push(sent.elapsed());
            }
            send.finish().await?;
            while receive.next().await?.is_some() {}
            Ok::<_, h2_duplex::Error>(delays)
        });
    }
    let delays = all(tasks).await?.concat();
    done(begun, &percentiles(delays))
}

/// How old the last stamp in each piece is that the transport hands over.
pub(crate) async fn delays(task: &Task) -> Outcome {
    let (mut send, mut receive) = calls(task).await?.pop().ok_or("one call")?;
    let begun = ready()?;
    send.send(Bytes::from(NUDGE.repeat(8))).await?;
    send.finish().await?;
    let mut delays = Vec::new();
    while let Some(bytes) = receive.next().await? {
        let stamp = bytes.windows(9).rposition(|part| part == b"\"text\":\" ");
        delays.extend(stamp.and_then(|at| age(bytes.get(at + 9..at + 28)?)));
    }
    done(begun, &percentiles(delays))
}

/// Holds `calls` calls open on one connection.
pub(crate) async fn idle(task: &Task) -> Outcome {
    let mut connection = task.connection().await?;
    let mut calls = Vec::with_capacity(task.calls + 1);
    calls.push(call(task, &mut connection).await?);
    let begun = ready()?;
    for _ in 0..task.calls {
        calls.push(call(task, &mut connection).await?);
    }
    done(begun, &json!({}))
}

/// From nothing to the first bytes of an answer.
pub(crate) async fn open(task: &Task) -> Outcome {
    let connector = task.connector()?;
    let uri = task.url.parse()?;
    let begun = ready()?;
    let mut delays: Vec<Duration> = Vec::new();
    for _ in 0..task.events {
        let from = Instant::now();
        let mut connection = connector.connect_and_spawn(&uri).await?;
        let (mut send, mut receive) = call(task, &mut connection).await?;
        receive.next().await?;
        delays.push(from.elapsed());
        send.finish().await?;
        while receive.next().await?.is_some() {}
    }
    done(begun, &percentiles(delays))
}
