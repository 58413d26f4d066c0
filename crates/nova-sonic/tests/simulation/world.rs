//! One session: the machine, the user and the services of its legs under virtual time, over a network with delays.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bedrock_wire::{Advice, ChunkWriter, Outcome, ServiceError};
use bytes::BytesMut;
use eventstream_codec::{Decoder, Header, HeaderValue, TransportEnd, encode_frame};
use nova_sonic::{
    Action, Conversation, ConversationConfig, ConversationEvent, Leg, LegFault, Renewal,
    SampleRate, SessionEvent, TextStage, ToolResult, Transmit,
};
use serde_json::json;

use crate::link::{Link, Up, arrived, unpack};
use crate::oracle;
use crate::rng::Rng;
use crate::service::{Down, Fault, Service};
use crate::user::{Act, User};

/// Longest session in ms: more is a hang.
const LONGEST: u64 = 80_000;

/// What goes wrong with the opening of legs after the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opens {
    Well,
    /// The next so many fail.
    Fail(u32),
    /// From this leg on none succeeds.
    Never(u32),
}

pub(crate) struct World {
    rng: Rng,
    pub(crate) now: u64,
    base: Instant,
    pub(crate) machine: Conversation,
    pub(crate) user: User,
    links: BTreeMap<Leg, Link>,
    pub(crate) services: Vec<Service>,
    opens: Opens,
    /// Faults for the legs.
    faulty: u64,
    /// The transport takes nothing in this time.
    stall: (u64, u64),
    tools: Vec<(u64, String)>,
    tool_texts: BTreeMap<u32, String>,
    verbose: bool,
    pub(crate) dropped_ms: u64,
    pub(crate) gaps: Gaps,
    recovering: bool,
    /// A leg broke after the user had closed: it cannot be closed in order any more.
    pub(crate) broke_at_close: bool,
    /// What the user had heard answers to when each leg got its history.
    pub(crate) known: BTreeMap<Leg, Vec<String>>,
    pub(crate) sent_ms: Vec<bool>,
}

/// Milliseconds in which no leg took audio, for each renewal.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    pub(crate) planned: Vec<u64>,
    pub(crate) reactive: Vec<u64>,
}

impl World {
    pub(crate) fn new(seed: u64, base: Instant) -> Self {
        let mut rng = Rng::new(seed);
        let mut config = ConversationConfig::default();
        config.input_rate = SampleRate::Hz8000;
        config.head_patience = Duration::from_millis(250);
        config.keep_alive = Duration::from_millis(300);
        config.uplink_limit = Duration::from_millis(1_200);
        config.tool_timeout = Some(Duration::from_millis(1_500));
        config.renewal = Some(compressed());
        config.setup.system = "sim".into();
        let opens = match rng.between(0, 100) {
            0..70 => Opens::Well,
            70..95 => Opens::Fail(u32::try_from(rng.between(1, 4)).unwrap()),
            _ => Opens::Never(u32::try_from(rng.between(1, 4)).unwrap()),
        };
        let faulty = [0, 30, 60][usize::try_from(rng.between(0, 3)).unwrap()];
        let stalled = if rng.percent(10) {
            rng.between(1_000, 9_000)
        } else {
            u64::MAX / 2
        };
        let stall = (stalled, stalled + rng.between(300, 2_500));
        let user = User::new(Rng::new(rng.next()));
        Self {
            now: 0,
            base,
            machine: Conversation::new(config, [7; 16], base).unwrap(),
            user,
            links: BTreeMap::new(),
            services: Vec::new(),
            opens,
            faulty,
            stall,
            tools: Vec::new(),
            tool_texts: BTreeMap::new(),
            verbose: false,
            dropped_ms: 0,
            gaps: Gaps::default(),
            recovering: false,
            broke_at_close: false,
            known: BTreeMap::new(),
            sent_ms: Vec::new(),
            rng,
        }
    }

