//! One call: what it may do, what it has done, and what it waits for.

use std::sync::Arc;
use std::time::Duration;

use crate::fit::Demand;
use crate::policy::{ExtraPermit, FirstToken, Repeats};
use crate::resume::Seam;
use crate::target::Permit;
use crate::world::Book;
use crate::{
    Arrival, AttemptId, CallId, Delivery, Failure, Moment, Profile, Resumable, Route, TargetId,
    Usage, Why,
};

/// A call between its arrival and its verdict.
#[derive(Debug, Hash)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    /// The settings it came in on.
    pub(crate) book: Arc<Book>,
    pub(crate) route: Arc<Route>,
    /// Where the budgets of its route are kept.
    pub(crate) purse: usize,
    pub(crate) delivery: Delivery,
    pub(crate) profile: Profile,
    pub(crate) arrived: Moment,
    pub(crate) deadline: Moment,
    /// What the caller itself will wait: it also bounds an answer that has begun.
    pub(crate) callers_deadline: Option<Moment>,
    pub(crate) max_attempts: u8,
    /// The caller's SDK repeats for us, so no target is tried twice.
    pub(crate) once_per_target: bool,
    pub(crate) demand: Demand,
    /// Another attempt may still be started beside one that is slower than usual.
    pub(crate) may_hedge: bool,
    /// Attempts made so far, those that go on with a broken stream among them.
    pub(crate) made: u8,
    /// Attempts on their way: one, or one beside another.
    pub(crate) living: Vec<Attempt>,
    /// Attempts that failed, in the order they ended.
    pub(crate) failed: Vec<Failed>,
    /// Whose content went to the client last.
    pub(crate) committed: Option<AttemptId>,
    /// Where attempts were that lost against another.
    pub(crate) lost: Vec<TargetId>,
    pub(crate) seam: Seam,
    pub(crate) pause: Option<Pause>,
    /// The moment the driver was last asked to come back at.
    pub(crate) wake: Option<Moment>,
    pub(crate) over: bool,
}

/// An attempt on its way.
#[derive(Debug, Hash)]
pub(crate) struct Attempt {
    pub(crate) id: AttemptId,
    pub(crate) target: TargetId,
    pub(crate) cell: usize,
    pub(crate) tier: usize,
    pub(crate) why: Why,
    pub(crate) sent: Moment,
    pub(crate) connected: bool,
    /// When content came last, once it has begun.
    pub(crate) content_at: Option<Moment>,
    /// When another target is to be started beside it.
    pub(crate) patience_at: Option<Moment>,
    /// When it is slower than nearly all its target's answers.
    pub(crate) hedge_at: Option<Moment>,
    /// Who could go on if it broke now.
    pub(crate) resumable: Resumable,
    pub(crate) permit: Permit,
    pub(crate) extra: Option<ExtraPermit>,
}

impl Attempt {
    /// What it used, as far as is known, if it is abandoned now. An answer that was begun is not
    /// counted by anybody here.
    pub(crate) const fn used_in_vain(&self, demand: &Demand) -> Usage {
        let was_sent = self.connected || self.content_at.is_some();
        Usage { input: if was_sent { demand.prompt() } else { 0 }, output: 0 }
    }
}

/// An attempt that failed.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Failed {
    pub(crate) id: AttemptId,
    pub(crate) target: TargetId,
    pub(crate) tier: usize,
    pub(crate) why: Why,
    /// Content had come before.
    pub(crate) begun: bool,
    pub(crate) failure: Failure,
    pub(crate) repeats: Repeats,
    /// Before this the call does not go to the same target again.
    pub(crate) ready: Moment,
    pub(crate) ended: Moment,
}

/// A wait before the next attempt.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Pause {
    pub(crate) since: Moment,
    pub(crate) until: Moment,
    /// How often it has looked and waited on.
    pub(crate) looks: u32,
}

