//! A model of the service, one for each leg: hears, endpoints, answers, calls tools, is interrupted, has limits and faults.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

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

/// What goes wrong with a leg, and when, in ms of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// An exception, then the end.
    Exception(u64, &'static str),
    /// The connection breaks.
    Cut(u64),
    /// The service ends the stream in order, unasked.
    CleanEnd(u64),
    /// The connection is going away, and four seconds later it is gone.
    GoAway(u64),
    /// From then on it hears nothing and says nothing.
    Deaf(u64),
    /// The credentials expire then; whoever still uses them is cut off.
    Expiry(u64),
    /// It never answers with a head.
    NoHead,
}

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

#[derive(Debug)]
struct Answer {
    /// The audio block that is open.
    audio: Option<String>,
    /// When its first speech goes out, and its last.
    audible: u64,
    until: u64,
    asked: Vec<String>,
}

/// One in six utterances needs a tool.
fn calls_tool(text: &str) -> bool {
    let id = text
        .strip_prefix('u')
        .and_then(|text| text.split('.').next());
    id.and_then(|id| id.parse::<u64>().ok())
        .is_some_and(|id| id % 6 == 3)
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

    fn is_deaf(&self, now: u64) -> bool {
        matches!(self.fault, Fault::Deaf(at) if now >= self.opened + at)
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
            let start = json!({"userSpeechStart": {"inputAudioOffsetMs": begun}});
            self.later(now + delay, None, Down::Event(start));
            self.interrupt(now, now + delay);
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
        let delay = now + self.rng.between(50, 70);
        self.later(delay, None, Down::Event(end));
        let words = hearing
            .heard
            .iter()
            .map(|(id, (first, last, count))| format!("u{id}.{first}.{last}.{count}"));
        let text = words.collect::<Vec<_>>().join(" ");
        assert!(hearing.begun < hearing.end);
        self.text_block(delay + 10, None, "USER", "FINAL", &text, "PARTIAL_TURN");
        self.ask(delay + 20, text);
    }

    /// Something is to be answered: together with what waits, unless an answer is on its way.
    fn ask(&mut self, now: u64, text: String) {
        self.asked.push(text);
        let think = self.rng.between(30, 200);
        self.reply(now + think);
    }

    fn reply(&mut self, at: u64) {
        if self.answer.as_ref().is_some_and(|answer| answer.until > at) || self.asked.is_empty() {
            return;
        }
        let asked = std::mem::take(&mut self.asked);
        let of = Some(self.generation);
        let single = asked.first().filter(|_| asked.len() == 1);
        if let Some(text) = single.filter(|text| calls_tool(text)) {
            let id = format!("{}-{}", self.leg, text.split('.').next().unwrap());
            if self.order.tools.insert(id.clone()) {
                self.tools.insert(id.clone());
                let content = self.content();
                let call = json!({"contentId": content, "toolUseId": id, "toolName": "look", "content": json!({"of": text}).to_string()});
                self.later(at, None, Down::Event(json!({"toolUse": call})));
                return;
            }
        }
        let words = asked.join(" & ");
        let mut time = at;
        let blocks = self.rng.between(1, 3);
        let (mut audio, mut audible) = (None, u64::MAX);
        for block in 0..blocks {
            let text = format!("answer {block} to {words}");
            self.text_block(time, of, "ASSISTANT", "SPECULATIVE", &text, "PARTIAL_TURN");
            let content = self.content();
            let start = json!({"contentStart": {"contentId": content, "type": "AUDIO", "role": "ASSISTANT"}});
            self.later(time, of, Down::Event(start));
            for _ in 0..self.rng.between(2, 6) {
                time += self.rng.between(5, 60);
                audible = audible.min(time);
                let pcm = base64_simd::STANDARD.encode_to_string([1; 160]);
                let output = json!({"audioOutput": {"contentId": content, "content": pcm}});
                self.later(time, of, Down::Event(output));
            }
            let stop = if block + 1 == blocks {
                "END_TURN"
            } else {
                "PARTIAL_TURN"
            };
            let end =
                json!({"contentEnd": {"contentId": content, "type": "AUDIO", "stopReason": stop}});
            self.later(time, of, Down::Event(end));
            audio = Some(content);
        }
        let usage = json!({"usageEvent": {"details": {"delta": {"input": {"speechTokens": 1}, "output": {"speechTokens": 1}}}}});
        self.later(time, None, Down::Event(usage));
        for block in 0..blocks {
            let told = time + self.rng.between(100, 800);
            let text = format!("answer {block} to {words}");
            self.text_block(told, of, "ASSISTANT", "FINAL", &text, "PARTIAL_TURN");
        }
        self.answer = Some(Answer {
            audio,
            audible,
            until: time,
            asked,
        });
    }

    fn interrupt(&mut self, now: u64, at: u64) {
        let Some(answer) = self.answer.take().filter(|answer| answer.until > now) else {
            return;
        };
        self.generation += 1;
        if answer.audible > now {
            // Nobody has heard of it: it is answered together with what is said now.
            self.asked.splice(0..0, answer.asked);
        } else if let Some(content) = answer.audio {
            let end = json!({"contentEnd": {"contentId": content, "type": "AUDIO", "stopReason": "END_TURN"}});
            self.later(at, None, Down::Event(end));
        }
        self.text_block(
            at + 20,
            None,
            "ASSISTANT",
            "FINAL",
            "{ \"interrupted\" : true }",
            "INTERRUPTED",
        );
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

    fn fault_at(&self) -> Option<u64> {
        match self.fault {
            // A deaf leg does nothing at that time.
            Fault::None | Fault::NoHead | Fault::Deaf(_) => None,
            Fault::Exception(at, _)
            | Fault::Cut(at)
            | Fault::CleanEnd(at)
            | Fault::GoAway(at)
            | Fault::Expiry(at) => Some(self.opened + at),
        }
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

    fn break_down(&mut self, now: u64) {
        match self.fault {
            Fault::Exception(_, text) => self.fail("validationException", text),
            Fault::Expiry(_) => self.fail("expiredTokenException", "The security token is expired"),
            Fault::Cut(_) => {
                self.out.push(Down::Cut);
                self.ended = true;
            }
            Fault::CleanEnd(_) => {
                self.out.push(Down::End);
                self.ended = true;
            }
            Fault::GoAway(at) if !self.going_away => {
                self.going_away = true;
                assert!(now >= self.opened + at);
                self.out.push(Down::GoAway);
            }
            Fault::GoAway(at) if now >= self.opened + at + 1_500 => {
                self.out.push(Down::Cut);
                self.ended = true;
            }
            _ => {}
        }
    }

    fn fail(&mut self, code: &'static str, text: &'static str) {
        self.out.push(Down::Exception(code, text));
        self.out.push(Down::End);
        self.ended = true;
    }
}