    /// Runs the session to its end and judges it.
    pub(crate) fn run(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self.settle();
        while self.machine.outcome().is_none() {
            let next = self.next_time();
            assert!(next < LONGEST, "the session does not end");
            self.now = next;
            self.step();
            self.settle();
        }
        oracle::judge(&self);
        self
    }

    pub(crate) fn is_doomed(&self) -> bool {
        matches!(self.opens, Opens::Never(_))
    }

    fn at(&self) -> Instant {
        self.base + Duration::from_millis(self.now)
    }

    fn next_time(&self) -> u64 {
        let deadline = self.machine.next_deadline().map(|at| {
            let since = at.duration_since(self.base);
            // Never early: a deadline within a millisecond is reached at the next.
            u64::try_from(since.as_nanos().div_ceil(1_000_000)).unwrap()
        });
        let links = self.links.values().flat_map(|link| {
            let service = self.services.get(link.service);
            let ups = link.up.front().map(|(at, _)| *at);
            let downs = link.down.front().map(|(at, _)| *at);
            [link.connected, ups, downs, service.and_then(Service::due)]
        });
        let tools = self.tools.iter().map(|(at, _)| Some(*at));
        let stall = [Some(self.stall.1)];
        // What was heard just now may have made something due before it.
        let user = self.user.due().map(|at| at.max(self.now + 1));
        let all = [deadline, user].into_iter();
        let all = all.chain(links).chain(tools).chain(stall).flatten();
        all.filter(|at| *at > self.now)
            .min()
            .expect("nothing will ever happen again: hung")
    }

    fn step(&mut self) {
        let now = self.at();
        self.machine.handle_timeout(now);
        for act in self.user.act(self.now) {
            match act {
                Act::Audio(pcm) => self.machine.audio(now, pcm.into()).unwrap_or_default(),
                Act::Text(text) => drop(self.machine.text(now, &text)),
                Act::Mute => self.machine.mute(now),
                Act::Unmute => self.machine.unmute(now),
                Act::Close => self.machine.close(now, Duration::from_secs(5)),
            }
        }
        let due: Vec<_> = self
            .tools
            .iter()
            .filter(|(at, _)| *at <= self.now)
            .cloned()
            .collect();
        self.tools.retain(|(at, _)| *at > self.now);
        for (_, id) in due {
            let result = ToolResult::json(json!({"done": id}));
            // It may have timed out.
            let _ = self.machine.tool_result(now, &id, &result);
        }
        for leg in self.links.keys().copied().collect::<Vec<_>>() {
            self.carry(leg);
        }
    }

    /// Moves what has arrived over one link.
    fn carry(&mut self, leg: Leg) {
        let now = self.now;
        let Some(link) = self.links.get_mut(&leg) else {
            return;
        };
        if link.connected.is_some_and(|at| at <= now) && link.fails {
            self.links.remove(&leg);
            let fault = match self.rng.between(0, 3) {
                0 => LegFault::from(ServiceError::new("ThrottlingException", "slow down")),
                1 => LegFault::from(ServiceError::new("ModelNotReadyException", "")),
                _ => LegFault::new(Advice::NewSession, "connection refused"),
            };
            self.machine.open_failed(self.at(), leg, fault);
            return;
        }
        let service = &mut self.services[link.service];
        while let Some(up) = arrived(&mut link.up, now) {
            match up {
                _ if service.ended => {}
                Up::Event(event) => service.take(now, &event),
                Up::Audio(event, ticks) => {
                    service.take(now, &event);
                    service.listen(now, &ticks);
                }
                Up::End => {}
            }
        }
        service.tick(now);
        let delay = link.delay;
        for down in service.out.drain(..) {
            link.down.push_back((now + delay, down));
        }
        loop {
            let Some(link) = self.links.get_mut(&leg) else {
                return;
            };
            let Some(down) = arrived(&mut link.down, now) else {
                return;
            };
            self.deliver(leg, down);
            // The driver polls after each frame.
            self.settle();
        }
    }

