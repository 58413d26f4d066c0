//! One session: a conversation with the model, and the client that has it now.

mod allowance;
mod line;
mod speech;
mod tell;

use std::collections::{BTreeMap, HashMap};
use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use bedrock_stream::{Error, ToolCall, Voice, VoiceEvent, VoiceEvents};
use nova_sonic::{SampleRate, SessionEvent, TurnId};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

pub(crate) use line::Line;
pub(crate) use speech::Chunk;

use crate::notice::{Departure, EndReason, Notice};
use crate::protocol::{Reply, VERSION, millis};
use crate::registry::Seat;
use crate::shared::Shared;
use crate::wire::Command;
use line::Heard;
use speech::Speech;

/// How long the model has for its last words.
const CLOSE: Duration = Duration::from_secs(5);
/// How long before its end a session is told of it.
const WARNING: Duration = Duration::from_mins(1);
/// How often a level is told at most.
const LEVEL: Duration = Duration::from_millis(100);

/// A client that takes a session over.
pub(crate) struct Newcomer {
    pub(crate) line: Line,
    pub(crate) levels: bool,
}

/// What a session is made of.
pub(crate) struct Parts {
    pub(crate) seat: Seat,
    pub(crate) voice: Voice,
    pub(crate) events: VoiceEvents,
    pub(crate) newcomers: mpsc::Receiver<Newcomer>,
    pub(crate) output_rate: SampleRate,
}

