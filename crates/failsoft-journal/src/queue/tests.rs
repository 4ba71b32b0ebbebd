//! The queue, on its own: what goes first, and that nothing vanishes uncounted.

use std::sync::Arc;

use failsoft_engine::{
    AttemptId, CallId, CredentialId, DisabledScope, Event, FailureKind, Grounds, Moment, Outcome,
    Usage, Verdict, Why,
};
use proptest::prelude::*;

use super::*;
use crate::{CallFacts, CallRecord, Names, Stamp, StateChange, StateRecord};

const STAMP: Stamp = Stamp { moment: Moment::ZERO, unix_millis: 0 };

fn call(healthy: bool) -> Record {
    let attempt = AttemptId { call: CallId(1), ordinal: 0 };
    let verdict = if healthy { Verdict::Served { attempt } } else { Verdict::Cancelled };
    let ended = Event::CallEnded { call: CallId(1), verdict, took: Duration::ZERO, attempts: 1 };
    Record::Call(Arc::new(CallRecord {
        stamp: STAMP,
        names: Arc::new(Names::default()),
        facts: CallFacts::default(),
        events: vec![(Moment::ZERO, ended)],
        attempts: Vec::new(),
    }))
}

fn state() -> Record {
    let event = Event::Disabled {
        scope: DisabledScope::Credential(CredentialId(0)),
        kind: FailureKind::Authentication,
        until: Moment::NEVER,
        grounds: Grounds::NONE,
    };
    Record::State(Box::new(StateRecord {
        stamp: STAMP,
        names: Arc::new(Names::default()),
        at: Moment::ZERO,
        change: StateChange::Came(event),
        operator: None,
    }))
}

fn numbers(queue: &Queue) -> Vec<u64> {
    let state = queue.lock();
    let mut numbers: Vec<u64> =
        state.healthy.iter().chain(&state.failed).map(|entry| entry.number).collect();
    numbers.sort_unstable();
    numbers
}

fn take(queue: &Queue) -> Vec<Entry> {
    queue.take(queue.lock())
}

#[test]
fn a_failure_pushes_out_the_oldest_healthy_call() {
    let queue = Queue::new(3);
    for record in [call(true), call(false), call(true)] {
        queue.push(record);
    }
    queue.push(call(true));
    assert_eq!(numbers(&queue), [1, 2, 3], "a healthy call pushes nothing out");
    queue.push(state());
    assert_eq!(numbers(&queue), [2, 3, 4]);
    queue.push(call(false));
    assert_eq!(numbers(&queue), [2, 4, 5]);
    queue.push(call(false));
    assert_eq!(numbers(&queue), [2, 4, 5], "nothing healthy is left to push out");
    let counters = queue.counters();
    assert_eq!((counters.dropped_healthy, counters.dropped_failed), (3, 1));
}

#[test]
fn only_a_call_served_by_its_only_attempt_is_healthy() {
    let attempt = AttemptId { call: CallId(1), ordinal: 0 };
    let failed = Event::AttemptEnded {
        attempt,
        target: failsoft_engine::TargetId(0),
        outcome: Outcome::Failed(failsoft_engine::Failure::new(
            FailureKind::Timeout,
            failsoft_engine::Phase::Content,
        )),
        took: Duration::ZERO,
    };
    let served = |attempts| Event::CallEnded {
        call: CallId(1),
        verdict: Verdict::Served { attempt },
        took: Duration::ZERO,
        attempts,
    };
    let started = Event::AttemptStarted {
        attempt,
        target: failsoft_engine::TargetId(0),
        why: Why::First,
        grounds: Grounds::NONE,
    };
    let answered = Event::AttemptEnded {
        attempt,
        target: failsoft_engine::TargetId(0),
        outcome: Outcome::Succeeded(Usage::default()),
        took: Duration::ZERO,
    };
    for (events, expected) in [
        (vec![started, answered, served(1)], Worth::Healthy),
        (vec![started, answered, served(2)], Worth::Failed),
        (vec![started, failed, served(1)], Worth::Failed),
        (vec![started, answered], Worth::Failed),
        (vec![], Worth::Failed),
    ] {
        let mut record = call(true);
        if let Record::Call(call) = &mut record
            && let Some(call) = Arc::get_mut(call)
        {
            call.events = events.iter().map(|event| (Moment::ZERO, *event)).collect();
        }
        assert_eq!(worth(&record), expected, "{events:?}");
    }
    assert_eq!(worth(&state()), Worth::Failed);
}

#[test]
fn a_group_that_failed_comes_again_in_the_same_order() {
    let queue = Queue::new(10);
    for healthy in [true, false, false, true, true] {
        queue.push(call(healthy));
    }
    let group = take(&queue);
    queue.push(call(false));
    assert_eq!(queue.counters().queued, 6, "what is being written still waits");
    queue.give_back(group);
    assert!(queue.counters().failing);
    let again: Vec<u64> = take(&queue).iter().map(|entry| entry.number).collect();
    assert_eq!(again, [1, 2, 3, 4, 5, 6]);
    queue.written(6);
    assert_eq!(queue.counters(), Counters { written: 6, ..Counters::default() });
}

#[test]
fn upkeep_has_its_turn_however_much_there_is_to_write() {
    let queue = Queue::new(GROUP * 2);
    for _ in 0..GROUP {
        queue.push(call(false));
    }
    let now = Instant::now();
    assert!(matches!(queue.turn(now), Turn::Upkeep));
    assert!(matches!(queue.turn(now + GATHER * 9), Turn::Write(group) if group.len() == GROUP));
    queue.written(GROUP);
    queue.push(call(false));
    assert!(matches!(queue.turn(now + GATHER * 9), Turn::Write(group) if group.len() == 1));
    queue.close();
    assert!(matches!(queue.turn(now), Turn::Stop));
}

#[test]
fn after_the_thread_is_gone_everything_is_counted_as_dropped() {
    let queue = Queue::new(10);
    queue.push(call(true));
    queue.push(call(false));
    queue.stop();
    queue.push(call(true));
    let expected =
        Counters { dropped_healthy: 2, dropped_failed: 1, failing: true, ..Counters::default() };
    assert_eq!(queue.counters(), expected);
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Push(bool),
    Write,
    Fail,
}

proptest! {
    #[test]
    fn written_dropped_and_queued_are_what_was_recorded(
        capacity in 1_usize..20,
        acts in proptest::collection::vec(prop_oneof![
            6 => any::<bool>().prop_map(Act::Push),
            1 => Just(Act::Write),
            1 => Just(Act::Fail),
        ], 0..200),
    ) {
        let queue = Queue::new(capacity);
        let mut recorded = 0;
        for act in acts {
            let before = queue.counters();
            match act {
                Act::Push(healthy) => {
                    recorded += 1;
                    queue.push(call(healthy));
                }
                Act::Write => {
                    let group = take(&queue);
                    queue.written(group.len());
                }
                Act::Fail => {
                    let group = take(&queue);
                    queue.push(call(false));
                    recorded += 1;
                    queue.give_back(group);
                }
            }
            let now = queue.counters();
            let accounted = now.written + now.dropped_healthy + now.dropped_failed + now.queued;
            prop_assert_eq!(accounted, recorded);
            prop_assert!(now.queued <= capacity as u64);
            if now.dropped_failed > before.dropped_failed {
                prop_assert!(queue.lock().healthy.is_empty(), "a failure went before a success");
            }
        }
    }
}