    fn deliver(&mut self, leg: Leg, down: Down) {
        let now = self.at();
        let mut wire = BytesMut::new();
        if matches!(down, Down::Cut | Down::Exception(..) | Down::End) {
            let service = self.links.get(&leg).map(|link| link.service);
            let asked = service.is_some_and(|at| self.services[at].was_closed());
            self.broke_at_close |= self.user.closed && !(asked && matches!(down, Down::End));
        }
        match down {
            Down::Accepted => self.machine.leg_accepted(now, leg),
            Down::GoAway => self.machine.leg_going_away(now, leg),
            Down::Cut => {
                self.links.remove(&leg);
                let fault = LegFault::new(Advice::NewSession, "connection reset");
                self.machine
                    .leg_ended(now, leg, TransportEnd::Cut, Some(fault));
            }
            Down::End => {
                self.links.remove(&leg);
                self.machine.leg_ended(now, leg, TransportEnd::Clean, None);
            }
            Down::Event(event) => {
                let json = json!({"event": event}).to_string();
                ChunkWriter::new()
                    .write(json.as_bytes(), &mut wire)
                    .unwrap();
                self.frame(leg, wire);
            }
            Down::Exception(code, message) => {
                let header = |name, value| Header {
                    name,
                    value: HeaderValue::String(value),
                };
                let headers = [
                    header(":message-type", "exception"),
                    header(":exception-type", code),
                ];
                let payload = json!({"message": message}).to_string();
                encode_frame(&headers, payload.as_bytes(), &mut wire).unwrap();
                self.frame(leg, wire);
            }
        }
    }

    fn frame(&mut self, leg: Leg, wire: BytesMut) {
        let mut decoder = Decoder::new();
        decoder.feed(wire.freeze());
        let frame = decoder.next_frame().unwrap().unwrap();
        self.machine.leg_frame(self.at(), leg, frame);
    }

