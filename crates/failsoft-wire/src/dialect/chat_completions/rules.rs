//! What this dialect, as a target, does about each feature of other dialects' calls.

use crate::neutral::{Feature, Rule, RuleRow};

const fn row(feature: Feature, rule: Rule, how: &'static str) -> RuleRow {
    RuleRow { feature, rule, how }
}

/// One row a feature.
pub(crate) const RULES: &[RuleRow] = &[
    row(Feature::System, Rule::Map, "a `system` message at the beginning"),
    row(Feature::SystemTurn, Rule::Map, "a `system` message in its place"),
    row(Feature::Tools, Rule::Map, "`tools` of type `function`"),
    row(Feature::CustomTools, Rule::Map, "`tool_calls` of type `custom`"),
    row(Feature::StrictTools, Rule::Map, "`strict` of the function"),
    row(Feature::ParallelToolCalls, Rule::Map, "several `tool_calls` in one message"),
    row(Feature::SingleToolCall, Rule::Map, "`parallel_tool_calls: false`"),
    row(Feature::ForcedTool, Rule::Map, "`tool_choice`: `required`, or the function's name"),
    row(Feature::ForbiddenTools, Rule::Map, "`tool_choice: none`"),
    row(Feature::ToolResults, Rule::Map, "a `tool` message each, right behind the calls"),
    row(Feature::ToolErrors, Rule::Emulate, "the result's text begins with `Error:`"),
    row(Feature::ToolResultMedia, Rule::Emulate, "a `user` message behind the results"),
    row(Feature::HostedTools, Rule::Refuse, "another provider's tools run nowhere else"),
    row(Feature::Images, Rule::Map, "`image_url` with a data URL"),
    row(Feature::ImageUrls, Rule::Map, "`image_url`"),
    row(Feature::ImageDetail, Rule::Map, "`detail`, where the word is `low`, `high` or `auto`"),
    row(Feature::Files, Rule::Map, "`file` with a data URL; plain text as text"),
    row(Feature::FileUrls, Rule::Refuse, "files have no address here"),
    row(Feature::AudioVideo, Rule::Map, "`input_audio` for WAV and MP3; all else is refused"),
    row(Feature::MediaOutput, Rule::Drop, "the answer is text"),
    row(Feature::JsonObject, Rule::Map, "`response_format: json_object`"),
    row(
        Feature::JsonSchema,
        Rule::Map,
        "`response_format: json_schema`; an instruction where the model follows none",
    ),
    row(Feature::MaxTokens, Rule::Map, "`max_tokens`, or `max_completion_tokens` by the model"),
    row(Feature::StopSequences, Rule::Map, "`stop`, the first four; none for reasoning models"),
    row(Feature::Temperature, Rule::Map, "`temperature`; none for reasoning models"),
    row(Feature::TopP, Rule::Map, "`top_p`; none for reasoning models"),
    row(Feature::TopK, Rule::Drop, "not in the dialect"),
    row(Feature::Seed, Rule::Map, "`seed`"),
    row(Feature::Penalties, Rule::Map, "`frequency_penalty`, `presence_penalty`"),
    row(Feature::Logprobs, Rule::Map, "`logprobs`, `top_logprobs`"),
    row(Feature::SeveralChoices, Rule::Map, "`n`"),
    row(Feature::ReasoningEffort, Rule::Map, "`reasoning_effort`"),
    row(Feature::ReasoningBudget, Rule::Emulate, "the nearest `reasoning_effort`"),
    row(Feature::Thinking, Rule::Drop, "answers do not need it"),
    row(Feature::Seals, Rule::Map, "`extra_content` of tool calls; thoughts are left out"),
    row(Feature::Citations, Rule::Drop, "the text stays"),
    row(Feature::Refusals, Rule::Map, "`refusal`"),
    row(Feature::Prefill, Rule::Map, "an `assistant` message at the end"),
    row(Feature::User, Rule::Map, "`user`"),
    row(Feature::Metadata, Rule::Drop, "servers take it only for answers they store"),
    row(Feature::ServerState, Rule::Refuse, "it lies with another provider"),
    row(Feature::ForeignParts, Rule::Drop, "nothing here stands for them"),
    row(Feature::ForeignParameters, Rule::Drop, "nothing here stands for them"),
];
