//! What is handed over is what is read, whatever it is and whoever writes beside.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod samples;

use std::time::Duration;

use failsoft_engine::*;
use failsoft_journal::*;
use proptest::prelude::*;
use rusqlite::Connection;
use samples::*;

const LONG: Duration = Duration::from_secs(30);

fn count(path: &std::path::Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_call_reads_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    let recorder = journal.recorder();
    recorder.record_call(rescued("0199-rescued", 1_000));
    recorder.record_call(exhausted("0199-exhausted", 2_000));
    assert_eq!(journal.flush(LONG).written, 2);
    let reader = Reader::open(&path).unwrap();

    let story = reader.call("0199-r").unwrap().unwrap();
    assert_eq!(story.call, "0199-rescued");
    assert_eq!(story.started_at, "2026-11-23T14:02:04Z");
    assert_eq!((story.route.as_str(), story.model.as_str()), ("assistant", "assistant"));
    assert_eq!((story.verdict.as_deref(), story.status), (Some("served"), 200));
    assert_eq!((story.took_ms, story.first_content_ms), (Some(11_204.0), Some(9_310.0)));
    assert_eq!((story.waited_ms, story.client_retries), (412.0, 1));
    assert_eq!((story.deadline_ms, story.max_attempts), (Some(120_000.0), Some(3)));
    assert_eq!((story.tag.as_deref(), story.request_bytes), (Some("team=search"), 4_213));
    assert_eq!(story.answer_ordinal, Some(2));

    let first = &story.attempts[0];
    assert_eq!(first.target.as_deref(), Some("anthropic/claude-sonnet-5-5"));
    assert_eq!(first.provider.as_deref(), Some("anthropic"));
    assert_eq!(first.credential.as_deref(), Some("3f9a"));
    assert_eq!((first.kind.as_deref(), first.status), (Some("overloaded"), Some(529)));
    assert_eq!(first.code.as_deref(), Some("overloaded_error"));
    assert_eq!(first.phase.as_deref(), Some("first_content"));
    assert_eq!(first.retry_after_ms, Some(2_000.0));
    assert!(first.words.as_deref().unwrap().starts_with("Overloaded. Please try again later; see"));
    assert_eq!(story.attempts[1].cancel_reason.as_deref(), Some("lost"));
    assert_eq!(story.attempts[2].output_tokens, Some(210));

    let order: Vec<_> = story.timeline.iter().map(|happened| happened.what.as_str()).collect();
    assert_eq!(
        order,
        [
            "attempt_started",
            "attempt_ended",
            "breaker",
            "throttled",
            "refused",
            "barred",
            "waiting",
            "attempt_started",
            "barred",
            "attempt_started",
            "committed",
            "attempt_ended",
            "attempt_ended",
        ]
    );
    let says = |index: usize| story.timeline[index].says.as_str();
    assert_eq!(says(4), "not retried: budget empty");
    assert_eq!(says(5), "anthropic/claude-sonnet-5-5 barred: breaker open until 14:02:09");
    assert_eq!(says(6), "waited 412 ms: back-off (for openai/gpt-5.6)");

    let story = reader.call("0199-exhausted").unwrap().unwrap();
    assert_eq!((story.kind.as_deref(), story.status), (Some("rate_limited"), 503));
    assert_eq!((story.retry_after_ms, story.waited_ms), (Some(30_000.0), 0.0));
}

#[test]
fn the_beginning_of_an_id_is_enough_if_it_fits_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    for id in ["ab1", "ab2", "ab", "b'; DROP TABLE calls; --", "b%", "b_"] {
        journal.recorder().record_call(healthy(id, 0));
    }
    journal.flush(LONG);
    let reader = Reader::open(&path).unwrap();
    let found = |id: &str| reader.call(id).unwrap().map(|story| story.call);
    assert_eq!(found("ab").as_deref(), Some("ab"), "the very id goes before longer ones");
    assert_eq!(found("ab1").as_deref(), Some("ab1"));
    assert_eq!(found("b'").as_deref(), Some("b'; DROP TABLE calls; --"));
    assert_eq!(found("b%").as_deref(), Some("b%"));
    assert_eq!(found("%"), None);
    assert_eq!(found(""), None);
    let error = reader.call("a").unwrap_err();
    assert!(matches!(&error, JournalError::Ambiguous { calls, .. } if calls.len() == 3));
    assert_eq!(error.to_string(), "several calls begin with a: ab, ab1, ab2; give more of it");
}

