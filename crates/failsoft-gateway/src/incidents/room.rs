//! What is known of failures now, and who is told of it. Time is an argument here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use failsoft_engine::{Event, FailureKind, Moment, Outcome, Verdict};
use failsoft_journal::{AttemptFacts, CallRecord, Name};
use failsoft_report::{Incident, Incidents as Fold, Sighting, Turn};

use super::book::Book;
use super::losses::Losses;
use super::{Heard, IncidentView};
use crate::alerts::{Alerts, Matter, Subject};

/// Closed incidents that are remembered.
const CLOSED: usize = 100;

/// Failures so long ago are no part of what begins now.
const FORGOTTEN_MS: i64 = 15 * 60_000;

/// What failed attempts cost, and when the last of them ended.
#[derive(Debug, Default)]
struct Cost {
    nanos: u64,
    last_ms: i64,
}

/// What is known of failures now.
pub(crate) struct Room {
    fold: Fold,
    losses: Losses,
    closed: VecDeque<Incident>,
    turns: Vec<Turn>,
    /// What failed attempts cost, by target and kind, while these may be an incident.
    costs: BTreeMap<(Name, Name), Cost>,
    names: BTreeSet<Name>,
    alerts: Arc<Alerts>,
}

impl Room {
    pub(crate) fn new(alerts: Arc<Alerts>) -> Self {
        Self {
            fold: Fold::default(),
            losses: Losses::default(),
            closed: VecDeque::new(),
            turns: Vec::new(),
            costs: BTreeMap::new(),
            names: BTreeSet::new(),
            alerts,
        }
    }

    pub(crate) fn hear(&mut self, heard: Heard, now_ms: i64) {
        match heard {
            Heard::Ended(call) => self.ended(&call),
            Heard::KeyDisabled { target, credential, kind, lasting } => {
                let lasting = i64::try_from(lasting.as_millis()).unwrap_or(i64::MAX);
                let matter = Matter {
                    subject: Subject::Key { target, credential },
                    failure: self.name(kind.as_str()),
                    since_ms: now_ms,
                    until_ms: now_ms.saturating_add(lasting),
                    failures: 0,
                    attempts: 0,
                    lost: 0,
                    cost_nanos: None,
                };
                self.alerts.stands(&matter, now_ms);
            }
        }
    }

    /// Folds what was counted, lets time pass, and tells who is to be told.
    pub(crate) fn tick(&mut self, book: &Book, now_ms: i64) -> Vec<Turn> {
        for (target, successes) in book.collect() {
            self.turns.extend(self.fold.succeeded(&target, now_ms, successes));
        }
        self.turns.extend(self.fold.pass(now_ms));
        let turns = std::mem::take(&mut self.turns);
        let open: Vec<Matter> = self
            .fold
            .open()
            .map(|incident| self.matter(incident))
            .chain(self.losses.open())
            .collect();
        for turn in &turns {
            if let Turn::Closed(incident) = turn {
                let matter = self.matter(incident);
                // One that came and went between two ticks is told from its beginning.
                self.alerts.stands(&matter, now_ms);
                self.alerts.over(&matter, now_ms);
                self.costs.remove(&(Arc::clone(&incident.target), Arc::clone(&incident.kind)));
                self.closed.push_front(incident.clone());
                self.closed.truncate(CLOSED);
            }
        }
        open.iter().for_each(|matter| self.alerts.stands(matter, now_ms));
        self.forget_costs(now_ms);
        for matter in self.losses.pass(now_ms) {
            self.alerts.stands(&matter, now_ms);
            self.alerts.over(&matter, now_ms);
        }
        turns
    }

    pub(crate) fn view(&self) -> IncidentView {
        IncidentView {
            open: self.fold.open().cloned().collect(),
            closed: self.closed.iter().cloned().collect(),
        }
    }

