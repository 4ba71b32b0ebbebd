//! What was left out of a call, or made from something else.

use crate::neutral::{Feature, Note, Rule};

/// Notes, each feature once.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Note>);

impl Notes {
    /// The feature is made from something else.
    pub(super) fn emulated(&mut self, feature: Feature) {
        self.add(Note { feature, rule: Rule::Emulate });
    }

    /// The feature is left out.
    pub(super) fn dropped(&mut self, feature: Feature) {
        self.add(Note { feature, rule: Rule::Drop });
    }

    fn add(&mut self, note: Note) {
        match self.0.iter_mut().find(|known| known.feature == note.feature) {
            // A loss says more than an emulation.
            Some(known) if note.rule == Rule::Drop => *known = note,
            Some(_) => {}
            None => self.0.push(note),
        }
    }

    pub(super) fn into_vec(self) -> Vec<Note> {
        self.0
    }
}
