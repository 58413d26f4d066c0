//! Full-duplex HTTP/2 calls over TLS that never hang and never report a cut stream as finished.

mod duplex;
mod error;
mod error_code;
pub mod pipe;

pub use self::duplex::{Duplex, ReceiveHalf, SendHalf};
pub use self::error::{Deadline, Error, ErrorKind, Phase};
pub use self::error_code::ErrorCode;
pub use self::pipe::pipe;
