//! Settings of a call, written.

use super::super::keys::{
    HERE, has_any_inside, has_inside, has_outside, write_inside, write_outside,
};
use super::config::has_own_schema;
use super::model::{Generation, budget, level};
use crate::dialect::notes::Notes;
use crate::neutral::{Call, Feature, OutputFormat, Reasoning};
use crate::translate::Destination;
use crate::write::Writer;

/// More stop sequences than this are refused.
const MAX_STOPS: usize = 5;

/// More alternatives than this are refused.
const MAX_LOGPROBS: u32 = 20;

/// Writes `generationConfig`, if there is anything to say.
pub(super) fn write(body: &mut Writer<'_>, call: &Call, to: &Destination<'_>, notes: &mut Notes) {
    if !is_needed(call) {
        return;
    }
    body.key("generationConfig").object(|config| {
        write_sampling(config, call);
        if !call.stop.is_empty() {
            notes.dropped_if(Feature::StopSequences, call.stop.len() > MAX_STOPS);
            config.key("stopSequences").array(|stops| {
                call.stop.iter().take(MAX_STOPS).for_each(|stop| stops.string(stop));
            });
        }
        write_output(config, call, to, notes);
        if let Some(reasoning) = &call.reasoning {
            let is_own = call.rest.is_of(HERE);
            write_thinking(config, (reasoning, is_own), to.model, notes);
        }
        write_inside(config, &call.rest);
    });
}

fn is_needed(call: &Call) -> bool {
    call.max_tokens.is_some()
        || !call.stop.is_empty()
        || call.sampling != crate::neutral::Sampling::default()
        || call.output != OutputFormat::Text
        || call.reasoning.is_some()
        || has_any_inside(&call.rest)
}

fn write_sampling(config: &mut Writer<'_>, call: &Call) {
    let sampling = &call.sampling;
    // The bound above is not part of the range.
    let penalty = |penalty: f64| penalty.clamp(-2.0, 1.999);
    let seed = |seed: i64| i32::try_from(seed).unwrap_or((seed & 0x7fff_ffff) as i32);
    config.value_if("maxOutputTokens", call.max_tokens);
    config.value_if("temperature", sampling.temperature.map(|value| value.clamp(0.0, 2.0)));
    config.value_if("topP", sampling.top_p);
    config.value_if("topK", sampling.top_k);
    config.value_if("seed", sampling.seed.map(seed));
    config.value_if("presencePenalty", sampling.presence_penalty.map(penalty));
    config.value_if("frequencyPenalty", sampling.frequency_penalty.map(penalty));
    config.value_if("candidateCount", sampling.choices);
    if let Some(logprobs) = sampling.logprobs {
        config.value("responseLogprobs", true);
        config.value_if("logprobs", (logprobs > 0).then(|| logprobs.min(MAX_LOGPROBS)));
    }
}

fn write_output(config: &mut Writer<'_>, call: &Call, to: &Destination<'_>, notes: &mut Notes) {
    if call.output == OutputFormat::Text {
        return;
    }
    if !has_inside(&call.rest, "responseMimeType") {
        config.text("responseMimeType", "application/json");
    }
    if let OutputFormat::Schema { schema, .. } = &call.output {
        notes.emulated_if(Feature::JsonSchema, !to.follows_schemas);
        if to.follows_schemas && !has_own_schema(&call.rest) {
            config.json("responseJsonSchema", schema);
        }
    }
}

fn write_thinking(
    config: &mut Writer<'_>,
    (reasoning, is_own): (&Reasoning, bool),
    model: &str,
    notes: &mut Notes,
) {
    let generation = Generation::of(model);
    if generation == Generation::Unthinking && !is_own {
        notes.dropped_if(Feature::ReasoningEffort, reasoning.effort.is_some());
        notes.dropped_if(Feature::ReasoningBudget, reasoning.budget.is_some());
        return;
    }
    config.key("thinkingConfig").object(|thinking| {
        thinking.value_if("includeThoughts", reasoning.show);
        if let Some(asked) = reasoning.budget {
            let tokens = if is_own { asked } else { budget(asked, model) };
            notes.emulated_if(Feature::ReasoningBudget, tokens != asked);
            thinking.value("thinkingBudget", tokens);
        }
        // Both at once are refused; the budget says more.
        let effort = reasoning.effort.filter(|_| {
            reasoning.budget.is_none() && !has_outside(&reasoning.rest, "thinkingLevel")
        });
        match effort {
            Some(effort) if generation == Generation::Budgeted => {
                thinking.value("thinkingBudget", budget(effort.budget(), model));
            }
            Some(effort) => {
                thinking.text("thinkingLevel", level(effort, if is_own { "" } else { model }))
            }
            None => {}
        }
        write_outside(thinking, &reasoning.rest);
    });
}
