//! What must hold of hedges, by the words of the rules alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use failsoft_engine::policy::Rate;
use failsoft_engine::{
    Arrival, AttemptId, BreakerState, CallId, Cancel, Delivery, Engine, FailureKind, Moment, Need,
    Outcome, Profile, RouteId, TargetId, Why,
};

use super::{Checker, WHOLE};

/// What is known of hedges.
#[derive(Default)]
pub(super) struct HedgeFacts {
    /// Thousandths of tokens: earned and paid in all, and what is left if the pot were as large as
    /// it can be.
    earned: u128,
    paid: u128,
    left: u128,
    /// The lightest and the heaviest first attempt.
    weights: Option<(u128, u128)>,
    hedged: BTreeMap<CallId, AttemptId>,
    in_flight: BTreeSet<AttemptId>,
    answers: BTreeMap<(String, Delivery), u32>,
    overloaded: BTreeMap<String, Moment>,
}

/// Tokens it is expected to cost.
fn weight(arrival: &Arrival) -> u128 {
    let output = arrival.output_tokens.unwrap_or(500).min(500);
    (u128::from(arrival.input_tokens) + u128::from(output)).max(1)
}

impl Checker {
    /// Before the books of the new attempt are written.
    pub(super) fn hedge_started(&mut self, now: Moment, id: AttemptId, target: TargetId, why: Why) {
        match why {
            Why::First => self.hedges_earn(id.call),
            Why::Hedge => {
                self.check_call(id);
                self.check_pair(now, id.call, target);
                self.check_room(now, id.call, target);
                self.pay_hedge(id);
                self.reached.insert("hedged".to_owned());
            }
            Why::Retry | Why::Failover | Why::Patience | Why::Resume => {}
        }
    }

    /// 19: the call itself allows it, and it is its only one.
    fn check_call(&mut self, id: AttemptId) {
        let call = &self.calls[&id.call];
        let policies = &call.settings.routes[0].policies;
        assert!(policies.hedge.enabled && call.arrival.hedge, "19: nobody asked for a hedge");
        let profile = call.arrival.profile.unwrap_or(policies.profile);
        assert_eq!(profile, Profile::Interactive, "19: nobody waits for it");
        for need in [Need::ServerState, Need::HostedTools] {
            assert!(!call.arrival.needs.contains(need), "19: it acts at its provider twice");
        }
        assert_eq!(call.committed, None, "19: the answer has begun");
        assert_eq!(self.hedges.hedged.insert(id.call, id), None, "19: hedged twice");
    }

    /// 16, 19, 20: the slow one, and the one beside it.
    fn check_pair(&self, now: Moment, call: CallId, target: TargetId) {
        let call = &self.calls[&call];
        let mut living = call.attempts.values().filter(|it| !it.over);
        let slow = living.next().expect("19: a hedge beside nobody");
        assert!(!slow.answered, "19: its content has come");
        let facts = |id: TargetId| &call.settings.targets[usize::from(id.0)];
        let key = &facts(target).key;
        for one in [slow.target, target] {
            assert_eq!(facts(one).cancel, Cancel::Honoured, "19: what is cancelled is paid");
        }
        let answers = self.hedges.answers.get(&(slow.key.clone(), call.delivery));
        assert!(answers.is_some_and(|count| *count >= 100), "20: too few answers: {answers:?}");
        assert_eq!(self.targets[key].state, BreakerState::Closed, "19: {key} is not well");
        if !self.forward {
            return;
        }
        assert!(now.since(slow.sent) >= Duration::from_millis(50), "20: too early");
        for key in [&slow.key, key] {
            let quiet = self.hedges.overloaded.get(key);
            let quiet = quiet.is_none_or(|at| now.since(*at) >= Duration::from_secs(10));
            assert!(quiet, "19: {key} has just had too much to do");
        }
    }

    /// 19: a fifth of everything is free.
    fn check_room(&mut self, now: Moment, call: CallId, target: TargetId) {
        let key = &self.calls[&call].settings.targets[usize::from(target.0)].key;
        let facts = &self.targets[key];
        if facts.limited {
            let free = facts.limit.saturating_sub(facts.living);
            assert!(free * 5 >= facts.limit, "19: {key} has {free} of {} free", facts.limit);
        }
        if !self.forward {
            return;
        }
        for (rate, entries) in
            [(facts.quota.requests, &facts.requests), (facts.quota.tokens, &facts.tokens)]
        {
            let Some(rate) = rate else { continue };
            let (room, owed) = (room(rate), owed(now, rate, entries));
            assert!((room - owed) * 1000 >= room * 199, "19: {key} owes {owed} of {room}");
        }
        let retry = &self.retry;
        let half = u128::from(retry.rules.cap) * WHOLE / 2;
        assert!(retry.nanos > half || retry.rules.cap == 0, "19: retries run short");
    }

