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
//! use failsoft_journal::{Journal, Options, Reader, Source, Span};
//!
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("failsoft.db");
//! let keep = Duration::from_secs(30 * 86_400);
//! let max_size = 1_000_000_000;
//! let queue = 10_000;
//! let journal = Journal::open(Options { path: path.clone(), keep, max_size, sync: false, queue })?;
//! let recorder = journal.recorder(); // one for each task; `recorder.record_call(…)` never blocks
//! assert!(!recorder.counters().failing);
//!
//! let mut reader = Reader::open(&path)?;
//! assert!(reader.call("0199c2f4")?.is_none());
//! let span = Span { since_ms: 0, until_ms: 1_000 };
//! reader.calls(span, &mut |_| unreachable!("nothing was recorded"))?;
//! journal.close();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod fold;
mod journal;
pub mod page;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
mod reader;
mod record;
mod recorded;
mod rows;
mod sheet;
mod source;
mod sqlite;
mod store;
mod story;
mod text;
mod trace;
pub mod words;
mod writer;

pub use error::JournalError;
pub use journal::{Counters, Journal, Options, Recorder};
pub use page::{Page, Style};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresUrl};
pub use reader::Reader;
pub use record::{
    AttemptFacts, CallFacts, CallRecord, Names, Stamp, StateChange, StateRecord, TargetName,
};
pub use rows::{AttemptRow, CallRow, Dropped, Name, Recorded, StateRow, StepRow, TargetRow};
pub use source::{Memory, Search, Source, Span};
pub use story::{Figures, Happened, Lane, Segment, SegmentKind, Story, StoryAttempt};
pub use text::sentence;
pub use trace::{Trace, attempt_span, call_span, request_span};
