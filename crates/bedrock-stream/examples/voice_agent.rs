//! A voice agent with a tool: it hears a question, looks up the weather, and says it.
//!
//! `cargo run -p bedrock-stream --example voice_agent`, in the repository's root. Offline: a Bedrock on 127.0.0.1 plays the
//! model's part.

use std::error::Error;
use std::time::Duration;

use bedrock_loopback::{Loopback, Scenario};
use bedrock_stream::{Client, Credentials, Voice, VoiceEvent};
use nova_sonic::{NOVA_2_5_SONIC, SessionEvent, ToolResult, ToolSpec, Tools};
use serde_json::json;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    let bedrock = scripted().await?;
    let client = client(&bedrock)?; // on AWS: Client::from_env().await?
    let file = "fixtures/audio/question.wav"; // 16 kHz, mono, 16 bits
    let question = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;

    let mut tools = Tools::new();
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let spec = ToolSpec::new("getWeather", "The weather in a city", schema)?;
    tools.add(spec, |arguments| async move {
        println!("tool   getWeather({arguments})");
        ToolResult::json(json!({"temperature": 72})) // ask your own service here
    });

    let session = client
        .sonic(NOVA_2_5_SONIC)
        .system("You are a weather service. Be brief.")
        .functions(tools);
    let (voice, mut events) = session.start().await?;
    let speaking = tokio::spawn(speak(voice.clone(), question));

    let mut heard = 0; // bytes of 24 kHz PCM16, which a loudspeaker would have played
    while let Some(event) = events.next().await? {
        match event {
            VoiceEvent::Session(SessionEvent::Audio { pcm, .. }) => heard += pcm.len(),
            VoiceEvent::Session(SessionEvent::Interrupted { .. }) => println!("(stop playing)"),
            VoiceEvent::Session(SessionEvent::TurnEnded { .. }) => break,
            _ => {}
        }
    }
    speaking.await??;
    let summary = voice.close(Duration::from_secs(5)).await?;
    for said in voice.transcript() {
        println!("{:?}: {}", said.speaker, said.text);
    }
    println!("speech {} ms", heard / 48);
    println!("tokens {:?}", summary.usage);
    bedrock.shutdown().await;
    Ok(())
}

/// A microphone: 32 ms of 16 kHz PCM16 every 32 ms, then silence as long as the conversation lasts.
async fn speak(voice: Voice, wav: Vec<u8>) -> Outcome {
    let mut pace = tokio::time::interval(Duration::from_millis(32));
    for chunk in wav.get(44..).unwrap_or_default().chunks(1024) {
        pace.tick().await;
        voice.audio(chunk.to_vec())?;
    }
    voice.mute();
    Ok(())
}

/// What the model will hear, call and say.
async fn scripted() -> Outcome<Loopback> {
    let steps = json!({"sonic": [
        {"when": "turn", "send": [
            {"transcript": "what is the weather in lisbon"},
            {"tool": {"name": "getWeather", "input": {"city": "Lisbon"}}}
        ]},
        {"when": "tool-result", "tool": "getWeather", "expect": {"temperature": 72}, "send": [
            {"say": {"text": "It is 72 degrees in Lisbon.", "tone_ms": 600}}
        ]}
    ]});
    let scenario = Scenario::from_json(&steps.to_string(), ".")?;
    Ok(Loopback::builder().scenario(scenario).start().await?)
}

fn client(bedrock: &Loopback) -> Outcome<Client> {
    let key = Credentials::new(bedrock.access_key_id(), bedrock.secret_access_key());
    let builder = Client::builder()
        .region(bedrock.region())
        .endpoint_url(bedrock.url())
        .trust_pem(bedrock.ca_pem())
        .credentials(key);
    Ok(builder.build()?)
}
