//! Tokens.

use super::super::keys::{HERE, camel, has_outside, write_outside};
use super::super::numbers;
use crate::neutral::{Rest, Usage};
use crate::scan::{Scanner, Value};
use crate::write::Writer;

/// Reads `usageMetadata`: what tools of Google's read counts as read, thoughts as written.
pub(in super::super) fn read(value: Value<'_>) -> Usage {
    let mut usage = Usage { rest: Rest::of(HERE), ..Usage::default() };
    let mut total = None;
    // The value was checked before: it cannot be broken.
    _ = Scanner::new(value.raw).members(|scanner, key| {
        let value = scanner.value()?;
        let count = numbers::count(&value).unwrap_or(0);
        match camel(key).as_ref() {
            _ if value.is_null() => {}
            b"promptTokenCount" => usage.input = usage.input.saturating_add(count),
            b"toolUsePromptTokenCount" => {
                usage.input = usage.input.saturating_add(count);
                usage.rest.keep(key, value.raw);
            }
            b"cachedContentTokenCount" => usage.cached = count,
            b"candidatesTokenCount" => usage.output = usage.output.saturating_add(count),
            b"thoughtsTokenCount" => {
                usage.output = usage.output.saturating_add(count);
                usage.reasoning = count;
            }
            b"totalTokenCount" => total = Some((key, value, count)),
            _ => usage.rest.keep(key, value.raw),
        }
        Ok(())
    });
    if let Some((key, value, total)) = total
        && total != usage.input.saturating_add(usage.output)
    {
        usage.rest.keep(key, value.raw);
    }
    usage
}

/// Writes the members of `usageMetadata`.
pub(in super::super) fn write(object: &mut Writer<'_>, usage: &Usage) {
    let by_tools = usage.rest.members_for(HERE).iter().find_map(|(key, json)| {
        let is_it = camel(key.as_bytes()).as_ref() == b"toolUsePromptTokenCount";
        let value = Scanner::new(json.as_str().as_bytes()).value().ok().filter(|_| is_it)?;
        numbers::count(&value)
    });
    let some = |count: u32| (count > 0).then_some(count);
    object.value("promptTokenCount", usage.input.saturating_sub(by_tools.unwrap_or(0)));
    object.value_if("cachedContentTokenCount", some(usage.cached));
    object.value("candidatesTokenCount", usage.output.saturating_sub(usage.reasoning));
    object.value_if("thoughtsTokenCount", some(usage.reasoning));
    if !has_outside(&usage.rest, "totalTokenCount") {
        object.value("totalTokenCount", usage.input.saturating_add(usage.output));
    }
    write_outside(object, &usage.rest);
}
