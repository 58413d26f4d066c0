//! A call with devices in memory: what is said into a stereo microphone comes out of a stereo loudspeaker, and stops there as
//! soon as the user speaks again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bedrock_loopback::{Loopback, Server};
use bedrock_stream::{Client, Credentials};
use h2_duplex::Connection;
use tokio::time::{interval, sleep};

use super::keys::Keys;
use super::loudspeaker::{self, Outlet};
use super::microphone::{self, Intake};
use crate::exit::Exit;
use crate::signals::EndSignals;
use crate::sonic::conversation::{Call, Conversation, Part};
use crate::sonic::screen::Screen;
use crate::sonic::sink::Sink;
use crate::sonic::source::Source;
use crate::sonic::wav;

const RATE: usize = 48_000;
const CHANNELS: usize = 2;

/// What was recorded so far, and what will be; 10 ms a piece.
#[derive(Clone, Default)]
struct Room {
    to_say: Arc<Mutex<Vec<f32>>>,
    /// How many moments of each 10 ms were loud.
    heard: Arc<Mutex<Vec<usize>>>,
}

impl Room {
    fn say(&self, samples: &[f32]) {
        self.to_say.lock().unwrap().extend_from_slice(samples);
    }

    /// Loud pieces since one of them.
    fn loud_since(&self, from: usize) -> usize {
        let heard = self.heard.lock().unwrap();
        heard.iter().skip(from).filter(|loud| **loud > 24).count()
    }

    fn now(&self) -> usize {
        self.heard.lock().unwrap().len()
    }

    /// Waits until so many pieces were loud.
    async fn hears(&self, from: usize, pieces: usize) {
        while self.loud_since(from) < pieces {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// The callbacks of both devices, each 10 ms.
    async fn turn(self, intake: Intake, outlet: Outlet) {
        let mut pace = interval(Duration::from_millis(10));
        let moments = RATE / 100;
        loop {
            pace.tick().await;
            let said: Vec<_> = {
                let mut to_say = self.to_say.lock().unwrap();
                let most = to_say.len().min(moments);
                to_say.drain(..most).collect()
            };
            let silence = std::iter::repeat_n(0.0, moments - said.len());
            let both = |sample: f32| [sample; CHANNELS];
            intake.push(said.into_iter().chain(silence).flat_map(both));
            let mut out = vec![0.0; moments * CHANNELS];
            outlet.fill(&mut out, |sample| sample);
            let loud = out.chunks(CHANNELS).filter(|both| both[0].abs() > 0.01);
            self.heard.lock().unwrap().push(loud.count());
        }
    }
}

/// The question, as a 48 kHz microphone has it.
fn question() -> Vec<f32> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/audio/question.wav"
    );
    let speech = wav::read(path.as_ref()).unwrap();
    let samples = nova_sonic::audio::samples(&speech.pcm).map(nova_sonic::audio::to_f32);
    samples.flat_map(|sample| [sample; 3]).collect()
}

async fn connect(server: &Server) -> Connection {
    let (near, far) = tokio::io::duplex(16 * 1024);
    let server = server.clone();
    tokio::spawn(async move { server.serve_connection(far).await });
    let settings = h2_duplex::Settings::default();
    let (connection, driver) = h2_duplex::handshake(near, &settings).await.unwrap();
    tokio::spawn(driver);
    connection
}

#[tokio::test(start_paused = true)]
async fn a_call_is_heard_said_back_and_interrupted() {
    let server = Loopback::builder().seed(1).strict(true).build().unwrap();
    let client = Client::builder()
        .region(server.region())
        .endpoint_url("http://localhost")
        .credentials(Credentials::new(
            server.access_key_id(),
            server.secret_access_key(),
        ))
        .build()
        .unwrap();
    let (voice, events) = client
        .sonic("amazon.nova-2-5-sonic")
        .connect_with(move || {
            let server = server.clone();
            async move { Ok(connect(&server).await) }
        })
        .start()
        .await
        .unwrap();
    let rate = u32::try_from(RATE).unwrap();
    let (intake, microphone) = microphone::new(rate, CHANNELS).unwrap();
    let (outlet, loudspeaker) = loudspeaker::new(24_000, rate, CHANNELS).unwrap();
    let room = Room::default();
    let devices = tokio::spawn(room.clone().turn(intake.clone(), outlet));
    let user = tokio::spawn(async move {
        let question = question();
        room.say(&question);
        room.hears(0, 60).await;
        // Speaks over the answer, and it stops: sound that is cut off is none 300 ms later.
        room.say(&question);
        let cut = room.now() + 30;
        sleep(Duration::from_secs(3)).await;
        assert_eq!(room.loud_since(cut), 0, "it went on");
        let again = room.now();
        // The same again, whole this time: 3 s of it are not pauses.
        room.hears(again, 200).await;
        sleep(Duration::from_secs(3)).await;
        intake.fail("unplugged".into());
    });
    let call = Call {
        keys: Keys::listen(),
        level: microphone.level(),
    };
    let part = Part {
        greet: None,
        texts: [].into(),
        voice: Some(Source::microphone(microphone)),
        call: Some(call),
    };
    let mut sink = Sink::Loudspeaker(Box::new(loudspeaker));
    let mut screen = Screen::new(false, false);
    screen.call();
    let exit = Conversation::new((voice.clone(), events), Vec::new(), &mut sink, &mut screen)
        .hold(part, EndSignals::listen().unwrap())
        .await
        .unwrap();
    user.await.unwrap();
    devices.abort();
    assert_eq!(exit, Exit::Complete);
    let metrics = voice.metrics();
    assert_eq!((metrics.interruptions, metrics.legs), (1, 1));
    let said = voice.transcript();
    assert_eq!(said.len(), 4, "{said:?}");
    // What was not played was not heard.
    assert_eq!(said[1].state, nova_sonic::EntryState::Interrupted);
}
