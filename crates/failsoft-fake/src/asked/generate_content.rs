//! Requests of the `generate_content` dialect.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    Attached, Attachment, Choice, Flaw, Format, Heard, Outcome, Sealed, Thinking, Tool, Use,
    is_name, items, text, texts,
};
use crate::seal::Claim;

/// The part of a schema that `parameters` and `responseSchema` take.
const SCHEMA_KEYS: [&str; 27] = [
    "additionalProperties",
    "$defs",
    "defs",
    "$ref",
    "ref",
    "anyOf",
    "default",
    "description",
    "enum",
    "example",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "nullable",
    "pattern",
    "properties",
    "propertyOrdering",
    "required",
    "title",
    "type",
];

/// What stands for a signature in a history that other models wrote.
const NO_SIGNATURE: [&str; 2] =
    ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"];

pub(super) fn hear(model: &str, body: &Value) -> Result<Heard, Flaw> {
    let contents = items(at(body, "contents"));
    if contents.is_empty() {
        return Err(Flaw::of("* GenerateContentRequest.contents: contents is not specified\n"));
    }
    let mut heard = Heard::default();
    for part in items(&at(body, "systemInstruction")["parts"]) {
        heard.told(text(&part["text"]));
    }
    for (n, content) in contents.iter().enumerate() {
        hear_content(&mut heard, n, content)?;
    }
    pairs(&heard)?;
    if needs_signatures(model) {
        signed(contents)?;
    }
    hear_tools(&mut heard, body)?;
    hear_config(&mut heard, at(body, "generationConfig"))?;
    // These models always think; without being asked they show the signature alone.
    if needs_signatures(model) && heard.thinking == Thinking::Off {
        heard.thinking = Thinking::Hidden;
    }
    Ok(heard)
}

/// A field by its name, or by its name with underscores: both are read.
fn at<'v>(value: &'v Value, name: &str) -> &'v Value {
    if let Some(value) = value.get(name) {
        return value;
    }
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    &value[snake]
}

fn hear_content(heard: &mut Heard, n: usize, content: &Value) -> Result<(), Flaw> {
    let is_model = match content["role"].as_str() {
        None | Some("user" | "function") => false,
        Some("model") => true,
        Some(_) => return Err(Flaw::of("Please use a valid role: user, model.")),
    };
    let parts = items(&content["parts"]);
    if parts.is_empty() {
        return Err(Flaw::of(format!(
            "* GenerateContentRequest.contents[{n}].parts: contents.parts must not be empty.\n"
        )));
    }
    heard.turn(n, is_model);
    for (m, part) in parts.iter().enumerate() {
        hear_part(heard, n, part, &format!("contents[{n}].parts[{m}]"))?;
    }
    Ok(())
}

fn hear_part(heard: &mut Heard, n: usize, part: &Value, place: &str) -> Result<(), Flaw> {
    let is_model = heard.turns.last().is_some_and(|turn| turn.is_model);
    if at(part, "thought") == true {
        heard.count(text(&part["text"]));
    } else {
        heard.said(n, is_model, text(&part["text"]));
    }
    let (call, outcome) = (at(part, "functionCall"), at(part, "functionResponse"));
    let (inline, file) = (at(part, "inlineData"), at(part, "fileData"));
    if call.is_object() {
        if !is_model {
            return Err(Flaw::of("Function call parts are only allowed in turns of the model."));
        }
        let name = text(&call["name"]);
        let id = call["id"].as_str().unwrap_or(name);
        heard.turn(n, true).uses.push(Use { id: id.to_owned(), name: name.to_owned() });
    } else if outcome.is_object() {
        if !outcome["response"].is_object() {
            return Err(Flaw::of(format!(
                "Invalid value at '{place}.function_response.response' \
                 (type.googleapis.com/google.protobuf.Struct)"
            )));
        }
        let name = text(&outcome["name"]);
        if name.is_empty() {
            return Err(Flaw::of(format!(
                "* GenerateContentRequest.{place}.function_response.name: Name cannot be empty.\n"
            )));
        }
        let text = told(&outcome["response"]);
        heard.count(&text);
        let id = outcome["id"].as_str().unwrap_or(name).to_owned();
        heard.turn(n, false).outcomes.push(Outcome { id, text });
    } else if inline.is_object() {
        let media_type = text(at(inline, "mimeType"));
        let is = kind(media_type);
        heard.turn(n, is_model).attached.push(Attached::inline(
            is,
            media_type,
            text(&inline["data"]),
        ));
    } else if file.is_object() {
        let is = kind(text(at(file, "mimeType")));
        heard.turn(n, is_model).attached.push(Attached::elsewhere(is, "URL"));
    } else if !part["text"].is_string() {
        return Err(Flaw::of(format!(
            "* GenerateContentRequest.{place}.data: required oneof field 'data' must have one \
             initialized field\n"
        )));
    }
    seal(heard, part);
    Ok(())
}