fn every_event() -> Vec<Event> {
    let call = CallId(7);
    let attempt = AttemptId { call, ordinal: 0 };
    let target = TargetId(1);
    let until = at(9_000);
    let grounds = Grounds::NONE.with(Measure::AttemptsLeft, 2).with(Measure::Tier, 0);
    vec![
        Event::CallStarted {
            call,
            route: RouteId(1),
            profile: Profile::Batch,
            delivery: Delivery::Plain,
            deadline: Moment::NEVER,
            max_attempts: 1,
        },
        Event::AttemptStarted { attempt, target, why: Why::First, grounds },
        Event::Barred(Bar { call, target, reason: BarReason::Limit, until: None, grounds }),
        Event::Refused { call, why: Why::Patience, reason: Refusal::ExtrasInFlight, grounds },
        Event::Waiting {
            call,
            target,
            until,
            cause: WaitCause::Gate(BarReason::Throttle),
            grounds,
        },
        Event::FirstContent { attempt, after: ms(5) },
        Event::Committed { attempt },
        Event::AttemptEnded { attempt, target, outcome: succeeded(), took: ms(6) },
        trip(0),
        Event::Throttled { target, until, grounds },
        Event::Probed { target },
        Event::Disabled {
            scope: DisabledScope::Credential(CredentialId(3)),
            kind: FailureKind::Authentication,
            until: Moment::NEVER,
            grounds,
        },
        Event::Disabled {
            scope: DisabledScope::Model(target),
            kind: FailureKind::ModelNotFound,
            until,
            grounds,
        },
        Event::LimitChanged { target, limit: 12 },
        Event::TargetSwitched { target, enabled: false },
        Event::Ignored { call: None },
        Event::CallEnded { call, verdict: Verdict::Cancelled, took: ms(7), attempts: 1 },
    ]
}

#[test]
fn every_event_finds_its_place_in_a_call_and_as_a_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    let recorder = journal.recorder();
    let mut record = healthy("all", 0);
    record.events = every_event().into_iter().map(|event| (at(1), event)).collect();
    recorder.record_call(record);
    for event in every_event() {
        recorder.record_state(StateRecord { change: StateChange::Came(event), ..tripped(5) });
    }
    let events = every_event().len() as u64;
    assert_eq!(journal.flush(LONG).written, events + 1);
    assert_eq!(count(&path, "SELECT count(*) FROM states"), events as i64);
    assert_eq!(count(&path, "SELECT value FROM states WHERE what = 'limit'"), 12);
    assert_eq!(
        count(
            &path,
            "SELECT count(*) FROM states WHERE what = 'key_disabled'
               AND value = 3 AND reason = 'authentication' AND until_ms IS NULL"
        ),
        1
    );
    let reader = Reader::open(&path).unwrap();
    let story = reader.call("all").unwrap().unwrap();
    // The call's own beginning and end, its first content and its limit have no line.
    assert_eq!(story.timeline.len(), events as usize - 4);
    assert!(story.timeline.iter().all(|happened| !happened.says.is_empty()));
    assert_eq!(story.deadline_ms, None);
    assert!(!story.render(&Page::new(Style::Colour, 80)).is_empty());
    serde_json::to_string(&story).unwrap();
    assert_eq!(summed(&path, NOON, NOON + 60_000).changes, 4);
}

#[test]
fn many_threads_lose_nothing_while_a_reader_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let recorder = journal.recorder();
            scope.spawn(move || {
                for number in 0..1_250 {
                    let id = format!("{thread}-{number}");
                    let kind = FailureKind::Overloaded;
                    recorder.record_call(match number % 10 {
                        0 => broken(&id, number, kind),
                        _ => healthy(&id, number),
                    });
                }
            });
        }
        let mut seen = 0;
        for _ in 0..20 {
            let sum = summed(&path, NOON, NOON + 60_000);
            assert!(sum.calls >= seen, "calls went away");
            assert_eq!(sum.calls, sum.attempts, "a call without its attempt");
            seen = sum.calls;
        }
    });
    let counters = journal.close();
    assert_eq!(counters, Counters { written: 10_000, ..Counters::default() });
    let sum = summed(&path, NOON, NOON + 60_000);
    assert_eq!((sum.calls, sum.failed), (10_000, 1_000));
    let ids: std::collections::HashSet<String> = ids(&path).into_iter().collect();
    assert_eq!(ids.len(), 10_000);
}

