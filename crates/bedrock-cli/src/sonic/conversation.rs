//! The conversation: one side speaks while the other is heard.

use std::collections::VecDeque;
use std::time::Duration;

use bedrock_stream::{Error, Voice, VoiceEvent, VoiceEvents};
use bedrock_wire::Outcome;
use nova_sonic::SessionEvent;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::live::{Key, Keys, Level};
use super::reply::{Due, NO_REPLY, Reply};
use super::screen::{Ending, Screen, say};
use super::sink::Sink;
use super::source::{Chunk, Source};
use super::tool_command::{self, ToolCommand};
use crate::exit::Exit;
use crate::signals::EndSignals;

/// How long the close may take, with the late text and usage that it waits for.
const CLOSE: Duration = Duration::from_secs(10);

/// What the user says, in this order.
pub(super) struct Part {
    /// An instruction to speak first.
    pub(super) greet: Option<String>,
    /// Text turns, each after the answer to the one before.
    pub(super) texts: VecDeque<String>,
    pub(super) voice: Option<Source>,
    /// Where the voice is a microphone.
    pub(super) call: Option<Call>,
}

/// What a call has beyond a conversation with prepared words.
pub(super) struct Call {
    pub(super) keys: Keys,
    pub(super) level: Level,
}

/// The listening side, with all that it shows and keeps.
pub(super) struct Conversation<'a> {
    voice: Voice,
    events: VoiceEvents,
    commands: Vec<ToolCommand>,
    tools: JoinSet<()>,
    texts: VecDeque<String>,
    has_voice: bool,
    call: Option<Call>,
    muted: bool,
    sink: &'a mut Sink,
    screen: &'a mut Screen,
    reply: Reply,
    exit: Exit,
}

