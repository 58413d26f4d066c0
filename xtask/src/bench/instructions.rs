//! `cargo xtask bench instructions`: instructions an event under callgrind, beside those that are on record.

use std::fs;

use super::{LEAN, table};
use crate::failure::Failure;
use crate::{Outcome, workspace};

/// The crates that have such a bench, and how they are built. With the loopback beside it the client has been built already,
/// for the other benches.
const CRATES: [(&str, &[&str]); 3] = [
    ("eventstream-codec", &[]),
    ("eventstream-sigv4", &[]),
    (
        "bedrock-stream",
        &["--package", "bedrock-loopback", LEAN[0], LEAN[1], LEAN[2]],
    ),
];

/// Counts, and fails on a rise over 3 % where CPU model and toolchain are the record's; or writes the record anew.
///
/// # Errors
/// When something does not build, or a count has risen.
pub(super) fn run(bless: bool) -> Outcome {
    for (name, flags) in CRATES {
        let mut bench = workspace::cargo();
        bench.args(["bench", "--locked", "--profile", "release"]);
        bench.args(["--package", name, "--bench", "instructions"]);
        bench.args(flags);
        if bless {
            bench.args(["--", "--record"]);
        }
        println!("$ {}", workspace::show(&bench));
        let status = bench.status().map_err(|e| Failure::new(e.to_string()))?;
        if !status.success() {
            return Err(Failure::new(format!("{name}: {status}")));
        }
    }
    if bless {
        table::save("instructions", &in_words()?)?;
    }
    Ok(())
}

/// The latest records as a table.
fn in_words() -> Result<String, Failure> {
    let mut text = "| crate | what | instructions | counted on |\n|---|---|---|---|\n".to_owned();
    for (name, _) in CRATES {
        let path = workspace::root().join(format!("crates/{name}/benches/instructions/record.txt"));
        let records = fs::read_to_string(&path).map_err(|e| Failure::at(&path, "read", e))?;
        // The latest is last, with CPU model and toolchain in front.
        let latest = records.rsplit("\n\n").next().unwrap_or_default();
        let mut lines = latest.lines().filter_map(|line| line.split_once(": "));
        let cpu = lines.next().map_or("", |(_, cpu)| cpu);
        for (what, count) in lines.skip(1) {
            text.extend([name, what, count, cpu].map(|cell| format!("| {cell} ")));
            text.push_str("|\n");
        }
    }
    Ok(text)
}
