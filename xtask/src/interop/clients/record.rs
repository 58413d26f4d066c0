//! Sessions of these clients, kept as fixtures.

use std::path::Path;

use super::{JUDGES, SdkClient};
use crate::failure::Failure;
use crate::interop::certificate;
use crate::interop::checks::{DUPLEX, SPOKEN};
use crate::interop::finding::Finding;
use crate::interop::line::Lines;
use crate::interop::server::Server;
use crate::interop::session::Session;
use crate::peers::{self, Peer};
use crate::workspace;

impl SdkClient {
    /// Whether a session of it is a fixture.
    pub(in crate::interop) fn is_recorded(&self) -> bool {
        self.is_scripted() || self.checks.contains(&DUPLEX)
    }

    /// Keeps a session: of an SDK a short one as `fixtures/signed/NAME_session`, of a third party's program its first check as
    /// `fixtures/recordings/NAME.jsonl`.
    ///
    /// # Errors
    /// When the program, or what records it, cannot be run.
    pub(in crate::interop) fn record(&self, bedrock: &Path) -> Result<Finding, Failure> {
        if self.is_scripted() {
            self.record_conversation(bedrock)
        } else {
            self.record_signed()
        }
    }

    fn record_conversation(&self, bedrock: &Path) -> Result<Finding, Failure> {
        let Peer::Ready(mut command) = (self.program)()? else {
            return Err(Failure::new(format!("{} is missing", self.name)));
        };
        let check = self.checks.iter().copied().flatten().next();
        let check = check.map_or("", |check| check.name);
        let file = format!("fixtures/recordings/{}.jsonl", self.name);
        let file = workspace::root().join(file);
        let server = Server::start_recording(bedrock, JUDGES, &file)?;
        self.arguments(
            &mut command,
            &server.address,
            &Session::question()?,
            &[check],
        )?;
        let finding = self.finding(check, &mut Lines::start(self.name, command)?)?;
        // Only a server that ends by itself closes the recording.
        server.end()?;
        Ok(finding)
    }

    fn record_signed(&self) -> Result<Finding, Failure> {
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
}
