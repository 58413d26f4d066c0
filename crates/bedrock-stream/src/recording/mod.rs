//! Recordings of calls: what went up and down, and when, as lines of JSON (docs/recording.md).
//!
//! A [`Recorder`] around any [`Duplex`](h2_duplex::Duplex) writes one, a [`Transcript`] reads one, a [`Replay`] is a `Duplex`
//! that serves one again, and [`RecordedCall::send_again`] is its client again. Credentials and signatures never come into a file; speech and text do only where
//! [`Keep`] says so.
//!
//! ```
//! use bedrock_stream::recording::{Keep, Recording, Transcript};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = std::env::temp_dir().join(format!("recording-doc-{}.jsonl", std::process::id()));
//! # let _runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! let recording = Recording::create(&file, Keep::NOTHING)?;
//! let client = bedrock_stream::Client::builder()
//!     .region("us-east-1")
//!     .bearer_token("example")
//!     .record(recording) // every call of this client from now on
//!     .build()?;
//! drop(client); // the last handle closes the file
//! let transcript = Transcript::from_file(&file)?;
//! assert!(transcript.is_closed() && transcript.calls().is_empty());
//! # std::fs::remove_file(&file)?;
//! # Ok(())
//! # }
//! ```

mod call;
mod compare;
mod error;
mod headers;
mod keep;
mod line;
mod payload;
mod recorder;
mod replay;
mod resend;
mod rewrite;
mod scrub;
mod track;
mod transcript;
mod writer;

pub use call::CallRecord;
pub use compare::{Comparison, Deviation};
pub use error::ReadError;
pub use keep::Keep;
pub use line::{Direction, End};
pub use recorder::{RecordedReceive, RecordedSend, Recorder};
pub use replay::{Pace, Replay, ReplayReceive, ReplaySend};
pub use transcript::{Entry, RecordedCall, Transcript, What};
pub use writer::Recording;

/// The version of the format that is written, and the newest that is read.
pub const VERSION: u64 = 1;
