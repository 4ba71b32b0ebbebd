//! Budgets: how many extra attempts all calls of a route together may make.

use std::time::Duration;

use crate::Moment;
use crate::obstacle::Obstacle;

/// One budget for each kind of extra attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// For the same target again.
    pub retry: Budget,
    /// For another target, after a failure or beside a slow one.
    pub failover: Budget,
    /// For going on with a stream that broke off.
    pub resume: Budget,
    /// For another target beside one that is only slower than usual. Its unit is not an attempt but
    /// the tokens of an average one. It starts empty, and only what lies above its half is used.
    pub hedge: Budget,
}

/// A bucket of whole extra attempts, counted in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Thousandths of an extra attempt earned by each first attempt.
    pub earn_milli: u32,
    /// Extra attempts the bucket holds at most; it starts full.
    pub cap: u32,
    /// One extra attempt is earned in this time whatever the traffic; zero means none.
    pub floor: Duration,
    /// Extra attempts of this kind in flight at once: at least this many …
    pub min_in_flight: u32,
    /// … or this share of all attempts in flight, in thousandths, whichever is more.
    pub in_flight_milli: u32,
}

impl Default for Budgets {
    /// A retry loads the target that just failed, so one in ten; a failover does not, and is
    /// needed for the calls before a breaker opens, so one in two. A provider that restarts breaks
    /// all its streams at once, and what goes on takes the place of what broke: their bucket holds
    /// as many as a busy process has in flight, and only what breaks for ever meets its one in
    /// two. A hedge is a luxury: one in twenty, with no floor.
    fn default() -> Self {
        Self {
            retry: Budget {
                earn_milli: 100,
                cap: 10,
                floor: Duration::from_secs(10),
                min_in_flight: 3,
                in_flight_milli: 200,
            },
            failover: Budget {
                earn_milli: 500,
                cap: 50,
                floor: Duration::from_secs(10),
                min_in_flight: 50,
                in_flight_milli: 1000,
            },
            resume: Budget {
                earn_milli: 500,
                cap: 5_000,
                floor: Duration::from_secs(10),
                min_in_flight: 50,
                in_flight_milli: 1000,
            },
            hedge: Budget {
                earn_milli: 50,
                cap: 5,
                floor: Duration::ZERO,
                min_in_flight: 3,
                in_flight_milli: 200,
            },
        }
    }
}

/// Thousandths of an extra attempt in a whole one.
const WHOLE: u64 = 1000;

/// Which budget an extra attempt is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Extra {
    Retry,
    Failover,
    Resume,
    Hedge {
        /// What it is expected to cost.
        tokens: u64,
    },
}

impl Extra {
    /// How much it takes from its pot, in the pot's own measure.
    const fn price(self) -> u64 {
        match self {
            Self::Retry | Self::Failover | Self::Resume => 1,
            Self::Hedge { tokens } => tokens,
        }
    }
}

/// An extra attempt that was paid for; given back when the attempt is over.
#[derive(Debug, Hash)]
#[must_use]
pub(crate) struct ExtraPermit(Extra);

/// The budgets of one route.
#[derive(Debug, Hash)]
pub(crate) struct Purse {
    retry: Pot,
    failover: Pot,
    resume: Pot,
    hedge: Pot,
    /// Of the hedges of late, those that won, in 32nds of a thousandth.
    won: u64,
    in_flight: u32,
}

impl Purse {
    pub(crate) fn new(rules: &Budgets, now: Moment) -> Self {
        Self {
            retry: Pot::new(rules.retry, now),
            failover: Pot::new(rules.failover, now),
            resume: Pot::new(rules.resume, now),
            hedge: Pot { milli: 0, ..Pot::new(rules.hedge, now) },
            won: 32 * WHOLE,
            in_flight: 0,
        }
    }

    /// New rules from here on; what was saved stays, up to the new cap.
    pub(crate) fn follow(&mut self, rules: &Budgets) {
        self.retry.follow(rules.retry);
        self.failover.follow(rules.failover);
        self.resume.follow(rules.resume);
        self.hedge.follow(rules.hedge);
    }

    /// A first attempt of so many tokens was sent: it is never refused, and every pot earns.
    pub(crate) fn first_sent(&mut self, tokens: u64) {
        self.in_flight = self.in_flight.saturating_add(1);
        self.retry.earn(1, WHOLE);
        self.failover.earn(1, WHOLE);
        self.resume.earn(1, WHOLE);
        self.hedge.average(tokens);
        self.hedge.earn(tokens, self.worth_milli());
    }

    /// A hedge is over. Those that mostly lose cost tokens and win nothing, and where everybody is
    /// slow for want of room they do harm.
    pub(crate) fn hedged(&mut self, won: bool) {
        self.won = self.won - self.won / 32 + if won { WHOLE } else { 0 };
    }

