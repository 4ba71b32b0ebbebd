//! What the engine knows of one target: its gates, its pace, and the attempts it holds.

use std::time::Duration;

use crate::feeds::Feeds;
use crate::pace::{Pace, Trouble};
use crate::policy::{
    Ask, BreakerCell, BreakerPermit, Change, Closed, Evidence, HedgeCell, LimitCell, LimitPermit,
    QuotaCell, QuotaPermit, QuotaView, Report, Room, ThrottleCell, Used,
};
use crate::{
    BarReason, BreakerState, Delivery, FailureKind, Grounds, Measure, Moment, QuotaTold, Target,
};

/// Before anything is known of a target's pace, silence must last this many times longer.
const COLD_FACTOR: u32 = 4;
/// Silence must last this many times the usual time to first content.
const TYPICAL_FACTOR: u32 = 4;
/// What is out of use may be tried after this, when nothing else is left.
const LAST_RESORT_AFTER: Duration = Duration::from_secs(5);
/// Faster than this, targets count as equally fast.
const PACE_FLOOR: u64 = 50_000_000;
/// Cheaper than a thousandth of a cent, calls count as equally cheap: what is sick and free must
/// not win for ever.
const PRICE_FLOOR: u128 = 10_000_000;

/// A target as a dashboard shows it. Moments may lie in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetView {
    /// Its breaker.
    pub breaker: BreakerState,
    /// Until when the breaker bars, while it is open.
    pub open_until: Option<Moment>,
    /// Until when it asked to be left alone.
    pub throttled_until: Option<Moment>,
    /// Attempts it may hold at once; `None` if that is unbounded.
    pub limit: Option<u32>,
    /// Attempts it holds.
    pub in_flight: u32,
    /// Until when its credential or its model is out of use.
    pub disabled_until: Option<Moment>,
    /// Whether an operator lets it be used.
    pub enabled: bool,
    /// What its answers usually take to begin, once something is known.
    pub first_content: Option<Duration>,
    /// What is left of its quota.
    pub quota: QuotaView,
    /// How long a streamed call with an average prompt waits there before another target is started
    /// beside it, once that is known; only where a route hedges.
    pub hedge_after: Option<Duration>,
}

/// Leave to hold one attempt at a target.
#[derive(Debug, Hash)]
#[must_use]
pub(crate) struct Permit {
    pub(crate) breaker: BreakerPermit,
    limit: LimitPermit,
    quota: QuotaPermit,
}

/// A gate that is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) reason: BarReason,
    pub(crate) until: Option<Moment>,
    /// Whether the target itself named the moment.
    pub(crate) named: bool,
    /// What a call that finds nothing else is told.
    pub(crate) kind: FailureKind,
}

/// Something out of use because a failure said so.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Disabled {
    pub(crate) since: Moment,
    pub(crate) until: Moment,
    pub(crate) kind: FailureKind,
}

impl Disabled {
    pub(crate) fn bars(&self, now: Moment) -> bool {
        now < self.until
    }

    pub(crate) fn last_resort(&self, now: Moment) -> bool {
        now.since(self.since) >= LAST_RESORT_AFTER
    }
}

/// The state of one target.
#[derive(Debug, Hash)]
pub(crate) struct TargetCell {
    breaker: BreakerCell,
    pub(crate) limit: LimitCell,
    pub(crate) throttle: ThrottleCell,
    quota: QuotaCell,
    pub(crate) model: Option<Disabled>,
    pub(crate) enabled: bool,
    /// An operator wants one attempt to go there, whatever it asked.
    probe_wanted: bool,
    paces: [Pace; 2],
    trouble: Trouble,
    pub(crate) hedge: HedgeCell,
}

impl TargetCell {
    pub(crate) fn new(target: &Target, now: Moment) -> Self {
        Self {
            breaker: BreakerCell::new(target.breaker.clone()),
            limit: LimitCell::new(target.limit.clone(), now),
            throttle: ThrottleCell::default(),
            quota: QuotaCell::new(&target.quota),
            model: None,
            enabled: true,
            probe_wanted: false,
            paces: [Pace::default(), Pace::default()],
            trouble: Trouble::default(),
            hedge: HedgeCell::default(),
        }
    }

    /// New rules from here on. A model may have appeared, so it is asked for again.
    pub(crate) fn follow(&mut self, target: &Target, now: Moment) -> (Option<Change>, bool) {
        self.model = None;
        self.quota.follow(&target.quota);
        (self.breaker.follow(&target.breaker, now), self.limit.follow(&target.limit))
    }

    /// Looks for what only time shows.
    pub(crate) fn notice(&mut self, now: Moment, draw: impl FnOnce(u32) -> u64) -> Option<Change> {
        let generation = self.breaker.generation();
        let silence = self.silence();
        self.breaker.notice(now, silence, draw(generation))
    }

