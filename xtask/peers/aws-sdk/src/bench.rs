//! The SDK to be measured, as `examples/bench_client` of bedrock-stream is: it prints a line when it is ready, begins when it is
//! sent one, and prints another when it is done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::operation::invoke_model_with_bidirectional_stream::InvokeModelWithBidirectionalStreamOutput as Output;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, ConverseStreamOutput, InvokeModelWithBidirectionalStreamOutput,
    Message,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::duplex::{input, sync};
use peer_aws_sdk::{Arguments, client};

const PCM: [u8; 1024] = [1; 1024];
const PACE: Duration = Duration::from_millis(32);

type Outcome<T = ()> = Result<T, String>;

pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    match arguments.bench.as_str() {
        "audio-up" => audio_up(arguments).await,
        "audio-down" => audio_down(arguments).await,
        "paced" => paced(arguments).await,
        "converse" => converse(arguments).await,
        "idle" => idle(arguments).await,
        "open" => open_cold(arguments).await,
        other => Err(format!("no bench {other:?}")),
    }
}

fn ready() -> Outcome<Instant> {
    println!("{{\"ready\":true}}");
    let read = std::io::stdin().read_line(&mut String::new());
    read.map_err(|e| e.to_string())?;
    Ok(Instant::now())
}

fn done(begun: Instant, detail: &Value) -> Outcome {
    let micros = begun.elapsed().as_micros();
    println!("{}", json!({"micros": micros, "detail": detail}));
    let read = std::io::stdin().read_line(&mut String::new());
    read.map_err(|e| e.to_string())?;
    Ok(())
}

/// 32 ms of speech as an event, made anew each time, in the audio block that the opening has opened.
fn speech() -> String {
    let names = r#""promptName":"prompt-1","contentName":"audio-1""#;
    let content = STANDARD.encode(PCM);
    format!(r#"{{"event":{{"audioInput":{{{names},"content":"{content}"}}}}}}"#)
}

/// A call: the opening at once, `events` of audio once `go` is notified (at `pace`, if any), the close once `over` is.
async fn open(
    client: &Client,
    arguments: &Arguments,
    events: usize,
    pace: Option<Arc<Notify>>,
) -> Outcome<(Output, Arc<Notify>, Arc<Notify>)> {
    let (go, over) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begin, end) = (go.clone(), over.clone());
    let opening: Vec<_> = arguments.open.iter().map(|e| Ok(input(e))).collect();
    let closing: Vec<_> = arguments.close.iter().map(|e| Ok(input(e))).collect();
    let audio = stream::unfold((0, begin, pace), move |(sent, begin, pace)| async move {
        if sent == 0 {
            begin.notified().await;
        }
        if sent == events {
            return None;
        }
        if let Some(pace) = &pace {
            pace.notified().await;
        }
        Some((Ok(input(&speech())), (sent + 1, begin, pace)))
    });
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

async fn open_all(
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

async fn drain(mut output: Output) -> Outcome<usize> {
    let mut heard = 0;
    while let Some(event) = output.body.recv().await.map_err(|e| format!("{e:?}"))? {
        let _ = event;
        heard += 1;
    }
    Ok(heard)
}

async fn audio_up(arguments: &Arguments) -> Outcome {
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

/// The PCM of an event of speech, decoded as a caller needs it.
fn pcm(event: &InvokeModelWithBidirectionalStreamOutput) -> Outcome<Option<Vec<u8>>> {
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

async fn audio_down(arguments: &Arguments) -> Outcome {
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

async fn paced(arguments: &Arguments) -> Outcome {
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
                let mut tick = tokio::time::interval(PACE);
                tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
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
    all.sort_unstable();
    let at = |part: usize| all.get(all.len() * part / 100).map(Duration::as_micros);
    done(begun, &json!({"p50": at(50), "p99": at(99)}))
}

async fn reply(client: &Client, arguments: &Arguments) -> Outcome<usize> {
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
        deltas += usize::from(matches!(event, ConverseStreamOutput::ContentBlockDelta(_)));
    }
    Ok(deltas)
}

async fn converse(arguments: &Arguments) -> Outcome {
    let client = client(arguments, &arguments.secret_access_key);
    reply(&client, arguments).await?;
    let begun = ready()?;
    let replies = (0..arguments.calls).map(|_| reply(&client, arguments));
    for deltas in futures_util::future::join_all(replies).await {
        assert_eq!(deltas?, arguments.events, "deltas");
    }
    done(begun, &json!({}))
}

async fn idle(arguments: &Arguments) -> Outcome {
    let client = client(arguments, &arguments.secret_access_key);
    let mut calls = vec![open(&client, arguments, 1, None).await?];
    let begun = ready()?;
    while calls.len() <= arguments.calls {
        calls.push(open(&client, arguments, 1, None).await?);
    }
    done(begun, &json!({}))
}

async fn open_cold(arguments: &Arguments) -> Outcome {
    let begun = ready()?;
    let mut delays = Vec::new();
    for _ in 0..arguments.events {
        // A client of its own has no connection yet; the certificates are read before the clock starts.
        let client = client(arguments, &arguments.secret_access_key);
        let from = Instant::now();
        let (mut output, go, over) = open(&client, arguments, 1, None).await?;
        output.body.recv().await.map_err(|e| format!("{e:?}"))?;
        delays.push(from.elapsed());
        go.notify_one();
        over.notify_one();
        drain(output).await?;
    }
    delays.sort_unstable();
    let median = delays.get(delays.len() / 2).map(Duration::as_micros);
    done(begun, &json!({"p50": median}))
}
