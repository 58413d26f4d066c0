//! What comes again and again in one session's output.

use std::sync::Arc;

use bytes::Bytes;

use crate::read::event::AudioOutput;

/// What a reader keeps of earlier events.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    pub(super) texts: Interner,
    pub(super) speech: Pattern,
}

/// Texts (ids, names) as one shared allocation each.
#[derive(Debug, Default)]
pub(super) struct Interner {
    recent: Vec<Arc<str>>,
}

impl Interner {
    pub(super) fn get(&mut self, text: &str) -> Arc<str> {
        const KEPT: usize = 8;
        if let Some(at) = self.recent.iter().position(|known| &**known == text) {
            let known = self.recent.remove(at);
            self.recent.push(known.clone());
            return known;
        }
        if self.recent.len() == KEPT {
            self.recent.remove(0);
        }
        let new: Arc<str> = text.into();
        self.recent.push(new.clone());
        new
    }
}

/// The last event of speech without its audio. The events of a block differ in nothing else, so that most are read by a
/// comparison. Nothing until there was one.
#[derive(Default)]
pub(super) struct Pattern(Option<Box<Last>>);

struct Last {
    /// The JSON up to the audio, with its opening quote.
    before: Vec<u8>,
    /// The JSON from the closing quote on.
    after: Vec<u8>,
    event: AudioOutput,
}

impl Pattern {
    /// Bytes of JSON around the audio that are kept at most; the service has about 400.
    const KEPT: usize = 2048;

    /// Reads an event that is like the one before. Base64 has no quote in it: what lies between the same texts, and is base64,
    /// is the same string of the same object.
    pub(super) fn read(&self, json: &[u8]) -> Option<AudioOutput> {
        let last = self.0.as_deref()?;
        let content = json.strip_prefix(&*last.before)?;
        let content = content.strip_suffix(&*last.after)?;
        let pcm = base64_simd::STANDARD.decode_to_vec(content).ok()?;
        Some(AudioOutput {
            pcm: pcm.into(),
            ..last.event.clone()
        })
    }

    /// Keeps what was read from `json`, whose audio is `content`, a part of it.
    pub(super) fn learn(&mut self, json: &[u8], content: &[u8], event: &AudioOutput) {
        let start = content.as_ptr().addr().checked_sub(json.as_ptr().addr());
        let before = start.and_then(|start| json.get(..start));
        let after = start.and_then(|start| json.get(start + content.len()..));
        let (Some(before), Some(after)) = (before, after) else {
            return;
        };
        if before.len() + after.len() > Self::KEPT {
            return;
        }
        let event = AudioOutput {
            pcm: Bytes::new(),
            ..event.clone()
        };
        if let Some(last) = &mut self.0 {
            before.clone_into(&mut last.before);
            after.clone_into(&mut last.after);
            last.event = event;
        } else {
            self.0 = Some(Box::new(Last {
                before: before.to_vec(),
                after: after.to_vec(),
                event,
            }));
        }
    }
}

/// Shows no text of the session.
impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pattern").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::event::{EventIds, Role};

    fn json(content: &str, id: &str) -> String {
        format!(
            r#"{{"event":{{"audioOutput":{{"content":"{content}","contentId":"{id}","role":"ASSISTANT"}}}}}}"#
        )
    }

    fn learnt() -> Pattern {
        let json = json("AQI=", "c");
        let at = json.find("AQI=").unwrap();
        let event = AudioOutput {
            ids: EventIds::default(),
            content_id: "c".into(),
            role: Role::Assistant,
            pcm: Bytes::from_static(&[1, 2]),
            extra: serde_json::Map::new(),
        };
        let mut pattern = Pattern::default();
        pattern.learn(json.as_bytes(), &json.as_bytes()[at..at + 4], &event);
        pattern
    }

    #[test]
    fn the_next_event_of_a_block_is_read_by_comparison() {
        let pattern = learnt();
        for (content, pcm) in [
            ("AQI=", &[1, 2][..]),
            ("", &[]),
            ("AQIDBAUG", &[1, 2, 3, 4, 5, 6]),
        ] {
            let audio = pattern.read(json(content, "c").as_bytes()).unwrap();
            assert_eq!((&audio.pcm[..], &*audio.content_id), (pcm, "c"));
        }
    }

    #[test]
    fn what_is_not_alike_to_the_byte_is_not() {
        let pattern = learnt();
        for other in [
            json("AQI=", "d"),
            json(r#"AQI=","content":"AQI="#, "c"),
            json(r"AQ\u0049=", "c"),
            json("AQI=", "c").replace("ASSISTANT", "USER"),
            json("AQI=", "c") + " ",
            String::new(),
            r#"{"event":{"audioOutput":{"content":""#.to_owned(),
        ] {
            assert!(pattern.read(other.as_bytes()).is_none(), "{other}");
        }
        assert!(Pattern::default().read(b"").is_none());
    }

    #[test]
    fn more_text_than_the_service_has_is_not_kept() {
        let mut pattern = learnt();
        let event = pattern.read(json("AQI=", "c").as_bytes()).unwrap();
        let long = json("AQI=", &"c".repeat(Pattern::KEPT));
        pattern.learn(long.as_bytes(), &long.as_bytes()[36..40], &event);
        assert!(pattern.read(long.as_bytes()).is_none());
        assert!(pattern.read(json("", "c").as_bytes()).is_some());
    }
}
