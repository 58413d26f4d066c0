//! The JavaScript and the Python of the docs, run as they stand against a local Bedrock.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::finding::{Finding, Verdict};
use super::server::{Address, Server};
use crate::failure::Failure;
use crate::guides;
use crate::peers::{self, Environment, Peer};
use crate::workspace;

/// The peer's name.
pub(super) const NAME: &str = "docs";
/// What the snippets ask for, and an echo says.
const SAID: &str = "Good morning!";

/// Runs each block.
///
/// # Errors
/// When the docs cannot be read, or the packages not be installed.
pub(super) fn run(bedrock: &Path) -> Result<Vec<Finding>, Failure> {
    peers::create(&peers::folder())?;
    let server = Server::start(bedrock, &[], None)?;
    let mut findings = Vec::new();
    for (path, block) in guides::all_blocks()? {
        let place = format!("{}:{}", path.display(), block.line);
        let text = here(&block.text, &server.address);
        let (peer, file) = match block.info.as_str() {
            "js" => {
                let name = "docs-snippet.mjs";
                let file = peers::folder().join("js").join(name);
                (peers::node(name)?, file)
            }
            "python" => {
                let file = peers::folder().join("docs-snippet.py");
                (
                    peers::python(Environment::Sdk, &file.to_string_lossy())?,
                    file,
                )
            }
            _ => continue,
        };
        peers::refuse_in_ci(NAME, &peer)?;
        let verdict = match peer {
            Peer::Missing(what) => Verdict::Skipped(what),
            Peer::Ready(mut command) => {
                fs::write(&file, text).map_err(|e| Failure::at(&file, "write", e))?;
                judge(command.env("NODE_EXTRA_CA_CERTS", &server.address.ca_file))
            }
        };
        findings.push(Finding {
            peer: NAME,
            check: place,
            verdict,
        });
    }
    Ok(findings)
}

/// The same with this server's port and authority.
fn here(text: &str, address: &Address) -> String {
    text.replace("https://localhost:8443", &address.url)
        .replace("ca/ca.pem", &address.ca_file.to_string_lossy())
}

fn judge(command: &mut Command) -> Verdict {
    match workspace::capture(command) {
        Ok(printed) if printed.contains(SAID) => Verdict::Passed(format!("printed {SAID:?}")),
        Ok(printed) => Verdict::Failed(format!("printed {printed:?}")),
        Err(failure) => Verdict::Failed(failure.to_string()),
    }
}
