//! What a terminal shows: colours, the log, and how far long work has come.

use std::io::{self, IsTerminal as _, Read};
use std::time::Duration;

use anstream::ColorChoice;
use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// Input from here on is worth a bar.
const LONG_INPUT: u64 = 8 * 1024 * 1024;

/// The options of every command, before or behind its name.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Terminal")]
pub(crate) struct TerminalArgs {
    /// Colours: on a terminal, always or never [env: `NO_COLOR`, `CLICOLOR_FORCE`]
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    #[arg(env = "BEDROCK_COLOR", hide_env = true, hide_possible_values = true)]
    color: Color,
    /// Log connections and calls on stderr, from `error` to `trace`, or by crate: `warn,h2_duplex=debug` [env: `RUST_LOG`]
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<Targets>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl TerminalArgs {
    /// Sets up the colours of what is printed with `anstream`, and the log.
    pub(crate) fn set_up(&self) {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
        let Some(filter) = self.log.clone().or_else(log_of_environment) else {
            return;
        };
        let log = fmt::layer()
            .with_ansi(false)
            .with_writer(io::stderr)
            // Whoever read stderr may be gone.
            .log_internal_errors(false);
        tracing_subscriber::registry()
            .with(log.with_filter(filter))
            .init();
    }
}

/// `RUST_LOG` is there for all programs: one that this one does not understand is no reason to fail.
fn log_of_environment() -> Option<Targets> {
    let text = std::env::var("RUST_LOG").ok()?;
    let filter = text.parse();
    if let Err(error) = &filter {
        eprintln!("bedrock: RUST_LOG is left alone: {error}");
    }
    filter.ok().filter(|_| !text.is_empty())
}

/// Tells people what a command waits for, until it is dropped; nothing where stderr is no terminal.
pub(crate) struct Waiting(ProgressBar);

impl Waiting {
    pub(crate) fn on(what: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        // It hides itself where stderr is no terminal.
        let bar = if is_dumb() {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner()
        };
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Shows how much of a long input has been read, unless the output says so by itself.
pub(crate) fn watched(input: impl Read + 'static, len: u64) -> Box<dyn Read> {
    if len < LONG_INPUT || io::stdout().is_terminal() || is_dumb() {
        return Box::new(input);
    }
    let bar = ProgressBar::new(len);
    if let Ok(style) = ProgressStyle::with_template("{bytes} of {total_bytes} {wide_bar} {eta}") {
        bar.set_style(style);
    }
    Box::new(bar.wrap_read(input))
}

/// A terminal that cannot move its cursor.
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}
