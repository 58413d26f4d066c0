//! InvokeModelWithBidirectionalStream: a spoken session, and what can go wrong with one.

use aws_sdk_bedrockruntime::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::error::InvokeModelWithBidirectionalStreamInputError;
use aws_sdk_bedrockruntime::types::{
    BidirectionalInputPayloadPart, InvokeModelWithBidirectionalStreamInput,
    InvokeModelWithBidirectionalStreamOutput,
};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;
use tokio::sync::mpsc;

use peer_aws_sdk::{Arguments, Finding, client, shorten};

pub(crate) fn input(event: &str) -> InvokeModelWithBidirectionalStreamInput {
    let part = BidirectionalInputPayloadPart::builder()
        .bytes(Blob::new(event))
        .build();
    InvokeModelWithBidirectionalStreamInput::Chunk(part)
}

type Input =
    Result<InvokeModelWithBidirectionalStreamInput, InvokeModelWithBidirectionalStreamInputError>;

/// A stream of what is sent to it; fused, since the SDK polls on behind the end.
fn channel() -> (
    mpsc::UnboundedSender<Input>,
    impl futures_util::Stream<Item = Input> + Send + Sync,
) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let events = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|e| (e, receiver))
    });
    (sender, sync(events.fuse()))
}

/// `unfold`'s futures are not `Sync` by themselves; a lock that nobody contends for makes them so.
pub(crate) fn sync<S: futures_util::Stream + Send>(
    stream: S,
) -> impl futures_util::Stream<Item = S::Item> + Send + Sync {
    let stream = std::sync::Mutex::new(Box::pin(stream));
    stream::poll_fn(move |cx| stream.lock().expect("no panic").as_mut().poll_next(cx))
}

pub(crate) async fn spoken_session(arguments: &Arguments) -> Finding {
    read_session(arguments).await?.verdict()
}

/// The server breaks the session off: the SDK must report an error, not an end.
pub(crate) async fn broken_session(arguments: &Arguments) -> Finding {
    match read_session(arguments).await {
        Err(error) => Ok(shorten(&error)),
        Ok(seen) => Err(format!(
            "the stream ended as if in order, after {} events",
            seen.events
        )),
    }
}

/// Plays the session and reads until the SDK says that the stream has ended.
async fn read_session(arguments: &Arguments) -> Result<Seen, String> {
    let (sender, events) = channel();
    for event in &arguments.open {
        sender.send(Ok(input(event))).map_err(|e| e.to_string())?;
    }
    let mut output = client(arguments, &arguments.secret_access_key)
        .invoke_model_with_bidirectional_stream()
        .model_id(&arguments.model)
        .body(events.into())
        .send()
        .await
        .map_err(|e| DisplayErrorContext(&e).to_string())?;
    let mut sender = Some(sender);
    let mut seen = Seen::default();
    while let Some(event) = output
        .body
        .recv()
        .await
        .map_err(|e| DisplayErrorContext(&e).to_string())?
    {
        let InvokeModelWithBidirectionalStreamOutput::Chunk(part) = event else {
            return Err("an event that the SDK does not know".to_owned());
        };
        let bytes = part.bytes.ok_or("a chunk without bytes")?.into_inner();
        if seen.note(&bytes)?
            && let Some(sender) = sender.take()
        {
            for event in &arguments.close {
                sender.send(Ok(input(event))).map_err(|e| e.to_string())?;
            }
        }
    }
    Ok(seen)
}

/// What came out of a spoken session.
#[derive(Default)]
struct Seen {
    events: usize,
    audio: usize,
    spoken: bool,
    completed: bool,
}

impl Seen {
    /// Notes an event; true when the reply has been spoken to its end.
    fn note(&mut self, bytes: &[u8]) -> Result<bool, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let event = &value["event"];
        self.events += 1;
        self.audio += event["audioOutput"]["content"].as_str().map_or(0, str::len) / 4 * 3;
        self.completed |= event.get("completionEnd").is_some();
        let end = &event["contentEnd"];
        let over = end["type"] == "AUDIO" && end["stopReason"] == "END_TURN";
        self.spoken |= over;
        Ok(over)
    }

    fn verdict(&self) -> Finding {
        let Self {
            events,
            audio,
            spoken,
            completed,
        } = self;
        let text = format!("{events} events, {audio} bytes of speech");
        match (spoken, completed) {
            (true, true) if *audio > 0 => Ok(text),
            _ => Err(format!(
                "{text}; spoken to its end: {spoken}, completed: {completed}"
            )),
        }
    }
}

/// Audio before a prompt: the service refuses it within the stream.
pub(crate) async fn exception(arguments: &Arguments) -> Finding {
    let (sender, events) = channel();
    for event in arguments
        .open
        .first()
        .into_iter()
        .chain(arguments.open.last())
    {
        sender.send(Ok(input(event))).map_err(|e| e.to_string())?;
    }
    let output = client(arguments, &arguments.secret_access_key)
        .invoke_model_with_bidirectional_stream()
        .model_id(&arguments.model)
        .body(events.into())
        .send()
        .await;
    let error = match output {
        Err(error) => error.into_service_error().to_string(),
        Ok(mut output) => loop {
            match output.body.recv().await {
                Ok(Some(_)) => {}
                Ok(None) => return Err("the stream ended without an exception".to_owned()),
                Err(error) => break format!("{:?}", error.into_service_error()),
            }
        },
    };
    drop(sender);
    if error.contains("ValidationException") {
        Ok(shorten(&error))
    } else {
        Err(shorten(&error))
    }
}

pub(crate) async fn wrong_secret(arguments: &Arguments) -> Finding {
    let (sender, events) = channel();
    sender
        .send(Ok(input(&arguments.open[0])))
        .map_err(|e| e.to_string())?;
    let output = client(arguments, "another secret")
        .invoke_model_with_bidirectional_stream()
        .model_id(&arguments.model)
        .body(events.into())
        .send()
        .await;
    match output {
        Ok(_) => Err("it was let in".to_owned()),
        Err(error) => {
            let status = error.raw_response().map(|r| r.status().as_u16());
            let code = error.code().unwrap_or_default().to_owned();
            let found = format!("HTTP {}, {code}", status.unwrap_or_default());
            if status == Some(403) && !code.is_empty() {
                Ok(found)
            } else {
                Err(found)
            }
        }
    }
}
