//! What users are promised, in a small world on virtual time.

mod rig;

use std::time::Duration;

use failsoft_engine::{
    BreakerState, Failure, FailureKind, Phase, Resumable, Settings, TargetId, Verdict,
};
use rig::world::{Fate, Nature, World, failing, healthy};
use rig::{arrival, at, policies_of, settings};

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A world with an arrival every `gap` for `calls` calls.
fn world(settings: Settings, seed: u64, (calls, gap): (u32, Duration), nature: Nature) -> World {
    let mut world = World::new(settings, seed, nature);
    for call in 0..calls {
        let when = at(secs(1) + gap * call);
        world.arrive(when, arrival(u128::from(call)));
    }
    world
}

/// A hang at 5 calls a second: the stall rule must see it long before the timeouts do.
#[test]
fn a_hanging_target_takes_few_calls_before_it_is_left_alone() {
    for seed in 0..10 {
        let outage = at(secs(120));
        let nature: Nature =
            Box::new(move |dice, _, now| if now >= outage { Fate::Hang } else { healthy(dice) });
        let settings = settings(&[&["a"]]);
        let mut world = world(settings, seed, (5 * 180, Duration::from_millis(200)), nature);
        world.run();
        let trip = *world.trips.iter().find(|at| **at >= outage).expect("it never tripped");
        let into_the_hang = world.sent["a"].iter().filter(|at| **at >= outage && **at <= trip);
        let lost = into_the_hang.count();
        assert!(lost <= 30, "seed {seed}: {lost} calls went into the hang before it was seen");
        assert!(world.trips.iter().all(|at| *at >= outage), "seed {seed}: a false trip");
    }
}

/// Independent errors at one in ten are no reason to leave a target.
#[test]
fn false_trips_are_rare_at_one_error_in_ten() {
    let mut trips = 0;
    for seed in 0..5 {
        let nature: Nature = Box::new(|dice, _, _| {
            if dice.percent(10) { failing(dice, FailureKind::ServerError) } else { healthy(dice) }
        });
        let settings = settings(&[&["a"], &["b"]]);
        let mut world = world(settings, seed, (4000, Duration::from_millis(200)), nature);
        world.run();
        trips += world.trips.len();
    }
    assert!(trips <= 1, "{trips} false trips in 20 000 calls");
}

/// 31: after the faults stop, breakers close and calls are served by the first tier again.
#[test]
fn after_an_outage_everything_heals() {
    for (seed, kind) in
        [(1, FailureKind::ServerError), (2, FailureKind::Overloaded), (3, FailureKind::Network)]
    {
        let (from, to) = (at(secs(60)), at(secs(660)));
        let nature: Nature = Box::new(move |dice, key, now| {
            let sick = key == "a" && now >= from && now < to;
            if sick { failing(dice, kind) } else { healthy(dice) }
        });
        let settings = settings(&[&["a"], &["b"]]);
        let mut world = world(settings, seed, (1000, secs(1)), nature);
        world.run();
        assert_eq!(world.lost(), 0, "{kind}: the second tier answers all the while");
        let view = world.rig.engine.target_view(TargetId(0)).unwrap();
        assert_eq!(view.breaker, BreakerState::Closed, "{kind}");
        let healed = to + secs(120 + 60);
        let back = world.sent["a"].iter().filter(|at| **at >= healed).count();
        let elsewhere = world.sent["b"].iter().filter(|at| **at >= healed).count();
        assert!(back > 100 && elsewhere == 0, "{kind}: {back} back, {elsewhere} still elsewhere");
    }
}

/// S15: down for a minute at one call every 4 s; one attempt a call goes to it, and it is in use
/// again within 30 s.
#[test]
fn s15_a_minute_of_503_costs_one_attempt_a_call() {
    for seed in 0..20 {
        let (from, to) = (at(secs(1)), at(secs(61)));
        let nature: Nature = Box::new(move |dice, key, now| {
            let sick = key == "a" && now >= from && now < to;
            if sick { failing(dice, FailureKind::Overloaded) } else { healthy(dice) }
        });
        let settings = settings(&[&["a"], &["b"]]);
        let mut world = world(settings, seed, (30, secs(4)), nature);
        world.run();
        assert_eq!(world.lost(), 0);
        let sick: Vec<_> = world.sent["a"].iter().filter(|at| **at < to).collect();
        assert!(sick.len() <= 15, "{} attempts in 15 calls", sick.len());
        let again = world.sent["a"].iter().find(|at| **at >= to).unwrap();
        assert!(again.since(to) <= secs(30));
    }
}

/// S02: a rate limit for ever, and no word of its end.
#[test]
fn s02_a_rate_limit_for_ever_is_not_hammered() {
    for seed in 0..20 {
        let nature: Nature = Box::new(move |dice, key, _| {
            if key == "a" { failing(dice, FailureKind::RateLimited) } else { healthy(dice) }
        });
        let mut world = world(settings(&[&["a"], &["b"]]), seed, (1, secs(1)), nature);
        world.run();
        assert_eq!(world.lost(), 0);
        assert!(world.sent["a"].len() <= 4);
    }
}

