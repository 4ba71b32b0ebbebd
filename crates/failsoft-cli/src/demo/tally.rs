//! What callers saw, call by call, and the sums of it.

use std::time::Duration;

use super::client::{Heard, Reply};
use super::script::Spell;

/// Which way a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Straight,
    Failsoft,
}

/// One call that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) side: Side,
    pub(crate) spell: Spell,
    pub(crate) reply: Reply,
}

/// All calls that have ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(pub(crate) Vec<Row>);

/// The sums of one side, over the whole run or one spell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    pub(crate) calls: usize,
    pub(crate) answered: usize,
    /// Of answered calls, shortest first.
    first_words: Vec<Duration>,
    total: Vec<Duration>,
}

impl Tally {
    /// The sums of a side; of one spell's calls only, if it is given.
    pub(crate) fn sums(&self, side: Side, spell: Option<Spell>) -> Sums {
        let mut sums = Sums::default();
        let mine = self.0.iter().filter(|row| row.side == side);
        for row in mine.filter(|row| spell.is_none_or(|spell| row.spell == spell)) {
            sums.calls += 1;
            if let Heard::Answer { first_words, total } = row.reply.heard {
                sums.answered += 1;
                sums.first_words.push(first_words);
                sums.total.push(total);
            }
        }
        sums.first_words.sort_unstable();
        sums.total.sort_unstable();
        sums
    }

    /// What errors a side's users saw, and how often, the most frequent first.
    pub(crate) fn errors(&self, side: Side) -> Vec<(String, usize)> {
        let mut kinds: Vec<(String, usize)> = Vec::new();
        for row in self.0.iter().filter(|row| row.side == side) {
            let Heard::Error(what) = &row.reply.heard else { continue };
            match kinds.iter_mut().find(|(known, _)| known == what) {
                Some((_, count)) => *count += 1,
                None => kinds.push((what.clone(), 1)),
            }
        }
        kinds.sort_by(|(_, a), (_, b)| b.cmp(a));
        kinds
    }

    /// Calls of the gateway by how much happened in them, the most first.
    pub(crate) fn eventful(&self) -> Vec<&str> {
        let mut calls: Vec<_> = self
            .0
            .iter()
            .filter_map(|row| Some((row.reply.attempts, row.reply.call.as_deref()?)))
            .collect();
        calls.sort_by_key(|(attempts, _)| std::cmp::Reverse(*attempts));
        calls.into_iter().map(|(_, call)| call).collect()
    }
}

impl Sums {
    pub(crate) fn errors(&self) -> usize {
        self.calls - self.answered
    }

    /// Time to first words that this share of the answered calls did not exceed.
    pub(crate) fn first_words(&self, share: f64) -> Option<Duration> {
        quantile(&self.first_words, share)
    }

    /// Time to the whole answer that this share of the answered calls did not exceed.
    pub(crate) fn total(&self, share: f64) -> Option<Duration> {
        quantile(&self.total, share)
    }
}

/// The smallest value that at least this share does not exceed.
fn quantile(sorted: &[Duration], share: f64) -> Option<Duration> {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(side: Side, spell: Spell, heard: Heard) -> Row {
        Row { side, spell, reply: Reply { heard, call: Some("c".into()), attempts: 1 } }
    }

    fn answer(millis: u64) -> Heard {
        let total = Duration::from_millis(millis);
        Heard::Answer { first_words: total / 2, total }
    }

    #[test]
    fn sums_are_of_one_side_and_one_spell() {
        let error = || Heard::Error("HTTP 503".into());
        let tally = Tally(vec![
            row(Side::Straight, Spell::Outage, error()),
            row(Side::Straight, Spell::Healthy, answer(100)),
            row(Side::Straight, Spell::Outage, error()),
            row(Side::Failsoft, Spell::Outage, answer(300)),
        ]);
        let straight = tally.sums(Side::Straight, None);
        assert_eq!((straight.calls, straight.answered, straight.errors()), (3, 1, 2));
        assert_eq!(tally.sums(Side::Straight, Some(Spell::Outage)).first_words(0.5), None);
        let through = tally.sums(Side::Failsoft, Some(Spell::Outage));
        assert_eq!(through.first_words(0.99), Some(Duration::from_millis(150)));
        assert_eq!(tally.errors(Side::Straight), [("HTTP 503".to_owned(), 2)]);
    }

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let sorted: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        for (share, millis) in [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)] {
            assert_eq!(quantile(&sorted, share), Some(Duration::from_millis(millis)));
        }
        assert_eq!(quantile(&sorted[..1], 0.99), Some(Duration::from_millis(1)));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
