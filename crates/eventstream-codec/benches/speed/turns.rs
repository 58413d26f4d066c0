//! Contenders run in turns, so that what disturbs the machine disturbs all of them alike.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::fmt;
use std::time::{Duration, Instant};

/// One thing to measure.
pub(crate) struct Contender<'a> {
    name: &'static str,
    /// Frames that one call handles.
    per: f64,
    call: Box<dyn FnMut() + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: &'static str, call: impl FnMut() + 'a) -> Self {
        Self::per(1, name, call)
    }

    pub(crate) fn per(frames: usize, name: &'static str, call: impl FnMut() + 'a) -> Self {
        let per = f64::from(u32::try_from(frames).unwrap());
        Self {
            name,
            per,
            call: Box::new(call),
        }
    }

    /// Nanoseconds a frame over `calls` calls.
    fn sample(&mut self, calls: u32) -> f64 {
        let begin = Instant::now();
        for _ in 0..calls {
            (self.call)();
        }
        begin.elapsed().as_secs_f64() * 1e9 / f64::from(calls) / self.per
    }
}

/// How often and how long.
pub(crate) struct Turns {
    rounds: usize,
    sample: Duration,
}

impl Turns {
    pub(crate) fn measured() -> Self {
        Self {
            rounds: 101,
            sample: Duration::from_micros(400),
        }
    }

    pub(crate) fn smoke() -> Self {
        Self {
            rounds: 1,
            sample: Duration::ZERO,
        }
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds
    }

    pub(crate) fn run(&self, contenders: &mut [Contender<'_>]) -> Table {
        let calls: Vec<u32> = contenders.iter_mut().map(|c| self.calls(c)).collect();
        let mut rows: Vec<_> = contenders.iter().map(|c| (c.name, Vec::new())).collect();
        for _ in 0..self.rounds {
            for ((contender, calls), row) in contenders.iter_mut().zip(&calls).zip(&mut rows) {
                row.1.push(contender.sample(*calls));
            }
        }
        Table { rows }
    }

    /// Calls that take about as long as a sample shall.
    fn calls(&self, contender: &mut Contender<'_>) -> u32 {
        let mut calls = 1;
        loop {
            let begin = Instant::now();
            contender.sample(calls);
            if begin.elapsed() >= self.sample {
                return calls;
            }
            calls *= 2;
        }
    }
}

/// What was measured: nanoseconds a frame, by contender and turn.
pub(crate) struct Table {
    rows: Vec<(&'static str, Vec<f64>)>,
}

impl Table {
    /// Prints how many times longer the first of each pair took than the second.
    pub(crate) fn print_ratios(&self, pairs: &[(&str, &str)]) {
        let samples = |name: &str| self.rows.iter().find(|row| row.0 == name).map(|row| &row.1);
        for (slow, fast) in pairs {
            let turns = samples(slow).unwrap().iter().zip(samples(fast).unwrap());
            let ratio = median(turns.map(|(slow, fast)| slow / fast).collect());
            println!("  {ratio:>10.2} x  {slow} / {fast}");
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, samples) in &self.rows {
            writeln!(f, "  {:>10.1} ns {name}", median(samples.clone()))?;
        }
        Ok(())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    *values.get(values.len() / 2).unwrap()
}
