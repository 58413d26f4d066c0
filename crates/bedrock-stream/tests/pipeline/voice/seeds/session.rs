//! One conversation: a user who speaks, types, interrupts, mutes, waits; an application that runs tools and renews.

use std::cell::RefCell;
use std::time::Duration;

use bedrock_stream::{Voice, VoiceEvents};
use bedrock_wire::Outcome;
use nova_sonic::{Endpointing, Renewal, SampleRate, ToolSpec, TranscriptEntry};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{interval, sleep, timeout};

use super::rng::Rng;
use super::scene::Scene;
use super::service::Services;
use crate::stage::{START_SECS, client_settings, connect};

/// More than this without an answer is a hang.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer is a hang too.
const LONGEST: Duration = Duration::from_secs(400);

/// What is left of a conversation for the judge.
pub(super) struct Session {
    pub(super) scene: Scene,
    pub(super) services: Services,
    /// `complete`, `failed` or `incomplete`, and the error.
    pub(super) outcome: (&'static str, String),
    pub(super) transcript: Vec<TranscriptEntry>,
}

/// Who takes part while it lasts.
struct Stage {
    scene: RefCell<Scene>,
    changed: Notify,
    voice: Voice,
}

/// Holds the conversation of a seed.
pub(super) async fn hold(seed: u64, verbose: bool) -> Session {
    let mut rng = Rng::new(seed);
    // One in eight goes on until its credentials must be changed.
    let long = seed % 8 == 5;
    let services = Services::new(Rng::new(rng.next()), long);
    let authority = services.clone();
    // Keys, region and endpoint are those of every loopback; each leg trusts its own.
    let any = crate::stage::server().build().unwrap();
    let client = client_settings(&any, START_SECS)
        .credentials(services.clone())
        .build()
        .unwrap();
    let tool = ToolSpec::new("lookup", "", Value::Null).unwrap();
    let session = client
        .sonic("amazon.nova-2-5-sonic")
        .connect_with(move || {
            let server = authority.open();
            async move { Ok(connect(&server).await) }
        })
        .input_rate(SampleRate::Hz8000)
        .output_rate(SampleRate::Hz8000)
        .endpointing(Endpointing::High)
        .tools([tool])
        .tool_timeout(Some(Duration::from_secs(3)))
        .keep_alive(Duration::from_millis(1_500))
        .renewal(Some(compressed(long)));
    let scene = RefCell::new(Scene::new(rng, verbose));
    let (voice, events) = session.start().await.unwrap();
    let stage = Stage {
        scene,
        changed: Notify::new(),
        voice,
    };
    let played = timeout(LONGEST, stage.play(events, long)).await;
    if played.is_err() {
        stage.panic("the conversation does not end");
    }
    let outcome = stage.voice.outcome().expect("it is over");
    let error = match &outcome {
        Outcome::Failed { error, .. } => error.to_string(),
        _ => String::new(),
    };
    Session {
        transcript: stage.voice.transcript(),
        outcome: (outcome.name(), error),
        scene: stage.scene.into_inner(),
        services,
    }
}

impl Stage {
    async fn play(&self, events: VoiceEvents, long: bool) {
        let user = async {
            self.live(long).await;
            // What it comes to is judged by the outcome.
            let _ = self.voice.close(Duration::from_secs(5)).await;
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(user, self.listen(events)) } => {}
            () = self.microphone() => {}
            () = self.tools() => {}
        }
    }

    /// Gives 40 ms at a time.
    async fn microphone(&self) {
        let mut pace = interval(Duration::from_millis(40));
        loop {
            pace.tick().await;
            self.scene.borrow_mut().record(&self.voice);
        }
    }

    async fn listen(&self, mut events: VoiceEvents) {
        while let Ok(Some(event)) = events.next().await {
            self.scene.borrow_mut().take(event);
            self.changed.notify_waiters();
        }
        self.scene.borrow_mut().over = true;
        self.changed.notify_waiters();
    }

    /// Answers the calls; one in six comes too late.
    async fn tools(&self) {
        loop {
            self.changed.notified().await;
            let calls = std::mem::take(&mut self.scene.borrow_mut().tools);
            for call in calls {
                let late = self.scene.borrow_mut().rng.percent(16);
                let (low, high) = if late { (4_000, 5_000) } else { (10, 2_500) };
                let wait = self.scene.borrow_mut().millis(low, high);
                tokio::spawn(async move {
                    sleep(wait).await;
                    // It may have timed out, or the conversation be over.
                    let _ = call.respond_text("found");
                });
            }
        }
    }

