//! What came of a bench: medians over the turns, and how each contender compares with ours within a turn.

use std::fmt::{self, Display};
use std::fs;

use serde_json::Value;

use super::contender::{Contender, Program};
use super::menu::{Bench, Step, Unit};
use super::process::Sample;
use crate::Outcome;
use crate::failure::Failure;
use crate::workspace;

/// The samples of a bench.
pub(super) struct Table<'b> {
    pub(super) bench: &'b Bench,
    pub(super) rows: Vec<Row>,
    pub(super) turns: usize,
    /// Machine, toolchain and date.
    pub(super) taken: String,
}

/// A contender at a step, and what each turn gave.
pub(super) struct Row {
    pub(super) contender: Contender,
    pub(super) step: Step,
    pub(super) samples: Vec<Sample>,
}

/// A heading, what stands under it, and with how many digits.
type Column = (&'static str, fn(&Sample) -> f64, usize);

/// What the contenders of a bench are compared by comes first.
fn columns(unit: Unit) -> &'static [Column] {
    const PEAK: Column = ("peak MiB", |s| mebibytes(s.peak), 1);
    const PER_CALL: Column = ("CPU µs/session", |s| micros(s.cpu) / count(s.calls), 0);
    const PER_EVENT: Column = ("CPU µs/event", |s| micros(s.cpu) / count(s.events), 2);
    match unit {
        Unit::CpuPerEvent => &[
            PER_EVENT,
            ("events/s", |s| count(s.events) / s.wall.as_secs_f64(), 0),
            PEAK,
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
            PEAK,
        ],
        Unit::MemoryPerCall => &[("KiB/session", per_call, 1), PER_CALL],
        Unit::Opening => &[
            ("median µs", |s| detail(s, "p50"), 0),
            ("CPU µs/session", |s| micros(s.cpu) / count(s.events), 0),
        ],
        Unit::Delay => &[
            ("p50 µs", |s| detail(s, "p50"), 0),
            ("p99 µs", |s| detail(s, "p99"), 0),
            PER_EVENT,
        ],
        Unit::Renewal => &[
            ("longest silence ms", |s| detail(s, "silence_ms"), 1),
            ("gap_ms", |s| detail(s, "gap_ms"), 0),
            ("asked to renewed, p50 µs", |s| detail(s, "p50"), 0),
            ("CPU µs/half second", |s| micros(s.cpu) / count(s.events), 0),
        ],
        Unit::Leaks => &[
            (
                "bytes kept a turn, 2nd half",
                |s| detail(s, "kept_second"),
                0,
            ),
            ("1st half", |s| detail(s, "kept_first"), 0),
            (
                "RSS MiB at the start",
                |s| detail(s, "rss_start") / 1024.0,
                1,
            ),
            ("middle", |s| detail(s, "rss_middle") / 1024.0, 1),
            ("end", |s| detail(s, "rss_end") / 1024.0, 1),
            ("turns", |s| detail(s, "turns"), 0),
            ("connections", |s| detail(s, "legs"), 0),
            ("CPU s", |s| s.cpu.as_secs_f64(), 1),
        ],
    }
}

impl Table<'_> {
    /// The first contender of a row's step beside the row, turn by turn, by what the bench is about.
    fn ratio(&self, row: &Row) -> f64 {
        let Some((_, main, _)) = columns(self.bench.unit).first() else {
            return f64::NAN;
        };
        let same_step = |other: &&Row| other.step.label == row.step.label;
        let ours = self.rows.iter().find(same_step);
        let pairs = ours
            .into_iter()
            .flat_map(|ours| ours.samples.iter().zip(&row.samples));
        median(
            pairs
                .map(|(ours, other)| main(ours) / main(other))
                .collect(),
        )
    }

    /// Fails what is so far from right that no noise explains it.
    ///
    /// # Errors
    /// Names the first such row.
    pub(super) fn check(&self) -> Outcome {
        let sdk = |row: &&Row| row.contender.program == Program::RustSdk;
        let beside_sdk = self
            .rows
            .iter()
            .filter(sdk)
            .map(|row| (row, self.ratio(row)));
        let mut judged: Vec<_> = beside_sdk.collect();
        if let (Unit::Leaks, Some(row), Some((_, main, _))) = (
            self.bench.unit,
            self.rows.first(),
            columns(self.bench.unit).first(),
        ) {
            judged.push((row, median(row.samples.iter().map(main).collect())));
        }
        let bound = self.bench.bound;
        match judged
            .iter()
            .find(|(_, found)| found.is_nan() || *found > bound)
        {
            None => Ok(()),
            Some((row, found)) => Err(Failure::new(format!(
                "{}: {found:.2} beside {} {}, where {bound} is the most that can be right",
                self.bench.name, row.contender.name, row.step.label
            ))),
        }
    }
}

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bench = self.bench;
        writeln!(f, "#### {}\n", bench.title)?;
        writeln!(
            f,
            "`cargo xtask bench {}`; aim: {}; medians of {}; {}.\n",
            bench.name, bench.goal, self.turns, self.taken
        )?;
        let columns = columns(bench.unit);
        let names: Vec<&str> = columns.iter().map(|(name, _, _)| *name).collect();
        writeln!(f, "| | {} | ours is |", names.join(" | "))?;
        writeln!(f, "|---|{}---|", "---|".repeat(names.len()))?;
        for row in &self.rows {
            let label = [row.step.label, row.contender.name];
            let label = label
                .map(str::to_owned)
                .into_iter()
                .filter(|part| !part.is_empty());
            write!(f, "| {} |", label.collect::<Vec<_>>().join(": "))?;
            for (_, value, digits) in columns {
                let value = median(row.samples.iter().map(value).collect());
                if value.is_nan() {
                    write!(f, " – |")?;
                } else {
                    write!(f, " {value:.digits$} |")?;
                }
            }
            writeln!(f, " {:.2} × |", self.ratio(row))?;
        }
        Ok(())
    }
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
