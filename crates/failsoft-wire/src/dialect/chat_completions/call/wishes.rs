//! The form of the answer, and how much is thought.

use crate::dialect::chat_completions::kept::{OWN, is_marked, keep, kept, mark, members, string};
use crate::dialect::chat_completions::message::text_of;
use crate::neutral::{Call, Effort, Json, OutputFormat, Reasoning};
use crate::scan::Value;
use crate::write::Writer;

/// Longer names of schemas are refused.
const MAX_NAME: usize = 64;

/// Takes `response_format`; false if it must be kept beside.
pub(super) fn read_format(call: &mut Call, value: Value<'_>) -> bool {
    let (mut kind, mut wanted, mut is_all) = (None, None, true);
    members(value, |key, value| match key {
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
    members(wanted, |key, value| match key {
        _ if value.is_null() => {}
        b"name" => name = string(value),
        b"description" => description = string(value),
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
                        Some(name) => wanted.text("name", &plain(name)),
                        None if is_own => {}
                        None => wanted.text("name", "answer"),
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

/// Letters, digits, `_` and `-` are allowed in a schema's name.
fn plain(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let letters = name.chars().map(|letter| if is_plain(letter) { letter } else { '_' });
    let name: String = letters.take(MAX_NAME).collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// What must be told in words. `follows`: the model can be held to a schema.
pub(super) fn instruction(call: &Call, follows: bool) -> Option<String> {
    match &call.output {
        OutputFormat::Schema { schema, .. } if !follows => Some(format!(
            "Answer with one JSON object and nothing else. It must follow this JSON schema:\n{}",
            schema.as_str()
        )),
        // Some servers refuse to write JSON unless a message speaks of it.
        OutputFormat::Json if !call.rest.is_of(OWN) && !speaks_of_json(call) => {
            Some("Answer with one JSON object and nothing else.".to_owned())
        }
        OutputFormat::Text | OutputFormat::Json | OutputFormat::Schema { .. } => None,
    }
}

fn speaks_of_json(call: &Call) -> bool {
    let is_named =
        |text: &str| text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"json"));
    let parts = call.system.iter().chain(call.turns.iter().flat_map(|turn| &turn.parts));
    parts.filter_map(text_of).any(is_named)
}

/// Takes one of the ways to say how much is thought; false if it must be kept beside.
pub(super) fn read_reasoning(call: &mut Call, key: &[u8], value: Value<'_>) -> bool {
    if key == b"reasoning_effort" {
        let Some(effort) = value.text().and_then(effort_of) else { return false };
        let reasoning = call.reasoning.get_or_insert_default();
        reasoning.effort = Some(effort);
        mark(&mut reasoning.rest, "reasoning_effort");
        return true;
    }
    if !value.is_object() {
        return false;
    }
    let reasoning = call.reasoning.get_or_insert_default();
    keep(&mut reasoning.rest, key, value);
    members(value, |key, value| match key {
        b"effort" => {
            reasoning.effort = reasoning.effort.or_else(|| value.text().and_then(effort_of));
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

fn effort_of(word: &[u8]) -> Option<Effort> {
    Some(match word {
        b"none" => Effort::None,
        b"minimal" => Effort::Minimal,
        b"low" => Effort::Low,
        b"medium" => Effort::Medium,
        b"high" => Effort::High,
        b"xhigh" => Effort::Max,
        _ => return None,
    })
}

const fn word(effort: Effort) -> &'static str {
    match effort {
        Effort::None => "none",
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::Max => "xhigh",
    }
}

/// Writes how much is thought.
pub(super) fn write_reasoning(out: &mut Writer<'_>, reasoning: &Reasoning) {
    let is_own = reasoning.rest.is_of(OWN);
    let effort = reasoning.effort.or_else(|| reasoning.budget.map(Effort::of_budget));
    if let Some(effort) =
        effort.filter(|_| !is_own || is_marked(&reasoning.rest, "reasoning_effort"))
    {
        out.text("reasoning_effort", word(effort));
    }
    out.rest(&reasoning.rest, OWN);
}
