//! The bad link between the namespaces: `xtask/peers/python/tun_relay.py`.

use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::namespaces::Namespaces;
use crate::failure::Failure;
use crate::interop::line::Lines;
use crate::peers;

/// How bad it is.
pub(super) struct Plan {
    /// In each direction.
    pub(super) delay_ms: u32,
    /// Of the packets, in each direction.
    pub(super) loss: f64,
    pub(super) bits_per_second: u32,
    /// Bytes that wait for the link; what is more is dropped.
    pub(super) queue_bytes: u32,
    /// It goes down when so many bytes have passed.
    pub(super) down_after_bytes: u32,
    pub(super) down_seconds: u32,
    pub(super) seed: u64,
}

/// Packets of both directions.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Figures {
    pub(super) passed: u64,
    pub(super) lost: u64,
    pub(super) overflowed: u64,
    /// Dropped while the link was down.
    pub(super) down: u64,
    /// `up`, `down`, `up again`.
    pub(super) link: String,
}

/// The running relay; the link is gone when it is dropped.
pub(super) struct Relay(Lines);

impl Relay {
    /// Starts it between the namespaces.
    ///
    /// # Errors
    /// When it cannot make its devices.
    pub(super) fn start(plan: &Plan, namespaces: &Namespaces) -> Result<Self, Failure> {
        let devices = [&namespaces.client.device, &namespaces.server.device];
        let arguments = json!({
            "devices": devices,
            "delay_ms": plan.delay_ms,
            "loss": plan.loss,
            "bits_per_second": plan.bits_per_second,
            "queue_bytes": plan.queue_bytes,
            "down_after_bytes": plan.down_after_bytes,
            "down_seconds": plan.down_seconds,
            "seed": plan.seed,
        });
        let mut python = Command::new("python3");
        python
            .arg("-B")
            .arg(peers::sources().join("python/tun_relay.py"));
        python.arg(arguments.to_string());
        let mut lines = Lines::start("tun-relay", python)?;
        if lines.next(Duration::from_secs(30))?.is_none() {
            return Err(Failure::new(format!(
                "the relay ended: {}",
                lines.last_words()
            )));
        }
        namespaces.join()?;
        Ok(Self(lines))
    }

    /// The last figures: it prints none where nothing moves any more.
    ///
    /// # Errors
    /// When it prints something else.
    pub(super) fn figures(&mut self) -> Result<Figures, Failure> {
        let mut last = Figures::default();
        while let Ok(Some(line)) = self.0.next(Duration::from_millis(500)) {
            last = Figures::deserialize(&line)
                .map_err(|e| Failure::new(format!("the relay printed {line}: {e}")))?;
        }
        Ok(last)
    }
}
