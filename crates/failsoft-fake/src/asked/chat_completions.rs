//! Requests of the `chat_completions` dialect.

use serde_json::Value;

use super::heard::Unpaired;
use super::{
    Attached, Attachment, Choice, Flaw, Format, Heard, Outcome, Thinking, Tool, Use, is_name,
    items, text, texts,
};

pub(super) fn hear(body: &Value) -> Result<Heard, Flaw> {
    let Some(messages) = body["messages"].as_array() else {
        return Err(Flaw::of("`messages` must be a list").at("messages").coded("invalid_type"));
    };
    if messages.is_empty() {
        return Err(Flaw::of(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an \
             empty array instead.",
        )
        .at("messages")
        .coded("empty_array"));
    }
    let mut heard = Heard::default();
    let mut before = "";
    for (at, message) in messages.iter().enumerate() {
        hear_message(&mut heard, at, message, before)?;
        before = text(&message["role"]);
    }
    pairs(&heard)?;
    hear_tools(&mut heard, body)?;
    hear_format(&mut heard, body)?;
    heard.stop = match &body["stop"] {
        Value::String(one) => vec![one.clone()],
        many => texts(many),
    };
    let bound = body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64());
    heard.max_tokens = bound.and_then(|bound| usize::try_from(bound).ok());
    if body["temperature"].as_f64().is_some_and(|heat| !(0.0..=2.0).contains(&heat)) {
        return Err(Flaw::of(
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2.",
        )
        .at("temperature")
        .coded("decimal_above_max_value"));
    }
    let effort = body["reasoning_effort"].as_str().unwrap_or("none");
    heard.thinking = if effort == "none" { Thinking::Off } else { Thinking::Unsealed };
    Ok(heard)
}

fn hear_message(heard: &mut Heard, at: usize, message: &Value, before: &str) -> Result<(), Flaw> {
    let content = &message["content"];
    match text(&message["role"]) {
        "system" | "developer" => {
            for text in content_texts(content) {
                heard.told(text);
            }
        }
        "user" => hear_user(heard, at, content),
        "assistant" => hear_assistant(heard, at, message)?,
        "tool" => {
            if !matches!(before, "assistant" | "tool") {
                return Err(orphan(at));
            }
            let text = content_texts(content).join("");
            heard.count(&text);
            let id = self::text(&message["tool_call_id"]).to_owned();
            heard.turn(at, false).outcomes.push(Outcome { id, text });
        }
        "function" => {}
        role => {
            return Err(Flaw::of(format!(
                "Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', \
                 'function', 'tool', and 'developer'."
            ))
            .at(format!("messages[{at}].role"))
            .coded("invalid_value"));
        }
    }
    Ok(())
}

fn hear_user(heard: &mut Heard, at: usize, content: &Value) {
    for text in content_texts(content) {
        heard.said(at, false, text);
    }
    let turn = heard.turn(at, false);
    for part in items(content) {
        let attached = match text(&part["type"]) {
            "image_url" => {
                Attached::elsewhere(Attachment::Image, shown(text(&part["image_url"]["url"])))
            }
            "file" => {
                let file = &part["file"];
                let data = file["file_data"].as_str().unwrap_or(text(&file["file_id"]));
                Attached::elsewhere(Attachment::File, shown(data))
            }
            _ => continue,
        };
        turn.attached.push(attached);
    }
}

/// An address of the web is told as such, not in full.
pub(super) fn shown(address: &str) -> &str {
    if address.starts_with("http") { "URL" } else { address }
}

fn hear_assistant(heard: &mut Heard, at: usize, message: &Value) -> Result<(), Flaw> {
    let content = &message["content"];
    for text in content_texts(content) {
        heard.said(at, true, text);
    }
    let calls = items(&message["tool_calls"]);
    if content.is_null() && calls.is_empty() && message["refusal"].is_null() {
        return Err(Flaw::of("Invalid value for 'content': expected a string, got null.")
            .at(format!("messages.[{at}].content")));
    }
    for (n, call) in calls.iter().enumerate() {
        let id = text(&call["id"]);
        let function = &call["function"];
        let place = format!("messages[{at}].tool_calls[{n}]");
        if id.len() > 40 || id.is_empty() {
            return Err(Flaw::of(format!(
                "Invalid '{place}.id': string too long. Expected a string with maximum length 40, \
                 but got a string with length {} instead.",
                id.len()
            ))
            .at(format!("{place}.id"))
            .coded("string_above_max_length"));
        }
        if !function["arguments"].is_string() {
            return Err(Flaw::of(format!(
                "Invalid type for '{place}.function.arguments': expected a string."
            ))
            .at(format!("{place}.function.arguments"))
            .coded("invalid_type"));
        }
        let name = text(&function["name"]).to_owned();
        heard.turn(at, true).uses.push(Use { id: id.to_owned(), name });
    }
    heard.turn(at, true);
    Ok(())
}

fn orphan(at: usize) -> Flaw {
    Flaw::of(
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message \
         with 'tool_calls'.",
    )
    .at(format!("messages.[{at}].role"))
}

fn pairs(heard: &Heard) -> Result<(), Flaw> {
    match heard.unpaired() {
        None => Ok(()),
        Some(Unpaired::Orphan { at, .. }) => Err(orphan(at)),
        Some(Unpaired::Unanswered { at, ids, .. }) => Err(Flaw::of(format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding \
             to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
            ids.join(", ")
        ))
        .at(format!("messages.[{at}].role"))),
    }
}

