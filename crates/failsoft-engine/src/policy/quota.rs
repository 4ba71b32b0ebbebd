//! Quota: what a provider grants in a time, held back here before the provider refuses it.

use std::time::Duration;

use crate::{Grounds, Left, Measure, Moment, QuotaTold};

/// The rate a provider grants to one key for one model. `None`: not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Requests.
    pub requests: Option<Rate>,
    /// Tokens, read and written together.
    pub tokens: Option<Rate>,
}

/// So much in such a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How much.
    pub amount: u64,
    /// In this time.
    pub per: Duration,
    /// What this much time earns may be used at once.
    pub burst: Duration,
}

impl Rate {
    /// A rate with the usual burst of one second: providers may enforce 60 in a minute as one in
    /// each second.
    #[must_use]
    pub const fn new(amount: u64, per: Duration) -> Self {
        Self { amount, per, burst: Duration::from_secs(1) }
    }
}

/// What was told without a moment of reset counts this long.
const TOLD_LASTS: Duration = Duration::from_secs(60);
/// However far a reset lies ahead, nothing is held back longer for it.
const TOLD_BARS_MAX: Duration = Duration::from_secs(600);
/// A share that is left counts in steps of this many thousandths, below half.
const STEP_MILLI: u32 = 125;

/// What an attempt will use, as far as is known before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ask {
    /// Tokens of the prompt.
    pub(crate) input: u64,
    /// Tokens of prompt and answer.
    pub(crate) tokens: u64,
}

/// What an attempt has used, as far as is known when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Used {
    /// Nothing: it was never sent.
    Nothing,
    /// A request that cost no tokens.
    Request,
    /// The prompt was read.
    Prompt,
    /// Nothing better is known than what was reserved.
    Reserved,
    /// These tokens.
    Tokens(u64),
}

/// What one attempt holds of a quota; settled once.
#[derive(Debug, Hash)]
#[must_use]
pub(crate) struct QuotaPermit {
    ask: Ask,
    /// Everything reserved until then, itself included: requests, tokens.
    mark: (u64, u64),
    /// The rules it was reserved under.
    rules: u32,
}

/// What is left of one key's quota for one model.
#[derive(Debug, Default, Hash)]
pub(crate) struct QuotaCell {
    requests: Meter,
    tokens: Meter,
    /// How often the rules have changed.
    rules: u32,
}

impl QuotaCell {
    pub(crate) fn new(rules: &Quota) -> Self {
        let mut cell = Self::default();
        cell.follow(rules);
        cell
    }

    /// New rules from here on; what was used stays used for as long.
    pub(crate) fn follow(&mut self, rules: &Quota) {
        let moved = [self.requests.follow(rules.requests), self.tokens.follow(rules.tokens)];
        self.rules = self.rules.wrapping_add(u32::from(moved.contains(&true)));
    }

    /// Whether both dimensions have room; otherwise when they will.
    #[inline]
    pub(crate) fn check(&self, now: Moment, ask: Ask) -> Result<(), Moment> {
        if self.is_unknown() {
            return Ok(());
        }
        let closed = [self.requests.check(now, 1).err(), self.tokens.check(now, ask.tokens).err()];
        closed.into_iter().flatten().max().map_or(Ok(()), Err)
    }

    /// What is needed and what is left, in the dimensions that have no room.
    pub(crate) fn grounds(&self, now: Moment, ask: Ask) -> Grounds {
        let mut grounds = Grounds::NONE;
        if self.requests.check(now, 1).is_err() {
            grounds = grounds
                .count(Measure::RequestsNeeded, 1)
                .count(Measure::RequestsLeft, self.requests.units_left(now));
        }
        if self.tokens.check(now, ask.tokens).is_err() {
            grounds = grounds
                .count(Measure::TokensNeeded, ask.tokens)
                .count(Measure::TokensLeft, self.tokens.units_left(now));
        }
        grounds
    }

