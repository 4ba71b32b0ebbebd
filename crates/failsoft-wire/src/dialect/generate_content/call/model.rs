//! What a model's name says of what its API takes.

use crate::neutral::Effort;

/// Gemini's generations, as far as calls to them differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// Before 2.5: they do not think.
    Unthinking,
    /// 2.5: thoughts are bounded in tokens.
    Budgeted,
    /// 3 and later: thoughts are bounded in words, and calls must carry their signatures.
    Sealing,
    /// No Gemini, or none that says which.
    Unknown,
}

impl Generation {
    /// Of a model's name, with or without the path before it.
    pub(super) fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        let Some(version) = name.strip_prefix("gemini-") else { return Self::Unknown };
        if version.ends_with("-latest")
            && !version.starts_with(|first: char| first.is_ascii_digit())
        {
            return Self::Sealing;
        }
        let mut numbers = version.split(|char: char| !char.is_ascii_digit());
        let major: Option<u32> = numbers.next().and_then(|major| major.parse().ok());
        let minor: u32 = numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0);
        match major {
            Some(3..) => Self::Sealing,
            Some(2) if minor >= 5 => Self::Budgeted,
            Some(_) => Self::Unthinking,
            None => Self::Unknown,
        }
    }
}

fn is_pro(model: &str) -> bool {
    model.contains("-pro")
}

/// The thinking level nearest to an effort that this model takes: the larger models have no
/// lowest one, and the first of them no middle one.
pub(super) fn level(effort: Effort, model: &str) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal if is_pro(model) => "LOW",
        Effort::None | Effort::Minimal => "MINIMAL",
        Effort::Low => "LOW",
        Effort::Medium if model.contains("gemini-3-pro") => "HIGH",
        Effort::Medium => "MEDIUM",
        Effort::High | Effort::Max => "HIGH",
    }
}

/// The thinking budget nearest to a wish that this model takes. Of models whose bounds are not
/// known, the wish itself.
pub(super) fn budget(tokens: u32, model: &str) -> u32 {
    match Generation::of(model) {
        Generation::Budgeted | Generation::Sealing if is_pro(model) => tokens.clamp(128, 32_768),
        Generation::Budgeted | Generation::Sealing => tokens.min(24_576),
        Generation::Unthinking | Generation::Unknown => tokens,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_generation() {
        for (model, generation) in [
            ("gemini-3-pro-preview", Generation::Sealing),
            ("models/gemini-3.1-flash", Generation::Sealing),
            ("publishers/google/models/gemini-4-argon", Generation::Sealing),
            ("google/gemini-10", Generation::Sealing),
            ("gemini-flash-latest", Generation::Sealing),
            ("gemini-2.5-flash-lite", Generation::Budgeted),
            ("gemini-2.0-flash-001", Generation::Unthinking),
            ("gemini-1.5-pro-latest", Generation::Unthinking),
            ("gemini-2", Generation::Unthinking),
            ("gemma-3-27b-it", Generation::Unknown),
            ("gemini-exp", Generation::Unknown),
            ("", Generation::Unknown),
        ] {
            assert_eq!(Generation::of(model), generation, "{model}");
        }
    }
}
