//! `failsoft journal`: the record for other tools.

mod columns;
mod sink;

use std::io::{self, IsTerminal as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use failsoft_journal::{CallRow, Reader, Source as _, Span};
use indicatif::{ProgressBar, ProgressStyle};

use self::columns::{ATTEMPTS, CALLS, Column, Of, STATES, STEPS};
use self::sink::{Sink, Target};
use crate::journal::{JournalArgs, now_millis, told};
use crate::settings::{BAD_USAGE, FAILED};

/// What `journal` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct JournalCommands {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Debug, clap::Subcommand)]
enum JournalCommand {
    /// Write the record as Parquet, JSON lines or CSV; docs/journal.md describes the columns.
    Export(ExportArgs),
}

/// What `journal export` takes.
#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// How it is written.
    #[arg(long)]
    format: Format,
    /// How far to look back.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = failsoft_config::duration)]
    since: Duration,
    /// How far back to end.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = failsoft_config::duration)]
    until: Duration,
    /// What is written [default: all four, each to a file of its own].
    #[arg(long)]
    table: Option<Table>,
    /// The file, or the folder where several tables are written [default: standard output].
    #[arg(long, short, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    journal: JournalArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Columns, compressed; for DuckDB, pandas, Spark.
    Parquet,
    /// One JSON object a line.
    Jsonl,
    /// With a head of names (RFC 4180).
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Table {
    /// A row for each call.
    Calls,
    /// A row for each attempt.
    Attempts,
    /// What came to be beside attempts: refusals, waits, closed gates.
    Steps,
    /// Changes that belong to no single call.
    States,
}

/// Runs what was asked for.
pub(crate) fn run(commands: &JournalCommands) -> ExitCode {
    match &commands.command {
        JournalCommand::Export(args) => match export(args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(code) => code,
        },
    }
}

/// The tables that are written, each to its place.
#[derive(Default)]
struct Sinks {
    calls: Option<Box<dyn Sink>>,
    attempts: Option<Box<dyn Sink>>,
    steps: Option<Box<dyn Sink>>,
    states: Option<Box<dyn Sink>>,
}

fn export(args: &ExportArgs) -> Result<(), ExitCode> {
    if args.until >= args.since {
        eprintln!("error: nothing lies between; give a --since that is longer ago than --until");
        return Err(ExitCode::from(BAD_USAGE));
    }
    let mut reader = args.journal.open()?;
    let mut sinks = sinks(args)?;
    let now = now_millis();
    let back = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let span = Span {
        since_ms: now.saturating_sub(back(args.since)),
        until_ms: now.saturating_sub(back(args.until)),
    };
    let progress = progress();
    write_calls(&mut reader, span, &mut sinks, &progress)?;
    write_states(&mut reader, span, &mut sinks)?;
    let Sinks { calls, attempts, steps, states } = sinks;
    for sink in [calls, attempts, steps, states].into_iter().flatten() {
        sink.finish().map_err(|error| unwritten(&error))?;
    }
    progress.finish_and_clear();
    Ok(())
}

fn write_calls(
    reader: &mut Reader,
    span: Span,
    sinks: &mut Sinks,
    progress: &ProgressBar,
) -> Result<(), ExitCode> {
    if sinks.calls.is_none() && sinks.attempts.is_none() && sinks.steps.is_none() {
        return Ok(());
    }
    let mut written = Ok(());
    let shown = reader.calls(span, &mut |recorded| {
        let call = &recorded.call;
        progress.inc(1);
        written = put(sinks.calls.as_mut(), CALLS, Of { call, row: &recorded })
            .and_then(|()| {
                let rows = recorded.attempts.iter().map(|row| Of { call, row });
                rows.into_iter().try_for_each(|of| put(sinks.attempts.as_mut(), ATTEMPTS, of))
            })
            .and_then(|()| {
                let rows = recorded.steps.iter().map(|row| Of { call, row });
                rows.into_iter().try_for_each(|of| put(sinks.steps.as_mut(), STEPS, of))
            });
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    shown.map_err(|error| told(&error))?;
    written.map_err(|error| unwritten(&error))
}

fn write_states(reader: &mut Reader, span: Span, sinks: &mut Sinks) -> Result<(), ExitCode> {
    if sinks.states.is_none() {
        return Ok(());
    }
    let (nobody, mut written) = (CallRow::default(), Ok(()));
    let shown = reader.states(span, &mut |row| {
        written = put(sinks.states.as_mut(), STATES, Of { call: &nobody, row: &row });
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    shown.map_err(|error| told(&error))?;
    written.map_err(|error| unwritten(&error))
}

fn put<T>(
    sink: Option<&mut Box<dyn Sink>>,
    columns: &[Column<T>],
    of: Of<'_, T>,
) -> io::Result<()> {
    let Some(sink) = sink else { return Ok(()) };
    let values: Vec<_> = columns.iter().map(|column| (column.value)(of)).collect();
    sink.row(&values)
}

fn sinks(args: &ExportArgs) -> Result<Sinks, ExitCode> {
    let wants = |table| args.table.is_none_or(|wanted| wanted == table);
    let target = |table: &str| target(args, table);
    let mut sinks = Sinks::default();
    if wants(Table::Calls) {
        sinks.calls = Some(open(args.format, CALLS, target("calls")?)?);
    }
    if wants(Table::Attempts) {
        sinks.attempts = Some(open(args.format, ATTEMPTS, target("attempts")?)?);
    }
    if wants(Table::Steps) {
        sinks.steps = Some(open(args.format, STEPS, target("steps")?)?);
    }
    if wants(Table::States) {
        sinks.states = Some(open(args.format, STATES, target("states")?)?);
    }
    Ok(sinks)
}

/// Where a table goes.
fn target(args: &ExportArgs, table: &str) -> Result<Target, ExitCode> {
    let bad = |words: &str| {
        eprintln!("error: {words}");
        Err(ExitCode::from(BAD_USAGE))
    };
    let ending = match args.format {
        Format::Parquet => "parquet",
        Format::Jsonl => "jsonl",
        Format::Csv => "csv",
    };
    match (&args.output, args.table) {
        (Some(output), _) if output.is_dir() => {
            Ok(Target::File(output.join(format!("{table}.{ending}"))))
        }
        (Some(output), Some(_)) => Ok(Target::File(output.clone())),
        (Some(output), None) => {
            folder(output).map(|()| Target::File(output.join(format!("{table}.{ending}"))))
        }
        (None, None) => bad("several tables need a place each; give --output DIR, or one --table"),
        (None, Some(_)) if args.format == Format::Parquet && io::stdout().is_terminal() => {
            bad("Parquet is nothing for a terminal; give --output FILE, or send it into a pipe")
        }
        (None, Some(_)) => Ok(Target::Output),
    }
}

fn folder(path: &Path) -> Result<(), ExitCode> {
    std::fs::create_dir_all(path).map_err(|error| {
        eprintln!("error: cannot make the folder {}: {error}; choose another", path.display());
        ExitCode::from(FAILED)
    })
}

fn open<T>(
    format: Format,
    columns: &'static [Column<T>],
    target: Target,
) -> Result<Box<dyn Sink>, ExitCode> {
    let heads = columns.iter().map(|column| column.head).collect();
    match format {
        Format::Parquet => sink::parquet(heads, target),
        Format::Jsonl => sink::jsonl(heads, target),
        Format::Csv => sink::csv(heads, target),
    }
    .map_err(|error| unwritten(&error))
}

fn unwritten(error: &io::Error) -> ExitCode {
    // Who reads a pipe may have had enough.
    if error.kind() != io::ErrorKind::BrokenPipe {
        eprintln!("error: cannot write the export: {error}; choose another --output");
    }
    ExitCode::from(FAILED)
}

/// On a terminal only.
fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} calls, {per_sec}");
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

#[cfg(test)]
mod tests;
