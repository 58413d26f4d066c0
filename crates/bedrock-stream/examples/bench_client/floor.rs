//! The least that each bench can cost: the same transport and TLS without what this client does above them.

use bytes::Bytes;
use h2_duplex::{Duplex as _, ReceiveHalf as _, SendHalf as _};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{Outcome, Task, done, ready};

/// Bytes of a signed frame with 1 KiB of PCM.
const FRAME: usize = 2_202;

/// The least that counts as a frame for the server, which begins to send after nine of them.
const NUDGE: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn head(task: &Task) -> Outcome<http::Request<()>> {
    let url = format!("{}/model/m/invoke-with-bidirectional-stream", task.url);
    Ok(http::Request::post(url).body(())?)
}

/// Sends ready-made frames, so many of them as one piece.
pub(crate) async fn up(task: &Task, together: usize) -> Outcome {
    let mut connection = task.connection().await?;
    let piece = Bytes::from(vec![0; FRAME * together]);
    let mut calls = Vec::new();
    for _ in 0..task.calls {
        let (mut send, mut receive) = connection.open(head(task)?).await?;
        send.send(Bytes::from_static(&NUDGE)).await?;
        receive.head().await?;
        calls.push((send, receive));
    }
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
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    done(begun, &json!({}))
}

/// Throws away what comes.
pub(crate) async fn down(task: &Task) -> Outcome {
    let mut connection = task.connection().await?;
    let mut calls = Vec::new();
    for _ in 0..task.calls {
        let (mut send, mut receive) = connection.open(head(task)?).await?;
        send.send(Bytes::from_static(&NUDGE)).await?;
        receive.head().await?;
        calls.push((send, receive));
    }
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
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    done(begun, &json!({}))
}

/// Throws away the bodies of replies.
pub(crate) async fn converse(task: &Task) -> Outcome {
    down(task).await
}
