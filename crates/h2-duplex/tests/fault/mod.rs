//! The fault menu: what a peer may do to a call.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part"
)]

use std::time::Duration;

use h2_duplex::ErrorCode;
use tokio::time::sleep;

use crate::peer::{self, DATA, HEADERS, Peer};

/// What the peer does after it has read the request head (stream 1).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    ResetBeforeHead(ErrorCode),
    ResetMidway(ErrorCode),
    CloseBeforeHead,
    CloseMidway,
    CloseWithinFrame,
    GoAwayBelowBeforeHead,
    GoAwayBelowMidway,
    GoAwayAtThenEnd,
    GoAwayAtThenClose,
    GoAwayAtThenSilence,
    EndWhileUploading,
    EndThenReset(ErrorCode),
    EndAndCloseAtOnce,
    RefusalWithBody(u16),
    RefusalWithoutBody(u16),
    NoHead,
    NoHeadNoWindow,
    NoFirstByte,
    NoMoreBytes,
    EndlessTrickle,
    LongGaps,
    BlackHole,
    SpeaksHttp1,
    DataForUnknownStream,
    ShorterThanContentLength,
    EmptyFrames,
    Trailers,
}

const CODES: [ErrorCode; 6] = [
    ErrorCode::NO_ERROR,
    ErrorCode::CANCEL,
    ErrorCode::INTERNAL_ERROR,
    ErrorCode::PROTOCOL_ERROR,
    ErrorCode::REFUSED_STREAM,
    ErrorCode::ENHANCE_YOUR_CALM,
];

impl Fault {
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![
            Self::CloseBeforeHead,
            Self::CloseMidway,
            Self::CloseWithinFrame,
            Self::GoAwayBelowBeforeHead,
            Self::GoAwayBelowMidway,
            Self::GoAwayAtThenEnd,
            Self::GoAwayAtThenClose,
            Self::GoAwayAtThenSilence,
            Self::EndWhileUploading,
            Self::EndAndCloseAtOnce,
            Self::RefusalWithBody(400),
            Self::RefusalWithBody(403),
            Self::RefusalWithBody(429),
            Self::RefusalWithBody(500),
            Self::RefusalWithoutBody(503),
            Self::NoHead,
            Self::NoHeadNoWindow,
            Self::NoFirstByte,
            Self::NoMoreBytes,
            Self::EndlessTrickle,
            Self::LongGaps,
            Self::BlackHole,
            Self::SpeaksHttp1,
            Self::DataForUnknownStream,
            Self::ShorterThanContentLength,
            Self::EmptyFrames,
            Self::Trailers,
        ];
        all.extend(CODES.map(Self::ResetBeforeHead));
        all.extend(CODES.map(Self::ResetMidway));
        all.extend([ErrorCode::NO_ERROR, ErrorCode::CANCEL].map(Self::EndThenReset));
        all
    }

    /// Plays the fault; `None` when the peer has closed.
    #[expect(clippy::too_many_lines, reason = "one script a line or two")]
    pub(crate) async fn play(self, mut peer: Peer) -> Option<Peer> {
        let begin = async |peer: &mut Peer| {
            peer.head(1, 200, false).await;
            peer.data(1, b"half", false).await;
        };
        match self {
            Self::ResetBeforeHead(code) => peer.reset(1, code.0).await,
            Self::ResetMidway(code) => {
                begin(&mut peer).await;
                peer.reset(1, code.0).await;
            }
            Self::CloseBeforeHead => return None,
            Self::CloseMidway => {
                begin(&mut peer).await;
                return None;
            }
            Self::CloseWithinFrame => {
                begin(&mut peer).await;
                peer.raw(&[0, 0, 9, DATA, 0, 0, 0, 0, 1, b'c', b'u', b't'])
                    .await;
                return None;
            }
            Self::GoAwayBelowBeforeHead => peer.go_away(0, 0).await,
            Self::GoAwayBelowMidway => {
                begin(&mut peer).await;
                peer.go_away(0, 0).await;
            }
            Self::GoAwayAtThenEnd => {
                begin(&mut peer).await;
                peer.go_away(1, 0).await;
                sleep(Duration::from_secs(20)).await;
                peer.data(1, b"more", true).await;
            }
            Self::GoAwayAtThenClose => {
                begin(&mut peer).await;
                peer.go_away(1, ErrorCode::INTERNAL_ERROR.0).await;
                return None;
            }
            Self::GoAwayAtThenSilence => {
                begin(&mut peer).await;
                peer.go_away(1, 0).await;
            }
            Self::EndWhileUploading => {
                begin(&mut peer).await;
                peer.data(1, b"", true).await;
            }
            Self::EndThenReset(code) => {
                begin(&mut peer).await;
                peer.data(1, b"", true).await;
                peer.reset(1, code.0).await;
            }
            Self::EndAndCloseAtOnce => {
                begin(&mut peer).await;
                peer.data(1, b"", true).await;
                return None;
            }
            Self::RefusalWithBody(status) => {
                peer.head(1, status, false).await;
                for part in ["no, ", "not ", "you"] {
                    sleep(Duration::from_secs(1)).await;
                    peer.data(1, part.as_bytes(), part == "you").await;
                }
            }
            Self::RefusalWithoutBody(status) => peer.head(1, status, true).await,
            Self::NoHead | Self::NoHeadNoWindow | Self::BlackHole => {
                peer.answers_ping = !matches!(self, Self::BlackHole);
            }
            Self::NoFirstByte => peer.head(1, 200, false).await,
            Self::NoMoreBytes => begin(&mut peer).await,
            Self::EndlessTrickle => {
                begin(&mut peer).await;
                for _ in 0..200 {
                    sleep(Duration::from_secs(1)).await;
                    peer.data(1, b".", false).await;
                }
            }
            Self::LongGaps => {
                begin(&mut peer).await;
                for gap in [31, 61, 126] {
                    sleep(Duration::from_secs(gap)).await;
                    peer.data(1, b".", gap == 126).await;
                }
            }
            Self::SpeaksHttp1 => peer.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
            Self::DataForUnknownStream => peer.data(5, b"what", false).await,
            Self::ShorterThanContentLength => {
                // HPACK: `:status: 200`, then the name of static entry 28 (`content-length`) with
                // "10".
                let block = [0x88, 0x0f, 0x0d, 2, b'1', b'0'];
                peer.write(HEADERS, peer::END_HEADERS, 1, &block).await;
                peer.data(1, b"half", true).await;
            }
            Self::EmptyFrames => {
                begin(&mut peer).await;
                for _ in 0..101 {
                    peer.data(1, b"", false).await;
                }
            }
            Self::Trailers => {
                begin(&mut peer).await;
                let block = [0x00, 1, b'x', 1, b'y'];
                peer.write(HEADERS, peer::END_HEADERS | peer::END_STREAM, 1, &block)
                    .await;
            }
        }
        Some(peer)
    }
}
