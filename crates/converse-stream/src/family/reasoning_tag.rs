//! Reasoning that stands in the text itself, between `<reasoning>` and `</reasoning>` at its very start (gpt-oss).

const OPEN: &str = "<reasoning>";
const CLOSE: &str = "</reasoning>";

/// What a piece of text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Reasoning(String),
}

/// Tells reasoning from text; a tag may come in pieces.
#[derive(Clone, Debug)]
pub(super) enum ReasoningTag {
    /// So far only the begin of a tag has come, or nothing.
    Begin(String),
    /// Within: what may be the begin of the end.
    Inside(String),
    /// No tag, or no more of one.
    Off,
}

impl Default for ReasoningTag {
    fn default() -> Self {
        Self::Begin(String::new())
    }
}

impl ReasoningTag {
    pub(super) fn read<E>(
        &mut self,
        text: String,
        tell: &mut impl FnMut(Piece) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Off => tell(Piece::Text(text)),
            Self::Begin(held) => {
                held.push_str(&text);
                if let Some(inside) = held.strip_prefix(OPEN) {
                    let inside = inside.to_owned();
                    *self = Self::Inside(String::new());
                    return self.read(inside, tell);
                }
                if OPEN.starts_with(held.as_str()) {
                    return Ok(());
                }
                let text = core::mem::take(held);
                *self = Self::Off;
                tell(Piece::Text(text))
            }
            Self::Inside(held) => {
                held.push_str(&text);
                if let Some((reasoning, text)) = held.split_once(CLOSE) {
                    let (reasoning, text) = (reasoning.to_owned(), text.to_owned());
                    *self = Self::Off;
                    tell(Piece::Reasoning(reasoning))?;
                    return tell(Piece::Text(text));
                }
                let rest = held.split_off(held.len() - tail(held));
                let told = core::mem::replace(held, rest);
                if told.is_empty() {
                    return Ok(());
                }
                tell(Piece::Reasoning(told))
            }
        }
    }

    /// Tells what is held back: no more comes.
    pub(super) fn flush<E>(
        &mut self,
        tell: &mut impl FnMut(Piece) -> Result<(), E>,
    ) -> Result<(), E> {
        match core::mem::replace(self, Self::Off) {
            Self::Begin(held) if !held.is_empty() => tell(Piece::Text(held)),
            Self::Inside(held) if !held.is_empty() => tell(Piece::Reasoning(held)),
            _ => Ok(()),
        }
    }
}

/// Bytes at the end of `text` that may be the begin of the closing tag.
fn tail(text: &str) -> usize {
    (1..CLOSE.len())
        .rev()
        .find(|len| CLOSE.get(..*len).is_some_and(|begin| text.ends_with(begin)))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn told(pieces: &[&str]) -> (String, String) {
        let (mut reasoning, mut text) = (String::new(), String::new());
        let mut tell = |piece| -> Result<(), Infallible> {
            match piece {
                Piece::Text(more) => text.push_str(&more),
                Piece::Reasoning(more) => reasoning.push_str(&more),
            }
            Ok(())
        };
        let mut tag = ReasoningTag::default();
        for piece in pieces {
            let Ok(()) = tag.read((*piece).to_owned(), &mut tell);
        }
        let Ok(()) = tag.flush(&mut tell);
        (reasoning, text)
    }

    #[test]
    fn reasoning_is_told_from_text_however_it_is_cut() {
        let whole = "<reasoning>a </b> <é</reasoning>the <reasoning> text";
        for at in 0..=whole.len() {
            for to in at..=whole.len() {
                let (Some(one), Some(two), Some(three)) =
                    (whole.get(..at), whole.get(at..to), whole.get(to..))
                else {
                    continue;
                };
                assert_eq!(
                    told(&[one, two, three]),
                    ("a </b> <é".into(), "the <reasoning> text".into())
                );
            }
        }
    }

    #[test]
    fn other_text_and_cut_tags_lose_nothing() {
        for text in [
            "",
            "<",
            "<reason",
            "x<reasoning>y</reasoning>",
            " <reasoning>",
        ] {
            assert_eq!(told(&[text]), (String::new(), text.to_owned()));
        }
        assert_eq!(
            told(&["<reasoning>a</reas"]),
            ("a</reas".into(), String::new())
        );
    }
}
