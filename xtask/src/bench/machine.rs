//! Where and when figures were taken.

use std::fs;
use std::process::Command;

use crate::failure::Failure;
use crate::workspace;

/// Date, CPU, load and toolchain, as one line.
///
/// # Errors
/// When the toolchain or the date cannot be asked for.
pub(super) fn taken() -> Result<String, Failure> {
    let date = workspace::capture(Command::new("date").args(["-u", "+%F"]))?;
    let rustc = workspace::capture(Command::new("rustc").arg("--version"))?;
    let rustc: Vec<&str> = rustc.split(' ').take(2).collect();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<&str> = info
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, model)| model)
        .collect();
    Ok(format!(
        "{}, {} × {}, load {load}, {}",
        date.trim(),
        models.len(),
        models.first().unwrap_or(&"an unknown CPU"),
        rustc.join(" ")
    ))
}
