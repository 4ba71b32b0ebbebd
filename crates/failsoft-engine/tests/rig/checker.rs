//! The naive model: it keeps every fact it was told and checks each step against the rules that
//! must always hold. The numbers are those of the list of invariants in the test names.

mod grounds;
mod hedges;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::seams::resumable;
use failsoft_engine::policy::{Budget, Quota};
use failsoft_engine::{
    Arrival, AttemptId, BarReason, BreakerState, CallId, Command, Delivery, Elsewhere, Engine,
    Event, Failure, FailureKind, Input, Models, Moment, Need, Outcome, Phase, Refusal, Repeat,
    Resumable, Settings, Step, TargetId, TripCause, Usage, Verdict, Why,
};

/// Everything that is known, by the engine's own words alone.
pub(crate) struct Checker {
    settings: Arc<Settings>,
    pub(super) calls: BTreeMap<CallId, CallFacts>,
    finished: BTreeSet<CallId>,
    targets: BTreeMap<String, TargetFacts>,
    retry: PotFacts,
    failover: PotFacts,
    resume: PotFacts,
    hedges: hedges::HedgeFacts,
    /// Prompts that were too long, by the models of the settings in force: input, output, until.
    too_long: BTreeMap<u16, (u32, u32, Moment)>,
    /// What was reached at least once.
    pub(crate) reached: BTreeSet<String>,
    /// Whether time only moved forward so far; bounds on time are checked only then.
    forward: bool,
    newest: Moment,
}

pub(super) struct CallFacts {
    pub(super) settings: Arc<Settings>,
    pub(super) arrival: Arrival,
    delivery: Delivery,
    pub(super) arrived: Moment,
    deadline: Moment,
    max_attempts: u8,
    once_per_target: bool,
    pub(super) attempts: BTreeMap<u8, AttemptFacts>,
    pub(super) committed: Option<AttemptId>,
}

#[derive(Clone)]
pub(super) struct AttemptFacts {
    pub(super) key: String,
    target: TargetId,
    pub(super) why: Why,
    pub(super) committed: bool,
    /// Who could go on with it, if that was told.
    pub(super) told: Option<Resumable>,
    connected: bool,
    /// What it holds of the quota, and under which rules.
    held: (i128, i128),
    rules: u32,
    sent: Moment,
    generation: u32,
    probe: bool,
    pub(super) answered: bool,
    pub(super) failed: Option<(Moment, Failure)>,
    pub(super) over: bool,
}

struct TargetFacts {
    quota: Quota,
    rules: u32,
    /// Every charge and refund under the present rules, of requests and of tokens.
    requests: Vec<(Moment, i128)>,
    tokens: Vec<(Moment, i128)>,
    throttled_until: Moment,
    /// An operator lets one attempt look past that.
    probe_wanted: bool,
    state: BreakerState,
    open_until: Moment,
    generation: u32,
    living: u32,
    limit: u32,
    limited: bool,
    in_row: u32,
    /// Outcomes of the present generation: when, and whether hard.
    outcomes: Vec<(Moment, bool)>,
    probes: Vec<(AttemptId, Moment)>,
    /// What was sent after the newest send that was answered.
    unheard: Vec<(AttemptId, Moment)>,
}

impl TargetFacts {
    fn hear(&mut self, id: AttemptId) {
        if let Some(place) = self.unheard.iter().position(|(sent, _)| *sent == id) {
            self.unheard.drain(..=place);
        }
    }
}

/// A bucket counted finer than the engine's.
struct PotFacts {
    rules: Budget,
    nanos: u128,
    at: Moment,
    in_flight: BTreeSet<AttemptId>,
}

const WHOLE: u128 = 1_000_000_000_000;

impl PotFacts {
    fn new(rules: Budget) -> Self {
        let nanos = u128::from(rules.cap) * WHOLE;
        Self { rules, nanos, at: Moment::ZERO, in_flight: BTreeSet::new() }
    }

    fn earn(&mut self, nanos: u128) {
        self.nanos = (self.nanos + nanos).min(u128::from(self.rules.cap) * WHOLE);
    }

    fn pass(&mut self, now: Moment) {
        let passed = now.since(self.at).as_nanos() * WHOLE;
        if let Some(earned) = passed.checked_div(self.rules.floor.as_nanos()) {
            self.earn(earned + 1);
        }
        self.at = self.at.max(now);
    }
}

impl Checker {
    pub(crate) fn new(settings: &Arc<Settings>) -> Self {
        let budgets = &settings.routes[0].policies.budgets;
        let mut checker = Self {
            settings: Arc::clone(settings),
            calls: BTreeMap::new(),
            finished: BTreeSet::new(),
            targets: BTreeMap::new(),
            retry: PotFacts::new(budgets.retry),
            failover: PotFacts::new(budgets.failover),
            resume: PotFacts::new(budgets.resume),
            hedges: hedges::HedgeFacts::default(),
            too_long: BTreeMap::new(),
            reached: BTreeSet::new(),
            forward: true,
            newest: Moment::ZERO,
        };
        checker.know_targets();
        checker
    }

