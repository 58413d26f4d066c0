//! 200 conversations with 20 renewals each, hours of service in seconds: no task and no memory is left behind.
//!
//! `SOAK_SESSIONS=<n>` holds that many.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::time::Duration;

use bedrock_loopback::{Loopback, Server};
use bedrock_stream::{Client, Credentials, Voice, VoiceEvent, VoiceEvents};
use h2_duplex::{Connection, Settings};
use nova_sonic::{ConversationEvent, SampleRate, SessionEvent};
use tokio::runtime::{Builder, Runtime};

const SESSIONS: usize = 200;
const THREADS: usize = 2;
const RENEWALS: u32 = 20;
/// Sessions before the count begins: whatever is made once is made in them.
const WARM_UP: usize = 3;
/// What a table that has grown may keep, in bytes. A leak of one connection in 4,000 legs is far more.
const KEPT: i64 = 16 * 1024;

#[test]
fn nothing_is_left_of_conversations_that_are_over() {
    let sessions = std::env::var("SOAK_SESSIONS").map_or(SESSIONS, |n| n.parse().unwrap());
    std::thread::scope(|scope| {
        // What a thread allocates is counted by itself.
        for _ in 0..THREADS {
            scope.spawn(|| soak(sessions / THREADS));
        }
    });
}

fn soak(sessions: usize) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    // No TLS and no signatures checked, which are most of the time of 4,000 legs; other tests have them.
    let server = Loopback::builder()
        .strict(true)
        .verify(false)
        .build()
        .unwrap();
    let client = Client::builder()
        .region(server.region())
        .endpoint_url("http://localhost")
        .credentials(Credentials::new(
            server.access_key_id(),
            server.secret_access_key(),
        ))
        .build()
        .unwrap();
    let hold = |sessions: usize| {
        for _ in 0..sessions {
            runtime.block_on(converse(&client, &server));
        }
        runtime.block_on(settled(&runtime));
    };
    hold(WARM_UP);
    let counted = allocation_counter::measure(|| hold(sessions));
    assert!(
        counted.count_total > 1_000 * sessions as u64,
        "what is not counted cannot be seen to leak"
    );
    assert!(
        counted.bytes_current.abs() <= KEPT,
        "{} bytes in {} allocations are left of {} bytes",
        counted.bytes_current,
        counted.count_current,
        counted.bytes_total
    );
}

/// The drivers of the last connections see their ends, and no task is alive.
async fn settled(runtime: &Runtime) {
    tokio::time::sleep(Duration::from_secs(30)).await;
    let alive = runtime.metrics().num_alive_tasks();
    assert_eq!(alive, 0, "tasks are alive after the last conversation");
}

/// A conversation in which the user asks something now and then.
async fn converse(client: &Client, server: &Server) {
    let server = server.clone();
    let (voice, mut events) = client
        .sonic("amazon.nova-2-5-sonic")
        .connect_with(move || {
            let server = server.clone();
            async move { Ok(connect(&server).await) }
        })
        .input_rate(SampleRate::Hz8000)
        .output_rate(SampleRate::Hz8000)
        .start()
        .await
        .unwrap();
    voice.mute();
    for renewal in 0..RENEWALS {
        if renewal % 10 == 0 {
            ask(&voice, &mut events).await;
        }
        voice.renew(None).unwrap();
        let renewed = |event: &_| {
            let VoiceEvent::Conversation(event) = event else {
                return false;
            };
            matches!(event, ConversationEvent::Renewed { .. })
        };
        while !renewed(&events.next().await.unwrap().expect("it goes on")) {}
    }
    let summary = voice.close(Duration::from_secs(5)).await.unwrap();
    assert_eq!((summary.legs, summary.dropped_ms), (RENEWALS + 1, 0));
    while events.next().await.unwrap().is_some() {}
}

/// A question, and its answer to the end.
async fn ask(voice: &Voice, events: &mut VoiceEvents) {
    voice.text("And now?").unwrap();
    let turn_ended =
        |event: &_| matches!(event, VoiceEvent::Session(SessionEvent::TurnEnded { .. }));
    while !turn_ended(&events.next().await.unwrap().expect("it goes on")) {}
}

async fn connect(server: &Server) -> Connection {
    let (near, far) = tokio::io::duplex(16 * 1024);
    let server = server.clone();
    tokio::spawn(async move { server.serve_connection(far).await });
    let (connection, driver) = h2_duplex::handshake(near, &Settings::default())
        .await
        .expect("HTTP/2");
    tokio::spawn(driver);
    connection
}
