//! The conversation: one side speaks while the other is heard.

use std::time::Duration;

use bedrock_stream::{Error, SonicReceiver, SonicSender};
use bedrock_wire::Outcome;
use nova_sonic::{ContentKind, ServerEvent, StopReason};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::reply::{Due, NO_REPLY, Reply};
use super::screen::{Screen, say};
use super::sink::Sink;
use super::source::{Chunk, Source};
use crate::exit::Exit;
use crate::signals;

/// How long the closing words may take to go out.
const CLOSE: Duration = Duration::from_secs(5);
/// How long after the close late text and usage are waited for.
const DRAIN: Duration = Duration::from_secs(10);

/// The listening side, with all that it shows and keeps.
pub(super) struct Conversation<'a> {
    receiver: SonicReceiver,
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
    pub(super) fn new(receiver: SonicReceiver, sink: &'a mut Sink, screen: &'a mut Screen) -> Self {
        let reply = Reply::new(Instant::now());
        Self {
            receiver,
            sink,
            screen,
            reply,
            exit: Exit::Complete,
        }
    }

    /// Speaks and listens until the last words are answered, the session ends, or somebody asks for the end.
    pub(super) async fn hold(
        mut self,
        sender: SonicSender,
        source: Source,
    ) -> Result<Exit, String> {
        let (close, closing) = watch::channel(false);
        let (state, uplink) = watch::channel(Uplink::Speaking);
        let speak = speak(sender, source, state, closing);
        let (spoken, listened) = tokio::join!(speak, self.listen(close, uplink));
        listened?;
        self.sink.drain().await?;
        Ok(self.judge(spoken))
    }

    async fn listen(
        &mut self,
        close: watch::Sender<bool>,
        mut uplink: watch::Receiver<Uplink>,
    ) -> Result<(), String> {
        let mut drained_by: Option<Instant> = None;
        let asked = signals::end_asked();
        tokio::pin!(asked);
        loop {
            let due = self.reply.due().filter(|_| drained_by.is_none());
            tokio::select! {
                event = self.receiver.next() => {
                    // An error is told by the verdict.
                    let Ok(Some(event)) = event else {
                        close.send_replace(true);
                        return Ok(());
                    };
                    self.take(event)?;
                }
                played = self.sink.play() => played?,
                changed = uplink.changed(), if drained_by.is_none() => match changed {
                    Ok(()) if *uplink.borrow_and_update() == Uplink::Silent => {
                        self.reply.input_ended(Instant::now());
                    }
                    Ok(()) => {}
                    // It failed; where the service is the cause, the receiver is about to hear of it.
                    Err(_) => drained_by = Some(Instant::now() + CLOSE),
                },
                () = reached(due) => {
                    if let Some(Due::NoReply(_)) = due {
                        self.exit = Exit::Incomplete;
                    }
                    close.send_replace(true);
                    drained_by = Some(Instant::now() + DRAIN);
                }
                asked = &mut asked, if self.exit != Exit::Interrupted => {
                    asked?;
                    say("closing");
                    self.exit = Exit::Interrupted;
                    close.send_replace(true);
                    drained_by = Some(Instant::now() + DRAIN);
                }
                () = sleep_until(drained_by.unwrap_or_else(Instant::now)), if drained_by.is_some() => {
                    say(&format!("the service did not end the session within {} s", DRAIN.as_secs()));
                    return Ok(());
                }
            }
        }
    }

    fn take(&mut self, event: ServerEvent) -> Result<(), String> {
        self.reply.on(&event, Instant::now());
        self.screen.show(&event);
        match event {
            ServerEvent::AudioOutput(audio) => self.sink.take(audio.pcm)?,
            ServerEvent::UserSpeechStart(_) => self.sink.interrupt(),
            ServerEvent::ContentEnd(end) if end.stop_reason == Some(StopReason::Interrupted) => {
                self.sink.interrupt();
            }
            ServerEvent::ContentEnd(end) if end.kind == Some(ContentKind::Audio) => {
                self.sink.flush()?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The exit code, and the last lines.
    fn judge(&mut self, spoken: Result<(), Error>) -> Exit {
        let outcome = self.receiver.outcome();
        let no_reply = format!(
            "no reply within {} s of the end of the input",
            NO_REPLY.as_secs()
        );
        let missing = (self.exit == Exit::Incomplete).then_some(no_reply.as_str());
        self.screen
            .outcome(outcome.as_ref(), missing, self.receiver.request_id());
        let of_session = match &outcome {
            Some(Outcome::Complete(_)) => match spoken {
                Ok(()) => Exit::Complete,
                Err(error) => {
                    say(&error.to_string());
                    Exit::Failed
                }
            },
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

/// The speaking side: the source until it is told to close, then the close.
async fn speak(
    mut sender: SonicSender,
    mut source: Source,
    state: watch::Sender<Uplink>,
    mut closing: watch::Receiver<bool>,
) -> Result<(), Error> {
    let talk = async {
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
            sender.audio(&pcm).await?;
        }
    };
    let ended: Result<(), Error> = tokio::select! {
        result = talk => result,
        _ = closing.wait_for(|closing| *closing) => Ok(()),
    };
    ended?;
    // Where it takes longer, dropping the sender resets the call.
    timeout(CLOSE, sender.close()).await.unwrap_or(Ok(()))
}

async fn reached(due: Option<Due>) {
    match due {
        Some(Due::Over(at) | Due::NoReply(at)) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