    fn know_targets(&mut self) {
        for target in &self.settings.targets {
            let facts = self.targets.entry(target.key.clone()).or_insert(TargetFacts {
                quota: target.quota,
                rules: 0,
                requests: Vec::new(),
                tokens: Vec::new(),
                throttled_until: Moment::ZERO,
                probe_wanted: false,
                state: BreakerState::Closed,
                open_until: Moment::ZERO,
                generation: 0,
                living: 0,
                limit: target.limit.max,
                limited: target.limit.enabled,
                in_row: 0,
                outcomes: Vec::new(),
                probes: Vec::new(),
                unheard: Vec::new(),
            });
            facts.limited = target.limit.enabled;
            if facts.quota != target.quota {
                facts.quota = target.quota;
                facts.rules += 1;
                facts.requests.clear();
                facts.tokens.clear();
            }
        }
    }

    pub(crate) fn check(&mut self, now: Moment, input: &Input, step: &Step, engine: &Engine) {
        self.forward &= now >= self.newest;
        self.newest = self.newest.max(now);
        let before = self.living_of(input);
        self.retry.pass(now);
        self.failover.pass(now);
        self.resume.pass(now);
        self.take_in(input);
        for event in &step.events {
            self.event(now, input, event, step);
        }
        self.commands(now, input, step);
        self.check_end(input, step, before);
        self.check_counts(engine);
        // 46: the commands of one step are few, whatever the input.
        assert!(step.commands.len() <= 8, "too many commands: {step:?}");
    }

    /// Calls not ended yet whose deadline is past: none, if the driver wakes on time.
    pub(crate) fn overdue(&self, now: Moment) -> Vec<CallId> {
        let late = self.calls.iter().filter(|(_, call)| {
            let own = call.arrival.deadline.map(|asked| call.arrived + asked);
            let begun = call.committed.is_some() && call.delivery == Delivery::Streamed;
            (!begun && call.deadline < now) || own.is_some_and(|own| own < now)
        });
        late.map(|(id, _)| *id).collect()
    }

    /// The key of a target, by the settings its call came in on.
    pub(crate) fn key_of(&self, call: CallId, target: TargetId) -> String {
        self.calls[&call].settings.targets[usize::from(target.0)].key.clone()
    }

    fn take_in(&mut self, input: &Input) {
        match input {
            Input::SettingsChanged(settings) => {
                self.settings = Arc::clone(settings);
                self.too_long.clear();
                self.know_targets();
                let budgets = &settings.routes[0].policies.budgets;
                for (pot, rules) in [
                    (&mut self.retry, budgets.retry),
                    (&mut self.failover, budgets.failover),
                    (&mut self.resume, budgets.resume),
                ] {
                    pot.rules = rules;
                    pot.earn(0);
                }
            }
            Input::CallArrived(arrival) => {
                // Refused calls are counted by their events.
                let known = self.calls.contains_key(&arrival.call);
                if !known && self.finished.contains(&arrival.call) {
                    self.finished.remove(&arrival.call);
                }
            }
            Input::Connected { attempt } => {
                let call = self.calls.get_mut(&attempt.call);
                if let Some(facts) = call.and_then(|it| it.attempts.get_mut(&attempt.ordinal)) {
                    facts.connected = true;
                }
            }
            Input::Delivered { attempt, resumable } => {
                let call = self.calls.get_mut(&attempt.call);
                let facts = call.and_then(|it| it.attempts.get_mut(&attempt.ordinal));
                if let Some(facts) = facts.filter(|facts| !facts.over) {
                    facts.told = Some(*resumable);
                }
            }
            Input::QuotaTold { .. } => {
                self.reached.insert("told".to_owned());
            }
            Input::ContentHeld { .. }
            | Input::FirstContent { .. }
            | Input::Progressed { .. }
            | Input::AttemptSucceeded { .. }
            | Input::AttemptFailed { .. }
            | Input::TimePassed { .. }
            | Input::CallerLeft { .. }
            | Input::TargetSwitched { .. } => {}
            Input::Probe { .. } => {
                self.reached.insert("probe asked".to_owned());
            }
        }
    }

