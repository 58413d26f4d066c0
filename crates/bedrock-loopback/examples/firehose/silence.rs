//! How long no speech came, over all calls together: what a renewal sounds like to who listens.

use std::io::stdin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Frames of this many bytes are speech; nothing else that the benches send is so long.
const SPEECH: usize = 2_000;

#[derive(Clone, Default)]
pub(crate) struct Silence(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    last: Option<Instant>,
    longest: Duration,
}

impl Silence {
    /// A whole frame came.
    pub(crate) fn heard(&self, length: usize) {
        if length < SPEECH {
            return;
        }
        let now = Instant::now();
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = heard.last.replace(now).map(|last| now - last);
        heard.longest = heard.longest.max(since.unwrap_or_default());
    }

    /// Prints the longest silence for each line that is read.
    pub(crate) fn report(&self) {
        let heard = Arc::clone(&self.0);
        std::thread::spawn(move || {
            for _ in stdin().lines() {
                let longest = heard.lock().unwrap_or_else(PoisonError::into_inner).longest;
                let longest = longest.as_secs_f64() * 1e3;
                println!("{}", serde_json::json!({"silence_ms": longest}));
            }
        });
    }
}