    /// Does what the machine asks for until it asks for nothing more.
    fn settle(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Open(leg) => self.open(leg),
                Action::Abandon(leg) => drop(self.links.remove(&leg)),
            }
        }
        let (now, at) = (self.now, self.at());
        let stalled = (self.stall.0..self.stall.1).contains(&now);
        for (leg, link) in &mut self.links {
            if link.connected.is_none_or(|at| at > now) || link.fails || stalled {
                continue;
            }
            let mut wire = BytesMut::new();
            while let Some(transmit) = self.machine.poll_transmit(at, *leg, 3, &mut wire) {
                let up = match transmit {
                    Transmit::End => Up::End,
                    Transmit::Frame => unpack(wire.split().split_off(3)),
                };
                match &up {
                    Up::Audio(_, ticks) => oracle::count_sent(ticks, &mut self.sent_ms),
                    Up::Event(event) if self.verbose => {
                        println!("{now:6} leg {} <- {event}", leg.0);
                    }
                    _ => {}
                }
                link.up.push_back((now + link.delay, up));
            }
        }
        while let Some(event) = self.machine.poll_event() {
            self.tell(&event);
        }
    }

    fn open(&mut self, leg: Leg) {
        let fails = match &mut self.opens {
            Opens::Fail(left) if leg.0 > 0 && *left > 0 => {
                *left -= 1;
                true
            }
            Opens::Never(from) => leg.0 >= *from,
            Opens::Well | Opens::Fail(_) => false,
        };
        let fault = self.fault();
        let delay = self.rng.between(2, 25);
        let connected = self.now + self.rng.between(5, 120);
        if let Fault::Expiry(at) = fault {
            let expires = self.base + Duration::from_millis(connected + at);
            self.machine.credentials_expire(self.at(), leg, expires);
        }
        let rng = Rng::new(self.rng.next());
        self.services
            .push(Service::new(leg.0, connected, fault, rng));
        let link = Link {
            service: self.services.len() - 1,
            connected: Some(connected),
            up: VecDeque::new(),
            down: VecDeque::new(),
            fails,
            delay,
        };
        self.links.insert(leg, link);
    }

    fn fault(&mut self) -> Fault {
        if !self.rng.percent(self.faulty) {
            return Fault::None;
        }
        let at = self.rng.between(300, 6_000);
        match self.rng.between(0, 9) {
            0 => Fault::Exception(
                at,
                "System instability detected. Please retry your request.",
            ),
            1 => Fault::Exception(at, "InternalErrorCode=531::RST_STREAM closed stream."),
            2 => Fault::Exception(
                at,
                "InternalErrorCode=532::Timed out waiting for audio bytes",
            ),
            3 => Fault::Cut(at),
            4 => Fault::CleanEnd(at),
            5 => Fault::GoAway(at),
            6 => Fault::Expiry(at + 2_000),
            7 => Fault::NoHead,
            _ => Fault::Deaf(at),
        }
    }

    fn tell(&mut self, event: &ConversationEvent) {
        match event {
            ConversationEvent::Session(SessionEvent::AssistantText {
                turn, text, stage, ..
            }) if *stage == TextStage::Speculative => {
                let so_far = self.tool_texts.entry(turn.number()).or_default();
                so_far.push(' ');
                so_far.push_str(text);
            }
            ConversationEvent::Session(SessionEvent::Audio { turn, .. }) => {
                let text = self
                    .tool_texts
                    .get(&turn.number())
                    .cloned()
                    .unwrap_or_default();
                self.user.hear(self.now, turn.number(), &text);
            }
            // One in five never comes back.
            ConversationEvent::Session(SessionEvent::ToolCall { call, .. })
                if !self.rng.percent(20) =>
            {
                let at = self.now + self.rng.between(10, 1_100);
                self.tools.push((at, call.tool_use_id.to_string()));
            }
            ConversationEvent::AudioDropped { ms, .. } => self.dropped_ms += ms,
            ConversationEvent::Recovering { .. } => self.recovering = true,
            ConversationEvent::Renewed { leg, gap_ms, .. } => {
                if std::mem::take(&mut self.recovering) {
                    self.gaps.reactive.push(*gap_ms);
                } else {
                    self.gaps.planned.push(*gap_ms);
                }
                self.known.insert(*leg, self.answered());
            }
            _ => {}
        }
        if self.verbose {
            println!("{:6} {}", self.now, short(event));
        }
    }

    /// The user's turns that were answered by now.
    fn answered(&self) -> Vec<String> {
        let asked = self.user.asked.values();
        let answered = asked.filter(|asked| !asked.answers.is_empty());
        answered.map(|asked| asked.text.clone()).collect()
    }

    pub(crate) fn outcome_name(&self) -> &'static str {
        self.machine.outcome().map_or("none", Outcome::name)
    }
}

/// An event without its audio.
fn short(event: &ConversationEvent) -> String {
    match event {
        ConversationEvent::Session(SessionEvent::Audio { turn, pcm }) => {
            format!("audio of {turn:?}, {} bytes", pcm.len())
        }
        other => format!("{other:?}"),
    }
}

/// The product's own timing, about 60 times as fast.
fn compressed() -> Renewal {
    let ms = Duration::from_millis;
    let mut renewal = Renewal::default();
    renewal.after = ms(4_500);
    renewal.force_after = ms(6_400);
    renewal.credential_margin = ms(1_500);
    renewal.silence = ms(2_900);
    renewal.going_away_patience = ms(700);
    renewal.standby_limit = ms(1_000);
    renewal.replay_window = ms(600);
    renewal.replay_limit = ms(30_000);
    renewal.linger_limit = ms(900);
    renewal.carry_patience = ms(600);
    renewal.noise_limit = ms(1_500);
    renewal.stall_limit = ms(900);
    renewal.drain_limit = ms(400);
    renewal.deaf_after = Some(ms(1_200));
    renewal.backoff = ms(40);
    renewal.max_backoff = ms(300);
    renewal.max_attempts = 8;
    renewal
}