    /// How much of what hedges may cost is earned: all of it while seven in ten win, an eighth when
    /// half of them lose, so that it is known when they are of use again.
    fn worth_milli(&self) -> u64 {
        (4 * self.won / 32).saturating_sub(1800).clamp(WHOLE / 8, WHOLE)
    }

    /// Whether an extra attempt may be made now.
    pub(crate) fn check(&mut self, now: Moment, extra: Extra) -> Result<(), Obstacle> {
        let in_flight = self.in_flight;
        if let Extra::Hedge { .. } = extra {
            self.retry.refill(now);
            // Where retries have run short nothing is left for what is not needed.
            let spare = self.retry.rules.cap == 0 || self.retry.is_above_half();
            let short = if spare { &self.hedge } else { &self.retry };
            if !short.is_above_half() {
                return Err(Obstacle::budget(short.left(), short.in_units(short.full() / 2)));
            }
        }
        self.pot(extra).check(now, in_flight, extra.price())
    }

    /// Thousandths of an extra attempt of this kind, or of an average call for hedges, that are left.
    pub(crate) const fn left_milli(&self, extra: Extra) -> u64 {
        match extra {
            Extra::Retry => self.retry.left(),
            Extra::Failover => self.failover.left(),
            Extra::Resume => self.resume.left(),
            Extra::Hedge { .. } => self.hedge.left(),
        }
    }

    /// Pays for the extra attempt that `check` allowed.
    pub(crate) fn take(&mut self, extra: Extra) -> ExtraPermit {
        self.in_flight = self.in_flight.saturating_add(1);
        let pot = self.pot(extra);
        pot.milli = pot.milli.saturating_sub(extra.price().saturating_mul(WHOLE));
        pot.in_flight = pot.in_flight.saturating_add(1);
        ExtraPermit(extra)
    }

    /// An attempt is over.
    pub(crate) fn ended(&mut self, permit: Option<ExtraPermit>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(ExtraPermit(extra)) = permit {
            let pot = self.pot(extra);
            pot.in_flight = pot.in_flight.saturating_sub(1);
        }
    }

    fn pot(&mut self, extra: Extra) -> &mut Pot {
        match extra {
            Extra::Retry => &mut self.retry,
            Extra::Failover => &mut self.failover,
            Extra::Resume => &mut self.resume,
            Extra::Hedge { .. } => &mut self.hedge,
        }
    }

    /// Thousandths left for retries, for failovers and for continuations.
    pub(crate) fn balance(&self) -> [u64; 3] {
        [self.retry.milli, self.failover.milli, self.resume.milli]
    }

    /// Thousandths of an average call left for hedges.
    pub(crate) fn hedges(&self) -> u64 {
        self.hedge.left()
    }
}

#[derive(Debug, Hash)]
struct Pot {
    rules: Budget,
    /// What an extra attempt takes from it: 1, or the tokens of an average call.
    unit: u64,
    /// What is more exact than a unit; an average of it.
    unit_parts: u64,
    milli: u64,
    /// Up to when the floor has been paid out.
    paid: Moment,
    in_flight: u32,
}

impl Pot {
    fn new(rules: Budget, now: Moment) -> Self {
        let milli = u64::from(rules.cap) * WHOLE;
        Self { rules, unit: 1, unit_parts: 0, milli, paid: now, in_flight: 0 }
    }

    fn follow(&mut self, rules: Budget) {
        self.rules = rules;
        self.milli = self.milli.min(self.full());
    }

    fn full(&self) -> u64 {
        (u64::from(self.rules.cap) * WHOLE).saturating_mul(self.unit)
    }

    /// What is left, in thousandths of its unit.
    const fn left(&self) -> u64 {
        self.in_units(self.milli)
    }

    const fn in_units(&self, milli: u64) -> u64 {
        milli / self.unit
    }

    fn is_above_half(&self) -> bool {
        self.milli > self.full() / 2
    }

    /// Moves the unit towards what this one weighs. A pot that holds too much for it loses the rest.
    fn average(&mut self, weight: u64) {
        let kept = self.unit_parts - self.unit_parts / 32;
        self.unit_parts = if kept == 0 { weight * 32 } else { kept + weight };
        self.unit = (self.unit_parts / 32).max(1);
    }

    fn earn(&mut self, weight: u64, worth_milli: u64) {
        let all = u64::from(self.rules.earn_milli).saturating_mul(weight);
        let more = all.saturating_mul(worth_milli) / WHOLE;
        self.milli = self.milli.saturating_add(more).min(self.full());
    }