fn hear_tools(heard: &mut Heard, body: &Value) -> Result<(), Flaw> {
    if body["tools"].as_array().is_some_and(Vec::is_empty) {
        return Err(Flaw::of("Invalid 'tools': empty array.").at("tools").coded("empty_array"));
    }
    for (at, tool) in items(&body["tools"]).iter().enumerate() {
        let function = &tool["function"];
        if text(&tool["type"]) == "function" {
            hear_tool(heard, function, &format!("tools[{at}].function"))?;
        }
    }
    heard.choice = match &body["tool_choice"] {
        Value::String(word) if word == "none" => Choice::Forbidden,
        Value::String(word) if word == "required" => Choice::Forced,
        Value::Object(choice) => {
            let name = choice.get("function").map_or("", |function| text(&function["name"]));
            Choice::Named(name.to_owned())
        }
        _ => Choice::Free,
    };
    for (param, given) in [
        ("tool_choice", !body["tool_choice"].is_null()),
        ("parallel_tool_calls", !body["parallel_tool_calls"].is_null()),
    ] {
        if given && items(&body["tools"]).is_empty() {
            return Err(Flaw::of(format!(
                "Invalid value for '{param}': '{param}' is only allowed when 'tools' are specified."
            ))
            .at(param));
        }
    }
    chosen_exists(heard)
}

/// A function as the OpenAI dialects both have it, at different depths.
pub(super) fn hear_tool(heard: &mut Heard, function: &Value, place: &str) -> Result<(), Flaw> {
    let name = text(&function["name"]);
    if name.is_empty() {
        return Err(Flaw::of(format!("Missing required parameter: '{place}.name'."))
            .at(format!("{place}.name"))
            .coded("missing_required_parameter"));
    }
    if !is_name(name, "_-", 64) {
        return Err(Flaw::of(format!(
            "Invalid '{place}.name': string does not match pattern. Expected a string that matches \
             the pattern '^[a-zA-Z0-9_-]+$'."
        ))
        .at(format!("{place}.name"))
        .coded("invalid_value"));
    }
    let schema = &function["parameters"];
    if function["strict"] == true
        && let Some(wrong) = not_strict(schema)
    {
        return Err(Flaw::of(format!(
            "Invalid schema for function '{name}': In context=(), {wrong}"
        ))
        .at(format!("{place}.parameters"))
        .coded("invalid_function_parameters"));
    }
    let schema = schema.is_object().then(|| schema.clone());
    heard.tools.push(Tool { name: name.to_owned(), schema });
    Ok(())
}

pub(super) fn chosen_exists(heard: &Heard) -> Result<(), Flaw> {
    match &heard.choice {
        Choice::Named(name) if heard.tools.iter().all(|tool| tool.name != *name) => {
            Err(Flaw::of(format!("Tool choice '{name}' not found in 'tools' parameter."))
                .at("tool_choice"))
        }
        Choice::Named(_) | Choice::Free | Choice::Forbidden | Choice::Forced => Ok(()),
    }
}

fn hear_format(heard: &mut Heard, body: &Value) -> Result<(), Flaw> {
    let format = &body["response_format"];
    heard.format = match text(&format["type"]) {
        "json_object" => {
            if !body["messages"].to_string().to_ascii_lowercase().contains("json") {
                return Err(says_no_json("messages", "response_format"));
            }
            Format::Object
        }
        "json_schema" => schema(&format["json_schema"], "response_format.json_schema")?,
        _ => Format::Free,
    };
    Ok(())
}

pub(super) fn says_no_json(param: &str, format: &str) -> Flaw {
    Flaw::of(format!(
        "'{param}' must contain the word 'json' in some form, to use '{format}' of type \
         'json_object'."
    ))
    .at(param)
}

/// A named schema, as the OpenAI dialects both have it.
pub(super) fn schema(format: &Value, place: &str) -> Result<Format, Flaw> {
    let name = text(&format["name"]);
    if name.is_empty() {
        return Err(Flaw::of(format!("Missing required parameter: '{place}.name'."))
            .at(format!("{place}.name"))
            .coded("missing_required_parameter"));
    }
    if !is_name(name, "_-", 64) {
        return Err(Flaw::of(format!(
            "Invalid '{place}.name': string does not match pattern '^[a-zA-Z0-9_-]+$'."
        ))
        .at(format!("{place}.name"))
        .coded("invalid_value"));
    }
    if format["strict"] == true
        && let Some(wrong) = not_strict(&format["schema"])
    {
        let message =
            format!("Invalid schema for response_format '{name}': In context=(), {wrong}");
        return Err(Flaw::of(message).at(place));
    }
    Ok(Format::Schema(format["schema"].clone()))
}

/// What strict mode does not take at the top of a schema.
fn not_strict(schema: &Value) -> Option<&'static str> {
    if schema["additionalProperties"] != false {
        return Some("'additionalProperties' is required to be supplied and to be false.");
    }
    let required = items(&schema["required"]);
    let all = schema["properties"].as_object().is_none_or(|properties| {
        properties.keys().all(|name| required.iter().any(|one| one == name))
    });
    (!all).then_some(
        "'required' is required to be supplied and to be an array including every key in \
         properties.",
    )
}

fn content_texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text],
        parts => items(parts).iter().filter_map(|part| part["text"].as_str()).collect(),
    }
}
