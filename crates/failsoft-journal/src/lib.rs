//! The durable record of every call, attempt, wait and refusal.
//!
//! A call is handed over whole when it has ended; one thread writes, in groups, so that recording
//! never slows a call. Under pressure healthy calls are dropped before failed ones, and whatever
//! is dropped is counted. Prompts, answers and keys are never part of a record.
//!
//! One process writes; any number may read meanwhile. A disk that is full, a file that is locked,
//! damaged or deleted never reaches a call: records wait, bounded, and are written when that is
//! possible again.
//!
//! ```
//! use std::time::Duration;
//! use failsoft_journal::{Journal, Options, Page, Reader, Style};
//!
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("failsoft.db");
//! let keep = Duration::from_secs(30 * 86_400);
//! let journal = Journal::open(Options { path: path.clone(), keep, sync: false, queue: 10_000 })?;
//! let recorder = journal.recorder(); // one for each task; `recorder.record_call(…)` never blocks
//! assert!(!recorder.counters().failing);
//!
//! let reader = Reader::open(&path)?;
//! assert!(reader.call("0199c2f4")?.is_none());
//! let report = reader.report(0, 1_000)?;
//! assert!(report.render(&Page::new(Style::Plain, 80)).starts_with("No calls came"));
//! journal.close();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod fold;
mod insert;
mod journal;
mod page;
mod queue;
mod reader;
mod record;
mod report;
mod rows;
mod search;
mod source;
mod store;
mod story;
mod text;
mod trace;
mod words;
mod writer;

pub use error::JournalError;
pub use journal::{Counters, Journal, Options, Recorder};
pub use page::{Page, Style};
pub use reader::Reader;
pub use record::{
    AttemptFacts, CallFacts, CallRecord, Names, Stamp, StateChange, StateRecord, TargetName,
};
pub use report::{
    Attempts, AttemptsRow, BrokenStreams, Calls, Change, Dropped, FailureRow, Latency, Quantiles,
    RefusalRow, Report, TargetLatency, ToldRow,
};
pub use rows::{AttemptRow, CallRow, Name, Recorded, StateRow, StepRow, TargetRow};
pub use source::{Search, Source, Span};
pub use story::{Happened, Story, StoryAttempt};
pub use trace::{Trace, attempt_span, call_span};
