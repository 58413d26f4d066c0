//! What a conversation tells the log: figures, and nothing that was said.

use nova_sonic::{ToolResult, ToolSpec, Tools};
use serde_json::{Value, json};
use tracing::Level;

use super::cast::{CLOSE, build, rest, script, session, turn_ended, until};
use crate::secrets::Log;

#[tokio::test(start_paused = true)]
async fn words_arguments_and_results_are_in_no_log_and_no_debug() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = build(script(&json!([
        {"when": "text", "contains": "word-of-the-user", "send": [
            {"tool": {"name": "lookup", "id": "t1", "input": {"about": "word-of-an-argument"}}}]},
        {"when": "tool-result", "expect": {"found": "word-of-a-result"}, "send": [{"say": {"text": "word-of-the-model"}}]}
    ])));
    let mut tools = Tools::new();
    tools.add(
        ToolSpec::new("lookup", "", Value::Null).unwrap(),
        |_| async { ToolResult::json(json!({"found": "word-of-a-result"})) },
    );
    let builder = session(&server)
        .system("word-of-the-prompt")
        .functions(tools);
    let of_builder = format!("{builder:?}");
    let (voice, mut events, driver) = builder.conversation().unwrap();
    let shown = format!("{of_builder} {voice:?} {events:?} {driver:?}");
    tokio::spawn(driver);
    voice.text("word-of-the-user").unwrap();
    until(&mut events, turn_ended).await;
    voice.close(CLOSE).await.unwrap();
    rest(&mut events).await.1.unwrap();
    let logged = log.text();
    for word in ["user", "an-argument", "a-result", "the-model", "the-prompt"] {
        let word = format!("word-of-{word}");
        assert!(!logged.contains(&word), "logged: {word}");
        assert!(!shown.contains(&word), "shown: {word}");
    }
    if cfg!(feature = "tracing") {
        for figure in [
            "gen_ai.provider.name=\"aws.bedrock\"",
            "gen_ai.request.model=\"amazon.nova-2-5-sonic\"",
            "gen_ai.usage.output_tokens=",
            "gen_ai.tool.name=\"lookup\"",
            "open_to_head_ms=",
            "conversation over",
        ] {
            assert!(logged.contains(figure), "not logged: {figure}");
        }
    }
}
