//! Connections kept for more calls.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Uri;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::connector::Connector;
use super::origin::Origin;
use crate::http2::{Connection, Receiver, Sender};
use crate::{Deadline, Deadlines, Duplex, Error, ErrorKind, Phase};

/// Opens calls to any origin on connections that it makes, spawns and keeps. Cheap to clone.
///
/// A connection carries as many calls at a time as
/// [`Settings::max_calls`](crate::Settings::max_calls) and the peer allow, and is kept for later
/// calls: until the peer closes it, the [idle timeout](crate::Settings::idle_timeout) passes, or
/// the last clone of the pool is dropped (then running calls still end in peace).
///
/// A call that the peer provably did not take because its connection had just gone away is opened
/// on another one. Needs a tokio runtime.
#[derive(Clone, Debug)]
pub struct Pool {
    shared: Arc<Shared>,
}

impl Pool {
    /// Without a limit to the number of connections.
    #[must_use]
    pub fn new(connector: Connector) -> Self {
        Self::with_limit(connector, usize::MAX)
    }

    /// With at most `connections` to an origin, at least 1. A call beyond what they can carry
    /// waits, as long as the [deadline for the connection](Deadlines::connect) lets it.
    #[must_use]
    pub fn with_limit(connector: Connector, connections: usize) -> Self {
        let max_calls = usize::try_from(connector.settings().max_calls).unwrap_or(usize::MAX);
        Self {
            shared: Arc::new(Shared {
                connector,
                max_calls,
                max_connections: connections.max(1),
                state: Mutex::default(),
                changed: Arc::default(),
                drivers: Arc::default(),
            }),
        }
    }

    /// Makes connections to the authority of `uri` until `idle` of them wait for calls, so that
    /// the next calls need not wait for TCP and TLS.
    ///
    /// # Errors
    ///
    /// A connection could not be made.
    ///
    /// # Cancel safety
    ///
    /// Connections made so far are kept.
    pub async fn warm(&self, uri: &Uri, idle: usize) -> Result<(), Error> {
        let origin = Origin::of(uri)?;
        loop {
            let slot = {
                let mut state = self.shared.lock();
                let limit = self.shared.max_connections;
                let group = state.group(&origin)?;
                let waiting = group
                    .connections
                    .iter()
                    .filter(|one| one.calls() == 0)
                    .count();
                if waiting >= idle || group.connections.len() + group.connecting >= limit {
                    return Ok(());
                }
                group.connecting += 1;
                Slot {
                    shared: &self.shared,
                    origin: &origin,
                }
            };
            slot.connect(uri, |_connection| Ok(())).await?;
        }
    }

    /// Takes no new calls, and waits until the running ones are over and every connection is
    /// closed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; new calls are refused from the first poll on.
    pub async fn shut_down(&self) {
        let groups = {
            let mut state = self.shared.lock();
            state.shut_down = true;
            std::mem::take(&mut state.groups)
        };
        drop(groups);
        self.shared.changed.notify_waiters();
        self.shared.drivers.all_ended().await;
    }
}

impl Duplex for Pool {
    type Send = Sender;
    type Receive = Receiver;

    /// The origin is that of the head's URI. A head with [`Deadlines`] among its extensions waits
    /// for a free connection as long as these say; connections are made by the connector's.
    async fn open(&mut self, mut head: http::Request<()>) -> Result<(Sender, Receiver), Error> {
        let origin = Origin::of(head.uri())?;
        let default: Deadlines = self.shared.connector.settings().deadlines;
        let deadlines = *head.extensions_mut().get_or_insert(default);
        let give_up = deadlines.connect.map(|limit| Instant::now() + limit);
        loop {
            // Registered before the look at the state: a change in between is not missed.
            let changed = self.shared.changed.notified();
            match self.shared.plan(&origin, &head)? {
                Plan::Opened(halves) => return Ok(halves),
                // Whoever made the connection opens the first call on it, before others see it.
                Plan::Connect(slot) => {
                    let first = |connection: &Connection| connection.open_now(head.clone());
                    return slot.connect(head.uri(), first).await;
                }
                Plan::Wait => match give_up {
                    None => changed.await,
                    Some(at) => timeout_at(at, changed)
                        .await
                        .map_err(|_elapsed| busy(deadlines.connect))?,
                },
            }
        }
    }
}

