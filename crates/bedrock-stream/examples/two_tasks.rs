//! One task sends while another reads: a voice session by hand, its two halves owned by two tasks.
//!
//! `cargo run -p bedrock-stream --example two_tasks`, in the repository's root. Offline. A conversation that renews its connections, runs
//! tools and queues audio is `voice_agent`; this is the call under it.

use std::error::Error;
use std::time::Duration;

use bedrock_loopback::Loopback;
use bedrock_stream::{Client, Credentials};
use nova_sonic::{NOVA_2_5_SONIC, ServerEvent, StopReason};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bedrock = Loopback::builder().start().await?;
    let key = Credentials::new(bedrock.access_key_id(), bedrock.secret_access_key());
    let client = Client::builder() // on AWS: Client::from_env().await?
        .region(bedrock.region())
        .endpoint_url(bedrock.url())
        .trust_pem(bedrock.ca_pem())
        .credentials(key)
        .build()?;
    let wav = std::fs::read("fixtures/audio/question.wav")?;
    let (mut voice, mut events) = client.sonic(NOVA_2_5_SONIC).open().await?;
    let (answered, mut enough) = oneshot::channel();

    // This one owns the sending half. Nothing is locked: each event is signed when it leaves.
    let speaking = tokio::spawn(async move {
        let silence = [0; 1024];
        let mut speech = wav.get(44..).unwrap_or_default().chunks(1024);
        let mut pace = tokio::time::interval(Duration::from_millis(32));
        let mut sent = 0;
        while enough.try_recv().is_err() {
            pace.tick().await;
            voice.audio(speech.next().unwrap_or(&silence)).await?; // silence counts as input too
            sent += 1;
        }
        voice.close().await?;
        Ok::<_, bedrock_stream::Error>(sent)
    });

    // This one owns the receiving half.
    let listening = tokio::spawn(async move {
        let (mut answered, mut bytes) = (Some(answered), 0);
        while let Some(event) = events.next().await? {
            match event {
                ServerEvent::UserSpeechStart(_) => println!("read: the user speaks"),
                // Of the answer: what it is about to be, then what it was.
                ServerEvent::TextOutput(text) => {
                    println!("read: {}: {}", text.role.as_str(), text.content);
                }
                ServerEvent::AudioOutput(audio) => bytes += audio.pcm.len(),
                ServerEvent::ContentEnd(end) if end.stop_reason == Some(StopReason::EndTurn) => {
                    if let Some(answered) = answered.take() {
                        let _ = answered.send(());
                    }
                }
                _ => {}
            }
        }
        Ok::<_, bedrock_stream::Error>(bytes) // only a session that was closed in order leads here
    });

    // The receiver first: it has the service's own words, and the sender's next error repeats them.
    let bytes = listening.await??;
    let sent = speaking.await??;
    println!(
        "sent {sent} events of 32 ms, read {} ms of speech",
        bytes / 48
    );
    bedrock.shutdown().await;
    Ok(())
}
