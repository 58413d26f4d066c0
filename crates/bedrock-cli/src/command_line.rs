//! The command line: what all subcommands have in common is added to each of them here.

use std::ffi::OsString;
use std::io::Write as _;

use clap::builder::{BoolishValueParser, StyledStr};
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use serde_json::json;

use crate::Cli;
use crate::exit::{Exit, Stop};
use crate::terminal::BAD;

const EXIT_CODES: &str = "\
Exit codes:
  0    complete
  1    failed
  2    wrong usage, or a file that cannot be used
  3    incomplete: something is missing, what arrived is kept
  130  ended by Ctrl-C";

/// The command with what derives cannot say: settings by environment and exit codes, for every subcommand.
pub(crate) fn command() -> Command {
    let command = Cli::command();
    let environment = "\
Environment:
  Region, credentials, profile and endpoint as everywhere with AWS: AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID,
  AWS_BEARER_TOKEN_BEDROCK, AWS_ENDPOINT_URL_BEDROCK_RUNTIME, AWS_CA_BUNDLE and others.
  Every option has a variable: `converse --max-tokens 100` may be said as BEDROCK_CONVERSE_MAX_TOKENS=100.";
    command
        .after_help(format!("{environment}\n\n{EXIT_CODES}"))
        .mut_subcommands(|command| {
            let name = command.get_name().to_owned();
            let help = command.get_after_help().map(StyledStr::to_string);
            let variables = format!(
                "Environment: every option has a variable, --some-option BEDROCK_{}_SOME_OPTION.",
                upper(&name)
            );
            let help = help.into_iter().chain([variables, EXIT_CODES.to_owned()]);
            let help = help.collect::<Vec<_>>().join("\n\n");
            command
                .after_help(help)
                .mut_args(|arg| by_environment(&name, arg))
        })
}

/// Gives an option its variable; the rule stands in the help once, not behind every option.
fn by_environment(command: &str, arg: Arg) -> Arg {
    let Some(long) = arg.get_long() else {
        return arg;
    };
    let variable = format!("BEDROCK_{}_{}", upper(command), upper(long));
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let arg = arg.env(variable).hide_env(true);
    if is_switch {
        arg.value_parser(BoolishValueParser::new())
    } else {
        arg
    }
}

fn upper(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

/// What was asked for, and whether its answer is for machines.
pub(crate) struct Asked {
    pub(crate) cli: Cli,
    pub(crate) json: bool,
}

/// Reads the command line.
///
/// # Errors
/// The exit code, where it is wrong or asks for help: that has been printed.
pub(crate) fn read(args: impl IntoIterator<Item = OsString> + Clone) -> Result<Asked, Exit> {
    let parsed = command()
        .try_get_matches_from(args.clone())
        .and_then(|matches| {
            let json = wants_json(&matches);
            Cli::from_arg_matches(&matches).map(|cli| Asked { cli, json })
        });
    parsed.map_err(|error| {
        if !error.use_stderr() {
            // Help or version. Whoever read it may have seen enough.
            let _ = error.print();
            return Exit::Complete;
        }
        let _ = error.print();
        let stop = Stop::usage(first_line(&error.to_string()));
        if args.into_iter().any(|arg| arg == "--json") {
            as_json(&stop);
        }
        stop.exit
    })
}

fn wants_json(matches: &ArgMatches) -> bool {
    let Some((_, matches)) = matches.subcommand() else {
        return false;
    };
    matches!(matches.try_get_one::<bool>("json"), Ok(Some(true)))
}

fn first_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line)
}

/// Says why a command ended before its time: one line on stderr, and with `--json` one more object on stdout.
pub(crate) fn tell(stop: &Stop, json: bool) {
    let Some(why) = &stop.why else { return };
    eprintln!("{BAD}bedrock:{BAD:#} {why}");
    if json {
        as_json(stop);
    }
}

fn as_json(stop: &Stop) {
    let line = json!({"outcome": "failed", "error": stop.why});
    // Nobody is left to be told where this fails.
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Asked, Exit> {
        read(args.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_definition_holds() {
        command().debug_assert();
    }

    #[test]
    fn every_option_of_every_subcommand_has_a_variable_and_every_help_its_exit_codes() {
        let mut options = 0;
        for command in command().get_subcommands() {
            let help = command.get_after_help().unwrap().to_string();
            assert!(help.contains("130  ended by Ctrl-C"), "{command}");
            for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
                let variable = arg.get_env().unwrap().to_str().unwrap();
                assert!(variable.starts_with("BEDROCK_"), "{variable}");
                options += 1;
            }
        }
        assert!(options > 60, "{options}");
    }

    #[test]
    fn json_is_seen_wherever_it_stands() {
        assert!(parsed(&["bedrock", "doctor", "--json"]).unwrap().json);
        assert!(!parsed(&["bedrock", "doctor"]).unwrap().json);
        assert!(!parsed(&["bedrock", "man"]).unwrap().json);
    }
}
