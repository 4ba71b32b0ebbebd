//! Requests of the `bedrock_converse` dialect.

use serde_json::Value;

use super::heard::Unpaired;
use super::{
    Attached, Attachment, Choice, Flaw, Format, Heard, Outcome, Sealed, Thinking, Tool, Use,
    is_name, items, text, texts,
};
use crate::seal::Claim;

pub(super) fn hear(body: &Value) -> Result<Heard, Flaw> {
    let messages = items(&body["messages"]);
    if messages.is_empty() {
        return Err(Flaw::of("A conversation must have at least one message in messages."));
    }
    let mut heard = Heard::default();
    for block in items(&body["system"]) {
        if block["cachePoint"].is_null() && text(&block["text"]).trim().is_empty() {
            return Err(Flaw::of(
                "The text field in the SystemContentBlock object is blank. Add text to the text \
                 field, and try again.",
            ));
        }
        heard.told(text(&block["text"]));
    }
    for (at, message) in messages.iter().enumerate() {
        hear_message(&mut heard, at, message)?;
    }
    if heard.turns.first().is_some_and(|turn| turn.is_model) {
        return Err(Flaw::of(
            "A conversation must start with a user message. Try again with a conversation that \
             starts with a user message.",
        ));
    }
    let used = |turn: &super::Turn| !turn.uses.is_empty() || !turn.outcomes.is_empty();
    if heard.turns.iter().any(used) && items(&body["toolConfig"]["tools"]).is_empty() {
        return Err(Flaw::of(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        ));
    }
    if heard
        .turns
        .last()
        .is_some_and(|turn| turn.is_model && turn.said.ends_with(char::is_whitespace))
    {
        return Err(Flaw::of(
            "The model returned the following errors: messages: final assistant content cannot end \
             with trailing whitespace",
        ));
    }
    pairs(&heard)?;
    hear_tools(&mut heard, &body["toolConfig"])?;
    hear_bounds(&mut heard, &body["inferenceConfig"])?;
    hear_format(&mut heard, &body["outputConfig"]["textFormat"])?;
    hear_thinking(&mut heard, &body["additionalModelRequestFields"])?;
    Ok(heard)
}

fn hear_message(heard: &mut Heard, at: usize, message: &Value) -> Result<(), Flaw> {
    let is_model = match text(&message["role"]) {
        "user" => false,
        "assistant" => true,
        role => {
            return Err(Flaw::of(format!(
                "1 validation error detected: Value '{role}' at 'messages.{}.member.role' failed \
                 to satisfy constraint: Member must satisfy enum value set: [user, assistant]",
                at + 1
            )));
        }
    };
    if heard.turns.last().is_some_and(|turn| turn.is_model == is_model) {
        return Err(Flaw::of(
            "A conversation must alternate between user and assistant roles. Make sure the \
             conversation alternates between user and assistant roles and try again.",
        ));
    }
    heard.turn(at, is_model);
    let blocks = items(&message["content"]);
    if blocks.is_empty() {
        return Err(Flaw::of(format!(
            "The content field in the Message object at messages.{at} is empty. Add a ContentBlock \
             object to the content field and try again."
        )));
    }
    for (n, block) in blocks.iter().enumerate() {
        hear_block(heard, at, block, &format!("messages.{at}.content.{n}"))?;
    }
    Ok(())
}

fn hear_block(heard: &mut Heard, at: usize, block: &Value, place: &str) -> Result<(), Flaw> {
    let is_model = heard.turns.last().is_some_and(|turn| turn.is_model);
    let mut kinds = block.as_object().into_iter().flatten();
    let (Some((kind, inner)), None) = (kinds.next(), kinds.next()) else {
        return Err(Flaw::of(format!(
            "The ContentBlock object at {place} must set one of the following keys: text, image, \
             toolUse, toolResult, document, video, cachePoint, reasoningContent."
        )));
    };
    match (kind.as_str(), is_model) {
        ("text", _) if text(inner).trim().is_empty() => Err(Flaw::of(format!(
            "The text field in the ContentBlock object at {place} is blank. Add text to the text \
             field, and try again."
        ))),
        ("text", _) => {
            heard.said(at, is_model, text(inner));
            Ok(())
        }
        ("image", false) => attach(heard, at, Attachment::Image, inner),
        ("document", false) => attach(heard, at, Attachment::File, inner),
        ("toolUse", true) => hear_use(heard, at, inner, place),
        ("toolResult", false) => hear_outcome(heard, at, inner),
        ("reasoningContent", true) => {
            let seal = inner["reasoningText"]["signature"].as_str();
            let seal = seal.or_else(|| inner["redactedContent"].as_str()).unwrap_or_default();
            let else_flaw = Flaw::of(format!(
                "The model returned the following errors: {place}.thinking: Invalid `signature` in \
                 `thinking` block"
            ));
            heard.sealed.push(Sealed { claim: Claim::Seal(seal.to_owned()), else_flaw });
            Ok(())
        }
        ("image" | "document" | "toolUse" | "toolResult" | "reasoningContent", _) => {
            Err(Flaw::of(format!(
                "The ContentBlock object at {place} holds {kind}, which this role cannot have."
            )))
        }
        _ => Ok(()),
    }
}

