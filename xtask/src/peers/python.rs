//! Python programs: one virtual environment a set of pins, made with uv.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Environment, Peer, create, once, read};
use crate::failure::Failure;
use crate::workspace;

/// The uv that makes the environments.
const UV: &str = "uv==0.9.7";

impl Environment {
    fn name(self) -> &'static str {
        match self {
            Self::Boto3 => "boto3",
            Self::Sdk => "sdk",
            Self::Strands => "strands",
            Self::Pipecat => "pipecat",
            Self::LiteLlm => "litellm",
            Self::LangChain => "langchain",
        }
    }

    /// The oldest Python that the pins allow.
    fn oldest(self) -> (u32, u32) {
        match self {
            Self::Boto3 | Self::LiteLlm | Self::LangChain => (3, 10),
            Self::Sdk | Self::Strands | Self::Pipecat => (3, 12),
        }
    }
}

pub(super) fn program(environment: Environment, script: &str) -> Result<Peer, Failure> {
    let (major, minor) = environment.oldest();
    let Some(interpreter) = interpreter((major, minor)) else {
        return Ok(Peer::Missing(format!("no python {major}.{minor} or newer")));
    };
    let venv = super::folder().join(format!("venv-{}", environment.name()));
    let python = super::sources().join("python");
    let pins = python.join(format!("requirements-{}.txt", environment.name()));
    create(&venv)?;
    once(&venv.join("installed"), &read(&pins)?, || {
        install(&interpreter, &venv, &pins)
    })?;
    let mut command = Command::new(venv.join("bin/python"));
    command.arg("-B").arg(python.join(script));
    Ok(Peer::Ready(command))
}

fn install(interpreter: &Path, venv: &Path, pins: &Path) -> Result<(), Failure> {
    let uv = uv(interpreter)?;
    let mut make = Command::new(&uv);
    make.args(["venv", "--quiet", "--clear", "--python"])
        .arg(interpreter)
        .arg(venv);
    workspace::capture(&mut make)?;
    let mut fill = Command::new(&uv);
    fill.args(["pip", "install", "--quiet", "--python"])
        .arg(venv.join("bin/python"));
    fill.arg("--requirement").arg(pins);
    workspace::capture(&mut fill).map(drop)
}

/// uv in an environment of its own, installed with pip.
fn uv(interpreter: &Path) -> Result<PathBuf, Failure> {
    let home = workspace::root().join("target/tools/uv");
    create(&home)?;
    once(&home.join("installed"), UV, || {
        let mut make = Command::new(interpreter);
        workspace::capture(make.args(["-m", "venv"]).arg(&home))?;
        let mut fill = Command::new(home.join("bin/python"));
        fill.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            UV,
        ]);
        workspace::capture(&mut fill).map(drop)
    })?;
    Ok(home.join("bin/uv"))
}

/// The newest interpreter that is new enough, on the path or among pyenv's versions.
fn interpreter(oldest: (u32, u32)) -> Option<PathBuf> {
    let on_path = (oldest.1..=oldest.1 + 8)
        .map(|minor| PathBuf::from(format!("python3.{minor}")))
        .chain([PathBuf::from("python3")]);
    let found = on_path.chain(pyenv_interpreters()).filter_map(|python| {
        let version = version(&python).filter(|version| *version >= oldest)?;
        Some((version, python))
    });
    found
        .max_by_key(|(version, _)| *version)
        .map(|(_, python)| python)
}

fn pyenv_interpreters() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")));
    let versions = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin/python3"))
        .collect()
}

fn version(python: &Path) -> Option<(u32, u32)> {
    let script = "import sys, venv; print(sys.version_info[0], sys.version_info[1])";
    let printed = workspace::capture(Command::new(python).args(["-c", script])).ok()?;
    let (major, minor) = printed.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
