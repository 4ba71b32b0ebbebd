//! What goes wrong around a database: calls never notice, people are told, nothing is doubled.
#![cfg(feature = "postgres")]
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod cluster;
mod samples;

use std::time::{Duration, Instant};

use cluster::{Cluster, PASSWORD, USER};
use failsoft_engine::FailureKind;
use failsoft_journal::*;
use samples::*;

const LONG: Duration = Duration::from_secs(120);
/// A server that hangs is given up soon, so that the test ends soon.
const SHORT: Duration = Duration::from_secs(2);

fn join(url: &str, queue: usize) -> Journal {
    join_with(&format!("{url}?connect_timeout=20"), queue, LONG)
}

fn join_with(url: &str, queue: usize, patience: Duration) -> Journal {
    let options = PostgresOptions::new(url.parse().unwrap(), DAY * 36_500);
    Journal::connect(PostgresOptions { queue, patience, ..options }).unwrap()
}

/// Waits until the store says so much of its trouble.
fn until_told(recorder: &Recorder, said: &str) {
    until(recorder, said, |_| recorder.trouble().is_some_and(|trouble| trouble.contains(said)));
    let trouble = recorder.trouble().unwrap_or_default();
    assert!(!trouble.contains(PASSWORD), "{trouble}");
}

fn well_again(recorder: &Recorder) -> Counters {
    until(recorder, "well again", |counters| counters.queued == 0 && !counters.failing)
}

fn call(number: u64) -> CallRecord {
    match number % 5 {
        0 => rescued(&format!("{number}"), number),
        1 => broken(&format!("{number}"), number, FailureKind::Overloaded),
        _ => healthy(&format!("{number}"), number),
    }
}

/// Calls, different ids, and calls that have all their attempts, as the server counts them.
fn counted(cluster: &Cluster, url: &str) -> [u64; 3] {
    let sql = "SELECT count(*), count(DISTINCT id), coalesce(sum((attempts = (SELECT count(*)
        FROM failsoft.attempts a WHERE a.writer = c.writer AND a.number = c.number))::int), 0)
        FROM failsoft.calls c";
    let line = cluster.ask(url, sql).remove(0);
    let numbers: Vec<u64> = line.split('|').map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

#[test]
fn a_server_that_stands_still_holds_up_nobody_and_loses_nothing() {
    let Some(cluster) = Cluster::start(&["fsync=off"]) else { return };
    let url = cluster.database();
    let journal = join_with(&format!("{url}?connect_timeout=2"), 1_000_000, SHORT);
    let recorder = journal.recorder();
    let mut next = 0;
    // While the server stands still this would never end if a call waited for its record.
    let mut hand_over = |count: u64| {
        (next..next + count).for_each(|number| recorder.record_call(call(number)));
        next += count;
        next
    };
    hand_over(500);
    journal.flush(LONG);
    for _ in 0..3 {
        // In the middle of writing: a commit may be on its way.
        hand_over(2_000);
        cluster.freeze();
        hand_over(500);
        until(&recorder, "failing", |counters| counters.failing);
        hand_over(500);
        cluster.thaw();
        well_again(&recorder);
    }
    let handed = hand_over(0);
    let counters = journal.close();
    assert_eq!(counters, Counters { written: handed, ..Counters::default() });
    assert_eq!(counted(&cluster, &url), [handed; 3], "lost, doubled or torn");
}

#[test]
fn a_server_that_crashes_mid_traffic_loses_nothing_that_was_reported_written() {
    let Some(mut cluster) = Cluster::start(&["recovery_init_sync_method=syncfs"]) else { return };
    let url = cluster.database();
    let options = PostgresOptions::new(url.parse().unwrap(), DAY * 36_500);
    let options = PostgresOptions { sync: true, queue: 1_000_000, ..options };
    let journal = Journal::connect(options).unwrap();
    let recorder = journal.recorder();
    let mut handed = 0;
    for round in 0..3 {
        for number in handed..handed + 3_000 {
            recorder.record_call(call(number));
        }
        handed += 3_000;
        until(&recorder, "in the middle", |counters| {
            counters.written > handed - 3_000 + 400 * round
        });
        cluster.crash();
        until(&recorder, "failing", |counters| counters.failing || counters.queued == 0);
        cluster.run();
        let written = recorder.counters().written;
        let [there, ..] = counted(&cluster, &url);
        assert!(there >= written, "{written} reported, {there} there");
        well_again(&recorder);
    }
    let counters = journal.close();
    assert_eq!(counters, Counters { written: handed, ..Counters::default() });
    assert_eq!(counted(&cluster, &url), [handed; 3], "lost, doubled or torn");
}

#[test]
fn a_gateway_starts_without_its_database_and_writes_when_it_comes() {
    let Some(mut cluster) = Cluster::start(&["fsync=off"]) else { return };
    let url = cluster.database();
    cluster.crash();
    let journal = join(&url, 4);
    let recorder = journal.recorder();
    recorder.record_call(healthy("h1", 1));
    recorder.record_call(broken("f1", 2, FailureKind::Network));
    until(&recorder, "failing", |counters| counters.failing);
    // Four may wait, and those that failed are worth more.
    for (id, failed) in [("h2", false), ("f2", true), ("f3", true), ("f4", true), ("f5", true)] {
        recorder.record_call(match failed {
            true => broken(id, 3, FailureKind::Network),
            false => healthy(id, 3),
        });
    }
    until(&recorder, "over its bound", |counters| counters.dropped_healthy == 2);
    cluster.run();
    let counters = well_again(&recorder);
    assert_eq!((counters.written, counters.dropped_healthy, counters.dropped_failed), (4, 2, 1));
    journal.close();
    let ids = cluster.ask(&url, "SELECT id FROM failsoft.calls ORDER BY number");
    assert_eq!(ids, ["f1", "f2", "f3", "f4"]);
    let told = "SELECT sum(healthy), sum(failed) FROM failsoft.drops";
    assert_eq!(cluster.ask(&url, told), ["2|1"]);
}

