//! Rows and sheets are one record: read in order, found, damaged, and forgotten.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod samples;

use std::path::Path;
use std::time::{Duration, Instant};

use failsoft_engine::FailureKind;
use failsoft_journal::*;
use rusqlite::Connection;
use samples::*;

const LONG: Duration = Duration::from_secs(30);

fn number(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Every fifth failed, every seventh was rescued, some had help they did not need, some are tagged.
fn mixed(number: u64) -> CallRecord {
    let (id, at) = (format!("call_01JQ7ZK3{number:018}"), number * 1_000);
    let mut record = match number {
        number if number.is_multiple_of(5) => broken(&id, at, FailureKind::Overloaded),
        number if number.is_multiple_of(7) => rescued(&id, at),
        number if number.is_multiple_of(11) => outrun(&id, at),
        _ => healthy(&id, at),
    };
    record.facts.tag = number.is_multiple_of(3).then(|| format!("team={}", number % 2));
    record
}

fn written(path: &Path, records: impl Iterator<Item = CallRecord>) -> Vec<Recorded> {
    let journal = Journal::open(options(path)).unwrap();
    let records: Vec<CallRecord> = records.collect();
    let rows = records.iter().map(CallRecord::recorded).collect();
    for record in records {
        journal.recorder().record_call(record);
    }
    journal.close();
    rows
}

#[test]
fn rows_and_sheets_read_as_one_record_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let expected = written(&path, (0..1_500).map(mixed));
    assert_eq!(all_calls(&path), expected);
    assert!(number(&path, "SELECT count(*) FROM sheets") > 1);
    let plain =
        expected.iter().filter(|recorded| recorded.call.verdict.as_deref() != Some("served"));
    assert!(number(&path, "SELECT count(*) FROM calls") >= plain.count() as i64);
    let all = "SELECT (SELECT count(*) FROM calls) + (SELECT sum(calls) FROM sheets)";
    assert_eq!(number(&path, all), 1_500);
}

#[test]
fn a_trickle_of_calls_shares_its_sheets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    for number in 0..600 {
        journal.recorder().record_call(healthy(&format!("h{number:03}"), number * 1_000));
        journal.flush(LONG);
    }
    assert_eq!(number(&path, "SELECT count(*) FROM sheets"), 3);
    // A sheet ends after an hour, so that forgetting is not much coarser than that.
    for hour in 1..5 {
        journal.recorder().record_call(healthy(&format!("i{hour}"), hour * 3_700_000 + 900_000));
        journal.flush(LONG);
    }
    journal.close();
    assert_eq!(number(&path, "SELECT count(*) FROM sheets"), 7);
    assert_eq!(number(&path, "SELECT max(last_ms - first_ms) <= 3600000 FROM sheets"), 1);
    assert_eq!(ids(&path).len(), 604);
}

#[test]
fn looking_finds_what_a_look_at_every_call_finds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let calls = written(&path, (0..1_500).map(mixed));
    let text = |text: &str| Some(text.to_owned());
    let span = Some(Span { since_ms: NOON + 300_000, until_ms: NOON + 600_000 });
    let any = Search { limit: 2_000, ..Search::default() };
    let id = |id: &str| Search { id: text(id), ..any.clone() };
    let target = |name: &str| Search { target: text(name), ..any.clone() };
    for search in [
        any.clone(),
        Search { limit: 10, ..any.clone() },
        Search { limit: 0, ..any.clone() },
        Search { span, ..any.clone() },
        id("call_01JQ7ZK300000000000000"),
        id("call_01JQ7ZK30000000000000001"),
        id("call_01JQ7ZK3000000000000001234"),
        id("call_01JQ7ZK3000000000000000770"),
        id("nothing"),
        Search { tag: text("team=1"), ..any.clone() },
        Search { tag: text("team=1"), limit: 7, span, ..any.clone() },
        Search { tag: text("team=9"), ..any.clone() },
        target("openai/gpt-5.6"),
        target("local/llama-4"),
        Search { kind: text("overloaded"), ..any.clone() },
        Search { route: text("assistant"), limit: 300, ..any.clone() },
        Search { route: text("search"), ..any.clone() },
        Search { verdict: text("failed"), ..any.clone() },
        Search { verdict: text("served"), eventful: true, ..any.clone() },
        Search { eventful: true, limit: 20, span, ..any.clone() },
    ] {
        let expected: Vec<&Recorded> = calls
            .iter()
            .rev()
            .filter(|recorded| search.fits(recorded))
            .take(search.limit)
            .collect();
        let found = Reader::open(&path).unwrap().search(&search).unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{search:?}");
    }
    let reader = Reader::open(&path).unwrap();
    let found = reader.recorded("call_01JQ7ZK3000000000000001234").unwrap().unwrap();
    assert_eq!(found, calls[1_234]);
    let several = reader.recorded("call_01JQ7ZK300000000000000123").unwrap_err();
    assert!(matches!(&several, JournalError::Ambiguous { calls, .. } if calls.len() == 5));
}

