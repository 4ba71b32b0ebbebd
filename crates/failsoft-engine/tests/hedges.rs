//! When a call is hedged and when not: each gate in a script, and all of them in random worlds.

mod rig;

use std::time::Duration;

use failsoft_engine::policy::{Quota, Rate};
use failsoft_engine::{
    Arrival, AttemptId, CallId, Cancel, Delivery, Elsewhere, Failure, FailureKind, Input, Moment,
    Need, Phase, Profile, RouteId, Settings, TargetId, Usage,
};
use proptest::prelude::*;
use rig::script::play_on;
use rig::world::{Dice, Fate, World, healthy};
use rig::{Rig, arrival, at, policies_of, settings};

/// Settings with hedging on.
fn hedging(tiers: &[&[&str]]) -> Settings {
    let mut settings = settings(tiers);
    policies_of(&mut settings).hedge.enabled = true;
    settings
}

/// Lets so many calls be answered by `a`, each after half a second.
fn after_calls(mut rig: Rig, calls: u32) -> Rig {
    for number in 0..calls {
        let call = CallId(1000 + u128::from(number));
        let sent = at(Duration::from_millis(600) * number);
        rig.step(sent, Input::CallArrived(arrival(call.0)));
        let attempt = AttemptId { call, ordinal: 0 };
        rig.step(sent, Input::Connected { attempt });
        let first = sent + Duration::from_millis(500);
        rig.step(first, Input::FirstContent { attempt });
        rig.step(first, Input::AttemptSucceeded { attempt, usage: Usage::default() });
    }
    rig
}

/// 120 calls, up to 72 s: known well enough.
fn warm(settings: Settings) -> Rig {
    after_calls(Rig::new(settings, 7), 120)
}

const TWO_TIERS: &[&[&str]] = &[&["a"], &["b"]];

/// Plays a script on a warm engine whose settings were changed before.
fn check(tiers: &[&[&str]], change: impl FnOnce(&mut Settings), script: &str) -> Rig {
    let mut settings = hedging(tiers);
    change(&mut settings);
    play_on(warm(settings), script)
}

#[test]
fn the_one_beside_wins_and_the_slow_one_is_cancelled() {
    let mut rig = check(
        TWO_TIERS,
        |_| {},
        "at 80s arrive input=100 => start a first
         after 20ms connected 0 =>
         wake in 470ms..520ms => start b hedge
         after 20ms connected 1 =>
         after 200ms content 1 => commit 1; cancel 0 lost
         after 1s done 1 => served 1",
    );
    let view = rig.engine.target_view(TargetId(0)).unwrap();
    let after = view.hedge_after.unwrap();
    assert!(
        after >= Duration::from_millis(500) && after <= Duration::from_millis(515),
        "{after:?}"
    );
    // What was earned is cut at the cap of five calls, and one of them is spent.
    let left = rig.engine.budget_view(RouteId(0)).unwrap().hedge_milli;
    assert!((3_700..=4_050).contains(&left), "{left}");
    assert!(rig.checker.reached.contains("hedge won"));
    let step = rig.step(at(Duration::from_secs(90)), Input::CallArrived(arrival(2)));
    assert_eq!(step.commands.len(), 2, "{step:?}");
}

#[test]
fn the_slow_one_may_still_win() {
    check(
        TWO_TIERS,
        |_| {},
        "at 80s arrive input=100 => start a first
         after 20ms connected 0 =>
         wake in 470ms..520ms => start b hedge
         after 20ms connected 1 =>
         after 20ms content 0 => commit 0; cancel 1 lost
         after 1s done 0 => served 0",
    );
}

#[test]
fn a_plain_call_is_hedged_when_plain_answers_are_known() {
    let mut settings = hedging(TWO_TIERS);
    policies_of(&mut settings).timeouts.reply.patience = Duration::from_secs(20);
    let mut rig = warm(settings);
    for call in 2000..2120 {
        let now = rig.now + Duration::from_millis(10);
        let plain = Arrival { delivery: Delivery::Plain, ..arrival(call) };
        rig.step(now, Input::CallArrived(plain));
        let attempt = AttemptId { call: CallId(call), ordinal: 0 };
        rig.step(now, Input::Connected { attempt });
        let done = now + Duration::from_secs(2);
        rig.step(done, Input::AttemptSucceeded { attempt, usage: Usage::default() });
    }
    play_on(
        rig,
        "at 400s arrive plain => start a first
         after 20ms connected 0 =>
         wake in 1.9s..2.1s => start b hedge
         after 100ms done 0 => commit 0; cancel 1 lost; served 0",
    );
}

