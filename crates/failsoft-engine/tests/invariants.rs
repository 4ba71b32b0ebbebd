//! What must hold in every world. The numbers in the messages of a failure name the rule that was
//! broken; the rules themselves stand in `rig/checker.rs`.

mod rig;

use std::sync::Arc;
use std::time::Duration;

use failsoft_engine::policy::{ContentFilter, Quota, Rate};
use failsoft_engine::{
    AttemptId, CallId, Capability, CredentialId, Delivery, Elsewhere, Failure, FailureKind, FormId,
    Input, Models, Moment, Need, Needs, Phase, Prefer, Price, Profile, Repeat, Resumable, Settings,
    TargetId, Usage,
};
use proptest::prelude::*;
use rig::world::{Dice, Fate, Nature, World, any_told, healthy};
use rig::{Rig, arrival, at, policies_of, settings};

/// The knobs of a random world.
#[derive(Clone, Debug)]
struct Knobs {
    seed: u64,
    shape: usize,
    calls: u64,
    gap_ms: u64,
    sick_percent: u64,
    hang_percent: u64,
    tight: bool,
    /// Of what is sick, how much breaks off after content.
    break_percent: u64,
    /// Continuations of a call; without, nothing is held, and nobody could go on.
    resumes: Option<u8>,
}

fn knobs() -> impl Strategy<Value = Knobs> {
    let sizes = (0..7_usize, 1..60_u64, 1..3000_u64);
    let ills = (0..100_u64, 0..30_u64, 0..80_u64);
    (any::<u64>(), sizes, ills, any::<bool>(), prop::option::weighted(0.8, 0..4_u8)).prop_map(
        |(seed, (shape, calls, gap_ms), ills, tight, resumes)| {
            let (sick_percent, hang_percent, break_percent) = ills;
            Knobs {
                seed,
                shape,
                calls,
                gap_ms,
                sick_percent,
                hang_percent,
                tight,
                break_percent,
                resumes,
            }
        },
    )
}

fn shape(number: usize) -> Settings {
    match number {
        0 => settings(&[&["a"]]),
        1 => settings(&[&["a"], &["b"]]),
        2 => settings(&[&["a", "b"]]),
        3 => {
            let mut settings = settings(&[&["a", "b"], &["c"], &["d"]]);
            settings.targets[1].credential = settings.targets[0].credential;
            settings.targets[3].model = settings.targets[2].model;
            settings
        }
        4 => settings(&[&["a", "b", "c"]]),
        5 => unequal(),
        _ => pool(),
    }
}

/// Targets of which each can do something else.
fn unequal() -> Settings {
    let mut settings = settings(&[&["a", "b"], &["c"], &["d"]]);
    let lacking = |need: Need| Needs::ALL.without([need].into_iter().collect());
    let [a, b, c, d] = &mut settings.targets[..] else { unreachable!() };
    a.capability = Capability {
        can: lacking(Need::Images),
        context: Some(4000),
        max_output: None,
        ..Capability::default()
    };
    a.price = Some(Price { input: 150_000, output: 600_000 });
    b.capability = Capability {
        can: lacking(Need::Tools),
        context: Some(3000),
        max_output: None,
        ..Capability::default()
    };
    (b.form, b.credential) = (FormId(1), a.credential);
    b.price = Some(Price { input: 3_000_000, output: 15_000_000 });
    c.model_name = a.model_name;
    c.capability = Capability {
        can: lacking(Need::Prefill),
        context: None,
        max_output: Some(1000),
        ..Capability::default()
    };
    d.capability = Capability {
        can: lacking(Need::Images),
        context: Some(8000),
        max_output: None,
        ..Capability::default()
    };
    policies_of(&mut settings).prefer = Prefer::Price;
    settings
}

/// Three keys of one model, each with a quota, and something else behind them.
fn pool() -> Settings {
    let mut settings = settings(&[&["a", "b", "c"], &["d"]]);
    for target in &mut settings.targets[..3] {
        (target.model, target.model_name) = (0, 0);
        target.quota = Quota { requests: Some(rate(60, 3)), tokens: Some(rate(60_000, 5)) };
    }
    policies_of(&mut settings).prefer = Prefer::Speed;
    settings
}

/// So much in a minute, and what so many seconds earn at once.
fn rate(amount: u64, burst: u64) -> Rate {
    let burst = Duration::from_secs(burst);
    Rate { burst, ..Rate::new(amount, Duration::from_secs(60)) }
}

