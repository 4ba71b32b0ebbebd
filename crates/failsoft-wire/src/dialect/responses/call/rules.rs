//! What is done about each feature of other dialects' calls.

use Feature::*;
use Rule::{Drop, Emulate, Map, Refuse};

use crate::neutral::{Call, Feature, Note, Part, Rule, RuleRow};
use crate::translate::Unfit;

const fn row(feature: Feature, rule: Rule, how: &'static str) -> RuleRow {
    RuleRow { feature, rule, how }
}

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
    row(ToolErrors, Emulate, "the output begins with `Error:`"),
    row(ToolResultMedia, Map, "`input_image` and `input_file` in the output"),
    row(HostedTools, Refuse, "each provider runs its own"),
    row(Images, Map, "`input_image` with a `data:` address"),
    row(ImageUrls, Map, "`input_image`"),
    row(ImageDetail, Map, "`detail`"),
    row(Files, Map, "`input_file`; plain text becomes `input_text`"),
    row(FileUrls, Map, "`file_url`"),
    row(AudioVideo, Refuse, "it hears and sees no films"),
    row(MediaOutput, Drop, "the answer is text"),
    row(JsonObject, Map, "`text.format`; the word JSON is added where nobody says it"),
    row(JsonSchema, Map, "`text.format`; an instruction for models that follow no schemas"),
    row(MaxTokens, Map, "`max_output_tokens`, at least 16"),
    row(StopSequences, Drop, "it has none"),
    row(Temperature, Map, "`temperature`"),
    row(TopP, Map, "`top_p`"),
    row(TopK, Drop, "it has none"),
    row(Seed, Drop, "it has none"),
    row(Penalties, Drop, "it has none"),
    row(Logprobs, Map, "`top_logprobs` and `include`"),
    row(SeveralChoices, Refuse, "it gives one answer"),
    row(ReasoningEffort, Map, "`reasoning.effort`"),
    row(ReasoningBudget, Emulate, "the nearest `reasoning.effort`"),
    row(Thinking, Drop, "left out unless this target sealed it"),
    row(Seals, Map, "`encrypted_content` of a `reasoning` item"),
    row(Citations, Drop, "left out"),
    row(Refusals, Emulate, "the model's words"),
    row(Prefill, Emulate, "a last message asks to go on"),
    row(User, Map, "`safety_identifier`, shortened to 64 characters"),
    row(Metadata, Map, "`metadata`, up to 16 labels"),
    row(ServerState, Refuse, "only the account that made it has it"),
    row(ForeignParts, Drop, "left out"),
    row(ForeignParameters, Drop, "left out"),
];

/// What is noted of a call that came in another dialect.
pub(super) fn judge(call: &Call) -> Result<Vec<Note>, Unfit> {
    let mut notes = Vec::new();
    for feature in call.features().iter() {
        let rule = RULES.iter().find(|row| row.feature == feature).map_or(Refuse, |row| row.rule);
        match rule {
            Refuse => return Err(Unfit { feature }),
            Map => {}
            Emulate | Drop if applies(call, feature) => notes.push(Note { feature, rule }),
            Emulate | Drop => {}
        }
    }
    Ok(notes)
}

/// Whether what is asked is really treated by the rule in this call.
fn applies(call: &Call, feature: Feature) -> bool {
    if feature == Thinking {
        return call.turns.iter().flat_map(|turn| &turn.parts).any(is_open_thought);
    }
    // The word says it already.
    let has_word = call.reasoning.as_ref().is_some_and(|asked| asked.effort.is_some());
    !(feature == ReasoningBudget && has_word)
}

fn is_open_thought(part: &Part) -> bool {
    matches!(part, Part::Thinking { seal, .. }
        if seal.as_ref().is_none_or(|seal| seal.value.is_empty()))
}
