//! The `bedrock` command: voice sessions and chats with Amazon Bedrock, and a Bedrock on your own machine.

// Its `println!` and `eprintln!` keep to the choice of colours and do not panic where the reader has gone.
#[macro_use]
extern crate anstream;

mod answer;
mod command_line;
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
mod talk;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::command_line::Asked;
use crate::exit::{Exit, Stop};
use crate::terminal::TerminalArgs;

/// Amazon Bedrock's streams on the command line.
#[derive(Debug, Parser)]
#[command(name = "bedrock", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    terminal: TerminalArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hold a spoken conversation: a voice in, the model's voice out.
    Sonic(Box<sonic::Args>),
    /// Talk in a browser: one page, served on this machine.
    Talk(Box<talk::Args>),
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
    let Asked { cli, json } = match command_line::read(std::env::args_os().collect::<Vec<_>>()) {
        Ok(asked) => asked,
        Err(exit) => return exit.into(),
    };
    cli.terminal.set_up();
    let exit = run(cli.command).unwrap_or_else(|stop| {
        command_line::tell(&stop, json);
        stop.exit
    });
    exit.into()
}

fn run(command: Command) -> Result<Exit, Stop> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("no runtime: {error}"))?;
    let ended = runtime.block_on(async {
        match command {
            Command::Sonic(args) => sonic::run(&args).await,
            Command::Talk(args) => talk::run(&args).await,
            Command::Frames(args) => frames::run(&args),
            Command::Converse(args) => converse::run(&args).await,
            Command::Invoke(args) => invoke::run(&args).await,
            Command::Serve(args) => serve::run(&args).await,
            Command::Doctor(args) => doctor::run(&args).await,
            Command::Completions(args) => shell::completions(&args),
            Command::Man(args) => shell::man(&args),
            Command::Replay(args) => replay::run(&args).await,
        }
    });
    // A thread may still be reading stdin; the program does not wait for it.
    runtime.shutdown_background();
    ended
}
