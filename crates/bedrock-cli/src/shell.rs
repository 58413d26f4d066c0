//! What shells and `man` want to know of the command: completions and the manual page.

use std::io::{self, Write as _};

use std::path::PathBuf;

use clap_complete::Shell;

use crate::command_line::command;
use crate::exit::{Exit, Stop};

/// Print a completion script, to be put where the shell looks for them.
#[derive(Debug, clap::Args)]
#[command(after_help = COMPLETIONS)]
pub(crate) struct CompletionsArgs {
    shell: Shell,
}

const COMPLETIONS: &str = "\
Examples:
  bedrock completions bash > ~/.local/share/bash-completion/completions/bedrock
  bedrock completions zsh > ~/.zfunc/_bedrock
  bedrock completions fish > ~/.config/fish/completions/bedrock.fish";

/// Print the manual page of the command, or of one of its subcommands, in troff.
#[derive(Debug, clap::Args)]
#[command(after_help = MAN)]
pub(crate) struct ManArgs {
    /// The subcommand; the whole command where none is named
    #[arg(value_name = "SUBCOMMAND")]
    subcommand: Option<String>,
    /// Write all pages into this folder instead
    #[arg(long, value_name = "FOLDER", conflicts_with = "subcommand")]
    folder: Option<PathBuf>,
}

const MAN: &str = "\
Examples:
  bedrock man sonic > bedrock-sonic.1 && man -l bedrock-sonic.1
  bedrock man --folder ~/.local/share/man/man1";

pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "bedrock", &mut script);
    print(&script)
}

pub(crate) fn man(args: &ManArgs) -> Result<Exit, Stop> {
    if let Some(folder) = &args.folder {
        clap_mangen::generate_to(command(), folder)
            .map_err(|error| Stop::usage(format!("{}: {error}", folder.display())))?;
        return Ok(Exit::Complete);
    }
    let mut command = command();
    command.build();
    let name = args.subcommand.as_deref();
    let page = match name.map(|name| command.find_subcommand(name)) {
        None => command,
        Some(Some(found)) => found.clone(),
        Some(None) => return Err(Stop::usage("there is no such subcommand")),
    };
    let mut troff = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut troff)
        .map_err(|error| error.to_string())?;
    print(&troff)
}

fn print(text: &[u8]) -> Result<Exit, Stop> {
    io::stdout()
        .write_all(text)
        .map_err(|error| Stop::stdout(&error))?;
    Ok(Exit::Complete)
}
