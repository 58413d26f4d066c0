//! From an address to a connection: TCP, TLS, ALPN.

mod connector;
mod tls;

pub use self::connector::{Connector, Io};
pub use self::tls::{Tls, TlsBuilder};