/// Small budgets, limits and windows, so that every refusal is met.
fn tighten(settings: &mut Settings) {
    for target in &mut settings.targets {
        target.limit.max = 3;
        target.breaker.stall_sends = 3;
        target.breaker.min_calls = 5;
        target.quota.requests = Some(rate(100, 2));
        target.quota.tokens.get_or_insert(rate(300_000, 1));
    }
    let policies = policies_of(settings);
    policies.budgets.retry.cap = 2;
    policies.budgets.failover.cap = 2;
    policies.budgets.failover.min_in_flight = 1;
    policies.budgets.failover.in_flight_milli = 0;
    policies.budgets.resume.cap = 2;
    policies.budgets.resume.min_in_flight = 1;
    policies.budgets.resume.in_flight_milli = 0;
    policies.retry.max_attempts = 5;
    policies.retry.content_filter = ContentFilter::Failover;
}

fn any_failure(dice: &mut Dice) -> Failure {
    let kind = FailureKind::ALL[dice.roll(18) as usize];
    // What passes by itself is more frequent than what does not.
    let usual = [FailureKind::ServerError, FailureKind::RateLimited, FailureKind::Overloaded];
    let kind = if dice.percent(70) { usual[dice.roll(3) as usize] } else { kind };
    let mut failure = Failure::new(kind, Phase::FirstContent);
    if dice.percent(30) {
        failure.retry_after = Some(dice.millis(0, 8000));
    }
    match dice.roll(20) {
        0 => failure.repeat = Repeat::Forbidden,
        1 => failure.repeat = Repeat::Once,
        2 => failure.elsewhere = Elsewhere::Any,
        3 => failure.elsewhere = Elsewhere::OtherCredential,
        4 => failure.elsewhere = Elsewhere::OtherModel,
        _ => {}
    }
    failure
}

fn any_arrival(dice: &mut Dice, call: u128) -> failsoft_engine::Arrival {
    let mut arrival = arrival(call);
    if dice.percent(30) {
        arrival.delivery = Delivery::Plain;
    }
    match dice.roll(12) {
        0 => arrival.deadline = Some(dice.millis(0, 20_000)),
        1 => arrival.max_attempts = Some(dice.roll(4) as u8),
        2 => arrival.client_retries = 1,
        3 => arrival.profile = Some(Profile::Batch),
        4 => arrival.profile = Some(Profile::Background),
        _ => {}
    }
    arrival.input_tokens = [0, 0, 100, 2000, 5000, 9000, 40_000][dice.roll(7) as usize];
    if dice.percent(30) {
        arrival.output_tokens = Some(dice.roll(3000) as u32);
    }
    match dice.roll(12) {
        0 => arrival.needs.insert(Need::Images),
        1 => arrival.needs.insert(Need::Tools),
        2 => arrival.needs = Needs::ALL,
        3 => arrival.form = Some(FormId(dice.roll(3) as u8)),
        4 => arrival.bound_to = Some(CredentialId(dice.roll(4) as u16)),
        5 => arrival.models = Models::Same,
        _ => {}
    }
    arrival
}

fn random_world(knobs: &Knobs) -> World {
    let mut settings = shape(knobs.shape);
    if knobs.tight {
        tighten(&mut settings);
    }
    if let Some(max) = knobs.resumes {
        policies_of(&mut settings).resume.max = max;
        for target in settings.targets.iter_mut().step_by(2) {
            target.prefill = true;
        }
    }
    let mut world = World::new(settings.clone(), knobs.seed, nature(knobs));
    world.tells = Some(Dice(!knobs.seed));
    world.delivers = knobs.resumes.map(|_| Dice(knobs.seed.rotate_left(32)));
    let mut probes = Dice(knobs.seed.rotate_left(16));
    let mut now = at(Duration::from_secs(1));
    for call in 0..knobs.calls {
        let arrival = any_arrival(&mut world.dice, u128::from(call));
        world.arrive(now, arrival);
        if world.dice.percent(5) {
            let later = now + world.dice.millis(0, 10_000);
            world.at(later, Input::CallerLeft { call: CallId(u128::from(call)) });
        }
        if world.dice.percent(4) {
            let target = TargetId(world.dice.roll(settings.targets.len() as u64) as u16);
            world.at(now, Input::TargetSwitched { target, enabled: false });
            let later = now + world.dice.millis(0, 10_000);
            world.at(later, Input::TargetSwitched { target, enabled: true });
        }
        if probes.percent(10) {
            let target = TargetId(probes.roll(settings.targets.len() as u64) as u16);
            world.at(now, Input::Probe { target });
        }
        if world.dice.percent(3) {
            world.at(now, Input::SettingsChanged(Arc::new(other_settings(&settings))));
        }
        now = now + world.dice.millis(0, knobs.gap_ms);
    }
    world
}