/// What the listening side sees of the speaking one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Uplink {
    Speaking,
    /// The input is over and silence flows.
    Silent,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(
        (voice, events): (Voice, VoiceEvents),
        commands: Vec<ToolCommand>,
        sink: &'a mut Sink,
        screen: &'a mut Screen,
    ) -> Self {
        Self {
            voice,
            events,
            commands,
            tools: JoinSet::new(),
            texts: VecDeque::new(),
            has_voice: false,
            call: None,
            muted: false,
            sink,
            screen,
            reply: Reply::new(Instant::now()),
            exit: Exit::Complete,
        }
    }

    /// Speaks and listens until the last words are answered, the session ends, or somebody asks for the end.
    pub(super) async fn hold(mut self, part: Part, ends: EndSignals) -> Result<Exit, String> {
        let Part {
            greet,
            texts,
            voice: source,
            call,
        } = part;
        self.texts = texts;
        self.has_voice = source.is_some();
        if let Some(greet) = greet {
            self.voice
                .greet(&greet)
                .map_err(|error| error.to_string())?;
        } else if let Some(text) = self.texts.pop_front() {
            self.voice.text(&text).map_err(|error| error.to_string())?;
        } else {
            // Nothing is to be answered before the voice begins.
            self.reply = Reply::answered_since(Instant::now());
        }
        self.voice.mute();
        // Whoever is on the telephone may speak at once.
        let (start, may_speak) = watch::channel(call.is_some());
        self.call = call;
        let (state, uplink) = watch::channel(Uplink::Speaking);
        let speak = speak(self.voice.clone(), source, may_speak, state);
        let listen = self.listen(&start, uplink, ends);
        let (spoken, listened) = tokio::select! {
            // It never ends while all is well.
            spoken = speak => (spoken, Ok(())),
            listened = listen => (Ok(()), listened),
        };
        listened?;
        if spoken.is_err() {
            // The conversation is over: what is still to be heard comes, and the verdict says why.
            while let Ok(Some(event)) = self.events.next().await {
                self.take(event)?;
            }
        }
        if self.exit == Exit::Interrupted {
            self.sink.interrupt();
        }
        self.sink.drain().await?;
        Ok(self.judge())
    }

    async fn listen(
        &mut self,
        start: &watch::Sender<bool>,
        mut uplink: watch::Receiver<Uplink>,
        mut ends: EndSignals,
    ) -> Result<(), String> {
        let mut closing = false;
        loop {
            self.go_on(start);
            let due = self.reply.due().filter(|_| !closing);
            tokio::select! {
                event = self.events.next() => match event {
                    Ok(Some(event)) => self.take(event)?,
                    // An error is told by the verdict.
                    Ok(None) | Err(_) => return Ok(()),
                },
                played = self.sink.play() => {
                    if let Some((turn, samples)) = played? {
                        self.voice.played(turn, samples);
                    }
                    if let Some(call) = &self.call {
                        self.screen.levels(call.level.db(), self.sink.sounds());
                    }
                }
                key = typed(self.call.as_mut()) => match key {
                    Key::Mute => self.toggle_mute(),
                    Key::Quit => {
                        self.sink.interrupt();
                        closing = true;
                        self.close();
                    }
                },
                Some(_) = self.tools.join_next() => self.reply.tool_ended(Instant::now()),
                changed = uplink.changed() => {
                    if changed.is_ok() && *uplink.borrow_and_update() == Uplink::Silent {
                        self.reply.input_ended(Instant::now());
                    }
                }
                () = reached(due) => {
                    if let Some(Due::NoReply(_)) = due {
                        self.exit = Exit::Incomplete;
                    }
                    closing = true;
                    self.close();
                }
                () = ends.asked(), if self.exit != Exit::Interrupted => {
                    say("closing");
                    self.exit = Exit::Interrupted;
                    closing = true;
                    self.close();
                }
            }
        }
    }

    fn toggle_mute(&mut self) {
        self.muted = !self.muted;
        if self.muted {
            self.voice.mute();
        } else {
            self.voice.unmute();
        }
        self.screen.muted(self.muted);
    }

    /// Says the next text once the one before is answered; after the last, lets the voice begin.
    fn go_on(&mut self, start: &watch::Sender<bool>) {
        if self.reply.answered_at().is_none() {
            return;
        }
        if let Some(text) = self.texts.pop_front() {
            self.reply.asked(Instant::now());
            // Where the conversation is over, its verdict says why.
            let _ = self.voice.text(&text);
            return;
        }
        if *start.borrow() {
            return;
        }
        if self.has_voice {
            self.reply.asked(Instant::now());
        }
        start.send_replace(true);
    }

    /// Events go on until the conversation is over.
    fn close(&self) {
        let voice = self.voice.clone();
        tokio::spawn(async move { voice.close(CLOSE).await });
    }

    fn take(&mut self, event: VoiceEvent) -> Result<(), String> {
        self.reply.on(&event, Instant::now());
        self.screen.show(&event);
        match event {
            VoiceEvent::Session(SessionEvent::Audio { turn, pcm }) => self.sink.take(turn, pcm)?,
            VoiceEvent::Session(SessionEvent::Interrupted { .. }) => self.sink.interrupt(),
            VoiceEvent::Session(SessionEvent::TurnEnded { turn }) => self.sink.turn_ended(turn)?,
            VoiceEvent::ToolCall(call) => {
                self.reply.tool_began(Instant::now());
                self.tools
                    .spawn(tool_command::answer(call, self.commands.clone()));
            }
            _ => {}
        }
        Ok(())
    }

    /// The exit code, and the last lines.
    fn judge(&mut self) -> Exit {
        let outcome = self.voice.outcome();
        let no_reply = format!(
            "no reply within {} s of the end of the input",
            NO_REPLY.as_secs()
        );
        let request_id = self.voice.request_id();
        self.screen.outcome(&Ending {
            outcome: outcome.as_ref(),
            missing: (self.exit == Exit::Incomplete).then_some(no_reply.as_str()),
            request_id: request_id.as_deref(),
            metrics: &self.voice.metrics(),
        });
        let of_session = match &outcome {
            Some(Outcome::Complete(_)) => Exit::Complete,
            Some(Outcome::Failed { .. }) => Exit::Failed,
            _ => Exit::Incomplete,
        };
        match self.exit {
            Exit::Complete => of_session,
            Exit::Incomplete if of_session == Exit::Failed => Exit::Failed,
            exit => exit,
        }
    }
}

/// The speaking side: the source once it may begin, then silence. Ends only with an error.
async fn speak(
    voice: Voice,
    source: Option<Source>,
    mut may_speak: watch::Receiver<bool>,
    state: watch::Sender<Uplink>,
) -> Result<(), Error> {
    // Fails only where the listening side is gone.
    let _ = may_speak.wait_for(|may| *may).await;
    let Some(mut source) = source else {
        state.send_replace(Uplink::Silent);
        return std::future::pending().await;
    };
    voice.unmute();
    source.begin();
    loop {
        let pcm = match source.next().await {
            Chunk::Voice(pcm) => pcm,
            Chunk::Silence(pcm) => {
                state.send_if_modified(|state| {
                    std::mem::replace(state, Uplink::Silent) != Uplink::Silent
                });
                pcm
            }
        };
        voice.ready().await;
        if let Err(error) = voice.audio(pcm) {
            // Closing is no failure; what it comes to is told elsewhere.
            if voice.outcome().is_none() {
                std::future::pending::<()>().await;
            }
            return Err(error);
        }
    }
}

/// What is typed in a call; nothing, for ever, without one.
async fn typed(call: Option<&mut Call>) -> Key {
    match call {
        Some(call) => call.keys.next().await,
        None => std::future::pending().await,
    }
}

async fn reached(due: Option<Due>) {
    match due {
        Some(Due::Over(at) | Due::NoReply(at)) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