fn seal(heard: &mut Heard, part: &Value) {
    let Some(seal) = at(part, "thoughtSignature").as_str() else { return };
    let bytes = crate::base64::decode(seal).unwrap_or_default();
    let plain = String::from_utf8(bytes).unwrap_or_default();
    if NO_SIGNATURE.iter().any(|word| *word == seal || *word == plain) {
        return;
    }
    let else_flaw = Flaw::of("Corrupted thought signature.");
    heard.sealed.push(Sealed { claim: Claim::Seal(seal.to_owned()), else_flaw });
}

fn kind(media_type: &str) -> Attachment {
    if media_type.starts_with("image/") { Attachment::Image } else { Attachment::File }
}

/// What a function gave back, as people write it: `output`, or what else stands alone.
fn told(response: &Value) -> String {
    let fields = response.as_object().into_iter().flatten();
    let only = fields.clone().next().filter(|_| fields.clone().count() == 1);
    let known = ["output", "result", "error", "content"];
    match only {
        Some((key, Value::String(text))) if known.contains(&key.as_str()) => text.clone(),
        Some((key, value)) if known.contains(&key.as_str()) => value.to_string(),
        _ => response.to_string(),
    }
}

fn pairs(heard: &Heard) -> Result<(), Flaw> {
    let mut called = 0;
    for (nth, turn) in heard.turns.iter().enumerate() {
        if nth == 0 && !turn.uses.is_empty() {
            return Err(Flaw::of(
                "Please ensure that function call turn comes immediately after a user turn or \
                 after a function response turn.",
            ));
        }
        if turn.outcomes.len() != called {
            return Err(Flaw::of(
                "Please ensure that the number of function response parts is equal to the number \
                 of function call parts of the function call turn.",
            ));
        }
        called = turn.uses.len();
    }
    Ok(())
}

fn needs_signatures(model: &str) -> bool {
    model.contains("gemini-3")
}

/// In the current turn, the first call of each step must carry its signature.
fn signed(contents: &[Value]) -> Result<(), Flaw> {
    let asks = |content: &Value| {
        content["role"] != "model"
            && items(&content["parts"]).iter().any(|part| !at(part, "functionResponse").is_object())
    };
    let begins = contents.iter().rposition(asks).unwrap_or(0);
    for (n, content) in contents.iter().enumerate().skip(begins) {
        let parts = items(&content["parts"]);
        let first = parts.iter().position(|part| at(part, "functionCall").is_object());
        let Some(place) = first else { continue };
        let call = &parts[place];
        if at(call, "thoughtSignature").is_null() {
            return Err(Flaw::of(format!(
                "Function call is missing a thought_signature in functionCall parts. This is \
                 required for tools to work correctly, and missing thought_signature may lead to \
                 degraded model performance. Additional data, function call `default_api:{}`, \
                 position {}.",
                text(&at(call, "functionCall")["name"]),
                n + 1
            )));
        }
    }
    Ok(())
}