    fn event(&mut self, now: Moment, input: &Input, event: &Event, step: &Step) {
        match event {
            Event::CallStarted { call, deadline, max_attempts, delivery, .. } => {
                let Input::CallArrived(arrival) = input else { panic!("a call out of nothing") };
                let facts = CallFacts {
                    settings: Arc::clone(&self.settings),
                    arrival: *arrival,
                    delivery: *delivery,
                    arrived: now,
                    deadline: *deadline,
                    max_attempts: *max_attempts,
                    once_per_target: arrival.client_retries > 0,
                    attempts: BTreeMap::new(),
                    committed: None,
                };
                assert!(arrival.max_attempts.is_none_or(|most| *max_attempts <= most.max(1)));
                assert!(self.calls.insert(*call, facts).is_none(), "8: {call:?} accepted twice");
            }
            Event::AttemptStarted { attempt, target, why, grounds } => {
                let call = &self.calls[&attempt.call];
                grounds::check_start(*why, grounds, (call.max_attempts, now, call.deadline), {
                    call.attempts.values().filter(|it| it.why != Why::Resume).count()
                });
                self.started(now, *attempt, *target, *why, step);
            }
            Event::FirstContent { attempt, .. } => self.answered(now, *attempt),
            Event::Committed { attempt } => self.committed(*attempt),
            Event::AttemptEnded { attempt, outcome, .. } => self.ended(now, *attempt, *outcome),
            Event::BreakerChanged(change) => {
                let key = self.key(change.target, step);
                grounds::check_trip(change);
                self.breaker(now, &key, change, step);
            }
            Event::Throttled { target, until, .. } => {
                let key = self.key(*target, step);
                assert!(*until >= self.targets[&key].throttled_until, "4: a wish was shortened");
                self.targets.get_mut(&key).unwrap().throttled_until = *until;
            }
            Event::LimitChanged { target, limit } => {
                let key = self.key(*target, step);
                let rules = self.settings.targets.iter().find(|it| it.key == key);
                if let Some(rules) = rules {
                    let least = rules.limit.min.min(rules.limit.max).max(1);
                    let bounds = least..=rules.limit.max.max(1);
                    assert!(bounds.contains(limit), "35: limit {limit} outside {bounds:?}");
                }
                self.targets.get_mut(&key).unwrap().limit = *limit;
                self.reached.insert("limit changed".to_owned());
            }
            Event::Refused { call, reason: Refusal::NoneCanServe(bar), .. } => {
                self.reached.insert("refused none_can_serve".to_owned());
                self.reached.insert(format!("turned away {}", bar.as_str()));
                let facts = &self.calls[call];
                assert!(facts.attempts.is_empty(), "turned away after an attempt");
                let targets = facts.settings.routes[0].tiers.iter().flatten();
                for target in targets {
                    let reason = self.unfit(now, facts, *target);
                    assert!(reason.is_some(), "turned away from {target:?}, which can serve it");
                }
                let ends = step.events.iter().any(|event| match event {
                    Event::CallEnded { verdict: Verdict::Failed { kind, attempt, .. }, .. } => {
                        let short = *bar == BarReason::ContextTooSmall;
                        let wanted = if short {
                            FailureKind::ContextLengthExceeded
                        } else {
                            FailureKind::Unsupported
                        };
                        *kind == wanted && attempt.is_none()
                    }
                    _ => false,
                });
                assert!(ends, "turned away and not told");
            }
            Event::Refused { why, reason, grounds, .. } => {
                grounds::check_refusal(*reason, grounds);
                self.reached.insert(format!("refused {}", reason.as_str()));
                if *why == Why::Hedge {
                    self.reached.insert(format!("not hedged {}", reason.as_str()));
                }
                if *why == Why::Resume {
                    self.reached.insert(format!("refused resume {}", reason.as_str()));
                }
                assert!(
                    *why != Why::First
                        || !matches!(reason, Refusal::Budget | Refusal::ExtrasInFlight),
                    "10: a first attempt was refused by a budget"
                );
            }
            Event::Barred(bar) => {
                grounds::check_bar(now, bar);
                self.reached.insert(format!("barred {}", bar.reason.as_str()));
                let call = &self.calls[&bar.call];
                let target = &call.settings.targets[usize::from(bar.target.0)];
                let unfit = self.unfit(now, call, bar.target);
                if let Some(reason) = unfit {
                    assert_eq!(bar.reason, reason, "it was barred for another reason");
                } else if bar.reason == BarReason::Incapable(Need::Prefill) {
                    let begun = call.committed.is_some();
                    let handed_over = begun && resumable(call) == Resumable::ByPrefill;
                    assert!(handed_over && !target.prefill, "{bar:?}: it takes a beginning");
                } else {
                    assert!(is_gate(bar.reason), "{bar:?}, and it can serve the call");
                }
            }
            Event::Waiting { call, cause, until, grounds, .. } => {
                grounds::check_wait(*cause, grounds);
                if self.calls[call].committed.is_some() {
                    self.reached.insert(format!("resume waits {}", cause.as_str()));
                }
                self.reached.insert(format!("waiting {}", cause.as_str()));
                assert!(*until > now, "44: a wait without length");
            }
            Event::CallEnded { call, attempts, verdict, .. } => {
                let facts = self.calls.remove(call).expect("8: ended twice or never begun");
                self.check_verdict(&facts, verdict, step);
                assert!(self.finished.insert(*call), "8: ended twice");
                assert!(facts.attempts.values().all(|it| it.over), "17: an attempt outlived it");
                assert_eq!(usize::from(*attempts), facts.attempts.len());
                assert!(facts.arrived <= now || !self.forward);
            }
            Event::Disabled { scope, .. } => {
                self.reached.insert(format!(
                    "disabled {}",
                    format!("{scope:?}").split('(').next().unwrap()
                ));
            }
            Event::Probed { target } => {
                let key = self.key(*target, step);
                self.targets.get_mut(&key).unwrap().probe_wanted = true;
            }
            Event::TargetSwitched { .. } | Event::Ignored { .. } => {}
        }
    }

