//! What every call is answered with.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};

use crate::Outcome;

/// How far stamped frames are apart.
pub(crate) const STAMPED_PACE: Duration = Duration::from_millis(2);

const FAR: Duration = Duration::from_millis(100);

/// Where a frame takes its stamp: nanoseconds since 1970.
const STAMP: &[u8] = b"0000000000000000000";

pub(crate) struct Script {
    pub(crate) prologue: Bytes,
    repeat: Bytes,
    pub(crate) epilogue: Bytes,
    pub(crate) count: usize,
    pub(crate) start: usize,
    pub(crate) echo: bool,
    pub(crate) stamped: bool,
    /// What a connection takes beyond the machine's time: that of two round trips over a long link.
    pub(crate) distance: Duration,
}

impl Script {
    /// Reads the files of a folder; `arguments` are those behind it.
    pub(crate) fn read(folder: &Path, arguments: &[String]) -> Outcome<Self> {
        let read = |name| std::fs::read(folder.join(name)).map(Bytes::from);
        let number = |at: usize| arguments.get(at).ok_or("a number is missing");
        let mode = arguments.get(2).map_or("", String::as_str);
        Ok(Self {
            prologue: read("prologue")?,
            repeat: read("repeat")?,
            epilogue: read("epilogue")?,
            count: number(0)?.parse()?,
            start: number(1)?.parse()?,
            echo: mode == "echo",
            stamped: mode == "stamped",
            distance: if mode == "far" { FAR } else { Duration::ZERO },
        })
    }

    /// The next of the frames in the middle.
    pub(crate) fn repeat(&self) -> Bytes {
        if self.stamped {
            stamp(&self.repeat)
        } else {
            self.repeat.clone()
        }
    }
}

/// The frame with the time in its place, and its checksum made right.
fn stamp(frame: &[u8]) -> Bytes {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let text = format!("{:019}", since.unwrap_or_default().as_nanos());
    let mut stamped = BytesMut::from(frame);
    let place = frame.windows(STAMP.len()).position(|part| part == STAMP);
    let room = place.and_then(|at| stamped.get_mut(at..at + STAMP.len()));
    if let Some(room) = room {
        room.copy_from_slice(text.as_bytes());
    }
    stamped.truncate(frame.len().saturating_sub(4));
    let sum = crc32fast::hash(&stamped);
    stamped.extend_from_slice(&sum.to_be_bytes());
    stamped.freeze()
}
