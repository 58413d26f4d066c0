//! Barge-in: the user speaks over a long answer; the player falls silent, and the transcript keeps what was heard.
//!
//! `cargo run -p bedrock-stream --example barge_in`, in the repository's root. Offline.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use bedrock_loopback::{Loopback, Scenario};
use bedrock_stream::{Client, Credentials, Voice, VoiceEvent};
use bytes::Bytes;
use nova_sonic::{NOVA_2_5_SONIC, SessionEvent, TurnId};
use serde_json::json;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    let bedrock = long_winded().await?;
    let key = Credentials::new(bedrock.access_key_id(), bedrock.secret_access_key());
    let client = Client::builder() // on AWS: Client::from_env().await?
        .region(bedrock.region())
        .endpoint_url(bedrock.url())
        .trust_pem(bedrock.ca_pem())
        .credentials(key)
        .build()?;
    let (voice, mut events) = client.sonic(NOVA_2_5_SONIC).start().await?;
    let speech = std::fs::read("fixtures/audio/question.wav")?.split_off(44);
    let mut speaking = tokio::spawn(speak(voice.clone(), speech.clone()));

    let mut player = Player::default();
    let mut sound_card = tokio::time::interval(Duration::from_millis(20));
    let mut barged_in = false;
    loop {
        tokio::select! {
            event = events.next() => match event? {
                Some(VoiceEvent::Session(SessionEvent::Audio { turn, pcm })) => player.queue(turn, pcm),
                Some(VoiceEvent::Session(SessionEvent::Interrupted { turn })) => {
                    let dropped = player.clear();
                    println!("interrupted: {dropped} ms of speech are not played");
                    println!("heard of it: {:?}", voice.heard(turn));
                }
                Some(VoiceEvent::Session(SessionEvent::TurnEnded { .. })) if barged_in => break,
                Some(_) => {}
                None => return Err("the conversation is over".into()),
            },
            _ = sound_card.tick() => if let Some((turn, played)) = player.play_20_ms() {
                voice.played(turn, played); // so that history holds what was heard, and no more
                if played >= 24_000 && !barged_in {
                    barged_in = true;
                    println!("the user has heard one second, and speaks");
                    (&mut speaking).await??;
                    speaking = tokio::spawn(speak(voice.clone(), speech.clone()));
                }
            },
        }
    }
    voice.close(Duration::from_secs(5)).await?;
    println!(
        "silent after {:?}",
        voice.metrics().barge_in_to_silence.last.unwrap_or_default()
    );
    bedrock.shutdown().await;
    Ok(())
}

/// Speech arrives faster than it plays: it waits here, under its turn.
#[derive(Default)]
struct Player {
    waiting: VecDeque<u8>,
    turn: Option<TurnId>,
    played: u64,
}

impl Player {
    fn queue(&mut self, turn: TurnId, pcm: Bytes) {
        if self.turn.replace(turn) != Some(turn) {
            self.played = 0;
        }
        self.waiting.extend(pcm);
    }

    /// 20 ms of 24 kHz PCM16; the turn, and how many of its samples have been played.
    fn play_20_ms(&mut self) -> Option<(TurnId, u64)> {
        let bytes = self.waiting.drain(..self.waiting.len().min(960)).count();
        self.played += bytes as u64 / 2;
        self.turn
            .filter(|_| bytes > 0)
            .map(|turn| (turn, self.played))
    }

    /// Milliseconds that were waiting.
    fn clear(&mut self) -> usize {
        self.waiting.drain(..).count() / 48
    }
}

async fn speak(voice: Voice, pcm: Vec<u8>) -> Outcome {
    voice.unmute();
    let mut pace = tokio::time::interval(Duration::from_millis(32));
    for chunk in pcm.chunks(1024) {
        pace.tick().await;
        voice.audio(chunk.to_vec())?;
    }
    voice.mute();
    Ok(())
}

async fn long_winded() -> Outcome<Loopback> {
    let steps = json!({"sonic": [
        {"when": "turn", "send": [
            {"transcript": "tell me a story"},
            {"say": {"text": "Once upon a time there was a very long story.", "tone_ms": 20000}}
        ]},
        {"when": "turn", "send": [{"transcript": "enough"}, {"say": {"text": "As you like.", "tone_ms": 300}}]}
    ]});
    let scenario = Scenario::from_json(&steps.to_string(), ".")?;
    Ok(Loopback::builder().scenario(scenario).start().await?)
}
