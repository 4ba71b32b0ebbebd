//! Gateways that share a database: what they hand over is what is read, whoever writes beside.
#![cfg(feature = "postgres")]
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod cluster;
mod samples;

use std::ops::ControlFlow;
use std::time::Duration;

use cluster::Cluster;
use failsoft_engine::FailureKind;
use failsoft_journal::*;
use samples::*;

const LONG: Duration = Duration::from_secs(30);
const ALWAYS: Span = Span { since_ms: 0, until_ms: i64::MAX };

fn join(url: &str) -> Journal {
    let options = PostgresOptions::new(url.parse().unwrap(), DAY * 36_500);
    Journal::connect(PostgresOptions { queue: 1_000_000, patience: LONG, ..options }).unwrap()
}

fn read(url: &str) -> Reader {
    Reader::connect(&url.parse().unwrap()).unwrap()
}

fn calls(reader: &mut Reader, span: Span) -> Vec<Recorded> {
    let mut calls = Vec::new();
    let mut each = |call| {
        calls.push(call);
        ControlFlow::Continue(())
    };
    reader.calls(span, &mut each).unwrap();
    calls
}

fn states(reader: &mut Reader, span: Span) -> Vec<StateRow> {
    let mut states = Vec::new();
    let mut each = |state| {
        states.push(state);
        ControlFlow::Continue(())
    };
    reader.states(span, &mut each).unwrap();
    states
}

/// One of each kind, half a second apart.
fn some_calls() -> Vec<CallRecord> {
    vec![
        healthy("0199-a", 0),
        rescued("0199-b", 500),
        broken("0199-ba", 1_000, FailureKind::Network),
        exhausted("0199-c", 1_500),
        resumed("b'; DROP TABLE calls; --", 2_000),
        cut("b%", 2_500),
        outrun("0200", 2_700),
        healthy("größer", 3_000),
    ]
}

#[test]
fn every_call_and_change_is_read_as_it_was_handed_over() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let journal = join(&url);
    let records = some_calls();
    for record in records.clone() {
        journal.recorder().record_call(record);
    }
    let mut drained = StateRecord { change: StateChange::Drained, ..tripped(900) };
    drained.operator = Some("op-3f9a".to_owned());
    for state in [tripped(100), drained.clone()] {
        journal.recorder().record_state(state);
    }
    let counters = journal.flush(LONG);
    assert_eq!(counters, Counters { written: 10, ..Counters::default() });
    let mut reader = read(&url);
    let handed: Vec<Recorded> = records.iter().map(CallRecord::recorded).collect();
    assert_eq!(calls(&mut reader, ALWAYS), handed);
    assert_eq!(states(&mut reader, ALWAYS), [tripped(100).recorded(), drained.recorded()]);
    let middle = Span { since_ms: NOON + 500, until_ms: NOON + 2_000 };
    assert_eq!(calls(&mut reader, middle), handed[1..4]);
    let early = Span { since_ms: 0, until_ms: NOON + 900 };
    assert_eq!(states(&mut reader, early), [tripped(100).recorded()]);
    assert_eq!(reader.dropped(ALWAYS).unwrap(), Dropped::default());
    // A reader that has seen enough is shown no more.
    let mut shown = 0;
    let mut each = |_| {
        shown += 1;
        if shown == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    reader.calls(ALWAYS, &mut each).unwrap();
    assert_eq!(shown, 2);
}

#[test]
fn a_search_finds_the_newest_calls_for_which_all_that_is_asked_holds() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let journal = join(&url);
    for record in some_calls() {
        journal.recorder().record_call(record);
    }
    journal.flush(LONG);
    let mut memory = Memory { calls: calls(&mut read(&url), ALWAYS), ..Memory::default() };
    let mut reader = read(&url);
    let any = || Search { limit: 100, ..Search::default() };
    let text = |text: &str| Some(text.to_owned());
    let late = Span { since_ms: NOON + 1_000, until_ms: NOON + 2_500 };
    let wild = "b'; DROP TABLE calls; --";
    for (search, found) in [
        (Search { limit: 2, ..any() }, vec!["größer", "0200"]),
        (Search { id: text("0199-b"), ..any() }, vec!["0199-b", "0199-ba"]),
        (Search { id: text("b%"), ..any() }, vec!["b%"]),
        (Search { id: text("b'"), ..any() }, vec![wild]),
        (Search { id: text("grö"), ..any() }, vec!["größer"]),
        (Search { id: text("%"), ..any() }, vec![]),
        (Search { span: Some(late), ..any() }, vec![wild, "0199-c", "0199-ba"]),
        (Search { tag: text("team=search"), ..any() }, vec!["0199-b"]),
        (Search { target: text("local/llama-4"), ..any() }, vec!["0199-c", "0199-b"]),
        (Search { kind: text("network"), ..any() }, vec!["b%", "0199-c", "0199-ba"]),
        (Search { kind: text("rate_limited"), ..any() }, vec!["0199-c"]),
        (Search { route: text("search"), ..any() }, vec![]),
        (Search { verdict: text("failed"), limit: 1, ..any() }, vec!["b%"]),
        (
            Search { eventful: true, ..any() },
            vec!["0200", "b%", wild, "0199-c", "0199-ba", "0199-b"],
        ),
        (Search { eventful: true, verdict: text("served"), ..any() }, vec!["0200", "0199-b"]),
    ] {
        let ids = |source: &mut dyn Source| -> Vec<String> {
            source.search(&search).unwrap().into_iter().map(|call| call.call.id).collect()
        };
        assert_eq!(ids(&mut reader), found, "{search:?}");
        assert_eq!(ids(&mut memory), found, "as every store has it: {search:?}");
    }
}

