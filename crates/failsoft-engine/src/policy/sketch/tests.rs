//! What the sketch must get right: buckets, censoring, sizes and forgetting.

use super::*;

fn at(millis: u64) -> Moment {
    Moment::ZERO + Duration::from_millis(millis)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn buckets_differ_by_two_percent_and_meet_at_their_edges() {
    for pair in EDGES.windows(2) {
        let thousandths = pair[1] * 1000 / pair[0];
        assert!((1019..=1020).contains(&thousandths), "{pair:?}");
    }
    for bucket in 0..BUCKETS - 1 {
        let edge = upper_edge(bucket);
        let next = bucket_of(edge + 1);
        assert_eq!(next, bucket + 1, "above {edge}");
        assert!(bucket_of(edge - 1) == bucket, "below {edge}");
    }
    assert_eq!((bucket_of(0), bucket_of(u64::MAX)), (0, BUCKETS - 1));
}

/// Answers of one size, all whole.
fn known(count: u64, took: impl Fn(u64) -> u64) -> Sketch {
    let mut sketch = Sketch::new(at(0));
    for number in 0..count {
        sketch.observe(at(number), 1000, ms(took(number)), Wait::Whole);
    }
    sketch
}

#[test]
fn nothing_is_said_before_a_hundred_answers_and_everything_after() {
    // The first answers of a size only say what is usual.
    let first = u64::from(LEAST_TO_KNOW);
    let mut few = known(first + 99, |_| 500);
    assert_eq!(few.quantile(at(200), 1000, 950), None);
    few.observe(at(201), 1000, ms(500), Wait::Whole);
    let found = few.quantile(at(202), 1000, 950).unwrap();
    assert!(found >= ms(500) && found <= ms(515), "{found:?}");
    assert_eq!(few.quantile(at(1300), 100_000, 950), None, "of such prompts nothing is known");
    assert_eq!(few.shown(), Some(found));
}

#[test]
fn the_quantile_grows_with_the_share() {
    let mut sketch = known(2000, |number| 400 + number * 7919 % 1000);
    let mut before = Duration::ZERO;
    for milli in [0, 100, 500, 900, 950, 990, 999, 1000] {
        let found = sketch.quantile(at(3000), 1000, milli).unwrap();
        assert!(found >= before, "{milli}: {found:?} after {before:?}");
        before = found;
    }
    let found = sketch.quantile(at(3000), 1000, 950).unwrap();
    assert!(found >= ms(1300) && found <= ms(1430), "{found:?}");
}

/// One wait in twenty is ten times as long, and half of those are cut short by us.
#[test]
fn what_was_cut_short_counts_as_longer_and_not_as_an_answer() {
    let share_below = |cut_as: Wait| {
        let mut sketch = Sketch::new(at(0));
        for number in 0..4000 {
            let (took, wait) = match number % 40 {
                0 => (ms(5000), Wait::Whole),
                20 => (ms(1000), cut_as),
                _ => (ms(500), Wait::Whole),
            };
            sketch.observe(at(number), 1000, took, wait);
        }
        sketch.quantile(at(5000), 1000, 960)
    };
    let right = share_below(Wait::Cut).unwrap();
    assert!(right >= ms(5000), "one in twenty takes five seconds: {right:?}");
    let wrong = share_below(Wait::Whole).unwrap();
    assert!(wrong < ms(1100), "{wrong:?}");
}

#[test]
fn a_target_that_answers_nobody_has_no_quantile() {
    let mut sketch = known(200, |_| 500);
    for number in 0..50 {
        sketch.observe(at(300 + number), 1000, ms(30_000), Wait::Cut);
    }
    assert_eq!(sketch.quantile(at(2000), 1000, 950), None);
    assert!(sketch.quantile(at(2000), 1000, 700).is_some());
}

#[test]
fn each_size_has_its_own_usual_wait() {
    let mut sketch = Sketch::new(at(0));
    for number in 0..4000 {
        let (tokens, took) = if number % 2 == 0 { (500, 400) } else { (50_000, 4000) };
        let took = took + took * (number * 7919 % 100) / 100;
        sketch.observe(at(number), tokens, ms(took), Wait::Whole);
    }
    let small = sketch.quantile(at(5000), 500, 950).unwrap();
    let large = sketch.quantile(at(5000), 50_000, 950).unwrap();
    assert!(small >= ms(720) && small <= ms(860), "{small:?}");
    assert!(large >= ms(7200) && large <= ms(8600), "{large:?}");
}

#[test]
fn a_straggler_does_not_move_what_is_usual() {
    let mut size = Size::default();
    for number in 0..10_000_u64 {
        size.learn(if number % 10 == 0 { 25_000_000_000 } else { 600_000_000 }, Wait::Whole);
    }
    let usual = size.known().unwrap();
    assert!((590_000_000..=620_000_000).contains(&usual), "{usual}");
}

#[test]
fn old_answers_are_forgotten_and_few_are_kept_longer() {
    let second = |n: u64| at(n * 1000);
    let mut sketch = known(300, |_| 500);
    for number in 0..300 {
        sketch.observe(at(60_000 + number), 1000, ms(500), Wait::Whole);
    }
    for number in 0..300 {
        sketch.observe(at(120_000 + number), 1000, ms(500), Wait::Whole);
    }
    assert_eq!(sketch.older.answers, 300, "the first three hundred are gone");
    let mut quiet = known(108, |_| 500);
    assert!(quiet.quantile(second(500), 1000, 950).is_some());
    assert!(quiet.quantile(second(900), 1000, 950).is_some());
    assert_eq!(quiet.quantile(second(3000), 1000, 950), None);
}

#[test]
fn no_clock_and_no_wait_breaks_it() {
    let mut sketch = Sketch::new(Moment::NEVER);
    for (now, took) in [
        (Moment::ZERO, Duration::MAX),
        (Moment::NEVER, Duration::ZERO),
        (at(5), Duration::from_nanos(1)),
        (Moment::ZERO, ms(500)),
    ] {
        for tokens in [0, 1, u32::MAX] {
            for wait in [Wait::Whole, Wait::Cut] {
                for _ in 0..200 {
                    sketch.observe(now, tokens, took, wait);
                }
            }
            let _ = sketch.quantile(now, tokens, 950);
        }
    }
}
