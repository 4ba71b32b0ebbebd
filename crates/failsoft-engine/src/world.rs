//! What all calls share: targets, budgets, credentials, and the settings in force.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::call::{Attempt, Call};
use crate::feeds::{GateFed, SILENT, SUCCEEDED, feeds, used_by, used_in_vain, used_till_then};
use crate::fit::{Common, Demand, TooLong};
use crate::policy::{Change, Purse, Report, Waited};
use crate::random::{Purpose, Random, Subject};
use crate::target::{Disabled, Gate, Sample, TargetCell, Told};
use crate::turn::Place;
use crate::{
    BreakerChange, Delivery, DisabledScope, Event, Failure, FailureKind, Grounds, Measure, Moment,
    Route, Settings, Step, Target, TargetId, Usage, Why,
};

/// One version of the settings, and where the state of its targets and routes is kept. A call
/// holds on to the version it came in on.
#[derive(Debug)]
pub(crate) struct Book {
    /// Which version; credentials of another version are other credentials.
    pub(crate) epoch: u64,
    pub(crate) settings: Arc<Settings>,
    cells: Vec<usize>,
    purses: Vec<usize>,
    commons: Vec<Common>,
}

impl Book {
    pub(crate) fn target(&self, id: TargetId) -> Option<&Target> {
        self.settings.targets.get(usize::from(id.0))
    }

    pub(crate) fn cell(&self, id: TargetId) -> Option<usize> {
        self.cells.get(usize::from(id.0)).copied()
    }

    pub(crate) fn purse(&self, route: usize) -> Option<usize> {
        self.purses.get(route).copied()
    }

    pub(crate) fn common(&self, route: usize) -> Option<&Common> {
        self.commons.get(route)
    }
}

impl Hash for Book {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.epoch.hash(state);
    }
}

/// The shared state.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) book: Arc<Book>,
    pub(crate) cells: Vec<TargetCell>,
    pub(crate) purses: Vec<Purse>,
    pub(crate) in_flight: usize,
    cell_of: BTreeMap<String, usize>,
    purse_of: BTreeMap<String, usize>,
    /// By the credential ids of the settings in force.
    credentials: BTreeMap<u16, Disabled>,
    /// By the models of the settings in force.
    too_long: TooLong,
    /// The latest moment told; only what is shown depends on it.
    pub(crate) newest: Moment,
}

impl World {
    pub(crate) fn new(settings: Arc<Settings>, random: Random) -> Self {
        let (cells, purses, commons) = (Vec::new(), Vec::new(), Vec::new());
        let book = Book { epoch: 0, settings, cells, purses, commons };
        let mut world = Self {
            random,
            book: Arc::new(book),
            cells: Vec::new(),
            purses: Vec::new(),
            in_flight: 0,
            cell_of: BTreeMap::new(),
            purse_of: BTreeMap::new(),
            credentials: BTreeMap::new(),
            too_long: TooLong::default(),
            newest: Moment::ZERO,
        };
        let settings = Arc::clone(&world.book.settings);
        world.follow(Moment::ZERO, settings, &mut Step::default());
        world
    }

    /// Puts new settings in force. State follows a target's key and a route's name; what was out
    /// of use is tried again, because the key behind it may be a new one.
    pub(crate) fn follow(&mut self, now: Moment, settings: Arc<Settings>, step: &mut Step) {
        self.credentials.clear();
        self.too_long.clear();
        let mut cells = Vec::with_capacity(settings.targets.len());
        for (index, target) in settings.targets.iter().enumerate() {
            let id = TargetId(u16::try_from(index).unwrap_or(u16::MAX));
            cells.push(self.cell_for(now, id, target, step));
        }
        let purses = settings.routes.iter().map(|route| self.purse_for(now, route)).collect();
        let commons = settings.routes.iter().map(|route| {
            let ids = route.tiers.iter().flatten();
            Common::of(ids.filter_map(|id| settings.targets.get(usize::from(id.0))))
        });
        let commons = commons.collect();
        let epoch = self.book.epoch.wrapping_add(1);
        self.book = Arc::new(Book { epoch, settings, cells, purses, commons });
    }

    fn cell_for(&mut self, now: Moment, id: TargetId, target: &Target, step: &mut Step) -> usize {
        let Some(&cell) = self.cell_of.get(&target.key) else {
            self.cells.push(TargetCell::new(target, now));
            self.cell_of.insert(target.key.clone(), self.cells.len() - 1);
            return self.cells.len() - 1;
        };
        let (breaker, moved) = self.cells[cell].follow(target, now);
        let limit = if moved { self.cells[cell].limit.limit() } else { None };
        tell(id, Told { breaker, limit }, &self.cells[cell], step);
        cell
    }

    fn purse_for(&mut self, now: Moment, route: &Route) -> usize {
        let rules = &route.policies.budgets;
        if let Some(&purse) = self.purse_of.get(&route.name) {
            self.purses[purse].follow(rules);
            return purse;
        }
        self.purses.push(Purse::new(rules, now));
        self.purse_of.insert(route.name.clone(), self.purses.len() - 1);
        self.purses.len() - 1
    }

