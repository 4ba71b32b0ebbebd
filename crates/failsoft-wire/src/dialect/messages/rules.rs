//! What this dialect, as a target, does about each feature of other dialects' calls.

use crate::dialect::rules::row;
use crate::neutral::{Feature, Rule, RuleRow};

/// The dialect's column.
pub(crate) const RULES: &[RuleRow] = &[
    row(Feature::System, Rule::Map, "`system`"),
    row(
        Feature::SystemTurn,
        Rule::Emulate,
        "`system` before the conversation, later words of the user's",
    ),
    row(Feature::Tools, Rule::Map, "`tools`; names in other alphabets are written in this one"),
    row(Feature::CustomTools, Rule::Emulate, "a function whose one argument is the text, `input`"),
    row(
        Feature::StrictTools,
        Rule::Map,
        "`strict`, the schema closed; left out where the model or the schema cannot",
    ),
    row(Feature::ParallelToolCalls, Rule::Map, "several `tool_use` blocks"),
    row(Feature::SingleToolCall, Rule::Map, "`disable_parallel_tool_use`"),
    row(
        Feature::ForcedTool,
        Rule::Map,
        "`any` or `tool`, without thinking; an instruction to models that always think",
    ),
    row(Feature::ForbiddenTools, Rule::Map, "`none`"),
    row(
        Feature::ToolResults,
        Rule::Map,
        "`tool_result`, first in the next turn; a missing one is told as failed, a lone one in words",
    ),
    row(Feature::ToolErrors, Rule::Map, "`is_error`"),
    row(Feature::ToolResultMedia, Rule::Map, "blocks in `tool_result`"),
    row(Feature::HostedTools, Rule::Refuse, "each provider runs its own"),
    row(Feature::Images, Rule::Map, "`image` of PNG, JPEG, GIF or WebP; others refuse the target"),
    row(Feature::ImageUrls, Rule::Map, "`image` by `url`"),
    row(Feature::ImageDetail, Rule::Drop, "there is no such choice"),
    row(Feature::Files, Rule::Map, "`document` of PDF or text; others refuse the target"),
    row(Feature::FileUrls, Rule::Map, "`document` by `url`"),
    row(Feature::AudioVideo, Rule::Refuse, "there is no sound and no film"),
    row(Feature::MediaOutput, Rule::Refuse, "answers are text"),
    row(Feature::JsonObject, Rule::Emulate, "an instruction"),
    row(
        Feature::JsonSchema,
        Rule::Map,
        "`output_config.format`, the schema closed; an instruction where the model or the schema cannot",
    ),
    row(
        Feature::MaxTokens,
        Rule::Map,
        "`max_tokens`; raised where the least budget of thoughts does not fit",
    ),
    row(Feature::StopSequences, Rule::Map, "`stop_sequences`; those of white space are left out"),
    row(
        Feature::Temperature,
        Rule::Map,
        "`temperature`, at most 1; left out with thinking and from 4.7 on",
    ),
    row(
        Feature::TopP,
        Rule::Map,
        "`top_p`; left out with thinking, beside a temperature from 4.1 on, and from 4.7 on",
    ),
    row(Feature::TopK, Rule::Map, "`top_k`; left out with thinking and from 4.7 on"),
    row(Feature::Seed, Rule::Drop, "there is none"),
    row(Feature::Penalties, Rule::Drop, "there are none"),
    row(Feature::Logprobs, Rule::Drop, "there are none"),
    row(Feature::SeveralChoices, Rule::Refuse, "there is one answer"),
    row(
        Feature::ReasoningEffort,
        Rule::Map,
        "`output_config.effort` from 4.6 on, else a budget; left out where a tool is forced or thoughts are missing",
    ),
    row(
        Feature::ReasoningBudget,
        Rule::Map,
        "`thinking.budget_tokens`, from 4.6 on an effort; left out where a tool is forced or thoughts are missing",
    ),
    row(Feature::Thinking, Rule::Drop, "left out, unless this target sealed them"),
    row(Feature::Seals, Rule::Map, "`signature`, to the target that made it"),
    row(Feature::Citations, Rule::Drop, "the words stay"),
    row(Feature::Refusals, Rule::Emulate, "words of the assistant's"),
    row(
        Feature::Prefill,
        Rule::Map,
        "the last turn is the assistant's; from 4.6 on, and where the model is not known, the user asks to go on",
    ),
    row(Feature::User, Rule::Map, "`metadata.user_id`, up to 256 bytes"),
    row(Feature::Metadata, Rule::Drop, "there are no labels"),
    row(Feature::ServerState, Rule::Refuse, "it lies with the provider that made it"),
    row(Feature::ForeignParts, Rule::Drop, "only the client's dialect has them"),
    row(Feature::ForeignParameters, Rule::Drop, "only the client's dialect has them"),
];
