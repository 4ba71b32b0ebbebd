//! Counting: how many were read as expected, and how the others were read.

use std::collections::{BTreeMap, BTreeSet};

/// Read and expected, with a reason for every miss.
#[derive(Default)]
pub(crate) struct Score {
    groups: BTreeMap<String, (usize, usize)>,
    confusion: BTreeMap<(String, String), usize>,
    /// By what was read, e.g. a row's id.
    misses: Vec<(String, String)>,
}

impl Score {
    pub(crate) fn count(
        &mut self,
        (group, name): (&str, &str),
        expected: &str,
        got: &str,
        miss: Option<String>,
    ) {
        let counts = self.groups.entry(group.to_owned()).or_default();
        counts.1 += 1;
        counts.0 += usize::from(miss.is_none());
        *self.confusion.entry((expected.to_owned(), got.to_owned())).or_default() += 1;
        self.misses.extend(miss.map(|miss| (name.to_owned(), miss)));
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
        self.print_confusion();
    }

    /// A line for each expected meaning, a column for each that was read.
    fn print_confusion(&self) {
        let expected: BTreeSet<&str> = self.confusion.keys().map(|it| it.0.as_str()).collect();
        let got: BTreeSet<&str> = self.confusion.keys().map(|it| it.1.as_str()).collect();
        println!("   expected (lines) and got (columns)");
        for (number, name) in got.iter().enumerate() {
            println!("   {:width$}{name}", "", width = 26 + 5 * number);
        }
        for line in expected {
            print!("   {line:<24}");
            for column in &got {
                let key = (line.to_owned(), (*column).to_owned());
                match self.confusion.get(&key) {
                    Some(count) => print!("{count:>5}"),
                    None => print!("    ."),
                }
            }
            println!();
        }
    }

    /// Prints every miss with its reason; one without a reason is a failure of the test.
    pub(crate) fn explain(&self, reasons: &[(&str, &str)]) {
        for (name, miss) in &self.misses {
            let reason = reasons.iter().find(|(it, _)| it == name).map(|(_, why)| *why);
            println!("   MISS {miss}\n        {}", reason.unwrap_or("UNEXPLAINED"));
        }
        let unexplained: Vec<&String> = self
            .misses
            .iter()
            .filter(|(name, _)| !reasons.iter().any(|(it, _)| it == name))
            .map(|(_, miss)| miss)
            .collect();
        assert!(unexplained.is_empty(), "{unexplained:#?}");
        let named = |name: &str| self.misses.iter().any(|(it, _)| it == name);
        let stale: Vec<_> = reasons.iter().filter(|(name, _)| !named(name)).collect();
        assert!(stale.is_empty(), "these are no misses any more: {stale:#?}");
    }
}
