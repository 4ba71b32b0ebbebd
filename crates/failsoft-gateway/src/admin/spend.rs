//! Money spent on attempts that brought no answer, as far as tokens and prices are known.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use failsoft::{Observer, Seen};
use failsoft_engine::{Event, Outcome, Price, TargetId, Usage};
use failsoft_journal::CallRecord;

/// What was spent in vain since the start, by target, in billionths of a US dollar.
#[derive(Debug, Default)]
pub(crate) struct Spend(Mutex<BTreeMap<String, u64>>);

impl Spend {
    pub(super) fn by_target(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Observer for Spend {
    fn observe(&self, _: Seen<'_>, _: &Event) {}

    /// A call that was served by its first attempt spent nothing in vain, and costs a look.
    fn ended(&self, call: &Arc<CallRecord>) {
        for attempt in &call.attempts {
            let Some(price) = attempt.price else { continue };
            let Some((target, used)) = in_vain(call, attempt.ordinal) else { continue };
            let cost = cost(price, attempt.usage.unwrap_or(used));
            let name = call.names.targets.get(usize::from(target.0));
            if let (Some(name), 1..) = (name, cost) {
                let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                *all.entry(name.name.clone()).or_default() += cost;
            }
        }
    }
}

/// Where an attempt without a whole answer went, and what the engine knows that it used.
fn in_vain(call: &CallRecord, ordinal: u8) -> Option<(TargetId, Usage)> {
    call.events.iter().rev().find_map(|(_, event)| {
        let Event::AttemptEnded { attempt, target, outcome, .. } = *event else { return None };
        if attempt.ordinal != ordinal {
            return None;
        }
        match outcome {
            Outcome::Succeeded(_) => None,
            Outcome::Failed(_) => Some((target, Usage::default())),
            Outcome::Cancelled { usage, .. } => Some((target, usage)),
        }
    })
}

/// Prices are millionths of a dollar for a million tokens.
fn cost(price: Price, usage: Usage) -> u64 {
    let of = |tokens: u32, price: u64| u128::from(tokens) * u128::from(price) / 1000;
    let all = of(usage.input, price.input) + of(usage.output, price.output);
    u64::try_from(all).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_tokens_cost_their_price() {
        let price = Price { input: 3_000_000, output: 15_000_000 };
        let million = Usage { input: 1_000_000, output: 0 };
        assert_eq!(cost(price, million), 3_000_000_000);
        assert_eq!(cost(price, Usage { input: 0, output: 1_000 }), 15_000_000);
        assert_eq!(cost(price, Usage::default()), 0);
        let most = Price { input: u64::MAX, output: u64::MAX };
        assert_eq!(cost(most, Usage { input: u32::MAX, output: u32::MAX }), u64::MAX);
    }
}