#[test]
fn an_error_never_wins_while_the_other_lives() {
    check(
        TWO_TIERS,
        |_| {},
        "at 80s arrive => start a first
         after 20ms connected 0 =>
         wake in 470ms..520ms => start b hedge
         after 20ms fail 1 server_error =>
         after 20ms fail 0 server_error => wait a backoff
         wake in 0ms..500ms => start a retry
         after 20ms content 2 => commit 2
         after 20ms done 2 => served 2",
    );
}

/// The next is brought forward, and it is the failover budget that pays.
#[test]
fn a_fast_failure_is_no_reason_to_wait_for_the_hedge() {
    let mut rig = check(
        TWO_TIERS,
        |_| {},
        "at 80s arrive => start a first
         after 20ms fail 0 overloaded => start b failover
         after 600ms pass =>
         after 20ms content 1 => commit 1
         after 1s done 1 => served 1",
    );
    let budget = rig.engine.budget_view(RouteId(0)).unwrap();
    assert_eq!((budget.hedge_milli, budget.failover_milli), (5_000, 49_000));
    rig.step(at(Duration::from_secs(100)), Input::CallArrived(arrival(3)));
}

#[test]
fn nothing_is_done_while_too_little_is_known() {
    for calls in [0, 100, 107] {
        let rig = after_calls(Rig::new(hedging(TWO_TIERS), 7), calls);
        play_on(
            rig,
            "at 80s arrive => start a first
             after 20ms connected 0 =>
             after 5s pass =>
             wake in 2.9s..3s => start b patience
             after 1s content 1 => commit 1; cancel 0 lost
             after 1s done 1 => served 1",
        );
    }
}

/// What stands against a hedge when its moment has come, and what is said of it.
#[test]
fn each_gate_holds_it_back() {
    type Change = fn(&mut Settings);
    let gates: [(Change, &str, &str); 7] = [
        (|s| s.targets[0].cancel = Cancel::Billed, "", "refused hedge cancel_billed"),
        (|s| s.targets[1].cancel = Cancel::Billed, "", "refused hedge cancel_billed"),
        (|s| policies_of(s).retry.max_attempts = 1, "", "refused hedge attempts_spent"),
        (|s| policies_of(s).budgets.hedge.earn_milli = 0, "", "refused hedge budget"),
        (|s| policies_of(s).budgets.hedge.cap = 0, "", "refused hedge budget"),
        (|s| policies_of(s).budgets.hedge.min_in_flight = 0, "", "refused hedge extras_in_flight"),
        (|_| {}, "at 79s off b => switched", "barred b switched_off; refused hedge no_target"),
    ];
    for (change, before, expected) in gates {
        let script = format!(
            "{before}
             at 80s arrive => start a first
             after 20ms connected 0 =>
             wake in 470ms..520ms => {expected}
             after 1ms leave => cancel 0 caller_left; cancelled"
        );
        check(TWO_TIERS, change, &script);
    }
}

#[test]
fn without_headroom_nobody_takes_a_hedge() {
    // Four of four would be in use with it, and a fifth must be free.
    check(
        TWO_TIERS,
        |settings| {
            settings.targets[1].limit.max = 10;
            settings.targets[0].limit.max = 1;
        },
        "at 80s arrive 10 => start a first
         after 1ms arrive 11 => barred a limit; start b first
         after 1ms arrive 12 => barred a limit; start b first
         after 1ms arrive 13 => barred a limit; start b first
         after 1ms arrive 14 => barred a limit; start b first
         after 1ms arrive 15 => barred a limit; start b first
         after 1ms arrive 16 => barred a limit; start b first
         after 1ms arrive 17 => barred a limit; start b first
         after 1ms arrive 18 => barred a limit; start b first
         after 1ms arrive 19 => barred a limit; start b first
         wake 10 in 0ms..520ms => refused hedge no_headroom
         after 1ms leave 19 => cancel 0 caller_left; cancelled
         wake 10 in 400ms..600ms => start b hedge
         after 1ms leave 10 => cancel 0 caller_left; cancel 1 caller_left; cancelled",
    );
    check(
        TWO_TIERS,
        |settings| {
            let burst = Duration::from_secs(100);
            let rate = Rate { burst, ..Rate::new(6, Duration::from_secs(60)) };
            settings.targets[1].quota = Quota { requests: Some(rate), tokens: None };
            settings.targets[0].limit.max = 1;
        },
        "at 80s arrive 10 => start a first
         after 1ms arrive 11 => barred a limit; start b first
         after 1ms arrive 12 => barred a limit; start b first
         after 1ms arrive 13 => barred a limit; start b first
         after 1ms arrive 14 => barred a limit; start b first
         after 1ms arrive 15 => barred a limit; start b first
         after 1ms arrive 16 => barred a limit; start b first
         after 1ms arrive 17 => barred a limit; start b first
         after 1ms arrive 18 => barred a limit; start b first
         after 1ms arrive 19 => barred a limit; start b first
         wake 10 in 0ms..520ms => refused hedge no_headroom
         after 1ms leave 10 => cancel 0 caller_left; cancelled",
    );
}

