//! Replies by ConverseStream.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use converse_stream::{ConverseRequest, Event, Message};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{Outcome, Task, all, done, percentiles, ready};

/// Takes the deltas of `calls` replies, after one that warms the connection.
pub(crate) async fn deltas(task: &Task) -> Outcome {
    let client = task.client()?;
    let request = ConverseRequest::new().with_message(Message::user("Go on."));
    client
        .converse(&*task.text_model, &request)
        .send()
        .await?
        .collect()
        .await?;
    let begun = ready()?;
    let mut tasks = JoinSet::new();
    for _ in 0..task.calls {
        let call = client.converse(&*task.text_model, &request);
        tasks.spawn(async move {
            let mut reply = call.send().await?;
            let mut deltas = 0;
            while let Some(event) = reply.next().await? {
                deltas += usize::from(matches!(event, Event::Text { .. }));
            }
            Ok::<_, bedrock_stream::Error>(deltas)
        });
    }
    for deltas in all(tasks).await? {
        assert_eq!(deltas, task.events, "deltas");
    }
    done(begun, &json!({}))
}

/// From the server's writing a delta to its being in hand.
pub(crate) async fn delays(task: &Task) -> Outcome {
    let client = task.client()?;
    let request = ConverseRequest::new().with_message(Message::user("Go on."));
    let begun = ready()?;
    let mut reply = client.converse(&*task.text_model, &request).send().await?;
    let mut delays = Vec::with_capacity(task.events);
    while let Some(event) = reply.next().await? {
        if let Event::Text { text, .. } = event {
            delays.extend(age(text.trim().as_bytes()));
        }
    }
    assert_eq!(delays.len(), task.events, "stamped deltas");
    done(begun, &percentiles(delays))
}

/// How long ago the time was that the server has written: nanoseconds since 1970.
pub(crate) fn age(stamp: &[u8]) -> Option<Duration> {
    let stamp = std::str::from_utf8(stamp).ok()?.parse().ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    now.checked_sub(Duration::from_nanos(stamp))
}
