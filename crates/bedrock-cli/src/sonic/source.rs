//! Where the user's voice comes from: a WAV file, raw PCM16 on stdin or a microphone, then silence until the end.

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::live::Microphone;
use super::screen::say;

/// Milliseconds of audio in one chunk, as the service's guide advises.
const CHUNK_MILLIS: u32 = 32;
/// Silence that may go unpaced under `--fast`: enough for the service to see that the speaker has stopped.
const FAST_SILENCE: Duration = Duration::from_secs(4);

/// A voice, chunk by chunk at the pace that was asked for.
pub(crate) struct Source {
    kind: Kind,
    chunk_bytes: usize,
    pace: Pace,
    ended: bool,
}

enum Kind {
    File { pcm: Bytes },
    Stdin { chunks: mpsc::Receiver<Bytes> },
    Microphone(Box<Microphone>),
}

/// When the next chunk is due.
enum Pace {
    RealTime { due: Instant },
    Fast { silence_left: Duration },
}

/// What to send next.
pub(crate) enum Chunk {
    /// Audio of the user.
    Voice(Bytes),
    /// The input is over and this is silence, so that the service hears the speaker stop.
    Silence(Bytes),
}

impl Source {
    /// Plays `pcm` in real time, or as fast as it is taken.
    pub(crate) fn file(pcm: Vec<u8>, rate: u32, fast: bool) -> Self {
        let pace = if fast {
            Pace::Fast {
                silence_left: FAST_SILENCE,
            }
        } else {
            Pace::RealTime {
                due: Instant::now(),
            }
        };
        Self {
            kind: Kind::File { pcm: pcm.into() },
            chunk_bytes: chunk_bytes(rate),
            pace,
            ended: false,
        }
    }

    /// Raw PCM16 from stdin, as it comes.
    pub(crate) fn stdin(rate: u32) -> Self {
        let (sender, chunks) = mpsc::channel(32);
        let len = chunk_bytes(rate);
        // A thread of its own: a read of stdin cannot be cancelled, and must not hold up the end of the program.
        std::thread::spawn(move || {
            let mut stdin = std::io::stdin().lock();
            let mut chunk = vec![0; len];
            while let Ok(()) = fill(&mut stdin, &mut chunk) {
                if chunk.is_empty()
                    || sender
                        .blocking_send(Bytes::copy_from_slice(&chunk))
                        .is_err()
                {
                    break;
                }
                if chunk.len() < len {
                    break;
                }
            }
        });
        let pace = Pace::RealTime {
            due: Instant::now(),
        };
        Self {
            kind: Kind::Stdin { chunks },
            chunk_bytes: len,
            pace,
            ended: false,
        }
    }

    /// A microphone, until it is gone.
    pub(crate) fn microphone(microphone: Microphone) -> Self {
        Self {
            kind: Kind::Microphone(Box::new(microphone)),
            chunk_bytes: chunk_bytes(16_000),
            pace: Pace::RealTime {
                due: Instant::now(),
            },
            ended: false,
        }
    }

    /// From now on the pace counts.
    pub(crate) fn begin(&mut self) {
        if let Pace::RealTime { due } = &mut self.pace {
            *due = Instant::now();
        }
    }

    /// Waits until the next chunk is due and gives it. Never ends: after the input comes silence.
    pub(crate) async fn next(&mut self) -> Chunk {
        if !self.ended {
            if let Some(voice) = self.voice().await {
                return Chunk::Voice(voice);
            }
            self.ended = true;
            if let Pace::RealTime { due } = &mut self.pace {
                *due = (*due).max(Instant::now());
            }
        }
        self.wait(true).await;
        Chunk::Silence(Bytes::from(vec![0; self.chunk_bytes]))
    }

    async fn voice(&mut self) -> Option<Bytes> {
        let len = self.chunk_bytes;
        let chunk = match &mut self.kind {
            Kind::Stdin { chunks } => return chunks.recv().await,
            Kind::Microphone(microphone) => {
                let next = microphone.next().await;
                return next
                    .inspect_err(|why| say(&format!("the microphone: {why}")))
                    .ok();
            }
            Kind::File { pcm } if pcm.is_empty() => return None,
            Kind::File { pcm } => pcm.split_to(len.min(pcm.len())),
        };
        self.wait(false).await;
        Some(chunk)
    }

    async fn wait(&mut self, silence: bool) {
        let step = Duration::from_millis(u64::from(CHUNK_MILLIS));
        match &mut self.pace {
            Pace::RealTime { due } => {
                sleep_until(*due).await;
                *due += step;
            }
            Pace::Fast { silence_left } if silence => {
                *silence_left = silence_left.saturating_sub(step);
                if silence_left.is_zero() {
                    self.pace = Pace::RealTime {
                        due: Instant::now() + step,
                    };
                }
            }
            Pace::Fast { .. } => {}
        }
    }
}

/// Bytes of PCM16 in one chunk.
fn chunk_bytes(rate: u32) -> usize {
    (rate * CHUNK_MILLIS / 1000 * 2) as usize
}

/// Reads until `chunk` is full or the input ends; then `chunk` is cut to what came, in whole samples.
fn fill(input: &mut impl std::io::Read, chunk: &mut Vec<u8>) -> std::io::Result<()> {
    let len = chunk.len() as u64;
    chunk.clear();
    input.by_ref().take(len).read_to_end(chunk)?;
    chunk.truncate(chunk.len() & !1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn bytes_of(source: &mut Source, chunks: usize) -> (usize, usize) {
        let (mut voice, mut silence) = (0, 0);
        for _ in 0..chunks {
            match source.next().await {
                Chunk::Voice(pcm) => voice += pcm.len(),
                Chunk::Silence(pcm) => silence += pcm.len(),
            }
        }
        (voice, silence)
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_is_played_in_real_time_and_then_silence() {
        let started = Instant::now();
        let mut source = Source::file(vec![1; 16_000 * 2], 16_000, false);
        assert_eq!(bytes_of(&mut source, 32).await, (32_000, 0));
        assert_eq!(started.elapsed(), Duration::from_millis(31 * 32));
        assert_eq!(bytes_of(&mut source, 10).await, (0, 10_240));
        assert_eq!(started.elapsed(), Duration::from_millis(41 * 32));
    }

    #[tokio::test(start_paused = true)]
    async fn fast_takes_no_time_for_the_voice_and_little_for_silence() {
        let started = Instant::now();
        let mut source = Source::file(vec![1; 64_000], 16_000, true);
        assert_eq!(bytes_of(&mut source, 63).await, (64_000, 0));
        assert_eq!(bytes_of(&mut source, 125).await.1, 125 * 1024);
        assert_eq!(started.elapsed(), Duration::ZERO);
        bytes_of(&mut source, 10).await;
        assert_eq!(started.elapsed(), Duration::from_millis(320));
    }
}
