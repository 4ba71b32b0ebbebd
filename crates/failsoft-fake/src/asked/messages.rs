//! Requests of the `messages` dialect.

use serde_json::Value;

use super::heard::Unpaired;
use super::{
    Attached, Attachment, Choice, Flaw, Format, Heard, Outcome, Sealed, Thinking, Tool, Use,
    is_name, items, text, texts,
};
use crate::seal::Claim;

pub(super) fn hear(body: &Value) -> Result<Heard, Flaw> {
    let Some(messages) = body["messages"].as_array() else {
        return Err(Flaw::of("messages: Input should be a valid list"));
    };
    if messages.is_empty() {
        return Err(Flaw::of("messages: at least one message is required"));
    }
    let Some(bound) = body["max_tokens"].as_u64().filter(|bound| *bound > 0) else {
        return Err(Flaw::of("max_tokens: Field required"));
    };
    let mut heard = Heard { max_tokens: usize::try_from(bound).ok(), ..Heard::default() };
    hear_system(&mut heard, &body["system"])?;
    for (at, message) in messages.iter().enumerate() {
        hear_message(&mut heard, at, message)?;
    }
    if heard.turns.first().is_some_and(|turn| turn.is_model) {
        return Err(Flaw::of("messages: first message must use the \"user\" role"));
    }
    pairs(&heard)?;
    hear_tools(&mut heard, body)?;
    hear_format(&mut heard, body)?;
    hear_sampling(&mut heard, body)?;
    hear_thinking(&mut heard, body, messages)?;
    prefill(&heard, messages)?;
    Ok(heard)
}

fn hear_system(heard: &mut Heard, system: &Value) -> Result<(), Flaw> {
    if let Some(text) = system.as_str() {
        heard.told(text);
    }
    for block in items(system) {
        if text(&block["text"]).is_empty() {
            return Err(Flaw::of("system: text content blocks must be non-empty"));
        }
        heard.told(text(&block["text"]));
    }
    Ok(())
}

fn hear_message(heard: &mut Heard, at: usize, message: &Value) -> Result<(), Flaw> {
    let is_model = match text(&message["role"]) {
        "user" => false,
        "assistant" => true,
        _ => {
            return Err(Flaw::of(format!(
                "messages.{at}.role: Input should be 'user' or 'assistant'"
            )));
        }
    };
    heard.turn(at, is_model);
    if let Some(text) = message["content"].as_str() {
        if text.is_empty() {
            return Err(Flaw::of(format!("messages.{at}: messages must have non-empty content")));
        }
        heard.said(at, is_model, text);
        return Ok(());
    }
    let blocks = items(&message["content"]);
    if blocks.is_empty() {
        return Err(Flaw::of(format!("messages.{at}: messages must have non-empty content")));
    }
    let mut others = false;
    for (n, block) in blocks.iter().enumerate() {
        let place = format!("messages.{at}.content.{n}");
        let is_outcome = text(&block["type"]) == "tool_result";
        if is_outcome && others {
            return Err(Flaw::of(format!(
                "{place}: `tool_result` blocks must come before any other content, immediately \
                 after their `tool_use` blocks"
            )));
        }
        others |= !is_outcome;
        hear_block(heard, at, block, &place)?;
    }
    Ok(())
}

