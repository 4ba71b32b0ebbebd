//! What goes wrong around a journal: calls never notice, and people are told.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod samples;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use failsoft_engine::FailureKind;
use failsoft_journal::*;
use rusqlite::Connection;
use samples::*;

const LONG: Duration = Duration::from_secs(30);

fn refused(path: &Path) -> String {
    Journal::open(options(path)).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_file_of_an_older_schema_is_brought_up_to_date_with_all_its_rows() {
    let steps = [
        include_str!("../src/sqlite/schema/1.sql"),
        include_str!("../src/sqlite/schema/2.sql"),
        include_str!("../src/sqlite/schema/3.sql"),
    ];
    for version in 1..=steps.len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        let older = Connection::open(&path).unwrap();
        older.execute_batch(&steps[..version].concat()).unwrap();
        // Columns that later steps add stand in this order.
        let columns = [FILLED, ", 'messages', 'seed'", ", 2, 9, 'asked'"];
        let filled = columns[..version].concat();
        older.execute_batch(&format!("{filled});{BESIDE}")).unwrap();
        older.pragma_update(None, "user_version", version as u32).unwrap();
        drop(older);
        let message = Reader::open(&path).unwrap_err().to_string();
        assert!(message.contains("`failsoft serve` brings it up to date"), "{message}");
        let journal = Journal::open(options(&path)).unwrap();
        for record in [resumed("new", 0), healthy("newer", 0)] {
            journal.recorder().record_call(record);
        }
        journal.close();
        assert_eq!(ids(&path), ["old", "new", "newer"], "of version {version}");
        check_old(&path, version);
        assert_eq!(summed(&path, 0, i64::MAX).dropped, Dropped { healthy: 3, failed: 4 });
    }
}