fn busy(limit: Option<Duration>) -> Error {
    Error::deadline(Deadline::Connect, Phase::Connect, limit.unwrap_or_default())
        .with_detail("all connections are busy")
}

#[derive(Debug)]
struct Shared {
    connector: Connector,
    max_calls: usize,
    max_connections: usize,
    state: Mutex<State>,
    /// A call is over, a connection came or went.
    changed: Arc<Notify>,
    drivers: Arc<Drivers>,
}

#[derive(Debug, Default)]
struct State {
    groups: HashMap<Origin, Group>,
    shut_down: bool,
}

/// The connections to one origin.
#[derive(Debug, Default)]
struct Group {
    connections: Vec<Connection>,
    connecting: usize,
}

enum Plan<'a> {
    Opened((Sender, Receiver)),
    Connect(Slot<'a>),
    Wait,
}

impl Shared {
    fn plan<'a>(&'a self, origin: &'a Origin, head: &http::Request<()>) -> Result<Plan<'a>, Error> {
        let mut state = self.lock();
        let group = state.group(origin)?;
        group
            .connections
            .retain(|connection| !connection.is_going_away());
        for connection in &group.connections {
            if connection.calls() >= self.max_calls {
                continue;
            }
            match connection.open_now(head.clone()) {
                Ok(halves) => return Ok(Plan::Opened(halves)),
                Err(error) if error.kind() == ErrorKind::InvalidRequest => return Err(error),
                // It is full, or has gone away this moment: not a byte of the call has left.
                Err(_) => {}
            }
        }
        // With many calls to a connection, those that come together wait for the one that is being
        // made.
        let expected = group.connecting > 0 && self.max_calls > 1;
        if expected || group.connections.len() + group.connecting >= self.max_connections {
            return Ok(Plan::Wait);
        }
        group.connecting += 1;
        Ok(Plan::Connect(Slot {
            shared: self,
            origin,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn group(&mut self, origin: &Origin) -> Result<&mut Group, Error> {
        if self.shut_down {
            return Err(Error::new(ErrorKind::ShutDown, Phase::Open));
        }
        Ok(self.groups.entry(origin.clone()).or_default())
    }
}

/// The right to make one connection; given back when it is made, fails or is dropped.
struct Slot<'a> {
    shared: &'a Shared,
    origin: &'a Origin,
}

impl Slot<'_> {
    /// Makes the connection, uses it, and only then shows it to others.
    async fn connect<R>(
        self,
        uri: &Uri,
        first: impl FnOnce(&Connection) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let (connection, driver) = self.shared.connector.connect(uri).await?;
        connection.notify(&self.shared.changed);
        let running = Drivers::start(&self.shared.drivers);
        let changed = Arc::clone(&self.shared.changed);
        tokio::spawn(async move {
            // The calls are told how it ended.
            drop(driver.await);
            drop(running);
            changed.notify_waiters();
        });
        let mut state = self.shared.lock();
        let group = state.group(self.origin)?;
        let used = first(&connection)?;
        group.connections.push(connection);
        Ok(used)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if let Some(group) = self.shared.lock().groups.get_mut(self.origin) {
            group.connecting -= 1;
        }
        self.shared.changed.notify_waiters();
    }
}

/// Counts the drivers that run.
#[derive(Debug, Default)]
struct Drivers {
    running: AtomicUsize,
    ended: Notify,
}

struct Running(Arc<Drivers>);

impl Drivers {
    fn start(drivers: &Arc<Self>) -> Running {
        drivers.running.fetch_add(1, Ordering::AcqRel);
        Running(Arc::clone(drivers))
    }

    async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            if self.running.load(Ordering::Acquire) == 0 {
                return;
            }
            ended.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
        self.0.ended.notify_waiters();
    }
}
