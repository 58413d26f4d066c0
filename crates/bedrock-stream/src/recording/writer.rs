//! The file of a recording: one line a write, so that what a crash leaves can be read.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::VERSION;
use super::call::CallRecord;
use super::keep::Keep;

/// A recording that is being made. Clones write to the same file; the last to be dropped closes it, unless [`close`](Self::close) did.
#[derive(Clone)]
pub struct Recording(Arc<Inner>);

struct Inner {
    out: Mutex<Out>,
    started: Instant,
    keep: Keep,
    calls: AtomicU64,
}

struct Out {
    writer: Box<dyn Write + Send>,
    closed: bool,
    failed: Option<std::io::Error>,
}

impl Recording {
    /// Begins a recording in a new file, which only its owner may read. A file of this name is replaced.
    ///
    /// # Errors
    /// Where the file cannot be made.
    pub fn create(path: impl AsRef<Path>, keep: Keep) -> std::io::Result<Self> {
        Self::to(create(path.as_ref())?, keep)
    }

    /// Begins a recording in anything that takes bytes. It is written to and flushed once a line.
    ///
    /// # Errors
    /// Where the first line cannot be written.
    pub fn to(writer: impl Write + Send + 'static, keep: Keep) -> std::io::Result<Self> {
        let mut writer: Box<dyn Write + Send> = Box::new(writer);
        let kept = json!({ "audio": keep.audio, "text": keep.text });
        let by = concat!("bedrock-stream ", env!("CARGO_PKG_VERSION"));
        // By hand, so that the member by which readers know the format comes first.
        let head = format!("{{\"recording\":{VERSION},\"by\":\"{by}\",\"kept\":{kept}}}\n");
        writer.write_all(head.as_bytes())?;
        writer.flush()?;
        Ok(Self(Arc::new(Inner {
            out: Mutex::new(Out {
                writer,
                closed: false,
                failed: None,
            }),
            started: Instant::now(),
            keep,
            calls: AtomicU64::new(0),
        })))
    }

    /// Begins a call, for those who carry its bytes in another way than by a [`Recorder`](super::Recorder).
    #[must_use]
    pub fn call(&self, head: &http::Request<()>) -> CallRecord {
        let number = self.0.calls.fetch_add(1, Ordering::Relaxed) + 1;
        CallRecord::begin(self.clone(), number, head)
    }

    /// Closes it now, for programs that end while a task may still hold it. What is told later is not written.
    pub fn close(&self) {
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.close();
    }

    /// What is kept of what is said.
    #[must_use]
    pub fn keep(&self) -> Keep {
        self.0.keep
    }

    /// Why nothing more is written, if so. A call goes on where its recording cannot.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        let out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.failed.as_ref().map(ToString::to_string)
    }

    /// The time since the recording began.
    pub(super) fn now(&self) -> Duration {
        self.0.started.elapsed()
    }

    pub(super) fn write(&self, line: &Value) {
        self.0
            .out
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .line(line);
    }
}

impl Out {
    fn line(&mut self, line: &Value) {
        if self.closed || self.failed.is_some() {
            return;
        }
        let mut text = line.to_string();
        text.push('\n');
        let written = self
            .writer
            .write_all(text.as_bytes())
            .and_then(|()| self.writer.flush());
        self.failed = written.err();
    }

    fn close(&mut self) {
        self.line(&json!({ "closed": true }));
        self.closed = true;
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let out = self.out.get_mut().unwrap_or_else(PoisonError::into_inner);
        out.close();
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("keep", &self.0.keep)
            .finish_non_exhaustive()
    }
}

fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_recording_ends_with_that_whoever_still_holds_it() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let recording = Recording::to(Shared(Arc::clone(&written)), Keep::NOTHING).unwrap();
        let call = recording.call(&http::Request::new(()));
        recording.close();
        call.sent(b"late");
        drop((call, recording));
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert!(text.ends_with("{\"closed\":true}\n"), "{text}");
        assert_eq!(text.matches("closed").count(), 1, "{text}");
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
