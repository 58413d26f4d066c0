//! Official SDKs, unmodified, as clients of `bedrock serve`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::certificate;
use super::checks::{ANSWER, CONVERSATION, Check, DUPLEX, ONE_WAY, SPOKEN};
use super::finding::{Finding, Verdict};
use super::line::Lines;
use super::server::{self, Address, Server};
use super::session::{MODEL, Session};
use crate::failure::Failure;
use crate::peers::{self, Environment, Peer};
use crate::workspace;

/// An SDK.
pub(super) struct SdkClient {
    pub(super) name: &'static str,
    program: fn() -> Result<Peer, Failure>,
    checks: &'static [&'static [Check]],
    known: &'static [Known],
}

/// A check that fails, by a fault of the peer's.
struct Known {
    check: &'static str,
    reason: &'static str,
    /// Where it is reported, if it is.
    issue: Option<&'static str>,
    /// Whether it fails each time; else it is a matter of timing.
    always: bool,
}

impl Known {
    const fn always(check: &'static str, reason: &'static str) -> Self {
        Self {
            check,
            reason,
            issue: None,
            always: true,
        }
    }

    const fn sometimes(check: &'static str, reason: &'static str) -> Self {
        Self {
            always: false,
            ..Self::always(check, reason)
        }
    }

    const fn reported(self, issue: &'static str) -> Self {
        Self {
            issue: Some(issue),
            ..self
        }
    }

    fn words(&self) -> String {
        match self.issue {
            Some(issue) => format!("{} (<{issue}>)", self.reason),
            None => format!("{} (no upstream issue known)", self.reason),
        }
    }
}

const CLOSED_IS_END: &str =
    "takes a connection that is closed between two frames for the end of the stream";

const STRANDS_STOPS_NOT: &str = "reports the error, and then its `stop` does not return";
const PIPECAT_RACES: &str = "sends audio and a tool's result from two tasks: where they meet, events are not sent in the order in which they were signed";

/// Every SDK.
pub(super) const ALL: &[SdkClient] = &[
    SdkClient {
        name: "rust-sdk",
        program: || peers::rust("peer-aws-sdk"),
        checks: &[DUPLEX, ONE_WAY],
        known: &[],
    },
    SdkClient {
        name: "js-sdk",
        program: || peers::node("sdk-client.mjs"),
        checks: &[DUPLEX, ONE_WAY],
        // Node destroys the streams of a closed connection with CANCEL, and reports that code as no error.
        known: &[Known::sometimes("spoken session, closed", CLOSED_IS_END)
            .reported("https://github.com/nodejs/node/issues/56627")],
    },
    SdkClient {
        name: "python-sdk",
        program: || peers::python(Environment::Sdk, "sdk_client.py"),
        checks: &[DUPLEX, ONE_WAY],
        known: &[
            Known::sometimes(
                "spoken session, reset",
                "takes RST_STREAM of any code for the end of the stream, or hangs",
            ),
            Known::sometimes("spoken session, closed", CLOSED_IS_END),
            Known::sometimes(
                "spoken session, cut",
                "takes the end for one in order if the cut frame's bytes came too late",
            ),
            Known::always(
                "converse, HTTP 503 once",
                "repeats no request after HTTP 503",
            ),
        ],
    },
    SdkClient {
        name: "boto3",
        program: || peers::python(Environment::Boto3, "boto3_client.py"),
        checks: &[ONE_WAY],
        known: &[],
    },
    SdkClient {
        name: "strands",
        program: || peers::python(Environment::Strands, "strands_client.py"),
        checks: &[CONVERSATION],
        known: &[
            Known::always("conversation, wrong secret", STRANDS_STOPS_NOT),
            Known::always("conversation, exception", STRANDS_STOPS_NOT),
            Known::always("conversation, cut", STRANDS_STOPS_NOT),
            Known::always(
                "conversation, reset",
                "says nothing of the end: `receive` waits for ever, and then `stop`",
            ),
            Known::always(
                "conversation, early end",
                "says nothing of the end: `receive` waits for ever, and then `stop`",
            ),
            Known::always(
                "conversation, unknown event",
                "ends with an AttributeError at an event that it does not know",
            ),
        ],
    },
    SdkClient {
        name: "pipecat",
        program: || peers::python(Environment::Pipecat, "pipecat_client.py"),
        checks: &[CONVERSATION],
        known: &[
            Known::sometimes("conversation", PIPECAT_RACES),
            Known::always(
                "conversation, unknown event",
                "drops the session and begins a new one at an event that it does not know",
            ),
        ],
    },
    SdkClient {
        name: "ai-sdk",
        program: || peers::node("ai-sdk-client.mjs"),
        checks: &[ANSWER],
        known: &[
            Known::always(
                "answer, early end",
                "finishes with the reason `other` and no error where messageStop never came",
            ),
            Known::always(
                "answer, HTTP 503 once",
                "repeats nothing: that is left to the `ai` package above it",
            ),
        ],
    },
    SdkClient {
        name: "langchain-aws",
        program: || peers::python(Environment::LangChain, "langchain_client.py"),
        checks: &[ANSWER],
        known: &[],
    },
    SdkClient {
        name: "litellm",
        program: || peers::python(Environment::LiteLlm, "litellm_client.py"),
        checks: &[ANSWER],
        known: &[
            Known::always(
                "answer, early end",
                "takes an answer without messageStop for a whole one, and counts its tokens itself",
            ),
            Known::always(
                "answer, HTTP 503 once",
                "repeats nothing unless asked to, which needs a package that it does not ask for",
            ),
        ],
    },
];

