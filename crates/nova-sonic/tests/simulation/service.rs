//! A model of the service, one for each leg: hears, endpoints, answers, calls tools, is interrupted, has limits and faults.

mod answers;
mod faults;

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use answers::Answer;
pub(crate) use faults::Fault;

use crate::grammar::Order;
use crate::rng::Rng;
use crate::sound::Tick;

/// Limits of a leg, in ms: the real ones divided by about 60.
const LIFE: u64 = 8_000;
const IDLE: u64 = 1_800;
const SILENCE: u64 = 3_900;
/// Silence that ends a turn of the user, and speech that makes one.
const ENDPOINT: u64 = 250;
const NOTICE: u64 = 40;

/// What a leg sends back.
#[derive(Clone, Debug)]
pub(crate) enum Down {
    Accepted,
    Event(Value),
    Exception(&'static str, &'static str),
    GoAway,
    End,
    Cut,
}

#[derive(Debug)]
pub(crate) struct Service {
    opened: u64,
    fault: Fault,
    rng: Rng,
    leg: u32,
    order: Order,
    accepted: bool,
    /// What is to be sent, by time and order; answers are of a generation that an interruption ends.
    plan: BTreeMap<(u64, u64), (Option<u64>, Down)>,
    planned: u64,
    generation: u64,
    pub(crate) out: Vec<Down>,
    /// Milliseconds of audio in the block.
    input: u64,
    last_input: u64,
    last_voice: u64,
    /// When the latest word of what is heard goes out: they go in their order.
    told: u64,
    hearing: Option<Hearing>,
    /// Silence since the last speech, in ms of input.
    quiet: u64,
    /// Milliseconds of speech that were not yet enough to be noticed.
    early: Vec<(u64, u64, u64)>,
    open_text: Option<(bool, String, String)>,
    open_result: Option<String>,
    pub(crate) history: Vec<(String, String)>,
    asked: Vec<String>,
    answer: Option<Answer>,
    tools: HashSet<String>,
    contents: u64,
    going_away: bool,
    pub(crate) ended: bool,
}

#[derive(Debug)]
struct Hearing {
    begun: u64,
    /// By utterance: first, last and number of milliseconds.
    heard: BTreeMap<u64, (u64, u64, u64)>,
    end: u64,
}

impl Service {
    pub(crate) fn new(leg: u32, opened: u64, fault: Fault, rng: Rng) -> Self {
        Self {
            opened,
            fault,
            rng,
            leg,
            order: Order::default(),
            accepted: false,
            plan: BTreeMap::new(),
            planned: 0,
            generation: 0,
            out: Vec::new(),
            input: 0,
            last_input: opened,
            last_voice: opened,
            told: 0,
            hearing: None,
            quiet: 0,
            early: Vec::new(),
            open_text: None,
            open_result: None,
            history: Vec::new(),
            asked: Vec::new(),
            answer: None,
            tools: HashSet::new(),
            contents: 0,
            going_away: false,
            ended: false,
        }
    }

    /// An input event has arrived.
    pub(crate) fn take(&mut self, now: u64, event: &Value) {
        let (name, body) = event.as_object().unwrap().iter().next().unwrap();
        self.order.check(name, body);
        if !self.accepted && self.fault != Fault::NoHead {
            self.accepted = true;
            let delay = self.rng.between(5, 150);
            self.later(now + delay, None, Down::Accepted);
        }
        let text = |key: &str| body[key].as_str().unwrap_or_default();
        match name.as_str() {
            "contentStart" => {
                let role = text("role").to_owned();
                let interactive = body["interactive"].as_bool().unwrap();
                match text("type") {
                    "TEXT" => self.open_text = Some((interactive, role, String::new())),
                    "TOOL" => {
                        let id = body["toolResultInputConfiguration"]["toolUseId"].as_str();
                        self.open_result = id.map(str::to_owned);
                    }
                    _ => self.last_input = now,
                }
            }
            "textInput" => {
                if let Some((_, _, so_far)) = &mut self.open_text {
                    so_far.push_str(text("content"));
                }
            }
            "toolResult" => {
                let id = self.open_result.clone().unwrap();
                assert!(text("content").starts_with('{'), "a result is an object");
                self.tools.remove(&id);
                self.last_input = now;
                self.ask(now, format!("r{id}"));
            }
            "contentEnd" => self.end_content(now),
            "promptEnd" => {
                // What has not begun is not said any more; what has, is finished at once.
                self.generation += 1;
                self.later(
                    now + 30,
                    None,
                    Down::Event(json!({"completionEnd": {"stopReason": "END_TURN"}})),
                );
            }
            "sessionEnd" => self.later(now + 60, None, Down::End),
            _ => {}
        }
    }

    fn end_content(&mut self, now: u64) {
        let Some((interactive, role, text)) = self.open_text.take() else {
            self.open_result = None;
            return;
        };
        if interactive {
            (self.last_input, self.last_voice) = (now, now);
            self.ask(now, text);
        } else if role != "SYSTEM" {
            self.history.push((role, text));
        }
    }

    /// Audio has arrived.
    pub(crate) fn listen(&mut self, now: u64, heard: &[Tick]) {
        self.last_input = now;
        for tick in heard {
            let at = self.input;
            self.input += 1;
            if self.is_deaf(now) {
                continue;
            }
            let Tick::User { at: ms, utterance } = *tick else {
                self.hush(now);
                continue;
            };
            match utterance {
                Some(id) => self.voice(now, at, id, ms),
                None => self.hush(now),
            }
        }
    }

