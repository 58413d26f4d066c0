//! Token counts of a session: the loopback's own, by a rule that it states.

use serde_json::{Value, json};

/// Counts by direction and kind. The rule: a speech token for every 80 ms begun, a text token for every 4 bytes begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) input_speech: u64,
    pub(super) input_text: u64,
    pub(super) output_speech: u64,
    pub(super) output_text: u64,
}

impl Tokens {
    const fn plus(self, other: Self) -> Self {
        Self {
            input_speech: self.input_speech + other.input_speech,
            input_text: self.input_text + other.input_text,
            output_speech: self.output_speech + other.output_speech,
            output_text: self.output_text + other.output_text,
        }
    }

    fn details(self) -> Value {
        json!({
            "input": { "speechTokens": self.input_speech, "textTokens": self.input_text },
            "output": { "speechTokens": self.output_speech, "textTokens": self.output_text },
        })
    }
}

pub(super) const fn speech_tokens(millis: u64) -> u64 {
    millis.div_ceil(80)
}

pub(super) const fn text_tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

/// A session's running total and what has been added since the last `usageEvent`.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    total: Tokens,
    delta: Tokens,
}

impl Ledger {
    pub(super) const fn add(&mut self, tokens: Tokens) {
        self.delta = self.delta.plus(tokens);
    }

    /// The members of the next `usageEvent`; `None` where nothing was added.
    pub(super) fn next_event(&mut self) -> Option<Value> {
        let delta = std::mem::take(&mut self.delta);
        if delta == Tokens::default() {
            return None;
        }
        self.total = self.total.plus(delta);
        let input = self.total.input_speech + self.total.input_text;
        let output = self.total.output_speech + self.total.output_text;
        Some(json!({
            "details": { "delta": delta.details(), "total": self.total.details() },
            "totalInputTokens": input,
            "totalOutputTokens": output,
            "totalTokens": input + output,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_add_up_to_the_total() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.next_event(), None);
        ledger.add(Tokens {
            input_speech: 3,
            ..Tokens::default()
        });
        ledger.add(Tokens {
            output_text: 2,
            ..Tokens::default()
        });
        let first = ledger.next_event().unwrap();
        assert_eq!(first["details"]["delta"]["input"]["speechTokens"], 3);
        assert_eq!(first["totalTokens"], 5);
        ledger.add(Tokens {
            input_speech: 4,
            ..Tokens::default()
        });
        let second = ledger.next_event().unwrap();
        assert_eq!(second["details"]["delta"]["input"]["speechTokens"], 4);
        assert_eq!(second["details"]["total"]["input"]["speechTokens"], 7);
        assert_eq!(second["totalTokens"], 9);
    }
}
