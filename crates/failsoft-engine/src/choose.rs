//! Ranking: which targets of a route may take a call's next attempt, and which of them is best.

use crate::figures::Seen;
use crate::policy::Repeats;
use crate::random::{Purpose, Subject};
use crate::target::Gate;
use crate::turn::{Place, Turn};
use crate::{Bar, BarReason, Elsewhere, Event, Moment, Prefer, TargetId, Why};

/// What is preferred, what it costs, and a draw between equals.
pub(crate) type Rank = (u64, u64, u64);

/// One target, as one call sees it now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) place: Place,
    pub(crate) standing: Standing,
    pub(crate) gate: Option<Gate>,
}

/// What lies between a call and a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing yet.
    Untried,
    /// A failure that may be tried again there; its place in the call's list of failures.
    Repeatable { failed: usize, only_without_elsewhere: bool },
    /// It is on its way there, or a failure forbids it.
    Out,
}

impl Look {
    /// It can be sent to now.
    pub(crate) fn is_open(&self) -> bool {
        self.standing == Standing::Untried && self.gate.is_none()
    }
}

impl Turn<'_> {
    /// The best target of the first tier, when the call has only just arrived: the way of almost
    /// every call, so it stays short.
    pub(crate) fn first_choice(&mut self) -> Option<Place> {
        let route = std::sync::Arc::clone(&self.call.route);
        let tier = route.tiers.first()?;
        let mut best: Option<(Rank, Place)> = None;
        let mut barred = false;
        let mut seen = Seen::default();
        for &target in tier {
            let Some(cell) = self.call.book.cell(target) else { continue };
            seen.looked += 1;
            self.world.notice(self.now, target, cell, self.step);
            if self.unfit(target).is_some()
                || self.world.gate(self.now, self.call, target).is_some()
            {
                barred = true;
                continue;
            }
            seen.open += 1;
            let rank = self.rank(target, cell);
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, Place { target, cell, tier: 0 }));
            }
        }
        let (_, place) = best?;
        self.seen = seen;
        if barred {
            for &target in tier {
                if !self.tell_unfit(target) {
                    self.tell_bar(target, self.world.gate(self.now, self.call, target));
                }
            }
        }
        Some(place)
    }

    /// Looks at every target of the route that can serve the call at all, and says which could not
    /// take the next attempt, and why.
    pub(crate) fn look_around(&mut self) -> Vec<Look> {
        let route = std::sync::Arc::clone(&self.call.route);
        let mut looks = Vec::with_capacity(route.tiers.iter().map(Vec::len).sum());
        let mut looked = 0;
        for (tier, targets) in route.tiers.iter().enumerate() {
            for &target in targets {
                let Some(cell) = self.call.book.cell(target) else { continue };
                looked += 1;
                if self.tell_unfit(target) {
                    continue;
                }
                self.world.notice(self.now, target, cell, self.step);
                let gate = self.world.gate(self.now, self.call, target);
                let standing = self.standing(target);
                if standing == Standing::Untried {
                    self.tell_bar(target, gate);
                } else if !self.call.used(target) {
                    self.bar(target, BarReason::Excluded, None);
                }
                looks.push(Look { place: Place { target, cell, tier }, standing, gate });
            }
        }
        self.seen = Seen::of(looked, &looks);
        looks
    }

    /// The best of those that can be sent to now and would answer before the deadline.
    pub(crate) fn best_open(
        &self,
        looks: &[Look],
        why: Why,
        tiers: impl Fn(usize) -> bool,
    ) -> Option<Place> {
        // What was too slow once is no company for what is slow now.
        let is_beside = matches!(why, Why::Patience | Why::Hedge);
        let is_fresh = |target: TargetId| !is_beside || !self.call.lost.contains(&target);
        let open = looks.iter().filter(|look| look.is_open() && tiers(look.place.tier));
        let open = open.filter(|look| is_fresh(look.place.target));
        let places = open.map(|look| look.place).filter(|&place| self.fits(place, self.now, why));
        places.min_by_key(|place| (place.tier, self.rank(place.target, place.cell)))
    }

    /// Whether an attempt sent at `start` can be expected to answer in time. The first may always
    /// try: what is known of a pace is no reason to send nothing at all.
    pub(crate) fn fits(&self, place: Place, start: Moment, why: Why) -> bool {
        let typical = self.world.cells[place.cell].typical(self.call.delivery);
        let end = match why {
            // The answer has begun: only the caller's own word bounds it.
            Why::Resume => self.call.callers_deadline.unwrap_or(Moment::NEVER),
            Why::First | Why::Retry | Why::Failover | Why::Patience | Why::Hedge => {
                self.call.deadline
            }
        };
        start < end && (why == Why::First || start + typical <= end)
    }

    /// Less is better. What the route prefers comes first, what is healthy decides between equals.
    pub(crate) fn rank(&self, target: TargetId, cell: usize) -> Rank {
        let subject = Subject { id: self.call.id.0, part: u64::from(target.0) };
        let (now, delivery, demand) = (self.now, self.call.delivery, &self.call.demand);
        let cell = &self.world.cells[cell];
        let known = self.call.book.target(target);
        let doubt = known.map_or(1, |known| demand.doubt(known));
        let preferred = match self.call.route.policies.prefer {
            Prefer::Health => 0,
            Prefer::Price => known
                .and_then(|known| demand.price(known))
                .map_or(u64::MAX, |price| cell.dearness(now, price).saturating_mul(doubt)),
            Prefer::Speed => cell.slowness(now, delivery).saturating_mul(doubt),
        };
        let cost = cell.cost(now, delivery).saturating_mul(doubt);
        (preferred, cost, self.world.random.draw(subject, Purpose::Tie))
    }

    pub(crate) fn standing(&self, target: TargetId) -> Standing {
        if self.call.living.iter().any(|attempt| attempt.target == target) {
            return Standing::Out;
        }
        if self.excluded(target) {
            return Standing::Out;
        }
        let here = || self.call.failed.iter().enumerate().filter(|(_, it)| it.target == target);
        // To ask again is the SDK's business until something of the answer has gone out.
        let is_once = self.call.once_per_target && self.call.committed.is_none();
        let Some((index, last)) = here().next_back() else {
            let lost = is_once && self.call.lost.contains(&target);
            return if lost { Standing::Out } else { Standing::Untried };
        };
        let times = here().filter(|(_, failed)| failed.repeats == last.repeats).count();
        let allowed = match last.repeats {
            Repeats::None => false,
            Repeats::Many => true,
            Repeats::Once | Repeats::OnceWithoutElsewhere => times == 1,
        };
        if !allowed || is_once {
            return Standing::Out;
        }
        let only_without_elsewhere = last.repeats == Repeats::OnceWithoutElsewhere;
        Standing::Repeatable { failed: index, only_without_elsewhere }
    }

    /// Whether a failure at another target rules this one out.
    fn excluded(&self, target: TargetId) -> bool {
        let book = &self.call.book;
        self.call.failed.iter().filter(|failed| failed.target != target).any(|failed| {
            let (Some(one), Some(other)) = (book.target(failed.target), book.target(target)) else {
                return false;
            };
            match failed.failure.elsewhere {
                Elsewhere::Any | Elsewhere::Nowhere => false,
                Elsewhere::OtherCredential => one.credential == other.credential,
                Elsewhere::OtherModel | Elsewhere::LargerContext => one.model == other.model,
            }
        })
    }

    /// Says why a target can never serve this call, if that is so. Of one that has been tried its
    /// failure says it.
    pub(crate) fn tell_unfit(&mut self, target: TargetId) -> bool {
        let Some(reason) = self.unfit(target) else { return false };
        if !self.call.used(target) {
            self.bar(target, reason, None);
        }
        true
    }

    pub(crate) fn tell_bar(&mut self, target: TargetId, gate: Option<Gate>) {
        if let Some(gate) = gate {
            self.bar(target, gate.reason, gate.until);
        }
    }

    pub(crate) fn bar(&mut self, target: TargetId, reason: BarReason, until: Option<Moment>) {
        let grounds = self.grounds_of_bar(target, (reason, until));
        let bar = Bar { call: self.call.id, target, reason, until, grounds };
        self.step.events.push(Event::Barred(bar));
    }
}
