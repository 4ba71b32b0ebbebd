//! The attempt scheduler: the one place that decides whether a call tries again here, goes
//! elsewhere, waits, starts somebody beside a slow one, or gives up.
//!
//! Leaving a target inside its tier costs nothing, so that is done at once. Leaving a tier costs
//! something (another model, a cold cache), so a short wait is preferred to it, as long as one
//! attempt stays in reserve for the next tier. An overloaded or silent target is left at once.

use std::time::Duration;

use crate::call::Pause;
use crate::choose::{Look, Standing};
use crate::obstacle::Obstacle;
use crate::policy::Extra;
use crate::random::{Purpose, Subject};
use crate::target::Gate;
use crate::turn::{Place, Turn};
use crate::{BarReason, Event, Grounds, Measure, Moment, Refusal, WaitCause, Why};

/// The first wait for a gate whose opening is not known; doubled with each look.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// The longest wait between two looks.
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(5);
/// A wait for a gate is spread by a fifth of itself, and by no more than this.
const SPREAD_MAX: Duration = Duration::from_secs(5);

/// An attempt that may be made, now or later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) place: Place,
    pub(crate) why: Why,
    pub(crate) ready: Moment,
    pub(crate) cause: WaitCause,
    pub(crate) grounds: Grounds,
}

/// Where a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// On this tier only, because somebody elsewhere could answer now.
    Tier(usize),
    /// Anywhere: nobody can answer now.
    Route,
}

