//! Where failures gather: one count for each target, kind and side of a call, against what the
//! same target did meanwhile for all other calls.
//!
//! Hours are strata. In each, what a cell would have had if it were like the others is what the
//! others of that hour had (drawn to the target's usual share as if by 20 attempts more), so that
//! an outage is not taken for a fault of whoever called most while it lasted.

use std::collections::BTreeMap;

use failsoft_journal::Name;

/// Cells of one target; routes and keys may be many.
const CELLS: usize = 200;
/// Kinds told apart at one target.
const KINDS: usize = 32;
/// Targets told apart.
const TARGETS: usize = 300;
/// What the usual share weighs beside the hour's own.
const USUAL: f64 = 20.0;
const HOUR: i64 = 3_600_000;

/// A side of a call that may explain a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    /// The hour of the day, in UTC.
    HourOfDay,
    /// Five minutes of the hour.
    Minutes,
    /// The prompt's length.
    Size,
    /// The route.
    Route,
    /// The key's fingerprint.
    Key,
    /// The client's dialect.
    Dialect,
}

/// One of the values of a side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Number(u8),
    Text(Name),
}

/// All attempts with this value.
pub(crate) type Cell = (Side, Value);

/// What was counted in a cell, and what would have been if it were like the others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Count {
    pub(crate) failures: f64,
    pub(crate) attempts: f64,
    pub(crate) expected: f64,
}

/// A cell over all hours, and over all but the two worst.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    pub(crate) all: Count,
    worst: [Count; 2],
    /// Hours with a failure.
    pub(crate) hours: u32,
    /// The first of them, in hours since 1970.
    pub(crate) first_hour: i64,
    /// The last.
    pub(crate) last_hour: i64,
}

/// An attempt, seen from all sides.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at_ms: i64,
    pub(crate) target: Name,
    pub(crate) kind: Option<Name>,
    pub(crate) cells: Vec<Cell>,
}

/// Counts of all targets.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    targets: BTreeMap<Name, Target>,
}

/// Counts of one target.
#[derive(Debug, Default)]
pub(crate) struct Target {
    open: BTreeMap<i64, Hour>,
    pub(crate) attempts: f64,
    pub(crate) kinds: BTreeMap<Name, Kind>,
}

/// Counts of one kind at it.
#[derive(Debug, Default)]
pub(crate) struct Kind {
    pub(crate) failures: f64,
    pub(crate) cells: BTreeMap<Cell, Sum>,
}

/// An hour that is not over: calls are told when they end.
#[derive(Debug, Default)]
struct Hour {
    attempts: f64,
    cells: BTreeMap<Cell, f64>,
    failures: BTreeMap<Name, (f64, BTreeMap<Cell, f64>)>,
}

impl Cells {
    pub(crate) fn add(&mut self, seen: Seen) {
        if self.targets.len() >= TARGETS && !self.targets.contains_key(&seen.target) {
            return;
        }
        self.targets.entry(seen.target.clone()).or_default().add(seen);
    }

    /// Closes all hours.
    pub(crate) fn close(mut self) -> BTreeMap<Name, Target> {
        for target in self.targets.values_mut() {
            while let Some((hour, counts)) = target.open.pop_first() {
                target.fold(hour, &counts);
            }
        }
        self.targets
    }
}

impl Target {
    fn add(&mut self, seen: Seen) {
        let hour = seen.at_ms.div_euclid(HOUR);
        // What comes later than two hours counts into the oldest hour still open.
        let newest = self.open.last_key_value().map_or(hour, |(newest, _)| (*newest).max(hour));
        let open = self.open.entry(hour.max(newest - 2)).or_default();
        open.attempts += 1.0;
        let known = |cells: &BTreeMap<Cell, f64>, cell: &Cell| {
            cells.len() < CELLS || cells.contains_key(cell)
        };
        for cell in &seen.cells {
            if known(&open.cells, cell) {
                *open.cells.entry(cell.clone()).or_default() += 1.0;
            }
        }
        if let Some(kind) = seen.kind {
            let (all, cells) = open.failures.entry(kind).or_default();
            *all += 1.0;
            for cell in seen.cells {
                if known(cells, &cell) {
                    *cells.entry(cell).or_default() += 1.0;
                }
            }
        }
        while self.open.first_key_value().is_some_and(|(hour, _)| *hour < newest - 2) {
            if let Some((hour, counts)) = self.open.pop_first() {
                self.fold(hour, &counts);
            }
        }
    }

    fn fold(&mut self, number: i64, hour: &Hour) {
        self.attempts += hour.attempts;
        for kind in hour.failures.keys() {
            if self.kinds.len() < KINDS {
                self.kinds.entry(kind.clone()).or_default();
            }
        }
        for (name, kind) in &mut self.kinds {
            let (failures, cells) =
                hour.failures.get(name).map_or((0.0, None), |(all, cells)| (*all, Some(cells)));
            kind.failures += failures;
            let usual = kind.failures / self.attempts.max(1.0);
            for (cell, attempts) in &hour.cells {
                if kind.cells.len() >= CELLS && !kind.cells.contains_key(cell) {
                    continue;
                }
                let of_cell = cells.and_then(|cells| cells.get(cell)).copied().unwrap_or(0.0);
                let others = (hour.attempts - attempts).max(0.0);
                let share = ((failures - of_cell).max(0.0) + USUAL * usual) / (others + USUAL);
                let count =
                    Count { failures: of_cell, attempts: *attempts, expected: attempts * share };
                kind.cells.entry(cell.clone()).or_default().add(number, count);
            }
        }
    }
}

impl Sum {
    fn add(&mut self, hour: i64, count: Count) {
        self.all = self.all.plus(count, 1.0);
        if count.failures > 0.0 {
            self.first_hour = if self.hours == 0 { hour } else { self.first_hour.min(hour) };
            self.last_hour = self.last_hour.max(hour);
            self.hours += 1;
        }
        if count.excess() > self.worst[0].excess() {
            self.worst = [count, self.worst[0]];
        } else if count.excess() > self.worst[1].excess() {
            self.worst[1] = count;
        }
    }

    /// The same, if so large a share had been expected in each hour.
    pub(crate) fn with_share(mut self, share: f64) -> Self {
        let expect = |count: &mut Count| count.expected = count.attempts * share;
        expect(&mut self.all);
        self.worst.iter_mut().for_each(expect);
        self
    }

    /// Without its one or two worst hours: what is left must speak for itself.
    pub(crate) fn without_worst(&self, hours: usize) -> Count {
        self.worst.iter().take(hours).fold(self.all, |sum, worst| sum.plus(*worst, -1.0))
    }
}

impl Count {
    pub(crate) fn plus(self, other: Self, times: f64) -> Self {
        Self {
            failures: self.failures + times * other.failures,
            attempts: self.attempts + times * other.attempts,
            expected: self.expected + times * other.expected,
        }
    }

    pub(crate) fn excess(&self) -> f64 {
        self.failures - self.expected
    }

    pub(crate) fn share(&self) -> f64 {
        if self.attempts > 0.0 { self.failures / self.attempts } else { 0.0 }
    }

    pub(crate) fn baseline(&self) -> f64 {
        if self.attempts > 0.0 { self.expected / self.attempts } else { 0.0 }
    }
}