    /// Looks for what only time shows, before a target's gates are asked.
    pub(crate) fn notice(&mut self, now: Moment, target: TargetId, cell: usize, step: &mut Step) {
        let random = self.random;
        let change = self.cells[cell].notice(now, |generation| open_draw(random, cell, generation));
        tell(target, Told { breaker: change, limit: None }, &self.cells[cell], step);
    }

    /// An operator wants to know how a target is.
    pub(crate) fn probe(&mut self, now: Moment, target: TargetId, step: &mut Step) {
        let book = Arc::clone(&self.book);
        let credential = self.credential(&book, target);
        let cell = book.cell(target).and_then(|cell| self.cells.get_mut(cell));
        let Some(cell) = cell.filter(|cell| cell.enabled) else {
            step.events.push(Event::Ignored { call: None });
            return;
        };
        step.events.push(Event::Probed { target });
        let told = Told { breaker: cell.probe(now, credential), limit: None };
        tell(target, told, cell, step);
    }

    /// The gate that bars a target, if one does.
    pub(crate) fn gate(&self, now: Moment, call: &Call, target: TargetId) -> Option<Gate> {
        let cell = call.book.cell(target)?;
        self.cells[cell].gate(now, call.demand.ask(), self.credential(&call.book, target))
    }

    /// What is known of prompts that are too long, if anything is and it concerns these settings.
    pub(crate) fn too_long_for(&self, book: &Book) -> Option<&TooLong> {
        (!self.too_long.is_empty() && book.epoch == self.book.epoch).then_some(&self.too_long)
    }

    /// What is out of use is tried once: others wait until it is known how that went.
    pub(crate) fn try_again(&mut self, now: Moment, book: &Book, place: Place) {
        if let Some(model) = &mut self.cells[place.cell].model {
            model.since = now;
        }
        let current = book.target(place.target).filter(|_| book.epoch == self.book.epoch);
        let out = current.and_then(|target| self.credentials.get_mut(&target.credential.0));
        if let Some(out) = out {
            out.since = now;
        }
    }

    /// Why the credential of this target is out of use, if it is.
    pub(crate) fn credential(&self, book: &Book, target: TargetId) -> Option<Disabled> {
        if self.credentials.is_empty() || book.epoch != self.book.epoch {
            return None;
        }
        self.credentials.get(&book.target(target)?.credential.0).copied()
    }

    /// First content came.
    pub(crate) fn answered(&mut self, now: Moment, call: &mut Call, index: usize, step: &mut Step) {
        let Some(attempt) = call.living.get_mut(index) else { return };
        let sample =
            Sample { delivery: call.delivery, sent: attempt.sent, took: now.since(attempt.sent) };
        let cell = &mut self.cells[attempt.cell];
        if call.route.policies.hedge.enabled && attempt.why != Why::Resume {
            cell.hedge.answered(now, waited(&call.demand, call.delivery, sample.took));
        }
        let told = cell.answered(now, &mut attempt.permit, sample);
        tell(attempt.target, told, cell, step);
        self.vouch(&call.book, attempt.target, attempt.sent);
    }

    /// An attempt is over: everything it held comes back, and its target hears of it.
    pub(crate) fn ended(&mut self, now: Moment, call: &Call, over: Over, step: &mut Step) {
        let Over { attempt, ending } = over;
        let begun = attempt.content_at.is_some();
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(purse) = self.purses.get_mut(call.purse) {
            purse.ended(attempt.extra);
            if attempt.why == Why::Hedge {
                purse.hedged(begun);
            }
        }
        let (feeds, hint, used) = match &ending {
            Ending::Failed(failure) => {
                (feeds(failure, begun), failure.retry_after, used_in_vain(failure, begun))
            }
            Ending::Succeeded(usage) => (SUCCEEDED, None, used_by(*usage)),
            Ending::Cancelled => (SILENT, None, used_till_then(attempt.connected, begun)),
        };
        let (target, index) = (attempt.target, attempt.cell);
        // A continuation is longer than the call it belongs to: its refusal says nothing of that.
        let longer = attempt.why == Why::Resume;
        self.learn_room(now, call, (target, begun || longer), &ending);
        let cell = &mut self.cells[index];
        if !begun && !feeds.heard {
            let took = now.since(attempt.sent);
            cell.gave_up(now, call.delivery, took);
            if call.route.policies.hedge.enabled && attempt.why != Why::Resume {
                cell.hedge.gave_up(now, waited(&call.demand, call.delivery, took));
            }
        }
        if let Ending::Failed(failure) = &ending
            && matches!(failure.kind, FailureKind::RateLimited | FailureKind::Overloaded)
        {
            cell.hedge.overloaded(now);
        }
        let draw = open_draw(self.random, index, cell.generation());
        let report = Report { now, evidence: feeds.breaker, hint, draw };
        let told = cell.ended(attempt.permit, used, (feeds, report));
        tell(target, told, cell, step);
        if let Ending::Failed(failure) = ending {
            let closing = Closing { target, index, sent: attempt.sent, gate: feeds.gate, failure };
            self.close_gate(now, call, closing, step);
        }
    }

