//! The journal as calls see it: there, not there, or not usable.

use std::sync::{Arc, Mutex, PoisonError};

use failsoft_journal::{CallRecord, Counters, Journal, Options, Recorder, StateRecord};

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
        let (keep, max_size, sync) = (settings.keep, settings.max_size, settings.sync);
        let opened = settings
            .path
            .clone()
            .map(|path| Journal::open(Options { path, keep, max_size, sync, queue: QUEUE }));
        let (journal, problem) = match opened {
            None => (None, None),
            Some(Ok(journal)) => (Some(journal), None),
            Some(Err(error)) => (None, Some(error.to_string())),
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
