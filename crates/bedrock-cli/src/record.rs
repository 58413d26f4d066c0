//! `--record`: a command's calls, taken down in a file that `bedrock replay` serves again.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use bedrock_loopback::{ResponseEnd, Traffic};
use bedrock_stream::recording::{CallRecord, End, Keep, Recording};
use h2_duplex::ErrorCode;

/// The options of every command whose calls can be recorded.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Recording")]
pub(crate) struct RecordArgs {
    /// Record every call into this file (docs/recording.md), without credentials, signatures, speech and text
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Keep speech in the recording; else it is silence of the same length
    #[arg(long, requires = "record")]
    record_audio: bool,
    /// Keep text, documents, pictures and tools in the recording; else they are letters x of the same length
    #[arg(long, requires = "record")]
    record_text: bool,
    #[arg(skip)]
    started: OnceLock<Recording>,
}

impl RecordArgs {
    /// The recording, if one was asked for.
    ///
    /// # Errors
    /// Where the file cannot be made.
    pub(crate) fn start(&self) -> Result<Option<Recording>, String> {
        let Some(path) = &self.record else {
            return Ok(None);
        };
        let keep = Keep::NOTHING
            .audio(self.record_audio)
            .text(self.record_text);
        let failed = |error: io::Error| format!("--record {}: {error}", path.display());
        let file = Watched {
            file: create(path).map_err(failed)?,
            path: path.clone(),
        };
        let recording = Recording::to(file, keep).map_err(failed)?;
        Ok(Some(self.started.get_or_init(|| recording).clone()))
    }
}

/// The command is over; a task that nobody waits for may still hold its end of a call.
impl Drop for RecordArgs {
    fn drop(&mut self) {
        if let Some(recording) = self.started.get() {
            recording.close();
        }
    }
}

/// Takes down what a loopback tells of its calls.
pub(crate) fn tap(recording: Recording) -> impl Fn(u64, &Traffic<'_>) + Send + Sync + 'static {
    let calls: Mutex<HashMap<u64, CallRecord>> = Mutex::default();
    move |number, traffic| {
        let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Traffic::RequestHead(head) = traffic {
            let head = http::Request::from_parts((*head).clone(), ());
            calls.insert(number, recording.call(&head));
            return;
        }
        let Some(call) = calls.get(&number) else {
            return;
        };
        match traffic {
            Traffic::RequestBytes(bytes) => call.sent(bytes),
            Traffic::RequestEnd => call.sent_all(&End::Clean),
            Traffic::ResponseHead(head) => call.answered(&(*head).clone().into_parts().0),
            Traffic::ResponseBytes(bytes) => call.received(bytes),
            Traffic::ResponseEnd(how) => {
                call.received_all(&end(*how));
                calls.remove(&number);
            }
            _ => {}
        }
    }
}

fn end(how: ResponseEnd) -> End {
    match how {
        ResponseEnd::Clean => End::Clean,
        ResponseEnd::Reset(code) => End::Reset(ErrorCode(code)),
        ResponseEnd::Lost => End::Lost,
        _ => End::Dropped,
    }
}

/// A file whose first failure is told: the calls go on without their recording.
struct Watched {
    file: File,
    path: PathBuf,
}

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).inspect_err(|error| {
            let path = self.path.display();
            eprintln!("bedrock: --record {path}: {error}; the recording ends here");
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that only its owner may read: what it holds may be private.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
