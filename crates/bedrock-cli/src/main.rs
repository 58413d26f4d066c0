//! The `bedrock` command: voice sessions and chats with Amazon Bedrock, and a Bedrock on your own machine.

mod answer;
mod connect;
mod converse;
mod doctor;
mod exit;
mod family;
mod frames;
mod invoke;
mod record;
mod replay;
mod serve;
mod shell;
mod signals;
mod sonic;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::exit::Exit;

/// Amazon Bedrock's streams on the command line.
#[derive(Debug, Parser)]
#[command(name = "bedrock", version, about, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 complete, 1 failed, 2 wrong usage, 3 incomplete (what arrived is kept), \
                          130 after Ctrl-C.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Hold a spoken conversation: a voice in, the model's voice out.
    Sonic(Box<sonic::Args>),
    /// Print the frames of any AWS service's event stream, or make them from JSON lines.
    Frames(frames::Args),
    /// Ask a model, or chat with it: text, pictures and documents in, its answer out as it is written.
    Converse(Box<converse::Args>),
    /// Ask a model in its own JSON: any family, its answer out as it is written.
    Invoke(Box<invoke::Args>),
    /// Run a Bedrock on this machine, for tests and demos.
    Serve(serve::Args),
    /// Look at what a stream needs, and say what is missing.
    Doctor(doctor::Args),
    /// Print a completion script for a shell.
    Completions(shell::CompletionsArgs),
    /// Print the manual page.
    Man(shell::ManArgs),
    /// Serve a recording again, or make a conformance case of it.
    Replay(replay::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("no runtime: {error}")).into(),
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Sonic(args) => sonic::run(&args).await,
            Command::Frames(args) => frames::run(&args),
            Command::Converse(args) => converse::run(&args).await,
            Command::Invoke(args) => invoke::run(&args).await,
            Command::Serve(args) => serve::run(&args).await,
            Command::Doctor(args) => doctor::run(&args).await,
            Command::Completions(args) => shell::completions(&args, Cli::command()),
            Command::Man(args) => shell::man(&args, Cli::command()),
            Command::Replay(args) => replay::run(&args).await,
        }
    });
    // A thread may still be reading stdin; the program does not wait for it.
    runtime.shutdown_background();
    ended.unwrap_or_else(|text| fail(&text)).into()
}

/// Says what went wrong, in one line on stderr.
fn fail(text: &str) -> Exit {
    eprintln!("bedrock: {text}");
    Exit::Failed
}
