//! What a Claude model takes, as far as its name tells, whichever dialect it is asked in.
//!
//! Its parameters changed with the models: 4.6 brought thinking that is steered by effort
//! and ended prefill, 4.7 ended sampling parameters and budgets, 5.0 thinks unless told not to,
//! and some models cannot be told. State: 2026-11, the official guides for each of these models.

/// What every name of one holds.
const NAME: &str = "claude";

/// Whether a model is one, as far as its name tells.
pub(crate) fn is_one(model: &str) -> bool {
    model.to_ascii_lowercase().contains(NAME)
}

/// A Claude model's generation; of a name that tells nothing, `None` everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation {
    family: Family,
    version: Option<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Opus,
    Sonnet,
    Haiku,
    /// Models that always think.
    Restless,
    Other,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinks {
    /// It cannot.
    Never,
    /// With a budget of tokens.
    Budget,
    /// By effort.
    Effort,
}

/// How a model is told not to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// By saying nothing.
    Unasked,
    /// With a configuration of this type.
    Type(&'static str),
    /// It cannot be told.
    Impossible,
}

impl Generation {
    /// By name, whatever a platform writes before or behind it; any other model is one of which
    /// nothing is known.
    pub(crate) fn of(model: &str) -> Self {
        let model = model.to_ascii_lowercase();
        let Some(at) = model.rfind(NAME) else {
            return Self { family: Family::Other, version: None };
        };
        let name = model.get(at..).unwrap_or_default();
        let mut family = Family::Other;
        let mut numbers = Vec::new();
        for word in name.split(|letter: char| !letter.is_ascii_alphanumeric()) {
            match word {
                "opus" => family = Family::Opus,
                "sonnet" => family = Family::Sonnet,
                "haiku" => family = Family::Haiku,
                "fable" | "mythos" => family = Family::Restless,
                "instant" => numbers.push(1),
                // Longer numbers are dates.
                _ if word.len() <= 2 => numbers.extend(word.parse::<u32>()),
                _ => {}
            }
        }
        let mut numbers = numbers.into_iter();
        let preview = (family == Family::Restless).then_some((5, 0));
        let version = numbers.next().map(|major| (major, numbers.next().unwrap_or(0)));
        Self { family, version: version.or(preview) }
    }

    fn is_since(self, major: u32, minor: u32) -> bool {
        self.version.is_some_and(|version| version >= (major, minor))
    }

    /// How it is told to think.
    pub(crate) fn thinks(self) -> Thinks {
        match self.version {
            Some(version) if version < (3, 7) => Thinks::Never,
            Some(version) if version >= (4, 6) => Thinks::Effort,
            Some(_) | None => Thinks::Budget,
        }
    }

    /// How it is told not to think.
    pub(crate) fn quiet(self) -> Quiet {
        match self.family {
            Family::Restless => Quiet::Impossible,
            Family::Opus if self.is_since(5, 5) => Quiet::Impossible,
            Family::Sonnet if self.is_since(5, 5) => Quiet::Type("between_tools"),
            Family::Opus | Family::Sonnet | Family::Haiku | Family::Other => {
                if self.is_since(5, 0) { Quiet::Type("disabled") } else { Quiet::Unasked }
            }
        }
    }

    /// Whether temperature and its kin may be set at all.
    pub(crate) fn takes_sampling(self) -> bool {
        !self.is_since(4, 7)
    }

    /// Whether temperature and `top_p` may be set together.
    pub(crate) fn takes_both_samplers(self) -> bool {
        !self.is_since(4, 1)
    }

    /// Whether it goes on from the beginning of an answer; known of older models only.
    pub(crate) fn takes_prefill(self) -> bool {
        self.version.is_some_and(|version| version < (4, 6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_generation() {
        let version = |model| Generation::of(model).version;
        for (model, expected) in [
            ("claude-3-5-haiku-20241022", Some((3, 5))),
            ("claude-sonnet-4-20250514", Some((4, 0))),
            ("eu.seller.claude-opus-4-6-v1", Some((4, 6))),
            ("seller/claude-4.7-opus", Some((4, 7))),
            ("claude-opus-4-5@20251101", Some((4, 5))),
            ("claude-haiku-5-5", Some((5, 5))),
            ("claude-mythos-preview", Some((5, 0))),
            ("claude-sonnet-latest", None),
            ("deepseek-v4", None),
        ] {
            assert_eq!(version(model), expected, "{model}");
        }
    }

    #[test]
    fn generations_differ_in_what_they_take() {
        let row = |model| {
            let model = Generation::of(model);
            (model.thinks(), model.quiet(), model.takes_sampling(), model.takes_prefill())
        };
        let disabled = Quiet::Type("disabled");
        for (model, expected) in [
            ("claude-3-opus-20240229", (Thinks::Never, Quiet::Unasked, true, true)),
            ("claude-sonnet-4-5", (Thinks::Budget, Quiet::Unasked, true, true)),
            ("claude-sonnet-4-6", (Thinks::Effort, Quiet::Unasked, true, false)),
            ("claude-opus-4-8", (Thinks::Effort, Quiet::Unasked, false, false)),
            ("claude-opus-5", (Thinks::Effort, disabled, false, false)),
            ("claude-sonnet-5-5", (Thinks::Effort, Quiet::Type("between_tools"), false, false)),
            ("claude-opus-5-5", (Thinks::Effort, Quiet::Impossible, false, false)),
            ("claude-fable-5", (Thinks::Effort, Quiet::Impossible, false, false)),
            ("kimi-k3", (Thinks::Budget, Quiet::Unasked, true, false)),
        ] {
            assert_eq!(row(model), expected, "{model}");
        }
    }
}
