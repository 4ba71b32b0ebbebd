//! One kind of part out of all.

use crate::neutral::{Media, Part, ToolCall, ToolResult};

/// The words of a text.
pub(crate) fn text_of(part: &Part) -> Option<&str> {
    let Part::Text { text, .. } = part else { return None };
    Some(text)
}

/// The words of a refusal.
pub(crate) fn refusal_of(part: &Part) -> Option<&str> {
    let Part::Refusal(text) = part else { return None };
    Some(text)
}

/// A medium.
pub(crate) fn media_of(part: &Part) -> Option<&Media> {
    let Part::Media(media) = part else { return None };
    Some(media)
}

/// A tool call.
pub(crate) fn call_of(part: &Part) -> Option<&ToolCall> {
    let Part::ToolCall(call) = part else { return None };
    Some(call)
}

/// A tool's result.
pub(crate) fn result_of(part: &Part) -> Option<&ToolResult> {
    let Part::ToolResult(result) = part else { return None };
    Some(result)
}
