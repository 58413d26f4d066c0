//! The clients that are measured: how each is built, started and watched.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::menu::Bench;
use super::process::{Process, Sample};
use super::script::Script;
use super::{bedrock, example, folder};
use crate::failure::Failure;
use crate::interop::session::{MODEL, Session};
use crate::peers::{self, Environment, Peer};

/// Events that open a session, with two of its audio: ours begins with a piece of silence of its own accord.
const OPENING: usize = 8;

/// Whose client it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Ours,
    /// `bedrock talk`, as far as it is a library.
    Bridge,
    RustSdk,
    JsSdk,
    PythonSdk,
}

/// A client in a bench.
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) program: Program,
    /// What the program calls the bench.
    pub(super) bench: &'static str,
    pub(super) calls: usize,
    /// Events of each call; fewer for those that are slow, since each event is what counts.
    pub(super) events: usize,
}

/// Everything that is run, built.
pub(super) struct Programs {
    firehose: PathBuf,
    ours: PathBuf,
    bridge: PathBuf,
    peers: bool,
}

impl Programs {
    /// Builds what is to be run.
    ///
    /// # Errors
    /// When something does not build, or is missing in CI.
    pub(super) fn build(ours_only: bool) -> Result<Self, Failure> {
        // The credential chain is no part of what is measured, and takes minutes to link.
        let lean = ["--no-default-features", "--features", "ring,native-roots"];
        let programs = Self {
            firehose: example("bedrock-loopback", &[], "firehose")?,
            ours: example("bedrock-stream", &lean, "bench_client")?,
            bridge: example("bedrock-talk", &[], "bench_talk")?,
            peers: !ours_only,
        };
        if programs.peers {
            for program in [Program::RustSdk, Program::JsSdk, Program::PythonSdk] {
                peers::refuse_in_ci("a peer", &programs.peer(program)?)?;
            }
        }
        fs::create_dir_all(folder()).map_err(|e| Failure::at(&folder(), "create", e))?;
        Ok(programs)
    }

    /// Whether a contender can be run here.
    pub(super) fn has(&self, program: Program) -> bool {
        matches!(program, Program::Ours | Program::Bridge)
            || self.peers && matches!(self.peer(program), Ok(Peer::Ready(_)))
    }

    /// The server that plays a script, to be started.
    fn server(&self, script: Script, events: usize) -> Result<Command, Failure> {
        if script == Script::Loopback {
            let mut bedrock = Command::new(bedrock()?);
            bedrock.args(["serve", "--json", "--quiet", "--no-verify"]);
            return Ok(bedrock);
        }
        script.write(&folder())?;
        let mut firehose = Command::new(&self.firehose);
        firehose.arg(folder());
        firehose.arg(script.count(events).to_string());
        firehose.arg(script.start().to_string());
        if script == Script::Echo {
            firehose.arg("echo");
        }
        Ok(firehose)
    }

    fn peer(&self, program: Program) -> Result<Peer, Failure> {
        match program {
            Program::Ours => Ok(Peer::Ready(Command::new(&self.ours))),
            Program::Bridge => Ok(Peer::Ready(Command::new(&self.bridge))),
            Program::RustSdk => peers::rust_for_speed("peer-aws-sdk"),
            Program::JsSdk => peers::node("sdk-bench.mjs"),
            Program::PythonSdk => peers::python(Environment::Sdk, "sdk_bench.py"),
        }
    }
}

impl Contender {
    /// Events of each call: a tenth where it only matters that it runs.
    pub(super) fn events(&self, smoke: bool) -> usize {
        if smoke {
            self.events.div_ceil(10)
        } else {
            self.events
        }
    }

    /// Runs it once against a server of its own.
    ///
    /// # Errors
    /// When it fails.
    pub(super) fn measure(
        &self,
        bench: &Bench,
        programs: &Programs,
        events: usize,
    ) -> Result<Sample, Failure> {
        let mut server = Process::start(programs.server(bench.script, events)?)?;
        let address = server.line()?;
        let mut client = Process::start(self.command(programs, &address, events)?)?;
        client.line()?;
        let (cpu, server_cpu) = (client.cpu()?, server.cpu()?);
        let memory = client.memory("VmRSS")?;
        client.go()?;
        let mut found = client.line()?;
        let sample = Sample {
            cpu: client.cpu()?.saturating_sub(cpu),
            server_cpu: server.cpu()?.saturating_sub(server_cpu),
            wall: std::time::Duration::from_micros(
                found
                    .get("micros")
                    .and_then(Value::as_u64)
                    .unwrap_or_default(),
            ),
            peak: client.memory("VmHWM")?,
            growth: client.memory("VmRSS")?.saturating_sub(memory),
            detail: found.get_mut("detail").map(Value::take).unwrap_or_default(),
            events: events * self.calls,
            calls: self.calls,
        };
        Ok(sample)
    }

    fn command(
        &self,
        programs: &Programs,
        address: &Value,
        events: usize,
    ) -> Result<Command, Failure> {
        let Peer::Ready(mut command) = programs.peer(self.program)? else {
            return Err(Failure::new(format!("{} is missing", self.name)));
        };
        let session = Session::short();
        let mut task = json!({
            "bench": self.bench,
            "calls": self.calls,
            "events": events,
            "model": MODEL,
            "text_model": "amazon.nova-lite-v1:0",
            "open": session.open.get(..OPENING),
            "close": session.close,
        });
        if let (Value::Object(task), Some(address)) = (&mut task, address.as_object()) {
            task.extend(address.clone());
        }
        let path = folder().join("task.json");
        fs::write(&path, task.to_string()).map_err(|e| Failure::at(&path, "write", e))?;
        command.arg(&path);
        // Node takes further authorities from the environment only.
        if let Some(ca) = address.get("ca_file").and_then(Value::as_str) {
            command.env("NODE_EXTRA_CA_CERTS", ca);
        }
        Ok(command)
    }
}
