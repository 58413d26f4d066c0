//! From an address to a connection: TCP, proxies, TLS, ALPN; and connections kept for more calls.

mod ahead;
mod connector;
mod dial;
mod io;
mod origin;
mod pool;
#[cfg(feature = "proxy")]
mod proxy;
#[cfg(feature = "tower")]
mod service;
mod tls;

pub use self::connector::Connector;
pub use self::io::Io;
pub use self::pool::Pool;
#[cfg(feature = "proxy")]
pub use self::proxy::Proxy;
pub use self::tls::{Tls, TlsBuilder};
