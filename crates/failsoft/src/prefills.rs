//! Which models refused the beginning of an answer, whatever the tables say of them.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use failsoft_wire::neutral::Maker;

/// Models that are remembered; targets that take any model could name more of them than there are.
const KEPT: usize = 4_096;

/// What was learnt of models and prefill since the start.
#[derive(Debug, Default)]
pub(crate) struct Prefills(Mutex<HashSet<Maker>>);

impl Prefills {
    /// A model refused one.
    pub(crate) fn refused(&self, maker: Maker) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(maker);
    }

    /// Whether a model may be given one, as far as is known.
    pub(crate) fn allows(&self, maker: Maker) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&maker)
    }
}
