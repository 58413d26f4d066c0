//! Tools that are commands: arguments as JSON on stdin, the result on stdout.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use bedrock_stream::ToolCall;
use nova_sonic::{ToolResult, ToolSpec, Tools};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// What the model is told of a tool that nobody can run.
const NO_COMMAND: &str = "there is no command for this tool";

/// The options of commands whose model may use tools.
#[derive(Debug, clap::Args)]
pub(crate) struct ToolArgs {
    /// A tool that is a command: it gets the arguments as JSON on stdin, and gives its result, text or JSON, on stdout
    #[arg(long, value_name = "NAME=COMMAND", value_parser = ToolCommand::parse)]
    tool_command: Vec<ToolCommand>,
    /// What the model is told of the tools, as JSON: name, description, inputSchema
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
}

impl ToolArgs {
    /// The commands behind the tools.
    pub(crate) fn commands(&self) -> &[ToolCommand] {
        &self.tool_command
    }

    /// What the model is told: the tools of the file, and those that only have a command, with any arguments.
    ///
    /// # Errors
    /// One line that says what is wrong with a tool.
    pub(crate) fn specs(&self) -> Result<Vec<ToolSpec>, String> {
        specs(self.tools.as_deref(), &self.tool_command)
    }

    /// The commands as functions, for a conversation that runs its tools itself.
    ///
    /// # Errors
    /// As [`specs`](Self::specs).
    pub(crate) fn functions(&self) -> Result<Tools, String> {
        Ok(functions(self.specs()?, &self.tool_command))
    }
}

/// A tool and the command behind it: `name=command`.
#[derive(Clone, Debug)]
pub(crate) struct ToolCommand {
    name: String,
    command: String,
}

impl ToolCommand {
    /// Reads `name=command`.
    ///
    /// # Errors
    /// Where it is not that.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, command)) if !name.is_empty() && !command.is_empty() => Ok(Self {
                name: name.to_owned(),
                command: command.to_owned(),
            }),
            _ => Err("NAME=COMMAND is expected".to_owned()),
        }
    }
}

fn specs(file: Option<&Path>, commands: &[ToolCommand]) -> Result<Vec<ToolSpec>, String> {
    let mut specs = match file {
        Some(path) => read(path)?,
        None => Vec::new(),
    };
    for command in commands {
        if !specs.iter().any(|spec| spec.name() == command.name) {
            let any = json!({"type": "object"});
            let spec = ToolSpec::new(&command.name, "", any).map_err(|error| error.to_string())?;
            specs.push(spec);
        }
    }
    Ok(specs)
}

fn functions(specs: Vec<ToolSpec>, commands: &[ToolCommand]) -> Tools {
    let mut tools = Tools::new();
    for spec in specs {
        let command = commands.iter().find(|command| command.name == spec.name());
        let command = command.map(|command| command.command.clone());
        tools.add(spec, move |arguments| {
            let command = command.clone();
            async move {
                match command {
                    Some(command) => run(&command, &arguments).await,
                    None => ToolResult::error(NO_COMMAND),
                }
            }
        });
    }
    tools
}

/// Runs the command of a call and answers it.
pub(super) async fn answer(call: ToolCall, commands: Vec<ToolCommand>) {
    let command = commands.iter().find(|command| command.name == call.name());
    let result = match command {
        Some(command) => run(&command.command, call.arguments()).await,
        None => ToolResult::error(NO_COMMAND),
    };
    // It may have timed out, or the conversation be over.
    let _ = call.respond(result);
}

async fn run(command: &str, arguments: &Value) -> ToolResult {
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let child = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return ToolResult::error(format!("the command does not start: {error}")),
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A command that reads nothing has closed it.
        let _ = stdin.write_all(format!("{arguments}\n").as_bytes()).await;
    }
    match child.wait_with_output().await {
        Ok(output) if output.status.success() => {
            ToolResult::text(String::from_utf8_lossy(&output.stdout).trim())
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().next_back().unwrap_or_default();
            ToolResult::error(format!("{}: {last}", output.status))
        }
        Err(error) => ToolResult::error(error.to_string()),
    }
}

/// A tool, a list of them, or a `toolConfig`, each as it is or in `toolSpec`.
fn read(path: &Path) -> Result<Vec<ToolSpec>, String> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let tools = match json.get("tools").cloned().unwrap_or(json) {
        Value::Array(tools) => tools,
        tool => vec![tool],
    };
    let specs = tools.iter().map(|tool| {
        let tool = tool.get("toolSpec").unwrap_or(tool);
        let text = |member: &str| tool.get(member).and_then(Value::as_str).unwrap_or_default();
        let schema = tool.get("inputSchema").cloned().unwrap_or_default();
        ToolSpec::new(text("name"), text("description"), schema)
            .map_err(|error| format!("{name}: {error}"))
    });
    specs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_command_is_a_name_and_a_command() {
        let tool = ToolCommand::parse("clock=date +%s=x").unwrap();
        assert_eq!(
            (tool.name.as_str(), tool.command.as_str()),
            ("clock", "date +%s=x")
        );
        for wrong in ["clock", "=date", "clock="] {
            ToolCommand::parse(wrong).unwrap_err();
        }
        let specs = specs(None, &[tool]).unwrap();
        assert_eq!(specs[0].input_schema(), &json!({"type": "object"}));
    }

    #[tokio::test]
    #[cfg(unix)]
    async fn a_command_gets_json_and_gives_a_result() {
        let given = json!({"city": "Lima"});
        assert_eq!(run("cat", &given).await, ToolResult::json(given.clone()));
        assert_eq!(run("echo sunny", &given).await, ToolResult::text("sunny"));
        let failed = run("echo why >&2; exit 3", &given).await.to_json();
        assert!(failed.contains("why") && failed.contains('3'), "{failed}");
    }
}
