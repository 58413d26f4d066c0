//! Other people's implementations and SDKs: how each is installed under `target/` and started.

mod node;
mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::workspace;

/// The folder that everything is installed under.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("target/peers")
}

/// The folder with the programs' sources.
pub(crate) fn sources() -> PathBuf {
    workspace::root().join("xtask/peers")
}

/// A peer that is ready, or what this machine lacks for it.
pub(crate) enum Peer {
    Ready(Command),
    /// What is missing, for a person.
    Missing(String),
}

/// Says no to a missing peer in CI, where nothing may be missing.
///
/// # Errors
/// When it is missing and `CI=true`.
pub(crate) fn refuse_in_ci(name: &str, peer: &Peer) -> Result<(), Failure> {
    match peer {
        Peer::Missing(what) if std::env::var_os("CI").is_some_and(|ci| ci == "true") => {
            Err(Failure::new(format!("{name} cannot run: {what}")))
        }
        _ => Ok(()),
    }
}

/// Builds the Rust workspace of peers and gives one of its programs.
///
/// # Errors
/// When it does not build.
pub(crate) fn rust(package: &str) -> Result<Peer, Failure> {
    // All of them: built one by one, each would ask for other features of the same SDK, and build it again.
    build(package, "debug", &["--workspace"])
}

/// The same, built for speed, and alone.
///
/// # Errors
/// When it does not build.
pub(crate) fn rust_for_speed(package: &str) -> Result<Peer, Failure> {
    build(package, "release", &["--release", "--package", package])
}

fn build(package: &str, profile: &str, flags: &[&str]) -> Result<Peer, Failure> {
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--locked"]).args(flags);
    build
        .arg("--target-dir")
        .arg(folder())
        .arg("--manifest-path")
        .arg(sources().join("Cargo.toml"));
    workspace::capture(&mut build)?;
    Ok(Peer::Ready(Command::new(
        folder().join(profile).join(package),
    )))
}

/// Installs the JavaScript packages and gives `node SCRIPT`.
///
/// # Errors
/// When npm fails.
pub(crate) fn node(script: &str) -> Result<Peer, Failure> {
    node::program("js", script)
}

/// Installs what drives a browser and gives `node SCRIPT`.
///
/// # Errors
/// When npm fails.
pub(crate) fn browser(script: &str) -> Result<Peer, Failure> {
    node::program("browser", script)
}

/// The virtual environments: their pins exclude each other.
#[derive(Clone, Copy)]
pub(crate) enum Environment {
    /// boto3, and hyper-h2.
    Boto3,
    /// aws-sdk-bedrock-runtime, which needs Python 3.12.
    Sdk,
    /// strands-agents with its voice models.
    Strands,
    /// pipecat-ai with its Nova Sonic service.
    Pipecat,
    /// litellm.
    LiteLlm,
    /// langchain-aws.
    LangChain,
}

/// Installs a virtual environment and gives `python SCRIPT`.
///
/// # Errors
/// When the installation fails.
pub(crate) fn python(environment: Environment, script: &str) -> Result<Peer, Failure> {
    python::program(environment, script)
}

/// Runs `install` unless it was run before with the same `recipe` (a lock file's text).
fn once(
    stamp: &Path,
    recipe: &str,
    install: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    if fs::read_to_string(stamp).is_ok_and(|done| done == recipe) {
        return Ok(());
    }
    install()?;
    fs::write(stamp, recipe).map_err(|e| Failure::at(stamp, "write", e))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|e| Failure::at(path, "read", e))
}

/// Makes a folder, and those above it.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn create(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|e| Failure::at(folder, "create", e))
}
