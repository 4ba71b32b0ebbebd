//! A call and an answer between two dialects.

use failsoft_wire::neutral::{Note, Rule};
use failsoft_wire::{Dialect, Presented};

/// How an answer gets from its target's dialect to the client's.
#[derive(Debug)]
pub(crate) struct Translation {
    pub(crate) client: Dialect,
    pub(crate) presented: Presented,
    /// What the call lost on its way, or was made from something else.
    pub(crate) notes: Vec<Note>,
}

impl Translation {
    /// What was left out, for the record and the client's developer.
    pub(crate) fn left_out(&self) -> Vec<&'static str> {
        let dropped = self.notes.iter().filter(|note| note.rule == Rule::Drop);
        dropped.map(|note| note.feature.as_str()).collect()
    }
}
