//! A candidate of a response.

use super::super::ids::Ids;
use super::super::keys::{HERE, camel};
use super::super::{numbers, parts, verdict};
use super::{logprobs, sources};
use crate::neutral::{Json, Part, Rest};
use crate::scan::{Broken, Scanner, Value};

/// More candidates than this nobody can have asked for.
const MAX_CANDIDATES: u32 = 1024;

/// What one candidate brought.
#[derive(Default)]
pub(in super::super) struct Candidate<'a> {
    pub(in super::super) index: Option<u32>,
    pub(in super::super) parts: Vec<Part>,
    pub(in super::super) finish: Option<String>,
    pub(in super::super) logprobs: Option<Json>,
    pub(in super::super) sources: sources::Sources<'a>,
    rest: Vec<(&'a [u8], Value<'a>)>,
}

impl<'a> Candidate<'a> {
    /// Reads each candidate of a response.
    pub(in super::super) fn each(
        candidates: Option<Value<'a>>,
        ids: &mut Ids,
        mut take: impl FnMut(u32, Self),
    ) {
        let Some(candidates) = candidates else { return };
        let mut position = 0;
        // The value was checked before: it cannot be broken.
        _ = Scanner::new(candidates.raw).items(|scanner| {
            let mut candidate = Self::default();
            let is_object = scanner.members(|scanner, key| match key {
                b"content" => candidate.content(scanner, ids),
                _ => {
                    let value = scanner.value()?;
                    candidate.member(key, value);
                    Ok(())
                }
            })?;
            if is_object {
                take(index(candidate.index.unwrap_or(position)), candidate);
                position += 1;
            }
            Ok(())
        });
    }

    fn content(&mut self, scanner: &mut Scanner<'a>, ids: &mut Ids) -> Result<(), Broken> {
        scanner.members(|scanner, key| match key {
            b"parts" => parts::read_all(scanner, ids, &mut self.parts).map(|_| ()),
            _ => scanner.value().map(|_| ()),
        })?;
        Ok(())
    }

    fn member(&mut self, key: &'a [u8], value: Value<'a>) {
        match camel(key).as_ref() {
            _ if value.is_null() => {}
            b"index" => self.index = numbers::count(&value),
            b"finishReason" => self.finish = verdict::word(value),
            name => {
                match name {
                    b"logprobsResult" => self.logprobs = logprobs::read(value),
                    b"citationMetadata" => self.sources.citations = Some(value),
                    b"groundingMetadata" => self.sources.grounding = Some(value),
                    _ => {}
                }
                self.rest.push((key, value));
            }
        }
    }

    /// What is not known here, and what is known only in part.
    pub(in super::super) fn rest(&self) -> Rest {
        if self.rest.is_empty() {
            return Rest::default();
        }
        let mut rest = Rest::of(HERE);
        self.rest.iter().for_each(|(key, value)| rest.keep(key, value.raw));
        rest
    }
}

/// An index as far as it can be one.
pub(in super::super) const fn index(index: u32) -> u32 {
    if index < MAX_CANDIDATES { index } else { MAX_CANDIDATES - 1 }
}
