//! Tokens of a whole conversation, over its legs.

use crate::read::{TokenUsage, UsageEvent};
use crate::session::event::Leg;

/// Sums usage. The service's totals start at 0 on each leg; deltas alone would count a repeated event twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    legs: Vec<(Leg, TokenUsage)>,
    /// Of legs before these.
    before: TokenUsage,
}

/// Legs that are told apart: more than are ever open at a time.
const MOST_LEGS: usize = 16;

impl Ledger {
    /// Takes an event; gives what is new in it.
    pub(super) fn record(&mut self, leg: Leg, usage: &UsageEvent) -> TokenUsage {
        let known = self.legs.iter().position(|(known, _)| *known == leg);
        let at = known.unwrap_or_else(|| {
            self.legs.push((leg, TokenUsage::default()));
            if self.legs.len() > MOST_LEGS {
                self.before += self.legs.remove(0).1;
            }
            self.legs.len() - 1
        });
        let Some((_, so_far)) = self.legs.get_mut(at) else {
            return TokenUsage::default();
        };
        let before = *so_far;
        match (usage.total, usage.delta) {
            (Some(total), _) => *so_far = total,
            (None, Some(delta)) => *so_far += delta,
            (None, None) => {}
        }
        *so_far - before
    }

    pub(super) fn total(&self) -> TokenUsage {
        self.legs
            .iter()
            .fold(self.before, |sum, (_, leg)| sum + *leg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::TokenCount;

    fn tokens(n: u64) -> TokenUsage {
        let count = TokenCount { speech: n, text: 0 };
        TokenUsage {
            input: count,
            output: count,
        }
    }

    fn event(delta: u64, total: Option<u64>) -> UsageEvent {
        UsageEvent {
            delta: Some(tokens(delta)),
            total: total.map(tokens),
            ..UsageEvent::default()
        }
    }

    #[test]
    fn a_repeated_event_counts_once() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.record(Leg(0), &event(3, Some(3))), tokens(3));
        assert_eq!(ledger.record(Leg(0), &event(3, Some(3))), tokens(0));
        assert_eq!(ledger.record(Leg(0), &event(2, Some(5))), tokens(2));
        assert_eq!(ledger.total(), tokens(5));
    }

    #[test]
    fn legs_add_up_and_deltas_do_where_totals_lack() {
        let mut ledger = Ledger::default();
        ledger.record(Leg(0), &event(5, Some(5)));
        ledger.record(Leg(1), &event(2, None));
        ledger.record(Leg(1), &event(2, None));
        ledger.record(Leg(0), &event(1, Some(6)));
        assert_eq!(ledger.total(), tokens(10));
    }

    #[test]
    fn many_legs_add_up_in_the_same_room() {
        let mut ledger = Ledger::default();
        for leg in 0..1_000 {
            ledger.record(Leg(leg), &event(1, Some(1)));
            ledger.record(Leg(leg), &event(1, Some(2)));
        }
        assert_eq!(
            (ledger.total(), ledger.legs.len()),
            (tokens(2_000), MOST_LEGS)
        );
    }
}
