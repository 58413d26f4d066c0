//! What the user really heard of an answer, by the samples that were played.

use crate::session::turn::{Block, Turn};

impl Turn {
    /// The text that the user heard. With feedback of the player: the blocks that were played, the last of them cut at a
    /// word in proportion. Without: what the model says it said; of an interrupted answer without such an account, what
    /// it was about to say as far as its speech had arrived.
    pub(super) fn heard(&self) -> String {
        let mut heard = Vec::new();
        match self.played {
            Some(played) => {
                let mut left = played;
                for block in &self.blocks {
                    heard.push(block.heard_by(left, self.ended && !self.interrupted));
                    left = left.saturating_sub(block.samples);
                }
            }
            None if self.interrupted => {
                let told = self.blocks.iter().any(|block| block.spoken.is_some());
                for block in &self.blocks {
                    heard.push(match &block.spoken {
                        Some(spoken) => spoken,
                        None if !told && block.has_audio => &block.planned,
                        None => "",
                    });
                }
            }
            None => heard.extend(self.blocks.iter().map(Block::text)),
        }
        heard.retain(|text| !text.is_empty());
        heard.join(" ")
    }
}

impl Block {
    /// The best account of what was said.
    pub(super) fn text(&self) -> &str {
        self.spoken.as_deref().unwrap_or(&self.planned).trim()
    }

    fn heard_by(&self, played: u64, turn_is_whole: bool) -> &str {
        // A final text that the interruption shortened may be shorter than what was played of the plan: both are capped.
        let whole = if self.planned.is_empty() {
            self.text()
        } else {
            self.planned.trim()
        };
        if self.samples == 0 {
            if turn_is_whole { self.text() } else { "" }
        } else if played >= self.samples {
            self.text()
        } else {
            cut_at_word(whole, played, self.samples)
        }
    }
}

/// The words of `text` that lie within the first `part` of `whole`.
fn cut_at_word(text: &str, part: u64, whole: u64) -> &str {
    let chars = text.chars().count() as u64;
    let wanted = u128::from(chars) * u128::from(part) / u128::from(whole.max(1));
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let at = text
        .char_indices()
        .nth(wanted)
        .map_or(text.len(), |(at, _)| at);
    let (head, tail) = text.split_at_checked(at).unwrap_or((text, ""));
    if tail.is_empty() || tail.starts_with(char::is_whitespace) {
        return head.trim_end();
    }
    head.rsplit_once(char::is_whitespace)
        .map_or("", |(words, _)| words.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::event::Leg;
    use crate::session::turn::Origin;

    fn answer(blocks: &[(&str, Option<&str>, u64)]) -> Turn {
        let mut turn = Turn::new(Leg::FIRST, Origin::Answer { caused: true });
        for (planned, spoken, samples) in blocks {
            turn.blocks.push(Block {
                planned: (*planned).into(),
                spoken: spoken.map(str::to_owned),
                has_audio: *samples > 0,
                samples: *samples,
            });
        }
        turn
    }

    #[test]
    fn words_are_never_cut() {
        assert_eq!(cut_at_word("one two three", 0, 10), "");
        assert_eq!(cut_at_word("one two three", 5, 10), "one");
        assert_eq!(cut_at_word("one two three", 6, 10), "one two");
        assert_eq!(cut_at_word("one two three", 10, 10), "one two three");
        assert_eq!(cut_at_word("ä€😀 x", 3, 5), "ä€😀");
        assert_eq!(cut_at_word("word", 1, 2), "");
        assert_eq!(cut_at_word("", 1, 2), "");
    }

    #[test]
    fn by_what_was_played() {
        let mut turn = answer(&[("It is sunny.", None, 100), ("And it is warm.", None, 100)]);
        turn.interrupted = true;
        for (played, heard) in [
            (0, ""),
            (100, "It is sunny."),
            (150, "It is sunny. And it"),
            (200, "It is sunny. And it is warm."),
            (900, "It is sunny. And it is warm."),
        ] {
            turn.played = Some(played);
            assert_eq!(turn.heard(), heard, "{played}");
        }
    }

    #[test]
    fn without_feedback_by_the_models_account() {
        let mut turn = answer(&[("a b", Some("a b"), 10), ("c d", None, 10), ("e", None, 0)]);
        assert_eq!(turn.heard(), "a b c d e");
        turn.interrupted = true;
        assert_eq!(turn.heard(), "a b");
        let mut untold = answer(&[("c d", None, 10), ("e", None, 0)]);
        untold.interrupted = true;
        assert_eq!(untold.heard(), "c d");
    }
}
