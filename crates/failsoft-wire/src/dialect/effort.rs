//! How much a model thinks, in the words dialects have for it.

use crate::neutral::Effort;

/// What a word means. Dialects differ in which of them they know, not in what they mean.
pub(super) fn read(word: &[u8]) -> Option<Effort> {
    Some(match word {
        b"none" => Effort::None,
        b"minimal" => Effort::Minimal,
        b"low" => Effort::Low,
        b"medium" => Effort::Medium,
        b"high" => Effort::High,
        b"xhigh" | b"max" => Effort::Max,
        _ => return None,
    })
}

/// The word for models that have one for each step.
pub(super) const fn fine_word(effort: Effort) -> &'static str {
    match effort {
        Effort::None => "none",
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::Max => "xhigh",
    }
}

/// The word for Claude and for models that know no others; they have none for less than a little.
pub(super) const fn claude_word(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::Max => "max",
    }
}
