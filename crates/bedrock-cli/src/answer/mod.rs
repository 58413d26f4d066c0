//! A model's answer while it streams: shown as it comes, judged at its end.

mod screen;

use std::future::Future;

use bedrock_stream::{Error, ReplyStream};
use bedrock_wire::Outcome;
use converse_stream::{MessageMapper, Reply};
use h2_duplex::ReceiveHalf;

use crate::exit::Exit;
use crate::signals::EndSignals;
use crate::terminal::Waiting;
use screen::Ending;
pub(crate) use screen::Screen;

/// Shows answers, and leaves them where somebody asks for the end.
pub(crate) struct Watcher {
    screen: Screen,
    signals: EndSignals,
}

/// How an answer ended.
pub(crate) struct Watched {
    pub(crate) exit: Exit,
    /// The answer, where it is whole.
    pub(crate) reply: Option<Reply>,
}

impl Watcher {
    /// Listens for the signals that ask for the end from here on.
    ///
    /// # Errors
    /// Where the system refuses that.
    pub(crate) fn new(screen: Screen) -> Result<Self, String> {
        let signals = EndSignals::listen()?;
        Ok(Self { screen, signals })
    }

    /// Waits until somebody asks for the end. Cancel safe.
    pub(crate) async fn end_asked(&mut self) {
        self.signals.asked().await;
    }

    /// Waits for the answer and shows it. Somebody who asks for the end keeps what has come of it.
    pub(crate) async fn watch<H, M>(
        &mut self,
        sent: impl Future<Output = Result<ReplyStream<H, M>, Error>>,
    ) -> Watched
    where
        H: ReceiveHalf,
        M: MessageMapper + Send + 'static,
    {
        let waiting = Waiting::on("waiting for the model");
        let sent = tokio::select! {
            sent = sent => sent,
            () = self.signals.asked() => {
                drop(waiting);
                self.screen.ended(&Ending::interrupted(&Reply::default(), None));
                return Watched { exit: Exit::Interrupted, reply: None };
            }
        };
        drop(waiting);
        let mut stream = match sent {
            Ok(stream) => stream,
            Err(error) => {
                self.screen
                    .ended(&Ending::failed(&error, &Reply::default()));
                return Watched {
                    exit: Exit::Failed,
                    reply: None,
                };
            }
        };
        loop {
            tokio::select! {
                event = stream.next() => match event {
                    Ok(Some(event)) => self.screen.show(&event),
                    // An error is told by the outcome.
                    _ => return self.judge(&stream),
                },
                () = self.signals.asked() => {
                    self.screen.ended(&Ending::interrupted(stream.reply(), stream.request_id()));
                    return Watched { exit: Exit::Interrupted, reply: None };
                }
            }
        }
    }

    fn judge<H, M>(&mut self, stream: &ReplyStream<H, M>) -> Watched
    where
        H: ReceiveHalf,
        M: MessageMapper + Send + 'static,
    {
        let (exit, ending, reply) = match stream.outcome() {
            Some(Outcome::Complete(reply)) => {
                (Exit::Complete, Ending::complete(&reply), Some(reply))
            }
            Some(Outcome::Failed { error, received }) => {
                (Exit::Failed, Ending::failed(&error, &received), None)
            }
            Some(Outcome::Incomplete { missing, received }) => {
                let ending = Ending::incomplete(missing.to_string(), &received);
                (Exit::Incomplete, ending, None)
            }
            None => (
                Exit::Incomplete,
                Ending::incomplete("the answer was left before its end".into(), stream.reply()),
                None,
            ),
        };
        self.screen.ended(&ending);
        Watched { exit, reply }
    }
}