#[test]
fn a_question_is_answered_as_things_stood_when_it_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    let write = |id: &str| {
        journal.recorder().record_call(broken(id, 0, FailureKind::Network));
        journal.flush(LONG);
    };
    write("a");
    write("b");
    write("c");
    let mut reader = Reader::open(&path).unwrap();
    let forget = Connection::open(&path).unwrap();
    let mut attempts = Vec::new();
    let mut each = |recorded: Recorded| {
        attempts.push(recorded.attempts.len());
        forget.execute_batch("DELETE FROM attempts").unwrap();
        std::ops::ControlFlow::Continue(())
    };
    reader.calls(Span { since_ms: 0, until_ms: i64::MAX }, &mut each).unwrap();
    assert_eq!(attempts, [1, 1, 1]);
}

#[test]
fn the_order_of_the_journal_survives_a_clock_that_jumps_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    for (id, hours) in [("first", 0), ("second", -1), ("third", 2)] {
        let journal = Journal::open(options(&path)).unwrap();
        let mut record = healthy(id, 0);
        record.stamp.unix_millis += hours * 3_600_000;
        journal.recorder().record_call(record);
        journal.close();
    }
    assert_eq!(ids(&path), ["first", "second", "third"]);
}

#[test]
fn what_is_older_than_keep_is_forgotten_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    let journal = Journal::open(options(&path)).unwrap();
    for number in 0..700 {
        let mut old = rescued(&format!("old{number}"), 0);
        old.stamp.unix_millis = now - 3 * 86_400_000;
        journal.recorder().record_call(old);
    }
    let mut state = tripped(0);
    state.stamp.unix_millis = now - 3 * 86_400_000;
    journal.recorder().record_state(state.clone());
    state.stamp.unix_millis = now;
    journal.recorder().record_state(state);
    let mut new = rescued("new", 0);
    new.stamp.unix_millis = now;
    journal.recorder().record_call(new);
    journal.close();

    let journal = Journal::open(Options { keep: DAY * 2, ..options(&path) }).unwrap();
    let reader = Reader::open(&path).unwrap();
    let left = || summed(&path, 0, now + 1).calls;
    let deadline = std::time::Instant::now() + LONG;
    while left() > 1 && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    journal.close();
    assert_eq!(reader.call("new").unwrap().unwrap().attempts.len(), 3);
    for (sql, rows) in [
        ("SELECT count(*) FROM calls", 1),
        ("SELECT count(*) FROM attempts", 3),
        ("SELECT count(DISTINCT call) FROM steps", 1),
        ("SELECT count(*) FROM states", 1),
    ] {
        assert_eq!(count(&path, sql), rows, "{sql}");
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    let attempt = |ordinal| AttemptId { call: CallId(1), ordinal };
    let parts = (0_u8..5, (0_u16..6).prop_map(TargetId), any::<u64>());
    prop_oneof![
        3 => proptest::sample::select(every_event()),
        1 => parts.clone().prop_map(move |(ordinal, target, _)| Event::AttemptStarted {
            attempt: attempt(ordinal),
            target,
            why: Why::Retry,
            grounds: Grounds::NONE,
        }),
        1 => parts.clone().prop_map(move |(ordinal, target, nanos)| Event::AttemptEnded {
            attempt: attempt(ordinal),
            target,
            outcome: if nanos % 2 == 0 { succeeded() } else { failed(FailureKind::Network) },
            took: Duration::from_nanos(nanos),
        }),
        1 => parts.prop_map(move |(ordinal, target, nanos)| match ordinal {
            0 => Event::Throttled {
                target,
                until: Moment::from_nanos(nanos),
                grounds: Grounds::NONE,
            },
            _ => Event::Committed { attempt: attempt(ordinal) },
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_sequence_of_events_is_written_and_told(
        calls in proptest::collection::vec(
            proptest::collection::vec((any::<u64>(), any_event()), 0..30), 1..20),
        text in "\\PC*",
        stamp in any::<i64>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        let journal = Journal::open(options(&path)).unwrap();
        for (number, events) in calls.iter().enumerate() {
            let mut record = healthy(&format!("id{number}"), 0);
            record.stamp.unix_millis = if number % 2 == 0 { stamp } else { NOON };
            record.facts.tag = Some(text.clone());
            record.events =
                events.iter().map(|(at, event)| (Moment::from_nanos(*at), *event)).collect();
            journal.recorder().record_call(record);
        }
        let counters = journal.flush(LONG);
        prop_assert_eq!(counters.written, calls.len() as u64);
        let reader = Reader::open(&path).unwrap();
        for number in 0..calls.len() {
            let story = reader.call(&format!("id{number}")).unwrap().unwrap();
            prop_assert!(!story.render(&Page::new(Style::Plain, 80)).is_empty());
        }
        for (since, until) in [(NOON, NOON + 3_600_000), (i64::MIN, i64::MAX), (5, 4)] {
            prop_assert!(summed(&path, since, until).calls <= calls.len() as u64);
        }
    }
}
