//! Ids of tool calls.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::super::names;

/// Ids in the dialect's alphabet, no two calls under the same.
#[derive(Debug, Default)]
pub(super) struct Ids<'a> {
    current: HashMap<&'a str, Cow<'a, str>>,
    used: HashSet<Cow<'a, str>>,
    /// How often an id was tried.
    counts: HashMap<&'a str, usize>,
}

impl<'a> Ids<'a> {
    pub(super) fn of_call(&mut self, id: &'a str) -> Cow<'a, str> {
        let mut fit = names::id(id);
        let count = self.counts.entry(id).or_insert(1);
        while !self.used.insert(fit.clone()) {
            *count += 1;
            fit = Cow::Owned(format!("{}_{count}", names::id(id)));
        }
        self.current.insert(id, fit.clone());
        fit
    }

    pub(super) fn of_result(&self, id: &'a str) -> Cow<'a, str> {
        self.current.get(id).cloned().unwrap_or_else(|| names::id(id))
    }
}
