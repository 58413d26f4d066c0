//! What the user and the application have seen and done so far.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bedrock_stream::{ToolCall, Voice, VoiceEvent};
use nova_sonic::{ConversationEvent, SessionEvent, TextStage};
use tokio::time::Instant;

use super::rng::Rng;
use super::sound::{Tick, put, ticks};

/// Texts of the user are shorter than this; what carries a tool's result to another leg is longer.
const LONGEST_TEXT: usize = 100;

/// A turn of the user.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Milliseconds of the microphone, from and to; a typed turn has none.
    pub(super) speech: Option<(u64, u64)>,
    /// What the loopback calls it in the transcript.
    pub(super) text: String,
    /// What stands in the text of its answer.
    pub(super) answer: String,
    /// Answers that were heard.
    pub(super) answers: BTreeSet<u32>,
    /// Its milliseconds that were said back.
    pub(super) echoed: BTreeSet<u64>,
    /// A tool was called for it.
    pub(super) called: bool,
}

/// The whole of it.
pub(super) struct Scene {
    pub(super) rng: Rng,
    begun: Instant,
    /// Milliseconds that the microphone has recorded.
    pub(super) recorded: u64,
    pub(super) speaking: Option<u64>,
    /// The microphone gives nothing, or is muted, since then.
    silent_since: Option<u64>,
    is_muted: bool,
    pub(super) silent: Vec<(u64, u64)>,
    pub(super) asked: Vec<Asked>,
    /// The answers' planned texts.
    texts: BTreeMap<u32, String>,
    /// Answers that ended: whole, interrupted, or with their leg.
    pub(super) whole: BTreeSet<u32>,
    pub(super) broken: BTreeSet<u32>,
    /// What had been answered when each leg took over.
    pub(super) known: BTreeMap<u32, Vec<usize>>,
    pub(super) dropped_ms: u64,
    pub(super) renewals: u64,
    pub(super) reasons: Vec<String>,
    pub(super) over: bool,
    pub(super) tools: Vec<ToolCall>,
    /// The last events, for whoever replays a seed.
    pub(super) log: VecDeque<String>,
    pub(super) verbose: bool,
}

