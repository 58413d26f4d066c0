//! A telephony bridge: 20 ms frames of 8 kHz µ-law from the caller in, 20 ms frames of 8 kHz µ-law to the caller out.
//!
//! `cargo run -p bedrock-stream --example telephony`, in the repository's root. Offline: the line is two channels, the
//! model an echo. What a telephony provider's WebSocket carries in base64 is what goes through these channels.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use bedrock_loopback::Loopback;
use bedrock_stream::{Client, Credentials, VoiceEvent};
use bytes::Bytes;
use nova_sonic::audio::{Resampler, samples, to_bytes, ulaw_decode, ulaw_encode};
use nova_sonic::{NOVA_2_5_SONIC, SampleRate, SessionEvent};
use tokio::sync::mpsc::{Receiver, Sender, channel};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// 20 ms at 8 kHz, a byte a sample.
const FRAME: usize = 160;

#[tokio::main]
async fn main() -> Outcome {
    let bedrock = Loopback::builder().start().await?;
    let key = Credentials::new(bedrock.access_key_id(), bedrock.secret_access_key());
    let client = Client::builder() // on AWS: Client::from_env().await?
        .region(bedrock.region())
        .endpoint_url(bedrock.url())
        .trust_pem(bedrock.ca_pem())
        .credentials(key)
        .build()?;

    let (from_caller, line_in) = channel(50);
    let (line_out, mut to_caller) = channel(50);
    let call = tokio::spawn(bridge(client, line_in, line_out));
    let caller = tokio::spawn(async move { speak(&from_caller).await });
    let (mut frames, mut loudest) = (0, 0);
    while let Some(frame) = to_caller.recv().await {
        let frame: Bytes = frame;
        frames += 1;
        let levels = frame.iter().map(|byte| ulaw_decode(*byte).unsigned_abs());
        loudest = loudest.max(levels.max().unwrap_or_default());
    }
    caller.await??;
    call.await??;
    println!(
        "{frames} frames of {FRAME} bytes back to the caller, the loudest sample is {loudest} of 32124"
    );
    bedrock.shutdown().await;
    Ok(())
}

/// One phone call: until the caller hangs up, or the model has answered once.
async fn bridge(client: Client, mut line_in: Receiver<Bytes>, line_out: Sender<Bytes>) -> Outcome {
    // The service takes and gives 8 kHz: nothing is resampled on the way.
    let session = client
        .sonic(NOVA_2_5_SONIC)
        .input_rate(SampleRate::Hz8000)
        .output_rate(SampleRate::Hz8000);
    let (voice, mut events) = session.start().await?;
    let mut waiting: VecDeque<u8> = VecDeque::new();
    let mut clock = tokio::time::interval(Duration::from_millis(20));
    let mut answered = false;
    loop {
        tokio::select! {
            frame = line_in.recv() => match frame {
                Some(ulaw) => {
                    let pcm: Vec<i16> = ulaw.iter().map(|byte| ulaw_decode(*byte)).collect();
                    voice.audio(to_bytes(&pcm))?;
                }
                None => break, // hung up
            },
            event = events.next() => match event? {
                Some(VoiceEvent::Session(SessionEvent::Audio { pcm, .. })) => {
                    waiting.extend(samples(&pcm).map(ulaw_encode));
                }
                Some(VoiceEvent::Session(SessionEvent::Interrupted { .. })) => waiting.clear(),
                Some(VoiceEvent::Session(SessionEvent::TurnEnded { .. })) => answered = true,
                Some(_) => {}
                None => break,
            },
            // A line wants a frame every 20 ms, the model's speech comes faster.
            _ = clock.tick() => if !waiting.is_empty() {
                let mut frame: Vec<u8> = waiting.drain(..waiting.len().min(FRAME)).collect();
                frame.resize(FRAME, 0xFF); // µ-law's silence
                if line_out.send(frame.into()).await.is_err() {
                    break;
                }
            } else if answered {
                break;
            },
        }
    }
    voice.close(Duration::from_secs(5)).await?;
    Ok(())
}

/// The caller: a question in µ-law, then the silence of an open line.
async fn speak(line: &Sender<Bytes>) -> Outcome {
    let file = "fixtures/audio/question.wav"; // 16 kHz, mono, 16 bits
    let wav = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let wide: Vec<i16> = samples(wav.get(44..).unwrap_or_default()).collect();
    let (mut narrow, mut resampler) = (Vec::new(), Resampler::new(16_000, 8_000)?);
    resampler.push(&wide, &mut narrow);
    resampler.finish(&mut narrow);
    let question: Vec<u8> = narrow.into_iter().map(ulaw_encode).collect();
    let silence = std::iter::repeat_n(0xFF, FRAME * 3_000).collect::<Vec<u8>>();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    for frame in question.chunks(FRAME).chain(silence.chunks(FRAME)) {
        pace.tick().await;
        if line.send(Bytes::copy_from_slice(frame)).await.is_err() {
            break; // the bridge has hung up
        }
    }
    Ok(())
}
