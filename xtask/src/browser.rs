//! `cargo xtask browser`: the page of `bedrock talk` in a real browser, whose microphone is a file.
//!
//! Needs Chromium (Debian's package `chromium`) and Node; says so where they are not there. Screenshots of the main states are
//! left in `target/peers/browser/`.

use std::path::PathBuf;

use crate::Outcome;
use crate::failure::Failure;
use crate::interop::server;
use crate::peers::{self, Peer};
use crate::workspace;

const BROWSERS: [&str; 2] = ["chromium", "chromium-browser"];

/// Runs every check of the page.
///
/// # Errors
/// When one fails, or when none can be run in CI.
pub(crate) fn run() -> Outcome {
    let Some(browser) = chromium() else {
        return skip("chromium is not on the path".to_owned());
    };
    let mut checks = match peers::browser("browser.mjs")? {
        Peer::Ready(checks) => checks,
        Peer::Missing(what) => return skip(what),
    };
    checks
        .arg(server::build()?)
        .arg(browser)
        .arg(workspace::root().join("fixtures/audio/question.wav"))
        .arg(peers::folder().join("browser/shots"));
    let ended = checks.status();
    let ended = ended.map_err(|e| Failure::new(format!("node did not start: {e}")))?;
    if ended.success() {
        Ok(())
    } else {
        Err(Failure::new("browser: a check failed"))
    }
}

fn skip(what: String) -> Outcome {
    println!("skipped: {what}\n0 passed, 0 failed, 1 skipped");
    peers::refuse_in_ci("browser", &Peer::Missing(what))
}

/// The first Chromium on the path.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut candidates = BROWSERS
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.find(|candidate| candidate.is_file())
}