#[test]
fn a_damaged_sheet_costs_its_own_calls_and_they_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let expected = written(&path, (0..2_000).map(mixed));
    let second = "(SELECT seq FROM sheets ORDER BY seq LIMIT 1 OFFSET 1)";
    let lost = number(&path, &format!("SELECT calls FROM sheets WHERE seq = {second}"));
    let broken = format!(
        "UPDATE sheets SET packed = CAST(substr(packed, 1, 99) || x'ff' || substr(packed, 101) AS BLOB)
         WHERE seq = {second}"
    );
    Connection::open(&path).unwrap().execute_batch(&broken).unwrap();
    let calls = all_calls(&path);
    assert_eq!(calls.len(), expected.len() - lost as usize);
    assert!(calls.iter().all(|recorded| expected.contains(recorded)));
    let dropped = summed(&path, i64::MIN, i64::MAX).dropped;
    assert_eq!(dropped, Dropped { healthy: lost as u64, failed: 0 });
    let search = Search { limit: 9_999, ..Search::default() };
    assert_eq!(Reader::open(&path).unwrap().search(&search).unwrap().len(), calls.len());
}

#[test]
fn what_is_too_much_goes_from_the_beginning_and_the_file_shrinks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    // Half of the bytes are rows, half are sheets.
    let expected = written(
        &path,
        (0..24_000).map(|number| match number % 8 {
            0 => rescued(&format!("r{number:05}"), number * 1_000),
            _ => healthy(&format!("h{number:05}"), number * 1_000),
        }),
    );
    let pages =
        || number(&path, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    let before = pages();
    assert!(before > 4_000_000, "{before}");
    let journal = Journal::open(Options { max_size: 2_000_000, ..options(&path) }).unwrap();
    let deadline = Instant::now() + LONG;
    while pages() > 2_000_000 {
        assert!(Instant::now() < deadline, "it never shrinks: {} of {before}", pages());
        std::thread::yield_now();
    }
    journal.close();
    assert!(path.metadata().unwrap().len() <= 2_000_000);
    let left = all_calls(&path);
    assert!(left.len() > 5_000, "{} are left", left.len());
    assert_eq!(left.last(), expected.last());
    // Whole sheets go, and rows a batch at a time: what is left is the end, but for a ragged edge.
    let since = left.iter().map(|recorded| recorded.call.started_ms).min().unwrap();
    let younger = expected.iter().filter(|recorded| recorded.call.started_ms >= since).count();
    assert!(younger - left.len() < 400, "{younger} younger, {} left", left.len());
    let ok: String = Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(ok, "ok");
}

#[test]
fn sheets_that_are_too_old_are_forgotten_even_while_they_grow() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    let journal = Journal::open(options(&path)).unwrap();
    for number in 0..300 {
        let mut old = healthy(&format!("old{number}"), number);
        old.stamp.unix_millis = now - 3 * 86_400_000;
        journal.recorder().record_call(old);
    }
    journal.close();
    let journal = Journal::open(Options { keep: DAY * 2, ..options(&path) }).unwrap();
    let mut new = healthy("new", 0);
    new.stamp.unix_millis = now;
    journal.recorder().record_call(new);
    let deadline = Instant::now() + LONG;
    while ids(&path) != ["new"] {
        assert!(Instant::now() < deadline, "the old ones stay");
        std::thread::yield_now();
    }
    journal.close();
    assert_eq!(number(&path, "SELECT count(*) FROM sheets"), 1);
}
