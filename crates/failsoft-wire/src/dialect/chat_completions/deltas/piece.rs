//! What one entry of a chunk's `choices` brings.

use crate::scan::{Broken, Scanner, Value};

/// The members that say something; those that are null are left out.
#[derive(Default)]
pub(super) struct Piece<'a> {
    pub(super) index: Option<u32>,
    pub(super) finish: Option<Value<'a>>,
    pub(super) sequence: Option<Value<'a>>,
    pub(super) logprobs: Option<Value<'a>>,
    pub(super) usage: Option<Value<'a>>,
    pub(super) content: Option<Value<'a>>,
    pub(super) refusal: Option<Value<'a>>,
    pub(super) reasoning_content: Option<Value<'a>>,
    pub(super) reasoning: Option<Value<'a>>,
    pub(super) reasoning_details: Option<Value<'a>>,
    pub(super) tool_calls: Option<Value<'a>>,
    pub(super) function_call: Option<Value<'a>>,
    pub(super) annotations: Option<Value<'a>>,
    pub(super) images: Option<Value<'a>>,
}

impl<'a> Piece<'a> {
    /// Takes one member.
    pub(super) fn read(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        if matches!(key, b"delta" | b"message") {
            scanner.members(|scanner, key| {
                let value = scanner.value()?;
                self.said(key, value);
                Ok(())
            })?;
            return Ok(());
        }
        let value = scanner.value()?;
        if value.is_null() {
            return Ok(());
        }
        match key {
            b"index" => self.index = value.count(),
            b"finish_reason" => self.finish = Some(value),
            b"stop_reason" => self.sequence = Some(value),
            b"logprobs" => self.logprobs = Some(value).filter(Value::is_object),
            b"usage" => self.usage = Some(value).filter(Value::is_object),
            _ => {}
        }
        Ok(())
    }

    fn said(&mut self, key: &[u8], value: Value<'a>) {
        let slot = match key {
            b"content" => &mut self.content,
            b"refusal" => &mut self.refusal,
            b"reasoning_content" => &mut self.reasoning_content,
            b"reasoning" => &mut self.reasoning,
            b"reasoning_details" => &mut self.reasoning_details,
            b"tool_calls" => &mut self.tool_calls,
            b"function_call" => &mut self.function_call,
            b"annotations" => &mut self.annotations,
            b"images" => &mut self.images,
            _ => return,
        };
        *slot = Some(value).filter(Value::is_full);
    }
}