    /// An answer, or its refusal, shows how long a prompt the target's model can take.
    fn learn_room(
        &mut self,
        now: Moment,
        call: &Call,
        (target, unsaid): (TargetId, bool),
        ending: &Ending,
    ) {
        let current = call.book.epoch == self.book.epoch;
        let Some(known) = call.book.target(target).filter(|_| current) else { return };
        match ending {
            Ending::Failed(failure)
                if failure.kind == FailureKind::ContextLengthExceeded && !unsaid =>
            {
                self.too_long.failed(now, &call.demand, known);
            }
            Ending::Succeeded(_) => self.too_long.served(&call.demand, known),
            Ending::Failed(_) | Ending::Cancelled => {}
        }
    }

    /// A failure may close a gate before its target.
    fn close_gate(&mut self, now: Moment, call: &Call, closing: Closing, step: &mut Step) {
        let Closing { target, index, failure, .. } = closing;
        let rules = &call.route.policies.throttle;
        let (measure, lasts) = match failure.retry_after {
            Some(asked) => (Measure::AskedMs, asked),
            None => (Measure::AssumedMs, rules.disabled_for),
        };
        let grounds = Grounds::NONE.span(measure, lasts);
        let until = now + lasts;
        let disabled = Disabled { since: now, until, kind: failure.kind };
        let known = call.book.target(target);
        // A key or model of settings no longer in force says nothing of the present ones.
        let current = known.filter(|_| call.book.epoch == self.book.epoch);
        let scope = match (closing.gate, current) {
            (GateFed::None, _) | (GateFed::Credential | GateFed::Model, None) => return,
            (GateFed::Throttle, _) => return self.throttle(now, call, closing, step),
            (GateFed::Credential, Some(known)) => {
                self.credentials.insert(known.credential.0, disabled);
                DisabledScope::Credential(known.credential)
            }
            (GateFed::Model, Some(known)) if known.any_model => return,
            (GateFed::Model, Some(_)) => {
                self.cells[index].model = Some(disabled);
                DisabledScope::Model(target)
            }
        };
        step.events.push(Event::Disabled { scope, kind: failure.kind, until, grounds });
    }

    fn throttle(&mut self, now: Moment, call: &Call, closing: Closing, step: &mut Step) {
        let throttle = &mut self.cells[closing.index].throttle;
        match closing.failure.retry_after {
            Some(wait) => throttle.ask(now, wait),
            None => {
                let subject = Subject { id: call.id.0, part: u64::from(call.made) };
                let draw = self.random.draw(subject, Purpose::Assumed);
                throttle.assume(now, closing.sent, &call.route.policies.throttle, draw);
            }
        }
        let until = throttle.until().unwrap_or(now);
        let grounds = match closing.failure.retry_after {
            Some(wait) => Grounds::NONE.span(Measure::AskedMs, wait),
            None => Grounds::NONE.span(Measure::AssumedMs, until.since(now)),
        };
        step.events.push(Event::Throttled { target: closing.target, until, grounds });
    }

    /// An answer to something sent after its credential was put out of use shows that it works.
    fn vouch(&mut self, book: &Book, target: TargetId, sent: Moment) {
        let Some(out) = self.credential(book, target) else { return };
        if sent < out.since {
            return;
        }
        if let Some(target) = book.target(target) {
            self.credentials.remove(&target.credential.0);
        }
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.random.hash(state);
        self.book.hash(state);
        self.cells.hash(state);
        self.purses.hash(state);
        self.in_flight.hash(state);
        self.credentials.hash(state);
        self.too_long.hash(state);
    }
}

/// How an attempt ended, as far as its target is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    Succeeded(Usage),
    Failed(Failure),
    Cancelled,
}

/// An attempt that is over, with everything it held.
#[derive(Debug)]
pub(crate) struct Over {
    pub(crate) attempt: Attempt,
    pub(crate) ending: Ending,
}

/// A failure that closes a gate.
#[derive(Clone, Copy, Debug)]
struct Closing {
    target: TargetId,
    index: usize,
    sent: Moment,
    gate: GateFed,
    failure: Failure,
}

/// Makes events of what changed at a target.
pub(crate) fn tell(target: TargetId, told: Told, cell: &TargetCell, step: &mut Step) {
    if let Some(Change { from, to, until, cause }) = told.breaker {
        let change = BreakerChange { target, from, to, until, cause, grounds: cell.evidence() };
        step.events.push(Event::BreakerChanged(change));
    }
    if let Some(limit) = told.limit {
        step.events.push(Event::LimitChanged { target, limit });
    }
}

/// A continuation has a longer prompt than its call, so its wait is not among these.
fn waited(demand: &Demand, delivery: Delivery, took: Duration) -> Waited {
    Waited { delivery, tokens: demand.prompt(), took }
}

fn open_draw(random: Random, cell: usize, generation: u32) -> u64 {
    random.draw(Subject { id: cell as u128, part: u64::from(generation) }, Purpose::Open)
}
