//! A voice session through the whole client: batches of audio up, batches of events down.

use bedrock_stream::{Error, SonicReceiver, SonicSender};
use h2_duplex::ReceiveHalf;
use nova_sonic::{NOVA_2_5_SONIC, ServerEvent};
use tokio::sync::watch;

use crate::report::Report;
use crate::target::{Target, say};
use crate::watched::Watched;

/// The duplex operation's path.
pub(crate) const PATH: &str = "/model/amazon.nova-2-5-sonic/invoke-with-bidirectional-stream";

/// Each batch is so many audio events up, then a text that the server's script answers with as many events.
const BATCHES: usize = 10;
const IN_BATCH: usize = 100;
/// Batches that may be under way. The next one waits, so nobody on the way can keep them to the end.
const AHEAD: usize = 2;

/// Holds a session. Where it is `paced`, a batch goes up when an earlier one has come down; else all goes up and is closed at once.
pub(crate) async fn hold(target: &Target, paced: bool) -> Result<Report, String> {
    let client = target.client()?;
    let mut connection = Watched::new(target.connect().await?);
    let opened = client.sonic(NOVA_2_5_SONIC).open_on(&mut connection).await;
    let (sender, receiver) = match opened {
        Ok(halves) => halves,
        Err(error) => return Ok(judge(&connection, 0, &Err(error), "failed")),
    };
    let (came, seen) = watch::channel(0);
    let speak = speak(sender, target.pcm_bytes, paced.then_some(seen));
    let listen = listen(receiver, came);
    let (spoken, heard) = tokio::join!(speak, listen);
    let cause = heard.cause.and(spoken);
    Ok(judge(&connection, heard.events, &cause, heard.outcome))
}

/// Opens a session with a wrong secret. Whoever hears of it first, opening or either half, must hear the service's own words.
pub(crate) async fn refused(target: &Target) -> Result<Report, String> {
    let client = target.client_with("another secret")?;
    let mut connection = Watched::new(target.connect().await?);
    let opened = client.sonic(NOVA_2_5_SONIC).open_on(&mut connection).await;
    let errors = match opened {
        Err(error) => vec![error],
        Ok((sender, mut receiver)) => {
            let spoken = speak(sender, target.pcm_bytes, None);
            let (spoken, heard) = tokio::join!(spoken, receiver.next());
            [spoken.err(), heard.err()].into_iter().flatten().collect()
        }
    };
    let right = |error: &Error| {
        let code = error.to_string().contains("InvalidSignatureException");
        error.status() == Some(403) && code
    };
    let wrong = match errors.as_slice() {
        [] => Some("nobody was told".to_owned()),
        errors => errors.iter().find(|error| !right(error)).map(say),
    };
    Ok(connection.complete(Report::judged(wrong, "refused, and said so"), "failed"))
}

fn judge(
    connection: &Watched,
    down: usize,
    cause: &Result<(), Error>,
    outcome: &'static str,
) -> Report {
    let all = BATCHES * IN_BATCH;
    let wrong = match cause {
        Err(error) => Some(format!("{error}, after {down} events")),
        Ok(()) if down != all => Some(format!("{down} of {all} events came down")),
        Ok(()) => None,
    };
    let report = Report::judged(wrong, format!("{all} events up and down, {outcome}"));
    connection.complete(report, outcome)
}

async fn speak(
    mut sender: SonicSender<h2_duplex::Sender>,
    pcm_bytes: usize,
    mut seen: Option<watch::Receiver<usize>>,
) -> Result<(), Error> {
    let silence = vec![0; pcm_bytes];
    for batch in 0..BATCHES {
        if let Some(seen) = &mut seen {
            let least = (batch + 1).saturating_sub(AHEAD) * IN_BATCH;
            // An error means that nothing more will come; what is sent next is told why.
            let _ = seen.wait_for(|came| *came >= least).await;
        }
        for _ in 0..IN_BATCH {
            sender.audio(&silence).await?;
        }
        sender.text(&format!("batch {batch}")).await?;
    }
    if let Some(seen) = &mut seen {
        // The close would suppress what has not begun.
        let _ = seen.wait_for(|came| *came >= BATCHES * IN_BATCH).await;
    }
    sender.close().await
}

/// What came down.
struct Heard {
    events: usize,
    outcome: &'static str,
    cause: Result<(), Error>,
}

async fn listen<H: ReceiveHalf>(
    mut receiver: SonicReceiver<H>,
    came: watch::Sender<usize>,
) -> Heard {
    let mut events = 0;
    let cause = loop {
        match receiver.next().await {
            // The script numbers its events; one that is out of order does not count.
            Ok(Some(ServerEvent::AudioOutput(audio))) => {
                events += usize::from(audio.pcm.starts_with(&number(events)));
                // Nobody looks where the sender has ended.
                let _ = came.send(events);
            }
            Ok(Some(_)) => {}
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let outcome = receiver
        .outcome()
        .map_or("no outcome", |outcome| outcome.name());
    Heard {
        events,
        outcome,
        cause,
    }
}

/// How an event's number stands at the head of its PCM.
fn number(event: usize) -> [u8; 4] {
    u32::try_from(event).unwrap_or(u32::MAX).to_be_bytes()
}
