//! Which attempts make an incident, and which do not.

use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

fn sighting(at_ms: i64, target: &str, kind: Option<&str>) -> Sighting {
    Sighting { at_ms, target: target.into(), kind: kind.map(Into::into), lost: false }
}

/// A number from 0 to 1, the same each time it is asked for.
fn drawn(seed: u64, number: u64) -> f64 {
    let mut mixed = (seed ^ (number << 20)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// All incidents of these attempts, closed or not, by target and beginning.
fn incidents(seen: &[Sighting]) -> Vec<Incident> {
    let mut fold = Incidents::default();
    let mut turns: Vec<Turn> = seen.iter().flat_map(|seen| fold.observe(seen)).collect();
    turns.extend(fold.pass(i64::MAX / 2));
    assert_eq!(fold.open().count(), 0);
    let opened = turns.iter().filter(|turn| matches!(turn, Turn::Opened(_))).count();
    let mut found: Vec<Incident> = turns
        .into_iter()
        .filter_map(|turn| if let Turn::Closed(incident) = turn { Some(incident) } else { None })
        .collect();
    assert_eq!(opened, found.len(), "each one opens once and closes once");
    found.sort_by_key(|incident| {
        (incident.target.clone(), incident.since_ms, incident.kind.clone())
    });
    found
}

fn spans(seen: &[Sighting]) -> Vec<(String, i64, i64, u64)> {
    let told = |i: Incident| (i.kind.to_string(), i.since_ms, i.until_ms, i.failures);
    incidents(seen).into_iter().map(told).collect()
}

/// Attempts each `every` milliseconds; what fails is decided by its time.
fn traffic(until: i64, every: i64, kind: impl Fn(i64) -> Option<&'static str>) -> Vec<Sighting> {
    (0..until / every).map(|n| sighting(n * every, "aurora/large", kind(n * every))).collect()
}

#[test]
fn an_outage_is_one_span_from_its_first_failure_to_its_last() {
    for every in [200, SECOND, 20 * SECOND, 2 * MINUTE] {
        let (from, to) = (5 * HOUR, 6 * HOUR);
        let seen = traffic(12 * HOUR, every, |at| (from..to).contains(&at).then_some("overloaded"));
        let failures = seen.iter().filter(|seen| seen.kind.is_some()).count() as u64;
        let last = (to - 1) / every * every;
        assert_eq!(spans(&seen), [("overloaded".to_owned(), from, last, failures)]);
    }
}

#[test]
fn an_open_breaker_does_not_cut_an_outage_to_pieces() {
    let quiet =
        |at: i64| (2 * HOUR + 10 * SECOND..3 * HOUR).contains(&at) && at % (2 * MINUTE) != 0;
    let mut seen = traffic(6 * HOUR, SECOND, |at| {
        (2 * HOUR..3 * HOUR).contains(&at).then_some("server_error")
    });
    seen.retain(|seen| !quiet(seen.at_ms));
    let found = incidents(&seen);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].since_ms, found[0].until_ms), (2 * HOUR, 3 * HOUR - 2 * MINUTE));
    assert_eq!(found[0].attempts, found[0].failures);
}

#[test]
fn a_partial_outage_counts_what_went_well_meanwhile() {
    let seen = traffic(8 * HOUR, SECOND, |at| {
        ((4 * HOUR..5 * HOUR).contains(&at) && at % (3 * SECOND) == 0).then_some("timeout")
    });
    let found = incidents(&seen);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].failures, found[0].attempts), (1_200, 3_598));
}

/// They are counted, and told once a second.
#[test]
fn successes_told_together_are_what_each_of_them_would_be() {
    let outage = |at: i64| (2 * HOUR..3 * HOUR).contains(&at) && at % (3 * SECOND) != 0;
    let seen: Vec<Sighting> = (0..5 * HOUR / SECOND)
        .flat_map(|second| {
            let at = second * SECOND;
            let failed = outage(at).then(|| sighting(at, "aurora/large", Some("overloaded")));
            let well = (0..second % 5).map(move |_| sighting(at, "aurora/large", None));
            failed.into_iter().chain(well)
        })
        .collect();
    let (mut each, mut together) = (Incidents::default(), Incidents::default());
    for second in seen.chunk_by(|one, next| one.at_ms == next.at_ms) {
        let (failed, well) = second.split_at(usize::from(second[0].kind.is_some()));
        let one = |fold: &mut Incidents, seen: &[Sighting]| {
            seen.iter().flat_map(|seen| fold.observe(seen)).collect::<Vec<_>>()
        };
        let expected = one(&mut each, second);
        let mut turns = one(&mut together, failed);
        let target = "aurora/large".into();
        turns.extend(together.succeeded(&target, second[0].at_ms, well.len() as u64));
        assert_eq!(turns, expected);
        assert!(together.open().eq(each.open()));
    }
    let attempts = incidents(&seen)[0].attempts;
    assert!(attempts > incidents(&seen)[0].failures, "some went well meanwhile");
}

#[test]
fn a_trickle_opens_nothing() {
    for seed in 0..6 {
        for (every, share) in [(7 * SECOND, 0.01), (MINUTE, 0.02), (5 * MINUTE, 0.05)] {
            let seen = traffic(7 * 24 * HOUR, every, |at| {
                (drawn(seed, at as u64) < share).then_some("server_error")
            });
            assert_eq!(spans(&seen), [], "seed {seed}, every {every} ms, {share}");
        }
    }
}

