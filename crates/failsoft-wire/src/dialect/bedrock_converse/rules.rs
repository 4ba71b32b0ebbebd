//! What is done about each feature of other dialects' calls.

use crate::dialect::rules::row;
use crate::neutral::{Feature, Rule, RuleRow};

/// One row for every feature, in the order of the document.
pub(crate) const RULES: &[RuleRow] = &[
    row(Feature::System, Rule::Map, "`system`"),
    row(
        Feature::SystemTurn,
        Rule::Emulate,
        "`system` before the conversation, later words of the user's, marked",
    ),
    row(
        Feature::Tools,
        Rule::Map,
        "`toolConfig.tools`; a tool's name must fit `[a-zA-Z0-9_-]{1,64}`",
    ),
    row(Feature::CustomTools, Rule::Emulate, "a function whose one argument is the text, `input`"),
    row(Feature::StrictTools, Rule::Map, "`toolSpec.strict`, where the model follows schemas"),
    row(Feature::ParallelToolCalls, Rule::Map, "several `toolUse` blocks"),
    row(Feature::SingleToolCall, Rule::Emulate, "an instruction"),
    row(
        Feature::ForcedTool,
        Rule::Map,
        "`toolChoice.any`, `toolChoice.tool`; an instruction for Claude models that always think",
    ),
    row(
        Feature::ForbiddenTools,
        Rule::Emulate,
        "tools are left out; an instruction, where the history needs them",
    ),
    row(Feature::ToolResults, Rule::Map, "`toolResult` blocks"),
    row(Feature::ToolErrors, Rule::Map, "`toolResult.status`"),
    row(Feature::ToolResultMedia, Rule::Map, "blocks inside `toolResult`; sounds are left out"),
    row(Feature::HostedTools, Rule::Refuse, "each provider runs its own"),
    row(Feature::Images, Rule::Map, "`image` with bytes: PNG, JPEG, GIF, WebP"),
    row(Feature::ImageUrls, Rule::Refuse, "nothing is fetched but `s3://` addresses"),
    row(Feature::ImageDetail, Rule::Drop, "there is no such choice"),
    row(Feature::Files, Rule::Map, "`document` with bytes, its name in allowed characters"),
    row(Feature::FileUrls, Rule::Refuse, "nothing is fetched but `s3://` addresses"),
    row(Feature::AudioVideo, Rule::Map, "`audio` and `video` with bytes; others refuse the target"),
    row(Feature::MediaOutput, Rule::Refuse, "answers are text"),
    row(Feature::JsonObject, Rule::Emulate, "an instruction"),
    row(
        Feature::JsonSchema,
        Rule::Map,
        "`outputConfig.textFormat`; an instruction, where the model does not follow schemas \
         or the schema cannot be closed",
    ),
    row(Feature::MaxTokens, Rule::Map, "`inferenceConfig.maxTokens`"),
    row(Feature::StopSequences, Rule::Map, "`inferenceConfig.stopSequences`"),
    row(
        Feature::Temperature,
        Rule::Map,
        "`inferenceConfig.temperature`, at most 1; left out for Claude from 4.7 on and while it thinks",
    ),
    row(Feature::TopP, Rule::Map, "`inferenceConfig.topP`; left out for Claude where it cannot be"),
    row(
        Feature::TopK,
        Rule::Map,
        "`additionalModelRequestFields`: `top_k` (Claude), `inferenceConfig.topK` (Nova)",
    ),
    row(Feature::Seed, Rule::Drop, "there is none"),
    row(Feature::Penalties, Rule::Drop, "there are none"),
    row(Feature::Logprobs, Rule::Drop, "there are none"),
    row(Feature::SeveralChoices, Rule::Refuse, "there is one answer"),
    row(
        Feature::ReasoningEffort,
        Rule::Map,
        "`outputConfig.effort` (Claude from 4.6 on), a budget (Claude before), \
         `reasoning_effort` (gpt-oss), `reasoningConfig` (Nova 2)",
    ),
    row(
        Feature::ReasoningBudget,
        Rule::Map,
        "`thinking.budget_tokens` (Claude up to 4.5), the nearest effort elsewhere",
    ),
    row(Feature::Thinking, Rule::Drop, "left out, unless this target sealed them"),
    row(Feature::Seals, Rule::Map, "`signature`, `redactedContent`"),
    row(Feature::Citations, Rule::Drop, "the words stay"),
    row(Feature::Refusals, Rule::Emulate, "words of the assistant's"),
    row(
        Feature::Prefill,
        Rule::Map,
        "a last message of the assistant; Claude from 4.6 on, or beside a schema, is asked to go on",
    ),
    row(Feature::User, Rule::Drop, "there is no such parameter"),
    row(Feature::Metadata, Rule::Map, "`requestMetadata`, as far as its characters are allowed"),
    row(Feature::ServerState, Rule::Refuse, "it lies with the provider that made it"),
    row(Feature::ForeignParts, Rule::Drop, "only the client's dialect has them"),
    row(Feature::ForeignParameters, Rule::Drop, "only the client's dialect has them"),
];
