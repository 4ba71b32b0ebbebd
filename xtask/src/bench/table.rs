//! The results as a table for people and as JSON for programs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::figures::{Round, median};
use super::proxy::Subject;
use crate::house;

/// Everything seen of one subject.
pub(super) struct Result {
    name: &'static str,
    pub(super) rounds: Vec<Round>,
    pub(super) per_idle_stream: Option<f64>,
}

impl Result {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, rounds: Vec::new(), per_idle_stream: None }
    }
}

/// A line of the table: its unit, and how many digits stand after the point.
struct Line {
    label: &'static str,
    key: &'static str,
    digits: usize,
    figure: fn(&Result, &Result) -> Option<f64>,
}

const LINES: &[Line] = &[
    Line {
        label: "calls/s, plain",
        key: "calls_per_second",
        digits: 0,
        figure: |one, _| Some(median(&one.rounds, |round| round.calls_per_second)),
    },
    Line {
        label: "CPU us a call",
        key: "cpu_us_per_call",
        digits: 1,
        figure: |one, straight| {
            proxied(one, straight, median(&one.rounds, |round| round.cpu_per_call))
        },
    },
    Line {
        label: "p50 us at 1000/s",
        key: "p50_us",
        digits: 0,
        figure: |one, _| Some(median(&one.rounds, |round| round.p50)),
    },
    Line {
        label: "p99 us at 1000/s",
        key: "p99_us",
        digits: 0,
        figure: |one, _| Some(median(&one.rounds, |round| round.p99)),
    },
    Line {
        label: "added p50 us",
        key: "added_p50_us",
        digits: 0,
        figure: |one, straight| {
            let own = median(&straight.rounds, |round| round.p50);
            proxied(one, straight, median(&one.rounds, |round| round.p50) - own)
        },
    },
    Line {
        label: "added p99 us",
        key: "added_p99_us",
        digits: 0,
        figure: |one, straight| {
            let own = median(&straight.rounds, |round| round.p99);
            proxied(one, straight, median(&one.rounds, |round| round.p99) - own)
        },
    },
    Line {
        label: "events/s, streamed",
        key: "events_per_second",
        digits: 0,
        figure: |one, _| Some(median(&one.rounds, |round| round.events_per_second)),
    },
    Line {
        label: "CPU us an event",
        key: "cpu_us_per_event",
        digits: 2,
        figure: |one, straight| {
            proxied(one, straight, median(&one.rounds, |round| round.cpu_per_event))
        },
    },
    Line {
        label: "event p50 us",
        key: "event_p50_us",
        digits: 1,
        figure: |one, _| Some(median(&one.rounds, |round| round.event_p50)),
    },
    Line {
        label: "added p50 us, event",
        key: "added_event_p50_us",
        digits: 1,
        figure: |one, straight| {
            let own = median(&straight.rounds, |round| round.event_p50);
            proxied(one, straight, median(&one.rounds, |round| round.event_p50) - own)
        },
    },
    Line {
        label: "added p99 us, event",
        key: "added_event_p99_us",
        digits: 1,
        figure: |one, straight| {
            let own = median(&straight.rounds, |round| round.event_p99);
            proxied(one, straight, median(&one.rounds, |round| round.event_p99) - own)
        },
    },
    Line {
        label: "client left, p50 ms",
        key: "left_p50_ms",
        digits: 2,
        figure: |one, _| Some(median(&one.rounds, |round| round.left_p50) / 1e3),
    },
    Line {
        label: "client left, most ms",
        key: "left_most_ms",
        digits: 2,
        figure: |one, _| Some(median(&one.rounds, |round| round.left_most) / 1e3),
    },
    Line {
        label: "memory MB, loaded",
        key: "resident_mb",
        digits: 1,
        figure: |one, straight| {
            proxied(one, straight, median(&one.rounds, |round| round.resident) / 1e6)
        },
    },
    Line {
        label: "KB an idle stream",
        key: "kb_per_idle_stream",
        digits: 1,
        figure: |one, _| one.per_idle_stream.map(|bytes| bytes / 1e3),
    },
];

/// The table: a column for each subject, and failsoft against nginx.
pub(super) fn text(results: &[Result]) -> String {
    let mut text = format!("{:<20}", "");
    for result in results {
        let _ = write!(text, "{:>22}", result.name);
    }
    let _ = writeln!(text, "{:>18}{:>20}", "failsoft / nginx", "failsoft / no record");
    for line in LINES {
        let _ = write!(text, "{:<20}", line.label);
        for result in results {
            let value = (line.figure)(result, &results[0]);
            let shown = value.map_or("-".to_owned(), |value| format!("{value:.*}", line.digits));
            let _ = write!(text, "{shown:>22}");
        }
        let [nginx, bare] = RIVALS.map(|rival| {
            ratio(line, results, rival).map_or("-".to_owned(), |ratio| format!("{ratio:.2}"))
        });
        let _ = writeln!(text, "{nginx:>18}{bare:>20}");
    }
    let steps = steps();
    if !steps.is_empty() {
        let _ = writeln!(text, "\nengine step, median");
    }
    for (name, nanoseconds) in steps {
        let _ = writeln!(text, "  {name:<40} {:>9.3} us", nanoseconds / 1e3);
    }
    text
}

/// The same as one document.
pub(super) fn json(results: &[Result]) -> Value {
    let figures = |result: &Result| -> Value {
        LINES
            .iter()
            .map(|line| (line.key.to_owned(), json!((line.figure)(result, &results[0]))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let subjects: serde_json::Map<String, Value> =
        results.iter().map(|result| (result.name.to_owned(), figures(result))).collect();
    let [nginx, bare] = RIVALS.map(|rival| {
        let ratio = |line: &Line| (line.key.to_owned(), json!(ratio(line, results, rival)));
        LINES.iter().map(ratio).collect::<serde_json::Map<_, _>>()
    });
    let steps: serde_json::Map<String, Value> =
        steps().into_iter().map(|(name, nanoseconds)| (name, json!(nanoseconds))).collect();
    json!({
        "rounds": results[0].rounds.len(),
        "subjects": subjects,
        "failsoft_to_nginx": nginx,
        "failsoft_to_no_record": bare,
        "engine_step_ns": steps,
    })
}

fn proxied(one: &Result, straight: &Result, value: f64) -> Option<f64> {
    (one.name != straight.name).then_some(value)
}

/// Whom failsoft is compared with: another's proxy, and itself without journal and metrics.
const RIVALS: [Subject; 2] = [Subject::Nginx, Subject::FailsoftWithoutRecord];

fn ratio(line: &Line, results: &[Result], rival: Subject) -> Option<f64> {
    let of = |name: &str| {
        let result = results.iter().find(|result| result.name == name)?;
        (line.figure)(result, &results[0])
    };
    Some(of(Subject::Failsoft.name())? / of(rival.name())?)
}

/// The medians that the engine's benchmark left behind, in nanoseconds.
fn steps() -> Vec<(String, f64)> {
    let folder = house::target().join("criterion");
    let mut found = Vec::new();
    collect(&folder, &folder, &mut found);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn collect(top: &Path, folder: &Path, found: &mut Vec<(String, f64)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        if !path.ends_with("new") {
            collect(top, &path, found);
            continue;
        }
        let text = fs::read_to_string(path.join("estimates.json")).unwrap_or_default();
        let estimates: Value = serde_json::from_str(&text).unwrap_or_default();
        let name = folder.strip_prefix(top).unwrap_or(folder).to_string_lossy().into_owned();
        if let Some(median) = estimates["median"]["point_estimate"].as_f64() {
            found.push((name, median));
        }
    }
}
