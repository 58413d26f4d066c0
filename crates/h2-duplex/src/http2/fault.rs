//! What h2's errors mean.

use crate::{Error, ErrorCode, ErrorKind, Phase};

/// How much of a peer's GOAWAY debug data an error quotes, in characters.
const QUOTE: usize = 200;

/// A call failed. `answered`: its response head had come.
pub(super) fn of_call(error: &h2::Error, answered: bool) -> Error {
    let code = code(error);
    if error.is_reset() && error.is_remote() {
        let refused = code == ErrorCode::REFUSED_STREAM && !answered;
        return Error::new(ErrorKind::Reset(code), Phase::Receive).with_processed(!refused);
    }
    if error.is_go_away() && error.is_remote() {
        // h2 fails exactly the streams above the GOAWAY's last one in this way.
        return describe(ErrorKind::GoAway(code), Phase::Receive, error).with_processed(answered);
    }
    of_connection(error)
}

/// No call can be opened any more.
pub(super) fn of_open(error: &h2::Error) -> Error {
    let open = if error.is_go_away() && error.is_remote() {
        describe(ErrorKind::GoAway(code(error)), Phase::Open, error)
    } else {
        of_connection(error)
    };
    open.with_processed(false)
}

/// This request cannot be opened.
pub(super) fn of_request(error: h2::Error) -> Error {
    if error.is_io() || error.is_go_away() || error.is_reset() {
        return of_open(&error);
    }
    Error::new(ErrorKind::InvalidRequest, Phase::Open).with_source(error)
}

/// The connection failed.
pub(super) fn of_connection(error: &h2::Error) -> Error {
    if let Some(io) = error.get_io() {
        return Error::new(ErrorKind::ConnectionLost, Phase::Receive)
            .with_source(std::io::Error::new(io.kind(), io.to_string()));
    }
    let kind = if error.is_go_away() && error.is_remote() {
        ErrorKind::GoAway(code(error))
    } else {
        ErrorKind::Protocol(code(error))
    };
    describe(kind, Phase::Receive, error)
}

fn describe(kind: ErrorKind, phase: Phase, error: &h2::Error) -> Error {
    Error::new(kind, phase).with_detail(error.to_string().chars().take(QUOTE).collect::<String>())
}

fn code(error: &h2::Error) -> ErrorCode {
    ErrorCode(
        error
            .reason()
            .map_or(ErrorCode::INTERNAL_ERROR.0, u32::from),
    )
}
