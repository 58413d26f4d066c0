//! What was said before, in the form in which the service takes it.

use crate::interrupted::is_interruption_marker;
use crate::write::pieces::floor_char_boundary;

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HistoryRole {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// How much history the service is given. The field's numbers disagree; these are data, not law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Most bytes of text, all turns together.
    pub max_bytes: usize,
    /// Most turns.
    pub max_turns: usize,
}

impl Default for HistoryLimits {
    /// 40 KB (AWS's chat history page for Nova 2) and 40 turns (its samples of the first generation).
    fn default() -> Self {
        Self {
            max_bytes: 40_000,
            max_turns: 40,
        }
    }
}

impl HistoryLimits {
    /// Half of it: what to try after "Chat history is over max limit".
    #[must_use]
    pub const fn halved(self) -> Self {
        Self {
            max_bytes: self.max_bytes / 2,
            max_turns: self.max_turns / 2,
        }
    }
}

/// Turns that begin with the user, alternate, and lie within the limits: the only form that a [`Writer`](crate::Writer) takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    turns: Vec<(HistoryRole, String)>,
}

impl History {
    /// Makes a history of what was said, oldest first, and says what had to go.
    ///
    /// Empty turns and interruption markers are left out, neighbours of one role merged (with a line break), the oldest
    /// dropped until the limits hold, and turns of the assistant before the first of the user dropped. A last turn that
    /// is over the limit alone keeps its end.
    pub fn normalize<T: AsRef<str>>(
        turns: impl IntoIterator<Item = (HistoryRole, T)>,
        limits: &HistoryLimits,
    ) -> (Self, HistoryCuts) {
        let mut cuts = HistoryCuts::default();
        let mut merged: Vec<(HistoryRole, String)> = Vec::new();
        for (role, text) in turns {
            let text = text.as_ref().trim();
            if text.is_empty() || is_interruption_marker(text) {
                continue;
            }
            match merged.last_mut() {
                Some((last, so_far)) if *last == role => {
                    so_far.push('\n');
                    so_far.push_str(text);
                    cuts.merged_turns += 1;
                }
                _ => merged.push((role, text.to_owned())),
            }
        }
        let (mut bytes, mut first) = (0, merged.len());
        while let Some((_, text)) = first.checked_sub(1).and_then(|at| merged.get(at)) {
            if bytes + text.len() > limits.max_bytes || merged.len() - first >= limits.max_turns {
                break;
            }
            bytes += text.len();
            first -= 1;
        }
        if first == merged.len() && limits.max_turns > 0 {
            if let Some((HistoryRole::User, text)) = merged.last_mut() {
                let cut = ceil_char_boundary(text, text.len().saturating_sub(limits.max_bytes));
                cuts.dropped_bytes += cut;
                text.drain(..cut);
                first -= usize::from(!text.is_empty());
            }
        }
        if let Some((HistoryRole::Assistant, _)) = merged.get(first) {
            first += 1;
        }
        let kept = merged.split_off(first);
        cuts.dropped_turns = merged.len();
        cuts.dropped_bytes += merged.iter().map(|(_, text)| text.len()).sum::<usize>();
        (Self { turns: kept }, cuts)
    }

    /// The turns.
    pub fn turns(&self) -> impl Iterator<Item = (HistoryRole, &str)> {
        self.turns.iter().map(|(role, text)| (*role, text.as_str()))
    }

    /// True where there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

/// What [`History::normalize`] changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct HistoryCuts {
    /// Turns that were dropped whole, counted after merging.
    pub dropped_turns: usize,
    /// Bytes of text that were dropped.
    pub dropped_bytes: usize,
    /// Turns that were joined to the one before.
    pub merged_turns: usize,
}

impl HistoryCuts {
    /// Whether anything was lost.
    #[must_use]
    pub const fn is_lossless(&self) -> bool {
        self.dropped_bytes == 0
    }
}

/// The first character boundary at or after `at`.
fn ceil_char_boundary(text: &str, at: usize) -> usize {
    match floor_char_boundary(text, at) {
        floor if floor == at => at,
        floor => {
            floor
                + text
                    .get(floor..)
                    .and_then(|t| t.chars().next())
                    .map_or(0, char::len_utf8)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::HistoryRole::{Assistant, User};
    use super::*;

    fn normalize(
        turns: &[(HistoryRole, &str)],
        max_bytes: usize,
        max_turns: usize,
    ) -> (Vec<(HistoryRole, String)>, HistoryCuts) {
        let limits = HistoryLimits {
            max_bytes,
            max_turns,
        };
        let (history, cuts) = History::normalize(turns.iter().copied(), &limits);
        (history.turns, cuts)
    }

    #[test]
    fn merged_alternating_and_user_first() {
        let (turns, cuts) = normalize(
            &[
                (Assistant, "hello"),
                (User, " a "),
                (User, ""),
                (User, "b"),
                (Assistant, "{ \"interrupted\" : true }"),
                (Assistant, "c"),
            ],
            100,
            10,
        );
        assert_eq!(turns, [(User, "a\nb".into()), (Assistant, "c".into())]);
        assert_eq!(
            cuts,
            HistoryCuts {
                dropped_turns: 1,
                dropped_bytes: 5,
                merged_turns: 1
            }
        );
    }

    #[test]
    fn the_oldest_go_first_and_what_went_is_told() {
        let said = [
            (User, "1111"),
            (Assistant, "2222"),
            (User, "3333"),
            (Assistant, "44"),
        ];
        let (turns, cuts) = normalize(&said, 10, 10);
        assert_eq!(turns, [(User, "3333".into()), (Assistant, "44".into())]);
        assert_eq!((cuts.dropped_turns, cuts.dropped_bytes), (2, 8));
        let (turns, _) = normalize(&said, 100, 2);
        assert_eq!(turns.len(), 2);
        assert!(!cuts.is_lossless());
    }

    #[test]
    fn one_turn_over_the_limit_keeps_its_end() {
        let (turns, cuts) = normalize(&[(User, "aä€the end")], 10, 10);
        assert_eq!(turns, [(User, "€the end".into())]);
        assert_eq!(cuts.dropped_bytes, 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

        #[test]
        fn always_legal_and_within_limits(
            said in proptest::collection::vec((any::<bool>(), "[a-zä€ ]{0,30}"), 0..30),
            max_bytes in 0usize..200,
            max_turns in 0usize..10,
        ) {
            let turns = said.iter().map(|(user, text)| (if *user { User } else { Assistant }, text));
            let limits = HistoryLimits { max_bytes, max_turns };
            let (history, _) = History::normalize(turns, &limits);
            let kept: Vec<_> = history.turns().collect();
            prop_assert!(kept.len() <= max_turns);
            prop_assert!(kept.iter().map(|(_, text)| text.len()).sum::<usize>() <= max_bytes);
            for (at, (role, text)) in kept.iter().enumerate() {
                prop_assert_eq!(*role, if at % 2 == 0 { User } else { Assistant });
                prop_assert!(!text.is_empty());
            }
        }
    }
}
