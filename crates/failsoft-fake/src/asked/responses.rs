//! Requests of the `responses` dialect.

use serde_json::Value;

use super::chat_completions::{chosen_exists, hear_tool, says_no_json, schema, shown};
use super::heard::Unpaired;
use super::{
    Attached, Attachment, Choice, Flaw, Format, Heard, Outcome, Sealed, Thinking, Use, items, text,
};
use crate::seal::Claim;

/// Parameters of the older dialect, and where they went.
const MOVED: [(&str, &str); 6] = [
    ("messages", "input"),
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
    ("response_format", "text.format"),
    ("reasoning_effort", "reasoning.effort"),
    ("functions", "tools"),
];

pub(super) fn hear(body: &Value) -> Result<Heard, Flaw> {
    if let Some((param, place)) = MOVED.iter().find(|(param, _)| !body[*param].is_null()) {
        return Err(Flaw::of(format!(
            "Unsupported parameter: '{param}'. In the Responses API, this parameter has moved to \
             '{place}'. Try again with the new parameter."
        ))
        .at(*param)
        .coded("unsupported_parameter"));
    }
    if !body["stop"].is_null() {
        return Err(Flaw::of("Unknown parameter: 'stop'.").at("stop").coded("unknown_parameter"));
    }
    let mut heard = Heard::default();
    heard.told(text(&body["instructions"]));
    match &body["input"] {
        Value::String(said) => {
            heard.said(0, false, said);
        }
        Value::Array(all) => {
            for (at, item) in all.iter().enumerate() {
                hear_item(&mut heard, at, item, all.get(at + 1))?;
            }
        }
        _ => {
            return Err(Flaw::of("Missing required parameter: 'input'.")
                .at("input")
                .coded("missing_required_parameter"));
        }
    }
    match body["previous_response_id"].as_str() {
        Some(id) => previous(&mut heard, id),
        None => pairs(&heard)?,
    }
    hear_tools(&mut heard, body)?;
    hear_format(&mut heard, body)?;
    hear_bounds(&mut heard, body)?;
    hear_reasoning(&mut heard, body);
    Ok(heard)
}

fn previous(heard: &mut Heard, id: &str) {
    let else_flaw = Flaw::of(format!("Previous response with id '{id}' not found."))
        .at("previous_response_id")
        .coded("previous_response_not_found");
    heard.sealed.push(Sealed { claim: Claim::Answer(id.to_owned()), else_flaw });
}

fn hear_item(heard: &mut Heard, at: usize, item: &Value, next: Option<&Value>) -> Result<(), Flaw> {
    match text(&item["type"]) {
        "message" | "" => hear_message(heard, at, item),
        "function_call" | "custom_tool_call" => {
            own_id(item, at, &["fc", "ctc"])?;
            let id = call_id(item, at)?;
            if item["type"] == "function_call" && !item["arguments"].is_string() {
                let place = format!("input[{at}].arguments");
                return Err(Flaw::of(format!("Invalid type for '{place}': expected a string."))
                    .at(place)
                    .coded("invalid_type"));
            }
            heard.turn(at, true).uses.push(Use { id, name: text(&item["name"]).to_owned() });
            Ok(())
        }
        "function_call_output" | "custom_tool_call_output" => {
            let id = call_id(item, at)?;
            let text = match &item["output"] {
                Value::String(text) => text.clone(),
                parts => items(parts).iter().filter_map(|part| part["text"].as_str()).collect(),
            };
            heard.count(&text);
            heard.turn(at, false).outcomes.push(Outcome { id, text });
            Ok(())
        }
        "reasoning" => hear_thought(heard, at, item, next),
        _ => Ok(()),
    }
}

/// Ids of items are not looked up, but they must look like ids of items.
fn own_id(item: &Value, at: usize, prefixes: &[&str]) -> Result<(), Flaw> {
    match item["id"].as_str() {
        Some(id) if !prefixes.iter().any(|prefix| id.starts_with(prefix)) => {
            let prefix = prefixes.first().copied().unwrap_or_default();
            Err(Flaw::of(format!(
                "Invalid 'input[{at}].id': '{id}'. Expected an ID that begins with '{prefix}'."
            ))
            .at(format!("input[{at}].id"))
            .coded("invalid_value"))
        }
        _ => Ok(()),
    }
}

fn call_id(item: &Value, at: usize) -> Result<String, Flaw> {
    let id = text(&item["call_id"]);
    if id.is_empty() {
        return Err(Flaw::of(format!("Missing required parameter: 'input[{at}].call_id'."))
            .at(format!("input[{at}].call_id"))
            .coded("missing_required_parameter"));
    }
    if id.len() > 64 {
        return Err(Flaw::of(format!(
            "Invalid 'input[{at}].call_id': string too long. Expected a string with maximum length \
             64, but got a string with length {} instead.",
            id.len()
        ))
        .at(format!("input[{at}].call_id"))
        .coded("string_above_max_length"));
    }
    Ok(id.to_owned())
}

fn hear_thought(
    heard: &mut Heard,
    at: usize,
    item: &Value,
    next: Option<&Value>,
) -> Result<(), Flaw> {
    own_id(item, at, &["rs"])?;
    let id = text(&item["id"]);
    let follows = next.is_some_and(|next| {
        let kind = text(&next["type"]);
        kind.ends_with("_call") || kind == "reasoning" || next["role"] == "assistant"
    });
    if !follows {
        return Err(Flaw::of(format!(
            "Item '{id}' of type 'reasoning' was provided without its required following item."
        ))
        .at("input"));
    }
    if !item["summary"].is_array() {
        return Err(Flaw::of(format!("Missing required parameter: 'input[{at}].summary'."))
            .at(format!("input[{at}].summary"))
            .coded("missing_required_parameter"));
    }
    if let Some(seal) = item["encrypted_content"].as_str() {
        let else_flaw = Flaw::of(format!(
            "The encrypted content for item {id} could not be verified. Reason: Encrypted content \
             could not be decrypted or parsed."
        ))
        .coded("invalid_encrypted_content");
        heard.sealed.push(Sealed { claim: Claim::Seal(seal.to_owned()), else_flaw });
    }
    Ok(())
}

