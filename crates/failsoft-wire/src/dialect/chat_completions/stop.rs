//! Why an answer ended: `finish_reason`.

use crate::dialect::chat_completions::kept::OWN;
use crate::neutral::{Stop, StopReason};
use crate::scan::Value;

/// What a finish reason means. `has_calls`: the answer asks for tools. `sequence` is a member some
/// servers add: the text that ended it.
pub(super) fn stop(word: Value<'_>, has_calls: bool, sequence: Option<Value<'_>>) -> Option<Stop> {
    let word = word.meaning().filter(|word| !word.is_empty())?;
    let sequence = sequence.and_then(Value::meaning).filter(|_| word == "stop");
    let reason = match word.as_str() {
        "stop" if sequence.is_some() => StopReason::Sequence,
        // A forced call ends so, too.
        "stop" | "end_turn" | "eos" if has_calls => StopReason::ToolCalls,
        "stop" | "end_turn" | "eos" => StopReason::Done,
        "length" | "max_tokens" => StopReason::Length,
        "model_length" => StopReason::ContextFull,
        "tool_calls" | "function_call" | "tool_use" => StopReason::ToolCalls,
        "stop_sequence" => StopReason::Sequence,
        "content_filter" => StopReason::Filtered,
        "refusal" => StopReason::Refused,
        _ => StopReason::Other,
    };
    Some(Stop { reason, sequence, word: Some((OWN, word)) })
}

/// The finish reason for an end.
pub(super) fn word(stop: Option<&Stop>) -> &str {
    let Some(stop) = stop else { return "stop" };
    match stop.word_of(OWN) {
        Some(word) => word,
        None => match stop.reason {
            StopReason::Length | StopReason::ContextFull => "length",
            StopReason::ToolCalls => "tool_calls",
            StopReason::Filtered | StopReason::Refused => "content_filter",
            StopReason::Done | StopReason::Sequence | StopReason::Paused | StopReason::Other => {
                "stop"
            }
        },
    }
}
