//! What this dialect, as a target, does about each feature of other dialects' calls.

use crate::neutral::{Feature, Note, Rule, RuleRow};

const fn row(feature: Feature, rule: Rule, how: &'static str) -> RuleRow {
    RuleRow { feature, rule, how }
}

/// One row for every feature.
pub(crate) const RULES: &[RuleRow] = &[
    row(Feature::System, Rule::Map, "`systemInstruction`"),
    row(
        Feature::SystemTurn,
        Rule::Emulate,
        "before the first turn joins `systemInstruction`, later a user's text that says so",
    ),
    row(Feature::Tools, Rule::Map, "`functionDeclarations` with `parametersJsonSchema`"),
    row(Feature::CustomTools, Rule::Emulate, "a function with one `input` string"),
    row(Feature::StrictTools, Rule::Emulate, "mode `VALIDATED` for all functions"),
    row(Feature::ParallelToolCalls, Rule::Map, "several `functionCall` parts"),
    row(Feature::SingleToolCall, Rule::Drop, "there is no such bound"),
    row(Feature::ForcedTool, Rule::Map, "mode `ANY`, `allowedFunctionNames`"),
    row(Feature::ForbiddenTools, Rule::Map, "mode `NONE`"),
    row(
        Feature::ToolResults,
        Rule::Map,
        "`functionResponse`: a JSON object as it is, anything else as `result`",
    ),
    row(Feature::ToolErrors, Rule::Map, "`functionResponse` with `error`"),
    row(
        Feature::ToolResultMedia,
        Rule::Map,
        "`functionResponse.parts`; before Gemini 3, behind the results",
    ),
    row(Feature::HostedTools, Rule::Refuse, "other providers' tools"),
    row(Feature::Images, Rule::Map, "`inlineData`"),
    row(Feature::ImageUrls, Rule::Map, "`fileData`, fetched by Google"),
    row(Feature::ImageDetail, Rule::Drop, "the model decides"),
    row(Feature::Files, Rule::Map, "`inlineData`"),
    row(Feature::FileUrls, Rule::Map, "`fileData`, fetched by Google"),
    row(Feature::AudioVideo, Rule::Map, "`inlineData` or `fileData`"),
    row(Feature::MediaOutput, Rule::Refuse, "asked for in this dialect's own words only"),
    row(Feature::JsonObject, Rule::Map, "`responseMimeType`"),
    row(
        Feature::JsonSchema,
        Rule::Map,
        "`responseJsonSchema`; an instruction for models that do not follow it",
    ),
    row(Feature::MaxTokens, Rule::Map, "`maxOutputTokens`"),
    row(Feature::StopSequences, Rule::Map, "`stopSequences`, the first five"),
    row(Feature::Temperature, Rule::Map, "`temperature`"),
    row(Feature::TopP, Rule::Map, "`topP`"),
    row(Feature::TopK, Rule::Map, "`topK`"),
    row(Feature::Seed, Rule::Map, "`seed`, its lower 31 bits"),
    row(Feature::Penalties, Rule::Map, "`frequencyPenalty`, `presencePenalty`"),
    row(Feature::Logprobs, Rule::Map, "`responseLogprobs`, `logprobs` up to 20"),
    row(Feature::SeveralChoices, Rule::Map, "`candidateCount`"),
    row(
        Feature::ReasoningEffort,
        Rule::Map,
        "`thinkingLevel`; for Gemini 2.5 `thinkingBudget`, before that left out",
    ),
    row(Feature::ReasoningBudget, Rule::Map, "`thinkingBudget`"),
    row(Feature::Thinking, Rule::Map, "parts with `thought`"),
    row(
        Feature::Seals,
        Rule::Emulate,
        "`thoughtSignature`; where it was another's, Google's placeholder for Gemini 3",
    ),
    row(Feature::Citations, Rule::Drop, "only answers have them"),
    row(Feature::Refusals, Rule::Emulate, "as text"),
    row(Feature::Prefill, Rule::Map, "a last turn of role `model`; some models refuse it"),
    row(Feature::User, Rule::Drop, "nothing like it"),
    row(Feature::Metadata, Rule::Drop, "labels have other rules, and only on Vertex"),
    row(Feature::ServerState, Rule::Refuse, "it is at another provider"),
    row(Feature::ForeignParts, Rule::Drop, "other dialects' own"),
    row(Feature::ForeignParameters, Rule::Drop, "other dialects' own"),
];

/// What was left out or made from something else, each feature once.
#[derive(Debug, Default)]
pub(super) struct Notes(pub(super) Vec<Note>);

impl Notes {
    /// Adds a note, if there is reason to.
    pub(super) fn add_if(&mut self, feature: Feature, rule: Rule, is_so: bool) {
        if is_so && !self.0.iter().any(|note| note.feature == feature) {
            self.0.push(Note { feature, rule });
        }
    }
}
