//! Which cells stand out, and the largest statement that is true of them.
//!
//! A cell stands out when at least 10 more attempts failed in it than would have if it were like
//! the others; when these are at least 2 % of its attempts and 3 times what was expected; and when
//! that is no accident: one-sided binomial test, chance below 0.001 over all cells looked at
//! together (Bonferroni). It must hold without the cell's worst hour too, and for times of day
//! and of the hour without its two worst, in at least three: once is an incident, no pattern.

use std::collections::BTreeMap;

use failsoft_journal::Name;

use crate::cells::{Cell, Count, Side, Sum, Target, Value};
use crate::chance::at_least;
use crate::size;

/// The chance of even one false claim in a report.
pub(crate) const CHANCE: f64 = 0.001;
/// What is less than this is not worth telling.
const EXCESS: f64 = 10.0;
const SHARE: f64 = 0.02;
const TIMES: f64 = 3.0;
/// Attempts the others must have for a comparison.
const OTHERS: f64 = 50.0;

/// Cells of one side at one target that stand out together.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) target: Name,
    pub(crate) kind: Name,
    pub(crate) side: Side,
    /// The values, in order.
    pub(crate) values: Vec<Value>,
    pub(crate) count: Count,
    /// The share of failures among the target's attempts outside of it.
    pub(crate) others: f64,
    /// The least likely of its cells, before the correction.
    pub(crate) chance: f64,
    /// Cells looked at in the whole report.
    pub(crate) tested: usize,
    pub(crate) first_hour: i64,
    pub(crate) last_hour: i64,
}

/// What stands out: of each target and kind the side that explains most.
pub(crate) fn find(targets: &BTreeMap<Name, Target>) -> Vec<Pattern> {
    let tested = targets.values().flat_map(|target| target.kinds.values()).map(candidates).sum();
    let mut found = Vec::new();
    for (name, target) in targets {
        for (kind, counted) in &target.kinds {
            let mut sides: BTreeMap<Side, Pattern> = BTreeMap::new();
            for (cell, sum) in &counted.cells {
                let sum = against_others(cell, sum, (target.attempts, counted.failures));
                let Some(chance) = stands_out(cell.0, &sum, tested) else { continue };
                if target.attempts - sum.all.attempts < OTHERS {
                    continue;
                }
                let pattern = sides.entry(cell.0).or_insert_with(|| Pattern {
                    target: name.clone(),
                    kind: kind.clone(),
                    side: cell.0,
                    values: Vec::new(),
                    count: Count::default(),
                    others: 0.0,
                    chance: 1.0,
                    tested,
                    first_hour: sum.first_hour,
                    last_hour: sum.last_hour,
                });
                pattern.values.push(cell.1.clone());
                pattern.count = pattern.count.plus(sum.all, 1.0);
                pattern.chance = pattern.chance.min(chance);
                pattern.first_hour = pattern.first_hour.min(sum.first_hour);
                pattern.last_hour = pattern.last_hour.max(sum.last_hour);
            }
            let best = sides.into_values().max_by(|a, b| weight(a).total_cmp(&weight(b)));
            found.extend(best.map(|pattern| {
                let failures = (counted.failures - pattern.count.failures).max(0.0);
                let attempts = target.attempts - pattern.count.attempts;
                Pattern { others: failures / attempts.max(1.0), ..pattern }
            }));
        }
    }
    found
}

/// How well a pattern explains: what it explains, more of it the fewer attempts it needs to.
fn weight(pattern: &Pattern) -> f64 {
    pattern.count.excess() * pattern.count.share().sqrt()
}

fn candidates(kind: &crate::cells::Kind) -> usize {
    kind.cells.values().filter(|sum| sum.all.failures >= EXCESS).count()
}

/// The hours of a day have no others in the same hour: they are held against the other hours.
fn against_others(cell: &Cell, sum: &Sum, (attempts, failures): (f64, f64)) -> Sum {
    if cell.0 != Side::HourOfDay {
        return *sum;
    }
    let others = (attempts - sum.all.attempts).max(1.0);
    sum.with_share((failures - sum.all.failures).max(0.0) / others)
}