    async fn live(&self, long: bool) {
        let ends_at = if long { 45_000 } else { 16_000 };
        self.rest(0, 700).await;
        let over = || {
            let scene = self.scene.borrow();
            scene.over || scene.now() >= ends_at || scene.asked.len() >= 14
        };
        while !over() {
            let choice = self.scene.borrow_mut().rng.between(0, 100);
            match choice {
                _ if long && choice < 70 => self.rest(2_000, 6_000).await,
                0..58 => self.speak().await,
                58..70 => self.write().await,
                70..76 => self.be_silent(true, 300, 2_500).await,
                76..82 => self.be_silent(false, 300, 2_800).await,
                82..92 => {
                    self.scene.borrow_mut().say("asks for a renewal");
                    // Refused only where the conversation is over.
                    let _ = self.voice.renew(None);
                }
                _ => self.rest(1_000, 6_000).await,
            }
        }
    }

    /// Speaks, and hears the answer; now and then speaks over it.
    async fn speak(&self) {
        loop {
            let millis = 350 + 100 * self.scene.borrow().asked.len() as u64;
            let id = self.scene.borrow_mut().ask(&self.voice, Some(millis));
            sleep(Duration::from_millis(millis)).await;
            self.scene.borrow_mut().spoken(&self.voice);
            self.wait(id, false).await;
            if self.scene.borrow().over || self.scene.borrow().asked.len() >= 14 {
                return;
            }
            if !self.scene.borrow_mut().rng.percent(20) {
                return self.hear_out(id).await;
            }
            self.rest(20, 250).await;
        }
    }

    async fn write(&self) {
        let id = self.scene.borrow_mut().ask(&self.voice, None);
        self.wait(id, false).await;
        self.hear_out(id).await;
    }

    /// An answer that breaks off without a word of it leaves the user waiting for a while only.
    async fn hear_out(&self, id: usize) {
        let _ = timeout(Duration::from_secs(8), self.wait(id, true)).await;
        self.rest(100, 2_000).await;
    }

    async fn be_silent(&self, mute: bool, low: u64, high: u64) {
        self.scene.borrow_mut().silence(&self.voice, mute);
        self.rest(low, high).await;
        self.scene.borrow_mut().sound(&self.voice);
    }

    async fn wait(&self, id: usize, whole: bool) {
        let answered = async {
            loop {
                let changed = self.changed.notified();
                if self.scene.borrow().is_answered(id, whole) {
                    return;
                }
                changed.await;
            }
        };
        if timeout(PATIENCE, answered).await.is_err() {
            self.panic(&format!("turn {id} has no answer"));
        }
    }

    async fn rest(&self, low: u64, high: u64) {
        let time = self.scene.borrow_mut().millis(low, high);
        sleep(time).await;
    }

    fn panic(&self, what: &str) -> ! {
        let scene = self.scene.borrow();
        let log: Vec<_> = scene.log.iter().map(String::as_str).collect();
        panic!("{what}; the last of it:\n{}", log.join("\n"));
    }
}

/// The product's timing against the loopback's: legs live for 14 s.
fn compressed(long: bool) -> Renewal {
    let ms = Duration::from_millis;
    let mut renewal = Renewal::default();
    (renewal.after, renewal.force_after) = if long {
        (ms(90_000), ms(100_000))
    } else {
        (ms(7_000), ms(11_000))
    };
    renewal.silence = if long { ms(90_000) } else { ms(6_000) };
    renewal.credential_margin = ms(40_000);
    renewal.going_away_patience = ms(2_000);
    renewal.standby_limit = ms(2_500);
    renewal.replay_window = ms(2_500);
    renewal.replay_limit = ms(30_000);
    renewal.linger_limit = ms(3_000);
    renewal.carry_patience = ms(2_000);
    renewal.noise_limit = ms(6_000);
    renewal.stall_limit = ms(2_000);
    renewal.drain_limit = ms(1_000);
    renewal.deaf_after = Some(ms(3_500));
    renewal.backoff = ms(100);
    renewal.max_backoff = ms(800);
    renewal.max_attempts = 8;
    renewal
}
