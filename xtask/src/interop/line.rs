//! A child process that speaks in JSON lines on its standard output.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::failure::Failure;
use crate::{peers, workspace};

/// The process; it is killed when dropped. Its standard error goes to a file.
pub(crate) struct Lines {
    shown: String,
    child: Child,
    received: Receiver<String>,
    errors: PathBuf,
}

impl Lines {
    /// Starts it; `name` is that of the file under target/peers with its standard error.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(name: &str, command: Command) -> Result<Self, Failure> {
        let shown = workspace::show(&command);
        let errors = peers::folder().join(format!("{name}.log"));
        let log = File::create(&errors).map_err(|e| Failure::at(&errors, "create", e))?;
        let mut child = killed_with_us(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|e| Failure::new(format!("`{shown}` did not start: {e}")))?;
        let output = child.stdout.take();
        let (sender, received) = channel();
        thread::spawn(move || {
            for line in output
                .into_iter()
                .flat_map(|o| BufReader::new(o).lines())
                .map_while(Result::ok)
            {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            shown,
            child,
            received,
            errors,
        })
    }

    /// The next line; `None` where the process has closed its output.
    ///
    /// # Errors
    /// When none comes within `patience`, or when it is not JSON.
    pub(crate) fn next(&mut self, patience: Duration) -> Result<Option<Value>, Failure> {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        match self.received.recv_timeout(patience) {
            Ok(line) => serde_json::from_str(&line)
                .map(Some)
                .map_err(|e| Failure::new(format!("`{}` printed {line:?}: {e}", self.shown))),
            Err(Disconnected) => Ok(None),
            Err(Timeout) => Err(Failure::new(format!(
                "`{}` said nothing for {patience:?}",
                self.shown
            ))),
        }
    }

    /// Asks it to end, as Ctrl-C does.
    ///
    /// # Errors
    /// When there is no `kill`, or no process.
    pub(crate) fn interrupt(&self) -> Result<(), Failure> {
        let id = self.child.id().to_string();
        workspace::capture(Command::new("kill").args(["-INT", &id])).map(drop)
    }

    /// The end of its standard error, for the message of a failure.
    pub(crate) fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.errors).unwrap_or_default();
        let mut last: Vec<&str> = text
            .lines()
            .rev()
            .filter(|l| !l.trim().is_empty())
            .take(3)
            .collect();
        last.reverse();
        last.join(" / ")
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The command under `setpriv` where there is one, so that the kernel ends it when this process dies, however it dies.
pub(crate) fn killed_with_us(command: Command) -> Command {
    if cfg!(not(target_os = "linux")) {
        return command;
    }
    let mut outer = Command::new("setpriv");
    outer.args(["--pdeathsig", "KILL", "--"]);
    outer.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    outer
}