fn stands_out(side: Side, sum: &Sum, tested: usize) -> Option<f64> {
    let (worst, hours) = match side {
        Side::HourOfDay | Side::Minutes => (2, 3),
        Side::Size | Side::Route | Side::Key | Side::Dialect => (1, 2),
    };
    let rest = sum.without_worst(worst);
    let large = sum.all.excess() >= EXCESS
        && sum.all.share() >= SHARE
        && sum.all.failures >= TIMES * sum.all.expected;
    let lasting = sum.hours >= hours && rest.failures >= TIMES * rest.expected;
    let chance = chance(&sum.all).max(chance(&rest));
    (large && lasting && chance * tested as f64 <= CHANCE).then_some(chance)
}

fn chance(count: &Count) -> f64 {
    // Where nothing at all was expected, half a failure is.
    let share = (count.expected.max(0.5) / count.attempts.max(1.0)).min(1.0);
    at_least(count.failures.max(0.0) as u64, count.attempts.max(0.0) as u64, share)
}

impl Pattern {
    /// Where it is, in words.
    pub(crate) fn place(&self) -> String {
        let numbers: Vec<u8> = self
            .values
            .iter()
            .filter_map(|value| match value {
                Value::Number(number) => Some(*number),
                Value::Text(_) => None,
            })
            .collect();
        let runs = runs(&numbers);
        let said = |say: &dyn Fn(u8, u8) -> String| {
            runs.iter().map(|(from, to)| say(*from, *to)).collect::<Vec<_>>().join(", ")
        };
        let texts = |what: &str| {
            let names: Vec<&str> = self.texts().collect();
            format!("{what}{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
        };
        match self.side {
            Side::HourOfDay => {
                said(&|from, to| format!("{from:02}:00 to {:02}:00 UTC each day", (to + 1) % 24))
            }
            Side::Minutes => {
                said(&|from, to| format!("minutes {} to {} of each hour", from * 5, (to + 1) * 5))
            }
            Side::Size => said(&size::said),
            Side::Route => texts("route"),
            Side::Key => texts("key"),
            Side::Dialect => texts("client dialect"),
        }
    }

    /// Values that are names.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|value| match value {
            Value::Text(name) => Some(&**name),
            Value::Number(_) => None,
        })
    }
}

/// Numbers that follow each other, from the first to the last.
fn runs(numbers: &[u8]) -> Vec<(u8, u8)> {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::{Cells, Seen};

    /// Hour by hour: attempts of route `batch` and of `chat`, each with how many of them fail.
    fn found(hours: &[[(u32, u32); 2]]) -> usize {
        let mut cells = Cells::default();
        for (hour, routes) in (0..).zip(hours) {
            for (route, (attempts, failures)) in ["batch", "chat"].into_iter().zip(routes) {
                for number in 0..*attempts {
                    cells.add(Seen {
                        at_ms: hour * 3_600_000,
                        target: "aurora/large".into(),
                        kind: (number < *failures).then(|| "overloaded".into()),
                        cells: vec![(Side::Route, Value::Text(route.into()))],
                    });
                }
            }
        }
        find(&cells.close()).len()
    }

    #[test]
    fn once_is_no_pattern() {
        let (quiet, bad) = ([(40, 0), (100, 0)], [(40, 30), (100, 0)]);
        assert_eq!(found(&[quiet, bad, quiet, quiet]), 0);
        assert_eq!(found(&[quiet, bad, quiet, bad]), 1);
    }

    #[test]
    fn an_outage_is_no_fault_of_whoever_called_most_meanwhile() {
        let (quiet, out) = ([(10, 0), (3_000, 0)], [(400, 320), (100, 80)]);
        assert_eq!(found(&[quiet, quiet, out, quiet, out, quiet, quiet, out, quiet, quiet]), 0);
    }

    #[test]
    fn the_more_cells_are_looked_at_the_less_is_chance_believed() {
        let mut sum = Sum::default();
        (sum.hours, sum.all) = (3, Count { failures: 15.0, attempts: 500.0, expected: 5.0 });
        assert!(stands_out(Side::Route, &sum, 1).is_some());
        assert!(stands_out(Side::Route, &sum, 10).is_none());
    }
}
