//! Disks that are full, slow or not to be written on: calls never wait, and what is lost is counted.
//!
//! What a machine does not let a test do is skipped with a line that says so.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod samples;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use failsoft_engine::FailureKind;
use failsoft_journal::*;
use samples::*;

const LONG: Duration = Duration::from_secs(30);

fn does(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A disk of its own, in memory.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(size: &str) -> Option<Self> {
        let disk = Self(tempfile::tempdir().unwrap());
        let path = disk.0.path().to_str().unwrap();
        let size = format!("size={size}");
        let mounted = does("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", path]);
        if !mounted {
            println!("skipped: no disk can be mounted here");
        }
        mounted.then_some(disk)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("j.db")
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(does("mount", &["-o", &options, self.0.path().to_str().unwrap()]), "{options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        does("umount", &["-l", self.0.path().to_str().unwrap()]);
    }
}

#[test]
fn a_disk_that_fills_up_loses_what_is_counted_and_no_more() {
    let Some(disk) = Disk::new("900k") else { return };
    let journal = Journal::open(Options { queue: 40, ..options(&disk.path()) }).unwrap();
    let recorder = journal.recorder();
    let mut handed = 0;
    let deadline = Instant::now() + LONG;
    while recorder.counters().dropped_failed == 0 {
        assert!(Instant::now() < deadline, "never full: {:?}", recorder.counters());
        recorder.record_call(healthy(&format!("h{handed:06}"), handed));
        recorder.record_call(broken(&format!("f{handed:06}"), handed, FailureKind::Network));
        handed += 1;
        if handed % 15 == 0 && !recorder.counters().failing {
            journal.flush(Duration::from_millis(500));
        }
    }
    assert!(recorder.counters().failing);
    disk.remount("size=20m");
    let counters = until(&recorder, "well again", |counters| counters.queued == 0);
    assert!(!counters.failing);
    let all = counters.written + counters.dropped_healthy + counters.dropped_failed;
    assert_eq!(all, handed * 2);
    journal.close();
    check(&disk.path(), counters);
}

/// What the file holds is what the counters say.
fn check(path: &Path, counters: Counters) {
    let ids = ids(path);
    assert_eq!(ids.len() as u64, counters.written);
    let distinct: std::collections::HashSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "a call stands there twice");
    let (healthy, failed) = (counters.dropped_healthy, counters.dropped_failed);
    assert_eq!(summed(path, i64::MIN, i64::MAX).dropped, Dropped { healthy, failed });
    let connection = rusqlite::Connection::open(path).unwrap();
    let ok: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(ok, "ok");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused_in_words_until_it_can() {
    let Some(disk) = Disk::new("20m") else { return };
    let journal = Journal::open(options(&disk.path())).unwrap();
    journal.recorder().record_call(healthy("before", 0));
    journal.close();
    disk.remount("ro");
    let message = Journal::open(options(&disk.path())).map(drop).unwrap_err().to_string();
    assert!(message.contains("Read-only file system"), "{message}");
    assert!(message.contains("check that its folder exists and is writable"), "{message}");
    disk.remount("rw");
    let journal = Journal::open(options(&disk.path())).unwrap();
    journal.recorder().record_call(healthy("after", 0));
    journal.close();
    assert_eq!(ids(&disk.path()), ["before", "after"]);
}

const HANDED: u64 = 3_000;

#[test]
#[ignore = "run by `a_disk_that_is_slow_to_confirm_slows_no_call`"]
fn child_on_a_slow_disk() {
    let Some(path) = std::env::var_os("JOURNAL_CHILD").map(PathBuf::from) else { return };
    let journal = Journal::open(Options { sync: true, queue: 100, ..options(&path) }).unwrap();
    let recorder = journal.recorder();
    for number in 0..HANDED {
        recorder.record_call(broken(&format!("f{number}"), number, FailureKind::Network));
    }
    // All are handed over, and the disk has not confirmed a tenth of them.
    let counters = recorder.counters();
    assert!(counters.written <= HANDED / 10 && counters.dropped_failed > 0, "{counters:?}");
    journal.flush(LONG);
    let counters = journal.close();
    println!("well {} {}", counters.written, counters.dropped_failed);
}

#[test]
fn a_disk_that_is_slow_to_confirm_slows_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    if !does("strace", &["-qq", "-o", "/dev/null", "true"]) {
        println!("skipped: no strace here, so no disk is slow");
        return;
    }
    let child = ["--exact", "child_on_a_slow_disk", "--ignored", "--nocapture"];
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"])
        .args(["-e", "inject=fsync,fdatasync:delay_enter=300000"])
        .arg(std::env::current_exe().unwrap())
        .args(child)
        .env("JOURNAL_CHILD", &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let well = said.lines().find_map(|line| line.strip_prefix("well "));
    let well = well.unwrap_or_else(|| unreachable!("{said}{:?}", output.stderr));
    let numbers: Vec<u64> = well.split(' ').map(|word| word.parse().unwrap()).collect();
    let (written, dropped_failed) = (numbers[0], numbers[1]);
    assert_eq!(written + dropped_failed, HANDED);
    check(&path, Counters { written, dropped_failed, ..Counters::default() });
}
