//! Who serves whom: routes and their targets, targets and their providers, keys and their limits,
//! breakers and how often they open, as far as the record tells.

use std::collections::{BTreeMap, VecDeque};

use failsoft_journal::{Name, Recorded, StateRow, TargetRow};

use crate::report::tally::ended_ms;

/// Names of each sort told apart.
const NAMES: usize = 300;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Below so many a minute a quota would only be in the way.
const WORTH_HOLDING: u64 = 5;
/// Openings of a breaker remembered.
const OPENINGS: usize = 64;

/// What is known of the house around the failures.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    /// Attempts by route and target.
    pub(crate) routes: BTreeMap<Name, BTreeMap<Name, u64>>,
    /// Targets by what they are.
    pub(crate) targets: BTreeMap<Name, TargetSeen>,
    /// Keys by provider entry and fingerprint.
    pub(crate) keys: BTreeMap<(Name, Name), KeySeen>,
    /// Breakers by target.
    pub(crate) breakers: BTreeMap<Name, BreakerSeen>,
    /// Attempts a budget refused, by what they were to be.
    pub(crate) budget_dry: BTreeMap<Name, u64>,
}

/// A target.
#[derive(Debug, Default)]
pub(crate) struct TargetSeen {
    pub(crate) provider: Name,
    pub(crate) attempts: u64,
    pub(crate) succeeded: u64,
    pub(crate) judged: u64,
    pub(crate) late: u64,
}

/// A key.
#[derive(Debug, Default)]
pub(crate) struct KeySeen {
    pub(crate) attempts: u64,
    pub(crate) limited: u64,
    /// Calls it was closed to because its quota was used up.
    pub(crate) barred: u64,
    minute: i64,
    went_through: u64,
    was_limited: bool,
    /// Of minutes with a refusal: how many, and how many attempts went through in all of them.
    full: (u64, u64),
    /// The same of minutes without.
    free: (u64, u64),
}

/// A breaker.
#[derive(Debug, Default)]
pub(crate) struct BreakerSeen {
    openings: VecDeque<i64>,
    /// The most openings within an hour.
    pub(crate) most: u64,
    /// When that was.
    pub(crate) at_ms: i64,
}

impl Scene {
    pub(crate) fn call(&mut self, recorded: &Recorded) {
        for attempt in &recorded.attempts {
            let Some(target) = &attempt.target else { continue };
            if let Some(targets) = room(&mut self.routes, &recorded.call.route) {
                room(targets, &target.name).into_iter().for_each(|count| *count += 1);
            }
            let outcome = attempt.outcome.as_deref();
            if let Some(seen) = room(&mut self.targets, &target.name) {
                seen.provider = target.provider.clone();
                seen.attempts += 1;
                seen.succeeded += u64::from(outcome == Some("succeeded"));
            }
            let limited = attempt.kind.as_deref() == Some("rate_limited");
            if let Some(key) = self.key(target) {
                let minute = ended_ms(recorded, attempt).div_euclid(MINUTE);
                key.ended(minute, outcome == Some("succeeded"), limited);
            }
        }
        for step in &recorded.steps {
            match (&*step.what, step.reason.as_deref()) {
                ("refused", Some("budget")) => {
                    let why = step.why.clone().unwrap_or_default();
                    *self.budget_dry.entry(why).or_default() += 1;
                }
                ("barred", Some("quota")) => {
                    let key = step.target.as_ref().and_then(|target| self.key(target));
                    key.into_iter().for_each(|key| key.barred += 1);
                }
                _ => {}
            }
        }
    }

    pub(crate) fn judged(&mut self, target: &Name, late: bool) {
        if let Some(seen) = self.targets.get_mut(target) {
            seen.judged += 1;
            seen.late += u64::from(late);
        }
    }

    pub(crate) fn state(&mut self, state: &StateRow) {
        // A probe that fails opens it again too; that is its work, not flapping.
        let opens = &*state.what == "breaker"
            && state.from_state.as_deref() == Some("closed")
            && state.to_state.as_deref() == Some("open");
        let Some(target) = state.target.as_ref().filter(|_| opens) else { return };
        if let Some(breaker) = room(&mut self.breakers, &target.name) {
            breaker.opened(state.at_ms);
        }
    }