fn attach(heard: &mut Heard, at: usize, is: Attachment, block: &Value) -> Result<(), Flaw> {
    let (format, source) = (text(&block["format"]), &block["source"]);
    let media_type = match (is, format) {
        (Attachment::Image, "png" | "jpeg" | "gif" | "webp") => format!("image/{format}"),
        (Attachment::Image, _) => {
            return Err(Flaw::of(
                "1 validation error detected: Value at 'image.format' failed to satisfy \
                 constraint: Member must satisfy enum value set: [png, jpeg, gif, webp]",
            ));
        }
        (Attachment::File, "pdf") => "application/pdf".to_owned(),
        (Attachment::File, "" | "txt") => "text/plain".to_owned(),
        (Attachment::File, "md") => "text/markdown".to_owned(),
        (Attachment::File, "html") => "text/html".to_owned(),
        (Attachment::File, "csv") => "text/csv".to_owned(),
        (Attachment::File, other) => other.to_owned(),
    };
    let name = text(&block["name"]);
    let allowed = |c: char| c.is_ascii_alphanumeric() || " -()[]".contains(c);
    if is == Attachment::File && (name.is_empty() || !name.chars().all(allowed)) {
        return Err(Flaw::of(
            "The document file name can only contain alphanumeric characters, whitespace \
             characters, hyphens, parentheses, and square brackets. The name can't contain more \
             than one consecutive whitespace character.",
        ));
    }
    let attached = match (source["bytes"].as_str(), source["text"].as_str()) {
        (Some(data), _) => Attached::inline(is, &media_type, data),
        (None, Some(text)) => Attached { is, told: format!("text/plain, {} bytes", text.len()) },
        (None, None) => Attached::elsewhere(is, "URL"),
    };
    heard.turn(at, false).attached.push(attached);
    Ok(())
}

fn hear_use(heard: &mut Heard, at: usize, one: &Value, place: &str) -> Result<(), Flaw> {
    let (id, name) = (text(&one["toolUseId"]), text(&one["name"]));
    if !is_name(id, "_.:-", 64) {
        return Err(Flaw::of(format!(
            "1 validation error detected: Value '{id}' at '{place}.member.toolUse.toolUseId' \
             failed to satisfy constraint: Member must satisfy regular expression pattern: \
             [a-zA-Z0-9_.:-]+"
        )));
    }
    if !one["input"].is_object() {
        return Err(Flaw::of(format!(
            "The format of the value at {place}.toolUse.input is invalid. Provide a json object \
             for the field and try again."
        )));
    }
    heard.turn(at, true).uses.push(Use { id: id.to_owned(), name: name.to_owned() });
    Ok(())
}

fn hear_outcome(heard: &mut Heard, at: usize, one: &Value) -> Result<(), Flaw> {
    let told = |block: &Value| match block["text"].as_str() {
        Some(text) => text.to_owned(),
        None if block["json"].is_null() => String::new(),
        None => block["json"].to_string(),
    };
    let text: String = items(&one["content"]).iter().map(told).collect();
    heard.count(&text);
    let id = self::text(&one["toolUseId"]).to_owned();
    heard.turn(at, false).outcomes.push(Outcome { id, text });
    Ok(())
}

