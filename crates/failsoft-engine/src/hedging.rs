//! Hedging: another target beside one that is slower than nearly all its answers. Whatever stands
//! against it is asked when the moment has come, not when it is set.

use crate::choose::{Look, Rank};
use crate::obstacle::Obstacle;
use crate::turn::{Place, Turn};
use crate::{Cancel, Grounds, Measure, Moment, Refusal, Target, TargetId, Why};

/// Less is better: the tier, then whether the provider is the slow one's, then the rank.
type Order = (usize, bool, Rank);

impl Turn<'_> {
    /// When an attempt that is sent now will be slower than nearly all answers of its target. Only
    /// one that is alone is watched, whyever it was made, and only where there is somebody else.
    pub(crate) fn hedge_at(&mut self, cell: usize, why: Why) -> Option<Moment> {
        let call = &*self.call;
        let watched = call.may_hedge && call.living.is_empty() && why != Why::Resume;
        let tiers = &call.route.tiers;
        if !watched || (tiers.len() < 2 && tiers.first().is_none_or(|tier| tier.len() < 2)) {
            return None;
        }
        let (what, quantile) =
            ((call.delivery, call.demand.prompt()), call.route.policies.hedge.quantile_milli);
        let delay = self.world.cells[cell].hedge.delay(self.now, what, quantile)?;
        Some(self.now + delay)
    }

    /// Starts another target beside an attempt whose moment has come.
    pub(crate) fn hedge_if_due(&mut self) {
        let now = self.now;
        let due = self.call.living.iter_mut().find(|it| it.hedge_at.is_some_and(|at| now >= at));
        let Some(slow) = due else { return };
        slow.hedge_at = None;
        let (target, cell, sent) = (slow.target, slow.cell, slow.sent);
        let waited = now.since(sent);
        if !self.call.may_hedge || self.call.living.len() > 1 {
            return;
        }
        match self.beside(target, cell) {
            Ok(place) => {
                self.call.may_hedge = false;
                let grounds = self.usual_wait(self.waited(sent), cell);
                self.start_by(place, Why::Hedge, grounds);
            }
            Err(obstacle) => {
                let reason = obstacle.reason;
                self.refuse(Why::Hedge, obstacle);
                // The longer it has waited, the more a hedge is worth: what is short now may not be
                // when it has waited as long again.
                let slow = self.call.living.first_mut().filter(|_| may_pass(reason));
                if let Some(slow) = slow {
                    slow.hedge_at = Some(now + waited);
                }
            }
        }
    }

    /// The best target beside a slow one, or what stands against the one that would be.
    fn beside(&mut self, slow: TargetId, cell: usize) -> Result<Place, Obstacle> {
        if self.call.attempts_left() == 0 {
            return Err(Refusal::AttemptsSpent.into());
        }
        let book = std::sync::Arc::clone(&self.call.book);
        let Some(slow) = book.target(slow) else { return Err(Refusal::NoTarget.into()) };
        if slow.cancel == Cancel::Billed {
            return Err(Refusal::CancelBilled.into());
        }
        if self.world.cells[cell].hedge.is_overloaded(self.now) {
            return Err(self.overloaded(cell));
        }
        self.affords(Why::Hedge)?;
        let looks = self.look_around();
        let present = self.call.tier();
        let open = looks.iter().filter(|look| look.is_open() && look.place.tier >= present);
        let mut best: Option<(Order, Place)> = None;
        let mut nearest: Option<(Order, Obstacle)> = None;
        for place in open.map(|look: &Look| look.place) {
            let Some(other) = book.target(place.target) else { continue };
            let same_provider = other.provider == slow.provider;
            let order = (place.tier, same_provider, self.rank(place.target, place.cell));
            match self.spares(place, other) {
                Ok(()) if best.is_none_or(|(least, _)| order < least) => {
                    best = Some((order, place));
                }
                Err(obstacle) if nearest.is_none_or(|(least, _)| order < least) => {
                    nearest = Some((order, obstacle));
                }
                Ok(()) | Err(_) => {}
            }
        }
        let against = nearest.map_or(Refusal::NoTarget.into(), |(_, obstacle)| obstacle);
        best.map(|(_, place)| place).ok_or(against)
    }

    fn overloaded(&self, cell: usize) -> Obstacle {
        let left = self.world.cells[cell].hedge.quiet_left(self.now);
        let grounds = Grounds::NONE.span(Measure::GateLeftMs, left);
        Obstacle { reason: Refusal::RecentOverload, grounds }
    }

    /// Whether a target that may be sent to has something to spare for a hedge.
    fn spares(&self, place: Place, other: &Target) -> Result<(), Obstacle> {
        let cell = &self.world.cells[place.cell];
        if !cell.is_well() {
            Err(Refusal::NoTarget.into())
        } else if other.cancel == Cancel::Billed {
            Err(Refusal::CancelBilled.into())
        } else if cell.hedge.is_overloaded(self.now) {
            Err(self.overloaded(place.cell))
        } else if !cell.has_headroom(self.now) {
            let grounds = cell.spare(self.now);
            Err(Obstacle { reason: Refusal::NoHeadroom, grounds })
        } else if !self.fits(place, self.now, Why::Hedge) {
            Err(self.too_late(place, self.now, Why::Hedge))
        } else {
            Ok(())
        }
    }
}

/// Whether what stands against a hedge may not stand there for long.
const fn may_pass(reason: Refusal) -> bool {
    match reason {
        Refusal::Budget
        | Refusal::ExtrasInFlight
        | Refusal::NoTarget
        | Refusal::NoHeadroom
        | Refusal::RecentOverload => true,
        Refusal::AttemptsSpent
        | Refusal::Deadline
        | Refusal::NotRetryable
        | Refusal::Committed
        | Refusal::WaitTooLong
        | Refusal::NotResumable
        | Refusal::ResumesSpent
        | Refusal::CancelBilled
        | Refusal::NoneCanServe(_) => false,
    }
}
