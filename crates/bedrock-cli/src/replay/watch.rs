//! Watches the clients of a replay: where each differs from the recorded one is told when its call ends.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bedrock_loopback::Traffic;
use bedrock_stream::recording::{Comparison, Transcript};
use tokio::sync::Notify;

/// The clients so far.
pub(super) struct Watch {
    transcript: Transcript,
    quiet: bool,
    seen: Mutex<Seen>,
    changed: Notify,
}

#[derive(Default)]
struct Seen {
    calls: HashMap<u64, Client>,
    replayed: HashSet<usize>,
    differed: bool,
}

/// The client of one call; what it sends before its answer is chosen is kept until then.
#[derive(Default)]
struct Client {
    sent: Vec<u8>,
    ended: bool,
    played: Option<(usize, Comparison)>,
}

impl Watch {
    pub(super) fn new(transcript: Transcript, quiet: bool) -> Self {
        Self {
            transcript,
            quiet,
            seen: Mutex::default(),
            changed: Notify::new(),
        }
    }

    pub(super) fn take(&self, number: u64, traffic: &Traffic<'_>) {
        let mut seen = self.seen();
        match traffic {
            Traffic::RequestHead(_) => {
                seen.calls.insert(number, Client::default());
            }
            Traffic::RequestBytes(bytes) => {
                if let Some(client) = seen.calls.get_mut(&number) {
                    client.sends(bytes);
                }
            }
            Traffic::RequestEnd => {
                if let Some(client) = seen.calls.get_mut(&number) {
                    client.ends();
                }
            }
            Traffic::Scripted(index) => {
                if let (Some(client), Some(call)) = (
                    seen.calls.get_mut(&number),
                    self.transcript.calls().get(*index),
                ) {
                    let comparison = Comparison::with(call, self.transcript.keep());
                    client.is_played(*index, comparison);
                }
            }
            Traffic::ResponseEnd(_) => {
                let client = seen.calls.remove(&number).and_then(|client| client.played);
                if let Some((index, comparison)) = client {
                    self.judge(&mut seen, index, &comparison);
                }
            }
            _ => {}
        }
    }

    /// Waits until every call was replayed.
    pub(super) async fn all_replayed(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Before the look: a change between look and wait would be missed.
            changed.as_mut().enable();
            if self.seen().replayed.len() == self.transcript.calls().len() {
                return;
            }
            changed.await;
        }
    }

    /// Whether no client differed.
    pub(super) fn is_as_recorded(&self) -> bool {
        !self.seen().differed
    }

    fn judge(&self, seen: &mut Seen, index: usize, comparison: &Comparison) {
        let calls = self.transcript.calls();
        let operation = calls.get(index).map_or("", |call| call.operation());
        let call = format!("call {} ({operation})", index + 1);
        for deviation in comparison.deviations() {
            eprintln!("{call}: {deviation}");
        }
        if comparison.deviations().is_empty() && !self.quiet {
            eprintln!("{call}: as recorded");
        }
        seen.differed |= !comparison.deviations().is_empty();
        seen.replayed.insert(index);
        self.changed.notify_waiters();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    fn sends(&mut self, bytes: &[u8]) {
        match &mut self.played {
            Some((_, comparison)) => comparison.sent(bytes),
            None => self.sent.extend_from_slice(bytes),
        }
    }

    fn ends(&mut self) {
        match &mut self.played {
            Some((_, comparison)) => comparison.ended(),
            None => self.ended = true,
        }
    }

    fn is_played(&mut self, index: usize, mut comparison: Comparison) {
        comparison.sent(&std::mem::take(&mut self.sent));
        if self.ended {
            comparison.ended();
        }
        self.played = Some((index, comparison));
    }
}