#[test]
fn gateways_that_write_at_once_lose_nothing_and_a_reader_sees_whole_calls() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    // All of them find an empty database, and meet the same targets for the first time.
    let written: u64 = std::thread::scope(|scope| {
        let write = |gateway: u64| {
            let journal = join(&url);
            for number in 0..1_500 {
                let id = format!("{gateway}-{number}");
                journal.recorder().record_call(match number % 10 {
                    0 => rescued(&id, number * 40),
                    1 => broken(&id, number * 40, FailureKind::Overloaded),
                    _ => healthy(&id, number * 40),
                });
            }
            journal.flush(LONG).written
        };
        let gateways: Vec<_> = (0..4).map(|gateway| scope.spawn(move || write(gateway))).collect();
        let mut seen = 0;
        while !gateways.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let Ok(mut reader) = Reader::connect(&url.parse().unwrap()) else { continue };
            let calls = calls(&mut reader, ALWAYS);
            assert!(calls.iter().all(|call| !call.attempts.is_empty()), "a call without attempts");
            assert!(calls.len() >= seen, "calls went away");
            seen = calls.len();
        }
        gateways.into_iter().map(|gateway| gateway.join().unwrap()).sum()
    });
    assert_eq!(written, 6_000);
    let all = calls(&mut read(&url), ALWAYS);
    assert_eq!(all.len(), 6_000);
    assert!(all.is_sorted_by_key(|call| call.call.started_ms));
    let mut ids: Vec<_> = all.iter().map(|call| call.call.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6_000);
    let counted = "SELECT count(DISTINCT writer), count(*), sum(attempts) FROM failsoft.calls";
    let attempts = all.iter().map(|call| call.attempts.len()).sum::<usize>();
    assert_eq!(cluster.ask(&url, counted), [format!("4|6000|{attempts}")]);
}

#[test]
fn a_question_is_answered_as_things_stood_when_it_was_asked() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let journal = join(&url);
    let write = |from: u64, to: u64| {
        for number in from..to {
            journal.recorder().record_call(healthy(&format!("{number}"), number));
        }
        journal.flush(LONG);
    };
    write(0, 2_500);
    let mut reader = read(&url);
    let mut seen = 0;
    let mut each = |_| {
        seen += 1;
        if seen == 1 {
            write(2_500, 2_600);
        }
        ControlFlow::Continue(())
    };
    reader.calls(ALWAYS, &mut each).unwrap();
    assert_eq!(seen, 2_500);
    assert_eq!(calls(&mut reader, ALWAYS).len(), 2_600, "and the next question sees all");
    assert_eq!(reader.call("2599").unwrap().unwrap().call, "2599");
}

#[test]
fn a_question_whose_connection_breaks_off_is_not_answered_by_halves() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let journal = join(&url);
    for number in 0..1_500 {
        journal.recorder().record_call(healthy(&format!("{number}"), number));
    }
    journal.close();
    let mut reader = read(&url);
    let cut = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
        WHERE application_name = 'failsoft' AND datname = current_database()";
    let mut seen = 0;
    let mut each = |_| {
        seen += 1;
        if seen == 1 {
            cluster.ask(&url, cut);
        }
        ControlFlow::Continue(())
    };
    let message = reader.calls(ALWAYS, &mut each).unwrap_err().to_string();
    assert!(message.contains("connection"), "{message}");
    assert_eq!(calls(&mut reader, ALWAYS).len(), 1_500);
}

