//! One leg: its writer and reader, what waits to be sent on it, and how its input lies on the tape.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;

use crate::conversation::ask::{Ask, Asked, Speech};
use crate::conversation::output::Transmit;
use crate::conversation::tape::Tape;
use crate::read::{ContentKind, Reader, Role, ServerEvent, Stage};
use crate::session::{Leg, TurnId};
use crate::write::{Refusal, Writer};
use crate::{Dialect, Names, SampleRate, Setup};

/// Breaks in the input that are remembered, to find a place of it on the tape.
const MOST_RUNS: usize = 64;
/// How much earlier than the service says speech is taken to begin, in ms: a replay must not cut its first sound.
const PREROLL_MS: u64 = 200;
/// Mean amplitude above which audio counts as loud: -36 dB.
const LOUD: u64 = 500;

/// A connection and what is known of it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) leg: Leg,
    pub(super) phase: Phase,
    pub(super) writer: Writer,
    pub(super) reader: Reader,
    pub(super) has_history: bool,
    /// Bytes of the history that were over the limits.
    pub(super) history_dropped: usize,
    /// Finished frames that wait to be sent; never dropped, always before audio.
    control: BytesMut,
    end: EndOfInput,
    /// The next sample of the tape that goes out.
    pub(super) cursor: u64,
    /// Samples by which the audio may lag beyond the ordinary limit: a replay.
    pub(super) allowance: u64,
    rate: SampleRate,
    /// Samples in the audio block.
    input: u64,
    /// Where on the tape (second) the input goes on from a place (first).
    runs: VecDeque<(u64, u64)>,
    pub(super) opened_at: Instant,
    /// When the credentials expire.
    pub(super) expires_at: Option<Instant>,
    pub(super) going_away: bool,
    pub(super) asks: Vec<Ask>,
    pub(super) speaking: bool,
    /// Up to here on the tape everything has been answered.
    pub(super) settled: u64,
    /// When the user was last heard, in speech or text.
    pub(super) voice_at: Instant,
    /// When the service last sent anything.
    pub(super) heard_at: Instant,
    /// Where on the tape the input was then.
    pub(super) heard_from: u64,
    /// Milliseconds of loud audio sent since then.
    pub(super) loud_ms: u64,
    /// Since when something waits that the transport does not take.
    pub(super) blocked_since: Option<Instant>,
    /// Content blocks that do not count any more.
    ignored: HashSet<Arc<str>>,
}

/// How far a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits to be accepted; until then at the latest, once the opening has gone out.
    Opening { until: Option<Instant> },
    /// Waits for its moment.
    Ready { since: Instant },
    /// Takes the user's audio.
    Live,
    /// Another leg has taken over; this one finishes its answer.
    Leaving { until: Instant },
    /// Closed in order; late text and usage may come.
    Closing { until: Instant },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndOfInput {
    Open,
    Wanted,
    Sent,
}

impl Line {
    /// A leg with its opening written.
    pub(super) fn open(
        leg: Leg,
        setup: &Setup,
        (dialect, names, rate): (Dialect, Names, SampleRate),
        now: Instant,
    ) -> Result<Self, Refusal> {
        let mut writer = Writer::new(dialect, names);
        let mut control = BytesMut::new();
        writer.open(setup, &mut control)?;
        Ok(Self {
            leg,
            phase: Phase::Opening { until: None },
            writer,
            reader: Reader::new(),
            has_history: false,
            history_dropped: 0,
            control,
            end: EndOfInput::Open,
            cursor: 0,
            allowance: 0,
            rate,
            input: 0,
            runs: VecDeque::new(),
            opened_at: now,
            expires_at: None,
            going_away: false,
            asks: Vec::new(),
            speaking: false,
            settled: 0,
            voice_at: now,
            heard_at: now,
            heard_from: 0,
            loud_ms: 0,
            blocked_since: None,
            ignored: HashSet::new(),
        })
    }

    /// Writes control frames; they go out before any audio.
    pub(super) fn put<T>(
        &mut self,
        write: impl FnOnce(&mut Writer, &mut BytesMut) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        write(&mut self.writer, &mut self.control)
    }

    /// Opens the audio block, to be fed from this place of the tape.
    pub(super) fn start_audio(&mut self, at: u64) -> Result<(), Refusal> {
        let rate = self.rate;
        self.put(|writer, out| writer.open_audio(rate, out))?;
        self.input = self.writer.sent_audio_ms() * u64::from(rate.hz() / 1000);
        (self.settled, self.heard_from) = (at, at);
        self.skip_to(at);
        Ok(())
    }

    /// Goes on from another place of the tape.
    pub(super) fn skip_to(&mut self, at: u64) {
        self.cursor = at;
        self.runs.push_back((self.input, at));
        if self.runs.len() > MOST_RUNS {
            self.runs.pop_front();
        }
    }