/// How the targets of such a world behave.
fn nature(knobs: &Knobs) -> Nature {
    let (sick, hang) = (knobs.sick_percent, knobs.hang_percent);
    let (breaks, stalls) = (knobs.break_percent, knobs.resumes.is_some());
    Box::new(move |dice: &mut Dice, _: &str, _: Moment| {
        if dice.percent(hang) {
            return Fate::Hang;
        }
        if dice.percent(sick) {
            let failure = any_failure(dice);
            let first = dice.millis(100, 9000);
            return if dice.percent(breaks) {
                if stalls && dice.percent(15) {
                    return Fate::Stall { first };
                }
                Fate::BreakOff { first, after: first + dice.millis(0, 5000), failure }
            } else {
                Fate::Fail { after: first, failure }
            };
        }
        if dice.percent(10) {
            let first = dice.millis(5_000, 40_000);
            return Fate::Answer { first, whole: first + dice.millis(0, 60_000) };
        }
        healthy(dice)
    })
}

/// The same targets under the same keys in another order, with other limits.
fn other_settings(settings: &Settings) -> Settings {
    let mut other = settings.clone();
    other.targets.reverse();
    let last = other.targets.len() as u16 - 1;
    let route = Arc::make_mut(&mut other.routes[0]);
    for target in route.tiers.iter_mut().flatten() {
        target.0 = last - target.0;
    }
    for target in &mut other.targets {
        target.limit.max = target.limit.max.saturating_sub(1).max(1);
        target.breaker.open_base += Duration::from_secs(1);
        if let Some(rate) = &mut target.quota.tokens {
            rate.amount += 1;
        }
    }
    other
}

/// 300 of each, or as many as `PROPTEST_CASES` says.
fn worlds() -> ProptestConfig {
    let usual = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig { cases: if asked { usual.cases } else { 300 }, ..usual }
}

proptest! {
    #![proptest_config(worlds())]

    /// 1 2 3 4 5 6 7 8 9 10 11 12 14 15 16 17 18 23 24 25 26 27 28 29 30 35 36 37 38 43 44 46 48
    #[test]
    fn every_rule_holds_in_every_world(knobs in knobs()) {
        random_world(&knobs).run();
    }

    /// 3 8 10 14 15 16 17 25 26 27 28 35 36 38 45 46 48: any input in any order, at any time.
    #[test]
    fn no_order_of_inputs_and_no_clock_breaks_a_rule(
        shape_number in 0..7_usize,
        tight in any::<bool>(),
        inputs in prop::collection::vec((0..20_u8, any::<u16>(), 0..6_u8), 1..200),
    ) {
        let mut settings = shape(shape_number);
        if tight {
            tighten(&mut settings);
        }
        let mut rig = Rig::new(settings.clone(), 3);
        let mut now = at(Duration::from_secs(1000));
        for (what, detail, time) in inputs {
            now = match time {
                0 => now,
                1 => now + Duration::from_millis(u64::from(detail)),
                2 => now + Duration::from_secs(u64::from(detail % 60)),
                3 => Moment::from_nanos(now.as_nanos().saturating_sub(u64::from(detail) << 24)),
                4 => now + Duration::from_secs(86_400 * u64::from(detail % 9)),
                _ => now + Duration::from_micros(u64::from(detail)),
            };
            rig.step(now, chaotic_input(what, detail, now, &settings));
        }
        for call in 0..8 {
            rig.step(now, Input::CallerLeft { call: CallId(call) });
        }
        prop_assert_eq!(rig.engine.in_flight(), 0, "27: permits leaked");
        prop_assert_eq!(rig.engine.calls(), 0);
    }
}

fn chaotic_input(what: u8, detail: u16, now: Moment, settings: &Settings) -> Input {
    let mut dice = Dice(u64::from(detail));
    let call = CallId(u128::from(detail % 8));
    let attempt = AttemptId { call, ordinal: dice.roll(4) as u8 };
    match what {
        0..=3 => Input::CallArrived(any_arrival(&mut dice, call.0)),
        4 => Input::Connected { attempt },
        5 => Input::FirstContent { attempt },
        6 => Input::Progressed { attempt, at: now },
        7 => Input::AttemptSucceeded { attempt, usage: Usage::default() },
        8 | 9 => Input::AttemptFailed { attempt, failure: any_failure(&mut dice) },
        10 => Input::TimePassed { call },
        11 if detail.is_multiple_of(16) => {
            Input::SettingsChanged(Arc::new(other_settings(settings)))
        }
        11 => Input::CallerLeft { call },
        14 => Input::ContentHeld { attempt },
        15 | 16 => Input::Delivered {
            attempt,
            resumable: [
                Resumable::Anywhere,
                Resumable::ByPrefill,
                Resumable::Never,
                Resumable::Said,
            ][dice.roll(4) as usize],
        },
        17 => Input::FirstContent { attempt },
        18 => Input::Probe { target: TargetId(detail % 5) },
        12 | 13 => Input::QuotaTold { attempt, told: any_told(&mut dice) },
        _ => Input::TargetSwitched {
            target: TargetId(detail % 5),
            enabled: !detail.is_multiple_of(7),
        },
    }
}

