//! Who takes part: a scripted Bedrock, a conversation with it, a user who speaks.

use std::time::Duration;

use bedrock_loopback::{Builder, Scenario, Server};
use bedrock_stream::{Error, SonicBuilder, Voice, VoiceEvent, VoiceEvents};
use nova_sonic::{ConversationEvent, Role, SessionEvent, TextStage};
use serde_json::{Value, json};

use crate::stage::{START_SECS, client, connect, question, server, server_clock};

/// How long the close may take.
pub(super) const CLOSE: Duration = Duration::from_secs(5);

/// A strict Bedrock that goes through these steps.
pub(super) fn script(sonic: &Value) -> Builder {
    let scenario = json!({"sonic": sonic}).to_string();
    server()
        .seed(3)
        .strict(true)
        .scenario(Scenario::from_json(&scenario, ".").unwrap())
}

pub(super) fn build(server: Builder) -> Server {
    server.clock(server_clock(START_SECS)).build().unwrap()
}

/// The settings of a conversation with this Bedrock.
pub(super) fn session(server: &Server) -> SonicBuilder {
    let client = client(server, server.secret_access_key());
    let server = server.clone();
    client.sonic("amazon.nova-2-5-sonic").connect_with(move || {
        let server = server.clone();
        async move { Ok(connect(&server).await) }
    })
}

pub(super) async fn start(server: Builder) -> (Voice, VoiceEvents) {
    session(&build(server)).start().await.unwrap()
}

/// The user asks the question at the pace of speech, and then is silent.
pub(super) async fn ask(voice: &Voice) {
    let mut pace = tokio::time::interval(Duration::from_millis(32));
    for chunk in question() {
        pace.tick().await;
        voice.audio(chunk).unwrap();
    }
    voice.mute();
}

/// Listens until this is true of an event; gives all that came.
pub(super) async fn until(
    events: &mut VoiceEvents,
    mut wanted: impl FnMut(&VoiceEvent) -> bool,
) -> Vec<VoiceEvent> {
    let mut seen = Vec::new();
    loop {
        let event = events
            .next()
            .await
            .unwrap_or_else(|error| panic!("{error} after {seen:?}"));
        let event = event.unwrap_or_else(|| panic!("over after {seen:?}"));
        let done = wanted(&event);
        seen.push(event);
        if done {
            return seen;
        }
    }
}

/// Listens to the end.
pub(super) async fn rest(events: &mut VoiceEvents) -> (Vec<VoiceEvent>, Result<(), Error>) {
    let mut seen = Vec::new();
    loop {
        match events.next().await {
            Ok(Some(event)) => seen.push(event),
            Ok(None) => return (seen, Ok(())),
            Err(error) => return (seen, Err(error)),
        }
    }
}

pub(super) fn turn_ended(event: &VoiceEvent) -> bool {
    matches!(event, VoiceEvent::Session(SessionEvent::TurnEnded { .. }))
}

pub(super) fn interrupted(event: &VoiceEvent) -> bool {
    matches!(event, VoiceEvent::Session(SessionEvent::Interrupted { .. }))
}

pub(super) fn renewed(event: &VoiceEvent) -> bool {
    matches!(
        event,
        VoiceEvent::Conversation(ConversationEvent::Renewed { .. })
    )
}

/// What the model was about to say.
pub(super) fn planned(events: &[VoiceEvent]) -> Vec<&str> {
    let planned = |event| match event {
        &VoiceEvent::Session(SessionEvent::AssistantText {
            ref text,
            stage: TextStage::Speculative,
            ..
        }) => Some(text.as_str()),
        _ => None,
    };
    events.iter().filter_map(planned).collect()
}

/// Bytes of speech.
pub(super) fn speech(events: &[VoiceEvent]) -> usize {
    let bytes = |event: &VoiceEvent| match event {
        VoiceEvent::Session(SessionEvent::Audio { pcm, .. }) => pcm.len(),
        _ => 0,
    };
    events.iter().map(bytes).sum()
}

/// The roles that speak in a transcript, and what they say.
pub(super) fn transcript(voice: &Voice) -> Vec<(Role, String)> {
    let role = |speaker| match speaker {
        nova_sonic::Speaker::User => Role::User,
        nova_sonic::Speaker::Assistant => Role::Assistant,
    };
    let entries = voice.transcript().into_iter();
    entries
        .map(|entry| (role(entry.speaker), entry.text))
        .collect()
}
