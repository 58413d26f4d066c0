//! Recordings as input: the frames that went one way.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use bedrock_stream::recording::{Direction, RecordedCall, Transcript, What};
use clap::ValueEnum;

use super::{is_stdin, open};

/// Which frames of a recording are shown.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Recordings")]
pub(super) struct RecordedArgs {
    /// Of a recording: the frames from the client (up) or from the service (down; this unless set)
    #[arg(long, value_enum, value_name = "WAY")]
    direction: Option<Way>,

    /// Of a recording: the frames of this call only, counted from 1
    #[arg(long, value_name = "NUMBER")]
    call: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    Up,
    Down,
}

impl RecordedArgs {
    /// The bytes of a file: its own, or the frames that it has recorded.
    ///
    /// # Errors
    /// Where it cannot be read, or has recorded no such frames.
    pub(super) fn open(&self, file: &Path) -> Result<Box<dyn Read>, String> {
        let wants_recording = self.direction.is_some() || self.call.is_some();
        if is_stdin(file) || !(is_recording(file) || wants_recording) {
            return open(file);
        }
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
        let transcript = Transcript::from_file(file).map_err(|error| failed(&error))?;
        if !transcript.is_closed() {
            eprintln!("bedrock: {}: the recording was cut", file.display());
        }
        let direction = match self.direction {
            Some(Way::Up) => Direction::Up,
            _ => Direction::Down,
        };
        let wanted = |call: &&RecordedCall| self.call.is_none_or(|only| only == call.number());
        let bytes: Vec<u8> = transcript
            .calls()
            .iter()
            .filter(wanted)
            .flat_map(|call| frames(call, direction))
            .collect();
        if bytes.is_empty() {
            let way = direction.as_str();
            return Err(failed(&format!("no frames went {way}; see --direction")));
        }
        Ok(Box::new(Cursor::new(bytes)))
    }
}

/// The frames that went one way, and behind them what should have been frames; nothing where a call carried none.
fn frames(call: &RecordedCall, direction: Direction) -> Vec<u8> {
    let of_direction = call.entries().iter().filter(|e| e.direction == direction);
    let carries_frames = of_direction
        .clone()
        .any(|entry| matches!(entry.what, What::Frame(_)));
    if carries_frames {
        call.bytes(direction).to_vec()
    } else {
        Vec::new()
    }
}

fn is_recording(file: &Path) -> bool {
    let mut beginning = [0; 16];
    let read = File::open(file).and_then(|mut file| file.read(&mut beginning));
    read.is_ok() && Transcript::is_recording(&beginning)
}
