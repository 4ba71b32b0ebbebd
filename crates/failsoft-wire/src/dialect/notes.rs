//! What was left out of a call, or made from something else: each feature once.

use crate::neutral::{Feature, Note, Rule};

/// Notes of one call.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    /// The feature is made from something else.
    pub(crate) fn emulated(&mut self, feature: Feature) {
        if self.0.iter().all(|known| known.feature != feature) {
            self.0.push(Note { feature, rule: Rule::Emulate });
        }
    }

    /// The feature is left out, which says more than that it was made from something else.
    pub(crate) fn dropped(&mut self, feature: Feature) {
        let note = Note { feature, rule: Rule::Drop };
        match self.0.iter_mut().find(|known| known.feature == feature) {
            Some(known) => *known = note,
            None => self.0.push(note),
        }
    }

    /// The feature is made from something else, if that is so.
    pub(crate) fn emulated_if(&mut self, feature: Feature, is_so: bool) {
        if is_so {
            self.emulated(feature);
        }
    }

    /// The feature is left out, if that is so.
    pub(crate) fn dropped_if(&mut self, feature: Feature, is_so: bool) {
        if is_so {
            self.dropped(feature);
        }
    }

    /// As they go into the record.
    pub(crate) fn into_vec(self) -> Vec<Note> {
        self.0
    }
}