#[test]
fn after_an_overload_there_are_no_hedges_for_ten_seconds() {
    for (name, other, barred) in [("a", "b", ""), ("b", "a", "barred a switched_off; ")] {
        let script = format!(
            "at 75s off {other} => switched
             at 75s arrive 8 attempts=1 => {barred}start {name} first
             after 20ms fail 8.0 overloaded => refused failover attempts_spent; failed overloaded
             at 76s on {other} => switched
             at 80s arrive => start a first
             after 20ms connected 0 =>
             wake in 470ms..520ms => refused hedge recent_overload
             after 1ms leave => cancel 0 caller_left; cancelled
             at 86s arrive 2 => start a first
             after 20ms connected 2.0 =>
             wake 2 in 470ms..520ms => start b hedge
             after 1ms leave 2 => cancel 0 caller_left; cancel 1 caller_left; cancelled"
        );
        let unlimited = |settings: &mut Settings| {
            settings.targets.iter_mut().for_each(|target| target.limit.enabled = false);
        };
        check(TWO_TIERS, unlimited, &script);
    }
}

/// One that is to be probed is not probed by a hedge.
#[test]
fn a_target_that_was_sick_takes_no_hedge() {
    let failing: String = (10..15)
        .map(|call| {
            let end = if call == 14 { "; failed server_error after 2s" } else { "; failed server_error" };
            let open = if call == 14 { "b open consecutive; " } else { "" };
            format!(
                "at {}s arrive {call} attempts=1 => barred a switched_off; start b first
                 after 20ms fail {call}.0 server_error => {open}refused failover attempts_spent{end}\n",
                call + 65,
            )
        })
        .collect();
    let script = format!(
        "at 74s off a => switched
         {failing}
         at 80s on a => switched
         at 90s arrive => start a first
         after 20ms connected 0 =>
         wake in 470ms..520ms => refused hedge no_target
         after 1ms leave => cancel 0 caller_left; cancelled"
    );
    check(TWO_TIERS, |settings| settings.targets[1].limit.enabled = false, &script);
}

/// What can be known when the call arrives is not looked at again.
#[test]
fn some_calls_are_never_watched() {
    for words in [
        "unhedged",
        "profile=batch",
        "profile=background",
        "needs=server_state",
        "needs=hosted_tools",
    ] {
        let script = format!(
            "at 80s arrive {words} => start a first
             after 20ms connected 0 =>
             wake in 7s..8s => start b patience
             after 1s content 1 => commit 1; cancel 0 lost
             after 1s done 1 => served 1"
        );
        check(TWO_TIERS, |_| {}, &script);
    }
}

