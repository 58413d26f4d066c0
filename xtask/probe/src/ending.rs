//! How a call ended, in the few words of a table's cell.

use h2_duplex::{Error, ErrorKind};

/// The cell for an end of the transport.
pub(crate) fn name(end: &Result<(), Error>) -> String {
    match end {
        Ok(()) => "END_STREAM".to_owned(),
        Err(error) => match error.kind() {
            ErrorKind::Reset(code) => format!("RST_STREAM({code})"),
            ErrorKind::GoAway(code) => format!("GOAWAY({code})"),
            ErrorKind::ConnectionLost => "connection lost".to_owned(),
            // How far the answer had come is a matter of timing.
            ErrorKind::Deadline(_) => "deadline passed".to_owned(),
            kind => kind.to_string(),
        },
    }
}
