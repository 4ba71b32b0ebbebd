//! Counting: how many were read as expected, and how the others were read.

use std::collections::BTreeMap;

/// Read and expected, with a reason for every miss.
#[derive(Default)]
pub(crate) struct Score {
    groups: BTreeMap<String, (usize, usize)>,
    confusion: BTreeMap<(String, String), usize>,
    misses: Vec<String>,
}

impl Score {
    pub(crate) fn count(&mut self, group: &str, expected: &str, got: &str, miss: Option<String>) {
        let counts = self.groups.entry(group.to_owned()).or_default();
        counts.1 += 1;
        counts.0 += usize::from(miss.is_none());
        *self.confusion.entry((expected.to_owned(), got.to_owned())).or_default() += 1;
        self.misses.extend(miss);
    }

    pub(crate) fn total(&self) -> (usize, usize) {
        self.groups.values().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
    }

    pub(crate) fn percent(&self) -> f64 {
        let (right, all) = self.total();
        f64::from(u32::try_from(right).unwrap()) * 100.0
            / f64::from(u32::try_from(all.max(1)).unwrap())
    }

    pub(crate) fn print(&self, title: &str) {
        let (right, all) = self.total();
        println!("\n== {title}: {right} of {all} = {:.2} %", self.percent());
        for (group, (right, all)) in &self.groups {
            println!("   {group:<14} {right:>3} of {all:>3}");
        }
        println!("   expected -> got");
        for ((expected, got), count) in &self.confusion {
            println!("   {count:>4}  {expected} -> {got}");
        }
        for miss in &self.misses {
            println!("   MISS {miss}");
        }
    }
}
