//! Figures: what a turn tells of the decisions it makes. Nothing here decides.

use std::time::Duration;

use crate::choose::Look;
use crate::obstacle::Obstacle;
use crate::policy::Extra;
use crate::turn::{Place, Turn};
use crate::{BarReason, Grounds, Measure, Moment, Prefer, Refusal, TargetId, Why};

/// What the last look around a route showed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) looked: u32,
    pub(crate) open: u32,
}

impl Seen {
    pub(crate) fn of(looked: u32, looks: &[Look]) -> Self {
        let open = looks.iter().filter(|look| look.is_open()).count();
        Self { looked, open: u32::try_from(open).unwrap_or(u32::MAX) }
    }
}

impl Turn<'_> {
    /// What an attempt is made by. What is said of its kind alone stands first.
    pub(crate) fn grounds_of_start(
        &self,
        place: Place,
        why: Why,
        (extra, own): (Option<Extra>, Grounds),
    ) -> Grounds {
        let mut grounds = own;
        if let (Some(extra), Some(purse)) = (extra, self.world.purses.get(self.call.purse)) {
            grounds = grounds.count(Measure::BudgetLeftMilli, purse.left_milli(extra));
        }
        if let Some(end) =
            if why == Why::Resume { self.call.must_end() } else { Some(self.call.deadline) }
        {
            grounds = grounds.span(Measure::DeadlineLeftMs, end.since(self.now));
        }
        grounds = if why == Why::Resume {
            self.resumes(grounds)
        } else {
            grounds.with(Measure::AttemptsLeft, u32::from(self.call.attempts_left()))
        };
        grounds = grounds
            .with(Measure::TargetsLooked, self.seen.looked)
            .with(Measure::TargetsOpen, self.seen.open)
            .count(Measure::Tier, place.tier as u64);
        if self.seen.open > 1 { self.preferred_by(grounds, place) } else { grounds }
    }

    /// What the best of several was chosen by.
    fn preferred_by(&self, grounds: Grounds, place: Place) -> Grounds {
        match self.call.route.policies.prefer {
            Prefer::Price => {
                let target = self.call.book.target(place.target);
                let price = target.and_then(|target| self.call.demand.price(target));
                price.map_or(grounds, |price| {
                    let price = u64::try_from(price).unwrap_or(u64::MAX);
                    grounds.count(Measure::ExpectedCostMicros, price / 1_000_000)
                })
            }
            Prefer::Health | Prefer::Speed => {
                let known = self.world.cells[place.cell].typical(self.call.delivery);
                if known.is_zero() {
                    grounds
                } else {
                    grounds.span(Measure::ExpectedFirstContentMs, known)
                }
            }
        }
    }

    /// How long a slow attempt had been on its way when another was, or was not, started beside it.
    pub(crate) fn waited(&self, sent: Moment) -> Grounds {
        Grounds::NONE.span(Measure::WaitedMs, self.now.since(sent))
    }

    /// What is known of the usual wait at a target, beside which a hedge is considered.
    pub(crate) fn usual_wait(&self, grounds: Grounds, cell: usize) -> Grounds {
        let (delivery, tokens) = (self.call.delivery, self.call.demand.prompt());
        match self.world.cells[cell].hedge.known(delivery, tokens) {
            Some((delay, answers)) => {
                grounds.span(Measure::HedgeDelayMs, delay).count(Measure::HedgeSamples, answers)
            }
            None => grounds,
        }
    }

    /// What stood against an attempt, with what every such refusal is told by.
    pub(crate) fn grounds_of_refusal(&self, obstacle: Obstacle) -> Grounds {
        let Obstacle { reason, grounds } = obstacle;
        if !grounds.is_empty() {
            return grounds;
        }
        match reason {
            Refusal::AttemptsSpent => {
                let made = self.call.max_attempts.saturating_sub(self.call.attempts_left());
                grounds
                    .with(Measure::AttemptsMade, u32::from(made))
                    .with(Measure::AttemptsAllowed, u32::from(self.call.max_attempts))
            }
            Refusal::Deadline => {
                let end = self.call.must_end().unwrap_or(self.call.deadline);
                grounds.span(Measure::DeadlineLeftMs, end.since(self.now))
            }
            Refusal::Committed | Refusal::ResumesSpent => self.resumes(grounds),
            Refusal::NoTarget => grounds
                .with(Measure::TargetsLooked, self.seen.looked)
                .with(Measure::TargetsOpen, self.seen.open),
            Refusal::NoneCanServe(BarReason::ContextTooSmall) => {
                let route = &self.call.route;
                let targets = route.tiers.iter().flatten();
                let largest = targets.max_by_key(|target| self.room_at(**target));
                largest.map_or(grounds, |target| self.room(grounds, *target))
            }
            Refusal::Budget
            | Refusal::ExtrasInFlight
            | Refusal::NotRetryable
            | Refusal::WaitTooLong
            | Refusal::NotResumable
            | Refusal::NoHeadroom
            | Refusal::RecentOverload
            | Refusal::CancelBilled
            | Refusal::NoneCanServe(_) => grounds,
        }
    }

    /// How far a target's gate is closed.
    pub(crate) fn grounds_of_bar(
        &self,
        target: TargetId,
        (reason, until): (BarReason, Option<Moment>),
    ) -> Grounds {
        let left = |grounds: Grounds| {
            until.map_or(grounds, |at| grounds.span(Measure::GateLeftMs, at.since(self.now)))
        };
        let cell = self.call.book.cell(target).map(|cell| &self.world.cells[cell]);
        match reason {
            BarReason::ContextTooSmall => self.room(Grounds::NONE, target),
            BarReason::Breaker | BarReason::Limit | BarReason::Quota => {
                let (now, ask) = (self.now, self.call.demand.ask());
                let own = cell.map_or(Grounds::NONE, |cell| cell.grounds(reason, now, ask));
                left(own)
            }
            BarReason::Throttle
            | BarReason::CredentialDisabled
            | BarReason::ModelDisabled
            | BarReason::SwitchedOff
            | BarReason::Excluded
            | BarReason::OtherForm
            | BarReason::OtherAccount
            | BarReason::OtherModel
            | BarReason::Incapable(_) => left(Grounds::NONE),
        }
    }

    /// That an attempt sent at `start` would not answer in time.
    pub(crate) fn too_late(&self, place: Place, start: Moment, why: Why) -> Obstacle {
        let typical = self.world.cells[place.cell].typical(self.call.delivery);
        let end = if why == Why::Resume { self.call.callers_deadline } else { None };
        let left = end.unwrap_or(self.call.deadline).since(self.now);
        Obstacle::deadline(start.since(self.now).saturating_add(typical), left)
    }

    /// How far a wait may go, and what it may not go beyond.
    pub(crate) fn bounds(&self, grounds: Grounds, allowed: Duration) -> Grounds {
        let grounds = grounds.span(Measure::WaitAllowedMs, allowed);
        let end = self.call.must_end();
        end.map_or(grounds, |end| grounds.span(Measure::DeadlineLeftMs, end.since(self.now)))
    }

    fn resumes(&self, grounds: Grounds) -> Grounds {
        let allowed = self.call.route.policies.resume.max;
        grounds
            .with(Measure::ResumesMade, u32::from(self.call.seam.continued()))
            .with(Measure::ResumesAllowed, u32::from(allowed))
    }

    fn room(&self, grounds: Grounds, target: TargetId) -> Grounds {
        let grounds = grounds.with(Measure::PromptTokens, self.call.demand.prompt());
        match self.room_at(target) {
            Some(room) => grounds.with(Measure::ContextTokens, room),
            None => grounds,
        }
    }

    fn room_at(&self, target: TargetId) -> Option<u32> {
        self.call.book.target(target)?.capability.context
    }
}
