//! What was recorded can be replayed: the same events, the same verdict, and never a better one.

use std::path::PathBuf;

use bedrock_loopback::FaultKind;
use bedrock_stream::recording::{
    Direction, End, Keep, Pace, Recorder, Recording, Replay, Transcript, What,
};
use bedrock_stream::{Client, Error, Retry};
use converse_stream::{ConverseRequest, Message};
use h2_duplex::Duplex;
use nova_sonic::{Received, ServerEvent};
use tokio::time::Instant;

use crate::stage::{START_SECS, Stage, client, connect, question, say, server, server_clock};
use crate::tape::Tape;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const MODEL: &str = "amazon.nova-lite-v1:0";

type Heard = (Vec<ServerEvent>, Result<Received, Error>);

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("bedrock-recording-{}-{name}", std::process::id()))
}

fn read(file: PathBuf) -> (Transcript, String) {
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(file).unwrap();
    (Transcript::parse(text.as_bytes()).unwrap(), text)
}

async fn talk<D: Duplex>(client: &Client, connection: &mut D) -> Heard {
    let session = client.sonic("amazon.nova-2-5-sonic").system("Be sesame.");
    let (voice, events) = session.open_on(connection).await.unwrap();
    let stage = Stage {
        voice,
        events,
        tape: Tape::default(),
    };
    say(stage, question()).await
}

/// A session with the loopback, and its recording.
async fn recorded(name: &str, keep: Keep) -> (Client, Heard, Transcript, String) {
    let server = server().clock(server_clock(START_SECS)).build().unwrap();
    let client = client(&server, SECRET);
    let file = temporary(name);
    let recording = Recording::create(&file, keep).unwrap();
    let mut connection = Recorder::new(connect(&server).await, recording);
    let heard = talk(&client, &mut connection).await;
    drop(connection);
    let (transcript, text) = read(file);
    (client, heard, transcript, text)
}

