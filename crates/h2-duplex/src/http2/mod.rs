//! The HTTP/2 transport on h2.

mod alarm;
mod call;
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

pub use self::connection::{Connection, handshake};
pub use self::driver::Driver;
pub use self::liveness::KeepAlive;
pub use self::monitor::{Monitor, Stats};
pub use self::receive::Receiver;
pub use self::send::{Permit, Sender, TrySendError};
pub use self::settings::{Deadlines, Settings};