    fn ended(&mut self, call: &CallRecord) {
        let lost = call.events.iter().rev().find_map(|(at, event)| {
            let Event::CallEnded { verdict, .. } = event else { return None };
            Some((*at, lost(*verdict)?))
        });
        let fatal = call.events.iter().rposition(|(_, event)| failure(event).is_some());
        for (place, (at, event)) in call.events.iter().enumerate() {
            let Event::AttemptEnded { attempt, target, outcome, .. } = event else { continue };
            let kind = match outcome {
                Outcome::Succeeded(_) => None,
                Outcome::Failed(failure) => Some(self.name(failure.kind.as_str())),
                Outcome::Cancelled { .. } => continue,
            };
            let Some(target) = call.names.targets.get(usize::from(target.0)) else { continue };
            let target = self.name(&target.name);
            if let Some(kind) = &kind {
                let facts = call.attempts.iter().find(|facts| facts.ordinal == attempt.ordinal);
                self.spent((&target, kind), facts.and_then(cost), wall(call, *at));
            }
            let lost = lost.is_some() && fatal == Some(place);
            let seen = Sighting { at_ms: wall(call, *at), target, kind, lost };
            self.turns.extend(self.fold.observe(&seen));
        }
        if let Some((at, kind)) = lost
            && !kind.is_callers_fault()
        {
            let route = self.name(route(call));
            let kind = self.name(kind.as_str());
            self.losses.lost(route, kind, wall(call, at));
        }
    }

    /// What failed long ago and became no incident belongs to none.
    fn forget_costs(&mut self, now_ms: i64) {
        let open: Vec<&Incident> = self.fold.open().collect();
        self.costs.retain(|(target, kind), cost| {
            now_ms.saturating_sub(cost.last_ms) < FORGOTTEN_MS
                || open.iter().any(|open| open.target == *target && open.kind == *kind)
        });
    }

    fn spent(&mut self, (target, kind): (&Name, &Name), cost: Option<u64>, at_ms: i64) {
        if let Some(cost) = cost {
            let sum = self.costs.entry((Arc::clone(target), Arc::clone(kind))).or_default();
            sum.nanos = sum.nanos.saturating_add(cost);
            sum.last_ms = sum.last_ms.max(at_ms);
        }
    }

    fn matter(&self, incident: &Incident) -> Matter {
        let Incident { target, kind, since_ms, until_ms, failures, attempts, lost } = incident;
        let subject = Subject::Incident { target: Arc::clone(target), failure: Arc::clone(kind) };
        Matter {
            subject,
            failure: Arc::clone(kind),
            since_ms: *since_ms,
            until_ms: *until_ms,
            failures: *failures,
            attempts: *attempts,
            lost: *lost,
            cost_nanos: self
                .costs
                .get(&(Arc::clone(target), Arc::clone(kind)))
                .map(|cost| cost.nanos),
        }
    }

    /// The same text once.
    fn name(&mut self, text: &str) -> Name {
        if let Some(known) = self.names.get(text) {
            return Arc::clone(known);
        }
        let name: Name = text.into();
        self.names.insert(Arc::clone(&name));
        name
    }
}

#[cfg(test)]
impl Room {
    pub(super) fn lost(&self) -> Vec<Matter> {
        self.losses.open().collect()
    }

    pub(super) fn cost(&self, target: &str, kind: &str) -> Option<u64> {
        Some(self.costs.get(&(target.into(), kind.into()))?.nanos)
    }
}

fn failure(event: &Event) -> Option<FailureKind> {
    if let Event::AttemptEnded { outcome: Outcome::Failed(failure), .. } = event {
        Some(failure.kind)
    } else {
        None
    }
}

/// Why a call got no real answer; `None` if it got one, or nobody waited for it.
fn lost(verdict: Verdict) -> Option<FailureKind> {
    match verdict {
        Verdict::Failed { kind, .. } | Verdict::Degraded { kind } => Some(kind),
        Verdict::Served { .. } | Verdict::Resumed { .. } | Verdict::Cancelled => None,
    }
}

fn route(call: &CallRecord) -> &str {
    let route = call.events.iter().find_map(|(_, event)| {
        let Event::CallStarted { route, .. } = event else { return None };
        Some(*route)
    });
    let name = route.and_then(|route| call.names.routes.get(usize::from(route.0)));
    name.map_or("?", String::as_str)
}

fn wall(call: &CallRecord, at: Moment) -> i64 {
    let since: Duration = at.since(call.stamp.moment);
    let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    call.stamp.unix_millis.saturating_add(since)
}

/// In billionths of a US dollar, where tokens and price are known.
fn cost(facts: &AttemptFacts) -> Option<u64> {
    let (usage, price) = (facts.usage?, facts.price?);
    let part = |price: u64, tokens: u32| u128::from(price) * u128::from(tokens);
    // Prices are millionths of a dollar for a million tokens.
    u64::try_from((part(price.input, usage.input) + part(price.output, usage.output)) / 1000).ok()
}
