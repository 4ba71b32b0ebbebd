//! Whether the beginning of an answer reaches a model as one.

use super::Dialect;
use super::claude::{self, Generation};
use crate::neutral::{Call, Effort, OutputFormat, Part};

/// Whether a call that ends with the beginning of its answer reaches this model so: neither turned
/// into history by its dialect, nor refused for something else in the call. Whether the model then
/// goes on from there is a fact about the model itself.
#[must_use]
pub fn may_prefill(call: &Call, dialect: Dialect, model: &str) -> bool {
    match dialect {
        Dialect::ChatCompletions | Dialect::GenerateContent => true,
        Dialect::BedrockConverse => !claude::is_one(model) || claude_may(call, model),
        // Other makers' models take what was written in the dialect itself as it is.
        Dialect::Messages if !claude::is_one(model) => call.rest.is_of(dialect),
        Dialect::Messages => claude_may(call, model),
        Dialect::Responses | Dialect::Embeddings => false,
    }
}

/// Those that take a prefill refuse it beside tools, thinking, and a schema.
fn claude_may(call: &Call, model: &str) -> bool {
    let thinks = call.reasoning.as_ref().is_some_and(|reasoning| {
        match (reasoning.budget, reasoning.effort) {
            (Some(budget), _) => budget > 0,
            (None, Some(effort)) => effort != Effort::None,
            (None, None) => false,
        }
    });
    // Tools that are no longer offered must be named all the same.
    let mut parts = call.turns.iter().flat_map(|turn| &turn.parts);
    Generation::of(model).takes_prefill()
        && !thinks
        && !parts.any(|part| matches!(part, Part::ToolCall(_) | Part::ToolResult(_)))
        && call.tools.is_empty()
        && call.hosted.is_empty()
        && !matches!(call.output, OutputFormat::Schema { .. })
}