#[test]
fn what_is_older_than_keep_is_forgotten_by_one_gateway_at_a_time_and_nothing_else() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let journal = join(&url);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    for number in 0..2_300 {
        let mut old = rescued(&format!("old{number}"), 0);
        old.stamp.unix_millis = now - 3 * 86_400_000;
        journal.recorder().record_call(old);
    }
    let mut new = rescued("new", 0);
    new.stamp.unix_millis = now;
    journal.recorder().record_call(new);
    for days in [0, 3] {
        let mut state = tripped(0);
        state.stamp.unix_millis = now - days * 86_400_000;
        journal.recorder().record_state(state);
    }
    assert_eq!(journal.close().written, 2_303);
    let keep = DAY * 2;
    let options = PostgresOptions::new(url.parse().unwrap(), keep);
    let journals: Vec<_> = (0..2).map(|_| Journal::connect(options.clone()).unwrap()).collect();
    let deadline = std::time::Instant::now() + LONG;
    let left = || cluster.ask(&url, "SELECT count(*) FROM failsoft.calls");
    while left() != ["1"] {
        assert!(std::time::Instant::now() < deadline, "never forgotten: {:?}", left());
    }
    drop(journals);
    for (sql, rows) in [
        ("SELECT id FROM failsoft.calls", "new"),
        ("SELECT count(*) FROM failsoft.attempts", "3"),
        ("SELECT count(DISTINCT number) FROM failsoft.steps", "1"),
        ("SELECT count(*) FROM failsoft.states", "1"),
    ] {
        assert_eq!(cluster.ask(&url, sql), [rows], "{sql}");
    }
}

#[test]
fn a_database_that_cannot_be_used_is_refused_with_what_to_do() {
    let Some(cluster) = Cluster::shared() else { return };
    let refused = |url: &str| {
        let url: PostgresUrl = url.parse().unwrap();
        let message = Reader::connect(&url).unwrap_err().to_string();
        assert!(!message.contains("CANARY"), "{message}");
        message
    };
    let empty = cluster.database();
    let newer = cluster.database();
    let journal = join(&newer);
    journal.recorder().record_call(healthy("a", 0));
    journal.close();
    cluster.ask(&newer, "UPDATE failsoft.schema_version SET version = 99, suits = 98");
    for (url, said) in [
        (empty.as_str(), "it holds no journal yet"),
        (newer.as_str(), "a newer failsoft wrote it (schema 99, this one knows 1)"),
        (&cluster.url("nowhere"), "database \"nowhere\" does not exist"),
        (&empty.replace("CANARY", "CANARY-not"), "password authentication failed"),
        (&format!("{empty}?sslmode=require"), "server does not support TLS; in a network"),
        ("postgres://u:CANARY@127.0.0.1:1/x", "Connection refused"),
    ] {
        let message = refused(url);
        assert!(message.contains(said), "{message}");
    }
    // One that only has more columns than we know is used as it is.
    cluster.ask(&newer, "UPDATE failsoft.schema_version SET suits = 1");
    cluster.ask(&newer, "ALTER TABLE failsoft.calls ADD COLUMN mood text");
    let journal = join(&newer);
    journal.recorder().record_call(healthy("b", 1));
    assert_eq!(journal.flush(LONG).written, 1);
    assert_eq!(calls(&mut read(&newer), ALWAYS).len(), 2);
}

#[test]
fn a_role_that_may_only_write_rows_needs_no_more() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    join(&url).flush(LONG);
    let journal = join(&url);
    journal.recorder().record_call(healthy("by the owner", 0));
    journal.close();
    let name = url.rsplit('/').next().unwrap();
    cluster.ask(
        &url,
        &format!(
            "CREATE ROLE writer_{name} LOGIN PASSWORD 'w'; CREATE ROLE reader_{name} LOGIN PASSWORD 'r';
             GRANT USAGE ON SCHEMA failsoft TO writer_{name}, reader_{name};
             GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA failsoft TO writer_{name};
             GRANT SELECT ON ALL TABLES IN SCHEMA failsoft TO reader_{name};"
        ),
    );
    let port = cluster.port();
    let as_role =
        |role: &str| format!("postgres://{role}_{name}:{}@127.0.0.1:{port}/{name}", &role[..1]);
    let journal = join(&as_role("writer"));
    journal.recorder().record_call(rescued("by a role", 1));
    assert_eq!(journal.flush(LONG).written, 1);
    assert_eq!(calls(&mut read(&as_role("reader")), ALWAYS).len(), 2);
}

#[test]
fn what_the_documentation_says_in_sql_works() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let journal = join(&url);
    for record in some_calls() {
        journal.recorder().record_call(record);
    }
    journal.close();
    cluster.ask(&url, "CREATE ROLE gateways; CREATE ROLE people");
    let text = include_str!("../../../docs/postgres.md");
    let blocks: Vec<_> =
        text.split("```sql").skip(1).map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 2);
    let answers = blocks.into_iter().flat_map(|block| cluster.ask(&url, block.unwrap()));
    let answers: Vec<String> = answers.collect();
    assert!(answers.iter().any(|line| line.starts_with("openai/gpt-5.6|{")), "{answers:#?}");
}

#[test]
fn a_program_that_drives_a_runtime_can_read_too() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let journal = join(&url);
    journal.recorder().record_call(healthy("a", 0));
    journal.close();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { assert_eq!(calls(&mut read(&url), ALWAYS).len(), 1) });
}
