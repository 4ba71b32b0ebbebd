//! Resume: what follows when a stream breaks off of which something has gone to the client.
//!
//! Such an attempt cannot be replaced, only gone on from. The same target is asked first if it was
//! well and is likely to go on in its own words; one that fell silent, or has too much to do, is
//! left. There is no back-off: somebody reads along. Continuations are no part of `max_attempts`,
//! and not bounded by the route's deadline, which the answer has outlived by beginning; they have
//! a number, a budget and watches of their own.

use crate::call::Failed;
use crate::choose::{Rank, Standing};
use crate::figures::Seen;
use crate::obstacle::Obstacle;
use crate::policy::{ContentFilter, Repeats};
use crate::schedule::{Plan, Within};
use crate::target::Gate;
use crate::turn::{Place, Turn};
use crate::{
    AttemptId, BarReason, CancelReason, FailureKind, Grounds, Measure, Moment, Need, Refusal,
    Resumable, TargetId, Verdict, WaitCause, Why,
};

/// What a call knows of the breaks of its stream.
#[derive(Debug, Default, Hash)]
pub(crate) struct Seam {
    /// Who could go on with what the client has.
    pub(crate) resumable: Resumable,
    /// Attempts that were made to go on.
    pub(crate) attempts: u8,
    /// How often the call was continued: a continuation that is asked for once more, because its
    /// target did not take it as it was written, is still the same one.
    continued: u8,
    /// What broke the stream first.
    broken: Option<(FailureKind, AttemptId)>,
}

impl Seam {
    /// How often the call was continued.
    pub(crate) const fn continued(&self) -> u8 {
        self.continued
    }
}

/// Where a stream may go on, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Preference {
    /// The target that broke off, which was well.
    Same,
    Untried,
    /// A target that failed this call before.
    Tried,
    /// The target that broke off, if nobody else is there.
    SameAfterAll,
}

/// A target that could go on, now or after a wait.
#[derive(Clone, Copy, Debug)]
struct Way {
    place: Place,
    gate: Option<Gate>,
    order: (Preference, bool, usize, Rank),
    /// Before this it asked to be left alone by this call.
    asked: Option<Moment>,
}