#[test]
fn a_wrong_password_is_tried_again_until_it_is_right() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let role = "CREATE ROLE late LOGIN SUPERUSER PASSWORD 'not yet'";
    cluster.ask(&url, role);
    let journal = join(&url.replace(&format!("//{USER}:"), "//late:"), 100);
    let recorder = journal.recorder();
    recorder.record_call(healthy("a", 1));
    until(&recorder, "failing", |counters| counters.failing && counters.queued == 1);
    until_told(&recorder, "password authentication failed for user \"late\"");
    cluster.ask(&url, &format!("ALTER ROLE late PASSWORD '{PASSWORD}'"));
    assert_eq!(well_again(&recorder).written, 1);
    assert_eq!(journal.recorder().trouble(), None);
}

#[test]
fn a_gateway_without_calls_sees_its_database_come() {
    let Some(mut cluster) = Cluster::start(&["fsync=off"]) else { return };
    let url = cluster.database();
    cluster.crash();
    let journal = join(&url, 4);
    until(&journal.recorder(), "failing", |counters| counters.failing);
    cluster.run();
    until(&journal.recorder(), "well again", |counters| !counters.failing);
}

#[test]
fn a_connection_that_is_cut_while_nothing_is_written_is_replaced_unnoticed() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let journal = join(&url, 100);
    let recorder = journal.recorder();
    recorder.record_call(healthy("a", 1));
    journal.flush(LONG);
    let cut = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
        WHERE application_name = 'failsoft' AND datname = current_database()";
    assert_eq!(cluster.ask(&url, cut), ["1"]);
    recorder.record_call(healthy("b", 2));
    let counters = journal.flush(LONG);
    assert_eq!(counters, Counters { written: 2, ..Counters::default() });
}

#[test]
fn a_database_of_another_encoding_is_not_begun() {
    let Some(cluster) = Cluster::shared() else { return };
    cluster.ask("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let journal = join(&cluster.url("latin"), 100);
    let recorder = journal.recorder();
    recorder.record_call(healthy("日本", 1));
    until_told(&recorder, "encoding is LATIN1; make one with ENCODING 'UTF8'");
    let counters = journal.close();
    assert_eq!((counters.written, counters.dropped_healthy), (0, 1));
}

#[test]
fn a_server_that_stands_still_does_not_keep_a_gateway_from_closing() {
    let Some(cluster) = Cluster::start(&["fsync=off"]) else { return };
    let url = cluster.database();
    let journal = join_with(&format!("{url}?connect_timeout=2"), 100, SHORT);
    journal.recorder().record_call(healthy("a", 1));
    journal.flush(LONG);
    cluster.freeze();
    journal.recorder().record_call(healthy("b", 2));
    let (start, counters) = (Instant::now(), journal.close());
    assert_eq!((counters.written, counters.dropped_healthy), (1, 1));
    assert!(start.elapsed() < LONG / 2, "closing took {:?}", start.elapsed());
}

/// A file system of its own, gone with the test.
#[cfg(target_os = "linux")]
struct Small(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl Small {
    fn mount(folder: std::path::PathBuf) -> Option<Self> {
        std::fs::create_dir(&folder).unwrap();
        let small = Self(folder);
        small
            .run("mount", &["-t", "tmpfs", "-o", "size=20m,mode=700,uid=postgres", "tmpfs"])
            .then_some(small)
    }

    fn grow(&self) {
        assert!(self.run("mount", &["-o", "remount,size=400m"]));
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let mut command = std::process::Command::new(program);
        let command = command.args(arguments).arg(&self.0).stderr(std::process::Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

#[cfg(target_os = "linux")]
impl Drop for Small {
    fn drop(&mut self) {
        self.run("umount", &["--lazy"]);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_of_the_server_is_counted_and_writing_goes_on_when_there_is_room() {
    let Some(cluster) = Cluster::start(&["fsync=off"]) else { return };
    let folder = cluster.data().with_file_name("small");
    let Some(small) = Small::mount(folder.clone()) else {
        println!("skipped: no file system can be mounted here, so no disk is full");
        return;
    };
    let space = format!("CREATE TABLESPACE small LOCATION '{}'", folder.display());
    cluster.ask("postgres", &space);
    cluster.ask("postgres", "CREATE DATABASE tight TEMPLATE template0 TABLESPACE small");
    let url = cluster.url("tight");
    let journal = join(&url, 200);
    let recorder = journal.recorder();
    let start = Instant::now();
    for number in 0_u64.. {
        recorder.record_call(healthy(&format!("h{number}"), number));
        recorder.record_call(broken(&format!("f{number}"), number, FailureKind::Network));
        let counters = recorder.counters();
        if counters.failing && counters.dropped_failed > 0 {
            break;
        }
        if counters.queued > 100 && !counters.failing {
            journal.flush(SHORT);
        }
        assert!(start.elapsed() < LONG, "never full: {counters:?}");
    }
    until_told(&recorder, "No space left on device");
    small.grow();
    let counters = well_again(&recorder);
    journal.close();
    assert!(counters.dropped_healthy > 0 && counters.dropped_failed > 0, "{counters:?}");
    assert_eq!(counted(&cluster, &url), [counters.written; 3]);
    let told = cluster.ask(&url, "SELECT sum(healthy), sum(failed) FROM failsoft.drops");
    assert_eq!(told, [format!("{}|{}", counters.dropped_healthy, counters.dropped_failed)]);
    drop(cluster);
    drop(small);
}