impl Call {
    pub(crate) fn new(now: Moment, arrival: &Arrival, book: Arc<Book>, route: Arc<Route>) -> Self {
        let policies = &route.policies;
        let profile = arrival.profile.unwrap_or(policies.profile);
        let own = policies.timeouts.deadline.of(profile);
        let allowed = policies.retry.max_attempts;
        let purse = book.purse(usize::from(arrival.route.0)).unwrap_or(usize::MAX);
        Self {
            id: arrival.call,
            purse,
            delivery: arrival.delivery,
            profile,
            arrived: now,
            deadline: now + arrival.deadline.map_or(own, |asked| asked.min(own)),
            callers_deadline: arrival.deadline.map(|asked| now + asked),
            max_attempts: arrival.max_attempts.map_or(allowed, |asked| asked.min(allowed)).max(1),
            once_per_target: arrival.client_retries > 0,
            demand: Demand::new(arrival, &book),
            may_hedge: policies.hedge.allows(arrival, profile),
            made: 0,
            living: Vec::new(),
            failed: Vec::new(),
            committed: None,
            lost: Vec::new(),
            seam: Seam::default(),
            pause: None,
            wake: None,
            over: false,
            book,
            route,
        }
    }

    pub(crate) fn index_of(&self, id: AttemptId) -> Option<usize> {
        self.living.iter().position(|attempt| attempt.id == id)
    }

    /// The tier of the last attempt made.
    pub(crate) fn tier(&self) -> usize {
        let living = self.living.iter().map(|attempt| (attempt.id.ordinal, attempt.tier));
        let failed = self.failed.iter().map(|failed| (failed.id.ordinal, failed.tier));
        living.chain(failed).max().map_or(0, |(_, tier)| tier)
    }

    pub(crate) fn used(&self, target: TargetId) -> bool {
        self.living.iter().any(|attempt| attempt.target == target)
            || self.failed.iter().any(|failed| failed.target == target)
            || self.lost.contains(&target)
    }

    pub(crate) fn attempts_left(&self) -> u8 {
        self.max_attempts.saturating_sub(self.made.saturating_sub(self.seam.attempts))
    }

    /// Whether an attempt is on its way whose content goes to the client.
    pub(crate) fn streams(&self) -> bool {
        self.committed.is_some_and(|id| self.index_of(id).is_some())
    }

    /// The bounds on the wait for first content.
    pub(crate) fn first_content(&self) -> FirstToken {
        match self.delivery {
            Delivery::Plain => self.route.policies.timeouts.reply,
            Delivery::Streamed => self.route.policies.timeouts.first_token,
        }
    }

    /// When the call must have ended. A streamed answer that has begun may take its time, unless
    /// the caller said how long it waits.
    pub(crate) fn must_end(&self) -> Option<Moment> {
        if self.committed.is_none() { Some(self.deadline) } else { self.callers_deadline }
    }

    /// When an attempt's watch expires, whichever is first.
    pub(crate) fn watch(&self, attempt: &Attempt) -> Moment {
        let timeouts = &self.route.policies.timeouts;
        let total = attempt.sent + timeouts.total;
        match attempt.content_at {
            Some(at) => total.min(at + timeouts.stall),
            None if attempt.connected => total.min(attempt.sent + self.first_content().timeout),
            None => total
                .min(attempt.sent + self.first_content().timeout)
                .min(attempt.sent + timeouts.connect),
        }
    }

    /// The first moment at which something must be looked at.
    pub(crate) fn next_look(&self) -> Option<Moment> {
        let pause = self.pause.map(|pause| pause.until);
        let watches = self.living.iter().map(|attempt| self.watch(attempt));
        let patience = self.living.iter().filter_map(|attempt| attempt.patience_at);
        let hedges = self.living.iter().filter_map(|attempt| attempt.hedge_at);
        let looks = self.must_end().into_iter().chain(pause).chain(watches);
        looks.chain(patience).chain(hedges).min()
    }

    /// How long ago it arrived.
    pub(crate) fn age(&self, now: Moment) -> Duration {
        now.since(self.arrived)
    }
}