    /// The key of a target id as the call of this step knows it.
    fn key(&self, target: TargetId, step: &Step) -> String {
        let call = step.events.iter().find_map(|event| match event {
            Event::AttemptStarted { attempt, .. }
            | Event::AttemptEnded { attempt, .. }
            | Event::FirstContent { attempt, .. } => Some(attempt.call),
            Event::CallStarted { call, .. }
            | Event::Refused { call, .. }
            | Event::Waiting { call, .. }
            | Event::CallEnded { call, .. } => Some(*call),
            Event::Barred(bar) => Some(bar.call),
            Event::Committed { .. }
            | Event::BreakerChanged(_)
            | Event::Throttled { .. }
            | Event::Disabled { .. }
            | Event::LimitChanged { .. }
            | Event::TargetSwitched { .. }
            | Event::Probed { .. }
            | Event::Ignored { .. } => None,
        });
        let settings = call.and_then(|call| self.calls.get(&call)).map(|call| &call.settings);
        let settings = settings.unwrap_or(&self.settings);
        settings.targets[usize::from(target.0)].key.clone()
    }

    fn started(&mut self, now: Moment, id: AttemptId, target: TargetId, why: Why, step: &Step) {
        let call = self.calls.get(&id.call).expect("8: an attempt before or after its call");
        let key = call.settings.targets[usize::from(target.0)].key.clone();
        let made = call.attempts.len();
        assert_eq!(usize::from(id.ordinal), made, "ordinals are counted");
        if why == Why::Resume {
            self.check_resume(now, id, target);
        } else {
            assert!(made < usize::from(call.max_attempts), "1: too many attempts");
            assert_eq!(call.committed, None, "15: an attempt after commit");
            assert!(now < call.deadline, "6: an attempt after the deadline");
        }
        let call = &self.calls[&id.call];
        assert_eq!(why == Why::First, made == 0, "the first attempt is the first");
        let here: Vec<&AttemptFacts> = call.attempts.values().filter(|it| it.key == key).collect();
        match why {
            Why::First => {}
            Why::Retry => assert!(!here.is_empty(), "a retry goes to the same target"),
            Why::Failover => {
                let held = |it: &&AttemptFacts| it.over && it.failed.is_none();
                assert!(here.iter().all(held), "16: {key} failed before");
            }
            Why::Patience | Why::Hedge => assert!(here.is_empty(), "16: {key} was used before"),
            Why::Resume => {}
        }
        let once = call.once_per_target && why != Why::Resume;
        assert!(here.is_empty() || !once, "the client repeats for us");
        let unfit = self.unfit(now, &self.calls[&id.call], target);
        let call = &self.calls[&id.call];
        assert_eq!(unfit, None, "sent to {key}, which cannot serve it");
        let here: Vec<&AttemptFacts> = call.attempts.values().filter(|it| it.key == key).collect();
        for failed in here.iter().filter_map(|it| it.failed) {
            check_repeat(now, failed, self.forward);
        }
        let living = call.attempts.values().filter(|it| !it.over).count();
        let beside = matches!(why, Why::Patience | Why::Hedge);
        assert!(living == 0 || (living == 1 && beside), "one beside another");
        self.hedge_started(now, id, target, why);
        let total = self.targets.values().map(|target| target.living).sum::<u32>();
        self.pay(id, why, total);
        self.reserve(now, id.call, &key);
        self.take(now, id, (&key, target, why), step);
    }

    /// What can be said of a call and a target by the words of the rules alone.
    fn unfit(&self, now: Moment, call: &CallFacts, target: TargetId) -> Option<BarReason> {
        let settings = &call.settings;
        let facts = |id: TargetId| &settings.targets[usize::from(id.0)];
        let (asked, target) = (&call.arrival, facts(target));
        let first = facts(settings.routes[0].tiers[0][0]);
        if asked.models == Models::Same && target.model_name != first.model_name {
            return Some(BarReason::OtherModel);
        }
        if asked.bound_to.is_some_and(|account| target.credential != account) {
            return Some(BarReason::OtherAccount);
        }
        if asked.form.is_some_and(|form| target.form != form) {
            return Some(BarReason::OtherForm);
        }
        if let Some(need) = asked.needs.iter().find(|it| !target.capability.can.contains(*it)) {
            return Some(BarReason::Incapable(need));
        }
        let context = target.capability.context;
        let mut too_small = context.is_some_and(|context| asked.input_tokens / 2 > context);
        let output = asked.output_tokens.unwrap_or(0);
        if let Some((input, least, until)) = self.too_long.get(&target.model)
            && Arc::ptr_eq(settings, &self.settings)
        {
            too_small |= asked.input_tokens >= *input && output >= *least && now < *until;
        }
        for failed in call.attempts.values().filter(|it| {
            it.failed.is_some_and(|(_, failure)| failure.elsewhere == Elsewhere::LargerContext)
        }) {
            let tried = facts(failed.target).capability.context;
            too_small |= tried.is_some() && context.is_some() && context <= tried;
        }
        too_small.then_some(BarReason::ContextTooSmall)
    }

