//! Texts cut into pieces that one `textInput` may hold.

/// Bytes of text that one `textInput` may hold (AWS's chat history page: at most 1 KB each, split longer ones).
pub const MAX_TEXT_BYTES: usize = 1024;

/// Cuts `text` into pieces of at most [`MAX_TEXT_BYTES`], on character boundaries; an empty text is one empty piece.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let cut = floor_char_boundary(text, MAX_TEXT_BYTES);
        let (piece, tail) = text.split_at(cut);
        rest = (!tail.is_empty()).then_some(tail);
        Some(piece)
    })
}

/// The last character boundary at or before `at`.
pub(crate) fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn an_empty_text_is_one_piece() {
        assert_eq!(pieces("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn a_text_of_just_the_limit_is_one_piece() {
        let text = "a".repeat(MAX_TEXT_BYTES);
        assert_eq!(pieces(&text).count(), 1);
        assert_eq!(pieces(&(text + "b")).count(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

        #[test]
        fn pieces_join_to_the_text(text in "(a|ä|€|😀){0,2000}") {
            let cut: Vec<_> = pieces(&text).collect();
            prop_assert_eq!(cut.concat(), text.as_str());
            for piece in &cut {
                prop_assert!(piece.len() <= MAX_TEXT_BYTES);
            }
        }
    }
}
