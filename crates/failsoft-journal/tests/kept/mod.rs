//! Journals with something in them to print.

use failsoft_journal::{Journal, Reader, Recorder};

use crate::samples::*;

/// A journal with what was recorded in it, closed and open for reading.
fn kept(record: impl FnOnce(Recorder)) -> (tempfile::TempDir, Reader) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    record(journal.recorder());
    journal.close();
    let reader = Reader::open(&path).unwrap();
    (folder, reader)
}

/// An hour with all that a page can tell.
pub(crate) fn filled() -> (tempfile::TempDir, Reader) {
    kept(|recorder| {
        recorder.record_call(rescued("0199-rescued", 0));
        recorder.record_call(exhausted("0199-exhausted", 4_000));
        for number in 0..96 {
            recorder.record_call(healthy(&format!("h{number}"), 60_000 * number));
        }
        recorder.record_state(tripped(412));
    })
}

/// Streams that broke off, and were continued or not.
pub(crate) fn broken_streams() -> (tempfile::TempDir, Reader) {
    kept(|recorder| {
        recorder.record_call(resumed("0199-resumed", 0));
        recorder.record_call(resumed("0199-again", 7_000));
        recorder.record_call(cut("0199-cut", 9_000));
        recorder.record_call(healthy("h", 14_000));
        // One that broke before anything had gone out is no broken stream.
        recorder.record_call(broken("b", 16_000, failsoft_engine::FailureKind::BadResponse));
    })
}