    /// The closed gate that opens last, if any is closed. `credential` is checked by the caller.
    pub(crate) fn gate(&self, now: Moment, ask: Ask, credential: Option<Disabled>) -> Option<Gate> {
        if !self.enabled {
            return Some(gate(BarReason::SwitchedOff, FailureKind::Overloaded, None));
        }
        let disabled =
            [(BarReason::CredentialDisabled, credential), (BarReason::ModelDisabled, self.model)];
        let disabled = disabled.into_iter().filter_map(|(reason, out)| {
            let out = out.filter(|out| out.bars(now) && !self.probe_wanted)?;
            Some(gate(reason, out.kind, Some(out.until)))
        });
        let breaker = self.breaker.check(now).err();
        let breaker = breaker.map(|until| gate(BarReason::Breaker, FailureKind::Overloaded, until));
        let throttle = self.throttle.check(now).err().filter(|_| !self.probe_wanted);
        let throttle = throttle.map(|Closed { until, named }| Gate {
            named,
            ..gate(BarReason::Throttle, FailureKind::RateLimited, Some(until))
        });
        let limit =
            (!self.limit.has_room()).then(|| gate(BarReason::Limit, FailureKind::Overloaded, None));
        let quota = self.quota.check(now, ask).err().map(|until| Gate {
            named: true,
            ..gate(BarReason::Quota, FailureKind::RateLimited, Some(until))
        });
        let gates = disabled.chain(breaker).chain(throttle).chain(quota).chain(limit);
        gates.max_by_key(|gate| gate.until)
    }

    /// How far one of its gates is closed.
    pub(crate) fn grounds(&self, reason: BarReason, now: Moment, ask: Ask) -> Grounds {
        match reason {
            BarReason::Breaker => self.breaker.grounds(),
            BarReason::Limit => self.room(),
            BarReason::Quota => self.quota.grounds(now, ask),
            BarReason::Throttle
            | BarReason::CredentialDisabled
            | BarReason::ModelDisabled
            | BarReason::SwitchedOff
            | BarReason::Excluded
            | BarReason::ContextTooSmall
            | BarReason::OtherForm
            | BarReason::OtherAccount
            | BarReason::OtherModel
            | BarReason::Incapable(_) => Grounds::NONE,
        }
    }

    /// What its breaker was changed by last.
    pub(crate) const fn evidence(&self) -> Grounds {
        self.breaker.grounds()
    }

    /// An operator wants to know how it is: its open breaker is half open, and if something else
    /// bars it that a probe would look past, the next attempt does.
    pub(crate) fn probe(&mut self, now: Moment, credential: Option<Disabled>) -> Option<Change> {
        let out = [credential, self.model].into_iter().flatten().any(|out| out.bars(now));
        self.probe_wanted |= out || self.throttle.check(now).is_err();
        self.breaker.half_open(now)
    }

    /// What stands against it having room to spare.
    pub(crate) fn spare(&self, now: Moment) -> Grounds {
        let quota = self.quota.view(now);
        let left = [quota.requests.left_milli, quota.tokens.left_milli];
        match left.into_iter().flatten().min() {
            Some(least) => self.room().with(Measure::QuotaLeftMilli, least),
            None => self.room(),
        }
    }

    fn room(&self) -> Grounds {
        let held = Grounds::NONE.with(Measure::LimitInUse, self.limit.in_flight());
        self.limit.limit().map_or(held, |limit| held.with(Measure::LimitAllowed, limit))
    }

    /// Since when it waits for a chance, if its breaker or what is out of use is all that bars it,
    /// and an early try would not be too early.
    pub(crate) fn last_resort(
        &self,
        now: Moment,
        ask: Ask,
        credential: Option<Disabled>,
    ) -> Option<Moment> {
        let free = self.enabled
            && self.throttle.check(now).is_ok()
            && self.quota.check(now, ask).is_ok()
            && self.limit.has_room();
        if !free {
            return None;
        }
        let disabled = [credential, self.model].into_iter().flatten().filter(|out| out.bars(now));
        let mut since = None;
        for out in disabled {
            if !out.last_resort(now) {
                return None;
            }
            since = since.max(Some(out.since));
        }
        match self.breaker.check(now) {
            Ok(()) => since,
            Err(_) => since.max(Some(self.breaker.panic_since(now)?)),
        }
    }

    /// Takes the permits of every gate; the caller has asked them all.
    pub(crate) fn take(
        &mut self,
        now: Moment,
        ask: Ask,
        delivery: Delivery,
    ) -> (Permit, Option<Change>) {
        // A plain answer is silent until it is whole: only a known pace tells late from long.
        let telling = delivery == Delivery::Streamed || self.pace(delivery).typical().is_some();
        self.probe_wanted = false;
        let (breaker, change) = self.breaker.take(now, telling);
        let quota = self.quota.take(now, ask);
        (Permit { breaker, limit: self.limit.take(), quota }, change)
    }

    /// First content came.
    pub(crate) fn answered(&mut self, now: Moment, permit: &mut Permit, sample: Sample) -> Told {
        self.paces[sample.delivery.index()].observe(now, sample.took);
        self.throttle.answered();
        let out = self.model.filter(|out| sample.sent >= out.since);
        if out.is_some() {
            self.model = None;
        }
        let report = Report { now, evidence: Evidence::Success, hint: None, draw: 0 };
        let change = self.breaker.answered(&mut permit.breaker, report);
        self.told(now, change, Room::Good)
    }