    /// 36, 37: both dimensions at once, and never more than rate and burst, or one that is larger.
    fn reserve(&mut self, now: Moment, call: CallId, key: &str) {
        let held = held(&self.calls[&call].arrival);
        let forward = self.forward;
        let target = self.targets.get_mut(key).unwrap();
        let quota = target.quota;
        for (name, rate, entries, units) in [
            ("requests", quota.requests, &mut target.requests, held.0),
            ("tokens", quota.tokens, &mut target.tokens, held.1),
        ] {
            entries.push((now, units));
            let Some(rate) = rate.filter(|_| forward) else { continue };
            let room = (rate.burst.as_nanos() * u128::from(rate.amount)) as i128;
            let per = rate.per.as_nanos() as i128;
            let mut sum = 0;
            for (from, net) in entries.iter().rev() {
                sum += net;
                let earned = (now.since(*from).as_nanos() * u128::from(rate.amount)) as i128;
                let most = earned + room.max(units * per);
                assert!(sum * per <= most, "37: {sum} {name} since {from:?} at {key}");
            }
        }
    }

    /// 36: what it held comes back, but for what it used.
    fn settle(&mut self, now: Moment, id: AttemptId, outcome: Outcome) {
        let call = &self.calls[&id.call];
        let attempt = &call.attempts[&id.ordinal];
        let input = i128::from(call.arrival.input_tokens);
        let (held, begun) = (attempt.held, attempt.answered);
        let used = match outcome {
            Outcome::Succeeded(usage) if usage == Usage::default() => held,
            Outcome::Succeeded(usage) => (1, i128::from(usage.input) + i128::from(usage.output)),
            Outcome::Failed(_) | Outcome::Cancelled { .. } if begun => held,
            Outcome::Failed(failure) if failure.phase == Phase::Connect => (0, 0),
            Outcome::Failed(failure) => match failure.kind {
                FailureKind::Timeout | FailureKind::Cancelled => (1, input),
                _ => (1, 0),
            },
            Outcome::Cancelled { .. } if attempt.connected => (1, input),
            Outcome::Cancelled { .. } => (0, 0),
        };
        let same = attempt.rules == self.targets[&attempt.key].rules;
        let target = self.targets.get_mut(&attempt.key).unwrap();
        for (entries, more) in
            [(&mut target.requests, used.0 - held.0), (&mut target.tokens, used.1 - held.1)]
        {
            if same || more > 0 {
                entries.push((now, more));
            }
        }
    }

    /// What a success or a failure teaches of the room at a model.
    fn learn(&mut self, now: Moment, id: AttemptId, outcome: Outcome) {
        let call = &self.calls[&id.call];
        let attempt = &call.attempts[&id.ordinal];
        if !Arc::ptr_eq(&call.settings, &self.settings) {
            return;
        }
        let target = &call.settings.targets[usize::from(attempt.target.0)];
        let (input, output) = (call.arrival.input_tokens, call.arrival.output_tokens.unwrap_or(0));
        match outcome {
            Outcome::Failed(failure)
                if failure.kind == FailureKind::ContextLengthExceeded
                    && !attempt.answered
                    && attempt.why != Why::Resume
                    && input > 0
                    && !target.any_model
                    && !call.arrival.needs.contains(Need::Images) =>
            {
                let until = now + Duration::from_secs(3600);
                self.too_long.insert(target.model, (input, output, until));
            }
            Outcome::Succeeded(_) => {
                if let Some((bound, least, _)) = self.too_long.get_mut(&target.model)
                    && input >= *bound
                    && output >= *least
                {
                    *bound = input + 1;
                    self.reached.insert("bound raised".to_owned());
                }
            }
            Outcome::Failed(_) | Outcome::Cancelled { .. } => {}
        }
    }

