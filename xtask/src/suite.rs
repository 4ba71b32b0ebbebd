//! `cargo xtask test`: everything that must hold, one step after the other, all of them even when
//! one fails.

use std::time::Instant;

use crate::command::{self, Ran};
use crate::tally::Tally;
use crate::{Done, browser, fuzz, house, rust_tests, sdk, tidy};

/// A part of the suite that stands in the summary.
struct Step {
    name: &'static str,
    run: fn() -> Done<Report>,
}

/// What a step counted, and what it left out and why.
pub(crate) struct Report {
    pub(crate) tally: Tally,
    pub(crate) skipped: Vec<String>,
}

impl From<Tally> for Report {
    fn from(tally: Tally) -> Self {
        Self { tally, skipped: Vec::new() }
    }
}

const STEPS: &[Step] = &[
    Step { name: "format", run: format },
    Step { name: "tidy", run: || tidy::check().map(Report::from) },
    Step { name: "clippy", run: clippy },
    Step { name: "build", run: || build().map(|()| Tally::PASSED.into()) },
    Step { name: "generated references", run: || tidy::references().map(Report::from) },
    Step { name: "Rust tests", run: rust_tests::run },
    Step { name: "documentation", run: documentation },
    Step { name: "fuzz targets", run: fuzz::compile },
    Step { name: "dependencies", run: dependencies },
    Step { name: "Python SDKs", run: sdk::python },
    Step { name: "Node SDKs", run: sdk::node },
    Step { name: "dashboard", run: browser::run },
];

/// Runs every step and prints one summary.
pub(crate) fn test() -> Done {
    let started = Instant::now();
    let mut total = Tally::default();
    let mut rows = Vec::new();
    let mut reasons = Vec::new();
    for (at, step) in STEPS.iter().enumerate() {
        println!("[{}/{}] {}", at + 1, STEPS.len(), step.name);
        let begun = Instant::now();
        let report = (step.run)().unwrap_or_else(|words| {
            println!("    FAILED: {words}");
            Tally::FAILED.into()
        });
        for reason in &report.skipped {
            println!("    SKIPPED: {reason}");
        }
        let seconds = begun.elapsed().as_secs();
        println!("    {} ({seconds} s)", report.tally);
        total += report.tally;
        rows.push((step.name, report.tally, seconds));
        reasons.extend(report.skipped);
    }
    println!("\nSummary, after {} s", started.elapsed().as_secs());
    for (name, tally, seconds) in rows {
        let mark = if tally.failed == 0 { "ok" } else { "FAILED" };
        println!("  {mark:<6}  {name:<21} {tally} ({seconds} s)");
    }
    for reason in &reasons {
        println!("  SKIPPED {reason}");
    }
    println!("{total}");
    if total.failed == 0 { Ok(()) } else { Err(String::new()) }
}

/// One development build of all that is run later: binaries and tests in one graph of features,
/// so that nothing is compiled twice.
pub(crate) fn build() -> Done {
    let arguments = ["build", "--workspace", "--bins", "--tests"];
    let ran = command::run("build", &mut command::cargo(&arguments))?;
    well(&ran).map(|_| ())
}

/// A step that is one test: it went well, or its last words are shown.
pub(crate) fn well(ran: &Ran) -> Done<Report> {
    if ran.well {
        return Ok(Tally::PASSED.into());
    }
    for line in ran.tail(60) {
        println!("    | {line}");
    }
    Err(format!("see {}", ran.log.display()))
}

/// A missing tool or network: left out at a desk, a failure where everything must be there.
pub(crate) fn left_out(reason: String) -> Done<Report> {
    if std::env::var_os("CI").is_some_and(|value| value == "true") {
        return Err(reason);
    }
    Ok(Report { tally: Tally::SKIPPED, skipped: vec![reason] })
}

fn format() -> Done<Report> {
    well(&command::run("format", &mut command::cargo(&["fmt", "--all", "--check"]))?)
}

fn clippy() -> Done<Report> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    well(&command::run("clippy", &mut command::cargo(&arguments))?)
}

fn documentation() -> Done<Report> {
    let mut command = command::cargo(&["doc", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    well(&command::run("documentation", &mut command)?)
}

fn dependencies() -> Done<Report> {
    if !command::is_there("cargo", &["deny", "--version"]) {
        let reason = "cargo-deny is not installed: licences, bans and sources are unchecked \
                      (cargo install cargo-deny)";
        return Ok(Report { tally: Tally::SKIPPED, skipped: vec![reason.to_owned()] });
    }
    let arguments = ["deny", "--offline", "check", "bans", "licenses", "sources"];
    let mut command = command::cargo(&arguments);
    command.current_dir(house::root());
    well(&command::run("dependencies", &mut command)?)
}
