//! A client and a loopback Bedrock joined by a pipe, on one virtual clock.

use std::time::{Duration, SystemTime};

use bedrock_loopback::{Builder, Loopback, Server};
use bedrock_stream::{
    Client, ClientBuilder, Clock, Credentials, Error, SonicBuilder, SonicReceiver, SonicSender,
};
use eventstream_codec::Timestamp;
use h2_duplex::{Connection, Connector, ReceiveHalf, SendHalf, Settings, Tls};
use nova_sonic::{Received, ServerEvent};

use crate::tape::{Tape, Taped, TapedReceiver};

/// When every conversation here begins: 2026-11-21, an hour before midnight UTC.
pub(crate) const START_SECS: u64 = 1_795_302_000;

/// A client's session with a server behind a pipe.
pub(crate) struct Stage<S = h2_duplex::Sender, R = TapedReceiver> {
    pub(crate) voice: SonicSender<S>,
    pub(crate) events: SonicReceiver<R>,
    /// What the client received.
    pub(crate) tape: Tape,
}

/// Opens a session with a server of these settings.
pub(crate) async fn open(server: Builder, session: fn(SonicBuilder) -> SonicBuilder) -> Stage {
    try_open(server, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", session)
        .await
        .expect("opens")
}

/// As `open`, with a secret that may be wrong.
pub(crate) async fn try_open(
    server: Builder,
    secret: &str,
    session: fn(SonicBuilder) -> SonicBuilder,
) -> Result<Stage, Error> {
    let server = server
        .clock(server_clock(START_SECS))
        .build()
        .expect("settings that can be");
    let client = client(&server, secret);
    open_with(&client, &server, session).await
}

/// Opens a session of this client with this server.
pub(crate) async fn open_with(
    client: &Client,
    server: &Server,
    session: fn(SonicBuilder) -> SonicBuilder,
) -> Result<Stage, Error> {
    let connection = connect(server).await;
    let tape = Tape::default();
    let mut connection = Taped {
        connection,
        tape: tape.clone(),
    };
    let (voice, events) = session(client.sonic("amazon.nova-2-5-sonic"))
        .open_on(&mut connection)
        .await?;
    Ok(Stage {
        voice,
        events,
        tape,
    })
}

/// A connection to a server, TLS and HTTP/2 included.
pub(crate) async fn connect(server: &Server) -> Connection {
    let (near, far) = tokio::io::duplex(16 * 1024);
    tokio::spawn({
        let server = server.clone();
        async move { server.serve_tls(far).await }
    });
    let tls = Tls::builder()
        .roots_pem(server.ca_pem().as_bytes())
        .unwrap()
        .build()
        .unwrap();
    let uri = http::Uri::from_static("https://localhost");
    let (connection, driver) = Connector::new(tls, Settings::default())
        .connect_over(near, &uri)
        .await
        .expect("connects");
    tokio::spawn(driver);
    connection
}

/// The client of a server, with its access key and this secret.
pub(crate) fn client(server: &Server, secret: &str) -> Client {
    client_settings(server, START_SECS)
        .credentials(Credentials::new(server.access_key_id(), secret))
        .build()
        .expect("settings that can be")
}

/// Settings for a client of a server, all but its credentials.
pub(crate) fn client_settings(server: &Server, start_secs: u64) -> ClientBuilder {
    let start = Timestamp::from_millis(i64::try_from(start_secs).unwrap() * 1000);
    Client::builder()
        .region(server.region())
        .endpoint_url("https://localhost")
        .trust_pem(server.ca_pem())
        .clock(Clock::starting_at(start))
}

/// The server's clock at the start of a conversation.
pub(crate) fn server_clock(start_secs: u64) -> bedrock_loopback::Clock {
    bedrock_loopback::Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(start_secs))
}

/// The question as 32 ms chunks of PCM16 at 16 kHz.
pub(crate) fn question() -> Vec<Vec<u8>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/audio/question.wav"
    );
    let wav = std::fs::read(path).expect("fixtures/audio/question.wav");
    wav[44..].chunks(1024).map(<[u8]>::to_vec).collect()
}

/// Asks the question and hears the answer to its end.
pub(crate) async fn ask(stage: Stage) -> (Vec<ServerEvent>, Result<Received, Error>) {
    say(stage, question()).await
}

/// Speaks `chunks` of 32 ms at real-time pace and silence after them, waits for the end of the model's turn, closes.
pub(crate) async fn say<S: SendHalf, R: ReceiveHalf>(
    mut stage: Stage<S, R>,
    chunks: Vec<Vec<u8>>,
) -> (Vec<ServerEvent>, Result<Received, Error>) {
    let (turn, turn_ended) = tokio::sync::oneshot::channel();
    let mut pace = tokio::time::interval(Duration::from_millis(32));
    let speak = async {
        for chunk in chunks {
            stage.voice.audio(&chunk).await?;
            pace.tick().await;
        }
        let silence = async {
            loop {
                stage.voice.audio(&[0; 1024]).await?;
                pace.tick().await;
            }
        };
        tokio::select! {
            result = silence => return result,
            _ = turn_ended => {}
        }
        stage.voice.close().await
    };
    let listen = async {
        let (mut turn, mut seen) = (Some(turn), Vec::new());
        loop {
            match stage.events.next().await {
                Ok(Some(event)) => {
                    if ends_turn(&event) {
                        turn.take().map(|turn| turn.send(()));
                    }
                    seen.push(event);
                }
                Ok(None) => return (seen, None),
                Err(error) => return (seen, Some(error)),
            }
        }
    };
    let (spoken, (seen, heard)) = tokio::join!(speak, listen);
    let outcome = stage.events.outcome().expect("ended");
    let result = match heard.or(spoken.err()) {
        Some(error) => Err(error),
        None if outcome.is_complete() => Ok(outcome.into_received()),
        None => panic!("no error, and yet {}", outcome.name()),
    };
    (seen, result)
}

pub(crate) fn ends_turn(event: &ServerEvent) -> bool {
    matches!(event, ServerEvent::ContentEnd(end)
        if end.kind == Some(nova_sonic::ContentKind::Audio)
            && end.stop_reason == Some(nova_sonic::StopReason::EndTurn))
}

/// A server with default settings.
pub(crate) fn server() -> Builder {
    Loopback::builder()
}
