//! `embeddings`: texts in, vectors out. There is nothing to translate: vectors of different models
//! live in different spaces.

use std::ops::Range;

use crate::reply::{FlatError, Flaw, ReplyHead, TokenCount};
use crate::request::{self, OutputBound, RequestHead, RequestProblem};
use crate::scan::{Broken, Scanner};

pub(super) fn read_request(body: &[u8]) -> Result<RequestHead, RequestProblem> {
    request::read(body, OutputBound::NoOutput)
}

/// Reads a plain answer: `data` must hold something.
pub(super) fn read_reply(body: &[u8]) -> ReplyHead {
    let mut seen = Seen::default();
    let flaw = match seen.take(body) {
        Ok(()) => seen.flaw(),
        Err(broken) => Some(Flaw::of_broken(broken, body)),
    };
    ReplyHead { flaw, model: seen.model, usage: seen.usage }
}

#[derive(Debug, Default)]
struct Seen {
    model: Option<String>,
    usage: TokenCount,
    data: Option<bool>,
    flat: FlatError,
    error: Option<Range<usize>>,
}

impl Seen {
    fn take(&mut self, body: &[u8]) -> Result<(), Broken> {
        let mut scanner = Scanner::new(body);
        scanner.token()?;
        let start = scanner.position();
        let mut is_error = false;
        scanner.members(|scanner, key| {
            match key {
                b"data" => self.data = Some(scanner.value()?.is_full()),
                b"usage" => _ = self.usage.read(scanner)?,
                b"model" => self.model = scanner.value()?.string(),
                b"error" => is_error |= scanner.value()?.is_full(),
                b"object" => is_error |= scanner.value()?.text() == Some(b"error"),
                _ => self.flat.note(key, scanner.value()?),
            }
            Ok(())
        })?;
        if is_error || (self.flat.is_one() && self.data.is_none()) {
            self.error = Some(start..scanner.position());
        }
        scanner.end()
    }

    fn flaw(&self) -> Option<Flaw> {
        match (&self.error, self.data) {
            (Some(error), _) => Some(Flaw::Error(error.clone())),
            (None, Some(true)) => None,
            (None, Some(false)) => Some(Flaw::Empty),
            (None, None) => Some(Flaw::WrongShape),
        }
    }
}
