//! Calls that are opened again by themselves, where the peer provably did not take them.

mod log;
mod receive;
mod send;
mod shared;

use std::sync::Arc;

pub use self::receive::ReopenReceive;
pub use self::send::ReopenSend;
use self::shared::Shared;
use crate::{Duplex, Error, ErrorKind};

/// Opens calls on `D`, and opens one again where the peer provably did nothing with it: it was
/// refused (`REFUSED_STREAM`), left out by a `GOAWAY`, or its connection was lost before a byte of
/// it had left.
///
/// The second call has the same head and the same body bytes as far as they were sent, which are
/// held for it: until the response head comes, since from then on nothing is provable, or until
/// they are more than the [limit](Self::replay_limit), since then they are gone. Whoever uses the
/// halves sees neither the failure nor the second call; each opening has the deadlines anew.
///
/// Everything else stays an error, and where a call was opened several times, its error is that of
/// the last opening: [`Error::was_processed`] holds for all of them.
#[derive(Clone, Debug)]
pub struct Reopen<D> {
    calls: D,
    times: u32,
    replay_limit: usize,
}

impl<D: Duplex + Clone> Reopen<D> {
    /// Opens a call again at most twice, while its body is shorter than 256 KiB.
    #[must_use]
    pub fn new(calls: D) -> Self {
        Self {
            calls,
            times: 2,
            replay_limit: 256 * 1024,
        }
    }

    /// What opens the calls.
    pub fn get_ref(&self) -> &D {
        &self.calls
    }

    /// How often a call is opened again at most; there is no wait in between.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// How many body bytes of a call are held at most. `usize::MAX` suits bodies that lie in memory
    /// anyway: what is held shares it.
    #[must_use]
    pub fn replay_limit(mut self, bytes: usize) -> Self {
        self.replay_limit = bytes;
        self
    }
}

impl<D> Duplex for Reopen<D>
where
    D: Duplex + Clone + Send + 'static,
{
    type Send = ReopenSend<D>;
    type Receive = ReopenReceive<D>;

    async fn open(
        &mut self,
        head: http::Request<()>,
    ) -> Result<(ReopenSend<D>, ReopenReceive<D>), Error> {
        let mut left = self.times;
        let (send, receive) = loop {
            match self.calls.open(head.clone()).await {
                Ok(halves) => break halves,
                Err(error) if left > 0 && was_not_taken(&error) => left -= 1,
                Err(error) => return Err(error),
            }
        };
        let shared = Shared::new(self.calls.clone(), head, left, self.replay_limit);
        let shared = Arc::new(shared);
        Ok((
            ReopenSend::new(send, Arc::clone(&shared)),
            ReopenReceive::new(receive, shared),
        ))
    }
}

/// Whether the peer or the connection left the call out, and provably so. Where no connection could
/// be made at all, another try at once would be no better.
fn was_not_taken(error: &Error) -> bool {
    let of_the_peer = matches!(
        error.kind(),
        ErrorKind::Reset(_)
            | ErrorKind::GoAway(_)
            | ErrorKind::ConnectionLost
            | ErrorKind::Protocol(_)
            | ErrorKind::Unresponsive
    );
    of_the_peer && !error.was_processed()
}
