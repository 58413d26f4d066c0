//! Official SDKs, unmodified, as clients of `bedrock serve`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::certificate;
use super::finding::{Finding, Verdict};
use super::line::Lines;
use super::server::{Address, Server};
use super::session::{MODEL, Session};
use crate::failure::Failure;
use crate::peers::{self, Environment, Peer};
use crate::workspace;

/// An SDK.
pub(super) struct SdkClient {
    pub(super) name: &'static str,
    program: fn() -> Result<Peer, Failure>,
    checks: &'static [&'static str],
}

const SPOKEN: &str = "spoken session";
const DUPLEX: &[&str] = &[SPOKEN, "exception in the stream", "wrong secret"];

/// Every SDK that has the duplex operation.
pub(super) const ALL: &[SdkClient] = &[
    SdkClient {
        name: "rust-sdk",
        program: || peers::rust("peer-aws-sdk"),
        checks: DUPLEX,
    },
    SdkClient {
        name: "js-sdk",
        program: || peers::node("sdk-client.mjs"),
        checks: DUPLEX,
    },
    SdkClient {
        name: "python-sdk",
        program: || peers::python(Environment::Sdk, "sdk_client.py"),
        checks: DUPLEX,
    },
];

/// Longer than a program gives one of its checks.
const PATIENCE: Duration = Duration::from_secs(90);

impl SdkClient {
    /// Runs its checks against a server of their own.
    ///
    /// # Errors
    /// When the SDK cannot be installed, or something around it fails.
    pub(super) fn run(&self, bedrock: &Path) -> Result<Vec<Finding>, Failure> {
        let mut command = match (self.program)()? {
            Peer::Ready(command) => command,
            missing @ Peer::Missing(_) => return self.missing(missing),
        };
        let server = Server::start(bedrock)?;
        self.arguments(
            &mut command,
            &server.address,
            &Session::question()?,
            self.checks,
        )?;
        let mut lines = Lines::start(self.name, command)?;
        self.checks
            .iter()
            .map(|check| self.finding(check, &mut lines))
            .collect()
    }

    /// Keeps a short session of this SDK as `fixtures/signed/NAME_session`.
    ///
    /// # Errors
    /// When the SDK or the judge that records it cannot be run.
    pub(super) fn record(&self) -> Result<Finding, Failure> {
        let (Peer::Ready(mut command), Peer::Ready(mut judge)) =
            ((self.program)()?, peers::node("judge-server.mjs")?)
        else {
            return Err(Failure::new(format!("{} or node is missing", self.name)));
        };
        let made = certificate::make(&peers::folder().join("certificate"))?;
        let name = format!("{}_session", self.name.replace('-', "_"));
        judge.arg(&made.chain).arg(&made.key).arg(&made.authority);
        judge.arg(workspace::root().join("fixtures/signed").join(name));
        let server = Server::of("recorder", judge)?;
        let (check, session) = (SPOKEN, Session::short());
        self.arguments(&mut command, &server.address, &session, &[check])?;
        self.finding(check, &mut Lines::start(self.name, command)?)
    }

    /// Writes the program's one argument to a file and gives it that.
    fn arguments(
        &self,
        command: &mut Command,
        address: &Address,
        session: &Session,
        checks: &[&str],
    ) -> Result<(), Failure> {
        let arguments = json!({
            "url": address.url.replace("127.0.0.1", "localhost"),
            "ca_file": address.ca_file,
            "region": address.region,
            "access_key_id": address.access_key_id,
            "secret_access_key": address.secret_access_key,
            "model": MODEL,
            "checks": checks,
            "open": session.open,
            "close": session.close,
        });
        let path = peers::folder().join(format!("{}.json", self.name));
        fs::write(&path, arguments.to_string()).map_err(|e| Failure::at(&path, "write", e))?;
        // Node takes further authorities from the environment only.
        command
            .arg(&path)
            .env("NODE_EXTRA_CA_CERTS", &address.ca_file);
        Ok(())
    }

    fn finding(&self, check: &str, lines: &mut Lines) -> Result<Finding, Failure> {
        #[derive(Deserialize)]
        struct Line {
            check: String,
            ok: bool,
            detail: String,
        }
        let verdict = match lines.next(PATIENCE) {
            Err(failure) => Verdict::Failed(failure.to_string()),
            Ok(None) => Verdict::Failed(format!("the program ended: {}", lines.last_words())),
            Ok(Some(line)) => {
                let line = Line::deserialize(&line).map_err(|e| Failure::new(e.to_string()))?;
                if line.check != check {
                    let message = format!("{} answered {:?} to {check:?}", self.name, line.check);
                    return Err(Failure::new(message));
                }
                if line.ok {
                    Verdict::Passed(line.detail)
                } else {
                    Verdict::Failed(line.detail)
                }
            }
        };
        Ok(Finding {
            peer: self.name,
            check: check.to_owned(),
            verdict,
        })
    }

    fn missing(&self, peer: Peer) -> Result<Vec<Finding>, Failure> {
        peers::refuse_in_ci(self.name, &peer)?;
        let Peer::Missing(what) = peer else {
            return Ok(Vec::new());
        };
        let skipped = |check: &&str| Finding {
            peer: self.name,
            check: (*check).to_owned(),
            verdict: Verdict::Skipped(what.clone()),
        };
        Ok(self.checks.iter().map(skipped).collect())
    }
}
