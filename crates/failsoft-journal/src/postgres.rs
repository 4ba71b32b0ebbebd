//! The record of a fleet: many gateways write one Postgres database, each under its own number.
//!
//! Everything stands in the schema `failsoft`, in plain rows that people may ask in SQL. A row is
//! known by its writer's number and its own, so that a group whose commit was in doubt is not
//! doubled when it is written again.

mod address;
mod columns;
mod link;
mod read;
mod rows;
mod schema;
mod store;
mod tls;

use std::time::Duration;

pub use address::PostgresUrl;
use read::PostgresSource;
use store::PostgresStore;

use crate::writer::Keep;
use crate::{Journal, JournalError, Reader};

/// How a journal in Postgres is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    /// Where it is.
    pub url: PostgresUrl,
    /// How long rows are kept; one gateway at a time deletes what is older.
    pub keep: Duration,
    /// Whether each group of rows waits for the server's disk.
    pub sync: bool,
    /// Records that may wait to be written.
    pub queue: usize,
    /// How long the server may take over one group before it is given up and tried again.
    pub patience: Duration,
}

impl PostgresOptions {
    /// What suits a gateway.
    #[must_use]
    pub fn new(url: PostgresUrl, keep: Duration) -> Self {
        Self { url, keep, sync: false, queue: 65_536, patience: Duration::from_secs(5) }
    }
}

impl Journal {
    /// Starts the thread that writes to a database, and connects there: a server that is down
    /// keeps nobody from starting, records wait for it.
    ///
    /// # Errors
    /// When there can be no such thread.
    pub fn connect(options: PostgresOptions) -> Result<Self, JournalError> {
        let PostgresOptions { url, keep, sync, queue, patience } = options;
        let place = url.to_string();
        let unusable = |reason: String| JournalError::Unreachable { place, reason };
        // Too many to meet by chance, so that nobody needs to hand them out.
        let writer = match getrandom::u64() {
            Ok(random) => i64::try_from(random >> 1).unwrap_or(i64::MAX),
            Err(error) => return Err(unusable(error.to_string())),
        };
        let store = PostgresStore::new(url, writer, patience, sync);
        let keep = Keep { time: keep, size: u64::MAX };
        Self::start(Box::new(store), keep, queue).map_err(|error| unusable(error.to_string()))
    }
}

impl Reader {
    /// Connects to a database for reading. This and every question block: in an asynchronous
    /// program they belong on a thread for that.
    ///
    /// # Errors
    /// When there is no usable journal.
    pub fn connect(url: &PostgresUrl) -> Result<Self, JournalError> {
        Ok(Self::over(Box::new(PostgresSource::open(url.clone())?)))
    }
}

#[cfg(test)]
mod tests;
