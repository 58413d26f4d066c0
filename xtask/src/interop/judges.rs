//! Our client against servers that others wrote: they decode and re-compute every signature with code of their own.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::certificate;
use super::finding::{Finding, Verdict};
use super::line::Lines;
use super::server::{Address, first_line};
use super::session::MODEL;
use crate::failure::Failure;
use crate::peers::{self, Environment, Peer};
use crate::workspace;

/// A server that judges its clients.
pub(super) struct Judge {
    pub(super) name: &'static str,
    program: fn() -> Result<Peer, Failure>,
}

/// Every judge.
pub(super) const ALL: &[Judge] = &[
    Judge {
        name: "node-server",
        program: || peers::node("judge-server.mjs"),
    },
    Judge {
        name: "python-server",
        program: || peers::python(Environment::Boto3, "judge_server.py"),
    },
];

const SESSION: &str = "our spoken session";
const WRONG_SECRET: &str = "our client with a wrong secret";

impl Judge {
    /// Runs `bedrock sonic` against it.
    ///
    /// # Errors
    /// When the server cannot be installed or started.
    pub(super) fn run(&self, bedrock: &Path) -> Result<Vec<Finding>, Failure> {
        let peer = (self.program)()?;
        peers::refuse_in_ci(self.name, &peer)?;
        let mut command = match peer {
            Peer::Ready(command) => command,
            Peer::Missing(what) => {
                let skipped = |check| self.finding(check, Verdict::Skipped(what.clone()));
                return Ok([SESSION, WRONG_SECRET].map(skipped).into());
            }
        };
        let made = certificate::make(&peers::folder().join("certificate"))?;
        command.arg(&made.chain).arg(&made.key).arg(&made.authority);
        let mut lines = Lines::start(self.name, command)?;
        let address = first_line(self.name, &mut lines)?;
        Ok(vec![
            self.session(bedrock, &address, &mut lines)?,
            self.wrong_secret(bedrock, &address, &mut lines)?,
        ])
    }

    /// A whole session: the server must have found every signature right, and our client must have got the reply.
    fn session(
        &self,
        bedrock: &Path,
        address: &Address,
        lines: &mut Lines,
    ) -> Result<Finding, Failure> {
        let reply = peers::folder().join(format!("{}.wav", self.name));
        drop(std::fs::remove_file(&reply));
        let mut sonic = sonic(bedrock, address, &address.secret_access_key);
        sonic.arg("--out").arg(&reply);
        let client = workspace::capture(&mut sonic);
        let seen = report(lines)?;
        let written = std::fs::metadata(&reply).map_or(0, |m| m.len());
        let complete = seen.get("complete") == Some(&Value::Bool(true));
        let frames = seen
            .get("frames")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        Ok(self.finding(
            SESSION,
            match client {
                Ok(_) if complete && written > 44 => Verdict::Passed(format!(
                    "{frames} signatures re-computed, {written} bytes of reply"
                )),
                Ok(_) => {
                    Verdict::Failed(format!("the server saw {seen}; {written} bytes of reply"))
                }
                Err(failure) => Verdict::Failed(format!("{failure}; the server saw {seen}")),
            },
        ))
    }

    /// The server must refuse, and our client must say so.
    fn wrong_secret(
        &self,
        bedrock: &Path,
        address: &Address,
        lines: &mut Lines,
    ) -> Result<Finding, Failure> {
        let client = workspace::capture(&mut sonic(bedrock, address, "another secret"));
        let seen = report(lines)?;
        let refused = seen.get("refused").is_some();
        Ok(self.finding(
            WRONG_SECRET,
            match client {
                Ok(_) => Verdict::Failed("our client says that all went well".to_owned()),
                Err(failure)
                    if refused && failure.to_string().contains("InvalidSignatureException") =>
                {
                    Verdict::Passed("refused, and said so".to_owned())
                }
                Err(failure) => Verdict::Failed(format!("{failure}; the server saw {seen}")),
            },
        ))
    }

    fn finding(&self, check: &str, verdict: Verdict) -> Finding {
        Finding {
            peer: self.name,
            check: check.to_owned(),
            verdict,
        }
    }
}

/// `bedrock sonic` as a user would point it at a server.
fn sonic(bedrock: &Path, address: &Address, secret: &str) -> Command {
    let mut command = Command::new(bedrock);
    command.current_dir(workspace::root());
    command.args([
        "sonic",
        "--fast",
        "--json",
        "--model",
        MODEL,
        "--region",
        &address.region,
    ]);
    command
        .args(["--endpoint-url", &address.url])
        .arg("--ca-file")
        .arg(&address.ca_file);
    command.arg("fixtures/audio/question.wav");
    command
        .env("AWS_ACCESS_KEY_ID", &address.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", secret);
    command
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE");
    command
}

/// What the server says of a call when it is over.
fn report(lines: &mut Lines) -> Result<Value, Failure> {
    let report = lines.next(Duration::from_secs(30))?;
    report.ok_or_else(|| Failure::new(format!("the server ended: {}", lines.last_words())))
}