    /// Where on the tape a place of this leg's input lies.
    pub(super) fn on_tape(&self, offset_ms: u64) -> u64 {
        let offset = offset_ms * u64::from(self.rate.hz() / 1000);
        let run = self.runs.iter().rev().find(|(input, _)| *input <= offset);
        match (run, self.runs.front()) {
            (Some((input, at)), _) => (at + offset - input).min(self.cursor),
            (None, Some((_, at))) => *at,
            (None, None) => self.cursor,
        }
    }

    /// Where on the tape speech that the service places here begins, with a little before it.
    pub(super) fn speech_begins(&self, offset_ms: u64) -> u64 {
        let preroll = PREROLL_MS * u64::from(self.rate.hz() / 1000);
        let begins = self.on_tape(offset_ms).saturating_sub(preroll);
        begins.max(self.settled.min(self.on_tape(offset_ms)))
    }

    /// Closes in the protocol's order, behind what waits to be sent.
    pub(super) fn close(&mut self, until: Instant) -> Result<(), Refusal> {
        self.put(Writer::close)?;
        self.reader.closing();
        self.phase = Phase::Closing { until };
        if self.end == EndOfInput::Open {
            self.end = EndOfInput::Wanted;
        }
        Ok(())
    }

    /// Whether there is anything to send.
    pub(super) fn wants_to_send(&self, tape: &Tape) -> bool {
        !self.control.is_empty()
            || self.end == EndOfInput::Wanted
            || (self.phase == Phase::Live && self.cursor < tape.end())
    }

    /// Whether all that was opened has gone out.
    pub(super) fn control_is_sent(&self) -> bool {
        self.control.is_empty()
    }

    /// Appends the next frame behind `headroom` zeros.
    pub(super) fn transmit(
        &mut self,
        tape: &Tape,
        headroom: usize,
        out: &mut BytesMut,
    ) -> Option<Transmit> {
        if let Some(len) = frame_len(&self.control) {
            let frame = self.control.split_to(len);
            out.resize(out.len() + headroom, 0);
            out.extend_from_slice(&frame);
            return Some(Transmit::Frame);
        }
        if self.end == EndOfInput::Wanted {
            self.end = EndOfInput::Sent;
            return Some(Transmit::End);
        }
        if self.phase != Phase::Live {
            return None;
        }
        let (at, pcm) = tape.read(self.cursor)?;
        if at != self.cursor {
            self.skip_to(at);
        }
        let had = out.len();
        out.resize(had + headroom, 0);
        if self.writer.audio(&pcm, out).is_err() {
            // The audio block is open and pieces are small: there is nothing to refuse.
            out.truncate(had);
            return None;
        }
        let samples = (pcm.len() / 2) as u64;
        if is_loud(&pcm) {
            self.loud_ms += samples * 1_000 / u64::from(self.rate.hz());
        }
        (self.cursor, self.input) = (self.cursor + samples, self.input + samples);
        Some(Transmit::Frame)
    }

    /// The open turn of the user's speech.
    pub(super) fn speech_mut(&mut self, turn: TurnId) -> Option<&mut Speech> {
        let speeches = self.asks.iter_mut().filter_map(|ask| match &mut ask.what {
            Asked::Speech(speech) => Some(speech),
            _ => None,
        });
        speeches.rev().find(|speech| speech.turn == turn)
    }

    /// Of what a leg sends that has been replaced, only what belongs to its last answer counts: its speech where that still
    /// `sounds`, its final texts where they are `expected`, usage, and the end.
    pub(super) fn still_counts(
        &mut self,
        event: &ServerEvent,
        sounds: bool,
        expected: bool,
    ) -> bool {
        match event {
            ServerEvent::ContentStart(start) => {
                let is_final = start.stage == Some(Stage::Final);
                let counts = match (&start.kind, &start.role) {
                    (ContentKind::Text, Role::Assistant) if is_final => expected,
                    (_, Role::User) => false,
                    _ => sounds,
                };
                if !counts {
                    self.ignored.insert(start.content_id.clone());
                }
                counts
            }
            ServerEvent::TextOutput(text) => !self.ignored.contains(&text.content_id),
            ServerEvent::AudioOutput(audio) => sounds && !self.ignored.contains(&audio.content_id),
            ServerEvent::ContentEnd(end) => !self.ignored.remove(&end.content_id),
            ServerEvent::ToolUse(call) => sounds && !self.ignored.contains(&call.content_id),
            ServerEvent::UserSpeechStart(_) | ServerEvent::UserSpeechEnd(_) => false,
            _ => true,
        }
    }
}

/// Whether audio is more than the noise of a room.
fn is_loud(pcm: &[u8]) -> bool {
    let samples = pcm.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
    let sum: u64 = samples
        .map(|sample| u64::from(i16::from_le_bytes(sample).unsigned_abs()))
        .sum();
    sum > LOUD * (pcm.len() as u64 / 2)
}

/// The length of the first frame, from its prelude.
fn frame_len(frames: &[u8]) -> Option<usize> {
    let prelude = frames.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*prelude)).ok()
}
