//! Why the journal cannot be used.

use std::path::PathBuf;

/// Why the journal cannot be used. Calls go on without it.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file or its folder cannot be opened.
    #[error(
        "cannot open the journal {path}: {reason}; check that its folder exists and is writable, or set [journal] path"
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the system or SQLite said.
        reason: String,
    },
    /// The file is there and is no journal, or is damaged.
    #[error("{path} is not a usable journal: {reason}; move it away and a new one will be started")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// A newer failsoft wrote it.
    #[error(
        "{path} was written by a newer failsoft (schema {found}, this one knows {known}); update failsoft or use another file"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// An older failsoft wrote it, and it was not brought up to date yet.
    #[error("{path} was written by an older failsoft; `failsoft serve` brings it up to date")]
    Older {
        /// Which file.
        path: PathBuf,
    },
    /// Another process writes it.
    #[error(
        "{path} is written by another failsoft; stop that one, or set [journal] path to another file"
    )]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// The address of a database makes no sense. Its words may hold a password and are not repeated.
    #[error(
        "the journal's url cannot be used: {reason}; write postgres://USER:PASSWORD@HOST/DATABASE"
    )]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// A database cannot be read.
    #[error("cannot read the journal {place}: {reason}")]
    Unreachable {
        /// Where it is, without user and password.
        place: String,
        /// What the system or the server said.
        reason: String,
    },
    /// The beginning of an id fits several calls.
    #[error("several calls begin with {id}: {}; give more of it", .calls.join(", "))]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// Some of the calls it fits.
        calls: Vec<String>,
    },
    /// A question could not be answered.
    #[error("cannot read the journal: {0}")]
    Read(String),
}
