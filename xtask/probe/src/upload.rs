//! Numbered events to send, and how far what came back has got.

use bytes::{BufMut as _, Bytes, BytesMut};
use tokio::sync::watch;

/// How many events a check sends.
pub(crate) const EVENTS: usize = 1_000;
/// Bytes of one: what a signed event with 32 ms of speech takes on the wire.
pub(crate) const EVENT_BYTES: usize = 2_202;
/// Events that may be under way. Far fewer than all, so that nobody on the way can keep them to the end; more than a window of
/// 65,535 bytes holds, so that both directions are full.
const AHEAD: usize = 64;

/// Event number `at`: the number, then bytes that belong to it.
pub(crate) fn event(at: usize) -> Bytes {
    let number = u32::try_from(at).unwrap_or(u32::MAX);
    let mut event = BytesMut::with_capacity(EVENT_BYTES);
    event.put_u32(number);
    let bytes = (0..).map(|i: u32| number.wrapping_mul(31).wrapping_add(i).to_le_bytes()[0]);
    event.extend(bytes.take(EVENT_BYTES - event.len()));
    event.freeze()
}

/// Whether `received` is all that was sent, or what is wrong with it.
pub(crate) fn compare(received: &[u8], events: usize) -> Option<String> {
    let sent = (0..events).flat_map(event);
    let same = sent.zip(received).take_while(|(a, b)| a == *b).count();
    let (all, came) = (events * EVENT_BYTES, received.len());
    (same != all || came != all)
        .then(|| format!("sent {all} bytes, {came} came back, the first {same} as sent"))
}

/// Tells the sender how many bytes came back; dropped when no more will.
pub(crate) fn progress() -> (watch::Sender<usize>, Pacer) {
    let (came, seen) = watch::channel(0);
    (came, Pacer(seen))
}

/// Holds events back.
pub(crate) struct Pacer(watch::Receiver<usize>);

impl Pacer {
    /// Waits until event number `at` may go; false where nothing will come back any more.
    pub(crate) async fn may_send(&mut self, at: usize) -> bool {
        self.reached(at.saturating_sub(AHEAD) * EVENT_BYTES).await
    }

    /// Waits until so much has come back; false where that will not be.
    pub(crate) async fn reached(&mut self, least: usize) -> bool {
        self.0.wait_for(|came| *came >= least).await.is_ok()
    }
}
