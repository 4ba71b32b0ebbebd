//! The last quarter of an hour in figures. Counters that are counted anyway are copied every few
//! seconds; nothing is asked of a call.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{AddAssign, Sub};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::metrics::{RouteFigures, Snapshot, TargetFigures, VERDICTS};

/// One column of a chart.
pub(super) const STEP: Duration = Duration::from_secs(5);
/// A quarter of an hour of them.
pub(super) const STEPS: usize = 180;

/// What was counted in each of the last steps.
#[derive(Debug)]
pub(crate) struct Figures(Mutex<Ring>);

#[derive(Debug)]
struct Ring {
    steps: VecDeque<Step>,
    last: Snapshot,
    at: Instant,
}

/// What came in a stretch of time; what stood still is left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub(super) took: Duration,
    pub(super) routes: BTreeMap<String, RouteFigures>,
    pub(super) targets: BTreeMap<String, TargetFigures>,
}

/// The quarter of an hour.
#[derive(Debug)]
pub(super) struct Window {
    /// The oldest first; the last one is not over.
    pub(super) steps: Vec<Step>,
    /// All of them together.
    pub(super) sum: Step,
}

impl Figures {
    pub(super) fn new(now: Instant) -> Self {
        Self(Mutex::new(Ring { steps: VecDeque::new(), last: Snapshot::default(), at: now }))
    }

    /// Ends the present step.
    pub(super) fn advance(&self, counted: Snapshot, now: Instant) {
        let mut ring = self.ring();
        let step = ring.since(&counted, now);
        if ring.steps.len() >= STEPS {
            ring.steps.pop_front();
        }
        ring.steps.push_back(step);
        (ring.last, ring.at) = (counted, now);
    }

    /// Everything up to these counters.
    pub(super) fn window(&self, counted: &Snapshot, now: Instant) -> Window {
        let ring = self.ring();
        let mut steps: Vec<Step> = ring.steps.iter().cloned().collect();
        steps.push(ring.since(counted, now));
        drop(ring);
        let mut sum = Step::default();
        for step in &steps {
            sum.took += step.took;
            add(&mut sum.routes, &step.routes);
            add(&mut sum.targets, &step.targets);
        }
        Window { steps, sum }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn since(&self, counted: &Snapshot, now: Instant) -> Step {
        Step {
            took: now.saturating_duration_since(self.at),
            routes: moved(&counted.routes, &self.last.routes),
            targets: moved(&counted.targets, &self.last.targets),
        }
    }
}

impl Step {
    /// Calls by how they ended, on all routes.
    pub(super) fn calls(&self) -> [u64; VERDICTS] {
        let mut all = [0; VERDICTS];
        for route in self.routes.values() {
            all.iter_mut().zip(route.calls).for_each(|(all, calls)| *all += calls);
        }
        all
    }
}

/// The differences that are not nothing.
fn moved<T>(now: &[(String, T)], before: &[(String, T)]) -> BTreeMap<String, T>
where
    T: Default + PartialEq,
    for<'a> &'a T: Sub<&'a T, Output = T>,
{
    let nothing = T::default();
    let differences = now.iter().map(|(name, figures)| {
        let old = before.binary_search_by(|(known, _)| known.cmp(name));
        let old = old.map_or(&nothing, |place| &before[place].1);
        (name, figures - old)
    });
    differences
        .filter(|(_, figures)| *figures != nothing)
        .map(|(name, figures)| (name.clone(), figures))
        .collect()
}

fn add<T>(sum: &mut BTreeMap<String, T>, more: &BTreeMap<String, T>)
where
    T: Default + for<'a> AddAssign<&'a T>,
{
    for (name, figures) in more {
        match sum.get_mut(name) {
            Some(sum) => *sum += figures,
            None => *sum.entry(name.clone()).or_default() += figures,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(served: u64, wasted_nanos: u64) -> Snapshot {
        let figures = RouteFigures { calls: [served, 0, 0, 0, 0], ..RouteFigures::default() };
        let wasted = TargetFigures { wasted_nanos, ..TargetFigures::default() };
        Snapshot { routes: vec![("a".into(), figures)], targets: vec![("t".into(), wasted)] }
    }

    #[test]
    fn a_step_holds_what_came_in_it_and_the_window_all_of_them() {
        let start = Instant::now();
        let figures = Figures::new(start);
        figures.advance(counted(3, 0), start + STEP);
        figures.advance(counted(3, 0), start + STEP * 2);
        let now = start + STEP * 2 + Duration::from_secs(1);
        let window = figures.window(&counted(8, 70), now);
        let served: Vec<u64> = window.steps.iter().map(|step| step.calls()[0]).collect();
        assert_eq!((served, window.sum.calls()[0]), (vec![3, 0, 5], 8));
        assert_eq!((window.sum.took, window.sum.targets["t"].wasted_nanos), (now - start, 70));
        assert!(window.steps[1].routes.is_empty(), "what stands still is left out");
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let start = Instant::now();
        let figures = Figures::new(start);
        for step in 1..=STEPS + 1 {
            let at = start + STEP * u32::try_from(step).unwrap_or(0);
            figures.advance(counted(if step == 1 { 9 } else { 10 }, 0), at);
        }
        let now = start + STEP * u32::try_from(STEPS + 1).unwrap_or(0);
        assert_eq!(figures.window(&counted(10, 0), now).sum.calls()[0], 1);
    }
}
