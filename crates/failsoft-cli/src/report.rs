//! `failsoft report`: what failed, when, what came of it, and what would help.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use failsoft_config::Source;
use failsoft_journal::Span;
use failsoft_report::{InForce, Report, report};

use crate::journal::{JournalArgs, now_millis, page, told};
use crate::settings::{FAILED, environment, print, print_json};

/// What `report` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// How far to look back.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = failsoft_config::duration)]
    since: Duration,
    #[command(flatten)]
    journal: JournalArgs,
    /// Print one machine-readable document.
    #[arg(long)]
    json: bool,
    /// Write the report with charts to this file; it needs nothing else to be looked at.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Sums up the calls of some time.
pub(crate) fn run(args: &ReportArgs) -> ExitCode {
    let mut reader = match args.journal.open() {
        Ok(reader) => reader,
        Err(code) => return code,
    };
    let now = now_millis();
    let back = i64::try_from(args.since.as_millis()).unwrap_or(i64::MAX);
    let span = Span { since_ms: now.saturating_sub(back), until_ms: now };
    let report = match report(&mut reader, span, &in_force(&args.journal)) {
        Ok(report) => report,
        Err(error) => return told(&error),
    };
    if args.html.as_deref().is_some_and(|file| !wrote(file, &report)) {
        return ExitCode::from(FAILED);
    }
    if args.json {
        print_json(&serde_json::json!(report));
    } else if args.html.is_none() {
        print(&report.render(&page()));
    }
    ExitCode::SUCCESS
}

/// The settings in force, as far as they can be read; without them more is proposed.
fn in_force(journal: &JournalArgs) -> InForce {
    let env = environment();
    let values = Source::find(journal.config(), &env)
        .ok()
        .and_then(|source| failsoft_config::effective(&source.text, &source.folder, &env).ok());
    let values = values.into_iter().flatten();
    InForce(values.map(|value| (value.path, value.value)).collect())
}

fn wrote(file: &Path, report: &Report) -> bool {
    match std::fs::write(file, report.html()) {
        Ok(()) => {
            eprintln!("wrote {}", file.display());
            true
        }
        Err(error) => {
            eprintln!(
                "error: cannot write {}: {error}; name a file that can be written",
                file.display()
            );
            false
        }
    }
}