    fn pay(&mut self, id: AttemptId, why: Why, living: u32) {
        let pot = match why {
            Why::First => {
                for pot in [&mut self.retry, &mut self.failover, &mut self.resume] {
                    pot.earn(u128::from(pot.rules.earn_milli) * WHOLE / 1000);
                }
                return;
            }
            Why::Retry => &mut self.retry,
            Why::Failover | Why::Patience => &mut self.failover,
            Why::Resume => &mut self.resume,
            Why::Hedge => return,
        };
        assert!(pot.nanos >= WHOLE, "2, 3: {why:?} without budget");
        pot.nanos -= WHOLE;
        let share = (living + 1) * pot.rules.in_flight_milli / 1000;
        let most = share.max(pot.rules.min_in_flight);
        assert!((pot.in_flight.len() as u32) < most, "2: too many extras in flight");
        pot.in_flight.insert(id);
    }

    fn take(
        &mut self,
        now: Moment,
        id: AttemptId,
        (key, place, why): (&str, TargetId, Why),
        step: &Step,
    ) {
        let forward = self.forward;
        let target = self.targets.get_mut(key).unwrap();
        if forward {
            let may = now >= target.throttled_until || target.probe_wanted;
            assert!(may, "4: {key} asked to be left alone");
            if now < target.throttled_until {
                self.reached.insert("probe past a throttle".to_owned());
            }
        }
        target.probe_wanted = false;
        if target.limited {
            assert!(
                target.living < target.limit,
                "35: {key} holds {} of {}",
                target.living,
                target.limit
            );
        }
        target.living += 1;
        target.unheard.push((id, now));
        assert_ne!(target.state, BreakerState::Open, "23: {key} is open");
        let probe = target.state == BreakerState::HalfOpen;
        let panicked = now < target.open_until
            && step.events.iter().any(|event| {
                matches!(event, Event::BreakerChanged(change) if change.to == BreakerState::HalfOpen)
            });
        assert!(!panicked || why == Why::First || !forward, "23: an early probe for an extra");
        if probe {
            self.reached.insert(if panicked { "panic probe" } else { "probe" }.to_owned());
            let rules = self.settings.targets.iter().find(|it| it.key == key).map(|it| &it.breaker);
            let timeout = rules.map_or(Duration::ZERO, |rules| rules.probe_timeout);
            target.probes.retain(|(_, sent)| now < *sent + timeout);
            assert!(target.probes.is_empty() || !forward, "24: two probes at once");
            target.probes.push((id, now));
        }
        let facts = AttemptFacts {
            key: key.to_owned(),
            target: place,
            why,
            committed: false,
            told: None,
            connected: false,
            held: held(&self.calls[&id.call].arrival),
            rules: target.rules,
            sent: now,
            generation: target.generation,
            probe,
            answered: false,
            failed: None,
            over: false,
        };
        self.calls.get_mut(&id.call).unwrap().attempts.insert(id.ordinal, facts);
    }

    fn answered(&mut self, now: Moment, id: AttemptId) {
        self.hedge_answered(id);
        let call = self.calls.get_mut(&id.call).expect("content of an unknown call");
        let attempt = call.attempts.get_mut(&id.ordinal).unwrap();
        attempt.answered = true;
        let target = self.targets.get_mut(&attempt.key).unwrap();
        target.hear(id);
        target.probes.retain(|(probe, _)| *probe != id);
        if attempt.generation == target.generation {
            target.in_row = 0;
            target.outcomes.push((now, false));
        }
    }

    fn ended(&mut self, now: Moment, id: AttemptId, outcome: Outcome) {
        self.hedge_ended(now, id, outcome);
        self.settle(now, id, outcome);
        self.learn(now, id, outcome);
        let call = self.calls.get_mut(&id.call).expect("17: an end of an unknown call");
        let attempt = call.attempts.get_mut(&id.ordinal).expect("17: an end without a start");
        assert!(!attempt.over, "17, 27: ended twice");
        attempt.over = true;
        let target = self.targets.get_mut(&attempt.key).unwrap();
        target.living = target.living.checked_sub(1).expect("27: a permit came back twice");
        target.probes.retain(|(probe, _)| *probe != id);
        self.retry.in_flight.remove(&id);
        self.failover.in_flight.remove(&id);
        self.resume.in_flight.remove(&id);
        match outcome {
            Outcome::Succeeded(_) => {}
            Outcome::Cancelled { reason, .. } => {
                self.reached.insert(format!("cancelled {}", reason.as_str()));
            }
            Outcome::Failed(failure) => {
                attempt.failed = Some((now, failure));
                if attempt.answered && !attempt.committed {
                    self.reached.insert("held and failed".to_owned());
                }
                if !matches!(failure.kind, FailureKind::Timeout | FailureKind::Cancelled) {
                    target.hear(id);
                }
                let hard = is_hard(&failure, attempt.answered);
                if hard.is_some() && attempt.generation == target.generation {
                    target.outcomes.push((now, true));
                    target.in_row += u32::from(hard == Some(Hard::InRow));
                }
            }
        }
    }

