//! The engine: takes one input at a time and hands out all its consequences.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::call::Call;
use crate::figures::Seen;
use crate::fingerprint::Fingerprint;
use crate::random::Random;
use crate::target::TargetView;
use crate::turn::Turn;
use crate::world::World;
use crate::{
    Arrival, AttemptId, CallId, Command, Delivery, Event, FailureKind, Input, Moment, QuotaTold,
    Resumable, Settings, Step, TargetId, Verdict,
};

/// Every decision on every call, for the routes and targets of one set of settings.
#[derive(Debug)]
pub struct Engine {
    world: World,
    calls: BTreeMap<CallId, Box<Call>>,
}

impl Engine {
    /// An engine at rest. The same settings, seed and inputs give the same events.
    #[must_use]
    pub fn new(settings: Arc<Settings>, seed: u64) -> Self {
        Self { world: World::new(settings, Random(seed)), calls: BTreeMap::new() }
    }

    /// Takes in what happened at `now`, and says what follows from it.
    pub fn step(&mut self, now: Moment, input: Input) -> Step {
        self.world.newest = self.world.newest.max(now);
        let mut step = Step { events: Vec::new(), commands: Vec::new() };
        match input {
            Input::CallArrived(arrival) => self.arrived(now, &arrival, &mut step),
            Input::Connected { attempt } => {
                self.with_attempt(now, attempt, &mut step, |turn, index| {
                    turn.connected(index);
                });
            }
            Input::FirstContent { attempt } => {
                self.with_attempt(now, attempt, &mut step, |turn, index| {
                    turn.first_content(index);
                });
            }
            Input::ContentHeld { attempt } => {
                self.with_attempt(now, attempt, &mut step, |turn, index| {
                    turn.content_held(index);
                });
            }
            Input::Delivered { attempt, resumable } => {
                self.with_attempt(now, attempt, &mut step, |turn, index| {
                    turn.delivered(index, resumable);
                });
            }
            Input::Progressed { attempt, at } => {
                self.with_attempt(now, attempt, &mut step, |turn, index| {
                    turn.progressed(index, at);
                });
            }
            Input::AttemptSucceeded { attempt, usage } => {
                self.with_attempt(now, attempt, &mut step, |turn, index| {
                    turn.succeeded(index, usage);
                });
            }
            Input::AttemptFailed { attempt, failure } => {
                self.with_attempt(now, attempt, &mut step, |turn, index| {
                    turn.failed(index, failure, None);
                });
            }
            Input::QuotaTold { attempt, told } => {
                self.with_attempt(now, attempt, &mut step, |turn, index| {
                    turn.quota_told(index, &told);
                });
            }
            Input::TimePassed { call } => {
                self.with_call(now, call, &mut step, |turn| turn.time_passed());
            }
            Input::CallerLeft { call } => {
                self.with_call(now, call, &mut step, |turn| turn.caller_left());
            }
            Input::SettingsChanged(settings) => self.world.follow(now, settings, &mut step),
            Input::TargetSwitched { target, enabled } => self.switch(target, enabled, &mut step),
            Input::Probe { target } => self.world.probe(now, target, &mut step),
        }
        step
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> &Arc<Settings> {
        &self.world.book.settings
    }

    /// A number that differs when the state does, the same on every machine.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let mut state = Fingerprint::default();
        self.world.hash(&mut state);
        self.calls.hash(&mut state);
        state.finish()
    }

