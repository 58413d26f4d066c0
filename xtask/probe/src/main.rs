//! Our client as a program: `probe FILE` plays the checks that a JSON file names, and prints a JSON line for each.
//!
//! `cargo xtask interop` and `cargo xtask netns` run it against servers of others, through middle boxes and over bad links.

mod calls;
mod converse;
mod ending;
mod report;
mod session;
mod target;
mod upload;
mod watched;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use report::Report;
use target::Target;

/// What the file holds.
#[derive(Deserialize)]
struct Exam {
    #[serde(flatten)]
    target: Target,
    checks: Vec<Check>,
    /// How long one check may take.
    seconds: u64,
}

/// What can be played.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Check {
    /// A server that echoes: 1,000 events up while they come back.
    Echo,
    /// A server that answers once the request has ended.
    HalfClose,
    /// A server that answers 403 at once; the upload goes on until it is told.
    Early403,
    /// A server that resets the call in its middle.
    Reset { code: u32 },
    /// A server that says GOAWAY and goes on with the call.
    GoAwayAbove,
    /// A server that says GOAWAY and drops the call.
    GoAwayBelow,
    /// A voice session: 1,000 events up while 1,000 come down.
    Session,
    /// A voice session that is closed before it is answered.
    SessionHalfClose,
    /// The duplex operation without a signature: 403 while the upload is open.
    SessionRefused,
    /// A voice session with a wrong secret: the service's error, on both halves.
    SessionWrongSecret,
    /// A reply over ConverseStream.
    Converse,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let exam = match read() {
        Ok(exam) => exam,
        Err(message) => {
            eprintln!("probe: {message}");
            return ExitCode::from(2);
        }
    };
    let limit = Duration::from_secs(exam.seconds);
    for check in exam.checks {
        let start = Instant::now();
        let played = tokio::time::timeout(limit, play(&exam.target, check)).await;
        let report = match played {
            Ok(Ok(report)) => report,
            Ok(Err(error)) => Report::failed(error),
            Err(_) => Report::failed(format!("hung: it was not over after {limit:?}")),
        };
        if writeln!(std::io::stdout(), "{}", report.to_json(start.elapsed())).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn read() -> Result<Exam, String> {
    let file = std::env::args().nth(1).ok_or("usage: probe FILE")?;
    let text = std::fs::read(&file).map_err(|error| format!("{file}: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("{file}: {error}"))
}

/// Plays one check. `Err` where it could not be played at all.
async fn play(target: &Target, check: Check) -> Result<Report, String> {
    match check {
        Check::Echo => calls::echo(target).await,
        Check::HalfClose => calls::half_close(target).await,
        Check::Early403 => calls::early_answer(target, "/refuse").await,
        Check::Reset { code } => calls::reset(target, code).await,
        Check::GoAwayAbove => calls::go_away_above(target).await,
        Check::GoAwayBelow => calls::go_away_below(target).await,
        Check::Session => session::hold(target, true).await,
        Check::SessionHalfClose => session::hold(target, false).await,
        Check::SessionRefused => calls::early_answer(target, session::PATH).await,
        Check::SessionWrongSecret => session::refused(target).await,
        Check::Converse => converse::ask(target).await,
    }
}
