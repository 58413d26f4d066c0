//! Our client as a child process: `xtask/probe` plays the checks that it is given, and says how each went.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::line::Lines;
use super::server::Address;
use crate::failure::Failure;
use crate::peers;

/// Batches of a session, and events in each, as the probe plays it.
const BATCHES: usize = 10;
const IN_BATCH: usize = 100;
/// PCM bytes of an event: 32 ms at 16 kHz.
pub(crate) const USUAL_PCM: usize = 1024;

/// What the probe is to do.
pub(crate) struct Exam<'a> {
    pub(crate) address: &'a Address,
    pub(crate) url: String,
    /// A proxy to go through.
    pub(crate) proxy: Option<String>,
    /// `host:port` in place of the URL's.
    pub(crate) connect_to: Option<String>,
    /// PING after so many seconds of silence.
    pub(crate) ping_seconds: Option<u64>,
    /// The longest silence of the server; the probe's own where absent.
    pub(crate) silence_seconds: Option<u64>,
    pub(crate) pcm_bytes: usize,
    /// How long one check may take.
    pub(crate) patience: Duration,
    /// Names that the probe knows.
    pub(crate) checks: Vec<Value>,
}

impl<'a> Exam<'a> {
    /// Straight to the server.
    pub(crate) fn of(address: &'a Address, checks: Vec<Value>) -> Self {
        Self {
            address,
            url: address.url.clone(),
            proxy: None,
            connect_to: None,
            ping_seconds: None,
            silence_seconds: None,
            pcm_bytes: USUAL_PCM,
            patience: Duration::from_secs(30),
            checks,
        }
    }
}

/// What the probe says of a check.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Answer {
    /// Whether the call went as it goes with a server that does nothing wrong.
    pub(crate) ok: bool,
    pub(crate) detail: String,
    /// The status of the response head, if one came.
    pub(crate) status: Option<u16>,
    /// How the call ended for the transport.
    pub(crate) transport: Option<String>,
    /// What the client made of it: `complete`, `incomplete`, `failed`.
    pub(crate) outcome: Option<String>,
    /// How long the sender waited for windows and socket.
    pub(crate) stalled_ms: Option<u64>,
    pub(crate) took_ms: Option<u64>,
}

/// The program.
pub(crate) struct Probe {
    path: PathBuf,
    /// What runs it: `ip netns exec NAME`, or nothing.
    within: Vec<String>,
}

impl Probe {
    /// The one that was built with `bedrock`.
    pub(crate) fn beside(bedrock: &Path) -> Self {
        Self {
            path: bedrock.with_file_name("probe"),
            within: Vec::new(),
        }
    }

    /// The same, run by another program.
    pub(crate) fn within(self, command: &[&str]) -> Self {
        let within = command.iter().map(|word| (*word).to_owned()).collect();
        Self { within, ..self }
    }

    /// Starts it; each check is a line. `name` is that of its files under target/peers.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(&self, name: &str, exam: &Exam<'_>) -> Result<Lines, Failure> {
        let file = peers::folder().join(format!("{name}.exam.json"));
        let arguments = json!({
            "url": exam.url,
            "ca_file": exam.address.ca_file,
            "region": exam.address.region,
            "access_key_id": exam.address.access_key_id,
            "secret_access_key": exam.address.secret_access_key,
            "proxy": exam.proxy,
            "connect_to": exam.connect_to,
            "ping_seconds": exam.ping_seconds,
            "silence_seconds": exam.silence_seconds,
            "pcm_bytes": exam.pcm_bytes,
            "seconds": exam.patience.as_secs(),
            "checks": exam.checks,
        });
        fs::write(&file, arguments.to_string()).map_err(|e| Failure::at(&file, "write", e))?;
        let mut words = self.within.iter().map(String::as_str);
        let mut command = match words.next() {
            Some(program) => {
                let mut command = Command::new(program);
                command.args(words).arg(&self.path);
                command
            }
            None => Command::new(&self.path),
        };
        command.arg(&file);
        Lines::start(&format!("{name}.probe"), command)
    }

    /// Plays all checks of an exam.
    ///
    /// # Errors
    /// When it cannot be started, or ends before its last check.
    pub(crate) fn play(&self, name: &str, exam: &Exam<'_>) -> Result<Vec<Answer>, Failure> {
        let mut lines = self.start(name, exam)?;
        exam.checks
            .iter()
            .map(|_| next(&mut lines, exam.patience))
            .collect()
    }
}

/// The answer to the next check.
///
/// # Errors
/// When there is none in time.
pub(crate) fn next(lines: &mut Lines, patience: Duration) -> Result<Answer, Failure> {
    // It keeps to its patience by itself; this is for a probe that hangs.
    let line = lines.next(patience + Duration::from_secs(10))?;
    let line = line.ok_or_else(|| Failure::new(format!("probe ended: {}", lines.last_words())))?;
    Answer::deserialize(&line).map_err(|e| Failure::new(format!("probe printed {line}: {e}")))
}

/// Writes the loopback's side of a session: each text of the probe is answered with a batch of numbered events.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write_scenario(path: &Path, pcm_bytes: usize) -> Result<(), Failure> {
    let audio = |event: usize| {
        let mut pcm = u32::try_from(event)
            .unwrap_or(u32::MAX)
            .to_be_bytes()
            .to_vec();
        pcm.resize(pcm_bytes.max(pcm.len()), 0);
        let content = STANDARD.encode(pcm);
        json!({"event": {"audioOutput": {"contentId": "probe", "role": "ASSISTANT", "content": content}}})
    };
    let steps: Vec<Value> = (0..BATCHES)
        .map(|batch| {
            let events = batch * IN_BATCH..(batch + 1) * IN_BATCH;
            let send: Vec<Value> = events.map(audio).collect();
            json!({"when": "text", "contains": format!("batch {batch}"), "send": send})
        })
        .collect();
    let scenario = json!({"sonic": steps});
    fs::write(path, scenario.to_string()).map_err(|e| Failure::at(path, "write", e))
}
