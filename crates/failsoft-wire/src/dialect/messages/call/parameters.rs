//! Parameters of other dialects' calls, as far as the dialect and the model take them.

use super::super::names;
use super::fit::is_blank;
use super::thinking::{Plan, cannot_be_forced, is_forced};
use crate::dialect::claude::Generation;
use crate::dialect::closed_schema;
use crate::dialect::instructions::{self, JSON_OBJECT, call_a_tool};
use crate::dialect::notes::Notes;
use crate::neutral::{Call, Feature, OutputFormat, ToolChoice};
use crate::translate::Destination;
use crate::write::Writer;

/// The longest name of a user the dialect takes.
const MAX_USER: usize = 256;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Samplers {
    temperature: Option<f64>,
    top_p: Option<f64>,
    top_k: Option<u32>,
}

impl Samplers {
    /// As the caller wrote them.
    pub(super) fn own(call: &Call) -> Self {
        let asked = &call.sampling;
        Self { temperature: asked.temperature, top_p: asked.top_p, top_k: asked.top_k }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.value_if("temperature", self.temperature.and_then(number));
        writer.value_if("top_p", self.top_p.and_then(number));
        writer.value_if("top_k", self.top_k);
    }
}

/// The schema of the answer, or the order to follow it.
pub(super) fn output(
    call: &Call,
    to: &Destination<'_>,
    orders: &mut Vec<String>,
    notes: &mut Notes,
) -> Option<String> {
    match &call.output {
        OutputFormat::Text => None,
        OutputFormat::Json => {
            orders.push(JSON_OBJECT.to_owned());
            None
        }
        OutputFormat::Schema { schema, description, .. } => {
            let closed = to.follows_schemas.then(|| closed_schema::closed(schema)).flatten();
            if closed.is_none() {
                notes.emulated(Feature::JsonSchema);
                orders.push(instructions::json_schema(schema, description.as_deref()));
            }
            closed
        }
    }
}

/// Which tool to call. A model that always thinks cannot be forced to: it is told instead.
pub(super) fn choice(
    call: &Call,
    to: &Destination<'_>,
    orders: &mut Vec<String>,
    notes: &mut Notes,
) -> Option<ToolChoice> {
    if !is_forced(call) || !cannot_be_forced(to.model) {
        return call.tool_choice.clone();
    }
    notes.emulated(Feature::ForcedTool);
    orders.extend(call.tool_choice.as_ref().map(|asked| match asked {
        ToolChoice::Named(name) => call_a_tool(&ToolChoice::Named(names::tool(name).into())),
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Required => call_a_tool(asked),
    }));
    Some(ToolChoice::Auto)
}

/// What of the samplers the model takes.
pub(super) fn samplers(
    call: &Call,
    to: &Destination<'_>,
    plan: &Plan<'_>,
    notes: &mut Notes,
) -> Samplers {
    let generation = Generation::of(to.model);
    let asked = &call.sampling;
    let is_free = generation.takes_sampling() && !plan.is_thinking();
    let both = asked.temperature.is_some() && !generation.takes_both_samplers();
    // Thinking models may leave out the unlikely twentieth.
    let takes_top_p = |top_p: &f64| match is_free {
        true => !both,
        false => generation.takes_sampling() && *top_p >= 0.95,
    };
    let kept = Samplers {
        temperature: asked.temperature.filter(|_| is_free).map(|degree| degree.clamp(0.0, 1.0)),
        top_p: asked.top_p.filter(takes_top_p).map(|share| share.clamp(0.0, 1.0)),
        top_k: asked.top_k.filter(|_| is_free),
    };
    let mut lost = |feature, asked: bool, is_kept: bool| {
        if asked && !is_kept {
            notes.dropped(feature);
        }
    };
    lost(Feature::Temperature, asked.temperature.is_some(), kept.temperature.is_some());
    lost(Feature::TopP, asked.top_p.is_some(), kept.top_p.is_some());
    lost(Feature::TopK, asked.top_k.is_some(), kept.top_k.is_some());
    if kept.temperature.is_some() && kept.temperature != asked.temperature {
        notes.emulated(Feature::Temperature);
    }
    kept
}

/// Who asks, if the dialect takes so long a name.
pub(super) fn user<'a>(call: &'a Call, notes: &mut Notes) -> Option<&'a str> {
    let user = call.user.as_deref().filter(|user| user.len() <= MAX_USER);
    if user.is_none() && call.user.is_some() {
        notes.dropped(Feature::User);
    }
    user
}

/// Texts that end the answer: the dialect takes none of white space.
pub(super) fn stop<'a>(call: &'a Call, notes: &mut Notes) -> Vec<&'a str> {
    let all = call.stop.iter().map(String::as_str);
    let stop: Vec<_> = all.filter(|stop| !is_blank(stop)).collect();
    if stop.len() < call.stop.len() {
        notes.dropped(Feature::StopSequences);
    }
    stop
}

/// For each tool, the schema it is kept to.
pub(super) fn closed_tools(
    call: &Call,
    to: &Destination<'_>,
    notes: &mut Notes,
) -> Vec<Option<String>> {
    closed_schema::of_tools(call, to.follows_schemas, notes)
}

/// As short as it can be written; no number JSON does not have.
fn number(number: f64) -> Option<serde_json::Number> {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Some(serde_json::Number::from(number as i64));
    }
    serde_json::Number::from_f64(number)
}
