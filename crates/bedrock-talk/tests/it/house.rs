//! A bridge with a Bedrock behind it, and what its operator was told.

use std::sync::{Arc, Mutex};

use bedrock_loopback::{Builder, Scenario};
use bedrock_talk::{Limits, Notice, Talk, TalkBuilder};
use serde_json::{Value, json};

use crate::stage::{START_SECS, client, connect, server, server_clock};

/// What the operator was told.
pub(crate) type Notices = Arc<Mutex<Vec<Notice>>>;

/// A bridge to a Bedrock that echoes.
pub(crate) fn echo(change: impl FnOnce(&mut Limits)) -> (Talk, Notices) {
    house(server(), change, |talk| talk)
}

/// A bridge to a Bedrock that goes through these steps.
pub(crate) fn script(steps: &Value, change: impl FnOnce(&mut Limits)) -> (Talk, Notices) {
    let scenario = json!({"sonic": steps}).to_string();
    let scenario = Scenario::from_json(&scenario, ".").unwrap();
    house(server().scenario(scenario), change, |talk| talk)
}

pub(crate) fn house(
    server: Builder,
    change: impl FnOnce(&mut Limits),
    settings: impl FnOnce(TalkBuilder) -> TalkBuilder,
) -> (Talk, Notices) {
    let server = server
        .strict(true)
        .clock(server_clock(START_SECS))
        .build()
        .unwrap();
    let session = client(&server, server.secret_access_key())
        .sonic("amazon.nova-2-5-sonic")
        .connect_with(move || {
            let server = server.clone();
            async move { Ok(connect(&server).await) }
        });
    let mut limits = Limits::default();
    change(&mut limits);
    let notices = Notices::default();
    let told = Arc::clone(&notices);
    let talk = Talk::builder(move |_| Some(session.clone()))
        .limits(limits)
        .observe(move |notice| told.lock().unwrap().push(notice.clone()));
    (settings(talk).build(), notices)
}

/// A text that makes the model speak so many sentences of 6 s.
pub(crate) fn long_answer(sentences: usize) -> Value {
    let say = json!({"say": {"text": "One two three four five six.", "tone_ms": 6_000}});
    json!([{"when": "text", "contains": "talk", "send": vec![say; sentences]}])
}
