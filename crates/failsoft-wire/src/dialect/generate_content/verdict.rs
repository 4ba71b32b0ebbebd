//! What the words for an end are worth.

use crate::neutral::{Stop, StopReason};
use crate::scan::Value;

use super::keys::HERE;

/// Why a candidate ended, as far as a verdict on it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// The model was done.
    Whole,
    /// The bound on tokens was met: it may be short, or empty.
    Stopped,
    /// More is to be had, by a further request.
    Paused,
    /// A filter stopped it, or the model failed.
    Broken,
}

/// The words, the numbers some clients ask for instead, and what they mean.
const REASONS: [(&str, &str, Finish, StopReason); 23] = [
    ("STOP", "1", Finish::Whole, StopReason::Done),
    ("MAX_TOKENS", "2", Finish::Stopped, StopReason::Length),
    ("SAFETY", "3", Finish::Broken, StopReason::Filtered),
    ("RECITATION", "4", Finish::Broken, StopReason::Filtered),
    ("CONTINUATION", "", Finish::Paused, StopReason::Paused),
    ("LANGUAGE", "", Finish::Broken, StopReason::Filtered),
    ("BLOCKLIST", "", Finish::Broken, StopReason::Filtered),
    ("PROHIBITED_CONTENT", "", Finish::Broken, StopReason::Filtered),
    ("SPII", "", Finish::Broken, StopReason::Filtered),
    ("ESCALATION", "", Finish::Broken, StopReason::Filtered),
    ("MODEL_ARMOR", "", Finish::Broken, StopReason::Filtered),
    ("IMAGE_SAFETY", "", Finish::Broken, StopReason::Filtered),
    ("IMAGE_PROHIBITED_CONTENT", "", Finish::Broken, StopReason::Filtered),
    ("IMAGE_RECITATION", "", Finish::Broken, StopReason::Filtered),
    ("IMAGE_OTHER", "", Finish::Broken, StopReason::Other),
    ("NO_IMAGE", "", Finish::Broken, StopReason::Other),
    ("OTHER", "5", Finish::Broken, StopReason::Other),
    ("MALFORMED_FUNCTION_CALL", "", Finish::Broken, StopReason::Other),
    ("MALFORMED_RESPONSE", "", Finish::Broken, StopReason::Other),
    ("UNEXPECTED_TOOL_CALL", "", Finish::Broken, StopReason::Other),
    ("TOO_MANY_TOOL_CALLS", "", Finish::Broken, StopReason::Other),
    ("MISSING_THOUGHT_SIGNATURE", "", Finish::Broken, StopReason::Other),
    ("PUP_LIMITED_DISABLED", "", Finish::Broken, StopReason::Other),
];

/// A finish reason's word: numbers are translated, and the one for "not said" is none.
pub(super) fn word(value: Value<'_>) -> Option<String> {
    let word = match value.text() {
        Some(_) => value.string()?,
        None if value.is_null() => return None,
        None => std::str::from_utf8(value.raw).ok()?.to_owned(),
    };
    let is_said = !matches!(word.as_str(), "" | "0" | "FINISH_REASON_UNSPECIFIED");
    let known = REASONS.iter().find(|(_, number, ..)| *number == word);
    is_said.then(|| known.map_or(word, |(name, ..)| (*name).to_owned()))
}

/// What a word means for the verdict. One that is new counts as an end like any other, but a number
/// that is not known is hardly an honest end: those have the lowest.
pub(super) fn finish(word: &str) -> Finish {
    let known = REASONS.iter().find(|(name, ..)| *name == word).map(|(_, _, finish, _)| *finish);
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    known.unwrap_or(if is_number { Finish::Broken } else { Finish::Whole })
}

/// The neutral reason. A candidate that asks for tools says only that it is done.
pub(super) fn stop(word: String, asks_for_tools: bool) -> Stop {
    let known = REASONS.iter().find(|(name, ..)| *name == word);
    let mut reason = known.map_or(StopReason::Other, |(.., reason)| *reason);
    if reason == StopReason::Done && asks_for_tools {
        reason = StopReason::ToolCalls;
    }
    Stop { reason, sequence: None, word: Some((HERE, word)) }
}

/// The word for a neutral reason.
pub(super) fn word_of(stop: &Stop) -> &str {
    if let Some(word) = stop.word_of(HERE) {
        return word;
    }
    match stop.reason {
        StopReason::Done | StopReason::ToolCalls | StopReason::Sequence | StopReason::Paused => {
            "STOP"
        }
        StopReason::Length | StopReason::ContextFull => "MAX_TOKENS",
        StopReason::Filtered | StopReason::Refused => "SAFETY",
        StopReason::Other => "OTHER",
    }
}