    /// Attempts on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.world.in_flight
    }

    /// Calls between arrival and verdict.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// A target of the settings in force, for metrics and dashboards.
    #[must_use]
    pub fn target_view(&self, target: TargetId) -> Option<TargetView> {
        let book = &self.world.book;
        let cell = self.world.cells.get(book.cell(target)?)?;
        Some(cell.view(self.world.newest, self.world.credential(book, target)))
    }

    /// What is left in a route's budgets.
    #[must_use]
    pub fn budget_view(&self, route: crate::RouteId) -> Option<BudgetView> {
        let purse = self.world.purses.get(self.world.book.purse(usize::from(route.0))?)?;
        let [retry_milli, failover_milli, resume_milli] = purse.balance();
        let hedge_milli = purse.hedges();
        Some(BudgetView { retry_milli, failover_milli, resume_milli, hedge_milli })
    }

    fn arrived(&mut self, now: Moment, arrival: &Arrival, step: &mut Step) {
        let call = arrival.call;
        if self.calls.contains_key(&call) {
            step.events.push(Event::Ignored { call: Some(call) });
            return;
        }
        let book = Arc::clone(&self.world.book);
        let route = book.settings.routes.get(usize::from(arrival.route.0)).map(Arc::clone);
        let Some(route) = route else {
            step.events.push(Event::Ignored { call: Some(call) });
            let kind = FailureKind::NotFound;
            let verdict = Verdict::Failed { kind, retry_after: None, attempt: None };
            step.commands.push(Command::Finish { call, verdict });
            return;
        };
        let mut fresh = Box::new(Call::new(now, arrival, book, route));
        step.events.reserve(4);
        step.commands.reserve(3);
        step.events.push(Event::CallStarted {
            call,
            route: arrival.route,
            profile: fresh.profile,
            delivery: fresh.delivery,
            deadline: fresh.deadline,
            max_attempts: fresh.max_attempts,
        });
        let seen = Seen::default();
        let mut turn = Turn { now, world: &mut self.world, call: &mut fresh, step, seen };
        turn.next_attempt();
        turn.ask_to_be_woken();
        if !fresh.over {
            self.calls.insert(call, fresh);
        }
    }

    fn with_attempt(
        &mut self,
        now: Moment,
        attempt: AttemptId,
        step: &mut Step,
        act: impl FnOnce(&mut Turn<'_>, usize),
    ) {
        let index = self.calls.get(&attempt.call).and_then(|call| call.index_of(attempt));
        let Some(index) = index else {
            step.events.push(Event::Ignored { call: Some(attempt.call) });
            return;
        };
        self.with_call(now, attempt.call, step, |turn| act(turn, index));
    }

    fn with_call(
        &mut self,
        now: Moment,
        id: CallId,
        step: &mut Step,
        act: impl FnOnce(&mut Turn<'_>),
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            step.events.push(Event::Ignored { call: Some(id) });
            return;
        };
        let seen = Seen::default();
        let mut turn = Turn { now, world: &mut self.world, call, step, seen };
        act(&mut turn);
        turn.ask_to_be_woken();
        if call.over {
            self.calls.remove(&id);
        }
    }

    fn switch(&mut self, target: TargetId, enabled: bool, step: &mut Step) {
        let cell = self.world.book.cell(target).and_then(|cell| self.world.cells.get_mut(cell));
        match cell {
            Some(cell) if cell.enabled != enabled => {
                cell.enabled = enabled;
                step.events.push(Event::TargetSwitched { target, enabled });
            }
            Some(_) | None => step.events.push(Event::Ignored { call: None }),
        }
    }
}

/// What is left in the budgets of a route, in thousandths of an extra attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetView {
    /// For the same target again.
    pub retry_milli: u64,
    /// For another target.
    pub failover_milli: u64,
    /// For going on with a broken stream.
    pub resume_milli: u64,
    /// For another target beside one that is slower than usual: thousandths of the tokens of an
    /// average call.
    pub hedge_milli: u64,
}

impl Turn<'_> {
    fn connected(&mut self, index: usize) {
        let Some(attempt) = self.call.living.get_mut(index) else { return };
        if attempt.connected {
            self.ignore();
        } else {
            attempt.connected = true;
        }
    }

    fn content_held(&mut self, index: usize) {
        let Some(attempt) = self.call.living.get(index) else { return };
        if attempt.content_at.is_some() || self.call.delivery == Delivery::Plain {
            self.ignore();
        } else {
            self.won(index);
        }
    }

    fn first_content(&mut self, index: usize) {
        let Some(attempt) = self.call.living.get(index) else { return };
        let committed = self.call.committed == Some(attempt.id);
        if committed || self.call.delivery == Delivery::Plain {
            self.ignore();
        } else {
            self.content(index);
        }
    }

    fn delivered(&mut self, index: usize, resumable: Resumable) {
        if let Some(attempt) = self.call.living.get_mut(index) {
            attempt.resumable = resumable;
        }
    }

    /// Told late, and before content it means nothing: only the stall watch looks at it.
    fn progressed(&mut self, index: usize, at: Moment) {
        let now = self.now;
        let Some(attempt) = self.call.living.get_mut(index) else { return };
        if let Some(content_at) = &mut attempt.content_at {
            *content_at = at.min(now).max(*content_at);
        }
    }

    /// What headers said of a quota; they come with any status.
    fn quota_told(&mut self, index: usize, told: &QuotaTold) {
        let Some(attempt) = self.call.living.get(index) else { return };
        self.world.cells[attempt.cell].quota_told(self.now, &attempt.permit, told);
    }

    fn ignore(&mut self) {
        self.step.events.push(Event::Ignored { call: Some(self.call.id) });
    }

    /// One timer for each call: the first of all moments at which something must be looked at.
    fn ask_to_be_woken(&mut self) {
        let at = if self.call.over { None } else { self.call.next_look() };
        let at = at.filter(|at| *at < Moment::NEVER);
        if at != self.call.wake && !self.call.over {
            self.call.wake = at;
            self.step.commands.push(Command::WakeAt { call: self.call.id, at });
        }
    }
}