    fn voice(&mut self, now: u64, at: u64, id: u64, ms: u64) {
        self.quiet = 0;
        self.last_voice = now;
        if self.hearing.is_none() {
            self.early.push((at, id, ms));
            if (self.early.len() as u64) < NOTICE {
                return;
            }
            let begun = self.early[0].0;
            let heard = BTreeMap::new();
            self.hearing = Some(Hearing {
                begun,
                heard,
                end: at,
            });
            let delay = self.rng.between(0, 50);
            let told = self.in_order(now + delay);
            let start = json!({"userSpeechStart": {"inputAudioOffsetMs": begun}});
            self.later(told, None, Down::Event(start));
            self.interrupt(now, told);
        }
        let early = std::mem::take(&mut self.early);
        let hearing = self.hearing.as_mut().unwrap();
        let new = if early.is_empty() {
            vec![(at, id, ms)]
        } else {
            early
        };
        for (at, id, ms) in new {
            hearing.end = at + 1;
            let (_, last, count) = hearing.heard.entry(id).or_insert((ms, ms, 0));
            (*last, *count) = (ms, *count + 1);
        }
    }

    fn hush(&mut self, now: u64) {
        self.quiet += 1;
        if self.hearing.is_none() {
            self.early.clear();
        }
        if self.quiet < ENDPOINT {
            return;
        }
        let Some(hearing) = self.hearing.take() else {
            return;
        };
        let end = json!({"userSpeechEnd": {
            "inputAudioOffsetMs": hearing.end, "inputAudioDetectionOffsetMs": self.input}});
        let delay = self.rng.between(50, 70);
        let told = self.in_order(now + delay);
        self.later(told, None, Down::Event(end));
        let words = hearing
            .heard
            .iter()
            .map(|(id, (first, last, count))| format!("u{id}.{first}.{last}.{count}"));
        let text = words.collect::<Vec<_>>().join(" ");
        assert!(hearing.begun < hearing.end);
        let told = self.in_order(told + 10);
        self.text_block(told, None, "USER", "FINAL", &text, "PARTIAL_TURN");
        self.ask(told + 10, text);
    }

    /// The time for a word of what is heard, not before the words that came before.
    fn in_order(&mut self, at: u64) -> u64 {
        self.told = self.told.max(at);
        self.told
    }

    fn text_block(
        &mut self,
        at: u64,
        of: Option<u64>,
        role: &str,
        stage: &str,
        text: &str,
        stop: &str,
    ) {
        let id = self.content();
        let fields = json!({"generationStage": stage}).to_string();
        let start = json!({"contentStart": {"contentId": id, "type": "TEXT", "role": role, "additionalModelFields": fields}});
        let output = json!({"textOutput": {"contentId": id, "role": role, "content": text}});
        let end = json!({"contentEnd": {"contentId": id, "type": "TEXT", "stopReason": stop}});
        for event in [start, output, end] {
            self.later(at, of, Down::Event(event));
        }
    }

    fn content(&mut self) -> String {
        self.contents += 1;
        format!("{}:{}", self.leg, self.contents)
    }

    fn later(&mut self, at: u64, of: Option<u64>, what: Down) {
        self.planned += 1;
        self.plan.insert((at, self.planned), (of, what));
    }

    /// Whether it was asked to end the session.
    pub(crate) const fn was_closed(&self) -> bool {
        self.order.is_ended()
    }

    /// Whether it was told all that was said before, and listens.
    pub(crate) const fn has_audio(&self) -> bool {
        self.order.has_audio()
    }

    pub(crate) const fn has_said_nothing(&self) -> bool {
        self.contents == 0
    }

    /// The next time at which something happens by itself.
    pub(crate) fn due(&self) -> Option<u64> {
        if self.ended {
            return None;
        }
        let planned = self.plan.keys().next().map(|(at, _)| *at);
        let own = [
            Some(self.opened + LIFE),
            Some(self.last_input + IDLE),
            Some(self.last_voice + SILENCE),
            self.fault_at().filter(|_| !self.going_away),
            self.going_away
                .then(|| self.fault_at().unwrap_or(0) + 1_500),
            planned,
        ];
        own.into_iter().flatten().min()
    }

    /// Time has come to `now`.
    pub(crate) fn tick(&mut self, now: u64) {
        while let Some(entry) = self.plan.first_entry().filter(|entry| entry.key().0 <= now) {
            let (of, down) = entry.remove();
            if of.is_some_and(|of| of != self.generation) || self.ended {
                continue;
            }
            let deaf = self.is_deaf(now) && !matches!(down, Down::End);
            if !deaf {
                let over = matches!(down, Down::End | Down::Cut);
                self.out.push(down);
                self.ended |= over;
            }
        }
        if self.ended {
            return;
        }
        if self
            .answer
            .as_ref()
            .is_some_and(|answer| answer.until <= now)
        {
            self.answer = None;
            self.reply(now + 50);
        }
        let timed_out = "Model has timed out in processing the request. Try your request again.";
        let closing = self.order.is_ended();
        if now >= self.opened + LIFE {
            self.fail("modelTimeoutException", timed_out);
        } else if now >= self.last_input + IDLE && !closing {
            self.fail(
                "validationException",
                "InternalErrorCode=532::Timed out waiting for audio bytes",
            );
        } else if now >= self.last_voice + SILENCE && !closing {
            self.fail(
                "validationException",
                "InternalErrorCode=531::RST_STREAM closed stream.",
            );
        } else if self.fault_at().is_some_and(|at| at <= now) {
            self.break_down(now);
        }
    }
}
