//! The queue, on its own: what goes first, and that nothing vanishes uncounted.

use std::collections::BTreeMap;
use std::sync::Arc;

use failsoft_engine::{
    AttemptId, CallId, CredentialId, DisabledScope, Event, FailureKind, Grounds, Moment, Outcome,
    TargetId, Usage, Verdict, Why,
};
use proptest::prelude::*;

use super::*;
use crate::{CallFacts, CallRecord, Names, Stamp, StateChange, StateRecord, TargetName};

const STAMP: Stamp = Stamp { moment: Moment::ZERO, unix_millis: 0 };

const ATTEMPT: AttemptId = AttemptId { call: CallId(1), ordinal: 0 };

fn started() -> Event {
    Event::AttemptStarted {
        attempt: ATTEMPT,
        target: TargetId(0),
        why: Why::First,
        grounds: Grounds::NONE,
    }
}

fn succeeded() -> Event {
    let outcome = Outcome::Succeeded(Usage::default());
    Event::AttemptEnded { attempt: ATTEMPT, target: TargetId(0), outcome, took: Duration::ZERO }
}

fn ended(verdict: Verdict, attempts: u8) -> Event {
    Event::CallEnded { call: CallId(1), verdict, took: Duration::ZERO, attempts }
}

fn served(attempts: u8) -> Event {
    ended(Verdict::Served { attempt: ATTEMPT }, attempts)
}

fn call_of(events: &[Event]) -> Record {
    let names = Names { targets: vec![TargetName::default()], ..Names::default() };
    Record::Call(Arc::new(CallRecord {
        stamp: STAMP,
        names: Arc::new(names),
        facts: CallFacts::default(),
        events: events.iter().map(|event| (Moment::ZERO, *event)).collect(),
        attempts: Vec::new(),
    }))
}

fn call(healthy: bool) -> Record {
    if healthy {
        call_of(&[started(), succeeded(), served(1)])
    } else {
        call_of(&[ended(Verdict::Cancelled, 1)])
    }
}

/// Healthy, and there is something to tell beside.
fn call_beside() -> Record {
    let switched = Event::TargetSwitched { target: TargetId(1), enabled: false };
    call_of(&[started(), switched, succeeded(), served(1)])
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
    queue.lock().lanes.numbers()
}

fn take(queue: &Queue) -> Group {
    queue.take(queue.lock(), true)
}

/// The numbers of the calls that pages tell of for the first time.
fn told(group: &Group) -> Vec<i64> {
    group.pages.iter().flat_map(Page::fresh_calls).map(|(number, _)| number).collect()
}

#[test]
fn a_failure_pushes_out_the_oldest_healthy_calls() {
    let queue = Queue::new(4);
    for record in [call(true), call(false), call_beside(), call(true)] {
        queue.push(record);
    }
    let queued = || {
        let packed = queue.lock().sheets.len();
        (packed, numbers(&queue))
    };
    queue.push(call(true));
    assert_eq!(queued(), (2, vec![2, 3]), "a healthy call pushes nothing out");
    queue.push(state());
    assert_eq!(queued(), (0, vec![2, 3, 5]), "those of a sheet go together");
    queue.push(call(false));
    queue.push(call(false));
    assert_eq!(queued(), (0, vec![2, 5, 6, 7]));
    queue.push(call(false));
    assert_eq!(queued(), (0, vec![2, 5, 6, 7]), "nothing healthy is left to push out");
    let counters = queue.counters();
    assert_eq!((counters.dropped_healthy, counters.dropped_failed), (4, 1));
}

#[test]
fn only_a_call_served_by_its_only_attempt_is_healthy() {
    let failed = Event::AttemptEnded {
        attempt: ATTEMPT,
        target: TargetId(0),
        outcome: Outcome::Failed(failsoft_engine::Failure::new(
            FailureKind::Timeout,
            failsoft_engine::Phase::Content,
        )),
        took: Duration::ZERO,
    };
    for (events, expected) in [
        (vec![started(), succeeded(), served(1)], Worth::Healthy),
        (vec![started(), succeeded(), served(2)], Worth::Failed),
        (vec![started(), failed, served(1)], Worth::Failed),
        (vec![started(), succeeded()], Worth::Failed),
        (vec![], Worth::Failed),
    ] {
        assert_eq!(worth(&call_of(&events)), expected, "{events:?}");
    }
    assert_eq!(worth(&call_beside()), Worth::Healthy);
    assert_eq!(worth(&state()), Worth::Failed);
}

#[test]
fn a_group_that_failed_comes_again_in_the_same_order() {
    let queue = Queue::new(10);
    for record in [call(true), call(false), call_beside(), call(false), call(true)] {
        queue.push(record);
    }
    let group = take(&queue);
    assert_eq!(group.len(), 5);
    queue.push(call(false));
    queue.push(call(true));
    assert_eq!(queue.counters().queued, 7, "what is being written still waits");
    queue.give_back(group, Some("no room".to_owned()));
    assert!(queue.counters().failing && queue.trouble().as_deref() == Some("no room"));
    let again = take(&queue);
    let numbers: Vec<u64> = again.entries.iter().map(|entry| entry.number).collect();
    assert_eq!((numbers, told(&again)), (vec![2, 3, 4, 6], vec![1, 5, 7]));
    queue.written(7);
    assert_eq!(queue.counters(), Counters { written: 7, ..Counters::default() });
    assert_eq!(queue.trouble(), None);
}