#[test]
fn a_broken_key_in_a_pool_is_one_span() {
    let seen = traffic(24 * HOUR, 2 * SECOND, |at| {
        ((6 * HOUR..16 * HOUR).contains(&at) && at % (5 * MINUTE) == 0).then_some("authentication")
    });
    let last = 16 * HOUR - 5 * MINUTE;
    assert_eq!(spans(&seen), [("authentication".to_owned(), 6 * HOUR, last, 120)]);
}

#[test]
fn what_breaks_out_again_within_minutes_is_the_same_incident() {
    let on_and_off = |at: i64| (HOUR..2 * HOUR).contains(&at) && at / (3 * MINUTE) % 2 == 0;
    let seen = traffic(4 * HOUR, SECOND, |at| on_and_off(at).then_some("overloaded"));
    assert_eq!(spans(&seen).len(), 1);
    let hourly = traffic(8 * HOUR, SECOND, |at| (at % HOUR < 4 * MINUTE).then_some("rate_limited"));
    assert_eq!(spans(&hourly).len(), 8, "an hour apart is another one");
}

#[test]
fn two_kinds_at_one_target_are_two_incidents() {
    let seen = traffic(3 * HOUR, SECOND, |at| match at {
        at if !(HOUR..2 * HOUR).contains(&at) => None,
        at if at % (2 * SECOND) == 0 => Some("timeout"),
        _ => Some("network"),
    });
    let mut kinds: Vec<_> = spans(&seen).into_iter().map(|(kind, ..)| kind).collect();
    kinds.sort();
    assert_eq!(kinds, ["network", "timeout"].map(str::to_owned));
}

#[test]
fn a_target_that_often_fails_is_measured_by_itself() {
    let often = |at: i64| drawn(7, at as u64) < 0.15;
    let seen = traffic(72 * HOUR, 2 * SECOND, |at| often(at).then_some("timeout"));
    assert_eq!(spans(&seen), []);
    let worse = traffic(72 * HOUR, 2 * SECOND, |at| {
        (often(at) || (50 * HOUR..51 * HOUR).contains(&at)).then_some("timeout")
    });
    let found = spans(&worse);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!((found[0].1 - 50 * HOUR).abs() < MINUTE, "{found:?}");
}

#[test]
fn memory_does_not_grow_with_names() {
    let mut fold = Incidents::default();
    for number in 0..20_000 {
        fold.observe(&sighting(number, &format!("aurora/{number}"), Some("model_not_found")));
    }
    assert!(fold.watches.len() <= TARGETS);
    for number in 0..1_000 {
        fold.observe(&sighting(20_000 + number, "aurora/large", Some(&format!("kind{number}"))));
    }
    let kinds = fold.watches.values().map(Watch::kinds).max().unwrap();
    assert!(kinds <= 32, "{kinds} kinds");
}

prop_compose! {
    fn attempts()(
        every in 300_i64..5_000,
        from in 60_i64..120,
        length in 5_i64..60,
        seed in any::<u64>(),
    ) -> Vec<(i64, Option<&'static str>)> {
        (0..4 * HOUR / every).map(|number| {
            let at = number * every;
            let out = (from * MINUTE..(from + length) * MINUTE).contains(&at);
            let fails = drawn(seed, number as u64) < if out { 0.8 } else { 0.005 };
            (at, fails.then_some("overloaded"))
        }).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 50, failure_persistence: None, ..ProptestConfig::default() })]

    /// What happens at one target is told the same whatever happens at others.
    #[test]
    fn targets_do_not_touch_each_other(one in attempts(), other in attempts()) {
        let at = |target: &str, seen: &[(i64, Option<&'static str>)]| -> Vec<Sighting> {
            seen.iter().map(|(at, kind)| sighting(*at, target, *kind)).collect()
        };
        let (one, other) = (at("aurora/one", &one), at("borealis/other", &other));
        let mut apart = incidents(&one);
        apart.extend(incidents(&other));
        let mut merged: Vec<Sighting> = one.into_iter().chain(other).collect();
        merged.sort_by_key(|seen| seen.at_ms);
        prop_assert_eq!(incidents(&merged), apart);
    }

    /// Attempts are told when their calls end, which may be seconds late; and several at once.
    #[test]
    fn seconds_of_disorder_change_no_more_than_edges(
        seen in attempts(),
        late in 0_i64..30,
        seed in any::<u64>(),
    ) {
        let seen: Vec<Sighting> = seen.iter()
            .map(|(at, kind)| sighting(at / SECOND * SECOND, "aurora/large", *kind))
            .collect();
        let mut told: Vec<(i64, &Sighting)> = seen.iter().enumerate()
            .map(|(number, seen)| {
                let delay = drawn(seed, number as u64) * (late * SECOND) as f64;
                (seen.at_ms + delay as i64, seen)
            })
            .collect();
        told.sort_by_key(|(at, _)| *at);
        let told: Vec<Sighting> = told.into_iter().map(|(_, seen)| seen.clone()).collect();
        let (ordered, late) = (incidents(&seen), incidents(&told));
        prop_assert_eq!(ordered.len(), 1);
        prop_assert_eq!(late.len(), 1);
        prop_assert!((ordered[0].since_ms - late[0].since_ms).abs() <= 2 * MINUTE);
        prop_assert!((ordered[0].until_ms - late[0].until_ms).abs() <= 2 * MINUTE);
    }
}

#[test]
fn what_is_judged_is_not_taken_for_usual() {
    let seen = traffic(5 * SECOND, SECOND, |_| Some("overloaded"));
    assert_eq!(spans(&seen), [("overloaded".to_owned(), 0, 4 * SECOND, 5)]);
}
