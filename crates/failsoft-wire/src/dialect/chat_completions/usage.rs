//! Tokens, counted this dialect's way and in one meaning for all.

use crate::dialect::chat_completions::kept::{self, OWN, is_marked, keep, keep_inside, mark};
use crate::neutral::{Rest, Usage};
use crate::scan::Value;
use crate::write::Writer;

const INPUT: &str = "prompt_tokens_details";
const OUTPUT: &str = "completion_tokens_details";

/// Reads a `usage` object.
pub(super) fn usage(value: Value<'_>) -> Option<Usage> {
    if !value.is_object() {
        return None;
    }
    let mut usage = Usage::default();
    let (mut total, mut hit, mut details) = (None, None, (None, None));
    value.members(|key, value| {
        let count = value.count();
        match (key, count) {
            (b"prompt_tokens", Some(count)) => usage.input = count,
            (b"completion_tokens", Some(count)) => usage.output = count,
            (b"total_tokens", Some(count)) => total = Some(count),
            (b"prompt_tokens_details", None) if value.is_object() => details.0 = Some(value),
            (b"completion_tokens_details", None) if value.is_object() => details.1 = Some(value),
            (b"prompt_cache_hit_tokens" | b"num_cached_tokens", Some(count)) => {
                hit = Some(count);
                keep(&mut usage.rest, key, value);
            }
            _ if value.is_null() => {}
            _ => keep(&mut usage.rest, key, value),
        }
    });
    if let Some(value) = details.0 {
        read_input(&mut usage, value);
    }
    if let Some(value) = details.1 {
        read_output(&mut usage, value);
    }
    if usage.cached == 0 {
        usage.cached = hit.unwrap_or(0);
    }
    settle(&mut usage, total);
    Some(usage)
}

fn read_input(usage: &mut Usage, value: Value<'_>) {
    let mut inside = Rest::default();
    value.members(|key, value| match (key, value.count()) {
        (b"cached_tokens", Some(count)) => usage.cached = count,
        (b"cache_write_tokens", Some(count)) => {
            usage.cache_written = count;
            mark(&mut usage.rest, "cache_write_tokens");
        }
        _ if value.is_null() => {}
        _ => keep(&mut inside, key, value),
    });
    keep_inside(&mut usage.rest, INPUT, &inside);
    mark(&mut usage.rest, INPUT);
}

fn read_output(usage: &mut Usage, value: Value<'_>) {
    let mut inside = Rest::default();
    value.members(|key, value| match (key, value.count()) {
        (b"reasoning_tokens", Some(count)) => usage.reasoning = count,
        _ if value.is_null() => {}
        _ => keep(&mut inside, key, value),
    });
    keep_inside(&mut usage.rest, OUTPUT, &inside);
    mark(&mut usage.rest, OUTPUT);
}

/// Some servers count thoughts beside the answer: the total tells.
fn settle(usage: &mut Usage, total: Option<u32>) {
    let sum = usage.input.saturating_add(usage.output);
    let more = sum.saturating_add(usage.reasoning);
    if usage.reasoning > 0 && total == Some(more) || usage.reasoning > usage.output {
        usage.output = usage.output.saturating_add(usage.reasoning);
        mark(&mut usage.rest, "apart");
    }
    if usage.cached > usage.input {
        // And some leave out what came from a cache.
        usage.input = usage.input.saturating_add(usage.cached);
        mark(&mut usage.rest, "uncached");
    }
    match total {
        Some(total) if total != usage.input.saturating_add(usage.output) => {
            let total = total.to_string();
            let value = Value { raw: total.as_bytes(), start: 0 };
            keep(&mut usage.rest, b"total_tokens", value);
        }
        Some(_) | None => {}
    }
    if !usage.rest.is_of(OWN) {
        usage.rest = Rest::of(OWN);
    }
}

/// Writes a `usage` object.
pub(super) fn write_usage(out: &mut Writer<'_>, usage: &Usage) {
    let rest = &usage.rest;
    let is_own = rest.is_of(OWN);
    out.object(|object| {
        let elsewhere = if is_marked(rest, "uncached") { usage.cached } else { 0 };
        object.value("prompt_tokens", usage.input.saturating_sub(elsewhere));
        let apart = if is_marked(rest, "apart") { usage.reasoning } else { 0 };
        object.value("completion_tokens", usage.output.saturating_sub(apart));
        if kept::kept(rest, "total_tokens").is_none() {
            object.value("total_tokens", usage.input.saturating_add(usage.output));
        }
        if !is_own || is_marked(rest, INPUT) {
            object.key(INPUT).object(|details| {
                details.value("cached_tokens", usage.cached);
                if usage.cache_written > 0 || is_marked(rest, "cache_write_tokens") {
                    details.value("cache_write_tokens", usage.cache_written);
                }
                kept::write_inside(details, rest, INPUT);
            });
        }
        if !is_own || is_marked(rest, OUTPUT) {
            object.key(OUTPUT).object(|details| {
                details.value("reasoning_tokens", usage.reasoning);
                kept::write_inside(details, rest, OUTPUT);
            });
        }
        object.rest_but(rest, OWN, &[INPUT, OUTPUT]);
    });
}
