//! The HTTP/2 transport on h2.

mod alarm;
mod call;
mod coalesced;
mod connection;
mod driver;
mod fault;
mod inbox;
mod liveness;
mod monitor;
mod outgoing;
mod paced;
mod pump;
mod receive;
mod send;
mod settings;
mod state;
pub(crate) mod trace;
mod wire;

#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub(crate) use self::coalesced::BATCH;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub(crate) use self::connection::start;
pub use self::connection::{Connection, handshake};
pub use self::driver::Driver;
pub use self::liveness::KeepAlive;
pub use self::monitor::{ConnectionStats, Monitor, Stats};
pub use self::receive::Receiver;
pub use self::send::{Permit, Sender, TrySendError};
pub use self::settings::{Deadlines, Settings};
