//! The committed counts, with the machines and toolchains that they were made on.

use std::fmt;

const PATH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/benches/instructions/record.txt"
);

/// Counts may rise by this much before the check fails.
const TOLERATED: f64 = 1.03;

/// Lines of `name: value`: `cpu`, `rustc`, then a count for each case.
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

    /// Puts these counts on record, in place of those of the same CPU model and toolchain.
    pub(crate) fn write(self) {
        let mut records = Self::all();
        records.retain(|record| !record.same_place(&self));
        records.push(self);
        let texts: Vec<_> = records.iter().map(Self::to_string).collect();
        std::fs::write(PATH, texts.join("\n")).unwrap();
    }

    fn all() -> Vec<Self> {
        let text = std::fs::read_to_string(PATH).unwrap_or_default();
        let records = text.split("\n\n").filter(|record| !record.is_empty());
        records.map(Self::of).collect()
    }

    fn same_place(&self, other: &Self) -> bool {
        (&self.cpu, &self.rustc) == (&other.cpu, &other.rustc)
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

    /// What has risen over the record of this CPU model and toolchain; without one, nothing is judged.
    pub(crate) fn rises(&self) -> Vec<String> {
        let records = Self::all();
        let Some(recorded) = records.iter().find(|record| record.same_place(self)) else {
            println!("not judged: no record of {} with {}", self.cpu, self.rustc);
            return Vec::new();
        };
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