fn hear_block(heard: &mut Heard, at: usize, block: &Value, place: &str) -> Result<(), Flaw> {
    let is_model = heard.turns.last().is_some_and(|turn| turn.is_model);
    match (text(&block["type"]), is_model) {
        ("text", _) => {
            if text(&block["text"]).trim().is_empty() {
                return Err(Flaw::of("messages: text content blocks must be non-empty"));
            }
            heard.said(at, is_model, text(&block["text"]));
        }
        ("image", false) => attach(heard, at, Attachment::Image, &block["source"]),
        ("document", false) => attach(heard, at, Attachment::File, &block["source"]),
        ("tool_use", true) => {
            let id = text(&block["id"]);
            if !is_name(id, "_-", 256) {
                return Err(Flaw::of(format!(
                    "{place}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
                )));
            }
            if !block["input"].is_object() {
                return Err(Flaw::of(format!(
                    "{place}.tool_use.input: Input should be a valid dictionary"
                )));
            }
            let name = text(&block["name"]).to_owned();
            heard.turn(at, true).uses.push(Use { id: id.to_owned(), name });
        }
        ("tool_result", false) => {
            let text = outcome(&block["content"]);
            heard.count(&text);
            let id = self::text(&block["tool_use_id"]).to_owned();
            heard.turn(at, false).outcomes.push(Outcome { id, text });
        }
        ("thinking", true) => seal(heard, text(&block["signature"]), place, "thinking"),
        ("redacted_thinking", true) => {
            seal(heard, text(&block["data"]), place, "redacted_thinking");
        }
        (kind @ ("image" | "document" | "tool_use" | "tool_result" | "thinking"), _) => {
            return Err(Flaw::of(format!(
                "{place}: `{kind}` blocks are not allowed in messages of this role"
            )));
        }
        ("", _) => return Err(Flaw::of(format!("{place}.type: Field required"))),
        _ => {}
    }
    Ok(())
}

fn seal(heard: &mut Heard, seal: &str, place: &str, kind: &str) {
    let what = if kind == "thinking" { "signature" } else { "data" };
    let else_flaw = Flaw::of(format!("{place}.{kind}: Invalid `{what}` in `{kind}` block"));
    heard.sealed.push(Sealed { claim: Claim::Seal(seal.to_owned()), else_flaw });
}

fn attach(heard: &mut Heard, at: usize, is: Attachment, source: &Value) {
    let attached = match text(&source["type"]) {
        "base64" => Attached::inline(is, text(&source["media_type"]), text(&source["data"])),
        "text" => {
            let told = format!("text/plain, {} bytes", text(&source["data"]).len());
            Attached { is, told }
        }
        "url" => Attached::elsewhere(is, "URL"),
        _ => Attached::elsewhere(is, text(&source["file_id"])),
    };
    heard.turn(at, false).attached.push(attached);
}

/// A tool's outcome as text.
fn outcome(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        blocks => items(blocks).iter().filter_map(|block| block["text"].as_str()).collect(),
    }
}

fn pairs(heard: &Heard) -> Result<(), Flaw> {
    match heard.unpaired() {
        None => Ok(()),
        Some(Unpaired::Orphan { at, id }) => Err(Flaw::of(format!(
            "messages.{at}.content.0: unexpected `tool_use_id` found in `tool_result` blocks: {id}. \
             Each `tool_result` block must have a corresponding `tool_use` block in the previous \
             message."
        ))),
        Some(Unpaired::Unanswered { used_at, ids, .. }) => Err(Flaw::of(format!(
            "messages.{used_at}: `tool_use` ids were found without `tool_result` blocks \
             immediately after: {}. Each `tool_use` block must have a corresponding `tool_result` \
             block in the next message.",
            ids.join(", ")
        ))),
    }
}