    /// 2, 3, 22: from a pot of tokens that begins empty and is used from its half upward.
    fn pay_hedge(&mut self, id: AttemptId) {
        let price = weight(&self.calls[&id.call].arrival) * 1000;
        let rules = self.settings.routes[0].policies.budgets.hedge;
        let living: u32 = self.targets.values().map(|target| target.living).sum();
        let most = ((living + 1) * rules.in_flight_milli / 1000).max(rules.min_in_flight);
        let hedges = &mut self.hedges;
        assert!((hedges.in_flight.len() as u32) < most, "2: too many hedges in flight");
        let (lightest, _) = hedges.weights.expect("2: a hedge before any first attempt");
        assert!(hedges.left * 2 > u128::from(rules.cap) * lightest * 1000, "2: not above half");
        assert!(hedges.left >= price, "3: a hedge of {price} from {}", hedges.left);
        hedges.left -= price;
        hedges.paid += price;
        assert!(hedges.paid <= hedges.earned, "22: {} of {}", hedges.paid, hedges.earned);
        hedges.in_flight.insert(id);
    }

    fn hedges_earn(&mut self, call: CallId) {
        let rules = self.settings.routes[0].policies.budgets.hedge;
        let weight = weight(&self.calls[&call].arrival);
        let hedges = &mut self.hedges;
        let (least, most) = hedges.weights.unwrap_or((weight, weight));
        let (least, most) = (least.min(weight), most.max(weight));
        hedges.weights = Some((least, most));
        let earned = u128::from(rules.earn_milli) * weight;
        hedges.earned += earned;
        hedges.left = (hedges.left + earned).min(u128::from(rules.cap) * most * 1000);
    }

    pub(super) fn hedge_answered(&mut self, id: AttemptId) {
        let call = &self.calls[&id.call];
        let key = call.attempts[&id.ordinal].key.clone();
        *self.hedges.answers.entry((key, call.delivery)).or_default() += 1;
        if self.hedges.hedged.get(&id.call) == Some(&id) {
            self.reached.insert("hedge won".to_owned());
        }
    }

    pub(super) fn hedge_ended(&mut self, now: Moment, id: AttemptId, outcome: Outcome) {
        let call = &self.calls[&id.call];
        let attempt = &call.attempts[&id.ordinal];
        self.hedges.in_flight.remove(&id);
        match outcome {
            Outcome::Failed(failure) => {
                if matches!(failure.kind, FailureKind::RateLimited | FailureKind::Overloaded) {
                    self.hedges.overloaded.insert(attempt.key.clone(), now);
                }
            }
            Outcome::Cancelled { usage, .. } => {
                // What a loser has read is told, and nothing is made up.
                let sent = attempt.connected || attempt.answered;
                let input = if sent { call.arrival.input_tokens } else { 0 };
                assert_eq!((usage.input, usage.output), (input, 0), "what {id:?} used in vain");
                if self.hedges.hedged.get(&id.call) == Some(&id) && !attempt.answered {
                    self.reached.insert("hedge lost".to_owned());
                }
            }
            Outcome::Succeeded(_) => {}
        }
    }

    pub(super) fn check_hedge_budget(&self, engine: &Engine) {
        let left = engine.budget_view(RouteId(0)).unwrap().hedge_milli;
        let cap = self.settings.routes[0].policies.budgets.hedge.cap;
        assert!(left <= u64::from(cap) * 1000, "3: {left} thousandths in a pot of {cap}");
    }
}

/// What may be used at once, and what was used and has not been earned back; in units times time.
fn room(rate: Rate) -> i128 {
    (rate.burst.as_nanos() * u128::from(rate.amount)) as i128
}

fn owed(now: Moment, rate: Rate, entries: &[(Moment, i128)]) -> i128 {
    let per = rate.per.as_nanos() as i128;
    let (mut sum, mut most) = (0, 0);
    for (from, net) in entries.iter().rev() {
        sum += net;
        let earned = (now.since(*from).as_nanos() * u128::from(rate.amount)) as i128;
        most = most.max(sum * per - earned);
    }
    most
}