    fn breaker(
        &mut self,
        now: Moment,
        key: &str,
        change: &failsoft_engine::BreakerChange,
        step: &Step,
    ) {
        let rules = self.settings.targets.iter().find(|it| it.key == key).unwrap().breaker.clone();
        let forward = self.forward;
        let stale = self.stale_in(key, step);
        let target = self.targets.get_mut(key).unwrap();
        assert_eq!(change.from, target.state, "28: it was in another state");
        match (change.from, change.to) {
            (BreakerState::Closed | BreakerState::HalfOpen, BreakerState::Open) => {
                let cause = change.cause.expect("28: opened without evidence");
                self.reached.insert(format!("opened {}", cause.as_str()));
                check_evidence(now, target, cause, &rules, forward);
                if stale {
                    assert_eq!(
                        cause,
                        TripCause::Stall,
                        "25, 26: {key} opened by what does not count"
                    );
                }
                let length = change.until.unwrap().since(now);
                assert!(length <= rules.open_cap.max(rules.hint_cap), "30: open for {length:?}");
                target.open_until = change.until.unwrap();
            }
            (BreakerState::Open, BreakerState::HalfOpen) => {}
            (BreakerState::HalfOpen, BreakerState::Closed) => {
                assert!(!stale, "25, 26: {key} closed by what does not count");
                let good = target.outcomes.iter().filter(|(_, hard)| !hard).count();
                assert!(good >= rules.successes as usize, "28: closed without successes");
                self.reached.insert("closed".to_owned());
            }
            other => panic!("28: {other:?}"),
        }
        let target = self.targets.get_mut(key).unwrap();
        target.state = change.to;
        target.generation += 1;
        target.outcomes.clear();
        target.probes.clear();
        target.in_row = 0;
        target.unheard.clear();
    }

    /// Whether the attempt this step is about says nothing about the present state of `key`.
    fn stale_in(&self, key: &str, step: &Step) -> bool {
        step.events.iter().any(|event| {
            let id = match event {
                Event::AttemptEnded { attempt, .. } | Event::FirstContent { attempt, .. } => {
                    attempt
                }
                _ => return false,
            };
            let call = self.calls.get(&id.call);
            let Some(attempt) = call.and_then(|call| call.attempts.get(&id.ordinal)) else {
                return false;
            };
            let neutral = attempt
                .failed
                .is_some_and(|(_, failure)| is_hard(&failure, attempt.answered).is_none())
                && !attempt.answered;
            attempt.key == key && (attempt.generation != self.targets[key].generation || neutral)
        })
    }

    fn commands(&mut self, now: Moment, input: &Input, step: &Step) {
        let mut commits = 0;
        for command in &step.commands {
            match command {
                Command::Commit { .. } => commits += 1,
                Command::WakeAt { at, .. } => {
                    if let (Input::TimePassed { .. }, Some(at)) = (input, at) {
                        assert!(*at > now, "44: woken to be woken again");
                    }
                }
                Command::Start { .. } | Command::Cancel { .. } | Command::Finish { .. } => {}
            }
        }
        assert!(commits <= 1, "14: two commits in one step");
        let count = |wanted: fn(&Event) -> bool| step.events.iter().filter(|it| wanted(it)).count();
        let starts = step.commands.iter().filter(|it| matches!(it, Command::Start { .. })).count();
        assert_eq!(starts, count(|it| matches!(it, Event::AttemptStarted { .. })));
        let cancels =
            step.commands.iter().filter(|it| matches!(it, Command::Cancel { .. })).count();
        let told = matches!(input, Input::AttemptFailed { .. });
        let abandoned = step.events.iter().filter(|it| match it {
            Event::AttemptEnded { outcome: Outcome::Cancelled { .. }, .. } => true,
            Event::AttemptEnded { outcome: Outcome::Failed(_), .. } => !told,
            _ => false,
        });
        assert_eq!(cancels, abandoned.count(), "17: an abandoned attempt was not cancelled");
        if !matches!(input, Input::CallArrived(_)) || starts > 0 {
            let finishes = step.commands.iter().filter(|it| matches!(it, Command::Finish { .. }));
            assert_eq!(finishes.count(), count(|it| matches!(it, Event::CallEnded { .. })), "8");
        }
    }

    fn living_of(&self, input: &Input) -> usize {
        let Input::AttemptFailed { attempt, .. } = input else { return 0 };
        let call = self.calls.get(&attempt.call);
        call.map_or(0, |call| call.attempts.values().filter(|it| !it.over).count())
    }

    /// 18: a failure that is not the request's own fault never ends a call that still has hope.
    fn check_end(&mut self, input: &Input, step: &Step, living_before: usize) {
        let Input::AttemptFailed { failure, .. } = input else { return };
        let ended = step.events.iter().any(|event| {
            matches!(
                event,
                Event::CallEnded { verdict: Verdict::Failed { .. } | Verdict::Degraded { .. }, .. }
            )
        });
        if ended && failure.elsewhere != Elsewhere::Nowhere {
            assert!(living_before <= 1, "18: ended while another attempt was alive");
        }
    }