/// Something in every column of the first version.
const FILLED: &str = "
    INSERT INTO attempts VALUES (7, 0, 1, 'large', 'first', 1, 2, 3, 21, 22, 23, 24, 25, 26,
        'failed', 'timeout', 'content', 'once', 'any', NULL, 27, 500, 'c', 'req', 'words', 28, 29, 7";
const BESIDE: &str = "
    INSERT INTO targets VALUES (1, 'aurora/aurora-large', 'aurora', '3f9a');
    INSERT INTO calls VALUES (7, 'old', 1000, 'r', 'm', 'messages', 'plain', 'batch', 'sdk 1', 2,
        'team=a', 11, 3, 12, 'failed', 'timeout', 503, 13, 0, 1, 14, 15, 16);
    INSERT INTO steps VALUES (7, 4, 31, 'refused', 1, 'retry', 'budget', 'closed', 'open', 32, 33,
        34);
    INSERT INTO states VALUES (8, 1001, 'breaker', 1, NULL, 'stall', 'closed', 'open', 1002, 41);
    INSERT INTO drops VALUES (9, 1003, 3, 4);";

/// What an older version kept reads as it was; what it did not know reads as unknown.
fn check_old(path: &Path, version: usize) {
    let (call, attempt, step) = (old_call(), old_attempt(version), old_step());
    let old = Recorded { call, attempts: vec![attempt], steps: vec![step] };
    let mut reader = Reader::open(path).unwrap();
    assert_eq!(reader.recorded("old").unwrap(), Some(old));
    let state = StateRow {
        at_ms: 1_001,
        what: "breaker".into(),
        target: Some(old_target()),
        reason: name("stall"),
        from_state: name("closed"),
        to_state: name("open"),
        until_ms: Some(1_002),
        value: Some(41),
        ..StateRow::default()
    };
    let mut states = Vec::new();
    let each = &mut |state| {
        states.push(state);
        std::ops::ControlFlow::Continue(())
    };
    reader.states(Span { since_ms: 0, until_ms: 2_000 }, each).unwrap();
    assert_eq!(states, [state]);
}

fn name(text: &str) -> Option<Name> {
    Some(Name::from(text))
}

fn old_target() -> TargetRow {
    TargetRow {
        name: "aurora/aurora-large".into(),
        provider: "aurora".into(),
        credential: "3f9a".into(),
    }
}

fn old_call() -> CallRow {
    CallRow {
        id: "old".to_owned(),
        started_ms: 1_000,
        route: "r".into(),
        model: "m".into(),
        dialect: "messages".into(),
        delivery: name("plain"),
        profile: name("batch"),
        client: name("sdk 1"),
        client_retries: 2,
        tag: name("team=a"),
        trace_id: None,
        request_bytes: 11,
        prompt_tokens: 0,
        max_attempts: Some(3),
        deadline_ns: Some(12),
        verdict: name("failed"),
        kind: name("timeout"),
        status: 503,
        retry_after_ns: Some(13),
        answer_ordinal: Some(0),
        waited_ns: 14,
        first_content_ns: Some(15),
        took_ns: Some(16),
    }
}

fn old_attempt(version: usize) -> AttemptRow {
    AttemptRow {
        ordinal: 0,
        target: Some(old_target()),
        model: name("large"),
        why: name("first"),
        start_step: Some(1),
        commit_step: Some(2),
        end_step: Some(3),
        started_ns: Some(21),
        connected_ns: Some(22),
        headers_ns: Some(23),
        first_content_ns: Some(24),
        committed_ns: Some(25),
        took_ns: Some(26),
        outcome: name("failed"),
        kind: name("timeout"),
        phase: name("content"),
        same_target: name("once"),
        elsewhere: name("any"),
        retry_after_ns: Some(27),
        status: Some(500),
        code: name("c"),
        request_id: Some("req".to_owned()),
        words: Some("words".to_owned()),
        input_tokens: Some(28),
        output_tokens: Some(29),
        delivered_bytes: 7,
        translated_to: name("messages").filter(|_| version > 1),
        left_out: name("seed").filter(|_| version > 1),
        dropped_events: if version > 2 { 2 } else { 0 },
        seam: (version > 2).then_some(9),
        onward: name("asked").filter(|_| version > 2),
        ..AttemptRow::default()
    }
}

fn old_step() -> StepRow {
    StepRow {
        step: 4,
        at_ns: 31,
        what: "refused".into(),
        target: Some(old_target()),
        why: name("retry"),
        reason: name("budget"),
        from_state: name("closed"),
        to_state: name("open"),
        until_ns: Some(32),
        took_ns: Some(33),
        value: Some(34),
        grounds: None,
    }
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("text.db"), "this is no database at all, but a text".repeat(99)).unwrap();
    std::fs::create_dir(file("folder.db")).unwrap();
    let other = Connection::open(file("other.db")).unwrap();
    other.execute_batch("CREATE TABLE music (title TEXT)").unwrap();
    drop(Journal::open(options(&file("newer.db"))).unwrap());
    let newer = Connection::open(file("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    for (name, said) in [
        ("missing/j.db", "check that its folder exists and is writable"),
        ("folder.db", "Is a directory"),
        ("text.db", "move it away and a new one will be started"),
        ("other.db", "another program's database"),
        ("newer.db", "update failsoft or use another file"),
    ] {
        let message = refused(&file(name));
        assert!(message.contains(said), "{name}: {message}");
        assert!(message.contains(name), "{message}");
    }
    for (name, said) in [
        ("none.db", "there is no such file"),
        ("text.db", "is not a usable journal"),
        ("newer.db", "update failsoft"),
    ] {
        let message = Reader::open(file(name)).unwrap_err().to_string();
        assert!(message.contains(said), "{name}: {message}");
    }
}

#[test]
fn a_file_locked_by_another_program_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    drop(Journal::open(options(&path)).unwrap());
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(refused(&path).contains("another program has locked it"));
}

#[test]
fn one_process_writes_and_a_second_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let first = Journal::open(options(&path)).unwrap();
    assert!(refused(&path).contains("is written by another failsoft"));
    first.close();
    Journal::open(options(&path)).unwrap();
}

