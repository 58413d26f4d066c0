//! Finds speech in PCM by its energy: where it starts, where it pauses, and when a pause is long enough to end a turn.

use super::event::Sensitivity;

/// How long nothing must be heard before the end of speech is reported (captured: 480 ms).
const SPEECH_END_MILLIS: u64 = 480;
/// Speech in a row before it counts, so that a click does not.
const ONSET_FRAMES: u64 = 3;
/// Kept before the onset and after the last speech, so that soft edges are not cut off.
const MARGIN_MILLIS: u64 = 100;
/// The longest utterance that is kept. The turn is taken there, which bounds memory.
const MAX_UTTERANCE_MILLIS: u64 = 30_000;
/// The quietest level that can be speech, and how far above the room's noise it must be (RMS of 16-bit samples).
const MIN_LEVEL: f64 = 60.0;
const ABOVE_NOISE: f64 = 3.0;

/// A frame of 10 ms is the unit of everything here.
const FRAME_MILLIS: u64 = 10;

/// What was heard. Offsets are in milliseconds of audio since the container opened.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    SpeechStart { at: u64 },
    SpeechEnd { at: u64, detected: u64 },
    Turn(Utterance),
}

/// What the user said in one turn: one or more stretches of speech.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Utterance {
    pub(super) segments: Vec<Segment>,
}

/// One stretch of speech between pauses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Segment {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) samples: Vec<i16>,
}

impl Utterance {
    /// Milliseconds of speech, pauses left out.
    pub(super) fn speech_millis(&self) -> u64 {
        self.segments.iter().map(|part| part.end - part.start).sum()
    }
}

/// Listens to one audio container.
#[derive(Debug)]
pub(super) struct Ear {
    frame_len: usize,
    pause_millis: u64,
    frames: u64,
    partial: Vec<i16>,
    noise: f64,
    loud_run: u64,
    quiet_run: u64,
    recent: Vec<i16>,
    current: Option<Segment>,
    utterance: Utterance,
}

impl Ear {
    pub(super) fn new(rate: u32, sensitivity: Option<Sensitivity>) -> Self {
        // The guide's pauses before a reply; nothing says what the default is, so the middle is taken.
        let pause_millis = match sensitivity {
            Some(Sensitivity::High) => 1500,
            Some(Sensitivity::Medium) | None => 1750,
            Some(Sensitivity::Low) => 2000,
        };
        Self {
            frame_len: (rate / 100) as usize,
            pause_millis,
            frames: 0,
            partial: Vec::new(),
            noise: MIN_LEVEL / ABOVE_NOISE,
            loud_run: 0,
            quiet_run: 0,
            recent: Vec::new(),
            current: None,
            utterance: Utterance::default(),
        }
    }

    /// True from the start of speech until its end has been reported.
    pub(super) const fn is_hearing_speech(&self) -> bool {
        self.current.is_some()
    }

    pub(super) fn hear(&mut self, samples: &[i16]) -> Vec<Heard> {
        let mut heard = Vec::new();
        self.partial.extend_from_slice(samples);
        let audio = std::mem::take(&mut self.partial);
        let mut frames = audio.chunks_exact(self.frame_len);
        for frame in &mut frames {
            self.frame(frame, &mut heard);
        }
        self.partial = frames.remainder().to_vec();
        heard
    }

    fn frame(&mut self, frame: &[i16], heard: &mut Vec<Heard>) {
        self.frames += 1;
        if self.is_loud(frame) {
            self.loud_run += 1;
            self.quiet_run = 0;
        } else {
            self.loud_run = 0;
            self.quiet_run += 1;
        }
        if let Some(segment) = &mut self.current {
            segment.samples.extend_from_slice(frame);
            if self.quiet_run * FRAME_MILLIS >= SPEECH_END_MILLIS || self.is_full() {
                self.end_segment(heard);
            }
        } else {
            self.remember(frame);
            if self.loud_run >= ONSET_FRAMES {
                self.start_segment(heard);
            }
        }
        let paused = self.quiet_run * FRAME_MILLIS >= self.pause_millis;
        if self.current.is_none()
            && !self.utterance.segments.is_empty()
            && (paused || self.is_full())
        {
            heard.push(Heard::Turn(std::mem::take(&mut self.utterance)));
        }
    }

    fn is_loud(&mut self, frame: &[i16]) -> bool {
        let squares: f64 = frame.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        #[expect(clippy::cast_precision_loss, reason = "at most 240 samples")]
        let level = (squares / frame.len() as f64).sqrt();
        let loud = level >= MIN_LEVEL.max(self.noise * ABOVE_NOISE);
        if loud {
            // A steady hum becomes the room's noise in half a minute.
            self.noise *= 1.001;
        } else {
            self.noise = self.noise * 0.95 + level * 0.05;
        }
        loud
    }

