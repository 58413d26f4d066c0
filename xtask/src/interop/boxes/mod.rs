//! Our client behind middle boxes: programs of others between it and the loopback, and what they make of a call's end.
//!
//! A box in front of the service speaks HTTP/2 on both sides and may change endings; a proxy passes bytes. What each makes of
//! each ending is written down in `xtask/peers/boxes.json`: a change in either direction fails.

mod endings;
mod golden;
mod haproxy;
mod microsocks;
mod nghttpx;
mod nginx;
mod process;
mod tinyproxy;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::certificate::{self, TlsFiles};
use super::finding::{Finding, Verdict};
use super::probe::{self, Exam, Probe};
use super::server::{Address, Server};
use crate::failure::Failure;
use crate::peers::{self, Peer};
use endings::{ALL as ENDINGS, Ending, Play};
pub(super) use golden::Golden;
use process::Process;

/// A program of somebody's that stands between client and server.
pub(super) struct MiddleBox {
    pub(super) name: &'static str,
    /// Its program and Debian package.
    program: &'static str,
    package: &'static str,
    /// What it is asked for its version with; empty where it does not say.
    version: &'static str,
    place: Place,
    /// Writes its configuration and says how it is started.
    command: fn(&Setup<'_>) -> Result<Command, Failure>,
}

/// Where it stands.
#[derive(Clone, Copy)]
enum Place {
    /// It is the server that the client sees.
    Front,
    /// The client asks it for a connection, by a URI of this scheme.
    Proxy(&'static str),
}

/// What a configuration is made of.
struct Setup<'a> {
    program: &'a Path,
    /// Files go here.
    folder: &'a Path,
    /// Where it listens, on 127.0.0.1.
    port: u16,
    tls: &'a TlsFiles,
    /// Where the loopback listens, on 127.0.0.1, and whose certificate it shows.
    upstream: u16,
    upstream_ca: &'a Path,
}

/// Every box.
pub(super) const ALL: &[MiddleBox] = &[
    haproxy::BOX,
    nghttpx::BOX,
    nginx::BOX,
    tinyproxy::BOX,
    microsocks::BOX,
];

/// The row of a client that calls the loopback itself.
pub(super) const NONE: &str = "no box";

/// Servers of every ending, for all boxes.
pub(super) struct Loopbacks(Vec<(Ending, Server)>);

impl Loopbacks {
    /// Starts them.
    ///
    /// # Errors
    /// When one does not start.
    pub(super) fn start(bedrock: &Path) -> Result<Self, Failure> {
        peers::create(&peers::folder())?;
        let scenario = peers::folder().join("batches.json");
        probe::write_scenario(&scenario, probe::USUAL_PCM)?;
        let start = |(number, ending): (usize, &Ending)| {
            let mut command = Command::new(bedrock);
            let folder = peers::folder().join(format!("serve-{number}"));
            command.args(["serve", "--json", "--tls-dir"]).arg(folder);
            command.arg("--scenario").arg(&scenario);
            for fault in ending.faults {
                command.args(["--fault", fault]);
            }
            let server = Server::of(&format!("bedrock-serve-{number}"), command)?;
            Ok((*ending, server))
        };
        let started: Result<_, Failure> = ENDINGS.iter().enumerate().map(start).collect();
        started.map(Self)
    }

    /// What each ending is without a box: this is what the boxes are given.
    ///
    /// # Errors
    /// When the probe cannot be run.
    pub(super) fn run(&self, probe: &Probe, golden: &mut Golden) -> Result<Vec<Finding>, Failure> {
        let mut findings = Vec::new();
        for (ending, server) in &self.0 {
            let exam = exam(&server.address, ending);
            findings.extend(judge(NONE, ending, probe, &exam, golden)?);
        }
        Ok(findings)
    }
}

impl MiddleBox {
    /// Plays every ending through it.
    ///
    /// # Errors
    /// When it does not start, or is missing in CI.
    pub(super) fn run(
        &self,
        loopbacks: &Loopbacks,
        probe: &Probe,
        golden: &mut Golden,
    ) -> Result<Vec<Finding>, Failure> {
        let Some(program) = find(self.program) else {
            let missing = format!(
                "{} is not installed (Debian: {})",
                self.program, self.package
            );
            peers::refuse_in_ci(self.name, &Peer::Missing(missing.clone()))?;
            let all = ENDINGS.iter().flat_map(|ending| ending.plays);
            let skip =
                |play: &Play| finding(self.name, play.name, Verdict::Skipped(missing.clone()));
            return Ok(all.map(skip).collect());
        };
        golden.begin(self.name, self.version(&program));
        let folder = peers::folder().join(self.name);
        peers::create(&folder)?;
        let tls = certificate::make(&peers::folder().join("certificate"))?;
        let mut findings = Vec::new();
        for (ending, server) in &loopbacks.0 {
            let port = process::free_port()?;
            let setup = Setup {
                program: &program,
                folder: &folder,
                port,
                tls: &tls,
                upstream: server.address.port()?,
                upstream_ca: &server.address.ca_file,
            };
            let _running = Process::start(self.name, (self.command)(&setup)?, port)?;
            let front = Address {
                url: format!("https://127.0.0.1:{port}"),
                ca_file: tls.authority.clone(),
                ..server.address.clone()
            };
            let exam = match self.place {
                Place::Front => exam(&front, ending),
                Place::Proxy(scheme) => Exam {
                    proxy: Some(format!("{scheme}://127.0.0.1:{port}")),
                    ..exam(&server.address, ending)
                },
            };
            findings.extend(judge(self.name, ending, probe, &exam, golden)?);
        }
        Ok(findings)
    }

    /// The first `1.2.3` that it prints.
    fn version(&self, program: &Path) -> String {
        if self.version.is_empty() {
            return String::new();
        }
        let output = Command::new(program).arg(self.version).output();
        let said = output.map(|output| [output.stdout, output.stderr].concat());
        let said = String::from_utf8_lossy(&said.unwrap_or_default()).into_owned();
        let mut numbers = said.split(|c: char| !c.is_ascii_digit() && c != '.');
        let version = numbers.find(|word| word.matches('.').count() >= 2);
        version.unwrap_or_default().to_owned()
    }
}

fn exam<'a>(address: &'a Address, ending: &Ending) -> Exam<'a> {
    Exam {
        silence_seconds: ending.silence_seconds,
        ..Exam::of(address, ending.checks())
    }
}

/// Plays an ending and compares it with what is written down.
fn judge(
    name: &'static str,
    ending: &Ending,
    probe: &Probe,
    exam: &Exam<'_>,
    golden: &mut Golden,
) -> Result<Vec<Finding>, Failure> {
    let answers = probe.play(name, exam)?;
    let plays = ending.plays.iter().zip(answers);
    let judged = plays.map(|(play, answer)| {
        let verdict = match play.wrong(&answer) {
            Some(wrong) => Verdict::Failed(wrong),
            None => golden.compare(name, play.name, &answer),
        };
        finding(name, play.name, verdict)
    });
    Ok(judged.collect())
}

fn finding(peer: &'static str, check: &str, verdict: Verdict) -> Finding {
    Finding {
        peer,
        check: check.to_owned(),
        verdict,
    }
}

/// The program on the path, or where Debian keeps servers.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
