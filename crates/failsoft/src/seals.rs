//! Who sealed what: thinking signatures, encrypted reasoning, thought signatures.
//!
//! A seal can be opened by its maker alone, and every other target answers it with an error. Seals
//! that went to a client of another dialect carry their maker's mark; those that were passed on as
//! they came are remembered here, by hash.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use failsoft_wire::neutral::Maker;

/// Seals that are remembered. At two for each answer these are the answers of a busy hour; who
/// comes back later is believed to come back to the maker.
const KEPT: usize = 65_536;

/// The seals that were passed on, and who made them.
#[derive(Debug, Default)]
pub(crate) struct Seals {
    /// Keyed anew in every process, so that nobody can aim at a place in the table.
    hasher: RandomState,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    makers: HashMap<u64, Maker>,
    /// The oldest first.
    order: VecDeque<u64>,
}

impl Seals {
    /// Remembers who made a seal.
    pub(crate) fn learn(&self, seal: &str, maker: Maker) {
        let hash = self.hasher.hash_one(seal);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.makers.insert(hash, maker).is_none() {
            known.order.push_back(hash);
        }
        if known.order.len() > KEPT
            && let Some(oldest) = known.order.pop_front()
        {
            known.makers.remove(&oldest);
        }
    }

    /// Who made a seal, if it went through here and is not forgotten.
    pub(crate) fn maker(&self, seal: &str) -> Option<Maker> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.makers.get(&self.hasher.hash_one(seal)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let seals = Seals::default();
        for number in 0..=KEPT as u64 {
            seals.learn(&number.to_string(), Maker(number));
        }
        assert_eq!(seals.maker("0"), None);
        assert_eq!(seals.maker("1"), Some(Maker(1)));
        assert_eq!(seals.maker(&KEPT.to_string()), Some(Maker(KEPT as u64)));
        seals.learn("1", Maker(9));
        assert_eq!(seals.maker("1"), Some(Maker(9)), "the last maker counts");
        assert_eq!(seals.known.lock().unwrap().makers.len(), KEPT);
    }
}
