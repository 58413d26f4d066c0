//! Our transport against HTTP/2 servers that others wrote, without signatures: both directions at once, and every ending.

use serde_json::{Value, json};

use super::certificate;
use super::finding::{Finding, Verdict};
use super::probe::{Exam, Probe};
use super::server::Server;
use crate::failure::Failure;
use crate::peers::{self, Environment, Peer};

/// A server that does as the path says.
pub(super) struct Direct {
    pub(super) name: &'static str,
    program: fn() -> Result<Peer, Failure>,
}

/// Every one.
pub(super) const ALL: &[Direct] = &[
    Direct {
        name: "node-http2",
        program: || peers::node("echo-server.mjs"),
    },
    Direct {
        name: "hyper-h2",
        program: || peers::python(Environment::Boto3, "echo_server.py"),
    },
];

/// RFC 9113, section 7.
const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const CANCEL: u32 = 8;

/// The checks and their names for the probe.
fn checks() -> Vec<(&'static str, Value)> {
    let reset = |code: u32| json!({"reset": {"code": code}});
    vec![
        ("1,000 events up while 1,000 come down", json!("echo")),
        ("half-close", json!("half-close")),
        ("early 403", json!("early403")),
        ("RST_STREAM(NO_ERROR)", reset(NO_ERROR)),
        ("RST_STREAM(INTERNAL_ERROR)", reset(INTERNAL_ERROR)),
        ("RST_STREAM(CANCEL)", reset(CANCEL)),
        ("GOAWAY that covers the call", json!("go-away-above")),
        ("GOAWAY that does not", json!("go-away-below")),
    ]
}

impl Direct {
    /// Runs the probe against it.
    ///
    /// # Errors
    /// When the server cannot be installed or started, or the probe not be run.
    pub(super) fn run(&self, probe: &Probe) -> Result<Vec<Finding>, Failure> {
        let peer = (self.program)()?;
        peers::refuse_in_ci(self.name, &peer)?;
        let mut command = match peer {
            Peer::Ready(command) => command,
            Peer::Missing(what) => {
                let skipped = |(check, _)| self.finding(check, Verdict::Skipped(what.clone()));
                return Ok(checks().into_iter().map(skipped).collect());
            }
        };
        let made = certificate::make(&peers::folder().join("certificate"))?;
        command.arg(&made.chain).arg(&made.key).arg(&made.authority);
        let server = Server::of(self.name, command)?;
        let (names, checks): (Vec<_>, Vec<_>) = checks().into_iter().unzip();
        let answers = probe.play(self.name, &Exam::of(&server.address, checks))?;
        let found = names.into_iter().zip(answers).map(|(name, answer)| {
            let verdict = if answer.ok {
                Verdict::Passed(answer.detail)
            } else {
                Verdict::Failed(answer.detail)
            };
            self.finding(name, verdict)
        });
        Ok(found.collect())
    }

    fn finding(&self, check: &str, verdict: Verdict) -> Finding {
        Finding {
            peer: self.name,
            check: check.to_owned(),
            verdict,
        }
    }
}
