//! The HTTP/2 transport on h2.

mod call;
mod connection;
mod driver;
mod fault;
mod inbox;
mod outgoing;
mod paced;
mod receive;
mod send;
mod settings;

pub use self::connection::{Connection, handshake};
pub use self::driver::Driver;
pub use self::receive::Receiver;
pub use self::send::Sender;
pub use self::settings::{Deadlines, Settings};