/// The amplification of a total failure: the retry budget, not the number of attempts, bounds it.
#[test]
fn a_total_failure_is_not_multiplied() {
    let nature: Nature = Box::new(|dice, _, _| failing(dice, FailureKind::ServerError));
    let mut settings = settings(&[&["a"]]);
    settings.targets[0].breaker.enabled = false;
    let mut world = world(settings, 4, (2000, Duration::from_millis(50)), nature);
    world.run();
    let sent = world.sent["a"].len();
    // 10 % of firsts, the cap of 10, and one in ten seconds for 100 s and the last back-off.
    assert!(sent <= 2000 + 200 + 10 + 11, "{sent} attempts for 2000 calls");
    assert!(sent >= 2200, "{sent}: the budget was not used");
}

/// All of a route rate-limited: the client hears 429 and when to come back.
#[test]
fn when_all_are_rate_limited_the_verdict_says_so() {
    let nature: Nature = Box::new(|dice, _, _| {
        let mut fate = failing(dice, FailureKind::RateLimited);
        if let Fate::Fail { failure, .. } = &mut fate {
            failure.retry_after = Some(secs(40));
        }
        fate
    });
    let mut settings = settings(&[&["a"], &["b"]]);
    policies_of(&mut settings).retry.max_attempts = 4;
    let mut world = world(settings, 5, (10, secs(1)), nature);
    world.run();
    for (when, verdict) in world.verdicts.values() {
        let Verdict::Failed { kind, retry_after: Some(wait), .. } = verdict else {
            panic!("{verdict:?}")
        };
        assert_eq!(*kind, FailureKind::RateLimited);
        assert!(*wait <= secs(40), "at {when:?}");
    }
    assert!(world.sent["a"].len() + world.sent["b"].len() <= 2, "barred calls send nothing");
}

/// Breaks off after so long.
fn cut(after: Duration) -> Fate {
    let failure = Failure::new(FailureKind::Network, Phase::Content);
    Fate::BreakOff { first: after.min(Duration::from_millis(500)), after, failure }
}

fn resumed(world: &World) -> usize {
    let verdicts = world.verdicts.values();
    verdicts.filter(|(_, verdict)| matches!(verdict, Verdict::Resumed { .. })).count()
}

/// A provider that restarts breaks all its streams at once; every one goes on somewhere else, the
/// last of them too.
#[test]
fn streams_that_all_break_at_once_all_go_on() {
    let restart = at(secs(30));
    let nature: Nature = Box::new(move |dice, key, now| match key {
        "a" if now < restart => cut(restart.since(now)),
        "a" => failing(dice, FailureKind::Network),
        _ => healthy(dice),
    });
    let mut world = world(settings(&[&["a"], &["b"]]), 6, (300, Duration::from_millis(20)), nature);
    world.resumable = Some(Resumable::Anywhere);
    world.run();
    assert_eq!(world.lost(), 0);
    assert_eq!(resumed(&world), 300);
}

/// One stream in five is cut by its provider; nobody sees it.
#[test]
fn streams_that_break_now_and_then_all_go_on() {
    for seed in 0..5 {
        let nature: Nature = Box::new(|dice, key, _| {
            let breaks = key == "a" && dice.percent(20);
            if breaks { cut(dice.millis(600, 9000)) } else { healthy(dice) }
        });
        let settings = settings(&[&["a"], &["b"]]);
        let mut world = world(settings, seed, (400, Duration::from_millis(200)), nature);
        world.resumable = Some(Resumable::Anywhere);
        world.run();
        assert_eq!(world.lost(), 0, "seed {seed}");
        assert!(resumed(&world) > 50, "seed {seed}: {} were resumed", resumed(&world));
    }
}

/// What breaks for ever is not paid for ever: beyond what was saved up, one in two goes on.
#[test]
fn streams_that_always_break_are_not_multiplied() {
    let nature: Nature = Box::new(|dice, _, _| cut(dice.millis(600, 2000)));
    let mut settings = settings(&[&["a"]]);
    settings.targets[0].breaker.enabled = false;
    policies_of(&mut settings).budgets.resume.cap = 10;
    let mut world = world(settings, 7, (1000, Duration::from_millis(50)), nature);
    world.resumable = Some(Resumable::Anywhere);
    world.run();
    let sent = world.sent["a"].len();
    // Half of the firsts, the cap, and one in ten seconds for 50 s.
    assert!(sent <= 1000 + 500 + 10 + 6, "{sent} attempts for 1000 calls");
    assert!(sent >= 1450, "{sent}: the budget was not used");
}

/// A beginning is handed to nobody who does not take one.
#[test]
fn without_anybody_who_takes_a_beginning_nothing_is_sent_twice() {
    let nature: Nature = Box::new(|dice, _, _| cut(dice.millis(600, 2000)));
    let mut world = world(settings(&[&["a"], &["b"]]), 8, (20, secs(60)), nature);
    world.resumable = Some(Resumable::ByPrefill);
    world.run();
    assert_eq!(world.sent.values().map(Vec::len).sum::<usize>(), 20);
    assert_eq!(world.lost(), 20);
}
