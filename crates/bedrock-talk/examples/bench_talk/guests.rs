//! Clients that speak at the pace of speech, and measure how long each echo takes.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream as _;
use futures_sink::Sink as _;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::{Outcome, Task};

const PACE: Duration = Duration::from_millis(32);
/// 32 ms of PCM at 16 kHz.
const PCM: [u8; 1024] = [1; 1024];
/// Pieces of speech between two reports of what was played.
const REPORT: u64 = 5;

struct Guest {
    socket: WebSocketStream<TcpStream>,
    heard: u64,
}

/// Connects them all, and measures when it is told to.
pub(crate) async fn visit(address: &str, task: &Task) -> Outcome {
    let mut guests = JoinSet::new();
    for _ in 0..task.calls {
        guests.spawn(Guest::join(address.to_owned()));
    }
    let guests = guests
        .join_all()
        .await
        .into_iter()
        .collect::<Outcome<Vec<_>>>()?;
    let line = |text: String| -> Outcome {
        println!("{text}");
        std::io::stdin().read_line(&mut String::new())?;
        Ok(())
    };
    line(r#"{"ready":true}"#.to_owned())?;
    let (begun, count) = (Instant::now(), task.events);
    let mut talks = JoinSet::new();
    let each = PACE / u32::try_from(task.calls)?;
    for (at, guest) in (0..).zip(guests) {
        // People do not speak in step.
        talks.spawn(guest.talk(each * at, count));
    }
    let mut all = Vec::new();
    for delays in talks.join_all().await {
        all.extend(delays?);
    }
    all.sort_unstable();
    let at = |part: usize| all.get(all.len() * part / 100).map(Duration::as_micros);
    let detail = json!({"p50": at(50), "p99": at(99)});
    let micros = u64::try_from(begun.elapsed().as_micros())?;
    line(json!({"micros": micros, "detail": detail}).to_string())
}

impl Guest {
    /// Has a session whose server answers each piece of audio from now on.
    async fn join(address: String) -> Outcome<Self> {
        let stream = TcpStream::connect(&address).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(format!("ws://{address}/talk"), stream).await?;
        let mut guest = Self { socket, heard: 0 };
        guest
            .send(Message::text(r#"{"type":"hello","version":1}"#))
            .await?;
        // The server counts the opening, and answers what comes after.
        while timeout(PACE, guest.speech()).await.is_err() {
            guest.send(Message::binary(PCM.to_vec())).await?;
        }
        while timeout(PACE * 10, guest.speech()).await.is_ok() {}
        Ok(guest)
    }

    async fn talk(mut self, later: Duration, count: usize) -> Outcome<Vec<Duration>> {
        tokio::time::sleep(later).await;
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut delays = Vec::with_capacity(count);
        while delays.len() < count {
            pace.tick().await;
            let sent = Instant::now();
            self.send(Message::binary(PCM.to_vec())).await?;
            self.speech().await?;
            delays.push(sent.elapsed());
        }
        Ok(delays)
    }

    /// Waits for a piece of speech.
    async fn speech(&mut self) -> Outcome {
        loop {
            let message = poll_fn(|cx| Pin::new(&mut self.socket).poll_next(cx)).await;
            let Message::Binary(bytes) = message.ok_or("closed")?? else {
                continue;
            };
            self.heard += 1;
            let number = |at| {
                bytes
                    .get(at..at + 4)
                    .and_then(|four| four.try_into().ok())
                    .map(u32::from_le_bytes)
            };
            if self.heard.is_multiple_of(REPORT) {
                let offset = u64::from(number(8).ok_or("no offset")?);
                let samples = offset + (bytes.len() as u64 - 12) / 2;
                let played = json!({"type": "played", "turn": number(4), "samples": samples});
                self.send(Message::text(played.to_string())).await?;
            }
            return Ok(());
        }
    }

    async fn send(&mut self, message: Message) -> Outcome {
        poll_fn(|cx| Pin::new(&mut self.socket).poll_ready(cx)).await?;
        Pin::new(&mut self.socket).start_send(message)?;
        Ok(poll_fn(|cx| Pin::new(&mut self.socket).poll_flush(cx)).await?)
    }
}