    /// Reserves in both dimensions what `check` found room for.
    pub(crate) fn take(&mut self, now: Moment, ask: Ask) -> QuotaPermit {
        self.requests.reserve(now, 1);
        self.tokens.reserve(now, ask.tokens);
        let mark = (self.requests.sent, self.tokens.sent);
        QuotaPermit { ask, mark, rules: self.rules }
    }

    /// An attempt is over: what it did not use comes back, what it used beyond is charged. What was
    /// reserved under other rules does not come back: it may never have been charged.
    pub(crate) fn settle(&mut self, now: Moment, permit: QuotaPermit, used: Used) {
        let QuotaPermit { ask, rules, .. } = permit;
        let comes_back = rules == self.rules;
        let (requests, tokens) = match used {
            Used::Nothing => (0, 0),
            Used::Request => (1, 0),
            Used::Prompt => (1, ask.input),
            Used::Reserved => (1, ask.tokens),
            Used::Tokens(tokens) => (1, tokens),
        };
        self.requests.settle(now, (1, requests), comes_back);
        self.tokens.settle(now, (ask.tokens, tokens), comes_back);
    }

    /// An answer said what is left.
    pub(crate) fn told(&mut self, now: Moment, permit: &QuotaPermit, told: &QuotaTold) {
        if let Some(left) = &told.requests {
            self.requests.told(now, permit.mark.0, left);
        }
        if let Some(left) = &told.tokens {
            self.tokens.told(now, permit.mark.1, left);
        }
    }

    /// How much dearer it is for what is left: 1 from half upward, 5 when nearly empty.
    #[inline]
    pub(crate) fn pressure(&self, now: Moment) -> u64 {
        if self.is_unknown() {
            return 1;
        }
        let shares = [self.requests.share_milli(now), self.tokens.share_milli(now)];
        let Some(least) = shares.into_iter().flatten().min() else { return 1 };
        1 + u64::from(4_u32.saturating_sub(least / STEP_MILLI))
    }

    /// Nothing was configured and nothing told: the way of almost every target.
    fn is_unknown(&self) -> bool {
        self.requests.is_unknown() && self.tokens.is_unknown()
    }

    pub(crate) fn view(&self, now: Moment) -> QuotaView {
        QuotaView { requests: self.requests.view(now), tokens: self.tokens.view(now) }
    }
}

/// One dimension of a quota: an exact GCRA bucket, in units times the nanoseconds that
/// `rate.amount` of them take, so that nothing is ever rounded.
#[derive(Debug, Default, Hash)]
struct Meter {
    rate: Option<Rate>,
    /// What was used and has not been earned back at `at`.
    debt: u128,
    at: Moment,
    /// Held by attempts on their way.
    reserved: u64,
    /// Everything ever reserved.
    sent: u64,
    told: Option<ToldLeft>,
}

/// What a provider said is left.
#[derive(Debug, Hash)]
struct ToldLeft {
    remaining: u64,
    limit: Option<u64>,
    /// What had been reserved when that attempt was sent.
    mark: u64,
    until: Moment,
    /// Whether `until` was said and not assumed.
    named: bool,
}

impl Meter {
    /// True if the rate is another one.
    fn follow(&mut self, rate: Option<Rate>) -> bool {
        if self.rate == rate {
            return false;
        }
        // What is owed is kept as time.
        let owed = self.rate.map_or(0, |before| self.debt / before.gain());
        self.rate = rate;
        self.debt = rate.map_or(0, |rate| owed.saturating_mul(rate.gain()));
        true
    }

    fn is_unknown(&self) -> bool {
        self.rate.is_none() && self.told.is_none()
    }

    /// What is still owed at `now`.
    fn level(&self, now: Moment, rate: Rate) -> u128 {
        let earned = now.since(self.at).as_nanos().saturating_mul(rate.gain());
        self.debt.saturating_sub(earned)
    }