impl Scene {
    pub(super) fn new(rng: Rng, verbose: bool) -> Self {
        Self {
            rng,
            begun: Instant::now(),
            recorded: 0,
            speaking: None,
            silent_since: None,
            is_muted: false,
            silent: Vec::new(),
            asked: Vec::new(),
            texts: BTreeMap::new(),
            whole: BTreeSet::new(),
            broken: BTreeSet::new(),
            known: BTreeMap::new(),
            dropped_ms: 0,
            renewals: 0,
            reasons: Vec::new(),
            over: false,
            tools: Vec::new(),
            log: VecDeque::new(),
            verbose,
        }
    }

    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap()
    }

    /// What was recorded since the last time goes to the conversation.
    pub(super) fn record(&mut self, voice: &Voice) {
        let now = self.now();
        if self.silent_since.is_none() || self.is_muted {
            let mut pcm = Vec::new();
            for at in self.recorded..now {
                let utterance = self.speaking;
                put(Tick { at, utterance }, &mut pcm);
            }
            // A conversation that is over says so to the one who waits for an answer.
            let _ = voice.audio(pcm);
        }
        self.recorded = now;
    }

    /// A new turn: spoken from now on until it is [`spoken`](Self::spoken), or typed.
    pub(super) fn ask(&mut self, voice: &Voice, millis: Option<u64>) -> usize {
        self.record(voice);
        let id = self.asked.len();
        let asked = if let Some(millis) = millis {
            Asked {
                speech: Some((self.recorded, self.recorded + millis)),
                text: format!("({}.{} seconds", millis / 1000, millis % 1000 / 100),
                ..Asked::default()
            }
        } else {
            // Of a length of its own.
            let text = format!("t{id}.{}", "x".repeat(id * 3));
            let characters = text.len();
            assert!(characters < LONGEST_TEXT);
            Asked {
                text,
                answer: format!("a text of {characters} characters"),
                ..Asked::default()
            }
        };
        self.say(&format!("the user: {asked:?}"));
        if millis.is_some() {
            self.speaking = Some(id as u64);
        } else {
            let _ = voice.text(&asked.text);
        }
        self.asked.push(asked);
        id
    }

    pub(super) fn spoken(&mut self, voice: &Voice) {
        self.record(voice);
        self.speaking = None;
    }

    /// The microphone is muted, or taken away.
    pub(super) fn silence(&mut self, voice: &Voice, mute: bool) {
        self.record(voice);
        self.silent_since = Some(self.recorded);
        self.is_muted = mute;
        if mute {
            voice.mute();
        }
        self.say(if mute { "muted" } else { "no microphone" });
    }

    pub(super) fn sound(&mut self, voice: &Voice) {
        self.record(voice);
        if let Some(since) = self.silent_since.take() {
            self.silent.push((since, self.recorded));
        }
        if std::mem::take(&mut self.is_muted) {
            voice.unmute();
        }
    }

    /// Takes an event.
    pub(super) fn take(&mut self, event: VoiceEvent) {
        match &event {
            VoiceEvent::Session(SessionEvent::Audio { turn, pcm }) => {
                self.say(&format!("audio of {turn:?}, {} ms", pcm.len() / 16));
                self.hear(turn.number(), pcm);
            }
            other => self.say(&format!("{other:?}")),
        }
        match event {
            VoiceEvent::Session(SessionEvent::AssistantText {
                turn,
                text,
                stage: TextStage::Speculative,
                ..
            }) => {
                let so_far = self.texts.entry(turn.number()).or_default();
                so_far.push_str(&text);
            }
            VoiceEvent::Session(SessionEvent::TurnEnded { turn }) => {
                self.whole.insert(turn.number());
            }
            VoiceEvent::Session(SessionEvent::Interrupted { turn })
            | VoiceEvent::Conversation(ConversationEvent::TurnCut { turn }) => {
                self.broken.insert(turn.number());
            }
            VoiceEvent::Conversation(ConversationEvent::Renewing { reason }) => {
                self.reasons.push(format!("{reason:?}"));
            }
            VoiceEvent::Conversation(ConversationEvent::Recovering { .. }) => {
                self.reasons.push("Recovering".to_owned());
            }
            VoiceEvent::Conversation(ConversationEvent::Unhealthy { .. }) => {
                self.reasons.push("Unhealthy".to_owned());
            }
            VoiceEvent::Conversation(ConversationEvent::Renewed { leg, .. }) => {
                self.renewals += 1;
                let asked = self.asked.iter().enumerate();
                let answered = asked.filter(|(_, asked)| !asked.answers.is_empty());
                let answered = answered.map(|(id, _)| id).collect();
                self.known.insert(leg.0, answered);
            }
            VoiceEvent::Conversation(ConversationEvent::AudioDropped { ms, .. }) => {
                self.dropped_ms += ms;
            }
            VoiceEvent::ToolCall(call) => {
                if let Some(asked) = self.asked.last_mut() {
                    asked.called = true;
                }
                self.tools.push(call);
            }
            _ => {}
        }
    }

    /// Speech of an answer: the user's own words, or a tone for a text.
    fn hear(&mut self, turn: u32, pcm: &[u8]) {
        let text = self.texts.get(&turn).cloned().unwrap_or_default();
        if text.contains("I heard") {
            for tick in ticks(pcm) {
                let Some(id) = tick.utterance else { continue };
                let asked = &mut self.asked[usize::try_from(id).unwrap()];
                asked.answers.insert(turn);
                asked.echoed.insert(tick.at);
            }
            return;
        }
        let is_answer = |asked: &&mut Asked| {
            asked.speech.is_none() && format!("{text} ").contains(&asked.answer)
        };
        if let Some(asked) = self.asked.iter_mut().find(is_answer) {
            asked.answers.insert(turn);
        } else if let Some(asked) = self.asked.iter_mut().rfind(|asked| asked.called) {
            // The result of its tool was carried to another leg, as a text.
            asked.answers.insert(turn);
        } else {
            panic!("turn {turn} answers nobody: {text:?}");
        }
    }

    /// Whether this turn of the user has been answered, and the answer is over.
    pub(super) fn is_answered(&self, id: usize, whole: bool) -> bool {
        let over = |turn: &u32| self.whole.contains(turn) || self.broken.contains(turn);
        let answers = &self.asked[id].answers;
        self.over || !answers.is_empty() && (!whole || answers.iter().any(over))
    }

    pub(super) fn say(&mut self, what: &str) {
        let line = format!("{:6} {what}", self.now());
        if self.verbose {
            println!("{line}");
        }
        self.log.push_back(line);
        if self.log.len() > 60 {
            self.log.pop_front();
        }
    }

    pub(super) fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.rng.between(low, high))
    }
}
