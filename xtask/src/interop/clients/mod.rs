//! Official SDKs, and programs of third parties, unmodified, as clients of `bedrock serve`.

mod all;
mod record;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::checks::{ANSWER, CONVERSATION, Check};
use super::finding::{Finding, Verdict};
use super::line::Lines;
use super::server::{self, Address, Server};
use super::session::{MODEL, Session};
use crate::failure::Failure;
use crate::peers::{self, Peer};
pub(super) use all::ALL;

/// An SDK, or a program that has one inside.
pub(super) struct SdkClient {
    pub(super) name: &'static str,
    /// The file under xtask/peers that pins its version, and what it is called there.
    pinned: (&'static str, &'static str),
    program: fn() -> Result<Peer, Failure>,
    checks: &'static [&'static [Check]],
    known: &'static [all::Known],
}

/// What the server says to programs of third parties.
const JUDGES: &str = "fixtures/scenarios/judges.json";
/// A model that Converse and InvokeModel are asked for, and what it is asked.
const TEXT_MODEL: &str = "amazon.nova-lite-v1:0";
const TEXT: &str = "Say these words back to me, please.";
/// Longer than a program gives one of its checks.
const PATIENCE: Duration = Duration::from_secs(90);

impl SdkClient {
    /// The package and its version, `litellm 1.106.2` for example.
    ///
    /// # Errors
    /// When no version of it is pinned.
    pub(super) fn version(&self) -> Result<String, Failure> {
        let (file, package) = self.pinned;
        let path = peers::sources().join(file);
        let text = fs::read_to_string(&path).map_err(|e| Failure::at(&path, "read", e))?;
        let mut lines = text.lines();
        let version = lines.find_map(|line| version_of(package, line));
        let missing = || Failure::new(format!("{}: no version of {package}", path.display()));
        version
            .map(|version| format!("{package} {version}"))
            .ok_or_else(missing)
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

    /// Whether the server speaks from a script with it.
    fn is_scripted(&self) -> bool {
        let plays = [CONVERSATION, ANSWER];
        self.checks.iter().any(|checks| plays.contains(checks))
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
        let server = Server::start(bedrock, faults, self.is_scripted().then_some(JUDGES))?;
        let names: Vec<&str> = group.iter().map(|check| check.name).collect();
        self.arguments(&mut command, &server.address, &Session::question()?, &names)?;
        let mut lines = Lines::start(self.name, command)?;
        names
            .iter()
            .map(|check| self.finding(check, &mut lines))
            .collect()
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

/// The version in a line of requirements.txt, package.json or Cargo.toml that pins `package`.
fn version_of<'a>(package: &str, line: &'a str) -> Option<&'a str> {
    let rest = line
        .trim_start()
        .trim_start_matches('"')
        .strip_prefix(package)?;
    let rest = rest.trim_start_matches('"');
    if !rest.starts_with(['=', ':', ' ']) {
        return None;
    }
    let version = rest.get(rest.find(|c: char| c.is_ascii_digit())?..)?;
    let end = version.find(|c: char| c != '.' && !c.is_ascii_digit());
    version.get(..end.unwrap_or(version.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_each_is_pinned() {
        for client in ALL {
            let version = client.version().unwrap();
            assert!(version.ends_with(|c: char| c.is_ascii_digit()), "{version}");
        }
        assert_eq!(version_of("boto3", "boto3==1.44.5"), Some("1.44.5"));
        assert_eq!(version_of("ai", "    \"ai\": \"3.4.33\""), Some("3.4.33"));
        assert_eq!(version_of("rig", "rig-core = \"=0.44.0\""), None);
        let line = "rig-core = { version = \"=0.44.0\", default-features = false }";
        assert_eq!(version_of("rig-core", line), Some("0.44.0"));
    }
}