    /// An attempt is over; its permits are back.
    pub(crate) fn ended(&mut self, permit: Permit, used: Used, ending: (Feeds, Report)) -> Told {
        let (feeds, report) = ending;
        self.limit.give_back(permit.limit);
        self.quota.settle(report.now, permit.quota, used);
        if matches!(feeds.breaker, Evidence::Hard | Evidence::Crowded) {
            self.trouble.add(report.now);
        }
        let change = self.breaker.finish(permit.breaker, report, feeds.heard);
        self.told(report.now, change, feeds.limit)
    }

    /// It was given up before first content.
    pub(crate) fn gave_up(&mut self, now: Moment, delivery: Delivery, waited: Duration) {
        self.paces[delivery.index()].observe_at_least(now, waited);
    }

    /// What headers said of its quota.
    pub(crate) fn quota_told(&mut self, now: Moment, permit: &Permit, told: &QuotaTold) {
        self.quota.told(now, &permit.quota, told);
    }

    /// Less is better: the pace, times the attempts in line, times the burden. A product and not
    /// an order of criteria, so that one failure does not send everybody elsewhere.
    pub(crate) fn cost(&self, now: Moment, delivery: Delivery) -> u64 {
        let in_line = u64::from(self.limit.in_flight()) + 1;
        self.slowness(now, delivery).saturating_mul(in_line)
    }

    /// Less is better: the pace times the burden, whoever else is in line.
    pub(crate) fn slowness(&self, now: Moment, delivery: Delivery) -> u64 {
        let pace = step_of_quarters(self.pace(delivery).expected(now).max(PACE_FLOOR));
        pace.saturating_mul(self.burden(now))
    }

    /// Less is better: this price times the burden, so that what is cheap and sick does not win.
    pub(crate) fn dearness(&self, now: Moment, price: u128) -> u64 {
        let dear = price.max(PRICE_FLOOR).saturating_mul(u128::from(self.burden(now)));
        u64::try_from(dear).unwrap_or(u64::MAX)
    }

    /// The trouble of late, and how little is left of its quota.
    fn burden(&self, now: Moment) -> u64 {
        (1000 + 4 * self.trouble.milli(now)) * self.quota.pressure(now)
    }

    pub(crate) fn typical(&self, delivery: Delivery) -> Duration {
        self.pace(delivery).typical().unwrap_or_default()
    }

    /// Whether it has room to spare for what need not be: a fifth of what it may hold at once, and
    /// of what its provider grants.
    pub(crate) fn has_headroom(&self, now: Moment) -> bool {
        let quota = self.quota.view(now);
        let left = [quota.requests.left_milli, quota.tokens.left_milli];
        self.limit.has_headroom() && left.into_iter().flatten().all(|left| left >= 200)
    }

    /// Whether its breaker is closed; one that is being probed takes no hedges.
    pub(crate) fn is_well(&self) -> bool {
        self.breaker.state() == BreakerState::Closed
    }

    pub(crate) fn generation(&self) -> u32 {
        self.breaker.generation()
    }

    pub(crate) fn view(&self, now: Moment, credential: Option<Disabled>) -> TargetView {
        let disabled = [credential, self.model].into_iter().flatten();
        TargetView {
            breaker: self.breaker.state(),
            open_until: self.breaker.open_until(),
            throttled_until: self.throttle.until(),
            limit: self.limit.limit(),
            in_flight: self.limit.in_flight(),
            disabled_until: disabled.map(|out| out.until).max(),
            enabled: self.enabled,
            first_content: self.pace(Delivery::Streamed).typical(),
            quota: self.quota.view(now),
            hedge_after: self.hedge.shown(),
        }
    }

    fn told(&mut self, now: Moment, breaker: Option<Change>, room: Room) -> Told {
        let mut moved = self.limit.record(now, room);
        if breaker.is_some_and(|change| change.to == BreakerState::Closed) {
            moved |= self.limit.restart(now);
        }
        Told { breaker, limit: if moved { self.limit.limit() } else { None } }
    }

    fn silence(&self) -> Duration {
        let floor = self.breaker.stall_silence();
        let known = self.paces.iter().filter_map(Pace::typical).max();
        match known {
            Some(typical) => floor.max(typical.saturating_mul(TYPICAL_FACTOR)),
            None => floor.saturating_mul(COLD_FACTOR),
        }
    }

    fn pace(&self, delivery: Delivery) -> &Pace {
        &self.paces[delivery.index()]
    }
}

/// First content, as a target's pace takes it in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) delivery: Delivery,
    pub(crate) sent: Moment,
    pub(crate) took: Duration,
}

/// What changed at a target because of an outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) breaker: Option<Change>,
    pub(crate) limit: Option<u32>,
}

const fn gate(reason: BarReason, kind: FailureKind, until: Option<Moment>) -> Gate {
    Gate { reason, until, named: false, kind }
}

/// Rounds down to a quarter of a power of two, so that nearly equal targets share the work.
const fn step_of_quarters(value: u64) -> u64 {
    let bits = value.ilog2();
    if bits < 2 { value } else { (value >> (bits - 2)) << (bits - 2) }
}