    fn check(&self, now: Moment, units: u64) -> Result<(), Moment> {
        let told = self.told.as_ref().filter(|told| told.remaining == 0 && told.named);
        let Some(rate) = self.rate else {
            let told = told.filter(|told| now < told.until);
            return told.map_or(Ok(()), |told| Err(told.until));
        };
        let level = self.level(now, rate);
        // What is larger than the whole bucket passes when the bucket is full.
        let allowed = rate.room().saturating_sub(rate.worth(units));
        if level <= allowed {
            return Ok(());
        }
        let wait = (level - allowed).div_ceil(rate.gain());
        let wait = Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX));
        Err(now.max(self.at) + wait)
    }

    fn reserve(&mut self, now: Moment, units: u64) {
        self.reserved = self.reserved.saturating_add(units);
        self.sent = self.sent.wrapping_add(units);
        self.charge(now, units);
    }

    fn settle(&mut self, now: Moment, (reserved, used): (u64, u64), comes_back: bool) {
        self.reserved = self.reserved.saturating_sub(reserved);
        self.charge(now, used.saturating_sub(reserved));
        if let Some(rate) = self.rate.filter(|_| comes_back) {
            self.debt = self.debt.saturating_sub(rate.worth(reserved.saturating_sub(used)));
        }
    }

    /// What is left here is never more than what is left there, less what was sent since.
    fn told(&mut self, now: Moment, mark: u64, left: &Left) {
        let since = self.sent.wrapping_sub(mark);
        if let Some(rate) = self.rate {
            let free = rate.worth(left.remaining.saturating_sub(since));
            self.charge(now, 0);
            self.debt = self.debt.max(rate.room().saturating_sub(free));
        }
        // Answers may come in another order than their attempts were sent.
        if self.told.as_ref().is_some_and(|told| self.sent.wrapping_sub(told.mark) < since) {
            return;
        }
        let lasts = left.resets_in.unwrap_or(TOLD_LASTS).min(TOLD_BARS_MAX);
        self.told = Some(ToldLeft {
            remaining: left.remaining,
            limit: left.limit,
            mark,
            until: now + lasts,
            named: left.resets_in.is_some(),
        });
    }

    fn charge(&mut self, now: Moment, units: u64) {
        if let Some(rate) = self.rate {
            self.debt = self.level(now, rate).saturating_add(rate.worth(units));
            self.at = self.at.max(now);
        }
    }

    /// Thousandths that are left, here or by the provider's word, whichever is less.
    fn share_milli(&self, now: Moment) -> Option<u32> {
        let here = self.rate.map(|rate| {
            let (room, level) = (rate.room().max(1), self.level(now, rate));
            milli(room.saturating_sub(level), room)
        });
        let there = self.told.as_ref().filter(|told| now < told.until).and_then(|told| {
            let since = self.sent.wrapping_sub(told.mark);
            let free = u128::from(told.remaining.saturating_sub(since));
            told.limit.filter(|limit| *limit > 0).map(|limit| milli(free, u128::from(limit)))
        });
        [here, there].into_iter().flatten().min()
    }

    /// Whole units that are left; what was only told is nothing when it bars.
    fn units_left(&self, now: Moment) -> u64 {
        let Some(rate) = self.rate else { return 0 };
        let free = rate.room().saturating_sub(self.level(now, rate));
        u64::try_from(free / rate.worth(1)).unwrap_or(u64::MAX)
    }

    fn view(&self, now: Moment) -> Share {
        Share { left_milli: self.share_milli(now), reserved: self.reserved }
    }
}

impl Rate {
    /// What one nanosecond earns.
    fn gain(self) -> u128 {
        u128::from(self.amount.max(1))
    }

    /// What so many units cost.
    fn worth(self, units: u64) -> u128 {
        u128::from(units).saturating_mul(self.per.as_nanos().max(1))
    }

    /// What may be used at once.
    fn room(self) -> u128 {
        self.burst.as_nanos().saturating_mul(self.gain())
    }
}

fn milli(part: u128, whole: u128) -> u32 {
    (part.saturating_mul(1000) / whole).min(1000) as u32
}

/// What is left of a target's quota, for dashboards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaView {
    /// Of requests.
    pub requests: Share,
    /// Of tokens.
    pub tokens: Share,
}