#[test]
fn another_provider_of_the_tier_comes_first_and_the_next_tier_last() {
    // Of equals one is drawn, so several calls are tried.
    let all = &["b", "c", "d"][..];
    let cases = [(1, all, "c"), (2, all, "c"), (3, all, "c"), (4, all, "c"), (5, all, "c")];
    let fewer = [(1, &["b", "d"][..], "b"), (1, &["d"], "d")];
    for (call, on, chosen) in cases.into_iter().chain(fewer) {
        let mut settings = hedging(&[&["a", "b", "c"], &["d"]]);
        settings.targets[1].provider = settings.targets[0].provider;
        let mut rig = Rig::new(settings, 7);
        for target in [1, 2, 3].map(TargetId) {
            rig.step(Moment::ZERO, Input::TargetSwitched { target, enabled: false });
        }
        let switched: String =
            on.iter().map(|name| format!("at 80.1s on {name} => switched\n")).collect();
        let off = |name: &str| {
            let off = if on.contains(&name) { "" } else { "barred {} switched_off; " };
            off.replace("{}", name)
        };
        let barred: String = ["b", "c", "d"].map(off).concat();
        let script = format!(
            "at 80s arrive {call} => barred b switched_off; barred c switched_off; start a first
             after 20ms connected {call}.0 =>
             {switched}
             wake {call} in 300ms..520ms => {barred}start {chosen} hedge
             after 1ms leave {call} => cancel 0 caller_left; cancel 1 caller_left; cancelled"
        );
        play_on(after_calls(rig, 120), &script);
    }
}

/// Its later attempts are not hedged, however late they are.
#[test]
fn a_call_is_hedged_once() {
    let mut settings = hedging(&[&["a", "b"], &["c"]]);
    policies_of(&mut settings).retry.max_attempts = 5;
    play_on(
        after_calls(Rig::new(settings, 7), 400),
        "at 300s off b => switched
         at 300s arrive => barred b switched_off; start a first
         after 1ms on b => switched
         after 20ms connected 0 =>
         wake in 400ms..520ms => start b hedge
         after 20ms fail 1 server_error =>
         after 20ms fail 0 server_error => wait a backoff
         wake in 0ms..500ms => start a retry
         after 20ms connected 2 =>
         after 5s pass =>
         after 1s content 2 => commit 2
         after 1s done 2 => served 2",
    );
}

/// A hedged call gets no third attempt while two live, and patience helps those that were not.
#[test]
fn patience_comes_after_a_hedge_that_failed() {
    check(
        &[&["a"], &["b"], &["c"]],
        |_| {},
        "at 80s arrive => start a first
         after 20ms connected 0 =>
         wake in 470ms..520ms => start b hedge
         after 20ms connected 1 =>
         at 88s pass =>
         at 88.2s pass =>
         after 1s fail 1 server_error => start c patience
         after 1s content 2 => commit 2; cancel 0 lost
         after 1s done 2 => served 2",
    );
}

#[test]
fn what_cannot_be_paid_now_is_looked_at_again_when_it_has_waited_as_long_again() {
    check(
        TWO_TIERS,
        |settings| policies_of(settings).budgets.hedge.min_in_flight = 1,
        "at 80s arrive => start a first
         after 20ms connected 0 =>
         after 5ms arrive 2 => start a first
         wake in 0ms..500ms => start b hedge
         wake 2 in 0ms..50ms => refused hedge extras_in_flight
         after 100ms content 1 => commit 1; cancel 0 lost
         after 100ms done 1 => served 1
         wake 2 in 100ms..320ms => start b hedge
         after 1ms leave 2 => cancel 0 caller_left; cancel 1 caller_left; cancelled",
    );
}

/// The knobs of a random world.
#[derive(Clone, Copy, Debug)]
struct Knobs {
    seed: u64,
    shape: u64,
    calls: u64,
    gap_ms: u64,
    sick_percent: u64,
    slow_percent: u64,
    tight: bool,
}

fn knobs() -> impl Strategy<Value = Knobs> {
    (any::<u64>(), 0..4_u64, 1..120_u64, 1..1000_u64, 0..40_u64, 0..60_u64, any::<bool>()).prop_map(
        |(seed, shape, calls, gap_ms, sick_percent, slow_percent, tight)| Knobs {
            seed,
            shape,
            calls,
            gap_ms,
            sick_percent,
            slow_percent,
            tight,
        },
    )
}

