//! Tools that the model may call, out of JSON files.

use std::path::{Path, PathBuf};

use converse_stream::request::tool::{Tool, ToolConfig, ToolSpec};
use serde_json::Value;

/// The tools of all files; `None` where there are none.
pub(super) fn read(paths: &[PathBuf]) -> Result<Option<ToolConfig>, String> {
    let mut config = ToolConfig::default();
    for path in paths {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        add(&mut config, path, &text)?;
    }
    Ok(Some(config).filter(|config| !config.tools.is_empty()))
}

/// Adds a tool, a list of tools, or a whole `toolConfig`.
fn add(config: &mut ToolConfig, path: &Path, text: &str) -> Result<(), String> {
    let bad = |error: serde_json::Error| format!("{}: {error}", path.display());
    let json: Value = serde_json::from_str(text).map_err(bad)?;
    if json.get("tools").is_some() {
        let whole: ToolConfig = serde_json::from_value(json).map_err(bad)?;
        config.tools.extend(whole.tools);
        config.tool_choice = whole.tool_choice.or(config.tool_choice.take());
        return Ok(());
    }
    let tools = match json {
        Value::Array(tools) => tools,
        tool => vec![tool],
    };
    for tool in tools {
        config.tools.push(if tool.get("name").is_some() {
            Tool::Spec(serde_json::from_value::<ToolSpec>(tool).map_err(bad)?)
        } else {
            match serde_json::from_value(tool).map_err(bad)? {
                Tool::Unknown { name, .. } => {
                    return Err(format!(
                        "{}: {name:?} is not a kind of tool",
                        path.display()
                    ));
                }
                tool => tool,
            }
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = r#"{"name":"weather","inputSchema":{"json":{"type":"object"}}}"#;

    fn names(text: &str) -> Result<Vec<String>, String> {
        let mut config = ToolConfig::default();
        add(&mut config, Path::new("tools.json"), text)?;
        let names = config.tools.into_iter().map(|tool| match tool {
            Tool::Spec(spec) => spec.name,
            other => panic!("{other:?}"),
        });
        Ok(names.collect())
    }

    #[test]
    fn a_tool_is_read_in_each_of_its_wrappings() {
        let wrapped = format!(r#"{{"toolSpec":{SPEC}}}"#);
        for (text, count) in [
            (SPEC.to_owned(), 1),
            (wrapped.clone(), 1),
            (format!("[{SPEC},{wrapped}]"), 2),
            (
                format!(r#"{{"tools":[{wrapped}],"toolChoice":{{"any":{{}}}}}}"#),
                1,
            ),
        ] {
            assert_eq!(names(&text).unwrap(), vec!["weather"; count], "{text}");
        }
    }

    #[test]
    fn what_is_not_a_tool_is_named_with_its_file() {
        for text in ["", "[1]", r#"{"name":"x"}"#, r#"{"tol":{}}"#, "{}"] {
            let error = names(text).unwrap_err();
            assert!(error.starts_with("tools.json: "), "{error}");
        }
    }
}
