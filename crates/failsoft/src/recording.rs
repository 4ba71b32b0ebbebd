//! The journal as calls see it: there, not there, or not usable.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "postgres")]
use failsoft_journal::JournalError;
use failsoft_journal::{CallRecord, Counters, Journal, Options, Recorder, StateRecord};
use secrecy::SecretString;

/// Records that may wait to be written.
const QUEUE: usize = 65_536;

/// Where records go, if anywhere.
#[derive(Debug)]
pub(crate) struct Recording {
    recorder: Option<Recorder>,
    journal: Mutex<Option<Journal>>,
    problem: Option<String>,
}

impl Recording {
    /// Opens the journal these settings name. Calls go on without one.
    pub(crate) fn open(settings: &failsoft_config::Journal) -> Self {
        let opened = match (&settings.path, &settings.url) {
            (Some(path), _) => Some(open_file(path, settings)),
            (None, Some(url)) => Some(connect(url, settings)),
            (None, None) => None,
        };
        let (journal, problem) = match opened {
            None => (None, None),
            Some(Ok(journal)) => (Some(journal), None),
            Some(Err(problem)) => (None, Some(problem)),
        };
        let recorder = journal.as_ref().map(Journal::recorder);
        Self { recorder, journal: Mutex::new(journal), problem }
    }

    pub(crate) fn record_call(&self, call: Arc<CallRecord>) {
        if let Some(recorder) = &self.recorder {
            recorder.record_call(call);
        }
    }

    pub(crate) fn record_state(&self, state: StateRecord) {
        if let Some(recorder) = &self.recorder {
            recorder.record_state(state);
        }
    }

    pub(crate) fn counters(&self) -> Option<Counters> {
        self.recorder.as_ref().map(Recorder::counters)
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        self.recorder.as_ref().and_then(Recorder::trouble)
    }

    pub(crate) fn problem(&self) -> Option<String> {
        self.problem.clone()
    }

    pub(crate) fn close(&self) {
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(journal) = journal {
            journal.close();
        }
    }
}

fn open_file(path: &Path, settings: &failsoft_config::Journal) -> Result<Journal, String> {
    let (keep, max_size, sync) = (settings.keep, settings.max_size, settings.sync);
    let options = Options { path: path.to_owned(), keep, max_size, sync, queue: QUEUE };
    Journal::open(options).map_err(|error| error.to_string())
}

#[cfg(feature = "postgres")]
fn connect(url: &SecretString, settings: &failsoft_config::Journal) -> Result<Journal, String> {
    use failsoft_journal::{PostgresOptions, PostgresUrl};
    use secrecy::ExposeSecret as _;
    let url: PostgresUrl =
        url.expose_secret().parse().map_err(|error: JournalError| error.to_string())?;
    let options = PostgresOptions::new(url, settings.keep);
    let options = PostgresOptions { sync: settings.sync, queue: QUEUE, ..options };
    Journal::connect(options).map_err(|error| error.to_string())
}

#[cfg(not(feature = "postgres"))]
fn connect(_: &SecretString, _: &failsoft_config::Journal) -> Result<Journal, String> {
    Err("this program was built without Postgres; build failsoft with its feature `postgres`"
        .to_owned())
}
