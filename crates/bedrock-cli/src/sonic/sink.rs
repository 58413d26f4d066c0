//! Where the model's voice goes: a WAV file, raw PCM16 on stdout, a loudspeaker, or nowhere.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use nova_sonic::TurnId;
use tokio::time::{Instant, sleep_until};

use super::live::Loudspeaker;
use super::wav::WavFile;

/// How far ahead of real time stdout is fed: what a player has in hand cannot be taken back on a barge-in.
const LEAD: Duration = Duration::from_millis(200);

/// Takes the model's voice.
pub(crate) enum Sink {
    /// Nobody listens.
    Nowhere,
    /// All that was said, as it came.
    Wav(WavFile),
    /// A player on the other end of a pipe, fed at the pace of speech.
    Stdout(Playback),
    /// The user's ears.
    Loudspeaker(Box<Loudspeaker>),
}

impl Sink {
    /// A WAV file at `path`, or stdout for `-`.
    pub(crate) fn open(path: Option<&Path>, rate: u32) -> Result<Self, String> {
        Ok(match path {
            None => Self::Nowhere,
            Some(path) if path.as_os_str() == "-" => Self::Stdout(Playback::new(rate)),
            Some(path) => Self::Wav(WavFile::create(path, rate)?),
        })
    }

    /// Takes little-endian PCM16 of an answer.
    pub(crate) fn take(&mut self, turn: TurnId, pcm: Bytes) -> Result<(), String> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Wav(file) => file.write(&pcm),
            Self::Stdout(playback) => {
                playback.push(turn, pcm);
                Ok(())
            }
            Self::Loudspeaker(loudspeaker) => {
                loudspeaker.take(turn, &pcm);
                Ok(())
            }
        }
    }

    /// All speech of an answer was taken.
    pub(crate) fn turn_ended(&mut self, turn: TurnId) -> Result<(), String> {
        if let Self::Loudspeaker(loudspeaker) = self {
            loudspeaker.turn_ended(turn);
        }
        self.flush()
    }

    /// The user spoke over the model: what has not been played is dropped.
    pub(crate) fn interrupt(&mut self) {
        match self {
            Self::Stdout(playback) => playback.queue.clear(),
            Self::Loudspeaker(loudspeaker) => loudspeaker.interrupt(),
            Self::Nowhere | Self::Wav(_) => {}
        }
    }

    /// Makes what was taken so far safe on disk.
    pub(crate) fn flush(&mut self) -> Result<(), String> {
        match self {
            Self::Wav(file) => file.flush(),
            Self::Nowhere | Self::Stdout(_) | Self::Loudspeaker(_) => Ok(()),
        }
    }

    /// Plays what is due, and says how much of an answer has been played by then; of a loudspeaker each 100 ms. Never returns
    /// where nothing is waiting elsewhere.
    ///
    /// # Cancel safety
    /// Cancel safe: what was not written stays in the queue.
    pub(crate) async fn play(&mut self) -> Result<Option<(TurnId, u64)>, String> {
        match self {
            Self::Stdout(playback) if !playback.queue.is_empty() => playback.step().await,
            Self::Loudspeaker(loudspeaker) => loudspeaker.played().await,
            _ => std::future::pending().await,
        }
    }

    /// Whether speech sounds, and how loud it is, in dB.
    pub(crate) fn sounds(&self) -> (bool, f32) {
        match self {
            Self::Loudspeaker(loudspeaker) => (loudspeaker.is_playing(), loudspeaker.level_db()),
            _ => (false, f32::NEG_INFINITY),
        }
    }

    /// Plays all that is left, at the pace of speech.
    pub(crate) async fn drain(&mut self) -> Result<(), String> {
        while let Self::Stdout(playback) = self {
            if playback.queue.is_empty() {
                break;
            }
            playback.step().await?;
        }
        if let Self::Loudspeaker(loudspeaker) = self {
            loudspeaker.played_out().await;
        }
        self.flush()
    }
}

/// Raw PCM16 to stdout, never more than [`LEAD`] ahead of real time.
pub(crate) struct Playback {
    rate: u32,
    queue: VecDeque<(TurnId, Bytes)>,
    /// The answer that is played, and how many samples of it were.
    played: Option<(TurnId, u64)>,
    /// When the player will have played all that was written.
    played_out: Instant,
}

impl Playback {
    fn new(rate: u32) -> Self {
        Self {
            rate,
            queue: VecDeque::new(),
            played: None,
            played_out: Instant::now(),
        }
    }

    fn push(&mut self, turn: TurnId, pcm: Bytes) {
        // Short pieces, so that a barge-in cuts within a tenth of a second.
        let piece = (self.rate as usize / 10) * 2;
        let mut rest = pcm;
        while rest.len() > piece {
            self.queue.push_back((turn, rest.split_to(piece)));
        }
        if !rest.is_empty() {
            self.queue.push_back((turn, rest));
        }
    }

    async fn step(&mut self) -> Result<Option<(TurnId, u64)>, String> {
        if let Some(due) = self.played_out.checked_sub(LEAD) {
            sleep_until(due).await;
        }
        let Some((turn, pcm)) = self.queue.pop_front() else {
            return Ok(None);
        };
        let samples = pcm.len() as u64 / 2;
        let before = self.played.filter(|(of, _)| *of == turn);
        self.played = Some((turn, before.map_or(0, |(_, played)| played) + samples));
        let lasts = Duration::from_micros(pcm.len() as u64 * 500_000 / u64::from(self.rate.max(1)));
        self.played_out = self.played_out.max(Instant::now()) + lasts;
        let mut stdout = std::io::stdout().lock();
        stdout
            .write_all(&pcm)
            .and_then(|()| stdout.flush())
            .map_err(|error| format!("stdout: {error}"))?;
        Ok(self.played)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_barge_in_takes_back_what_was_not_played() {
        let mut sink = Sink::Stdout(Playback::new(16_000));
        // Nothing is written to stdout here: the queue is only filled and emptied.
        sink.take(TurnId::default(), Bytes::from(vec![0; 32_000]))
            .unwrap();
        let Sink::Stdout(playback) = &sink else {
            unreachable!()
        };
        assert_eq!(playback.queue.len(), 10);
        sink.interrupt();
        let started = Instant::now();
        sink.drain().await.unwrap();
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
