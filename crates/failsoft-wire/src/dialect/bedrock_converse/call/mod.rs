//! Calls, read and written.

mod decode;
mod encode;
mod options;
mod plan;
mod tools;

pub(crate) use decode::decode_call;
pub(crate) use encode::encode_call;

use crate::neutral::{Feature, Note, Rule};

/// What was left out or made from something else, each feature once.
#[derive(Debug, Default)]
struct Notes(Vec<Note>);

impl Notes {
    fn add(&mut self, feature: Feature, rule: Rule) {
        if self.0.iter().all(|note| note.feature != feature) {
            self.0.push(Note { feature, rule });
        }
    }

    fn add_if(&mut self, feature: Feature, rule: Rule, is_so: bool) {
        if is_so {
            self.add(feature, rule);
        }
    }
}

/// Whether the service takes this as a tool's name.
#[cfg(test)]
pub(super) fn fits(name: &str) -> bool {
    tools::is_name(name)
}
