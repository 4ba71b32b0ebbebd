//! A response, whole or one of a stream.

use super::super::keys::{HERE, camel};
use crate::neutral::Rest;
use crate::scan::{Broken, Scanner, Value};

/// The members at the top.
pub(in super::super) struct Chunk<'a> {
    pub(in super::super) candidates: Option<Value<'a>>,
    pub(in super::super) usage: Option<Value<'a>>,
    pub(in super::super) is_blocked: bool,
    id: Option<Value<'a>>,
    model: Option<Value<'a>>,
    rest: Vec<(&'a [u8], Value<'a>)>,
}

impl<'a> Chunk<'a> {
    /// Reads one; `None` if it is no object.
    pub(in super::super) fn read(data: &'a [u8]) -> Result<Option<Self>, Broken> {
        let mut chunk = Self {
            candidates: None,
            usage: None,
            is_blocked: false,
            id: None,
            model: None,
            rest: Vec::new(),
        };
        let mut scanner = Scanner::new(data);
        let is_object = scanner.members(|scanner, key| {
            let value = scanner.value()?;
            match camel(key).as_ref() {
                _ if value.is_null() => {}
                b"candidates" => chunk.candidates = Some(value),
                b"usageMetadata" => chunk.usage = Some(value),
                b"responseId" => chunk.id = Some(value),
                b"modelVersion" => chunk.model = Some(value),
                name => {
                    chunk.is_blocked |= name == b"promptFeedback";
                    chunk.rest.push((key, value));
                }
            }
            Ok(())
        })?;
        scanner.end()?;
        Ok(is_object.then_some(chunk))
    }

    pub(in super::super) fn id(&self) -> Option<String> {
        self.id.and_then(|id| id.string()).filter(|id| !id.is_empty())
    }

    pub(in super::super) fn model(&self) -> Option<String> {
        self.model.and_then(|model| model.string()).filter(|model| !model.is_empty())
    }

    /// What is not known here.
    pub(in super::super) fn rest(&self) -> Rest {
        let mut rest = Rest::of(HERE);
        self.rest.iter().for_each(|(key, value)| rest.keep(key, value.raw));
        rest
    }
}
