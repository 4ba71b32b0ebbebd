//! Records that wait one by one: two lanes, so that failures stay when healthy calls must go.

use std::collections::VecDeque;

use super::GROUP;
use super::entry::{Entry, Worth};

/// Records in the order they came.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// Calls with something to tell that no sheet has room for.
    healthy: VecDeque<Entry>,
    failed: VecDeque<Entry>,
}

impl Lanes {
    pub(super) fn len(&self) -> usize {
        self.healthy.len() + self.failed.len()
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.of(entry.worth).push_back(entry);
    }

    /// Puts in front again what was taken.
    pub(super) fn give_back(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            self.of(entry.worth).push_front(entry);
        }
    }

    /// Drops the oldest healthy call, if there is one.
    pub(super) fn drop_healthy(&mut self) -> bool {
        self.healthy.pop_front().is_some()
    }

    /// Drops the youngest of those that failed.
    pub(super) fn drop_youngest(&mut self) {
        self.failed.pop_back();
    }

    /// Drops everything; how many healthy ones, and others.
    pub(super) fn clear(&mut self) -> (usize, usize) {
        let Self { healthy, failed } = std::mem::take(self);
        (healthy.len(), failed.len())
    }

    /// The oldest of both lanes, at most a group.
    pub(super) fn take(&mut self) -> Self {
        let (healthy, failed) = self.oldest();
        Self { healthy: first(&mut self.healthy, healthy), failed: first(&mut self.failed, failed) }
    }

    /// How many of each lane are the oldest of all.
    fn oldest(&self) -> (usize, usize) {
        if self.len() <= GROUP {
            return (self.healthy.len(), self.failed.len());
        }
        let (mut healthy, mut failed) = (0, 0);
        while healthy + failed < GROUP {
            let number =
                |lane: &VecDeque<Entry>, place| lane.get(place).map_or(u64::MAX, |e| e.number);
            if number(&self.healthy, healthy) < number(&self.failed, failed) {
                healthy += 1;
            } else {
                failed += 1;
            }
        }
        (healthy, failed)
    }

    /// All of them in one row.
    pub(super) fn in_order(mut self) -> Vec<Entry> {
        if self.failed.is_empty() {
            return self.healthy.into();
        }
        let mut group = Vec::with_capacity(self.len());
        let number = |lane: &VecDeque<Entry>| lane.front().map_or(u64::MAX, |entry| entry.number);
        loop {
            let is_next = number(&self.healthy) < number(&self.failed);
            let lane = if is_next { &mut self.healthy } else { &mut self.failed };
            let Some(entry) = lane.pop_front() else { return group };
            group.push(entry);
        }
    }

    #[cfg(test)]
    pub(super) fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> =
            self.healthy.iter().chain(&self.failed).map(|entry| entry.number).collect();
        numbers.sort_unstable();
        numbers
    }

    #[cfg(test)]
    pub(super) fn has_healthy(&self) -> bool {
        !self.healthy.is_empty()
    }

    fn of(&mut self, worth: Worth) -> &mut VecDeque<Entry> {
        match worth {
            Worth::Healthy => &mut self.healthy,
            Worth::Failed => &mut self.failed,
        }
    }
}

/// Takes the first so many; all of them without touching any.
fn first(lane: &mut VecDeque<Entry>, count: usize) -> VecDeque<Entry> {
    if count == lane.len() {
        let room = if count == 0 { 0 } else { GROUP };
        return std::mem::replace(lane, VecDeque::with_capacity(room));
    }
    let rest = lane.split_off(count);
    std::mem::replace(lane, rest)
}
