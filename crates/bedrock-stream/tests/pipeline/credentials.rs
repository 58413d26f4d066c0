//! Credentials are asked for once a stream and kept; a wrong clock is named and put right.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bedrock_loopback::{EXAMPLE_ACCESS_KEY_ID, EXAMPLE_SECRET_ACCESS_KEY, Server};
use bedrock_stream::{
    Client, Credentials, CredentialsFuture, ErrorKind, ProvideCredentials, SonicBuilder,
};
use eventstream_codec::Timestamp;

use crate::stage::{START_SECS, ask, client_settings, open_with, server, server_clock};

/// Gives the good key first and others later, and counts how often it is asked.
#[derive(Clone)]
struct Provider {
    asked: Arc<AtomicUsize>,
    give: fn(usize) -> Credentials,
}

impl Provider {
    fn new(give: fn(usize) -> Credentials) -> Self {
        Self {
            asked: Arc::default(),
            give,
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl ProvideCredentials for Provider {
    fn provide(&self) -> CredentialsFuture<'_> {
        let credentials = (self.give)(self.asked.fetch_add(1, Ordering::SeqCst));
        Box::pin(std::future::ready(Ok(credentials)))
    }
}

fn good() -> Credentials {
    Credentials::new(EXAMPLE_ACCESS_KEY_ID, EXAMPLE_SECRET_ACCESS_KEY)
}

fn good_for(lifetime: Duration) -> Credentials {
    let end = Duration::from_secs(START_SECS) + lifetime;
    good().with_expiry(Timestamp::from_millis(
        i64::try_from(end.as_millis()).unwrap(),
    ))
}

fn same(session: SonicBuilder) -> SonicBuilder {
    session
}

fn start(start_secs: u64, provider: &Provider) -> (Client, Server) {
    let server = server().clock(server_clock(start_secs)).build().unwrap();
    let client = client_settings(&server, start_secs)
        .credentials(provider.clone())
        .build()
        .unwrap();
    (client, server)
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_asked_once_a_stream_and_what_it_gives_later_changes_nothing() {
    let provider = Provider::new(|asked| match asked {
        0 => good(),
        _ => Credentials::new("AKIDROTATEDEXAMPLE", "rotated"),
    });
    let (client, server) = start(START_SECS, &provider);
    let stage = open_with(&client, &server, same).await.unwrap();
    let (_, received) = ask(stage).await;
    received.expect("complete");
    assert_eq!(provider.asked(), 1);
    let Err(error) = open_with(&client, &server, same).await else {
        panic!("the rotated key is not known")
    };
    assert_eq!(error.status(), Some(403));
    assert_eq!(provider.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_end_too_early_are_asked_for_again_and_then_refused() {
    let provider = Provider::new(|asked| match asked {
        0 => good_for(Duration::from_secs(30)),
        _ => good_for(Duration::from_hours(1)),
    });
    let (client, server) = start(START_SECS, &provider);
    let stage = open_with(&client, &server, same).await.unwrap();
    assert_eq!(provider.asked(), 2);
    assert_eq!(
        stage.events.credentials_expire_at(),
        good_for(Duration::from_hours(1)).expires_at()
    );

    let provider = Provider::new(|_| good_for(Duration::from_secs(30)));
    let (client, server) = start(START_SECS, &provider);
    let Err(error) = open_with(&client, &server, same).await else {
        panic!("opened")
    };
    assert!(
        matches!(error.kind(), ErrorKind::Credentials(text) if text.contains("60 s")),
        "{error}"
    );
    assert_eq!(provider.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_session_over_midnight_goes_on_with_the_next_key() {
    let provider = Provider::new(|_| good());
    // Two seconds before midnight UTC; the question alone takes longer.
    let (client, server) = start(START_SECS + 3598, &provider);
    let stage = open_with(&client, &server, same).await.unwrap();
    let (_, received) = ask(stage).await;
    received.expect("complete");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_named_and_the_next_session_is_dated_right() {
    for (at_server, words) in [
        (START_SECS + 600, "600 s behind"),
        (START_SECS - 600, "600 s ahead of"),
    ] {
        let server = server().clock(server_clock(at_server)).build().unwrap();
        let client = client_settings(&server, START_SECS)
            .credentials(good())
            .build()
            .unwrap();
        let Err(error) = open_with(&client, &server, same).await else {
            panic!("opened ten minutes off")
        };
        assert_eq!(error.status(), Some(403));
        assert!(error.to_string().contains(words), "{error}");
        let stage = open_with(&client, &server, same).await.unwrap();
        let (_, received) = ask(stage).await;
        received.expect("complete: head and events are dated by the service's clock");
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_is_dated_when_it_can_go_and_not_when_it_is_queued() {
    let server = server().clock(server_clock(START_SECS)).build().unwrap();
    let client = client_settings(&server, START_SECS)
        .credentials(good())
        .build()
        .unwrap();
    // Room for the opening, and for hardly more.
    let (mut connection, mut peer) = h2_duplex::pipe(8 * 1024);
    let (mut voice, _events) = client.sonic("m").open_on(&mut connection).await.unwrap();
    let mut call = peer.accept().await.unwrap();
    call.send.head(http::Response::new(()));
    let queue = async {
        // Until the window is shut, ten minutes before anybody reads.
        for _ in 0..8 {
            voice.audio(&[0; 1024]).await.unwrap();
        }
        voice.close().await.unwrap();
    };
    let read = async {
        tokio::time::advance(Duration::from_mins(10)).await;
        let mut wire = Vec::new();
        while let Some(chunk) = call.receive.next().await.unwrap() {
            wire.extend_from_slice(&chunk);
        }
        wire
    };
    let ((), wire) = tokio::join!(queue, read);
    let mut decoder = eventstream_codec::Decoder::new();
    decoder.feed(wire.into());
    let mut dates = Vec::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        dates.push(
            frame
                .header(":date")
                .unwrap()
                .as_timestamp()
                .unwrap()
                .as_secs(),
        );
    }
    let start = i64::try_from(START_SECS).unwrap();
    assert_eq!(dates.first(), Some(&start));
    let late = dates.iter().filter(|date| **date >= start + 600).count();
    // The opening and what still fitted went at once; all the rest is as young as the window.
    assert!(late >= 5, "{dates:?}");
    assert!(
        dates
            .iter()
            .all(|date| *date == start || *date >= start + 600),
        "{dates:?}"
    );
}
