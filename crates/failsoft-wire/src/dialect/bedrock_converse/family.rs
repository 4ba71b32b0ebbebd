//! Whose model it is: what `additionalModelRequestFields` may hold depends on it.

/// A family of models, by the model's id. Ids that do not say it (profiles of one's own) are
/// [`Family::Other`]: nothing is sent that only some models take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Anthropic's, in this version.
    Claude(Version),
    /// Amazon's first Nova models.
    Nova,
    /// Amazon's second Nova models.
    Nova2,
    /// OpenAI's open models.
    GptOss,
    Other,
}

/// Major and minor.
pub(super) type Version = (u8, u8);

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThinkingForm {
    /// By a number of tokens.
    Budget,
    /// By an effort; it decides itself.
    Adaptive,
    /// By the parameter of OpenAI's models.
    ReasoningEffort,
    /// By the parameter of Nova models.
    ReasoningConfig,
    /// Not at all.
    None,
}

impl Family {
    pub(super) fn of(model: &str) -> Self {
        if let Some((_, name)) = model.split_once("claude-") {
            return Self::Claude(version(name));
        }
        match model {
            _ if model.contains("amazon.nova-2-") => Self::Nova2,
            _ if model.contains("amazon.nova-") => Self::Nova,
            _ if model.contains("openai.gpt-oss") => Self::GptOss,
            _ => Self::Other,
        }
    }

    pub(super) const fn thinking(self) -> ThinkingForm {
        match self {
            Self::Claude((5.., _) | (4, 6..)) => ThinkingForm::Adaptive,
            Self::Claude((4, _) | (3, 7..)) => ThinkingForm::Budget,
            Self::Nova2 => ThinkingForm::ReasoningConfig,
            Self::GptOss => ThinkingForm::ReasoningEffort,
            Self::Claude(_) | Self::Nova | Self::Other => ThinkingForm::None,
        }
    }

    /// Whether temperature and the like are an error, whatever their values.
    pub(super) const fn samples_alone(self) -> bool {
        matches!(self, Self::Claude((5.., _) | (4, 7..)))
    }

    /// Whether temperature and `topP` are an error when both are given.
    pub(super) const fn takes_one_of_temperature_and_top_p(self) -> bool {
        matches!(self, Self::Claude((4, 1..)))
    }
}

/// The version in a Claude model's name behind `claude-`: `3-7-sonnet-20250219-v1:0`,
/// `sonnet-4-20250514-v1:0`, `opus-5-5`. Names without one are as new as can be, but for those of
/// the first models.
fn version(name: &str) -> Version {
    if name.starts_with("instant") || name.starts_with('v') {
        return (2, 0);
    }
    let mut numbers = name
        .split('-')
        .skip_while(|word| word.parse::<u8>().is_err())
        .map_while(|word| word.parse::<u8>().ok());
    let major = numbers.next().unwrap_or(u8::MAX);
    (major, numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_id_tells_the_family() {
        for (model, family) in [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Family::Claude((4, 5))),
            ("anthropic.claude-3-7-sonnet-20250219-v1:0", Family::Claude((3, 7))),
            ("anthropic.claude-3-sonnet-20240229-v1:0", Family::Claude((3, 0))),
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", Family::Claude((4, 0))),
            ("us.anthropic.claude-sonnet-4-6", Family::Claude((4, 6))),
            ("global.anthropic.claude-opus-4-6-v1", Family::Claude((4, 6))),
            ("us.anthropic.claude-sonnet-5", Family::Claude((5, 0))),
            ("anthropic.claude-haiku-5-5", Family::Claude((5, 5))),
            ("anthropic.claude-mythos-preview", Family::Claude((u8::MAX, 0))),
            ("anthropic.claude-v2:1", Family::Claude((2, 0))),
            ("anthropic.claude-instant-v1", Family::Claude((2, 0))),
            ("us.amazon.nova-lite-v1:0", Family::Nova),
            ("us.amazon.nova-2-lite-v1:0", Family::Nova2),
            ("openai.gpt-oss-120b-1:0", Family::GptOss),
            ("us.deepseek.r1-v1:0", Family::Other),
            ("arn:aws:bedrock:us-east-1:1:application-inference-profile/x", Family::Other),
        ] {
            assert_eq!(Family::of(model), family, "{model}");
        }
    }
}
