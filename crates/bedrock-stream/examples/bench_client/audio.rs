//! Speech up, speech down, and both at the pace of speech.

use bedrock_stream::{SonicReceiver, SonicSender};
use nova_sonic::ServerEvent;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{Outcome, PACE, Task, all, done, percentiles, ready};

/// A session's two halves, on a connection that it shares.
type Call = (
    SonicSender<h2_duplex::Sender>,
    SonicReceiver<h2_duplex::Receiver>,
);

/// Opens the calls, on one connection. Each has sent eight events then, a piece of silence among them.
async fn open(task: &Task) -> Outcome<Vec<Call>> {
    let client = task.client()?;
    let mut connection = task.connection().await?;
    let mut calls = Vec::new();
    for _ in 0..task.calls {
        let sonic = client.sonic(&task.model).system("Answer briefly.");
        let (mut voice, mut events) = sonic.open_on(&mut connection).await?;
        events.ready().await?;
        voice.audio(&task.speech()).await?;
        calls.push((voice, events));
    }
    Ok(calls)
}

/// Sends audio as fast as it goes.
pub(crate) async fn up(task: &Task) -> Outcome {
    let calls = open(task).await?;
    let begun = ready()?;
    let mut tasks = JoinSet::new();
    let count = task.events;
    for (mut voice, mut events) in calls {
        let pcm = task.speech();
        tasks.spawn(async move {
            let speak = async move {
                for _ in 0..count {
                    voice.audio(&pcm).await?;
                }
                voice.close().await
            };
            let listen = async move {
                while events.next().await?.is_some() {}
                Ok(())
            };
            tokio::try_join!(speak, listen)
        });
    }
    all(tasks).await?;
    done(begun, &json!({}))
}

/// Takes audio as fast as it comes.
pub(crate) async fn down(task: &Task) -> Outcome {
    let calls = open(task).await?;
    let begun = ready()?;
    let mut tasks = JoinSet::new();
    let count = task.events;
    for (mut voice, mut events) in calls {
        let pcm = task.speech();
        tasks.spawn(async move {
            // The word for the server to begin.
            voice.audio(&pcm).await?;
            let mut heard = 0;
            while let Some(event) = events.next().await? {
                if let ServerEvent::AudioOutput(audio) = event {
                    heard += usize::from(!audio.pcm.is_empty());
                }
                if heard == count {
                    heard += 1;
                    voice.close().await?;
                }
            }
            Ok::<_, bedrock_stream::Error>(heard)
        });
    }
    for heard in all(tasks).await? {
        assert_eq!(heard, count + 1, "events of speech");
    }
    done(begun, &json!({}))
}

/// A chunk up every 32 ms and its echo back; the delay of each.
pub(crate) async fn paced(task: &Task) -> Outcome {
    let calls = open(task).await?;
    let begun = ready()?;
    let mut tasks = JoinSet::new();
    let count = task.events;
    for (mut voice, mut events) in calls {
        let pcm = task.speech();
        tasks.spawn(async move {
            let mut pace = interval(PACE);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut delays = Vec::with_capacity(count);
            while delays.len() < count {
                pace.tick().await;
                let sent = Instant::now();
                voice.audio(&pcm).await?;
                loop {
                    match events.next().await? {
                        Some(ServerEvent::AudioOutput(_)) => break,
                        Some(_) => {}
                        None => return Ok(delays),
                    }
                }
                delays.push(sent.elapsed());
            }
            voice.close().await?;
            while events.next().await?.is_some() {}
            Ok::<_, bedrock_stream::Error>(delays)
        });
    }
    let delays = all(tasks).await?.concat();
    done(begun, &percentiles(delays))
}