fn shape(knobs: Knobs) -> Settings {
    let mut settings = match knobs.shape {
        0 => hedging(TWO_TIERS),
        1 => hedging(&[&["a", "b"]]),
        2 => hedging(&[&["a", "b"], &["c"]]),
        _ => hedging(&[&["a"], &["b", "c", "d"]]),
    };
    let last = settings.targets.len() - 1;
    if knobs.shape == 2 {
        settings.targets[1].provider = 0;
    }
    if knobs.seed.is_multiple_of(8) {
        settings.targets[0].cancel = Cancel::Billed;
    }
    if knobs.shape == 3 {
        settings.targets[last].cancel = Cancel::Billed;
    }
    if knobs.tight {
        policies_of(&mut settings).retry.max_attempts = 5;
        settings.targets[last].limit.max = 6;
        let burst = Duration::from_secs(10);
        let rate = Rate { burst, ..Rate::new(60, Duration::from_secs(60)) };
        settings.targets[last].quota = Quota { requests: Some(rate), tokens: None };
    } else {
        policies_of(&mut settings).budgets.hedge.earn_milli = 300;
    }
    settings
}

const WARM: u64 = 250;

/// Calm until the targets are known, then whatever comes.
fn random_world(knobs: Knobs) -> World {
    let calm_until = at(Duration::from_secs(31));
    let nature = move |dice: &mut Dice, _: &str, now: Moment| {
        if now < calm_until {
            let first = dice.millis(300, 700);
            return Fate::Answer { first, whole: first + dice.millis(0, 500) };
        }
        if dice.percent(knobs.sick_percent) {
            let kinds = [
                FailureKind::ServerError,
                FailureKind::Overloaded,
                FailureKind::RateLimited,
                FailureKind::Network,
            ];
            let mut failure = Failure::new(kinds[dice.roll(4) as usize], Phase::FirstContent);
            if dice.percent(5) {
                failure.elsewhere = Elsewhere::Nowhere;
            }
            return Fate::Fail { after: dice.millis(10, 3000), failure };
        }
        if dice.percent(knobs.slow_percent) {
            let first = dice.millis(1000, 40_000);
            return Fate::Answer { first, whole: first + dice.millis(0, 3000) };
        }
        healthy(dice)
    };
    let mut world = World::new(shape(knobs), knobs.seed, Box::new(nature));
    let mut now = at(Duration::from_secs(1));
    for call in 0..WARM + knobs.calls {
        let mut arrival = arrival(u128::from(call));
        arrival.input_tokens = world.dice.roll(600) as u32;
        if call >= WARM {
            let dice = &mut world.dice;
            match dice.roll(20) {
                0 => arrival.hedge = false,
                1 => arrival.profile = Some(Profile::Batch),
                2 => arrival.needs.insert(Need::HostedTools),
                3 => arrival.delivery = Delivery::Plain,
                4 => arrival.deadline = Some(dice.millis(0, 3000)),
                5 => arrival.max_attempts = Some(1),
                6 => arrival.input_tokens = dice.roll(60_000) as u32,
                _ => {}
            }
            if dice.percent(5) {
                let later = now + dice.millis(0, 5000);
                let call = arrival.call;
                world.at(later, Input::CallerLeft { call });
            }
        }
        world.arrive(now, arrival);
        let gap = if call < WARM { 100 } else { knobs.gap_ms };
        now = now + world.dice.millis(0, gap);
        if call == WARM {
            now = now.max(calm_until);
        }
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// 1 2 3 6 7 8 12 14 15 16 17 18 19 20 22 23 27 35 37 44
    #[test]
    fn every_rule_of_hedges_holds_in_every_world(knobs in knobs()) {
        random_world(knobs).run();
    }
}

const RARE: [&str; 11] = [
    "hedged",
    "hedge won",
    "hedge lost",
    "not hedged attempts_spent",
    "not hedged budget",
    "not hedged extras_in_flight",
    "not hedged no_target",
    "not hedged no_headroom",
    "not hedged recent_overload",
    "not hedged cancel_billed",
    "not hedged deadline",
];

/// 50: hedges win and lose, and each thing that stands against one is met somewhere.
#[test]
fn rare_things_happen_to_hedges() {
    let mut reached = std::collections::BTreeSet::new();
    for seed in 0..60_u64 {
        let mut dice = Dice(seed);
        let knobs = Knobs {
            seed,
            shape: dice.roll(4),
            calls: 100,
            gap_ms: 1 + dice.roll(600),
            sick_percent: dice.roll(12),
            slow_percent: dice.roll(40),
            tight: dice.percent(50),
        };
        let mut world = random_world(knobs);
        world.run();
        reached.append(&mut world.rig.checker.reached);
    }
    for wanted in RARE {
        assert!(reached.contains(wanted), "never met: {wanted}; met: {reached:?}");
    }
}
