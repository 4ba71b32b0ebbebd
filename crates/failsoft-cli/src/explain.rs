//! `failsoft explain`: the story of one call.

use std::process::ExitCode;

use crate::journal::{JournalArgs, page, told};
use crate::settings::{FAILED, print, print_json};

/// What `explain` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The call: the `x-failsoft-call` of its answer, or the beginning of it.
    #[arg(value_name = "CALL_ID")]
    call: String,
    #[command(flatten)]
    journal: JournalArgs,
    /// Print one machine-readable document.
    #[arg(long)]
    json: bool,
}

/// Tells each attempt, wait and refusal of a call, and why.
pub(crate) fn run(args: &ExplainArgs) -> ExitCode {
    let reader = match args.journal.open() {
        Ok(reader) => reader,
        Err(code) => return code,
    };
    match reader.call(args.call.trim()) {
        Ok(Some(story)) if args.json => print_json(&serde_json::json!(story)),
        Ok(Some(story)) => print(&story.render(&page())),
        Ok(None) => {
            eprintln!(
                "error: no call {} in this journal; its id stands in the answer's header \
                 x-failsoft-call, and a call is recorded when it has ended",
                args.call.escape_debug()
            );
            return ExitCode::from(FAILED);
        }
        Err(error) => return told(&error),
    }
    ExitCode::SUCCESS
}
