//! A call, and what is said in it.

use std::sync::Arc;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::operation::invoke_model_with_bidirectional_stream::InvokeModelWithBidirectionalStreamOutput as Output;
use aws_sdk_bedrockruntime::types::InvokeModelWithBidirectionalStreamOutput;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use tokio::sync::Notify;

use super::Outcome;
use crate::duplex::{input, sync};
use peer_aws_sdk::{Arguments, client};

/// 32 ms of speech as an event, made anew each time, in the audio block that the opening has opened.
fn speech(pcm: &[u8]) -> String {
    let names = r#""promptName":"prompt-1","contentName":"audio-1""#;
    let content = STANDARD.encode(pcm);
    format!(r#"{{"event":{{"audioInput":{{{names},"content":"{content}"}}}}}}"#)
}

/// A call: the opening at once, `events` of audio once `go` is notified (at `pace`, if any), the close once `over` is.
pub(super) async fn open(
    client: &Client,
    arguments: &Arguments,
    events: usize,
    pace: Option<Arc<Notify>>,
) -> Outcome<(Output, Arc<Notify>, Arc<Notify>)> {
    let (go, over) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begin, end) = (go.clone(), over.clone());
    let opening: Vec<_> = arguments.open.iter().map(|e| Ok(input(e))).collect();
    let closing: Vec<_> = arguments.close.iter().map(|e| Ok(input(e))).collect();
    let pcm: Arc<[u8]> = vec![1; arguments.pcm].into();
    let audio = stream::unfold(
        (0, begin, pace, pcm),
        move |(sent, begin, pace, pcm)| async move {
            if sent == 0 {
                begin.notified().await;
            }
            if sent == events {
                return None;
            }
            if let Some(pace) = &pace {
                pace.notified().await;
            }
            Some((Ok(input(&speech(&pcm))), (sent + 1, begin, pace, pcm)))
        },
    );
    let wait = stream::once(async move { end.notified().await }).filter_map(|()| async { None });
    let all = stream::iter(opening)
        .chain(audio)
        .chain(wait)
        .chain(stream::iter(closing));
    let output = client
        .invoke_model_with_bidirectional_stream()
        .model_id(&arguments.model)
        .body(sync(all.fuse()).into())
        .send()
        .await
        .map_err(|e| format!("{e:?}"))?;
    Ok((output, go, over))
}

pub(super) async fn open_all(
    arguments: &Arguments,
    events: usize,
) -> Outcome<Vec<(Output, Arc<Notify>, Arc<Notify>)>> {
    let client = client(arguments, &arguments.secret_access_key);
    let mut calls = Vec::new();
    for _ in 0..arguments.calls {
        calls.push(open(&client, arguments, events, None).await?);
    }
    Ok(calls)
}

pub(super) async fn drain(mut output: Output) -> Outcome<usize> {
    let mut heard = 0;
    while let Some(event) = output.body.recv().await.map_err(|e| format!("{e:?}"))? {
        let _ = event;
        heard += 1;
    }
    Ok(heard)
}

/// The PCM of an event of speech, decoded as a caller needs it.
pub(super) fn pcm(event: &InvokeModelWithBidirectionalStreamOutput) -> Outcome<Option<Vec<u8>>> {
    let InvokeModelWithBidirectionalStreamOutput::Chunk(part) = event else {
        return Err("an unknown event".to_owned());
    };
    let bytes = part.bytes().ok_or("no bytes")?;
    let value: Value = serde_json::from_slice(bytes.as_ref()).map_err(|e| e.to_string())?;
    let Some(content) = value["event"]["audioOutput"]["content"].as_str() else {
        return Ok(None);
    };
    STANDARD
        .decode(content)
        .map(Some)
        .map_err(|e| e.to_string())
}