    fn check_counts(&self, engine: &Engine) {
        let living: u32 = self.targets.values().map(|target| target.living).sum();
        assert_eq!(engine.in_flight(), living as usize, "27, 38: attempts in flight");
        assert_eq!(engine.calls(), self.calls.len(), "8: calls in flight");
        for (index, target) in engine.settings().targets.iter().enumerate() {
            let view = engine.target_view(TargetId(index as u16)).unwrap();
            assert_eq!(view.in_flight, self.targets[&target.key].living, "27, 48: {}", target.key);
            let held = self.calls.values().flat_map(|call| call.attempts.values());
            let held = held.filter(|it| !it.over && it.key == target.key).map(|it| it.held);
            let held = held.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
            let reserved = (view.quota.requests.reserved, view.quota.tokens.reserved);
            assert_eq!(
                (i128::from(reserved.0), i128::from(reserved.1)),
                held,
                "36: {}",
                target.key
            );
            assert_eq!(view.breaker, self.targets[&target.key].state, "28: {}", target.key);
        }
        self.check_hedge_budget(engine);
        let budget = engine.budget_view(failsoft_engine::RouteId(0)).unwrap();
        for (milli, pot) in [
            (budget.retry_milli, &self.retry),
            (budget.failover_milli, &self.failover),
            (budget.resume_milli, &self.resume),
        ] {
            assert!(milli <= u64::from(pot.rules.cap) * 1000, "3: more than the cap");
            if self.forward {
                assert!(
                    u128::from(milli) * WHOLE / 1000 <= pot.nanos + WHOLE / 1000,
                    "3, 43: budget out of nothing"
                );
            }
        }
    }
}

/// A request, and its tokens with the bound of the answer or 500.
fn held(arrival: &Arrival) -> (i128, i128) {
    (1, i128::from(arrival.input_tokens) + i128::from(arrival.output_tokens.unwrap_or(500)))
}

/// A reason that passes by itself, or that a failure of the call gave.
fn is_gate(reason: BarReason) -> bool {
    matches!(
        reason,
        BarReason::Breaker
            | BarReason::Throttle
            | BarReason::Limit
            | BarReason::CredentialDisabled
            | BarReason::ModelDisabled
            | BarReason::SwitchedOff
            | BarReason::Excluded
            | BarReason::Quota
    )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hard {
    InRow,
    RatioOnly,
}

/// What counts against a target, in the words of the table.
fn is_hard(failure: &Failure, begun: bool) -> Option<Hard> {
    match failure.kind {
        FailureKind::ServerError | FailureKind::Network | FailureKind::Timeout => Some(Hard::InRow),
        FailureKind::Overloaded => Some(if begun { Hard::InRow } else { Hard::RatioOnly }),
        FailureKind::BadResponse if begun => Some(Hard::InRow),
        _ => None,
    }
}

/// 4, 5, 9, 11: what an earlier failure at the same target allows.
fn check_repeat(now: Moment, (ended, failure): (Moment, Failure), forward: bool) {
    assert_ne!(failure.repeat, Repeat::Forbidden, "11: it asked not to be tried again");
    let repeatable = matches!(
        failure.kind,
        FailureKind::RateLimited
            | FailureKind::ServerError
            | FailureKind::Network
            | FailureKind::BadResponse
            | FailureKind::Overloaded
            | FailureKind::Timeout
    );
    assert!(repeatable || failure.repeat == Repeat::Once, "9: {:?} was repeated", failure.kind);
    if let (Some(wait), true) = (failure.retry_after, forward) {
        assert!(now >= ended + wait, "4, 5: repeated before the time it asked for");
    }
}

/// 28, 29: nothing opens without its evidence.
fn check_evidence(
    now: Moment,
    target: &TargetFacts,
    cause: TripCause,
    rules: &failsoft_engine::policy::Breaker,
    forward: bool,
) {
    match cause {
        TripCause::Consecutive => {
            assert!(target.in_row >= rules.consecutive, "29: {} in a row", target.in_row)
        }
        TripCause::Ratio => {
            let bucket = rules.window.as_nanos() as u64 / 10;
            let newest = now.as_nanos() / bucket;
            let seen =
                target.outcomes.iter().filter(|(at, _)| at.as_nanos() / bucket + 10 > newest);
            let hard = seen.clone().filter(|(_, hard)| *hard).count() as u32;
            let all = seen.count() as u32;
            assert!(all >= rules.min_calls || !forward, "29: {all} outcomes");
            assert!(hard * 1000 >= all * rules.ratio_milli || !forward, "29: {hard} of {all}");
        }
        TripCause::Stall => {
            let sends = target.unheard.len();
            assert!(sends >= rules.stall_sends as usize, "29: {sends} sends");
            let silence = now.since(target.unheard[0].1);
            assert!(silence >= rules.stall_silence || !forward, "29: silent for {silence:?}");
        }
        TripCause::Probe => assert_eq!(target.state, BreakerState::HalfOpen),
    }
}
