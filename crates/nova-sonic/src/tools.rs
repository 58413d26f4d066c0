//! A small registry of async functions that the model may call.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use crate::{ToolResult, ToolSpec, ToolUse};

type Running = Pin<Box<dyn Future<Output = ToolResult> + Send>>;
type Function = Box<dyn Fn(Value) -> Running + Send + Sync>;

/// Tools by name. It runs nothing itself: [`call`](Self::call) gives a future for a runtime of the caller's, one for each call,
/// so that calls run side by side.
///
/// ```
/// use nova_sonic::{ToolResult, ToolSpec, Tools};
/// use serde_json::{Value, json};
///
/// let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
/// let mut tools = Tools::new();
/// tools.add(ToolSpec::new("get_weather", "The weather in a city", schema)?, |arguments: Value| async move {
///     match arguments["city"].as_str() {
///         Some(city) => ToolResult::json(json!({"city": city, "sky": "clear"})),
///         None => ToolResult::error("which city?"),
///     }
/// });
/// assert_eq!(tools.specs().count(), 1); // for `PromptConfig::tools`
/// # Ok::<(), nova_sonic::ToolSpecError>(())
/// ```
#[derive(Default)]
pub struct Tools {
    tools: Vec<(ToolSpec, Function)>,
}

impl Tools {
    /// No tools.
    #[must_use]
    pub const fn new() -> Self {
        Self { tools: Vec::new() }
    }

    /// Adds a function; one of the same name is replaced.
    pub fn add<F, R>(&mut self, spec: ToolSpec, function: F)
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = ToolResult> + Send + 'static,
    {
        self.tools.retain(|(known, _)| known.name() != spec.name());
        let function: Function = Box::new(move |arguments| Box::pin(function(arguments)));
        self.tools.push((spec, function));
    }

    /// What the model is told of the tools, for [`PromptConfig::tools`](crate::PromptConfig::tools).
    pub fn specs(&self) -> impl Iterator<Item = &ToolSpec> {
        self.tools.iter().map(|(spec, _)| spec)
    }

    /// Starts a call. A tool that is not here has an error for its result: the model made the name up, and a call without a
    /// result would leave it waiting.
    pub fn call(&self, call: &ToolUse) -> impl Future<Output = ToolResult> + Send + 'static {
        let found = self
            .tools
            .iter()
            .find(|(spec, _)| spec.name() == call.tool_name);
        let running = found.map(|(_, function)| function(call.arguments.clone()));
        async move {
            match running {
                Some(running) => running.await,
                None => ToolResult::error("there is no tool of this name"),
            }
        }
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.specs().map(ToolSpec::name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use serde_json::json;

    use super::*;
    use crate::EventIds;

    fn call(name: &str, arguments: Value) -> ToolUse {
        ToolUse {
            ids: EventIds::default(),
            content_id: "c".into(),
            tool_use_id: "1".into(),
            tool_name: name.into(),
            raw_arguments: arguments.to_string(),
            arguments,
            extra: serde_json::Map::new(),
        }
    }

    fn ready(future: impl Future<Output = ToolResult>) -> ToolResult {
        let mut future = Box::pin(future);
        match future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("these functions wait for nothing"),
        }
    }

    #[test]
    fn calls_find_their_function() {
        let spec = |name| ToolSpec::new(name, "", Value::Null).unwrap();
        let mut tools = Tools::new();
        tools.add(spec("a"), |_| async { ToolResult::text("old") });
        tools.add(spec("a"), |given: Value| async move {
            ToolResult::json(json!({"given": given}))
        });
        tools.add(spec("b"), |_| async { ToolResult::error("no") });
        assert_eq!(
            ready(tools.call(&call("a", json!(7)))).to_json(),
            r#"{"given":7}"#
        );
        assert_eq!(
            ready(tools.call(&call("b", json!({})))),
            ToolResult::error("no")
        );
        assert!(
            ready(tools.call(&call("c", json!({}))))
                .to_json()
                .contains("error")
        );
        assert_eq!(format!("{tools:?}"), r#"["a", "b"]"#);
    }
}