impl Turn<'_> {
    /// Decides what a call without a living attempt does next.
    pub(crate) fn next_attempt(&mut self) {
        let why = self.onward();
        let spent = self.call.attempts_left() == 0;
        if spent || self.now >= self.call.deadline {
            self.refuse(why, if spent { Refusal::AttemptsSpent } else { Refusal::Deadline });
            return self.give_up(&[]);
        }
        if why == Why::First
            && self.call.pause.is_none()
            && let Some(place) = self.first_choice()
        {
            return self.start(place, why);
        }
        let looks = self.look_around();
        let present = match (why, looks.first()) {
            (Why::First, None) => return self.turn_away(),
            (Why::First, Some(first)) => first.place.tier,
            (_, _) => self.call.tier(),
        };
        let leave = self.affords(why);
        if leave.is_ok()
            && let Some(place) = self.best_open(&looks, why, |tier| tier == present)
        {
            return self.start(place, why);
        }
        let elsewhere = self
            .best_open(&looks, why, |tier| tier > present)
            .or_else(|| self.best_open(&looks, why, |tier| tier < present))
            .filter(|_| leave.is_ok());
        let Some(elsewhere) = elsewhere else {
            return self.wait_or_give_up(&looks, leave);
        };
        let in_reserve = why == Why::First || self.call.attempts_left() >= 2;
        let stay = if in_reserve { self.best_wait(&looks, Within::Tier(present)) } else { None };
        match stay {
            Some(plan) => self.follow(plan),
            None => self.start(elsewhere, why),
        }
    }

    /// First content is late: starts another target beside it, if one stands by.
    pub(crate) fn start_beside(&mut self, index: usize) {
        let Some(slow) = self.call.living.get_mut(index) else { return };
        slow.patience_at = None;
        let sent = slow.sent;
        if self.call.living.len() > 1 || self.call.committed.is_some() {
            return;
        }
        if self.call.attempts_left() == 0 {
            return self.refuse(Why::Patience, Refusal::AttemptsSpent);
        }
        if let Err(obstacle) = self.affords(Why::Patience) {
            return self.refuse(Why::Patience, obstacle);
        }
        let looks = self.look_around();
        let present = self.call.tier();
        if let Some(place) = self.best_open(&looks, Why::Patience, |tier| tier >= present) {
            let patience = self.call.first_content().patience;
            let grounds = self.waited(sent).span(Measure::PatienceMs, patience);
            return self.start_by(place, Why::Patience, grounds);
        }
        self.refuse(Why::Patience, Refusal::NoTarget);
        let untried = looks.iter().filter(|look| look.standing == Standing::Untried);
        let opening = untried.filter_map(|look| look.gate?.until).filter(|at| *at > self.now).min();
        if let Some(slow) = self.call.living.get_mut(index) {
            slow.patience_at = opening;
        }
    }

    fn wait_or_give_up(&mut self, looks: &[Look], leave: Result<(), Obstacle>) {
        let open = looks.iter().any(Look::is_open);
        let unaffordable = open && leave.is_err();
        if let (true, Err(obstacle)) = (open, leave) {
            self.refuse(Why::Failover, obstacle);
        }
        if let Some(plan) = self.best_wait(looks, Within::Route) {
            return self.follow(plan);
        }
        if let Some(place) = self.last_resort(looks) {
            self.world.try_again(self.now, &self.call.book, place);
            return self.start(place, Why::First);
        }
        if self.call.made > 0 && !unaffordable {
            self.refuse(Why::Failover, if open { Refusal::Deadline } else { Refusal::NoTarget });
        }
        self.give_up(looks);
    }

    /// The wait that ends first, among those this call will make.
    fn best_wait(&mut self, looks: &[Look], within: Within) -> Option<Plan> {
        let mut best: Option<Plan> = None;
        let mut obstacle = None;
        let retry = self.affords(Why::Retry);
        let leave = self.affords(self.onward());
        for look in looks {
            if let Within::Tier(tier) = within
                && look.place.tier != tier
            {
                continue;
            }
            let plan = match look.standing {
                Standing::Out => continue,
                Standing::Untried if leave.is_err() => continue,
                Standing::Untried => self.opening(look, within),
                Standing::Repeatable { failed, only_without_elsewhere } => {
                    if only_without_elsewhere && within != Within::Route {
                        continue;
                    }
                    retry.and_then(|()| self.repeat(look, failed, within))
                }
            };
            match plan {
                Ok(plan) if best.is_none_or(|best| plan.ready < best.ready) => best = Some(plan),
                Ok(_) => {}
                Err(against) => obstacle = obstacle.or(Some((self.refused_why(look), against))),
            }
        }
        // That a target not tried yet is barred was said when it was looked at.
        if let (None, Some((why, against))) = (best, obstacle)
            && (why == Why::Retry || within == Within::Route)
        {
            self.refuse(why, against);
        }
        best
    }

    /// The same target again, after its back-off and whatever it asked for.
    fn repeat(&self, look: &Look, failed: usize, within: Within) -> Result<Plan, Obstacle> {
        let Some(last) = self.call.failed.get(failed) else {
            return Err(Refusal::NotRetryable.into());
        };
        let gate = look.gate.map(|gate| self.opens(gate, within)).transpose()?;
        let asked = last.failure.retry_after.map(|wait| last.ended + wait);
        let named = gate.max(asked);
        let ready = last.ready.max(gate.unwrap_or(Moment::ZERO));
        let since = self.call.pause.map_or(self.now, |pause| pause.since);
        let allowed = match (named, within) {
            (Some(end), _) => end.since(since) <= self.bound(within),
            (None, Within::Tier(_)) => ready.since(since) <= self.bound(within),
            (None, Within::Route) => true,
        };
        if !allowed {
            let wait = named.unwrap_or(ready).since(since);
            return Err(Obstacle::wait(wait, self.bound(within)));
        }
        if !self.fits(look.place, ready.max(self.now), Why::Retry) {
            return Err(self.too_late(look.place, ready.max(self.now), Why::Retry));
        }
        let cause = match (asked, look.gate) {
            (Some(_), _) => WaitCause::RetryAfter,
            (None, Some(gate)) if ready > last.ready => WaitCause::Gate(gate.reason),
            (None, _) => WaitCause::Backoff,
        };
        let grounds = self.bounds(self.backoff(failed, gate), self.bound(within));
        Ok(Plan { place: look.place, why: Why::Retry, ready, cause, grounds })
    }

    /// How the wait before a repeat came to its length.
    fn backoff(&self, failed: usize, gate: Option<Moment>) -> Grounds {
        let Some(last) = self.call.failed.get(failed) else { return Grounds::NONE };
        let here = self.call.failed.iter().take(failed + 1).filter(|it| it.target == last.target);
        let number = u32::try_from(here.count()).unwrap_or(u32::MAX);
        let retry = &self.call.route.policies.retry;
        let most = retry.step(last.failure.kind, number, self.call.profile);
        let mut grounds = Grounds::NONE
            .with(Measure::BackoffNumber, number)
            .span(Measure::BackoffMostMs, most)
            .span(Measure::BackoffMs, last.ready.since(last.ended));
        if let Some(asked) = last.failure.retry_after {
            grounds = grounds.span(Measure::AskedMs, asked);
        }
        if let Some(gate) = gate {
            grounds = grounds.span(Measure::GateLeftMs, gate.since(self.now));
        }
        grounds
    }

    /// An untried target whose gate will open.
    fn opening(&self, look: &Look, within: Within) -> Result<Plan, Obstacle> {
        let Some(gate) = look.gate else {
            return Err(self.too_late(look.place, self.now, self.onward()));
        };
        if within != Within::Route && !gate.named {
            return Err(Refusal::WaitTooLong.into());
        }
        let end = self.opens(gate, within)?;
        let since = self.call.pause.map_or(self.now, |pause| pause.since);
        let allowed = self.bound(within);
        if end.since(since) > allowed {
            return Err(Obstacle::wait(end.since(since), allowed));
        }
        let why = self.onward();
        let ready = if gate.until.is_some() { end + self.spread(end) } else { end };
        if !self.fits(look.place, ready, why) {
            return Err(self.too_late(look.place, ready, why));
        }
        let left = Grounds::NONE.span(Measure::GateLeftMs, end.since(self.now));
        let (cause, grounds) = (WaitCause::Gate(gate.reason), self.bounds(left, allowed));
        Ok(Plan { place: look.place, why, ready, cause, grounds })
    }

    /// When a closed gate is to be looked at again, if it is one to wait for.
    pub(crate) fn opens(&self, gate: Gate, within: Within) -> Result<Moment, Refusal> {
        match gate.reason {
            BarReason::SwitchedOff
            | BarReason::CredentialDisabled
            | BarReason::ModelDisabled
            | BarReason::Excluded => Err(Refusal::NoTarget),
            BarReason::ContextTooSmall
            | BarReason::OtherForm
            | BarReason::OtherAccount
            | BarReason::OtherModel
            | BarReason::Incapable(_) => Err(Refusal::NoTarget),
            BarReason::Throttle | BarReason::Quota => Ok(gate.until.unwrap_or(self.now)),
            // Sick or full: not worth a wait while somebody else can answer.
            BarReason::Breaker | BarReason::Limit if within != Within::Route => {
                Err(Refusal::NoTarget)
            }
            BarReason::Breaker | BarReason::Limit => {
                Ok(gate.until.unwrap_or_else(|| self.look_again()))
            }
        }
    }

    /// A later moment for a gate that does not say when it opens.
    fn look_again(&self) -> Moment {
        let looks = self.call.pause.map_or(0, |pause| pause.looks);
        let factor = 1_u32.checked_shl(looks).unwrap_or(u32::MAX);
        let step = LOOK_AGAIN.saturating_mul(factor).min(LOOK_AGAIN_MAX);
        let subject = Subject { id: self.call.id.0, part: u64::from(looks) };
        self.now + step / 2 + self.world.random.up_to(step / 2, subject, Purpose::Gate)
    }

    /// Those who wait for the same moment do not all go at it.
    pub(crate) fn spread(&self, end: Moment) -> Duration {
        let span = (end.since(self.now) / 5).min(SPREAD_MAX);
        let subject = Subject { id: self.call.id.0, part: u64::from(self.call.made) };
        self.world.random.up_to(span, subject, Purpose::Gate)
    }

    /// The longest wait for a moment that somebody else named.
    fn bound(&self, within: Within) -> Duration {
        let retry = &self.call.route.policies.retry;
        let patient = retry.max_wait.of(self.call.profile);
        match within {
            Within::Tier(_) => retry.tier_wait,
            Within::Route => patient.max(retry.tier_wait),
        }
    }

    /// When breakers, or what is out of use, bar every target, the one that has waited longest
    /// gets an early probe: a call that fails for certain could as well ask.
    fn last_resort(&self, looks: &[Look]) -> Option<Place> {
        if self.call.made > 0 {
            return None;
        }
        let chance = |look: &Look| {
            let credential = self.world.credential(&self.call.book, look.place.target);
            let ask = self.call.demand.ask();
            self.world.cells[look.place.cell].last_resort(self.now, ask, credential)
        };
        let in_service =
            |look: &&Look| look.gate.is_none_or(|gate| gate.reason != BarReason::SwitchedOff);
        let sick = |look: &Look| {
            look.gate.is_some_and(|gate| match gate.reason {
                BarReason::Breaker | BarReason::CredentialDisabled | BarReason::ModelDisabled => {
                    true
                }
                BarReason::Throttle
                | BarReason::Limit
                | BarReason::SwitchedOff
                | BarReason::Excluded
                | BarReason::Quota
                | BarReason::ContextTooSmall
                | BarReason::OtherForm
                | BarReason::OtherAccount
                | BarReason::OtherModel
                | BarReason::Incapable(_) => false,
            })
        };
        if !looks.iter().filter(in_service).all(sick) {
            return None;
        }
        let chances = looks.iter().filter_map(|look| Some((chance(look)?, look.place)));
        chances.min_by_key(|(since, place)| (*since, place.tier)).map(|(_, place)| place)
    }

    pub(crate) fn follow(&mut self, plan: Plan) {
        if plan.ready <= self.now {
            return self.start(plan.place, plan.why);
        }
        let before = self.call.pause;
        self.call.pause = Some(Pause {
            since: before.map_or(self.now, |pause| pause.since),
            until: plan.ready,
            looks: before.map_or(0, |pause| pause.looks.saturating_add(1)),
        });
        self.step.events.push(Event::Waiting {
            call: self.call.id,
            target: plan.place.target,
            until: plan.ready,
            cause: plan.cause,
            grounds: plan.grounds,
        });
    }

    /// Whether the budget allows an attempt of this kind.
    pub(crate) fn affords(&mut self, why: Why) -> Result<(), Obstacle> {
        let extra = match why {
            Why::First => return Ok(()),
            Why::Retry => Extra::Retry,
            Why::Failover | Why::Patience => Extra::Failover,
            Why::Resume => Extra::Resume,
            Why::Hedge => Extra::Hedge { tokens: self.call.demand.weight() },
        };
        match self.world.purses.get_mut(self.call.purse) {
            Some(purse) => purse.check(self.now, extra),
            None => Ok(()),
        }
    }

    /// Why an attempt at a target not tried yet would be made.
    fn onward(&self) -> Why {
        if self.call.made == 0 { Why::First } else { Why::Failover }
    }

    fn refused_why(&self, look: &Look) -> Why {
        match look.standing {
            Standing::Repeatable { .. } => Why::Retry,
            Standing::Untried | Standing::Out => self.onward(),
        }
    }
}