#[test]
#[cfg(unix)]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let _journal = Journal::open(options(&path)).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn while_the_file_is_locked_records_wait_and_then_are_written_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(Options { queue: 4, ..options(&path) }).unwrap();
    let recorder = journal.recorder();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    recorder.record_call(healthy("h1", 1));
    recorder.record_call(broken("f1", 2, FailureKind::Network));
    until(&recorder, "failing", |counters| counters.failing);
    for (id, failed) in [("h2", false), ("f2", true), ("f3", true), ("f4", true)] {
        recorder.record_call(match failed {
            true => broken(id, 3, FailureKind::Network),
            false => healthy(id, 3),
        });
    }
    until(&recorder, "over its bound", |counters| counters.dropped_healthy == 2);
    other.execute_batch("ROLLBACK").unwrap();
    let counters = until(&recorder, "well again", |counters| counters.queued == 0);
    assert!(!counters.failing);
    assert_eq!((counters.written, counters.dropped_failed, counters.dropped_healthy), (4, 0, 2));
    assert_eq!(ids(&path), ["f1", "f2", "f3", "f4"]);
    journal.close();
    assert_eq!(summed(&path, 0, i64::MAX).dropped, Dropped { healthy: 2, failed: 0 });
}

#[test]
fn what_cannot_be_written_until_the_close_is_counted_as_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    let recorder = journal.recorder();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    recorder.record_call(healthy("h", 1));
    recorder.record_call(broken("f", 2, FailureKind::Network));
    let counters = journal.close();
    assert_eq!((counters.dropped_healthy, counters.dropped_failed), (1, 1));
    assert!(counters.failing);
    recorder.record_call(healthy("late", 3));
    assert_eq!(recorder.counters().dropped_healthy, 2);
}

#[test]
#[cfg(unix)]
fn a_file_deleted_while_in_use_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    let recorder = journal.recorder();
    recorder.record_call(healthy("before", 1));
    journal.flush(LONG);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    recorder.record_call(healthy("after", 2));
    journal.flush(LONG);
    recorder.record_call(healthy("later", 3));
    let counters = journal.close();
    assert_eq!((counters.written, counters.failing), (3, false));
    assert_eq!(ids(&path), ["after", "later"]);
}

#[test]
fn a_file_damaged_while_in_use_is_said_to_fail() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    let recorder = journal.recorder();
    recorder.record_call(healthy("before", 1));
    journal.close();
    let journal = Journal::open(options(&path)).unwrap();
    let recorder_again = journal.recorder();
    let length = path.metadata().unwrap().len() as usize;
    std::fs::write(&path, vec![b'x'; length]).unwrap();
    recorder_again.record_call(broken("f", 2, FailureKind::Network));
    until(&recorder_again, "failing", |counters| counters.failing);
    // Moved away, as the message says, a new one is started.
    std::fs::rename(&path, folder.path().join("damaged.db")).unwrap();
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    until(&recorder_again, "well again", |counters| counters.queued == 0 && !counters.failing);
    assert_eq!(ids(&path), ["f"]);
}

