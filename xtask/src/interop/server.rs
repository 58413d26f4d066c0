//! `bedrock serve --json` as a child process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use super::line::Lines;
use crate::failure::Failure;
use crate::{peers, workspace};

/// Where a local Bedrock listens and whom it lets in: the one line that `bedrock serve --json` prints.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) ca_file: PathBuf,
    pub(crate) region: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

impl Address {
    /// The port of its URL.
    ///
    /// # Errors
    /// When it has none.
    pub(crate) fn port(&self) -> Result<u16, Failure> {
        let port = self.url.rsplit(':').next();
        port.and_then(|port| port.parse().ok())
            .ok_or_else(|| Failure::new(format!("no port in {}", self.url)))
    }
}

/// A server that runs as long as this lives.
pub(crate) struct Server {
    pub(crate) address: Address,
    /// Holds the process, which ends with it.
    lines: Lines,
}

/// Builds the command line tool, and the probe beside it; gives the tool's path.
///
/// # Errors
/// When it does not build.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--locked"]);
    build.args(["--package", "bedrock-cli", "--package", "probe"]);
    workspace::capture(&mut build)?;
    Ok(workspace::root().join("target/debug/bedrock"))
}

/// Whether it can be told to do something wrong.
///
/// # Errors
/// When it cannot be asked.
pub(crate) fn takes_faults(bedrock: &Path) -> Result<bool, Failure> {
    let help = workspace::capture(Command::new(bedrock).args(["serve", "--help"]))?;
    Ok(help.contains("--fault"))
}

impl Server {
    /// Starts one that does these things wrong, and waits until it listens.
    ///
    /// # Errors
    /// When it does not start or says nothing sensible.
    pub(crate) fn start(
        bedrock: &Path,
        faults: &[&str],
        scenario: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut command = serve(bedrock, scenario);
        for fault in faults {
            command.args(["--fault", fault]);
        }
        Self::of("bedrock-serve", command)
    }

    /// Starts one that takes its calls down in `file`, texts included.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(super) fn start_recording(
        bedrock: &Path,
        scenario: &str,
        file: &Path,
    ) -> Result<Self, Failure> {
        let mut command = serve(bedrock, Some(scenario));
        command.arg("--record-text").arg("--record").arg(file);
        Self::of("bedrock-serve", command)
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// When it cannot be asked, or does not.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        self.lines.interrupt()?;
        match self.lines.next(Duration::from_secs(10))? {
            None => Ok(()),
            Some(line) => Err(Failure::new(format!("bedrock serve ended with {line}"))),
        }
    }

    /// Any program that prints such a line first.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(crate) fn of(name: &str, command: Command) -> Result<Self, Failure> {
        let mut lines = Lines::start(name, command)?;
        let address = first_line(name, &mut lines)?;
        Ok(Self { address, lines })
    }
}

fn serve(bedrock: &Path, scenario: Option<&str>) -> Command {
    let mut command = Command::new(bedrock);
    command
        .args(["serve", "--json", "--tls-dir"])
        .arg(peers::folder().join("serve"));
    if let Some(scenario) = scenario {
        command
            .arg("--scenario")
            .arg(workspace::root().join(scenario));
    }
    command
}

/// Reads the address that a server prints when it listens.
///
/// # Errors
/// When it prints something else or nothing.
pub(crate) fn first_line(name: &str, lines: &mut Lines) -> Result<Address, Failure> {
    let line = lines.next(Duration::from_secs(30))?;
    let line = line.ok_or_else(|| Failure::new(format!("{name} ended: {}", lines.last_words())))?;
    Address::deserialize(&line).map_err(|e| Failure::new(format!("{name} printed {line}: {e}")))
}
