//! Stop reasons and token counts, in this dialect's words and in shared ones.

use super::HERE;
use crate::dialect::members::Members;
use crate::neutral::{Choice, Part, Rest, Stop, StopReason, Usage};
use crate::scan::Value;
use crate::write::Writer;

/// The dialect's word for each reason; the first of a reason or word counts.
const REASONS: [(StopReason, &str); 9] = [
    (StopReason::Done, "end_turn"),
    (StopReason::Length, "max_tokens"),
    (StopReason::Sequence, "stop_sequence"),
    (StopReason::ToolCalls, "tool_use"),
    (StopReason::Paused, "pause_turn"),
    (StopReason::Refused, "refusal"),
    (StopReason::Filtered, "refusal"),
    (StopReason::ContextFull, "model_context_window_exceeded"),
    (StopReason::Other, "end_turn"),
];

/// Why an answer ended.
pub(super) fn stop(word: String, sequence: Option<String>) -> Stop {
    let known = REASONS.iter().find(|(_, known)| *known == word);
    let reason = known.map_or(StopReason::Other, |(reason, _)| *reason);
    Stop { reason, sequence, word: Some((HERE, word)) }
}

/// The word for why an answer ended, which may have called tools or refused.
pub(super) fn stop_word(stop: Option<&Stop>, has_calls: bool, has_refused: bool) -> &str {
    let Some(stop) = stop else { return if has_calls { "tool_use" } else { "end_turn" } };
    if let Some(word) = stop.word_of(HERE) {
        return word;
    }
    let is_done = stop.reason == StopReason::Done;
    let reason = match (has_refused, has_calls) {
        (true, _) if is_done => StopReason::Refused,
        (_, true) if is_done => StopReason::ToolCalls,
        (_, _) => stop.reason,
    };
    REASONS.iter().find(|(known, _)| *known == reason).map_or("end_turn", |(_, word)| word)
}

/// Whether a choice calls tools, and whether it refuses.
pub(super) fn told(choice: &Choice) -> (bool, bool) {
    let has = |wanted: fn(&Part) -> bool| choice.parts.iter().any(wanted);
    (has(|part| matches!(part, Part::ToolCall(_))), has(|part| matches!(part, Part::Refusal(_))))
}

/// Token counts as the dialect writes them, put together from several events.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    /// Neither from a cache nor written to one.
    fresh: u32,
    cached: u32,
    cache_written: u32,
    output: u32,
    reasoning: u32,
    rest: Rest,
}

impl Tokens {
    /// Takes over what a `usage` object says.
    pub(super) fn read(&mut self, value: Value<'_>) {
        let Some(members) = Members::of_object(value) else { return };
        let count = |key, slot: &mut u32| {
            *slot = members.find(key).and_then(|value| value.count()).unwrap_or(*slot);
        };
        count("input_tokens", &mut self.fresh);
        count("cache_read_input_tokens", &mut self.cached);
        count("cache_creation_input_tokens", &mut self.cache_written);
        count("output_tokens", &mut self.output);
        let details = members.find("output_tokens_details").and_then(Members::of_object);
        let thoughts = details.and_then(|details| details.find("thinking_tokens")?.count());
        self.reasoning = thoughts.unwrap_or(self.reasoning);
        let news = members.others(
            HERE,
            &[
                "input_tokens",
                "cache_read_input_tokens",
                "cache_creation_input_tokens",
                "output_tokens",
                "output_tokens_details",
            ],
        );
        self.rest = merged(&self.rest, news);
    }

    /// In shared words.
    pub(super) fn usage(&self) -> Usage {
        Usage {
            input: self.fresh.saturating_add(self.cached).saturating_add(self.cache_written),
            cached: self.cached,
            cache_written: self.cache_written,
            output: self.output,
            reasoning: self.reasoning,
            rest: self.rest.clone(),
        }
    }
}

/// What was known with what is new.
fn merged(known: &Rest, news: Rest) -> Rest {
    if known.is_empty() || news.is_empty() {
        return if news.is_empty() { known.clone() } else { news };
    }
    let mut all = Rest::of(HERE);
    let fresh = news.members_for(HERE);
    let is_old = |key: &str| !fresh.iter().any(|(new, _)| &**new == key);
    let old = known.members_for(HERE).iter().filter(|(key, _)| is_old(key));
    for (key, json) in old.chain(fresh) {
        all.keep(key.as_bytes(), json.as_str().as_bytes());
    }
    all
}

/// Writes token counts as a member.
pub(super) fn write_usage(writer: &mut Writer<'_>, usage: Option<&Usage>) {
    let none = Usage::default();
    let usage = usage.unwrap_or(&none);
    writer.key("usage").object(|writer| {
        let from_cache = usage.cached.saturating_add(usage.cache_written);
        writer.value("input_tokens", usage.input.saturating_sub(from_cache));
        writer.value("cache_creation_input_tokens", usage.cache_written);
        writer.value("cache_read_input_tokens", usage.cached);
        writer.value("output_tokens", usage.output);
        if usage.reasoning > 0 {
            let details = |writer: &mut Writer<'_>| {
                writer.value("thinking_tokens", usage.reasoning);
            };
            writer.key("output_tokens_details").object(details);
        }
        writer.rest(&usage.rest, HERE);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_map_both_ways() {
        for (reason, word) in REASONS {
            assert_eq!(stop_word(Some(&Stop::of(reason)), false, false), word);
        }
        for (word, reason) in [
            ("end_turn", StopReason::Done),
            ("refusal", StopReason::Refused),
            ("tool_use", StopReason::ToolCalls),
            ("something_new", StopReason::Other),
        ] {
            let read = stop(word.to_owned(), None);
            assert_eq!(read.reason, reason);
            assert_eq!(stop_word(Some(&read), true, true), word, "the own word comes back");
        }
        assert_eq!(stop_word(None, true, false), "tool_use");
        assert_eq!(stop_word(Some(&Stop::of(StopReason::Done)), false, true), "refusal");
    }
}