    fn remember(&mut self, frame: &[i16]) {
        self.recent.extend_from_slice(frame);
        let keep = self.samples_of(MARGIN_MILLIS + ONSET_FRAMES * FRAME_MILLIS);
        let surplus = self.recent.len().saturating_sub(keep);
        self.recent.drain(..surplus);
    }

    fn start_segment(&mut self, heard: &mut Vec<Heard>) {
        let at = (self.frames - ONSET_FRAMES) * FRAME_MILLIS;
        self.current = Some(Segment {
            start: at,
            end: at,
            samples: std::mem::take(&mut self.recent),
        });
        heard.push(Heard::SpeechStart { at });
    }

    fn end_segment(&mut self, heard: &mut Vec<Heard>) {
        let Some(mut segment) = self.current.take() else {
            return;
        };
        let detected = self.frames * FRAME_MILLIS;
        segment.end = detected - self.quiet_run * FRAME_MILLIS;
        let tail = (self.quiet_run * FRAME_MILLIS).saturating_sub(MARGIN_MILLIS);
        let keep = segment.samples.len().saturating_sub(self.samples_of(tail));
        segment.samples.truncate(keep);
        heard.push(Heard::SpeechEnd {
            at: segment.end,
            detected,
        });
        self.utterance.segments.push(segment);
    }

    fn is_full(&self) -> bool {
        let current = self
            .current
            .as_ref()
            .map_or(0, |segment| segment.samples.len());
        let before: usize = self
            .utterance
            .segments
            .iter()
            .map(|part| part.samples.len())
            .sum();
        current + before >= self.samples_of(MAX_UTTERANCE_MILLIS)
    }

    fn samples_of(&self, millis: u64) -> usize {
        usize::try_from(millis / FRAME_MILLIS).unwrap_or(0) * self.frame_len
    }
}

#[cfg(test)]
mod tests {
    use super::super::audio::tone;
    use super::*;

    const RATE: u32 = 16_000;

    fn silence(millis: u64) -> Vec<i16> {
        vec![0; (millis * u64::from(RATE) / 1000) as usize]
    }

    fn listen(parts: &[Vec<i16>], chunk: usize) -> Vec<Heard> {
        let mut ear = Ear::new(RATE, Some(Sensitivity::High));
        let audio = parts.concat();
        audio
            .chunks(chunk)
            .flat_map(|chunk| ear.hear(chunk))
            .collect()
    }

    #[test]
    fn a_turn_in_any_chunking() {
        let parts = [silence(500), tone(1000, RATE), silence(1600)];
        let whole = listen(&parts, usize::MAX);
        for chunk in [1, 7, 160, 512, 4096] {
            assert_eq!(listen(&parts, chunk), whole, "chunks of {chunk}");
        }
        let [Heard::SpeechStart { at: 500 }, end, Heard::Turn(turn)] = &whole[..] else {
            panic!("{whole:?}");
        };
        assert_eq!(
            *end,
            Heard::SpeechEnd {
                at: 1500,
                detected: 1980
            }
        );
        assert_eq!(turn.speech_millis(), 1000);
        assert_eq!(turn.segments[0].samples.len(), silence(1200).len());
    }

    #[test]
    fn a_short_pause_makes_two_segments_of_one_turn() {
        let parts = [
            tone(600, RATE),
            silence(700),
            tone(400, RATE),
            silence(1500),
        ];
        let heard = listen(&parts, 160);
        let starts = heard
            .iter()
            .filter(|heard| matches!(heard, Heard::SpeechStart { .. }));
        assert_eq!(starts.count(), 2);
        let Some(Heard::Turn(turn)) = heard.last() else {
            panic!("{heard:?}");
        };
        assert_eq!(turn.segments.len(), 2);
        assert_eq!(turn.segments[1].start, 1300);
    }

    #[test]
    fn silence_and_clicks_are_nothing() {
        assert_eq!(listen(&[silence(5000)], 160), []);
        let click = vec![20_000; 160];
        assert_eq!(listen(&[silence(500), click, silence(3000)], 160), []);
    }

    #[test]
    fn endless_speech_is_cut_into_turns() {
        let heard = listen(&[tone(70_000, RATE)], 1600);
        let turns: Vec<_> = heard
            .iter()
            .filter(|heard| matches!(heard, Heard::Turn(_)))
            .collect();
        assert_eq!(turns.len(), 2);
    }
}
