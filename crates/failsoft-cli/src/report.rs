//! `failsoft report`: what failed, when, and what came of it.

use std::process::ExitCode;
use std::time::Duration;

use failsoft_journal::Span;

use crate::journal::{JournalArgs, now_millis, page, told};
use crate::settings::{print, print_json};

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
    match failsoft_report::report(&mut reader, span, &failsoft_report::InForce::default()) {
        Ok(report) if args.json => print_json(&serde_json::json!(report)),
        Ok(report) => print(&report.render(&page())),
        Err(error) => return told(&error),
    }
    ExitCode::SUCCESS
}
