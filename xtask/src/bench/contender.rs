//! The clients that are measured: how each is built, started and watched.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::menu::{Bench, Step};
use super::process::{Process, Sample};
use super::script::Script;
use super::{LEAN, build, folder};
use crate::failure::Failure;
use crate::interop::session::{MODEL, Session};
use crate::peers::{self, Environment, Peer};

/// Events at the end of an opening that are left out, so that it has two of audio: ours begins with a piece of silence of
/// its own accord.
const UNUSED_AUDIO: usize = 2;

/// Whose client it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Ours,
    /// The same, where what it allocates is counted.
    Hour,
    /// `bedrock talk`, as far as it is a library.
    Bridge,
    RustSdk,
    JsSdk,
    PythonSdk,
    Boto3,
}

/// The clients of others, and how each is built or installed.
type Install = fn() -> Result<Peer, Failure>;
const PEERS: [(Program, Install); 4] = [
    (Program::RustSdk, || peers::rust_for_speed("peer-aws-sdk")),
    (Program::JsSdk, || peers::node("sdk-bench.mjs")),
    (Program::PythonSdk, || {
        peers::python(Environment::Sdk, "sdk_bench.py")
    }),
    (Program::Boto3, || {
        peers::python(Environment::Boto3, "boto3_bench.py")
    }),
];

/// A client in a bench.
#[derive(Clone, Copy)]
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) program: Program,
    /// What the program calls the bench.
    pub(super) bench: &'static str,
    /// The how-manieth part of a step's events it is given: fewer for those that are slow, since each event is what counts.
    pub(super) share: usize,
    /// Whether it is measured at every step, or at the first only.
    pub(super) every_step: bool,
}

/// Everything that is run, built.
pub(super) struct Programs {
    firehose: PathBuf,
    /// The `bedrock` command, where a bench asks for it.
    bedrock: Option<PathBuf>,
    clients: Vec<(Program, Command)>,
}

impl Programs {
    /// Builds what is to be run.
    ///
    /// # Errors
    /// When something does not build, or is missing in CI.
    pub(super) fn build(benches: &[&Bench], ours_only: bool) -> Result<Self, Failure> {
        peers::create(&folder())?;
        let wanted = |program| {
            let mut contenders = benches.iter().flat_map(|bench| bench.contenders);
            contenders.any(|contender| contender.program == program)
        };
        let loopback = benches.iter().any(|bench| bench.script == Script::Loopback);
        // In one go, so that what both take is built once.
        let packages = [
            "--package",
            "bedrock-stream",
            "--package",
            "bedrock-loopback",
        ];
        let examples = ["bench_client", "bench_hour", "firehose"].map(|name| ["--example", name]);
        let built = build(&[&packages[..], &LEAN, &examples.concat()].concat())?.join("examples");
        let bedrock = || Ok(build(&["--package", "bedrock-cli"])?.join("bedrock"));
        let mut programs = Self {
            firehose: built.join("firehose"),
            bedrock: loopback.then(bedrock).transpose()?,
            clients: vec![
                (Program::Ours, Command::new(built.join("bench_client"))),
                (Program::Hour, Command::new(built.join("bench_hour"))),
            ],
        };
        if wanted(Program::Bridge) {
            let built = build(&["--package", "bedrock-talk", "--example", "bench_talk"])?;
            let bridge = Command::new(built.join("examples/bench_talk"));
            programs.clients.push((Program::Bridge, bridge));
        }
        let taken = PEERS
            .iter()
            .filter(|(program, _)| !ours_only && wanted(*program));
        for (program, install) in taken {
            eprintln!("building {program:?}");
            let peer = install()?;
            peers::refuse_in_ci("a peer", &peer)?;
            match peer {
                Peer::Ready(command) => programs.clients.push((*program, command)),
                Peer::Missing(what) => eprintln!("{program:?} is left out: {what}"),
            }
        }
        Ok(programs)
    }

    /// Whether a contender can be run here.
    pub(super) fn has(&self, program: Program) -> bool {
        self.client(program).is_some()
    }

    fn client(&self, program: Program) -> Option<Command> {
        let (_, built) = self.clients.iter().find(|(built, _)| *built == program)?;
        let mut command = Command::new(built.get_program());
        command.args(built.get_args());
        Some(command)
    }

    /// The server that plays a script, to be started.
    fn server(&self, script: Script, events: usize) -> Result<Command, Failure> {
        if let (Script::Loopback, Some(bedrock)) = (script, &self.bedrock) {
            let mut bedrock = Command::new(bedrock);
            bedrock.args(["serve", "--json", "--quiet", "--no-verify"]);
            return Ok(bedrock);
        }
        script.write(&folder())?;
        let mut firehose = Command::new(&self.firehose);
        firehose.arg(folder());
        firehose.arg(script.count(events).to_string());
        firehose.arg(script.start().to_string());
        firehose.args(script.mode());
        Ok(firehose)
    }
}

impl Contender {
    /// Runs it once against a server of its own; in a short run with a tenth of the events.
    ///
    /// # Errors
    /// When it fails.
    pub(super) fn measure(
        &self,
        bench: &Bench,
        step: Step,
        programs: &Programs,
        short: bool,
    ) -> Result<Sample, Failure> {
        let share = self.share * if short { 10 } else { 1 };
        let step = Step {
            events: step.events.div_ceil(share),
            ..step
        };
        let mut server = Process::start(programs.server(bench.script, step.events)?)?;
        let address = server.line()?;
        let mut client = Process::start(self.command(programs, &address, step)?)?;
        if step.one_core {
            server.stay_on_first_core()?;
            client.stay_on_first_core()?;
        }
        client.line()?;
        let (cpu, server_cpu) = (client.cpu()?, server.cpu()?);
        let memory = client.memory("VmRSS")?;
        client.go()?;
        let mut found = client.line()?;
        let mut sample = Sample {
            cpu: client.cpu()?.saturating_sub(cpu),
            server_cpu: server.cpu()?.saturating_sub(server_cpu),
            wall: Duration::from_micros(
                found
                    .get("micros")
                    .and_then(Value::as_u64)
                    .unwrap_or_default(),
            ),
            peak: client.memory("VmHWM")?,
            growth: client.memory("VmRSS")?.saturating_sub(memory),
            detail: found.get_mut("detail").map(Value::take).unwrap_or_default(),
            events: step.events * step.calls,
            calls: step.calls,
        };
        if bench.script != Script::Loopback {
            server.go()?;
            merge(&mut sample.detail, server.line()?);
        }
        Ok(sample)
    }

    fn command(
        &self,
        programs: &Programs,
        address: &Value,
        step: Step,
    ) -> Result<Command, Failure> {
        let missing = || Failure::new(format!("{} is missing", self.name));
        let mut command = programs.client(self.program).ok_or_else(missing)?;
        let session = Session::short().with_history(step.history);
        let audio = session.open.len() - UNUSED_AUDIO;
        let mut task = json!({
            "bench": self.bench,
            "calls": step.calls,
            "events": step.events,
            "pcm": step.pcm,
            "history": step.history,
            "model": MODEL,
            "text_model": "amazon.nova-lite-v1:0",
            "open": session.open.get(..audio),
            "close": session.close,
        });
        merge(&mut task, address.clone());
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

/// Puts the members of one object into another.
fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}