    fn check(&mut self, now: Moment, in_flight: u32, price: u64) -> Result<(), Obstacle> {
        self.refill(now);
        let price = price.saturating_mul(WHOLE);
        if self.milli < price {
            return Err(Obstacle::budget(self.left(), self.in_units(price)));
        }
        // The attempt to be made counts: where all others are extras too, it is still one of them.
        let share = (u64::from(in_flight) + 1) * u64::from(self.rules.in_flight_milli) / WHOLE;
        let allowed = share.max(u64::from(self.rules.min_in_flight));
        if u64::from(self.in_flight) >= allowed {
            return Err(Obstacle::extras(u64::from(self.in_flight), allowed));
        }
        Ok(())
    }

    /// Pays the floor in whole thousandths and keeps the rest of the time for later.
    fn refill(&mut self, now: Moment) {
        let per_milli = u64::try_from(self.rules.floor.as_nanos() / u128::from(WHOLE)).unwrap_or(0);
        if per_milli == 0 {
            return;
        }
        let elapsed = now.as_nanos().saturating_sub(self.paid.as_nanos());
        let earned = elapsed / per_milli;
        let more = earned.saturating_mul(self.unit);
        self.milli = self.milli.saturating_add(more).min(self.full());
        self.paid = Moment::from_nanos(self.paid.as_nanos() + earned * per_milli);
        // A full pot saves nothing, not even a part of a thousandth.
        if self.milli == self.full() {
            self.paid = self.paid.max(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal;

    fn asked(purse: &mut Purse, now: u64, extra: Extra) -> Result<(), Refusal> {
        purse.check(at(now), extra).map_err(|obstacle| obstacle.reason)
    }

    fn at(millis: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(millis)
    }

    fn purse(earn_milli: u32, cap: u32, floor_secs: u64) -> Purse {
        let budget = Budget {
            earn_milli,
            cap,
            floor: Duration::from_secs(floor_secs),
            min_in_flight: 1_000_000,
            in_flight_milli: 0,
        };
        Purse::new(&Budgets { retry: budget, failover: budget, ..Budgets::default() }, Moment::ZERO)
    }

    /// A known library computes one withdrawal as `1 / ratio` in whole numbers: 0.15 becomes a
    /// sixth, 0.4 a half, and 0.7 the whole.
    #[test]
    fn a_ratio_is_kept_exactly_whatever_it_is() {
        for ratio in [150_u32, 400, 700, 100, 333, 999] {
            let mut purse = purse(ratio, 10, 0);
            let mut extras = 0;
            while purse.check(at(0), Extra::Retry).is_ok() {
                let permit = purse.take(Extra::Retry);
                purse.ended(Some(permit));
            }
            for _ in 0..100_000 {
                purse.first_sent(1);
                purse.ended(None);
                while purse.check(at(0), Extra::Retry).is_ok() {
                    let permit = purse.take(Extra::Retry);
                    purse.ended(Some(permit));
                    extras += 1;
                }
            }
            assert_eq!(extras, 100 * ratio, "at {ratio} thousandths");
        }
    }

    /// Another takes from one budget and then asks the next, which refuses: the token is lost.
    #[test]
    fn a_refusal_costs_nothing() {
        let mut purse = purse(0, 2, 0);
        for _ in 0..1000 {
            assert_eq!(asked(&mut purse, 0, Extra::Retry), Ok(()));
        }
        assert_eq!(purse.balance()[..2], [2000, 2000]);
        let _one = purse.take(Extra::Retry);
        let _two = purse.take(Extra::Retry);
        assert_eq!(asked(&mut purse, 0, Extra::Retry), Err(Refusal::Budget));
        assert_eq!(purse.balance()[..2], [0, 2000]);
    }

    #[test]
    fn the_floor_is_paid_by_time_and_never_twice() {
        let mut purse = purse(0, 1, 10);
        let _spent = purse.take(Extra::Retry);
        let mut seen = 0;
        // Looked at every 4 ms, and with a clock that jumps back: a minute pays six.
        for look in 0..=60_000_u64 / 4 {
            for now in [look * 4, (look * 4).saturating_sub(500)] {
                if purse.check(at(now), Extra::Retry).is_ok() {
                    let _permit = purse.take(Extra::Retry);
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, 6);
    }

    #[test]
    fn a_full_pot_saves_no_part_of_its_floor() {
        let mut purse = purse(0, 1, 10);
        assert_eq!(
            asked(&mut purse, 9, Extra::Retry),
            Ok(()),
            "full, 9 of 10 ms towards a thousandth"
        );
        let _spent = purse.take(Extra::Retry);
        assert_eq!(asked(&mut purse, 10_008, Extra::Retry), Err(Refusal::Budget));
        assert_eq!(asked(&mut purse, 10_009, Extra::Retry), Ok(()));
    }

    #[test]
    fn extras_in_flight_are_bounded_by_number_or_share() {
        let rules = Budget { min_in_flight: 3, in_flight_milli: 200, ..Budgets::default().retry };
        let mut purse = Purse::new(
            &Budgets { retry: rules, failover: rules, ..Budgets::default() },
            Moment::ZERO,
        );
        let permits: Vec<_> = (0..3).map(|_| purse.take(Extra::Retry)).collect();
        assert_eq!(asked(&mut purse, 0, Extra::Retry), Err(Refusal::ExtrasInFlight));
        for _ in 0..17 {
            purse.first_sent(1);
        }
        assert_eq!(asked(&mut purse, 0, Extra::Retry), Ok(()), "three of twenty, four may");
        for permit in permits {
            purse.ended(Some(permit));
        }
    }

    #[test]
    fn new_rules_keep_what_was_saved_up_to_the_new_cap() {
        let mut purse = purse(100, 10, 0);
        let smaller = Budget { cap: 4, ..Budgets::default().retry };
        purse.follow(&Budgets { retry: smaller, ..Budgets::default() });
        assert_eq!(purse.balance()[..2], [4000, 10_000]);
    }

    fn hedge(tokens: u64) -> Extra {
        Extra::Hedge { tokens }
    }

    #[test]
    fn hedges_are_paid_in_tokens_and_only_from_above_half() {
        let mut purse = Purse::new(&Budgets::default(), Moment::ZERO);
        assert_eq!(asked(&mut purse, 0, hedge(1)), Err(Refusal::Budget), "it starts empty");
        for _ in 0..50 {
            purse.first_sent(1000);
        }
        assert_eq!((purse.hedges(), asked(&mut purse, 0, hedge(1))), (2500, Err(Refusal::Budget)));
        purse.first_sent(1000);
        assert_eq!(asked(&mut purse, 0, hedge(2550)), Ok(()));
        assert_eq!(asked(&mut purse, 0, hedge(2551)), Err(Refusal::Budget), "it holds 2550 tokens");
        let permit = purse.take(hedge(2550));
        assert_eq!(purse.hedges(), 0);
        for _ in 0..1000 {
            purse.first_sent(1000);
        }
        assert_eq!(purse.hedges(), 5000, "no more than five average calls");
        purse.ended(Some(permit));
    }

    #[test]
    fn there_are_no_hedges_where_retries_have_run_short() {
        let mut purse = Purse::new(&Budgets::default(), Moment::ZERO);
        for _ in 0..1000 {
            purse.first_sent(1000);
        }
        let _spent: Vec<ExtraPermit> = (0..5).map(|_| purse.take(Extra::Retry)).collect();
        assert_eq!(asked(&mut purse, 0, hedge(1000)), Err(Refusal::Budget));
        purse.first_sent(1000);
        assert_eq!(asked(&mut purse, 0, hedge(1000)), Ok(()), "a tenth above half");
        let none = Budget { cap: 0, ..Budgets::default().retry };
        purse.follow(&Budgets { retry: none, ..Budgets::default() });
        assert_eq!(asked(&mut purse, 0, hedge(1000)), Ok(()), "without retries they run not short");
    }

    /// What is hedged is at most the ratio of what was sent first, whatever comes.
    #[test]
    fn hedged_tokens_never_exceed_their_share() {
        let mut purse = Purse::new(&Budgets::default(), Moment::ZERO);
        let (mut firsts, mut hedged) = (0_u64, 0_u64);
        for number in 0..200_000_u64 {
            let tokens = 1 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 30_000;
            purse.first_sent(tokens);
            firsts += tokens;
            if purse.check(at(0), hedge(tokens)).is_ok() {
                let permit = purse.take(hedge(tokens));
                purse.ended(Some(permit));
                purse.hedged(true);
                hedged += tokens;
            }
            purse.ended(None);
            assert!(hedged * 20 <= firsts, "{hedged} of {firsts}");
            assert!(purse.hedges() <= 5000);
        }
        assert!(hedged * 21 >= firsts, "{hedged} of {firsts}: it is used");
    }

    #[test]
    fn hedges_that_mostly_lose_earn_an_eighth() {
        let earned = |won: u32| {
            let mut purse = Purse::new(&Budgets::default(), Moment::ZERO);
            for number in 0..1000 {
                purse.hedged(number % 100 < won);
            }
            purse.first_sent(8000);
            purse.hedge.milli
        };
        assert_eq!(earned(100), 400_000);
        assert_eq!(earned(0), 50_000);
    }
}
