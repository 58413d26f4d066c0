//! Replies by ConverseStream.

use converse_stream::{ConverseRequest, Event, Message};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{Outcome, Task, done, ready};

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
    while let Some(deltas) = tasks.join_next().await {
        assert_eq!(deltas??, task.events, "deltas");
    }
    done(begun, &json!({}))
}