/// A session, as its one task has it.
pub(crate) struct Session {
    shared: Arc<Shared>,
    seat: Seat,
    voice: Voice,
    events: VoiceEvents,
    newcomers: mpsc::Receiver<Newcomer>,
    line: Option<Line>,
    output_rate: SampleRate,
    speech: Speech,
    turns: BTreeMap<u32, TurnId>,
    /// Calls that the client answers, each with what it was told of it.
    tools: HashMap<String, (ToolCall, String)>,
    /// What was told last of what was heard.
    heard: (u32, String),
    /// The answer that was interrupted last.
    cut: Option<u32>,
    /// The client has muted itself; it is muted too while it is away.
    muted: bool,
    level_at: Option<Instant>,
    ends_at: Instant,
    warned: bool,
    /// Until when the client may come back.
    grace_until: Option<Instant>,
    closing: Option<EndReason>,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, parts: Parts) -> Self {
        let limits = shared.limits;
        let ends_at = Instant::now() + limits.session_time;
        Self {
            speech: Speech::new(parts.output_rate, limits.lead, limits.speech_waiting),
            shared,
            seat: parts.seat,
            voice: parts.voice,
            events: parts.events,
            newcomers: parts.newcomers,
            line: None,
            output_rate: parts.output_rate,
            turns: BTreeMap::new(),
            tools: HashMap::new(),
            heard: (0, String::new()),
            cut: None,
            muted: false,
            level_at: None,
            ends_at,
            warned: false,
            grace_until: None,
            closing: None,
        }
    }

    /// Holds the session until it is over.
    pub(crate) async fn hold(mut self, first: Newcomer) {
        self.attach(first, false);
        let failure = self.converse().await;
        self.end(failure);
    }

    /// Gives what the conversation failed with.
    async fn converse(&mut self) -> Option<Error> {
        let mut stopping = self.shared.stopping();
        loop {
            let due = self.due();
            let may_listen = self.speech.has_room() || self.closing.is_some();
            tokio::select! {
                event = self.events.next(), if may_listen => match event {
                    Ok(Some(event)) => self.tell(event),
                    Ok(None) => return None,
                    Err(error) => return Some(error),
                },
                heard = hear(&mut self.line, &mut self.speech) => match heard {
                    Heard::Command(command) => self.follow(command),
                    Heard::Lost(why) => self.lose(why),
                    Heard::Sooner => {}
                },
                Some(newcomer) = self.newcomers.recv(), if self.closing.is_none() => {
                    self.attach(newcomer, true);
                }
                () = stopping.asked(), if self.closing.is_none() => self.close(EndReason::Shutdown),
                () = sleep_until(due) => self.on_time(),
            }
        }
    }

    /// A client has come, the first or another.
    fn attach(&mut self, newcomer: Newcomer, resumed: bool) {
        if let Some(before) = self.line.take() {
            self.notice(|session| Notice::Detached {
                session,
                why: Departure::Replaced,
            });
            before.hang_up(4409, "the session goes on elsewhere");
        }
        self.grace_until = None;
        self.speech.rewind();
        self.line = Some(newcomer.line);
        self.level_at = newcomer.levels.then(Instant::now);
        if resumed {
            self.notice(|session| Notice::Resumed { session });
        }
        let limits = self.shared.limits;
        let transcript = self.voice.transcript();
        let session = self.seat.token().to_owned();
        self.say(&Reply::Ready {
            version: VERSION,
            session: &session,
            resumed,
            input_rate: self.voice.input_rate().hz(),
            output_rate: self.output_rate.hz(),
            lead_ms: millis(limits.lead),
            grace_ms: millis(limits.grace),
            ends_in_ms: millis(self.ends_at.saturating_duration_since(Instant::now())),
            transcript: &transcript,
        });
        let calls: Vec<_> = self.tools.values().map(|(_, told)| told.clone()).collect();
        for call in calls {
            self.say_text(call);
        }
        // A client that comes back says anew whether it is muted.
        self.muted = false;
        self.voice.unmute();
    }

    /// The client is gone; the model hears silence until it is back.
    fn lose(&mut self, why: Departure) {
        if let Some(line) = self.line.take() {
            match why {
                Departure::TooSlow => line.hang_up(4408, "you do not read what is sent to you"),
                Departure::Misuse => line.hang_up(1008, "a message that is too large, or none"),
                _ => {}
            }
        }
        self.notice(|session| Notice::Detached { session, why });
        self.voice.mute();
        self.grace_until = Some(Instant::now() + self.shared.limits.grace);
    }

    fn follow(&mut self, command: Command) {
        match command {
            Command::Audio(pcm) => {
                self.level(&pcm);
                // After its end nobody is told for each piece; the end was told.
                if !pcm.len().is_multiple_of(2) {
                    self.complain("audio", "a message holds half a sample");
                } else if !self.muted {
                    let _ = self.voice.audio(pcm);
                }
            }
            Command::Played { turn, samples } => self.played(turn, samples),
            Command::Text(text) => match self.voice.text(&text) {
                Ok(turn) => self.tell(VoiceEvent::Session(SessionEvent::UserText { turn, text })),
                Err(error) => self.complain("text", &error.to_string()),
            },
            Command::Mute => {
                self.muted = true;
                self.voice.mute();
            }
            Command::Unmute => {
                self.muted = false;
                self.voice.unmute();
            }
            Command::ToolResult { id, result } => match self.tools.remove(&id) {
                // Where it is too late the model was told so.
                Some((call, _)) => drop(call.respond(result)),
                None => self.complain("toolResult", "no such call waits for you"),
            },
            Command::Bye => self.close(EndReason::Closed),
            Command::Hello(_) | Command::Unknown => {
                self.complain("message", "this is no message that belongs here");
            }
        }
    }

    fn played(&mut self, turn: u32, samples: u64) {
        let Some(samples) = self.speech.played(turn, samples) else {
            return;
        };
        let Some(id) = self.turns.get(&turn) else {
            return;
        };
        self.voice.played(*id, samples);
        let heard = (turn, self.voice.heard(*id));
        // While more of an answer arrives its parts are measured anew, and less seems to be heard than before.
        let is_news = heard.0 != self.heard.0
            || heard.1.len() > self.heard.1.len()
            || self.cut == Some(turn) && heard.1 != self.heard.1;
        if is_news {
            self.say(&Reply::Heard {
                turn,
                text: &heard.1,
            });
            self.heard = heard;
        }
    }

    /// Ends the conversation in order; its last events still come.
    fn close(&mut self, reason: EndReason) {
        if self.closing.is_some() {
            return;
        }
        self.closing = Some(reason);
        let voice = self.voice.clone();
        // How it ended is told by the events.
        tokio::spawn(async move { voice.close(CLOSE).await });
    }

    fn due(&mut self) -> Instant {
        let now = Instant::now();
        let warn_at = self.ends_at.checked_sub(WARNING).unwrap_or(now);
        let mut due = match (self.closing, self.warned) {
            (Some(_), _) => now + 2 * CLOSE,
            (None, false) => warn_at,
            (None, true) => self.ends_at,
        };
        if let Some(until) = self.grace_until.filter(|_| self.closing.is_none()) {
            due = due.min(until);
        }
        match &mut self.line {
            Some(line) => due.min(line.due()),
            None => due,
        }
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        if self.grace_until.is_some_and(|until| now >= until) {
            self.close(EndReason::Grace);
        }
        if now >= self.ends_at {
            self.close(EndReason::SessionTime);
        } else if !self.warned && now + WARNING >= self.ends_at {
            self.warned = true;
            self.say(&Reply::Ending {
                reason: EndReason::SessionTime,
                in_ms: millis(self.ends_at - now),
            });
        }
    }

    fn end(mut self, error: Option<Error>) {
        let reason = match (&error, self.closing) {
            (None, Some(reason)) => reason,
            _ => EndReason::Failed,
        };
        let message = error.as_ref().filter(|_| self.shared.explains);
        let message = message.map(ToString::to_string);
        self.say_figures();
        self.say(&Reply::Ended {
            reason,
            message: message.as_deref(),
        });
        if let Some(line) = self.line.take() {
            match reason {
                EndReason::Failed => line.hang_up(1011, "the conversation failed"),
                _ => line.hang_up(1000, "the session is over"),
            }
        }
        let metrics = Box::new(self.voice.metrics());
        self.notice(|session| Notice::Ended {
            session,
            reason,
            error,
            metrics,
        });
    }

    fn notice(&self, notice: impl FnOnce(u64) -> Notice) {
        self.shared.observe(&notice(self.seat.number()));
    }
}

/// What the client says, while there is one.
async fn hear(line: &mut Option<Line>, speech: &mut Speech) -> Heard {
    match line {
        Some(line) => poll_fn(|cx| line.poll(cx, speech)).await,
        None => pending().await,
    }
}
