//! One conversation or question, and what is told of its end.

use std::time::Duration;

use bedrock_stream::{Error, SonicReceiver, SonicSender};
use converse_stream::{ConverseRequest, Message};
use nova_sonic::{ContentKind, ServerEvent, StopReason};

use crate::stage::Stage;

const CHUNK: Duration = Duration::from_millis(320);
/// A conversation in which the user waits longer than this for an answer has hung.
const PATIENCE: Duration = Duration::from_hours(1);

/// Speaks a question, waits for the end of the answer, closes.
pub(crate) async fn speak(stage: Stage) -> String {
    let conversation = async {
        let (voice, events) = stage.client.sonic("amazon.nova-2-5-sonic").open().await?;
        hold(voice, events).await
    };
    told(tokio::time::timeout(PATIENCE, conversation).await)
}

/// Asks and reads the reply.
pub(crate) async fn converse(stage: Stage) -> String {
    let question = async {
        let request =
            ConverseRequest::new().with_message(Message::user("What is the capital of Peru?"));
        let call = stage.client.converse("us.amazon.nova-micro-v1:0", &request);
        let mut reply = call.send().await?;
        while reply.next().await?.is_some() {}
        let outcome = reply.outcome().expect("ended");
        assert!(
            outcome.is_complete(),
            "no error, and yet {}",
            outcome.name()
        );
        Ok(())
    };
    told(tokio::time::timeout(PATIENCE, question).await)
}

fn told(ended: Result<Result<(), Error>, tokio::time::error::Elapsed>) -> String {
    match ended.expect("nothing hangs") {
        Ok(()) => "complete".to_owned(),
        Err(error) => error.to_string(),
    }
}

async fn hold(mut voice: SonicSender, mut events: SonicReceiver) -> Result<(), Error> {
    let (answered, answer) = tokio::sync::oneshot::channel();
    let speak = async {
        let mut pace = tokio::time::interval(CHUNK);
        let question = async {
            for at in 0.. {
                let chunk = if at < 3 { tone() } else { vec![0; 10_240] };
                voice.audio(&chunk).await?;
                pace.tick().await;
            }
            Ok::<_, Error>(())
        };
        tokio::select! {
            ended = question => ended?,
            _ = answer => {}
        }
        voice.close().await
    };
    let listen = async {
        let mut answered = Some(answered);
        while let Some(event) = events.next().await? {
            if ends_turn(&event) {
                answered.take().map(|answered| answered.send(()));
            }
        }
        Ok(())
    };
    let (spoken, heard): (_, Result<(), Error>) = tokio::join!(speak, listen);
    heard.and(spoken)
}

/// 320 ms that an energy detector takes for speech: a square wave of 500 Hz.
fn tone() -> Vec<u8> {
    let sample = |at: usize| {
        if (at / 16).is_multiple_of(2) {
            8000_i16
        } else {
            -8000
        }
    };
    (0..5_120).flat_map(|at| sample(at).to_le_bytes()).collect()
}

fn ends_turn(event: &ServerEvent) -> bool {
    matches!(event, ServerEvent::ContentEnd(end)
        if end.kind == Some(ContentKind::Audio) && end.stop_reason == Some(StopReason::EndTurn))
}
