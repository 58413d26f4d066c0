//! Replies by ConverseStream.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ContentBlockDelta, ContentBlockDeltaEvent, ConversationRole,
    ConverseStreamOutput, Message,
};
use serde_json::json;

use super::{Outcome, done, percentiles, ready};
use peer_aws_sdk::{Arguments, client};

/// Takes the deltas of `calls` replies, after one that warms the connection.
pub(super) async fn deltas(arguments: &Arguments) -> Outcome {
    let client = client(arguments, &arguments.secret_access_key);
    reply(&client, arguments, |_| {}).await?;
    let begun = ready()?;
    let replies = (0..arguments.calls).map(|_| reply(&client, arguments, |_| {}));
    for deltas in futures_util::future::join_all(replies).await {
        assert_eq!(deltas?, arguments.events, "deltas");
    }
    done(begun, &json!({}))
}

/// From the server's writing a delta to its being in hand.
pub(super) async fn delays(arguments: &Arguments) -> Outcome {
    let client = client(arguments, &arguments.secret_access_key);
    let begun = ready()?;
    let mut delays = Vec::with_capacity(arguments.events);
    reply(&client, arguments, |delta| {
        if let Some(ContentBlockDelta::Text(text)) = delta.delta() {
            delays.extend(age(text));
        }
    })
    .await?;
    assert_eq!(delays.len(), arguments.events, "stamped deltas");
    done(begun, &percentiles(delays))
}

/// How long ago the time was that the server has written: nanoseconds since 1970.
fn age(stamp: &str) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    now.checked_sub(Duration::from_nanos(stamp.trim().parse().ok()?))
}

/// Takes a reply; gives the number of its deltas.
async fn reply(
    client: &Client,
    arguments: &Arguments,
    mut each: impl FnMut(&ContentBlockDeltaEvent),
) -> Outcome<usize> {
    let message = Message::builder()
        .role(ConversationRole::User)
        .content(ContentBlock::Text("Go on.".to_owned()))
        .build()
        .map_err(|e| e.to_string())?;
    let call = client
        .converse_stream()
        .model_id(&arguments.text_model)
        .messages(message);
    let mut output = call.send().await.map_err(|e| format!("{e:?}"))?;
    let mut deltas = 0;
    while let Some(event) = output.stream.recv().await.map_err(|e| format!("{e:?}"))? {
        if let ConverseStreamOutput::ContentBlockDelta(delta) = event {
            each(&delta);
            deltas += 1;
        }
    }
    Ok(deltas)
}
