//! What `report` prints, over a real journal.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "../../failsoft-journal/tests/kept/mod.rs"]
mod kept;
#[path = "../../failsoft-journal/tests/samples/mod.rs"]
mod samples;

use failsoft_journal::*;
use failsoft_report::{BrokenStreams, InForce, Report, report};
use kept::{broken_streams, filled};
use samples::*;

fn summed_up(reader: &mut Reader, since_ms: i64, until_ms: i64) -> Report {
    report(reader, Span { since_ms, until_ms }, &InForce::default()).unwrap()
}

#[test]
fn streams_that_were_continued_count_as_answered_and_apart() {
    let (_folder, mut reader) = broken_streams();
    let report = summed_up(&mut reader, NOON, NOON + 3_600_000);
    let calls = &report.calls;
    assert_eq!((calls.total, calls.served, calls.resumed, calls.failed), (5, 1, 2, 2));
    assert_eq!((calls.success_rate, calls.saved), (Some(0.6), 2));
    assert_eq!(calls.success_rate_first_attempt, Some(0.2));
    let row = |target: &str, broke, continued| BrokenStreams {
        target: target.to_owned(),
        broke,
        continued,
    };
    assert_eq!(
        report.broken_streams,
        [row("anthropic/claude-sonnet-5-5", 2, 2), row("openai/gpt-5.6", 1, 0)]
    );
    let text = report.render(&Page::new(Style::Plain, 80));
    for line in [
        "  1 served · 2 resumed after a break · 2 failed",
        "Streams that broke off after content had gone out",
        "  anthropic/…-sonnet-5-5          2          2",
        "  openai/gpt-5.6                  1          0",
        "  2 answers were continued without a seam",
    ] {
        assert!(text.lines().any(|have| have == line), "{line:?} is not in\n{text}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["calls"]["resumed"], 2);
    assert_eq!(json["broken_streams"][0]["continued"], 2);
}

#[test]
fn a_report_sums_up() {
    let (_folder, mut reader) = filled();
    let report = summed_up(&mut reader, NOON, NOON + 2 * 3_600_000);
    assert_eq!((report.calls.total, report.calls.served, report.calls.failed), (98, 97, 1));
    assert_eq!(report.calls.saved, 1);
    assert_eq!(report.calls.success_rate_first_attempt, Some(96.0 / 98.0));
    assert_eq!((report.attempts.total, report.hours), (101, 3));
    let text = report.render(&Page::new(Style::Plain, 120));
    for line in [
        "98 calls",
        "  97 served · 1 failed",
        "  1 call was answered after its first attempt had failed",
        "  anthropic/claude-sonnet-5-5  overloaded           1      1      ·      ·",
        "      1  an error: rate limited     503",
        "      1  not retried: budget empty",
        "  14:02:03  breaker of anthropic/claude-sonnet-5-5 open until 14:02:08: failures in a row",
    ] {
        assert!(text.lines().any(|have| have == line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn an_empty_journal_is_one_friendly_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let _journal = Journal::open(options(&path)).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let report = summed_up(&mut reader, NOON, NOON + 86_400_000);
    let text = report.render(&Page::new(Style::Plain, 120));
    assert_eq!(
        text,
        "No calls came between 2026-11-23 14:02:03 UTC and 2026-11-24 14:02:03 UTC.\n"
    );
    assert_eq!(report.calls.success_rate, None);
}

#[test]
fn pages_keep_to_their_width_and_colour_to_terminals() {
    let (_folder, mut reader) = filled();
    let hour = 3_600_000;
    for hours in [1, 3, 8, 24, 24 * 7, 24 * 90] {
        let report = summed_up(&mut reader, NOON - hour * (hours - 2), NOON + 2 * hour);
        for width in [60, 80, 120, 200] {
            let text = report.render(&Page::new(Style::Plain, width));
            assert!(!text.contains('\u{1b}'), "colour on plain paper");
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
            let room = if width < 80 { 80 } else { usize::from(width) };
            assert!(longest <= room, "{longest} columns on {width}:\n{text}");
        }
    }
    let colour = summed_up(&mut reader, NOON, NOON + hour).render(&Page::new(Style::Colour, 80));
    assert!(colour.contains("\u{1b}["));
}

#[test]
fn json_has_the_documented_names() {
    let (_folder, mut reader) = filled();
    let report = serde_json::to_value(summed_up(&mut reader, NOON, NOON + 3_600_000)).unwrap();
    assert_eq!(report["calls"]["failed"], 1);
    assert_eq!(report["failures"][0]["by_hour"].as_array().unwrap().len(), 2);
    assert!(report["latency"]["first_content"]["p50_ms"].as_f64().unwrap() > 100.0);
    assert_eq!(report["changes"][0]["to"], "open");
}
