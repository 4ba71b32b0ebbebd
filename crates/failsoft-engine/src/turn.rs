//! A turn: what one input does to its call. Attempts begin, commit and end here.

use std::time::Duration;

use crate::call::{Attempt, Call, Failed};
use crate::figures::Seen;
use crate::obstacle::Obstacle;
use crate::policy::{Backoff, Extra, Repeats};
use crate::random::{Purpose, Subject};
use crate::target::Told;
use crate::world::{Ending, Over, World, tell};
use crate::{
    AttemptId, CancelReason, Command, Event, Failure, FailureKind, Grounds, Measure, Moment,
    Outcome, Phase, Refusal, Step, TargetId, Usage, Verdict, Why,
};

/// One step's view of one call.
pub(crate) struct Turn<'a> {
    pub(crate) now: Moment,
    pub(crate) world: &'a mut World,
    pub(crate) call: &'a mut Call,
    pub(crate) step: &'a mut Step,
    pub(crate) seen: Seen,
}

/// A target that may be sent to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) target: TargetId,
    pub(crate) cell: usize,
    pub(crate) tier: usize,
}

impl Turn<'_> {
    /// Sends an attempt. Every gate and the budget have been asked; now all is taken.
    pub(crate) fn start(&mut self, place: Place, why: Why) {
        self.start_by(place, why, Grounds::NONE);
    }

    /// The same, with figures of its own behind it.
    pub(crate) fn start_by(&mut self, place: Place, why: Why, own: Grounds) {
        let Place { target, cell, tier } = place;
        let extra = match why {
            Why::First => None,
            Why::Retry => Some(Extra::Retry),
            Why::Failover | Why::Patience => Some(Extra::Failover),
            Why::Resume => Some(Extra::Resume),
            Why::Hedge => Some(Extra::Hedge { tokens: self.call.demand.weight() }),
        };
        let paid = match (self.world.purses.get_mut(self.call.purse), extra) {
            (Some(purse), Some(extra)) => Some(purse.take(extra)),
            (Some(purse), None) => {
                purse.first_sent(self.call.demand.weight());
                None
            }
            (None, _) => None,
        };
        let (ask, delivery) = (self.call.demand.ask(), self.call.delivery);
        let (permit, change) = self.world.cells[cell].take(self.now, ask, delivery);
        tell(target, Told { breaker: change, limit: None }, &self.world.cells[cell], self.step);
        let own = permit.breaker.probe.map_or(own, |number| own.with(Measure::ProbeNumber, number));
        let grounds = self.grounds_of_start(place, why, (extra, own));
        self.world.in_flight += 1;
        let attempt = AttemptId { call: self.call.id, ordinal: self.call.made };
        self.call.made = self.call.made.saturating_add(1);
        self.call.pause = None;
        // Nobody is started beside one that goes on with a broken stream.
        let patience = (why != Why::Resume).then(|| self.call.first_content().patience);
        let hedge_at = self.hedge_at(cell, why);
        self.call.living.push(Attempt {
            id: attempt,
            target,
            cell,
            tier,
            why,
            sent: self.now,
            connected: false,
            content_at: None,
            patience_at: patience.map(|patience| self.now + patience),
            hedge_at,
            resumable: self.call.seam.resumable,
            permit,
            extra: paid,
        });
        self.step.events.push(Event::AttemptStarted { attempt, target, why, grounds });
        self.step.commands.push(Command::Start { attempt, target, why });
    }

    /// Content of an attempt can go to the client: from here on nothing replaces it.
    pub(crate) fn content(&mut self, index: usize) {
        let Some(attempt) = self.call.living.get(index) else { return };
        let id = attempt.id;
        if attempt.content_at.is_none() {
            self.observe_content(index);
        }
        self.step.events.push(Event::Committed { attempt: id });
        self.step.commands.push(Command::Commit { attempt: id });
        self.call.committed = Some(id);
        self.cancel_others(id);
    }

    /// First content of an attempt came: it wins, all others have lost.
    pub(crate) fn won(&mut self, index: usize) {
        let Some(id) = self.call.living.get(index).map(|attempt| attempt.id) else { return };
        self.observe_content(index);
        self.cancel_others(id);
    }

    fn observe_content(&mut self, index: usize) {
        let Some(attempt) = self.call.living.get_mut(index) else { return };
        attempt.content_at = Some(self.now);
        (attempt.patience_at, attempt.hedge_at) = (None, None);
        let (id, after) = (attempt.id, self.now.since(attempt.sent));
        self.step.events.push(Event::FirstContent { attempt: id, after });
        self.world.answered(self.now, self.call, index, self.step);
    }

    fn cancel_others(&mut self, id: AttemptId) {
        while let Some(other) = self.call.living.iter().position(|other| other.id != id) {
            self.call.lost.push(self.call.living[other].target);
            self.cancel(other, CancelReason::Lost);
        }
    }

    /// The answer is whole.
    pub(crate) fn succeeded(&mut self, index: usize, usage: Usage) {
        let id = self.call.living.get(index).map(|attempt| attempt.id);
        if let Some(id) = id.filter(|id| self.call.committed != Some(*id)) {
            self.content(index);
            let Some(now_at) = self.call.index_of(id) else { return };
            return self.succeeded(now_at, usage);
        }
        let attempt = self.end(index, Outcome::Succeeded(usage), Ending::Succeeded(usage));
        self.finish(self.whole(attempt));
    }

    /// An attempt ended without a whole answer. `abandon`: it does not know yet.
    pub(crate) fn failed(&mut self, index: usize, failure: Failure, abandon: Option<CancelReason>) {
        let Some(attempt) = self.call.living.get(index) else { return };
        let (id, target, tier, why) = (attempt.id, attempt.target, attempt.tier, attempt.why);
        let (begun, resumable) = (attempt.content_at.is_some(), attempt.resumable);
        if let Some(reason) = abandon {
            self.step.commands.push(Command::Cancel { attempt: id, reason });
        }
        self.end(index, Outcome::Failed(failure), Ending::Failed(failure));
        let known = Failed {
            id,
            target,
            tier,
            why,
            begun,
            failure,
            repeats: self.call.route.policies.retry.repeats_after(&failure),
            ready: self.now + self.delay(id, target, &failure),
            ended: self.now,
        };
        self.call.failed.push(known);
        if self.call.committed.is_some() {
            self.call.seam.resumable = resumable;
            return self.resume();
        }
        if self.call.route.policies.retry.ends_call(&failure) && !self.repeats_once(&known) {
            self.refuse(Why::Failover, Refusal::NotRetryable);
            return self.fail(failure.kind, Some(id));
        }
        if self.call.living.is_empty() {
            self.next_attempt();
        } else {
            self.look_beside_again();
        }
    }

    /// The client went away.
    pub(crate) fn caller_left(&mut self) {
        self.cancel_all(CancelReason::CallerLeft);
        self.finish(Verdict::Cancelled);
    }

    /// The moment the call waited for has come, or any other.
    pub(crate) fn time_passed(&mut self) {
        self.call.wake = None;
        if self.call.must_end().is_some_and(|end| self.now >= end) {
            return self.out_of_time();
        }
        self.expire_watches();
        if self.call.over {
            return;
        }
        self.hedge_if_due();
        let now = self.now;
        let out_of_patience = |attempt: &Attempt| attempt.patience_at.is_some_and(|at| now >= at);
        if let Some(index) = self.call.living.iter().position(out_of_patience) {
            self.start_beside(index);
        }
        if self.call.living.is_empty() && self.call.pause.is_some_and(|pause| now >= pause.until) {
            if self.call.committed.is_some() { self.resume() } else { self.next_attempt() }
        }
    }

    fn expire_watches(&mut self) {
        let mut index = 0;
        while let Some(attempt) = self.call.living.get(index) {
            if self.now < self.call.watch(attempt) {
                index += 1;
                continue;
            }
            let phase = match (attempt.content_at, attempt.connected) {
                (Some(_), _) => Phase::Content,
                (None, true) => Phase::FirstContent,
                (None, false) => Phase::Connect,
            };
            let failure = Failure::new(FailureKind::Timeout, phase);
            self.failed(index, failure, Some(CancelReason::TimedOut));
            if self.call.over {
                return;
            }
        }
    }

    /// What survives goes on; if it is already late, somebody else may be started beside it.
    fn look_beside_again(&mut self) {
        let patience = self.call.first_content().patience;
        let now = self.now;
        let late =
            |attempt: &Attempt| attempt.content_at.is_none() && now.since(attempt.sent) >= patience;
        if let Some(index) = self.call.living.iter().position(late) {
            self.start_beside(index);
        }
    }

    /// When the call may go to this target again; the draw belongs to this failure alone.
    fn delay(&self, id: AttemptId, target: TargetId, failure: &Failure) -> Duration {
        let before = self.call.failed.iter().filter(|failed| failed.target == target).count();
        let subject = Subject { id: self.call.id.0, part: u64::from(id.ordinal) };
        let random = self.world.random;
        self.call.route.policies.retry.delay(Backoff {
            kind: failure.kind,
            number: u32::try_from(before + 1).unwrap_or(u32::MAX),
            retry_after: failure.retry_after,
            profile: self.call.profile,
            draws: (random.draw(subject, Purpose::Backoff), random.draw(subject, Purpose::Spread)),
        })
    }

    fn repeats_once(&self, known: &Failed) -> bool {
        let here = self.call.failed.iter().filter(|failed| failed.target == known.target).count();
        known.repeats == Repeats::Once && here == 1
    }

    pub(crate) fn cancel_all(&mut self, reason: CancelReason) {
        while !self.call.living.is_empty() {
            self.cancel(0, reason);
        }
    }

    fn cancel(&mut self, index: usize, reason: CancelReason) {
        let Some(abandoned) = self.call.living.get(index) else { return };
        let usage = abandoned.used_in_vain(&self.call.demand);
        let attempt = self.end(index, Outcome::Cancelled { reason, usage }, Ending::Cancelled);
        self.step.commands.push(Command::Cancel { attempt, reason });
    }

    fn end(&mut self, index: usize, outcome: Outcome, ending: Ending) -> AttemptId {
        let gone = self.call.living.remove(index);
        let (attempt, target) = (gone.id, gone.target);
        let took = self.now.since(gone.sent);
        self.step.events.push(Event::AttemptEnded { attempt, target, outcome, took });
        self.world.ended(self.now, self.call, Over { attempt: gone, ending }, self.step);
        attempt
    }

    pub(crate) fn refuse(&mut self, why: Why, obstacle: impl Into<Obstacle>) {
        let obstacle = obstacle.into();
        let (reason, grounds) = (obstacle.reason, self.grounds_of_refusal(obstacle));
        self.step.events.push(Event::Refused { call: self.call.id, why, reason, grounds });
    }

    /// Ends the call without an answer, or with the operator's.
    pub(crate) fn fail(&mut self, kind: FailureKind, attempt: Option<AttemptId>) {
        self.cancel_all(CancelReason::CallEnded);
        let degrade = self.call.route.policies.degrade;
        if self.call.committed.is_none() && degrade.stands_in_for(kind) {
            return self.finish(Verdict::Degraded { kind });
        }
        let retry_after = self.smallest_wait(kind);
        self.finish(Verdict::Failed { kind, retry_after, attempt });
    }

    pub(crate) fn finish(&mut self, verdict: Verdict) {
        let call = self.call.id;
        let (took, attempts) = (self.call.age(self.now), self.call.made);
        self.step.events.push(Event::CallEnded { call, verdict, took, attempts });
        self.step.commands.push(Command::Finish { call, verdict });
        self.call.over = true;
    }
}
