//! A client or a server as a child process, and what the kernel says that it took.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::failure::Failure;
use crate::workspace;

/// What one turn of a contender took.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// Of the client, user and system.
    pub(super) cpu: Duration,
    /// Of the server meanwhile.
    pub(super) server_cpu: Duration,
    pub(super) wall: Duration,
    /// The client's at its highest, in KiB.
    pub(super) peak: u64,
    /// By how much the client grew, in KiB.
    pub(super) growth: u64,
    /// What the client itself has found.
    pub(super) detail: Value,
    /// Events in all calls together.
    pub(super) events: usize,
    pub(super) calls: usize,
}

/// A child that is talked to line by line. Dropped, it is ended.
pub(super) struct Process {
    shown: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts a program.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(mut command: Command) -> Result<Self, Failure> {
        let shown = workspace::show(&command);
        let failed = |what: &str| Failure::new(format!("`{shown}` {what}"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| failed(&format!("did not start: {e}")))?;
        let input = child.stdin.take().ok_or_else(|| failed("has no input"))?;
        let output = child.stdout.take().ok_or_else(|| failed("has no output"))?;
        Ok(Self {
            output: BufReader::new(output),
            shown,
            child,
            input,
        })
    }

    /// Keeps all its threads on the first core.
    ///
    /// # Errors
    /// When util-linux is not here, or may not.
    pub(super) fn stay_on_first_core(&self) -> Result<(), Failure> {
        let pid = self.child.id().to_string();
        let mut taskset = Command::new("taskset");
        taskset.args(["--all-tasks", "--cpu-list", "--pid", "0", &pid]);
        workspace::capture(&mut taskset).map(drop)
    }

    /// The next line, as JSON.
    ///
    /// # Errors
    /// When the process ends first, or prints something else.
    pub(super) fn line(&mut self) -> Result<Value, Failure> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        read.ok()
            .and_then(|_| serde_json::from_str(&line).ok())
            .ok_or_else(|| Failure::new(format!("`{}` ended or printed {line:?}", self.shown)))
    }

    /// Lets the process go on.
    ///
    /// # Errors
    /// When it has ended.
    pub(super) fn go(&mut self) -> Result<(), Failure> {
        let sent = writeln!(self.input).and_then(|()| self.input.flush());
        sent.map_err(|e| Failure::new(format!("`{}`: {e}", self.shown)))
    }

    /// CPU time of all its threads so far.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub(super) fn cpu(&self) -> Result<Duration, Failure> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let threads = fs::read_dir(&tasks).map_err(|e| Failure::new(format!("{tasks}: {e}")))?;
        let nanos = threads.flatten().filter_map(|thread| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Ok(Duration::from_nanos(nanos.sum()))
    }

    /// A field of `/proc/PID/status`, in KiB.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub(super) fn memory(&self, field: &str) -> Result<u64, Failure> {
        let status = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&status).unwrap_or_default();
        text.lines()
            .find_map(|line| {
                line.strip_prefix(field)?
                    .strip_prefix(':')?
                    .split_whitespace()
                    .next()?
                    .parse()
                    .ok()
            })
            .ok_or_else(|| Failure::new(format!("{status} has no {field}")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