#[tokio::test(start_paused = true)]
async fn a_recorded_session_is_heard_again() {
    let (client, (events, received), transcript, _) = recorded("again", Keep::EVERYTHING).await;
    assert!(transcript.is_closed());
    assert_eq!(transcript.calls().len(), 1);
    for direction in [Direction::Up, Direction::Down] {
        assert_eq!(transcript.calls()[0].end(direction), Some(&End::Clean));
    }
    for pace in [Pace::Recorded, Pace::AtOnce, Pace::Times(2.0)] {
        let mut replay = Replay::new(&transcript, pace);
        let (again, verdict) = talk(&client, &mut replay).await;
        assert_eq!(replay.deviations(), [], "{pace:?}");
        assert_eq!(replay.left(), 0);
        assert_eq!(format!("{again:?}"), format!("{events:?}"), "{pace:?}");
        let (verdict, received) = (verdict.unwrap(), received.as_ref().unwrap());
        assert_eq!(verdict.turns, received.turns);
        assert_eq!(verdict.usage, received.usage);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_to_be_kept_is_not_there_and_the_session_still_is() {
    let (client, (events, _), transcript, text) = recorded("scrubbed", Keep::NOTHING).await;
    assert!(!text.contains(SECRET) && !text.contains("AKIDEXAMPLE"));
    assert!(!text.contains("sesame") && !text.contains("speech of"));
    // No signature: no 64 hexadecimal digits in a row but the digest of the empty body.
    let digits = text.split(|c: char| !c.is_ascii_hexdigit());
    assert_eq!(digits.filter(|run| run.len() == 64).count(), 0);
    let mut replay = Replay::new(&transcript, Pace::AtOnce);
    let (again, verdict) = talk(&client, &mut replay).await;
    verdict.unwrap();
    assert_eq!(replay.deviations(), []);
    assert_eq!(again.len(), events.len());
    let pcm = |events: &[ServerEvent]| {
        let of = |event: &ServerEvent| match event {
            ServerEvent::AudioOutput(audio) => audio.pcm.to_vec(),
            _ => Vec::new(),
        };
        events.iter().flat_map(of).collect::<Vec<u8>>()
    };
    assert_eq!(pcm(&again).len(), pcm(&events).len());
    assert!(pcm(&events).iter().any(|byte| *byte != 0));
    assert!(pcm(&again).iter().all(|byte| *byte == 0));
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_was_cut_is_never_complete() {
    let (client, _, _, text) = recorded("cut", Keep::NOTHING).await;
    let lines = text.lines().count();
    for kept in [6, lines / 2, lines - 40, lines - 5, lines - 4, lines - 3] {
        let cut: String = text.split_inclusive('\n').take(kept).collect();
        let transcript = Transcript::parse(cut.as_bytes()).unwrap();
        assert!(!transcript.is_closed());
        let ended = transcript.calls()[0].end(Direction::Down).is_some();
        let mut replay = Replay::new(&transcript, Pace::AtOnce);
        let session = client.sonic("amazon.nova-2-5-sonic");
        let Ok((voice, mut events)) = session.open_on(&mut replay).await else {
            continue;
        };
        let mut error = None;
        loop {
            match events.next().await {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(failed) => error = Some(failed),
            }
        }
        drop(voice);
        let complete = events.outcome().unwrap().is_complete();
        assert!(
            !complete && error.is_some(),
            "{kept} of {lines}, ended {ended}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_differs_is_told_where() {
    let (client, _, transcript, _) = recorded("differs", Keep::EVERYTHING).await;
    let mut replay = Replay::new(&transcript, Pace::AtOnce);
    let session = client.sonic("amazon.nova-2-5-sonic").system("Be brief.");
    let (voice, events) = session.open_on(&mut replay).await.unwrap();
    let stage = Stage {
        voice,
        events,
        tape: Tape::default(),
    };
    say(stage, question()).await.1.unwrap();
    let told: Vec<String> = replay
        .deviations()
        .iter()
        .map(|(_, d)| d.to_string())
        .collect();
    assert_eq!(told, ["event 4: textInput.content is different"]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_and_a_refusal_are_given_again() {
    let server = server()
        .clock(server_clock(START_SECS))
        .fault(
            "http-error@400*1"
                .parse::<bedrock_loopback::Fault>()
                .unwrap(),
        )
        .fault(FaultKind::Gap31)
        .build()
        .unwrap();
    let client = client(&server, SECRET);
    let file = temporary("converse");
    let recording = Recording::create(&file, Keep::EVERYTHING).unwrap();
    let mut connection = Recorder::new(connect(&server).await, recording);
    let request = ConverseRequest::new().with_message(Message::user("one two three"));
    let call = client.converse(MODEL, &request).retry(Retry::NONE);
    let refused = call.clone().send_on(&mut connection).await.unwrap_err();
    let answered = call.clone().send_on(&mut connection).await.unwrap();
    let answered = answered.collect().await.unwrap();
    drop(connection);
    let (transcript, _) = read(file);
    assert_eq!(transcript.calls().len(), 2);
    let answer = |at: usize| transcript.calls()[at].response().unwrap().status();
    assert_eq!((answer(0).as_u16(), answer(1).as_u16()), (400, 200));

    let mut replay = Replay::new(&transcript, Pace::Recorded);
    let again = call.clone().send_on(&mut replay).await.unwrap_err();
    assert_eq!(again.to_string(), refused.to_string());
    let before = Instant::now();
    let again = call.clone().send_on(&mut replay).await.unwrap();
    assert_eq!(again.collect().await.unwrap(), answered);
    assert!(before.elapsed().as_secs() >= 31, "{:?}", before.elapsed());
    assert_eq!(replay.deviations(), []);
    let over = call.send_on(&mut replay).await.unwrap_err();
    assert!(over.to_string().contains("converse-stream"), "{over}");
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_frames_are_kept_as_they_came() {
    let server = server()
        .clock(server_clock(START_SECS))
        .fault(FaultKind::FlipMessageCrc)
        .build()
        .unwrap();
    let client = client(&server, SECRET);
    let file = temporary("damaged");
    let recording = Recording::create(&file, Keep::EVERYTHING).unwrap();
    let mut connection = Recorder::new(connect(&server).await, recording);
    let request = ConverseRequest::new().with_message(Message::user("one two three"));
    let call = client.converse(MODEL, &request).retry(Retry::NONE);
    let live = match call.clone().send_on(&mut connection).await {
        Ok(stream) => stream.collect().await.unwrap_err().error,
        Err(error) => error,
    };
    drop(connection);
    let (transcript, _) = read(file);
    let entries = transcript.calls()[0].entries().iter();
    let bodies =
        entries.filter(|e| e.direction == Direction::Down && matches!(e.what, What::Body(_)));
    assert!(bodies.count() > 0);
    let mut replay = Replay::new(&transcript, Pace::AtOnce);
    let again = match call.send_on(&mut replay).await {
        Ok(stream) => stream.collect().await.unwrap_err().error,
        Err(error) => error,
    };
    assert_eq!(again.to_string(), live.to_string());
}
