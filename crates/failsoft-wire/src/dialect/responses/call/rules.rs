//! What is done about each feature of other dialects' calls.

use Feature::*;
use Rule::{Drop, Emulate, Map, Refuse};

use crate::dialect::closed_schema::{can_be_strict, is_loose};
use crate::dialect::gpt::Kind;
use crate::dialect::notes::Notes;
use crate::dialect::rules::{self, row};
use crate::neutral::{Call, Feature, OutputFormat, Part, Rule, RuleRow};
use crate::translate::Unfit;

/// What is left out or made from something else only in some calls.
const BY_PART: [Feature; 2] = [Thinking, ReasoningBudget];

pub(crate) const RULES: &[RuleRow] = &[
    row(System, Map, "`instructions`"),
    row(SystemTurn, Map, "a message of role `system`"),
    row(Tools, Map, "`function` tools; `strict` is false unless asked for"),
    row(CustomTools, Map, "`custom_tool_call` and its output"),
    row(StrictTools, Map, "`strict`, where the schema is closed"),
    row(ParallelToolCalls, Map, "`function_call` items in a row"),
    row(SingleToolCall, Map, "`parallel_tool_calls: false`"),
    row(ForcedTool, Map, "`tool_choice`"),
    row(ForbiddenTools, Map, "`tool_choice: none`"),
    row(ToolResults, Map, "`function_call_output`"),
    row(ToolErrors, Emulate, "the result begins with `Error:`"),
    row(ToolResultMedia, Map, "`input_image` and `input_file` in the output"),
    row(HostedTools, Refuse, "each provider runs its own"),
    row(Images, Map, "`input_image` with a `data:` address"),
    row(ImageUrls, Map, "`input_image`"),
    row(ImageDetail, Map, "`detail`"),
    row(Files, Map, "`input_file`; plain text becomes `input_text`"),
    row(FileUrls, Map, "`file_url`"),
    row(AudioVideo, Refuse, "there is no sound and no film"),
    row(MediaOutput, Refuse, "answers are text"),
    row(JsonObject, Map, "`text.format`; the word JSON is added where nobody says it"),
    row(JsonSchema, Map, "`text.format`; an instruction for models that follow no schemas"),
    row(MaxTokens, Map, "`max_output_tokens`, at least 16"),
    row(StopSequences, Drop, "there are none"),
    row(Temperature, Map, "`temperature`; none for reasoning models"),
    row(TopP, Map, "`top_p`; none for reasoning models"),
    row(TopK, Drop, "there is none"),
    row(Seed, Drop, "there is none"),
    row(Penalties, Drop, "there are none"),
    row(Logprobs, Map, "`top_logprobs` and `include`; none for reasoning models"),
    row(SeveralChoices, Refuse, "there is one answer"),
    row(ReasoningEffort, Map, "`reasoning.effort`"),
    row(ReasoningBudget, Emulate, "the nearest `reasoning.effort`"),
    row(Thinking, Drop, "left out, unless this target sealed them"),
    row(Seals, Map, "`encrypted_content` of a `reasoning` item"),
    row(Citations, Drop, "the words stay"),
    row(Refusals, Emulate, "words of the assistant's"),
    row(Prefill, Emulate, "a last message asks to go on"),
    row(User, Map, "`safety_identifier`, shortened to 64 characters"),
    row(Metadata, Map, "`metadata`, up to 16 labels"),
    row(ServerState, Refuse, "it lies with the provider that made it"),
    row(ForeignParts, Drop, "only the client's dialect has them"),
    row(ForeignParameters, Drop, "only the client's dialect has them"),
];

/// Why another dialect's call cannot be written, if it cannot.
pub(crate) fn check_call(call: &Call) -> Result<(), Unfit> {
    rules::judge(call, RULES, &BY_PART).map(|_| ())
}

/// What is noted of a call that came in another dialect.
pub(super) fn judge(call: &Call, model: &str) -> Result<Notes, Unfit> {
    let mut notes = rules::judge(call, RULES, &BY_PART)?;
    let mut parts = call.turns.iter().flat_map(|turn| &turn.parts);
    notes.dropped_if(Thinking, parts.any(is_open_thought));
    // The word says it already, if there is one.
    let asked = call.reasoning.as_ref();
    let is_made = asked.is_some_and(|asked| asked.budget.is_some() && asked.effort.is_none());
    notes.emulated_if(ReasoningBudget, is_made);
    notes.dropped_if(StrictTools, call.tools.iter().any(is_loose));
    if let OutputFormat::Schema { schema, strict: Some(true), .. } = &call.output {
        notes.emulated_if(JsonSchema, !can_be_strict(schema));
    }
    if !Kind::of(model).samples(call) {
        notes.dropped_if(Temperature, call.sampling.temperature.is_some());
        notes.dropped_if(TopP, call.sampling.top_p.is_some());
        notes.dropped_if(Logprobs, call.sampling.logprobs.is_some());
    }
    Ok(notes)
}

fn is_open_thought(part: &Part) -> bool {
    matches!(part, Part::Thinking { seal, .. }
        if seal.as_ref().is_none_or(|seal| seal.value.is_empty()))
}