fn hear_tools(heard: &mut Heard, body: &Value) -> Result<(), Flaw> {
    for (at, tool) in items(&body["tools"]).iter().enumerate() {
        if !matches!(text(&tool["type"]), "" | "custom") {
            continue;
        }
        let name = text(&tool["name"]);
        if !is_name(name, "_-", 128) {
            return Err(Flaw::of(format!(
                "tools.{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            )));
        }
        if tool["input_schema"]["type"] != "object" {
            return Err(Flaw::of(format!(
                "tools.{at}.custom.input_schema.type: Input should be 'object'"
            )));
        }
        let schema = Some(tool["input_schema"].clone());
        heard.tools.push(Tool { name: name.to_owned(), schema });
    }
    let choice = &body["tool_choice"];
    heard.choice = match text(&choice["type"]) {
        "none" => Choice::Forbidden,
        "any" => Choice::Forced,
        "tool" => Choice::Named(text(&choice["name"]).to_owned()),
        _ => Choice::Free,
    };
    if !choice.is_null() && items(&body["tools"]).is_empty() {
        return Err(Flaw::of("tool_choice may only be specified while providing tools."));
    }
    match &heard.choice {
        Choice::Named(name) if heard.tools.iter().all(|tool| tool.name != *name) => {
            Err(Flaw::of(format!("Tool '{name}' not found in provided tools")))
        }
        Choice::Named(_) | Choice::Free | Choice::Forbidden | Choice::Forced => Ok(()),
    }
}

fn hear_format(heard: &mut Heard, body: &Value) -> Result<(), Flaw> {
    let format = &body["output_config"]["format"];
    let format = if format.is_null() { &body["output_format"] } else { format };
    if format.is_null() {
        return Ok(());
    }
    let schema = &format["schema"];
    if format["type"] != "json_schema" || !schema.is_object() {
        return Err(Flaw::of(
            "output_config.format: Input should be a `json_schema` with `schema`",
        ));
    }
    if schema["type"] == "object" && schema["additionalProperties"] != false {
        return Err(Flaw::of(
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be \
             explicitly set to false",
        ));
    }
    heard.format = Format::Schema(schema.clone());
    Ok(())
}

fn hear_sampling(heard: &mut Heard, body: &Value) -> Result<(), Flaw> {
    let heat = body["temperature"].as_f64();
    if heat.is_some_and(|heat| heat > 1.0) {
        return Err(Flaw::of("temperature: Input should be less than or equal to 1"));
    }
    if heat.is_some_and(|heat| heat < 0.0) {
        return Err(Flaw::of("temperature: Input should be greater than or equal to 0"));
    }
    heard.stop = texts(&body["stop_sequences"]);
    if heard.stop.iter().any(|stop| stop.trim().is_empty()) {
        return Err(Flaw::of("stop_sequences: each stop sequence must contain non-whitespace"));
    }
    Ok(())
}

fn hear_thinking(heard: &mut Heard, body: &Value, messages: &[Value]) -> Result<(), Flaw> {
    let thinking = &body["thinking"];
    heard.thinking = match (text(&thinking["type"]), text(&thinking["display"])) {
        ("enabled" | "adaptive", "omitted") => Thinking::Hidden,
        ("enabled" | "adaptive", _) => Thinking::Shown,
        _ => Thinking::Off,
    };
    if thinking["type"] != "enabled" {
        return Ok(());
    }
    let budget = thinking["budget_tokens"].as_u64().unwrap_or_default();
    if budget < 1024 {
        return Err(Flaw::of(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ));
    }
    if heard.max_tokens.is_some_and(|bound| bound as u64 <= budget) {
        return Err(Flaw::of("`max_tokens` must be greater than `thinking.budget_tokens`."));
    }
    if body["temperature"].as_f64().is_some_and(|heat| heat < 1.0) {
        return Err(Flaw::of("`temperature` may only be set to 1 when thinking is enabled."));
    }
    if matches!(heard.choice, Choice::Forced | Choice::Named(_)) {
        return Err(Flaw::of("Thinking may not be enabled when tool_choice forces tool use."));
    }
    let answers_tools = heard.turns.last().is_some_and(|turn| !turn.outcomes.is_empty());
    let last = messages.iter().rposition(|message| message["role"] == "assistant");
    if let Some(at) = last.filter(|_| answers_tools) {
        let found = text(&messages[at]["content"][0]["type"]);
        if !found.ends_with("thinking") {
            return Err(Flaw::of(format!(
                "messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but \
                 found `{found}`. When `thinking` is enabled, a final `assistant` message must \
                 start with a thinking block."
            )));
        }
    }
    Ok(())
}

/// What a conversation that ends with the model's own words must keep to.
fn prefill(heard: &Heard, messages: &[Value]) -> Result<(), Flaw> {
    let Some(last) = messages.last().filter(|message| message["role"] == "assistant") else {
        return Ok(());
    };
    let content = &last["content"];
    let said = match content {
        Value::String(said) => said.as_str(),
        blocks => items(blocks).last().map_or("", |block| text(&block["text"])),
    };
    if said.ends_with(char::is_whitespace) {
        return Err(Flaw::of(
            "messages: final assistant content cannot end with trailing whitespace",
        ));
    }
    let clash = if !heard.tools.is_empty() {
        "tools"
    } else if heard.thinking != Thinking::Off {
        "thinking"
    } else if !matches!(heard.format, Format::Free) {
        "output_config.format"
    } else {
        return Ok(());
    };
    Err(Flaw::of(format!("messages: prefilling assistant messages is not supported with {clash}")))
}