    /// The route that uses a target most.
    pub(crate) fn route_of(&self, target: &str) -> Option<&Name> {
        let uses = |targets: &BTreeMap<Name, u64>| targets.get(target).copied().unwrap_or(0);
        let (route, targets) = self.routes.iter().max_by_key(|(_, targets)| uses(targets))?;
        (uses(targets) > 0 && !route.is_empty()).then_some(route)
    }

    /// Targets a route uses, the most used first.
    pub(crate) fn targets_of(&self, route: &str) -> Vec<&Name> {
        let mut targets: Vec<_> = self.routes.get(route).into_iter().flatten().collect();
        targets.sort_by_key(|(_, attempts)| std::cmp::Reverse(**attempts));
        targets.into_iter().map(|(name, _)| name).collect()
    }

    /// The target that answers best of those a route does not use, of another provider entry: one
    /// that answers more often than not, and that says itself which model it asks for.
    pub(crate) fn stand_in(&self, route: &str, provider: &str) -> Option<&Name> {
        let used = self.targets_of(route);
        let share = |seen: &TargetSeen| seen.succeeded * 1_000 / seen.attempts.max(1);
        self.targets
            .iter()
            .filter(|(name, seen)| &*seen.provider != provider && !used.contains(name))
            .filter(|(name, seen)| !is_any_model(name) && share(seen) > 500)
            .max_by_key(|(_, seen)| share(seen))
            .map(|(name, _)| name)
    }

    /// The provider entry of a target.
    pub(crate) fn provider_of(&self, target: &str) -> Name {
        let named = self.targets.get(target).map(|seen| seen.provider.clone());
        named.unwrap_or_else(|| target.split('/').next().unwrap_or_default().into())
    }

    fn key(&mut self, target: &TargetRow) -> Option<&mut KeySeen> {
        let key = (target.provider.clone(), target.credential.clone());
        if self.keys.len() >= NAMES && !self.keys.contains_key(&key) {
            return None;
        }
        Some(self.keys.entry(key).or_default())
    }
}

impl KeySeen {
    fn ended(&mut self, minute: i64, succeeded: bool, limited: bool) {
        self.attempts += 1;
        self.limited += u64::from(limited);
        if minute > self.minute {
            let minutes = if self.was_limited { &mut self.full } else { &mut self.free };
            *minutes = (minutes.0 + 1, minutes.1 + self.went_through);
            (self.minute, self.went_through, self.was_limited) = (minute, 0, false);
        }
        self.went_through += u64::from(succeeded);
        self.was_limited |= limited;
    }

    /// How many attempts a minute went through while others were refused; `None` if that is less
    /// than usual, since then it is not their number that is refused.
    pub(crate) fn a_minute(&self) -> Option<u64> {
        let average = |(minutes, went_through): (u64, u64)| went_through / minutes.max(1);
        let rate = average(self.full);
        (self.full.0 > 0 && rate >= average(self.free).max(WORTH_HOLDING)).then_some(rate)
    }
}

impl BreakerSeen {
    fn opened(&mut self, at_ms: i64) {
        while self.openings.front().is_some_and(|first| at_ms.saturating_sub(*first) > HOUR)
            || self.openings.len() == OPENINGS
        {
            self.openings.pop_front();
        }
        self.openings.push_back(at_ms);
        if self.openings.len() as u64 > self.most {
            self.most = self.openings.len() as u64;
            self.at_ms = self.openings[0];
        }
    }
}

/// Whether a route or a target asks a provider entry for whatever model the client names.
pub(crate) fn is_any_model(name: &str) -> bool {
    name.ends_with("/*")
}

fn room<'a, T: Default>(rows: &'a mut BTreeMap<Name, T>, name: &Name) -> Option<&'a mut T> {
    if rows.len() >= NAMES && !rows.contains_key(name) {
        return None;
    }
    Some(rows.entry(name.clone()).or_default())
}
