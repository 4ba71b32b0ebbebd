//! What this dialect, as a target, does about each feature of other dialects' calls.

use crate::dialect::rules::row;
use crate::neutral::{Feature, Rule, RuleRow};

/// One row for every feature.
pub(crate) const RULES: &[RuleRow] = &[
    row(Feature::System, Rule::Map, "`systemInstruction`"),
    row(
        Feature::SystemTurn,
        Rule::Emulate,
        "`systemInstruction` before the conversation, later words of the user's, marked",
    ),
    row(Feature::Tools, Rule::Map, "`functionDeclarations` with `parametersJsonSchema`"),
    row(Feature::CustomTools, Rule::Emulate, "a function whose one argument is the text, `input`"),
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
        "`functionResponse.parts`; before the third generation, behind the results",
    ),
    row(Feature::HostedTools, Rule::Refuse, "each provider runs its own"),
    row(Feature::Images, Rule::Map, "`inlineData`"),
    row(Feature::ImageUrls, Rule::Map, "`fileData`, fetched by Google"),
    row(Feature::ImageDetail, Rule::Drop, "there is no such choice"),
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
        "`thinkingLevel`; for generation 2.5 `thinkingBudget`, before that left out",
    ),
    row(Feature::ReasoningBudget, Rule::Map, "`thinkingBudget`"),
    row(Feature::Thinking, Rule::Map, "parts with `thought`"),
    row(
        Feature::Seals,
        Rule::Emulate,
        "`thoughtSignature`; where it was another's, Google's placeholder for the third generation",
    ),
    row(Feature::Citations, Rule::Drop, "the words stay"),
    row(Feature::Refusals, Rule::Emulate, "words of the assistant's"),
    row(Feature::Prefill, Rule::Map, "a last turn of role `model`; some models refuse it"),
    row(Feature::User, Rule::Drop, "there is no such parameter"),
    row(
        Feature::Metadata,
        Rule::Drop,
        "labels have other rules, and only on one of its two services",
    ),
    row(Feature::ServerState, Rule::Refuse, "it lies with the provider that made it"),
    row(Feature::ForeignParts, Rule::Drop, "only the client's dialect has them"),
    row(Feature::ForeignParameters, Rule::Drop, "only the client's dialect has them"),
];