const RARE: [&str; 73] = [
    "refused attempts_spent",
    "refused deadline",
    "refused budget",
    "refused extras_in_flight",
    "refused not_retryable",
    "refused committed",
    "refused no_target",
    "refused wait_too_long",
    "barred breaker",
    "barred throttle",
    "barred limit",
    "barred credential_disabled",
    "barred model_disabled",
    "barred switched_off",
    "barred excluded",
    "waiting backoff",
    "waiting retry_after",
    "waiting throttle",
    "waiting breaker",
    "waiting limit",
    "told",
    "barred quota",
    "waiting quota",
    "barred context_too_small",
    "barred other_form",
    "barred other_account",
    "barred other_model",
    "barred lacks_tools",
    "barred lacks_images",
    "refused none_can_serve",
    "turned away context_too_small",
    "turned away lacks_images",
    "turned away other_form",
    "turned away other_account",
    "bound raised",
    "opened consecutive",
    "opened ratio",
    "opened stall",
    "opened probe",
    "probe",
    "panic probe",
    "closed",
    "cancelled lost",
    "cancelled caller_left",
    "cancelled deadline",
    "cancelled call_ended",
    "disabled Credential",
    "disabled Model",
    "limit changed",
    "barred lacks_prefill",
    "broken off when all was said",
    "refused resume not_resumable",
    "refused resume resumes_spent",
    "refused resume budget",
    "refused resume extras_in_flight",
    "refused resume no_target",
    "refused resume deadline",
    "refused resume not_retryable",
    "refused resume wait_too_long",
    "resume waits retry_after",
    "resume waits throttle",
    "resume waits quota",
    "resume waits limit",
    "resumed at the same",
    "resumed elsewhere",
    "resumed by prefill",
    "asked once more",
    "resumed in 2 legs",
    "resumed in 3 legs",
    "broken off",
    "held and failed",
    "probe asked",
    "probe past a throttle",
];

/// 50: every state, every refusal and every gate is met somewhere.
#[test]
fn rare_things_happen_somewhere() {
    let mut reached = std::collections::BTreeSet::new();
    for seed in 0..400_u64 {
        let mut dice = Dice(seed);
        let knobs = Knobs {
            seed,
            shape: dice.roll(7) as usize,
            calls: 50,
            gap_ms: 1 + dice.roll(1500),
            sick_percent: dice.roll(100),
            hang_percent: dice.roll(60),
            tight: dice.percent(50),
            break_percent: dice.roll(80),
            resumes: dice.percent(80).then(|| dice.roll(4) as u8),
        };
        let mut world = random_world(&knobs);
        world.run();
        reached.append(&mut world.rig.checker.reached);
    }
    for wanted in RARE {
        assert!(reached.contains(wanted), "never met: {wanted}; met: {reached:?}");
    }
}

/// 48: a call keeps the settings it came in on; what it held comes back to the same target, and
/// what its old key meets says nothing of the new one.
#[test]
fn a_reload_in_mid_call_leaks_nothing_and_ends_what_was_out_of_use() {
    let before = settings(&[&["a"], &["b"]]);
    let after = Arc::new(other_settings(&before));
    let mut rig = Rig::new(before, 1);
    let fail = |call, kind| Input::AttemptFailed {
        attempt: AttemptId { call: CallId(call), ordinal: 0 },
        failure: Failure::new(kind, Phase::FirstContent),
    };
    for call in [1, 2] {
        rig.step(at(Duration::ZERO), Input::CallArrived(arrival(call)));
    }
    rig.step(at(Duration::from_secs(1)), fail(1, FailureKind::Authentication));
    assert!(rig.engine.target_view(TargetId(0)).unwrap().disabled_until.is_some());
    rig.step(at(Duration::from_secs(2)), Input::SettingsChanged(after));
    let (a, b) = (TargetId(1), TargetId(0));
    assert_eq!(rig.engine.target_view(a).unwrap().disabled_until, None);
    assert_eq!(rig.engine.target_view(a).unwrap().in_flight, 1);
    assert_eq!(rig.engine.target_view(b).unwrap().in_flight, 1);
    rig.step(at(Duration::from_secs(3)), fail(2, FailureKind::Authentication));
    assert_eq!(rig.engine.target_view(a).unwrap().disabled_until, None, "that was the old key");
    assert_eq!(rig.engine.target_view(a).unwrap().in_flight, 0);
}

/// Found by chance: a full budget that kept a part of its floor's time paid an extra attempt early.
#[test]
fn a_full_budget_saves_no_part_of_its_floor() {
    let knobs = Knobs {
        seed: 2_564_186_237_657_711_382,
        shape: 4,
        calls: 19,
        gap_ms: 508,
        sick_percent: 34,
        hang_percent: 2,
        tight: true,
        break_percent: 20,
        resumes: None,
    };
    random_world(&knobs).run();
}