fn hear_message(heard: &mut Heard, at: usize, item: &Value) -> Result<(), Flaw> {
    let role = text(&item["role"]);
    let is_model = role == "assistant";
    match role {
        "user" | "assistant" => {
            heard.turn(at, is_model);
        }
        "system" | "developer" => {}
        _ => {
            return Err(Flaw::of(format!(
                "Invalid value: '{role}'. Supported values are: 'assistant', 'system', \
                 'developer', and 'user'."
            ))
            .at(format!("input[{at}].role"))
            .coded("invalid_value"));
        }
    }
    if is_model {
        own_id(item, at, &["msg"])?;
    }
    if let Some(said) = item["content"].as_str() {
        hear_text(heard, at, role, said);
        return Ok(());
    }
    for (n, part) in items(&item["content"]).iter().enumerate() {
        let kind = text(&part["type"]);
        if is_model != matches!(kind, "output_text" | "refusal") {
            let supported = if is_model {
                "'output_text' and 'refusal'"
            } else {
                "'input_text', 'input_image', and 'input_file'"
            };
            return Err(Flaw::of(format!(
                "Invalid value: '{kind}'. Supported values are: {supported}."
            ))
            .at(format!("input[{at}].content[{n}]"))
            .coded("invalid_value"));
        }
        hear_text(heard, at, role, text(&part["text"]));
        attach(heard, at, part);
    }
    Ok(())
}

fn hear_text(heard: &mut Heard, at: usize, role: &str, said: &str) {
    match role {
        "system" | "developer" => heard.told(said),
        _ => heard.said(at, role == "assistant", said),
    }
}

fn attach(heard: &mut Heard, at: usize, part: &Value) {
    let first = |keys: &[&str]| {
        let given = keys.iter().find_map(|key| part[*key].as_str());
        shown(given.unwrap_or_default()).to_owned()
    };
    let attached = match text(&part["type"]) {
        "input_image" => Attached::elsewhere(Attachment::Image, &first(&["image_url", "file_id"])),
        "input_file" => {
            Attached::elsewhere(Attachment::File, &first(&["file_data", "file_url", "file_id"]))
        }
        _ => return,
    };
    heard.turn(at, false).attached.push(attached);
}

fn pairs(heard: &Heard) -> Result<(), Flaw> {
    let message = match heard.unpaired() {
        None => return Ok(()),
        Some(Unpaired::Orphan { id, .. }) => {
            format!("No tool call found for function call output with call_id {id}.")
        }
        Some(Unpaired::Unanswered { ids, .. }) => {
            format!("No tool output found for function call {}.", ids.join(", "))
        }
    };
    Err(Flaw::of(message).at("input"))
}

fn hear_tools(heard: &mut Heard, body: &Value) -> Result<(), Flaw> {
    for (at, tool) in items(&body["tools"]).iter().enumerate() {
        if tool["type"] == "function" {
            hear_tool(heard, tool, &format!("tools[{at}]"))?;
        }
    }
    heard.choice = match &body["tool_choice"] {
        Value::String(word) if word == "none" => Choice::Forbidden,
        Value::String(word) if word == "required" => Choice::Forced,
        Value::Object(choice) if choice.get("type").is_some_and(|kind| kind == "function") => {
            Choice::Named(choice.get("name").map_or("", text).to_owned())
        }
        _ => Choice::Free,
    };
    chosen_exists(heard)
}

fn hear_format(heard: &mut Heard, body: &Value) -> Result<(), Flaw> {
    let format = &body["text"]["format"];
    heard.format = match text(&format["type"]) {
        "json_object" => {
            let said = body["input"].to_string() + text(&body["instructions"]);
            if !said.to_ascii_lowercase().contains("json") {
                return Err(says_no_json("input", "text.format"));
            }
            Format::Object
        }
        "json_schema" => schema(format, "text.format")?,
        _ => Format::Free,
    };
    Ok(())
}

fn hear_bounds(heard: &mut Heard, body: &Value) -> Result<(), Flaw> {
    let bound = body["max_output_tokens"].as_u64();
    if let Some(bound) = bound.filter(|bound| *bound < 16) {
        return Err(Flaw::of(format!(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but \
             got {bound} instead."
        ))
        .at("max_output_tokens")
        .coded("integer_below_min_value"));
    }
    heard.max_tokens = bound.and_then(|bound| usize::try_from(bound).ok());
    if body["temperature"].as_f64().is_some_and(|heat| !(0.0..=2.0).contains(&heat)) {
        return Err(Flaw::of(
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2.",
        )
        .at("temperature")
        .coded("decimal_above_max_value"));
    }
    Ok(())
}

fn hear_reasoning(heard: &mut Heard, body: &Value) {
    let reasoning = &body["reasoning"];
    let effort = reasoning["effort"].as_str();
    let summary = reasoning["summary"].is_string() || reasoning["generate_summary"].is_string();
    let sealed = items(&body["include"]).iter().any(|one| one == "reasoning.encrypted_content");
    heard.thinking = match (effort, summary, sealed) {
        (Some("none"), ..) | (None, false, _) => Thinking::Off,
        (_, true, true) => Thinking::Shown,
        (_, true, false) => Thinking::Unsealed,
        (_, false, _) => Thinking::Hidden,
    };
}
