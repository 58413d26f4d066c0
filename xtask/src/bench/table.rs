//! What came of a bench: medians over the turns, and how each contender compares with ours within a turn.

use std::fmt::{self, Display};
use std::fs;

use serde_json::Value;

use super::contender::Contender;
use super::menu::{Bench, Unit};
use super::process::Sample;
use crate::Outcome;
use crate::failure::Failure;
use crate::workspace;

/// The samples of a bench.
pub(super) struct Table<'b> {
    pub(super) bench: &'b Bench,
    pub(super) rows: Vec<(&'b Contender, Vec<Sample>)>,
    pub(super) turns: usize,
}

/// A heading, what stands under it, and with how many digits.
type Column = (&'static str, fn(&Sample) -> f64, usize);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bench, rows, turns } = self;
        writeln!(f, "#### {}\n", bench.title)?;
        writeln!(
            f,
            "`cargo xtask bench {}`; aim: {}; medians of {turns}.\n",
            bench.name, bench.goal
        )?;
        let columns: &[Column] = match bench.unit {
            Unit::CpuPerEvent => &[
                ("CPU µs/event", per_event, 2),
                ("events/s", |s| count(s.events) / s.wall.as_secs_f64(), 0),
                ("peak MiB", |s| mebibytes(s.peak), 1),
                (
                    "server CPU µs/event",
                    |s| micros(s.server_cpu) / count(s.events),
                    2,
                ),
            ],
            Unit::CpuPerSecond => &[
                ("CPU µs/session-second", per_second, 0),
                ("delay p50 µs", |s| detail(s, "p50"), 0),
                ("delay p99 µs", |s| detail(s, "p99"), 0),
                ("peak MiB", |s| mebibytes(s.peak), 1),
            ],
            Unit::MemoryPerCall => &[
                ("KiB/session", per_call, 1),
                ("CPU µs/session", |s| micros(s.cpu) / count(s.calls), 0),
            ],
            Unit::Delay => &[
                ("median µs", |s| detail(s, "p50"), 0),
                ("CPU µs/session", |s| micros(s.cpu) / count(s.events), 0),
            ],
        };
        let Some((_, main, _)) = columns.first() else {
            return Ok(());
        };
        let names: Vec<&str> = columns.iter().map(|(name, _, _)| *name).collect();
        writeln!(f, "| | {} | ours is |", names.join(" | "))?;
        writeln!(f, "|---|{}---|", "---|".repeat(names.len()))?;
        let ours: &[Sample] = rows.first().map_or(&[], |(_, samples)| samples);
        for (contender, samples) in rows {
            write!(f, "| {} |", contender.name)?;
            for (_, value, digits) in columns {
                let value = median(samples.iter().map(value).collect());
                write!(f, " {value:.digits$} |")?;
            }
            let ratios = ours
                .iter()
                .zip(samples)
                .map(|(ours, other)| main(ours) / main(other));
            writeln!(f, " {:.2} × |", median(ratios.collect()))?;
        }
        Ok(())
    }
}

fn per_event(sample: &Sample) -> f64 {
    micros(sample.cpu) / count(sample.events)
}

fn per_second(sample: &Sample) -> f64 {
    micros(sample.cpu) / sample.wall.as_secs_f64() / count(sample.calls)
}

fn per_call(sample: &Sample) -> f64 {
    count(usize::try_from(sample.growth).unwrap_or_default()) / count(sample.calls)
}

fn micros(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn mebibytes(kibibytes: u64) -> f64 {
    count(usize::try_from(kibibytes).unwrap_or_default()) / 1024.0
}

fn detail(sample: &Sample, name: &str) -> f64 {
    sample
        .detail
        .get(name)
        .and_then(Value::as_f64)
        .unwrap_or(f64::NAN)
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Puts a table into its place in docs/performance.md.
///
/// # Errors
/// When the file has no such place, or cannot be read or written.
pub(super) fn save(name: &str, table: &str) -> Outcome {
    let path = workspace::root().join("docs/performance.md");
    let text = fs::read_to_string(&path).map_err(|e| Failure::at(&path, "read", e))?;
    let begin = format!("<!-- bench {name} -->\n");
    let end = format!("<!-- end of {name} -->\n");
    let replaced = text.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some([before, &begin, table, &end, after].concat())
    });
    let text = replaced.ok_or_else(|| Failure::at(&path, "find the place of a bench in", name))?;
    fs::write(&path, text).map_err(|e| Failure::at(&path, "write", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn every_bench_has_a_place_in_the_docs_and_ours_comes_first() {
        let path = workspace::root().join("docs/performance.md");
        let text = fs::read_to_string(path).unwrap_or_default();
        for bench in super::super::menu::ALL {
            for mark in [
                format!("<!-- bench {} -->\n", bench.name),
                format!("<!-- end of {} -->\n", bench.name),
            ] {
                assert_eq!(text.matches(&mark).count(), 1, "{mark}");
            }
            let first = bench.contenders.first();
            assert!(first.is_some_and(|first| first.name.starts_with("ours")));
        }
    }
}
