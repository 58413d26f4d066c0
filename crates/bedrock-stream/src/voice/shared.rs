//! What handle, events, driver and legs of one conversation have in common.
//!
//! Every change goes through [`Shared::with`], which wakes whom it concerns; nobody waits while he holds the lock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bedrock_wire::Outcome;
use nova_sonic::{Action, Conversation, ConversationEvent, LegFault, Summary};
use nova_sonic::{Leg, SessionEvent, ToolResult, ToolUse, Tools, TurnId};
use tokio::sync::{Notify, watch};

use super::event::VoiceEvent;
use super::metrics::Meter;
use super::queue::{Queue, Queued};
use super::tool_call::ToolCall;
use super::trace;
use crate::error::{Error, ErrorKind};

/// Audio that waits, above which [`Voice::ready`](super::Voice::ready) waits too.
const BUSY_MS: u64 = 1_000;

/// One conversation.
pub(super) struct Shared {
    state: Mutex<State>,
    /// There is work for the driver.
    pub(super) work: Notify,
    /// What others wait for.
    pub(super) flags: watch::Sender<Flags>,
    pub(super) functions: Arc<Tools>,
    pub(super) model: String,
}

/// What others wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each changes on its own")]
pub(super) struct Flags {
    /// A call was opened.
    pub(super) opened: bool,
    /// Audio waits to be sent.
    pub(super) busy: bool,
    /// Speech waits to be taken by the application.
    pub(super) full: bool,
    /// The conversation is over.
    pub(super) over: bool,
}

/// All that the lock guards.
pub(super) struct State {
    pub(super) conversation: Conversation,
    pub(super) actions: VecDeque<Action>,
    /// Calls of registered functions that are to be run.
    pub(super) calls: Vec<(TurnId, ToolUse)>,
    pub(super) queue: Queue,
    pub(super) meter: Meter,
    /// Wakes the sender of each open leg.
    pub(super) senders: Vec<(Leg, Arc<Notify>)>,
    /// The last error of a leg, as the transport or the service told it.
    pub(super) last_error: Option<Error>,
    pub(super) request_id: Option<String>,
    /// The driver sleeps until then.
    pub(super) armed: Option<Instant>,
    opened: bool,
    /// The driver is gone.
    pub(super) abandoned: bool,
    told_over: bool,
    listener: Option<Waker>,
}

impl Shared {
    pub(super) fn new(conversation: Conversation, functions: Arc<Tools>, model: String) -> Self {
        Self {
            state: Mutex::new(State {
                conversation,
                actions: VecDeque::new(),
                calls: Vec::new(),
                queue: Queue::default(),
                meter: Meter::default(),
                senders: Vec::new(),
                last_error: None,
                request_id: None,
                armed: None,
                opened: false,
                abandoned: false,
                told_over: false,
                listener: None,
            }),
            work: Notify::new(),
            flags: watch::Sender::new(Flags::default()),
            functions,
            model,
        }
    }

