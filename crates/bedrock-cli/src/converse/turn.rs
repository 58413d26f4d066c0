//! One turn: the request goes out, the answer is shown as it comes.

use bedrock_stream::{Client, ConverseStream};
use bedrock_wire::Outcome;
use converse_stream::{ConverseRequest, Reply};

use super::screen::{Ending, Screen};
use crate::exit::Exit;
use crate::signals::EndSignals;

/// Takes turns with a model.
pub(super) struct Turn {
    client: Client,
    model: String,
    screen: Screen,
    signals: EndSignals,
}

/// How a turn ended.
pub(super) struct Taken {
    pub(super) exit: Exit,
    /// The answer, where it is whole.
    pub(super) reply: Option<Reply>,
}

impl Turn {
    /// Listens for the signals that ask for the end from here on.
    ///
    /// # Errors
    /// Where the system refuses that.
    pub(super) fn new(client: Client, model: String, screen: Screen) -> Result<Self, String> {
        Ok(Self {
            client,
            model,
            screen,
            signals: EndSignals::listen()?,
        })
    }

    /// Waits until somebody asks for the end. Cancel safe.
    pub(super) async fn end_asked(&mut self) {
        self.signals.asked().await;
    }

    /// Asks and shows the answer. Somebody who asks for the end keeps what has come of it.
    pub(super) async fn take(&mut self, request: &ConverseRequest) -> Taken {
        let call = self.client.converse(self.model.as_str(), request);
        let sent = tokio::select! {
            sent = call.send() => sent,
            () = self.signals.asked() => {
                self.screen.ended(&Ending::interrupted(&Reply::default(), None));
                return Taken { exit: Exit::Interrupted, reply: None };
            }
        };
        let mut stream = match sent {
            Ok(stream) => stream,
            Err(error) => {
                self.screen
                    .ended(&Ending::failed(&error, &Reply::default()));
                return Taken {
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
                    return Taken { exit: Exit::Interrupted, reply: None };
                }
            }
        }
    }

    fn judge(&mut self, stream: &ConverseStream) -> Taken {
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
        Taken { exit, reply }
    }
}
