//! The committed counts, with the machine and toolchain that they were made on.

use std::fmt;

const PATH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/benches/instructions/record.txt"
);

/// Counts may rise by this much before the check fails.
const TOLERATED: f64 = 1.03;

/// Lines of `name: value`: `cpu`, `rustc`, then a count for each case.
#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    cpu: String,
    rustc: String,
    counts: Vec<(String, f64)>,
}

impl Record {
    /// What was counted on this machine.
    pub(crate) fn here(counts: Vec<(String, f64)>) -> Self {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info
            .lines()
            .find_map(|line| line.strip_prefix("model name"));
        let rustc = std::process::Command::new("rustc")
            .arg("--version")
            .output();
        Self {
            cpu: model
                .unwrap_or_default()
                .trim_start_matches(['\t', ' ', ':'])
                .to_owned(),
            rustc: rustc
                .map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
                .unwrap_or_default(),
            counts,
        }
    }

    pub(crate) fn read() -> Self {
        Self::of(&std::fs::read_to_string(PATH).unwrap())
    }

    pub(crate) fn write(&self) {
        std::fs::write(PATH, self.to_string()).unwrap();
    }

    fn of(text: &str) -> Self {
        let mut fields = text.lines().filter_map(|line| line.split_once(": "));
        let mut head = |name| {
            let (found, value) = fields.next().unwrap();
            assert_eq!(found, name, "the record's fields are in order");
            value.to_owned()
        };
        let (cpu, rustc) = (head("cpu"), head("rustc"));
        let counts = fields
            .map(|(name, count)| (name.to_owned(), count.parse().unwrap()))
            .collect();
        Self { cpu, rustc, counts }
    }

    /// What has risen over `recorded`; judged only on its CPU model and toolchain.
    pub(crate) fn rises_over(&self, recorded: &Self) -> Vec<String> {
        if (&self.cpu, &self.rustc) != (&recorded.cpu, &recorded.rustc) {
            println!(
                "not judged: recorded on {} with {}",
                recorded.cpu, recorded.rustc
            );
            return Vec::new();
        }
        let rise = |(name, count): &(String, f64)| {
            let Some((_, before)) = recorded.counts.iter().find(|(n, _)| n == name) else {
                return Some(format!("{name}: not in the record"));
            };
            (*count > before * TOLERATED).then(|| format!("{name}: {before} to {count}"))
        };
        self.counts.iter().filter_map(rise).collect()
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cpu: {}\nrustc: {}", self.cpu, self.rustc)?;
        for (name, count) in &self.counts {
            writeln!(f, "{name}: {count}")?;
        }
        Ok(())
    }
}