#[test]
fn calls_that_come_slowly_share_a_sheet_until_it_is_forgotten() {
    let queue = Queue::new(10);
    let pages: Vec<Page> = (0..3)
        .flat_map(|_| {
            queue.push(call(true));
            let group = take(&queue);
            queue.written(group.len());
            group.pages
        })
        .collect();
    let kept: Vec<_> =
        pages.iter().map(|page| (page.head.seq, page.head.calls, page.fresh)).collect();
    assert_eq!(kept, [(1, 1, 1), (1, 2, 1), (1, 3, 1)]);
    queue.forgot(0);
    queue.push(call(true));
    assert_eq!(
        take(&queue).pages[0].head.calls,
        4,
        "it was not forgotten: its last call is younger"
    );
    queue.written(1);
    queue.forgot(1);
    queue.push(call(true));
    let page = &take(&queue).pages[0];
    assert_eq!((page.head.seq, page.head.calls), (5, 1));
}

#[test]
fn a_sheet_that_is_not_full_waits_for_company_even_under_load() {
    let queue = Queue::new(GROUP * 4);
    queue.push(call(true));
    for _ in 1..GROUP {
        queue.push(call(false));
    }
    let since = queue.lock().first_at;
    let group = queue.take(queue.lock(), false);
    assert!(group.pages.is_empty());
    queue.written(group.len());
    assert_eq!(queue.lock().first_at, since, "it would wait anew with each group");
    let turn = queue.turn(Instant::now() + GATHER * 9);
    assert!(matches!(turn, Turn::Write(group) if told(&group) == [1]));
}

#[test]
fn full_sheets_wait_for_company_unless_there_are_many_or_room_is_short() {
    let due = |capacity: usize, calls: usize| {
        let queue = Queue::new(capacity);
        (0..calls).for_each(|_| queue.push(call(true)));
        queue.lock().is_due(capacity)
    };
    let sheet = {
        let queue = Queue::new(usize::MAX);
        std::iter::repeat_with(|| queue.push(call(true)))
            .position(|()| queue.lock().sheets.full() == 1)
            .unwrap_or_default()
            + 1
    };
    assert!(!due(usize::MAX, SHEETS * sheet - 1) && due(usize::MAX, SHEETS * sheet));
    assert!(!due(2 * sheet, sheet - 1) && due(2 * sheet, sheet));
}

/// It would be asked again and again until it had waited.
#[test]
fn where_room_is_short_a_sheet_goes_that_is_not_full() {
    let queue = Queue::new(100);
    (0..50).for_each(|_| queue.push(call(true)));
    let turn = queue.turn(Instant::now() + GATHER * 9);
    assert!(matches!(turn, Turn::Write(group) if group.len() == 50));
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
                    queue.give_back(group, None);
                }
            }
            let now = queue.counters();
            let accounted = now.written + now.dropped_healthy + now.dropped_failed + now.queued;
            prop_assert_eq!(accounted, recorded);
            prop_assert!(now.queued <= capacity as u64);
            if now.dropped_failed > before.dropped_failed {
                let state = queue.lock();
                let has_healthy = state.lanes.has_healthy() || state.sheets.len() > 0;
                prop_assert!(!has_healthy, "a failure went before a success");
            }
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_healthy_call_stands_on_the_last_page_of_its_sheet_and_is_told_of_once(
        acts in proptest::collection::vec((0_usize..300, any::<bool>(), any::<bool>()), 0..30),
    ) {
        let queue = Queue::new(usize::MAX);
        let (mut pages, mut once, mut recorded) = (BTreeMap::new(), Vec::new(), 0);
        let last = (0, true, false);
        // At the end, all that is left: a group holds but the oldest.
        for (calls, open, fails) in acts.into_iter().chain([last; 20]) {
            let push = |calls| (0..calls).for_each(|_| queue.push(call(true)));
            push(calls);
            let group = queue.take(queue.lock(), open);
            push(calls);
            recorded += 2 * i64::try_from(calls).unwrap_or_default();
            // Half of the writes that failed were done nevertheless.
            if !fails || calls % 2 == 0 {
                pages.extend(group.pages.iter().map(|page| (page.head.seq, page.clone())));
            }
            if fails {
                queue.give_back(group, None);
            } else {
                once.extend(told(&group));
                queue.written(group.len());
            }
        }
        once.sort_unstable();
        let expected: Vec<i64> = (1..=recorded).collect();
        prop_assert_eq!(&once, &expected);
        let whole = |page: &Page| Page { fresh: page.head.calls, ..page.clone() };
        let kept: Vec<i64> = pages
            .values()
            .flat_map(|page| whole(page).fresh_calls().collect::<Vec<_>>())
            .map(|(number, _)| number)
            .collect();
        prop_assert_eq!(&kept, &expected);
    }
}