/// What the server says to programs of third parties.
const JUDGES: &str = "fixtures/scenarios/judges.json";
/// A model that Converse and InvokeModel are asked for, and what it is asked.
const TEXT_MODEL: &str = "amazon.nova-lite-v1:0";
const TEXT: &str = "Say these words back to me, please.";
/// Longer than a program gives one of its checks.
const PATIENCE: Duration = Duration::from_secs(90);

impl SdkClient {
    /// Whether it has the duplex operation.
    pub(super) fn is_duplex(&self) -> bool {
        self.checks.contains(&DUPLEX)
    }

    /// Runs its checks, each set of faults against a server of its own.
    ///
    /// # Errors
    /// When the SDK cannot be installed, or something around it fails.
    pub(super) fn run(&self, bedrock: &Path) -> Result<Vec<Finding>, Failure> {
        if let missing @ Peer::Missing(_) = (self.program)()? {
            return self.missing(&missing);
        }
        let checks: Vec<&Check> = self.checks.iter().copied().flatten().collect();
        let mut findings = Vec::new();
        for group in checks.chunk_by(|one, next| one.faults == next.faults) {
            findings.extend(self.run_group(bedrock, group)?);
        }
        Ok(findings)
    }

    fn run_group(&self, bedrock: &Path, group: &[&Check]) -> Result<Vec<Finding>, Failure> {
        let Peer::Ready(mut command) = (self.program)()? else {
            return Ok(Vec::new());
        };
        let faults = group.first().map_or(&[][..], |check| check.faults);
        if !faults.is_empty() && !server::takes_faults(bedrock)? {
            let skipped = |check: &&Check| self.skipped(check, "bedrock serve has no --fault");
            return Ok(group.iter().map(skipped).collect());
        }
        let plays = [CONVERSATION, ANSWER];
        let is_scripted = self.checks.iter().any(|checks| plays.contains(checks));
        let server = Server::start(bedrock, faults, is_scripted.then_some(JUDGES))?;
        let names: Vec<&str> = group.iter().map(|check| check.name).collect();
        self.arguments(&mut command, &server.address, &Session::question()?, &names)?;
        let mut lines = Lines::start(self.name, command)?;
        names
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
        self.arguments(&mut command, &server.address, &Session::short(), &[SPOKEN])?;
        self.finding(SPOKEN, &mut Lines::start(self.name, command)?)
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
            "text_model": TEXT_MODEL,
            "text": TEXT,
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
        let verdict = match self.known.iter().find(|known| known.check == check) {
            Some(known) => verdict.in_view_of(&known.words(), known.always),
            None => verdict,
        };
        Ok(Finding {
            peer: self.name,
            check: check.to_owned(),
            verdict,
        })
    }

    fn missing(&self, peer: &Peer) -> Result<Vec<Finding>, Failure> {
        peers::refuse_in_ci(self.name, peer)?;
        let Peer::Missing(what) = peer else {
            return Ok(Vec::new());
        };
        let checks = self.checks.iter().copied().flatten();
        Ok(checks.map(|check| self.skipped(check, what)).collect())
    }

    fn skipped(&self, check: &Check, why: &str) -> Finding {
        let verdict = Verdict::Skipped(why.to_owned());
        Finding {
            peer: self.name,
            check: check.name.to_owned(),
            verdict,
        }
    }
}