/// What is left in one dimension of a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Thousandths of what may be used at once, or of what the provider grants, whichever is less;
    /// `None` while nothing is known.
    pub left_milli: Option<u32>,
    /// Held by attempts on their way.
    pub reserved: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(millis: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(millis)
    }

    fn ask(tokens: u64) -> Ask {
        Ask { input: tokens, tokens }
    }

    fn requests(rate: Rate) -> QuotaCell {
        QuotaCell::new(&Quota { requests: Some(rate), tokens: None })
    }

    fn tokens(rate: Rate) -> QuotaCell {
        QuotaCell::new(&Quota { requests: None, tokens: Some(rate) })
    }

    fn left(remaining: u64, limit: Option<u64>, resets_in: Option<Duration>) -> QuotaTold {
        QuotaTold { requests: Some(Left { remaining, limit, resets_in }), tokens: None }
    }

    /// Takes all requests that are granted now.
    fn all(cell: &mut QuotaCell, now: Moment) -> usize {
        for taken in 0..1000 {
            if cell.check(now, ask(0)).is_err() {
                return taken;
            }
            let _permit = cell.take(now, ask(0));
        }
        panic!("it grants without end");
    }

    /// 37, exact: asked every 10 ms for an hour, rates that do not divide a second are kept.
    #[test]
    fn what_is_granted_in_any_time_is_the_burst_and_the_rate() {
        for (amount, burst) in [(60, 1), (61, 1), (7, 60), (500, 1), (3, 0), (1000, 7)] {
            let rate = Rate { amount, per: MINUTE, burst: Duration::from_secs(burst) };
            let mut cell = requests(rate);
            let mut granted = Vec::new();
            for now in (0..3_600_000_u64).step_by(10) {
                granted.extend(std::iter::repeat_n(now, all(&mut cell, at(now))));
            }
            // In units of a sixty-thousandth of a request, so that no division rounds.
            let room = (amount * burst * 1000).max(60_000);
            for (first, from) in granted.iter().enumerate() {
                let last = granted.len() - 1;
                for (count, to) in [(last - first, granted[last])]
                    .into_iter()
                    .chain(granted[first..].iter().take(50).enumerate().map(|(n, to)| (n, *to)))
                {
                    let most = room + amount * (to - from);
                    assert!(
                        (count as u64 + 1) * 60_000 <= most,
                        "{amount}: {count} in {from}..{to}"
                    );
                }
            }
            assert!(granted.len() as u64 >= amount * 59, "{amount}: only {}", granted.len());
        }
    }

    /// 36: what both dimensions hold comes back, and what is charged is what was used.
    #[test]
    fn a_reservation_is_settled_with_what_was_used() {
        let rate = Rate { amount: 60_000, per: MINUTE, burst: MINUTE };
        let left = |used| {
            let mut cell = tokens(rate);
            let permit = cell.take(at(0), Ask { input: 10_000, tokens: 30_000 });
            assert_eq!(cell.view(at(0)).tokens, Share { left_milli: Some(500), reserved: 30_000 });
            cell.settle(at(0), permit, used);
            assert_eq!(cell.view(at(0)).tokens.reserved, 0);
            cell.view(at(0)).tokens.left_milli.unwrap()
        };
        assert_eq!(left(Used::Nothing), 1000);
        assert_eq!(left(Used::Request), 1000);
        assert_eq!(left(Used::Prompt), 833);
        assert_eq!(left(Used::Reserved), 500);
        assert_eq!(left(Used::Tokens(15_000)), 750);
        assert_eq!(left(Used::Tokens(48_000)), 200);
    }

    #[test]
    fn what_is_larger_than_the_bucket_passes_when_it_is_full_and_is_paid_for() {
        let mut cell = tokens(Rate::new(60_000, MINUTE));
        assert_eq!(cell.check(at(0), ask(30_000)), Ok(()));
        let _first = cell.take(at(0), ask(30_000));
        assert_eq!(cell.check(at(0), ask(30_000)), Err(at(30_000)), "30 000 at 1000 a second");
        assert_eq!(cell.check(at(0), ask(1000)), Err(at(30_000)));
        assert_eq!(cell.check(at(0), ask(400)), Err(at(29_400)));
        assert_eq!(cell.check(at(29_400), ask(400)), Ok(()));
    }

    #[test]
    fn what_is_told_only_lowers_what_a_rate_allows() {
        let rate = Rate { amount: 60, per: MINUTE, burst: MINUTE };
        let mut cell = requests(rate);
        let first = cell.take(at(0), ask(0));
        let _second = cell.take(at(0), ask(0));
        cell.told(at(100), &first, &left(1_000_000, None, None));
        assert_eq!(cell.view(at(100)).requests.left_milli, Some(968), "two of sixty are used");
        cell.told(at(100), &first, &left(31, None, None));
        assert_eq!(cell.view(at(100)).requests.left_milli, Some(500), "one was sent since");
        cell.told(at(100), &first, &left(0, Some(60), Some(MINUTE)));
        assert_eq!(cell.check(at(100), ask(0)), Err(at(1100)), "it is earned back at the rate");
    }

    #[test]
    fn without_a_rate_nothing_left_bars_until_the_reset_and_less_only_ranks() {
        let mut cell = QuotaCell::default();
        let first = cell.take(at(0), ask(0));
        let later = cell.take(at(1), ask(0));
        cell.told(at(10), &first, &left(30, Some(100), Some(MINUTE)));
        assert_eq!((cell.check(at(10), ask(0)), cell.pressure(at(10))), (Ok(()), 3));
        cell.told(at(20), &later, &left(0, Some(100), Some(MINUTE)));
        assert_eq!(cell.check(at(20), ask(0)), Err(at(60_020)));
        cell.told(at(30), &first, &left(50, Some(100), Some(MINUTE)));
        assert_eq!(cell.check(at(30), ask(0)), Err(at(60_020)), "the earlier send knows less");
        assert_eq!(cell.check(at(60_020), ask(0)), Ok(()));
        assert_eq!(cell.pressure(at(60_020)), 1);
        cell.told(at(60_020), &later, &left(0, None, Some(Duration::MAX)));
        assert_eq!(cell.check(at(60_020), ask(0)), Err(at(660_020)), "never longer than this");
        cell.told(at(60_020), &later, &left(0, Some(100), None));
        assert_eq!(cell.check(at(60_020), ask(0)), Ok(()), "until when was not said");
        assert_eq!(cell.pressure(at(60_020)), 5);
    }

    /// 45: a clock that goes back earns nothing, one that jumps no more than a full bucket.
    #[test]
    fn a_clock_that_goes_back_or_jumps_grants_no_more_than_the_burst() {
        let mut cell = requests(Rate { amount: 60, per: MINUTE, burst: Duration::from_secs(3) });
        let first = cell.take(at(100_000), ask(0));
        for now in [100_000, 0, 50_000, 100_000, 99_999] {
            all(&mut cell, at(now));
        }
        assert_eq!(cell.view(at(100_000)).requests.reserved, 3);
        cell.settle(at(0), first, Used::Request);
        assert_eq!(all(&mut cell, at(100_000)), 0, "what was earned is not earned again");
        all(&mut cell, Moment::NEVER);
        assert_eq!(cell.view(Moment::NEVER).requests.reserved, 5);
    }

    /// 48: new rules keep what is owed as time, and nothing comes back that was never charged.
    #[test]
    fn new_rules_in_mid_attempt_leak_nothing() {
        let mut cell = QuotaCell::default();
        let before = cell.take(at(0), ask(5000));
        let rate = Rate { amount: 60_000, per: MINUTE, burst: Duration::from_secs(10) };
        cell.follow(&Quota { requests: None, tokens: Some(rate) });
        let _after = cell.take(at(0), ask(10_000));
        cell.settle(at(0), before, Used::Nothing);
        assert_eq!(cell.check(at(0), ask(1000)), Err(at(1000)));
        let twice = Rate { amount: 120_000, ..rate };
        cell.follow(&Quota { requests: None, tokens: Some(twice) });
        assert_eq!(
            cell.check(at(0), ask(1000)),
            Err(at(500)),
            "ten seconds were owed and still are"
        );
        assert_eq!(cell.view(at(0)).tokens.reserved, 10_000);
    }
}
