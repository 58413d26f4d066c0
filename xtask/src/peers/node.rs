//! Node programs: copied beside their packages, since Node looks for packages upwards from the script.

use std::fs;
use std::process::Command;

use super::{Peer, create, once, read};
use crate::failure::Failure;
use crate::workspace;

/// The oldest major version that the pinned packages run on.
const OLDEST: u32 = 20;

/// `folder` has the script, its packages and their lock.
pub(super) fn program(folder: &str, script: &str) -> Result<Peer, Failure> {
    match major_version() {
        None => return Ok(Peer::Missing("node is not on the path".to_owned())),
        Some(major) if major < OLDEST => {
            return Ok(Peer::Missing(format!(
                "node is version {major}, {OLDEST} is needed"
            )));
        }
        Some(_) => {}
    }
    let (from, to) = (super::sources().join(folder), super::folder().join(folder));
    create(&to)?;
    let entries = fs::read_dir(&from).map_err(|e| Failure::at(&from, "read", e))?;
    for entry in entries {
        let path = entry.map_err(|e| Failure::at(&from, "read", e))?.path();
        let name = path.file_name().unwrap_or_default();
        fs::copy(&path, to.join(name)).map_err(|e| Failure::at(&path, "copy", e))?;
    }
    once(
        &to.join("installed"),
        &read(&from.join("package-lock.json"))?,
        || {
            let mut npm = Command::new("npm");
            npm.current_dir(&to)
                .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
            workspace::capture(&mut npm).map(drop)
        },
    )?;
    let mut node = Command::new("node");
    node.arg(to.join(script));
    Ok(Peer::Ready(node))
}

fn major_version() -> Option<u32> {
    let version = workspace::capture(Command::new("node").arg("--version")).ok()?;
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}
