//! Which sessions there are.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::notice::Refusal;
use crate::session::Newcomer;

/// The sessions of one server; they live in this process and nowhere else.
#[derive(Debug)]
pub(crate) struct Registry {
    sessions: Mutex<Sessions>,
    most: usize,
    /// How many there are.
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Sessions {
    by_token: HashMap<String, mpsc::Sender<Newcomer>>,
    /// The number of the last one.
    number: u64,
}

/// The place that one session takes; dropped, it is free again.
#[derive(Debug)]
pub(crate) struct Seat {
    registry: Arc<Registry>,
    token: String,
    number: u64,
}

impl Registry {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            sessions: Mutex::default(),
            most,
            count: watch::Sender::new(0),
        }
    }

    /// A place for a new session, and where its clients come in.
    pub(crate) fn sit(self: &Arc<Self>) -> Result<(Seat, mpsc::Receiver<Newcomer>), Refusal> {
        let token = random_token().ok_or(Refusal::Service)?;
        let mut sessions = self.lock();
        if sessions.by_token.len() >= self.most {
            return Err(Refusal::TooManySessions);
        }
        let (sender, newcomers) = mpsc::channel(1);
        sessions.by_token.insert(token.clone(), sender);
        sessions.number += 1;
        self.count.send_replace(sessions.by_token.len());
        let seat = Seat {
            registry: Arc::clone(self),
            token,
            number: sessions.number,
        };
        Ok((seat, newcomers))
    }

    /// The way into a session.
    pub(crate) fn find(&self, token: &str) -> Option<mpsc::Sender<Newcomer>> {
        self.lock().by_token.get(token).cloned()
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().by_token.len()
    }

    /// Waits until there is none.
    pub(crate) async fn empty(&self) {
        // Fails only where the sender is gone, and it is in `self`.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut sessions = self.registry.lock();
        sessions.by_token.remove(&self.token);
        self.registry.count.send_replace(sessions.by_token.len());
    }
}

/// 128 random bits in hex; `None` where the system has none.
pub(crate) fn random_token() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().fold(String::new(), |mut text, byte| {
        // A `String` takes all.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
