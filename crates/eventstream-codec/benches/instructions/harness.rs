//! Counts cases under callgrind and judges them by the record, or runs one of them, as the arguments say.
//!
//! Counted without the functions that hash and sum: valgrind knows neither SHA instructions nor AVX-512, so that their
//! count says nothing of a real machine and would drown the rest. `-- --record` writes the record anew. Where valgrind is missing,
//! or nothing is on record for CPU model and toolchain, the counts are printed and nothing is judged.

use std::process::ExitCode;

use crate::callgrind;
use crate::record::Record;

/// What is counted.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// How many frames one call handles.
    pub(crate) frames: u32,
    /// Handles so many times that.
    pub(crate) run: Box<dyn Fn(u32)>,
}

impl Case {
    /// One frame a call.
    pub(crate) fn new(name: &'static str, run: impl Fn(u32) + 'static) -> Self {
        Self {
            name,
            frames: 1,
            run: Box::new(run),
        }
    }
}

/// Does what the arguments say. Of the calls of a case `few` come first and are not counted, `many` behind them are.
pub(crate) fn main(cases: &[Case], few: u32, many: u32) -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let value = |flag: &str| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1)?.parse::<u32>().ok()
    };
    if let (Some(case), Some(calls)) = (value("--case"), value("--calls")) {
        (cases.get(case as usize).unwrap().run)(calls);
        return ExitCode::SUCCESS;
    }
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    if !has("--bench") {
        return ExitCode::SUCCESS; // `cargo test --benches`: that it builds is enough
    }
    let Some(counts) = count_all(cases, few, many) else {
        println!("skipped: valgrind is not installed");
        return ExitCode::SUCCESS;
    };
    let found = Record::here(counts);
    print!("{found}");
    if has("--record") {
        found.write();
        return ExitCode::SUCCESS;
    }
    let rises = found.rises();
    for rise in &rises {
        println!("RISE {rise}");
    }
    ExitCode::from(u8::from(!rises.is_empty()))
}

/// Instructions a frame of every case, or `None` without valgrind.
fn count_all(cases: &[Case], few: u32, many: u32) -> Option<Vec<(String, f64)>> {
    let mut counts = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        // The difference of two runs leaves the start of the program out.
        let more = callgrind::count(index, few + many)?;
        let less = callgrind::count(index, few)?;
        let per = f64::from(many) * f64::from(case.frames);
        counts.push((case.name.to_owned(), ((more - less) / per).round()));
    }
    Some(counts)
}