fn hear_tools(heard: &mut Heard, body: &Value) -> Result<(), Flaw> {
    for (n, tool) in items(&body["tools"]).iter().enumerate() {
        for (m, function) in items(at(tool, "functionDeclarations")).iter().enumerate() {
            let place = format!("tools[{n}].function_declarations[{m}]");
            let name = text(&function["name"]);
            let letter = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if !letter || !is_name(name, "_.:-", 64) {
                return Err(Flaw::of(format!(
                    "* GenerateContentRequest.{place}.name: Invalid function name. Must start with \
                     a letter or an underscore.\n"
                )));
            }
            let (narrow, wide) = (&function["parameters"], at(function, "parametersJsonSchema"));
            known_keys(narrow, &format!("{place}.parameters"))?;
            let schema = if narrow.is_object() { narrow } else { wide };
            let schema = schema.is_object().then(|| schema.clone());
            heard.tools.push(Tool { name: name.to_owned(), schema });
        }
    }
    let config = at(at(body, "toolConfig"), "functionCallingConfig");
    let allowed = texts(at(config, "allowedFunctionNames"));
    heard.choice = match (text(&config["mode"]), allowed.first()) {
        ("NONE", _) => Choice::Forbidden,
        ("ANY", Some(name)) => Choice::Named(name.clone()),
        ("ANY", None) => Choice::Forced,
        ("", Some(_)) | ("AUTO", Some(_)) => {
            return Err(Flaw::of(
                "Invalid function calling config: allowed_function_names may only be set with mode \
                 ANY or VALIDATED.",
            ));
        }
        _ => Choice::Free,
    };
    let unknown = allowed.iter().find(|name| heard.tools.iter().all(|tool| tool.name != **name));
    unknown.map_or(Ok(()), |name| {
        Err(Flaw::of(format!(
            "Function calling config is set with allowed_function_names that are not in the \
             function declarations: {name}"
        )))
    })
}

/// Refuses what this API's narrow schema does not know, wherever it stands.
fn known_keys(schema: &Value, place: &str) -> Result<(), Flaw> {
    let Some(fields) = schema.as_object() else { return Ok(()) };
    for (key, value) in fields {
        let camel = camel(key);
        if !SCHEMA_KEYS.contains(&camel.as_ref()) {
            return Err(Flaw::of(format!(
                "Invalid JSON payload received. Unknown name \"{key}\" at '{place}': Cannot find \
                 field."
            )));
        }
        if key == "type" && !value.is_string() {
            return Err(Flaw::of(format!(
                "Invalid value at '{place}.type' (type.googleapis.com/google.ai.generativelanguage\
                 .v1beta.Type), {value}"
            )));
        }
        match camel.as_ref() {
            "properties" | "$defs" | "defs" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    known_keys(inner, &format!("{place}.{key}[{name}]"))?;
                }
            }
            "items" => known_keys(value, &format!("{place}.items"))?,
            "anyOf" => {
                for (n, inner) in items(value).iter().enumerate() {
                    known_keys(inner, &format!("{place}.any_of[{n}]"))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn camel(key: &str) -> Cow<'_, str> {
    if !key.contains('_') {
        return Cow::Borrowed(key);
    }
    let mut words = key.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.extend(letters);
    }
    Cow::Owned(camel)
}

fn hear_config(heard: &mut Heard, config: &Value) -> Result<(), Flaw> {
    let (narrow, wide) = (at(config, "responseSchema"), at(config, "responseJsonSchema"));
    known_keys(narrow, "generation_config.response_schema")?;
    let schema = if narrow.is_object() { narrow } else { wide };
    let is_json = text(at(config, "responseMimeType")) == "application/json";
    heard.format = match (schema.is_object(), is_json) {
        (true, true) => Format::Schema(schema.clone()),
        (true, false) => {
            return Err(Flaw::of(
                "Function calling or a response schema needs response_mime_type \
                 `application/json`.",
            ));
        }
        (false, true) => Format::Object,
        (false, false) => Format::Free,
    };
    heard.stop = texts(at(config, "stopSequences"));
    if heard.stop.len() > 5 {
        return Err(Flaw::of("The number of stop sequences must not be greater than 5."));
    }
    let bound = at(config, "maxOutputTokens");
    heard.max_tokens = bound.as_u64().and_then(|bound| usize::try_from(bound).ok());
    if bound.as_i64().is_some_and(|bound| bound < 1) {
        return Err(Flaw::of("max_output_tokens must be positive."));
    }
    if config["temperature"].as_f64().is_some_and(|heat| !(0.0..=2.0).contains(&heat)) {
        return Err(Flaw::of(
            "* GenerateContentRequest.generation_config.temperature: temperature \
             must be in the range [0.0, 2.0].\n",
        ));
    }
    let thinking = at(config, "thinkingConfig");
    let is_shown = at(thinking, "includeThoughts") == true;
    heard.thinking = if is_shown { Thinking::Shown } else { Thinking::Off };
    Ok(())
}
