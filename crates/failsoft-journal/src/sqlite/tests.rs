//! The file as the writing thread sees it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use failsoft_engine::{
    AttemptId, CallId, Event, Grounds, Moment, Outcome, TargetId, Usage, Verdict, Why,
};

use super::*;
use crate::queue::{Queue, Turn};
use crate::{CallFacts, CallRecord, Names, Stamp};

fn healthy(id: &str) -> CallRecord {
    let call = CallId(1);
    let (attempt, target) = (AttemptId { call, ordinal: 0 }, TargetId(0));
    let (took, grounds) = (Duration::from_millis(7), Grounds::NONE);
    let outcome = Outcome::Succeeded(Usage::default());
    let events = [
        Event::AttemptStarted { attempt, target, why: Why::First, grounds },
        Event::AttemptEnded { attempt, target, outcome, took },
        Event::CallEnded { call, verdict: Verdict::Served { attempt }, took, attempts: 1 },
    ];
    CallRecord {
        stamp: Stamp { moment: Moment::ZERO, unix_millis: 1_795_442_523_000 },
        names: Arc::new(Names::default()),
        facts: CallFacts { id: id.to_owned(), ..CallFacts::default() },
        events: events.into_iter().map(|event| (Moment::ZERO, event)).collect(),
        attempts: Vec::new(),
    }
}

fn group(queue: &Queue, ids: &[&str]) -> Group {
    for id in ids {
        queue.push(Record::Call(Arc::new(healthy(id))));
    }
    queue.close();
    match queue.turn(Instant::now() + Duration::from_secs(60)) {
        Turn::Write(group) => group,
        Turn::Upkeep | Turn::Stop => Group::default(),
    }
}

#[test]
fn a_group_whose_commit_was_in_doubt_is_not_doubled() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("j.db");
    let keep = Duration::from_secs(1);
    let options = Options { path: path.clone(), keep, max_size: 1 << 40, sync: false, queue: 9 };
    let mut store = SqliteStore::open(&options).expect("it opens");
    let queue = Queue::new(10);
    let first = group(&queue, &["a"]);
    assert_eq!(store.write(&first, None), Ok(()));
    queue.written(first.len());
    let second = group(&queue, &["b"]);
    assert_eq!(store.write(&second, None), Ok(()));
    // As if the answer to the commit had been lost: the same comes again, with what came since.
    store.open = None;
    queue.give_back(second, None);
    let again = group(&queue, &["c"]);
    assert_eq!(again.len(), 2);
    assert_eq!(store.write(&again, None), Ok(()));
    queue.written(again.len());
    assert_eq!(store.write(&group(&queue, &["d"]), None), Ok(()));
    let mut ids = Vec::new();
    let all = Span { since_ms: i64::MIN, until_ms: i64::MAX };
    let mut source = SqliteSource::open(&path).expect("it opens");
    let shown = source.calls(all, &mut |recorded| {
        ids.push(recorded.call.id);
        ControlFlow::Continue(())
    });
    assert!(shown.is_ok());
    assert_eq!(ids, ["a", "b", "c", "d"]);
}
