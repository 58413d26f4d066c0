//! What carries a conversation out: opens and drops connections, runs functions, keeps the time.

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use nova_sonic::{Action, Conversation, ConversationConfig};
use nova_sonic::{Leg, Tools};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::dial::Dial;
use super::events::VoiceEvents;
use super::handle::Voice;
use super::leg;
use super::shared::{Shared, now};
use super::tool_call::ToolCall;
use crate::client::Client;
use crate::error::Error;
use crate::random::random;

/// Drives one conversation, and is over when it is. Dropped before, it resets what is open.
///
/// It spawns a task for each connection and for each call of a function, and ends them all with itself.
#[must_use = "nothing happens unless it is polled"]
pub struct VoiceDriver {
    drive: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Tells the others where the driver is dropped before the end.
    shared: Arc<Shared>,
}

pub(super) fn begin(
    client: Client,
    model: String,
    dial: Dial,
    functions: Arc<Tools>,
    config: ConversationConfig,
) -> Result<(Voice, VoiceEvents, VoiceDriver), Error> {
    let conversation = Conversation::new(config, random()?, now())?;
    let shared = Arc::new(Shared::new(conversation, functions, model));
    let driver = VoiceDriver {
        drive: Box::pin(drive(Arc::clone(&shared), client, dial)),
        shared: Arc::clone(&shared),
    };
    Ok((
        Voice::new(Arc::clone(&shared)),
        VoiceEvents::new(shared),
        driver,
    ))
}

impl Future for VoiceDriver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.drive.as_mut().poll(cx)
    }
}

impl Drop for VoiceDriver {
    fn drop(&mut self) {
        self.shared.with(|state, _| state.abandon());
    }
}

impl fmt::Debug for VoiceDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceDriver").finish_non_exhaustive()
    }
}

async fn drive(shared: Arc<Shared>, client: Client, dial: Dial) {
    let (mut legs, mut functions) = (JoinSet::new(), JoinSet::new());
    let mut open: Vec<(Leg, AbortHandle)> = Vec::new();
    shared.with(|_, _| ());
    loop {
        let (actions, calls, deadline) = shared.with(|state, _| {
            state.armed = state.conversation.next_deadline();
            let actions = std::mem::take(&mut state.actions);
            (actions, std::mem::take(&mut state.calls), state.armed)
        });
        for action in actions {
            match action {
                Action::Open(leg) => {
                    let run = leg::run(leg, Arc::clone(&shared), client.clone(), dial.clone());
                    open.push((leg, legs.spawn(run)));
                }
                Action::Abandon(leg) => {
                    shared.lock().senders.retain(|(known, _)| *known != leg);
                    open.retain(|(known, task)| {
                        if *known == leg {
                            task.abort();
                        }
                        *known != leg
                    });
                }
            }
        }
        for (turn, call) in calls {
            functions.spawn(run_function(ToolCall::new(turn, call, Arc::clone(&shared))));
        }
        if shared.flags.borrow().over {
            return;
        }
        let due = deadline.map_or_else(Instant::now, Instant::from_std);
        tokio::select! {
            () = shared.work.notified() => {}
            () = sleep_until(due), if deadline.is_some() => {
                shared.with(|state, now| state.conversation.handle_timeout(now));
            }
            Some(ended) = legs.join_next() => if let Err(error) = ended {
                // A leg that panicked is a fault of ours: it is not to be taken for a lost connection.
                if let Ok(panic) = error.try_into_panic() {
                    resume_unwind(panic);
                }
            },
            // A function that panicked has dropped its call, and that has answered it.
            Some(_) = functions.join_next() => {}
        }
    }
}

/// Runs a registered function, and answers with what it gives.
async fn run_function(call: ToolCall) {
    let result = call.function().await;
    // Where it took too long the model has been told so.
    let _ = call.respond(result);
}
