//! One connection of a model, from its start to its stop.

use std::collections::VecDeque;
use std::sync::{Mutex as SyncMutex, PoisonError};

use nova_sonic::strands::{BidiEvent, Translator};
use nova_sonic::{Leg, Session, SessionOptions};
use tokio::sync::{Mutex, watch};

use crate::error::Error;
use crate::sonic::{SonicReceiver, SonicSender};
use crate::strands::error::BidiError;
use crate::strands::input::Start;

/// Both halves, each behind a lock of its own: one task may send while another receives.
pub(super) struct Connection {
    pub(super) sending: Mutex<SonicSender>,
    pub(super) receiving: Mutex<Receiving>,
    /// What was said, for the next connection.
    pub(super) session: SyncMutex<Session>,
    /// What it was started with.
    start: Start,
    /// Nobody has the turn.
    idle: watch::Sender<bool>,
    /// The connection is being stopped; wakes whoever receives.
    pub(super) stopping: watch::Sender<bool>,
}

/// The receiving half, with what is made of its events.
pub(super) struct Receiving {
    receiver: SonicReceiver,
    translator: Translator,
    events: VecDeque<BidiEvent>,
}

impl Connection {
    pub(super) fn new(
        sender: SonicSender,
        receiver: SonicReceiver,
        translator: Translator,
        opening: BidiEvent,
        start: Start,
    ) -> Self {
        Self {
            sending: Mutex::new(sender),
            receiving: Mutex::new(Receiving {
                receiver,
                translator,
                events: VecDeque::from([opening]),
            }),
            session: SyncMutex::new(Session::new(SessionOptions::default())),
            start,
            idle: watch::Sender::new(true),
            stopping: watch::Sender::new(false),
        }
    }

    /// The next event; `None` when the connection is over, or being stopped.
    pub(super) async fn receive(&self) -> Result<Option<BidiEvent>, BidiError> {
        let mut stopping = self.stopping.subscribe();
        let next = async {
            let mut receiving = self.receiving.lock().await;
            loop {
                if let Some(event) = receiving.events.pop_front() {
                    return Ok(Some(event));
                }
                match receiving.receiver.next().await {
                    Ok(Some(event)) => self.take(&mut receiving, event),
                    Ok(None) => return Ok(None),
                    Err(error) => return Err(self.explain(error)),
                }
            }
        };
        tokio::select! {
            next = next => next,
            _ = stopping.wait_for(|stopping| *stopping) => Ok(None),
        }
    }

    /// Reads what is left, until the service ends the call.
    pub(super) async fn drain(&self) -> Result<(), Error> {
        let mut receiving = self.receiving.lock().await;
        while receiving.receiver.next().await?.is_some() {}
        Ok(())
    }

    /// Waits until nobody has the turn, and takes it.
    pub(super) async fn claim_turn(&self) {
        let mut idle = self.idle.subscribe();
        // Fails only where the sender is gone, and it is in `self`.
        let _ = idle.wait_for(|idle| *idle).await;
        self.idle.send_replace(false);
    }

    /// What the next connection needs to go on where this one ended.
    pub(super) fn restart(&self) -> Start {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let mut start = self.start.clone();
        start.messages.extend(session.said());
        start
    }

    fn take(&self, receiving: &mut Receiving, event: nova_sonic::ServerEvent) {
        let (translator, events) = (&mut receiving.translator, &mut receiving.events);
        let (mut barge_in, mut idle) = (false, None);
        translator.translate(&event, &mut |event| {
            match event {
                BidiEvent::ResponseStart { .. } => idle = Some(false),
                BidiEvent::BargeIn {} => {
                    barge_in = true;
                    idle = Some(false);
                }
                // After a barge-in the user has the turn until the model answers.
                BidiEvent::ResponseStop { .. } => idle = Some(!barge_in),
                _ => {}
            }
            events.push_back(event);
        });
        if let Some(idle) = idle {
            self.idle.send_replace(idle);
        }
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.observe(Leg::FIRST, event, &mut drop);
    }

    fn explain(&self, error: Error) -> BidiError {
        if BidiError::is_timeout(&error) {
            let restart = Box::new(self.restart());
            return BidiError::Timeout { error, restart };
        }
        BidiError::Failed(error)
    }
}