impl Turn<'_> {
    /// Goes on with a stream that broke off by the call's last failure, or ends the call.
    pub(crate) fn resume(&mut self) {
        let Some(last) = self.call.failed.last().copied() else { return };
        if self.call.seam.resumable == Resumable::Said {
            return self.finish(self.whole(last.id));
        }
        self.call.seam.broken.get_or_insert((last.failure.kind, last.id));
        if self.call.route.policies.resume.max == 0 {
            self.refuse(Why::Failover, Refusal::Committed);
            return self.fail(last.failure.kind, Some(last.id));
        }
        if self.is_final(&last) {
            self.refuse(Why::Resume, Refusal::NotRetryable);
            return self.fail(last.failure.kind, Some(last.id));
        }
        if let Err(obstacle) = self.may_resume(&last) {
            return self.end_broken(obstacle);
        }
        let ways = self.ways(&last);
        if let Some(place) = self.best_way(&ways) {
            return self.go_on(place, &last);
        }
        match self.best_pause(&ways) {
            Ok(plan) => self.follow(plan),
            Err(obstacle) => self.end_broken(obstacle),
        }
    }

    /// The caller's time is over.
    pub(crate) fn out_of_time(&mut self) {
        let is_broken = self.call.seam.broken.is_some() && !self.call.streams();
        self.cancel_all(CancelReason::Deadline);
        if is_broken {
            return self.end_broken(Refusal::Deadline.into());
        }
        self.refuse(Why::Failover, Refusal::Deadline);
        self.fail(FailureKind::Timeout, None);
    }

    /// The verdict on an answer that is whole.
    pub(crate) fn whole(&self, attempt: AttemptId) -> Verdict {
        match self.call.seam.broken {
            None => Verdict::Served { attempt },
            Some(_) => Verdict::Resumed { attempt },
        }
    }

    /// Whether nobody could mend this failure by going on. That a continuation was refused says
    /// nothing about the call: it was answered before.
    fn is_final(&self, last: &Failed) -> bool {
        let retry = &self.call.route.policies.retry;
        let kind = last.failure.kind;
        let is_stopped = kind == FailureKind::Cancelled
            || (kind == FailureKind::ContentFiltered
                && retry.content_filter == ContentFilter::Fail);
        let had_begun = last.why != Why::Resume || last.begun;
        is_stopped || (had_begun && retry.ends_call(&last.failure))
    }

    /// Whether the call may be continued at all, wherever.
    fn may_resume(&mut self, last: &Failed) -> Result<(), Obstacle> {
        let seam = &self.call.seam;
        if seam.resumable == Resumable::Never {
            return Err(Refusal::NotResumable.into());
        }
        let spent = seam.continued >= self.call.route.policies.resume.max;
        if (spent && !self.is_asked_once_more(last)) || self.call.made == u8::MAX {
            return Err(Refusal::ResumesSpent.into());
        }
        self.affords(Why::Resume)
    }

    /// Whether the last failure was a continuation that its target did not take as it was written,
    /// for the first time.
    fn is_asked_once_more(&self, last: &Failed) -> bool {
        let refused = |it: &&Failed| {
            it.target == last.target
                && it.why == Why::Resume
                && it.repeats == Repeats::Once
                && !it.begun
        };
        refused(&last) && self.call.failed.iter().filter(refused).count() == 1
    }

    /// Looks at every target of the route, and says which cannot go on, and why.
    fn ways(&mut self, last: &Failed) -> Vec<Way> {
        let route = std::sync::Arc::clone(&self.call.route);
        let once_more = self.is_asked_once_more(last);
        let spent = self.call.seam.continued >= route.policies.resume.max;
        let mut ways = Vec::new();
        let mut looked = 0;
        for (tier, targets) in route.tiers.iter().enumerate() {
            for &target in targets {
                let Some(cell) = self.call.book.cell(target) else { continue };
                looked += 1;
                if spent && !(once_more && target == last.target) {
                    continue;
                }
                if let Some(way) = self.way(Place { target, cell, tier }, last) {
                    ways.push(way);
                }
            }
        }
        let open = ways.iter().filter(|way| way.gate.is_none() && way.asked.is_none()).count();
        self.seen = Seen { looked, open: u32::try_from(open).unwrap_or(u32::MAX) };
        ways
    }

    fn way(&mut self, place: Place, last: &Failed) -> Option<Way> {
        let Place { target, cell, tier } = place;
        if self.tell_unfit(target) {
            return None;
        }
        if !self.takes_beginnings(target) {
            self.bar(target, BarReason::Incapable(Need::Prefill), None);
            return None;
        }
        self.world.notice(self.now, target, cell, self.step);
        let Some(preference) = self.preference(target, last) else {
            if !self.call.used(target) {
                self.bar(target, BarReason::Excluded, None);
            }
            return None;
        };
        let gate = self.world.gate(self.now, self.call, target);
        self.tell_bar(target, gate);
        let order = (preference, tier < last.tier, tier, self.rank(target, cell));
        Some(Way { place, gate, order, asked: self.asked_until(target) })
    }

    /// Whether a target could go on from what the client has.
    fn takes_beginnings(&self, target: TargetId) -> bool {
        match self.call.seam.resumable {
            Resumable::Never | Resumable::Said => false,
            Resumable::ByPrefill => self.call.book.target(target).is_some_and(|it| it.prefill),
            Resumable::Anywhere => true,
        }
    }

    fn preference(&self, target: TargetId, last: &Failed) -> Option<Preference> {
        match self.standing(target) {
            Standing::Out => None,
            Standing::Untried => Some(Preference::Untried),
            Standing::Repeatable { .. } if target != last.target => Some(Preference::Tried),
            Standing::Repeatable { .. } if self.is_asked_once_more(last) => Some(Preference::Same),
            Standing::Repeatable { .. } => {
                let resumed = |it: &Failed| it.target == target && it.why == Why::Resume;
                let well = is_well(last.failure.kind) && !self.call.failed.iter().any(resumed);
                Some(if well { Preference::Same } else { Preference::SameAfterAll })
            }
        }
    }

    /// Until when a target asked this call to leave it alone.
    fn asked_until(&self, target: TargetId) -> Option<Moment> {
        let here = self.call.failed.iter().filter(|failed| failed.target == target);
        let asked = here.filter_map(|failed| Some(failed.ended + failed.failure.retry_after?));
        asked.max().filter(|end| *end > self.now)
    }

    fn best_way(&self, ways: &[Way]) -> Option<Place> {
        let open = ways.iter().filter(|way| way.gate.is_none() && way.asked.is_none());
        let open = open.filter(|way| self.fits(way.place, self.now, Why::Resume));
        open.min_by_key(|way| way.order).map(|way| way.place)
    }

    /// The wait that ends first, if it is a short one.
    fn best_pause(&self, ways: &[Way]) -> Result<Plan, Obstacle> {
        let mut best: Result<Plan, Obstacle> = Err(Refusal::NoTarget.into());
        for way in ways {
            best = match (best, self.pause(way)) {
                (Ok(best), Ok(plan)) if plan.ready < best.ready => Ok(plan),
                (Ok(best), _) => Ok(best),
                (Err(_), Ok(plan)) => Ok(plan),
                (Err(first), Err(other)) if first.reason == Refusal::NoTarget => Err(other),
                (Err(first), Err(_)) => Err(first),
            };
        }
        best
    }

    /// The wait for a target that will be free by itself.
    fn pause(&self, way: &Way) -> Result<Plan, Obstacle> {
        let gate = way.gate;
        let passes = |gate: Gate| {
            matches!(gate.reason, BarReason::Throttle | BarReason::Quota | BarReason::Limit)
        };
        let opens = match gate {
            Some(gate) if passes(gate) => Some(self.opens(gate, Within::Route)?),
            Some(_) => return Err(Refusal::NoTarget.into()),
            None => None,
        };
        let end = opens.max(way.asked).unwrap_or(self.now);
        let is_named = gate.is_none_or(|gate| gate.until.is_some());
        let ready = if is_named { end + self.spread(end) } else { end };
        if !self.fits(way.place, ready, Why::Resume) {
            return Err(self.too_late(way.place, ready, Why::Resume));
        }
        let since = self.call.pause.map_or(self.now, |pause| pause.since);
        let allowed = self.call.route.policies.retry.tier_wait;
        if end.since(since) > allowed {
            return Err(Obstacle::wait(end.since(since), allowed));
        }
        let cause = match (way.asked, gate) {
            (None, Some(gate)) => WaitCause::Gate(gate.reason),
            (Some(_), _) | (None, None) => WaitCause::RetryAfter,
        };
        let left = Grounds::NONE.span(Measure::GateLeftMs, end.since(self.now));
        let grounds = self.bounds(left, allowed);
        Ok(Plan { place: way.place, why: Why::Resume, ready, cause, grounds })
    }

    fn go_on(&mut self, place: Place, last: &Failed) {
        let once_more = place.target == last.target && self.is_asked_once_more(last);
        let seam = &mut self.call.seam;
        seam.attempts = seam.attempts.saturating_add(1);
        seam.continued = seam.continued.saturating_add(u8::from(!once_more));
        self.start(place, Why::Resume);
    }

    /// Nobody goes on: the client is told what broke its answer, not what became of the attempts
    /// to save it.
    fn end_broken(&mut self, obstacle: Obstacle) {
        self.refuse(Why::Resume, obstacle);
        let broken = self.call.seam.broken;
        let kind = broken.map_or(FailureKind::Timeout, |(kind, _)| kind);
        self.fail(kind, broken.map(|(_, attempt)| attempt));
    }
}

/// Whether a target that broke off in this way is likely to go on if it is asked at once: it spoke
/// to the last, and did not say that it has too much to do.
const fn is_well(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Network | FailureKind::ServerError | FailureKind::BadResponse => true,
        FailureKind::RateLimited
        | FailureKind::QuotaExhausted
        | FailureKind::Overloaded
        | FailureKind::Timeout
        | FailureKind::BadRequest
        | FailureKind::ContextLengthExceeded
        | FailureKind::ContentFiltered
        | FailureKind::Authentication
        | FailureKind::Permission
        | FailureKind::ModelNotFound
        | FailureKind::NotFound
        | FailureKind::PayloadTooLarge
        | FailureKind::Unsupported
        | FailureKind::Conflict
        | FailureKind::Cancelled => false,
    }
}