fn pairs(heard: &Heard) -> Result<(), Flaw> {
    match heard.unpaired() {
        None => Ok(()),
        Some(Unpaired::Orphan { at, .. }) => Err(Flaw::of(format!(
            "The number of toolResult blocks at messages.{at}.content exceeds the number of \
             toolUse blocks of previous turn."
        ))),
        Some(Unpaired::Unanswered { at, ids, .. }) => Err(Flaw::of(format!(
            "Expected toolResult blocks at messages.{at}.content for the following Ids: {}",
            ids.join(", ")
        ))),
    }
}

fn hear_tools(heard: &mut Heard, config: &Value) -> Result<(), Flaw> {
    for (at, tool) in items(&config["tools"]).iter().enumerate() {
        let one = &tool["toolSpec"];
        if one.is_null() {
            continue;
        }
        let name = text(&one["name"]);
        if !is_name(name, "_-", 64) {
            return Err(Flaw::of(format!(
                "1 validation error detected: Value '{name}' at 'toolConfig.tools.{}.member\
                 .toolSpec.name' failed to satisfy constraint: Member must satisfy regular \
                 expression pattern: [a-zA-Z0-9_-]+",
                at + 1
            )));
        }
        let schema = &one["inputSchema"]["json"];
        if schema["type"] != "object" {
            return Err(Flaw::of(format!(
                "The value at toolConfig.tools.{at}.toolSpec.inputSchema.json.type must be one of \
                 the following: object."
            )));
        }
        heard.tools.push(Tool { name: name.to_owned(), schema: Some(schema.clone()) });
    }
    let choice = &config["toolChoice"];
    heard.choice = if choice["any"].is_object() {
        Choice::Forced
    } else if choice["tool"].is_object() {
        Choice::Named(text(&choice["tool"]["name"]).to_owned())
    } else {
        Choice::Free
    };
    match &heard.choice {
        Choice::Named(name) if heard.tools.iter().all(|tool| tool.name != *name) => {
            Err(Flaw::of("The tool in toolConfig.toolChoice.tool.name is not in toolConfig.tools."))
        }
        Choice::Named(_) | Choice::Free | Choice::Forbidden | Choice::Forced => Ok(()),
    }
}

fn hear_bounds(heard: &mut Heard, config: &Value) -> Result<(), Flaw> {
    heard.stop = texts(&config["stopSequences"]);
    heard.max_tokens = config["maxTokens"].as_u64().and_then(|bound| usize::try_from(bound).ok());
    for (field, name) in [("temperature", "temperature"), ("topP", "topP")] {
        let value = config[field].as_f64();
        if let Some(value) = value.filter(|value| !(0.0..=1.0).contains(value)) {
            return Err(Flaw::of(format!(
                "1 validation error detected: Value '{value}' at 'inferenceConfig.{name}' failed \
                 to satisfy constraint: Member must have value less than or equal to 1"
            )));
        }
    }
    Ok(())
}

fn hear_format(heard: &mut Heard, format: &Value) -> Result<(), Flaw> {
    if format.is_null() {
        return Ok(());
    }
    let schema = text(&format["structure"]["jsonSchema"]["schema"]);
    let schema = serde_json::from_str::<Value>(schema).ok().filter(Value::is_object);
    match schema {
        Some(schema) if format["type"] == "json_schema" => {
            heard.format = Format::Schema(schema);
            Ok(())
        }
        _ => Err(Flaw::of(
            "The value at outputConfig.textFormat.structure.jsonSchema.schema is not a JSON schema.",
        )),
    }
}

fn hear_thinking(heard: &mut Heard, fields: &Value) -> Result<(), Flaw> {
    let asked = ["thinking", "reasoning_config"].map(|key| &fields[key]);
    let Some(asked) = asked.into_iter().find(|asked| !asked.is_null()) else { return Ok(()) };
    let kind = text(&asked["type"]);
    if kind == "enabled" && asked["budget_tokens"].as_u64().is_none_or(|budget| budget < 1024) {
        return Err(Flaw::of(
            "The model returned the following errors: thinking.enabled.budget_tokens: Input should \
             be greater than or equal to 1024",
        ));
    }
    if matches!(kind, "enabled" | "adaptive") {
        heard.thinking = Thinking::Shown;
        if matches!(heard.choice, Choice::Forced | Choice::Named(_)) {
            return Err(Flaw::of(
                "The model returned the following errors: Thinking may not be enabled when \
                 tool_choice forces tool use.",
            ));
        }
    }
    Ok(())
}