/// Runs one of the `child_*` tests below in a process of its own.
fn child(name: &str, path: &Path, shell: Option<&str>) -> Child {
    let exe = std::env::current_exe().unwrap();
    let mut command = match shell {
        None => Command::new(exe),
        Some(limits) => {
            let mut command = Command::new("sh");
            command.arg("-c").arg(format!("{limits} exec \"$0\" \"$@\"")).arg(exe);
            command
        }
    };
    command
        .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
        .env("JOURNAL_CHILD", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "run by `kill_nine_at_any_time_loses_nothing_that_was_reported_written`"]
fn child_that_is_killed() {
    let Some(path) = std::env::var_os("JOURNAL_CHILD") else { return };
    let journal = Journal::open(options(Path::new(&path))).unwrap();
    let recorder = journal.recorder();
    let run = std::process::id();
    for number in 0_u64.. {
        let id = format!("{run}-{number}");
        recorder.record_call(match number % 5 {
            0 => rescued(&id, number),
            1 => broken(&id, number, FailureKind::Overloaded),
            _ => healthy(&id, number),
        });
        if number % 37 == 36 {
            // Nothing is ever dropped here, so the first so many are the ones written.
            println!("written {run} {}", journal.flush(LONG).written);
        }
    }
}

#[test]
fn kill_nine_at_any_time_loses_nothing_that_was_reported_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut random = 0x9e37_79b9_u64;
    for round in 0..30 {
        let mut process = child("child_that_is_killed", &path, None);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let last = 1 + (random >> 33) % 12;
        let mut reported = Vec::new();
        while reported.len() < last as usize {
            let line = lines.next().expect("the child writes on").unwrap();
            reported.extend(line.find("written ").map(|at| line[at..].to_owned()));
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(random % 3_000) {
            std::hint::spin_loop();
        }
        process.kill().unwrap();
        process.wait().unwrap();
        reported.extend(lines.map_while(Result::ok).filter(|line| line.starts_with("written ")));

        let connection = Connection::open(&path).unwrap();
        let ok: String =
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(ok, "ok", "round {round}");
        let mut words = reported.last().unwrap().split(' ').skip(1);
        let (run, written) = (words.next().unwrap(), words.next().unwrap());
        let of_run = |recorded: &Recorded| recorded.call.id.starts_with(&format!("{run}-"));
        let calls: Vec<Recorded> = all_calls(&path).into_iter().filter(of_run).collect();
        for (number, recorded) in calls.iter().enumerate() {
            // In order, without a gap: nothing is lost in between, and nothing stands there twice.
            assert_eq!(recorded.call.id, format!("{run}-{number}"), "round {round}");
            let attempts = if number % 5 == 0 { 3 } else { 1 };
            assert_eq!(recorded.attempts.len(), attempts, "round {round}: torn");
        }
        let written: usize = written.parse().unwrap();
        assert!(calls.len() >= written, "round {round}: {written} reported, {} there", calls.len());
    }
}

#[test]
#[ignore = "run by `a_full_disk_is_counted_and_writing_goes_on_when_there_is_room`"]
fn child_on_a_full_disk() {
    let Some(path) = std::env::var_os("JOURNAL_CHILD") else { return };
    let journal = Journal::open(Options { queue: 50, ..options(Path::new(&path)) }).unwrap();
    let recorder = journal.recorder();
    for number in 0_u64.. {
        recorder.record_call(healthy(&format!("h{number}"), number));
        recorder.record_call(broken(&format!("f{number}"), number, FailureKind::Network));
        let counters = recorder.counters();
        if counters.failing && counters.dropped_failed > 0 {
            break;
        }
        if number % 20 == 19 && !counters.failing {
            journal.flush(Duration::from_millis(500));
        }
    }
    println!("full");
    std::io::stdin().read_exact(&mut [0]).unwrap();
    let counters = until(&recorder, "well again", |counters| counters.queued == 0);
    println!("well {} {} {}", counters.written, counters.dropped_healthy, counters.dropped_failed);
    journal.close();
}

/// The limit on a file's size stands in for a full disk: both end a write half way.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_counted_and_writing_goes_on_when_there_is_room() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut process = child("child_on_a_full_disk", &path, Some("trap '' XFSZ; ulimit -S -f 600;"));
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let full = lines.by_ref().map_while(Result::ok).any(|line| line.ends_with("full"));
    assert!(full, "the child ended before the disk was full");
    let pid = process.id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status();
    if !raised.is_ok_and(|status| status.success()) {
        println!("skipped: no prlimit here, so the disk stays full");
        process.kill().unwrap();
        process.wait().unwrap();
        return;
    }
    process.stdin.take().unwrap().write_all(b"x").unwrap();
    // To the end, so that the child never writes into a closed pipe.
    let said: Vec<String> = lines.map_while(Result::ok).collect();
    let well = said.iter().find(|line| line.starts_with("well ")).unwrap();
    assert!(process.wait().unwrap().success());
    let numbers: Vec<u64> = well.split(' ').skip(1).map(|word| word.parse().unwrap()).collect();
    assert!(numbers.iter().all(|number| *number > 0), "{well}");
    assert_eq!(ids(&path).len() as u64, numbers[0]);
    let connection = Connection::open(&path).unwrap();
    let ok: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(ok, "ok");
    let dropped = summed(&path, 0, i64::MAX).dropped;
    assert_eq!((dropped.healthy, dropped.failed), (numbers[1], numbers[2]));
}