    /// Changes the state, then wakes whom that concerns.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State, Instant) -> T) -> T {
        let now = now();
        let mut state = self.lock();
        let result = act(&mut state, now);
        state.settle(now, self);
        let listener = if state.queue.is_empty() && !state.told_over {
            None
        } else {
            state.listener.take()
        };
        if state.has_work() {
            self.work.notify_one();
        }
        self.tell_flags(&state);
        drop(state);
        if let Some(listener) = listener {
            listener.wake();
        }
        result
    }

    /// The next event for the application. Without one, the caller is woken when there is.
    pub(super) fn next_event(self: &Arc<Self>, cx: &Context<'_>) -> Option<VoiceEvent> {
        let now = now();
        let mut state = self.lock();
        let was_full = state.queue.is_full();
        let Some(Queued {
            event,
            silence_wanted,
        }) = state.queue.pop()
        else {
            if state.outcome().is_none() {
                state.listener = Some(cx.waker().clone());
            }
            return None;
        };
        if let Some(since) = silence_wanted {
            state.meter.silenced(since, now);
        }
        if was_full {
            self.tell_flags(&state);
        }
        drop(state);
        Some(match event {
            ConversationEvent::Session(SessionEvent::ToolCall { turn, call })
                if !self.is_function(&call) =>
            {
                VoiceEvent::ToolCall(ToolCall::new(turn, call, Arc::clone(self)))
            }
            ConversationEvent::Session(event) => VoiceEvent::Session(event),
            event => VoiceEvent::Conversation(event),
        })
    }

    /// Under the lock: flags of a later state must not be told before those of an earlier one.
    fn tell_flags(&self, state: &State) {
        let flags = state.flags();
        self.flags
            .send_if_modified(|before| std::mem::replace(before, flags) != flags);
    }

    /// Whether a registered function answers this call.
    pub(super) fn is_function(&self, call: &ToolUse) -> bool {
        self.functions
            .specs()
            .any(|spec| spec.name() == call.tool_name)
    }

    /// Waits until the flags are so.
    pub(super) async fn until(&self, wanted: impl FnMut(&Flags) -> bool) {
        // Fails only where the sender is gone, and it is in `self`.
        let _ = self.flags.subscribe().wait_for(wanted).await;
    }

    /// A panic elsewhere leaves the state whole: what is changed under the lock is changed by the machine in one step.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes what the machine has to say.
    fn settle(&mut self, now: Instant, shared: &Shared) {
        while let Some(event) = self.conversation.poll_event() {
            let silence_wanted = self.meter.note(&event, now);
            trace::event(&event, &self.meter.metrics, &shared.model);
            if let ConversationEvent::Session(SessionEvent::ToolCall { turn, call }) = &event {
                if shared.is_function(call) {
                    self.calls.push((*turn, call.clone()));
                } else if self.queue.is_closed() {
                    let nobody = ToolResult::error("there is nobody to answer");
                    let id = &call.tool_use_id;
                    // It was called just now, and once.
                    let _ = self.conversation.tool_result(now, id, &nobody);
                }
            }
            self.queue.push(Queued {
                event,
                silence_wanted,
            });
        }
        while let Some(action) = self.conversation.poll_action() {
            self.actions.push_back(action);
        }
        for (leg, sender) in &self.senders {
            if self.conversation.wants_to_send(*leg) {
                sender.notify_one();
            }
        }
        if !self.told_over && self.outcome().is_some() {
            self.told_over = true;
            trace::over(self.outcome().as_ref(), &self.meter.metrics, &shared.model);
        }
    }

    /// Whether the driver has something to do, or must wake earlier than it meant to.
    fn has_work(&self) -> bool {
        let sooner = match (self.conversation.next_deadline(), self.armed) {
            (Some(due), Some(armed)) => due < armed,
            (due, None) => due.is_some(),
            (None, Some(_)) => false,
        };
        sooner || !self.actions.is_empty() || !self.calls.is_empty() || self.told_over
    }

    fn flags(&self) -> Flags {
        Flags {
            opened: self.opened,
            busy: self.conversation.uplink_backlog_ms() > BUSY_MS,
            full: self.queue.is_full(),
            over: self.told_over,
        }
    }

    /// The call of a leg was opened.
    pub(super) fn leg_opened(&mut self, leg: Leg) -> Arc<Notify> {
        self.opened = true;
        let sender = Arc::new(Notify::new());
        self.senders.push((leg, Arc::clone(&sender)));
        sender
    }

    /// The leg is over; what it failed with is kept, for the machine knows only its words.
    pub(super) fn leg_failed(&mut self, error: Error) -> LegFault {
        // By its own table the machine would give up; by the service's date the next call is signed right.
        let service = error.service().filter(|_| !error.is_of_the_clock());
        let fault = match service {
            Some(service) => LegFault::from(service.clone()),
            None => LegFault::new(error.advice(), error.to_string()),
        };
        self.last_error = Some(error);
        fault
    }

    /// The driver is gone: where the conversation was not over, it is now.
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
        self.senders.clear();
    }

    /// How the conversation ended; `None` while it has not.
    pub(super) fn outcome(&self) -> Option<Outcome<Summary, Error>> {
        let Some(outcome) = self.conversation.outcome() else {
            let lost = || Outcome::Failed {
                error: Error::ended(),
                received: Summary::default(),
            };
            return self.abandoned.then(lost);
        };
        Some(match outcome.clone() {
            Outcome::Failed { error, received } => Outcome::Failed {
                error: self.explain(error.fault()),
                received,
            },
            other => other.map_err(|_| Error::ended()),
        })
    }

    /// The error behind a fault, with all that is known of it.
    fn explain(&self, fault: &LegFault) -> Error {
        let request_id = self.request_id.as_deref();
        match (fault.service_error(), &self.last_error) {
            (Some(service), _) => Error::from(service.clone()).with_request_id(request_id),
            (None, Some(error)) if error.to_string() == fault.to_string() => error.clone(),
            (None, _) => Error::new(ErrorKind::Lost(fault.to_string(), fault.advice()))
                .with_request_id(request_id),
        }
    }

    /// Figures of this moment.
    pub(super) fn metrics(&self) -> super::VoiceMetrics {
        let mut metrics = self.meter.metrics.clone();
        metrics.uplink_backlog = Duration::from_millis(self.conversation.uplink_backlog_ms());
        metrics.downlink_backlog = self.queue.audio_bytes();
        metrics.stale_samples = self.conversation.session().stale_samples();
        metrics.usage = self.conversation.usage();
        metrics
    }
}

/// The machine's time, which tests can pause and turn.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
