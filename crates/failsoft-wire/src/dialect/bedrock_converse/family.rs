//! Whose model it is: what `additionalModelRequestFields` may hold depends on it.

use crate::dialect::claude::{self, Generation, Quiet, Thinks};

/// A family of models, by the model's id. Ids that do not say it (profiles of one's own) are
/// [`Family::Other`]: nothing is sent that only some models take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Anthropic's, of this generation.
    Claude(Generation),
    /// Amazon's first Nova models.
    Nova,
    /// Amazon's second Nova models.
    Nova2,
    /// OpenAI's open models.
    GptOss,
    Other,
}

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
        match model {
            _ if claude::is_one(model) => Self::Claude(Generation::of(model)),
            _ if model.contains("amazon.nova-2-") => Self::Nova2,
            _ if model.contains("amazon.nova-") => Self::Nova,
            _ if model.contains(".gpt-oss") => Self::GptOss,
            _ => Self::Other,
        }
    }

    pub(super) fn thinking(self) -> ThinkingForm {
        match self {
            Self::Claude(generation) => match generation.thinks() {
                Thinks::Effort => ThinkingForm::Adaptive,
                Thinks::Budget => ThinkingForm::Budget,
                Thinks::Never => ThinkingForm::None,
            },
            Self::Nova2 => ThinkingForm::ReasoningConfig,
            Self::GptOss => ThinkingForm::ReasoningEffort,
            Self::Nova | Self::Other => ThinkingForm::None,
        }
    }

    /// How it is told not to think.
    pub(super) fn quiet(self) -> Quiet {
        match self {
            Self::Claude(generation) => generation.quiet(),
            Self::GptOss => Quiet::Impossible,
            Self::Nova | Self::Nova2 | Self::Other => Quiet::Unasked,
        }
    }

    /// Whether it goes on from the beginning of an answer, as far as anyone can tell.
    pub(super) fn takes_prefill(self) -> bool {
        match self {
            Self::Claude(generation) => generation.takes_prefill(),
            Self::Nova | Self::Nova2 | Self::GptOss | Self::Other => true,
        }
    }

    /// Whether it cannot be forced to call a tool, because it cannot stop thinking.
    pub(super) fn cannot_be_forced(self) -> bool {
        matches!(self, Self::Claude(_)) && self.quiet() == Quiet::Impossible
    }

    /// Whether temperature and the like are an error, whatever their values.
    pub(super) fn samples_alone(self) -> bool {
        matches!(self, Self::Claude(generation) if !generation.takes_sampling())
    }

    /// Whether temperature and `topP` are an error when both are given.
    pub(super) fn takes_one_of_temperature_and_top_p(self) -> bool {
        matches!(self, Self::Claude(generation) if !generation.takes_both_samplers())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_id_tells_the_family_and_how_it_thinks() {
        for (model, is_claude, thinking) in [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", true, ThinkingForm::Budget),
            ("anthropic.claude-3-7-sonnet-20250219-v1:0", true, ThinkingForm::Budget),
            ("anthropic.claude-3-sonnet-20240229-v1:0", true, ThinkingForm::None),
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", true, ThinkingForm::Budget),
            ("us.anthropic.claude-sonnet-4-6", true, ThinkingForm::Adaptive),
            ("global.anthropic.claude-opus-4-6-v1", true, ThinkingForm::Adaptive),
            ("us.anthropic.claude-sonnet-5", true, ThinkingForm::Adaptive),
            ("anthropic.claude-haiku-5-5", true, ThinkingForm::Adaptive),
            ("anthropic.claude-mythos-preview", true, ThinkingForm::Adaptive),
            ("anthropic.claude-v2:1", true, ThinkingForm::None),
            ("anthropic.claude-instant-v1", true, ThinkingForm::None),
            ("us.amazon.nova-lite-v1:0", false, ThinkingForm::None),
            ("us.amazon.nova-2-lite-v1:0", false, ThinkingForm::ReasoningConfig),
            ("openai.gpt-oss-120b-1:0", false, ThinkingForm::ReasoningEffort),
            ("us.deepseek.r1-v1:0", false, ThinkingForm::None),
            (
                "arn:aws:bedrock:us-east-1:1:application-inference-profile/x",
                false,
                ThinkingForm::None,
            ),
        ] {
            let family = Family::of(model);
            assert_eq!(matches!(family, Family::Claude(_)), is_claude, "{model}");
            assert_eq!(family.thinking(), thinking, "{model}");
        }
    }
}
