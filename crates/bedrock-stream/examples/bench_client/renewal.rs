//! A conversation that changes its connection while the user speaks.

use std::time::Instant;

use bedrock_stream::{VoiceEvent, VoiceEvents};
use bytes::Bytes;
use nova_sonic::ConversationEvent;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::interval;

use crate::{Outcome, PACE, Task, done, percentiles, ready};

/// Chunks of speech for each connection: half a second.
const CHUNKS: usize = 16;

/// What became of a wish for another connection.
struct Renewed {
    at: Instant,
    gap_ms: u64,
}

/// Speaks for half a second `events` times, and each time asks for another connection first, if it is to be renewed.
pub(crate) async fn run(task: &Task, renew: bool) -> Outcome {
    let sonic = task.client()?.sonic(&task.model).system("Answer briefly.");
    let (voice, mut events) = sonic.start().await?;
    while !matches!(
        events.next().await?,
        Some(VoiceEvent::Conversation(ConversationEvent::Ready))
    ) {}
    let (report, mut reports) = mpsc::unbounded_channel();
    let listener = tokio::spawn(listen(events, report));
    let begun = ready()?;
    let (mut delays, mut gap, mut pace) = (Vec::new(), 0, interval(PACE));
    let pcm = Bytes::from(task.speech());
    for _ in 0..task.events {
        pace.tick().await;
        let asked = Instant::now();
        if renew {
            voice.renew(None)?;
        }
        voice.audio(pcm.clone())?;
        for _ in 1..CHUNKS {
            pace.tick().await;
            voice.audio(pcm.clone())?;
        }
        if renew {
            let renewed: Renewed = reports.recv().await.ok_or("it ended")?;
            delays.push(renewed.at.duration_since(asked));
            gap = gap.max(renewed.gap_ms);
        }
    }
    let dropped = voice.metrics().dropped_audio;
    voice.close(PACE).await?;
    listener.await??;
    assert!(dropped.is_zero(), "{dropped:?} of speech dropped");
    let mut detail = percentiles(delays);
    if let Some(members) = detail.as_object_mut() {
        members.insert("gap_ms".to_owned(), json!(gap));
    }
    done(begun, &detail)
}

async fn listen(
    mut events: VoiceEvents,
    report: mpsc::UnboundedSender<Renewed>,
) -> Result<(), bedrock_stream::Error> {
    while let Some(event) = events.next().await? {
        if let VoiceEvent::Conversation(ConversationEvent::Renewed { gap_ms, .. }) = event {
            let at = Instant::now();
            // Nobody waits for one that nobody has asked for.
            let _ = report.send(Renewed { at, gap_ms });
        }
    }
    Ok(())
}
