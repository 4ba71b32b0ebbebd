//! The form of the answer, and how much is thought.

use crate::dialect::chat_completions::kept::{OWN, is_marked, keep, kept, mark};
use crate::dialect::instructions::{self, JSON_OBJECT, speaks_of_json};
use crate::dialect::{effort, names};
use crate::neutral::{Call, Effort, Json, OutputFormat, Reasoning};
use crate::scan::Value;
use crate::write::Writer;

/// Takes `response_format`; false if it must be kept beside.
pub(super) fn read_format(call: &mut Call, value: Value<'_>) -> bool {
    let (mut kind, mut wanted, mut is_all) = (None, None, true);
    value.members(|key, value| match key {
        b"type" => kind = value.text(),
        b"json_schema" if value.is_object() => wanted = Some(value),
        _ => is_all = false,
    });
    match (kind, wanted) {
        (Some(b"text"), None) => {
            call.rest.mark("text_format");
            call.output = OutputFormat::Text;
        }
        (Some(b"json_object"), None) => call.output = OutputFormat::Json,
        (Some(b"json_schema"), Some(wanted)) => is_all &= read_schema(call, wanted),
        _ => return false,
    }
    is_all
}

fn read_schema(call: &mut Call, wanted: Value<'_>) -> bool {
    let (mut name, mut description, mut schema, mut strict) = (None, None, None, None);
    let mut is_all = true;
    wanted.members(|key, value| match key {
        _ if value.is_null() => {}
        b"name" => name = value.meaning(),
        b"description" => description = value.meaning(),
        b"schema" => schema = Some(Json::checked(value.raw)),
        b"strict" => strict = value.boolean(),
        _ => is_all = false,
    });
    match schema {
        Some(schema) => call.output = OutputFormat::Schema { name, description, schema, strict },
        None => {
            call.output = OutputFormat::Json;
            is_all = false;
        }
    }
    is_all
}

/// Writes `response_format`. `follows`: the model can be held to a schema.
pub(super) fn write_format(out: &mut Writer<'_>, call: &Call, follows: bool) {
    let is_kept = kept(&call.rest, "response_format").is_some();
    let is_schema = matches!(call.output, OutputFormat::Schema { .. });
    if is_kept && (follows || !is_schema) {
        return;
    }
    match &call.output {
        OutputFormat::Text if is_marked(&call.rest, "text_format") => {
            out.key("response_format").object(|format| format.text("type", "text"));
        }
        OutputFormat::Text => {}
        OutputFormat::Schema { name, description, schema, strict } if follows => {
            let is_own = call.rest.is_of(OWN);
            out.key("response_format").object(|format| {
                format.text("type", "json_schema");
                format.key("json_schema").object(|wanted| {
                    match name {
                        Some(name) if is_own => wanted.text("name", name),
                        None if is_own => {}
                        name => wanted.text("name", &names::of_schema(name.as_deref())),
                    }
                    wanted.text_if("description", description.as_deref());
                    wanted.json("schema", schema);
                    wanted.value_if("strict", *strict);
                });
            });
        }
        OutputFormat::Json | OutputFormat::Schema { .. } => {
            out.key("response_format").object(|format| format.text("type", "json_object"));
        }
    }
}

/// What must be told in words. `follows`: the model can be held to a schema.
pub(super) fn instruction(call: &Call, follows: bool) -> Option<String> {
    match &call.output {
        OutputFormat::Schema { schema, description, .. } if !follows => {
            Some(instructions::json_schema(schema, description.as_deref()))
        }
        OutputFormat::Json if !call.rest.is_of(OWN) && !speaks_of_json(call) => {
            Some(JSON_OBJECT.to_owned())
        }
        OutputFormat::Text | OutputFormat::Json | OutputFormat::Schema { .. } => None,
    }
}

/// Takes one of the ways to say how much is thought; false if it must be kept beside.
pub(super) fn read_reasoning(call: &mut Call, key: &[u8], value: Value<'_>) -> bool {
    if key == b"reasoning_effort" {
        let Some(effort) = value.text().and_then(effort::read) else { return false };
        let reasoning = call.reasoning.get_or_insert_default();
        reasoning.effort = Some(effort);
        let is_exact = value.text() == Some(effort::fine_word(effort).as_bytes());
        if is_exact {
            mark(&mut reasoning.rest, "reasoning_effort");
        }
        return is_exact;
    }
    if !value.is_object() {
        return false;
    }
    let reasoning = call.reasoning.get_or_insert_default();
    keep(&mut reasoning.rest, key, value);
    value.members(|key, value| match key {
        b"effort" => {
            reasoning.effort = reasoning.effort.or_else(|| value.text().and_then(effort::read));
        }
        b"max_tokens" | b"budget_tokens" => reasoning.budget = value.count(),
        b"exclude" => reasoning.show = value.boolean().map(|is_hidden| !is_hidden),
        b"enabled" if value.raw == b"false" => {
            reasoning.effort.get_or_insert(Effort::None);
        }
        b"type" if value.text() == Some(b"disabled") => {
            reasoning.effort.get_or_insert(Effort::None);
        }
        _ => {}
    });
    true
}

/// Writes how much is thought.
pub(super) fn write_reasoning(out: &mut Writer<'_>, reasoning: &Reasoning) {
    let is_own = reasoning.rest.is_of(OWN);
    let effort = reasoning.effort.or_else(|| reasoning.budget.map(Effort::of_budget));
    if let Some(effort) =
        effort.filter(|_| !is_own || is_marked(&reasoning.rest, "reasoning_effort"))
    {
        out.text("reasoning_effort", effort::fine_word(effort));
    }
    out.rest(&reasoning.rest, OWN);
}
