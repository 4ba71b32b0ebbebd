//! From a body to the neutral form.

use crate::dialect::bedrock_converse::blocks;
use crate::dialect::bedrock_converse::{DIALECT, keep};
use crate::dialect::effort;
use crate::neutral::{
    Call, Hosted, Json, OutputFormat, Part, Reasoning, Rest, Role, Tool, ToolChoice, Turn,
};
use crate::request::{RequestProblem, checked};
use crate::scan::{Broken, Scanner, Value};

/// What `messages` must be.
const MESSAGES: &str = "an array of objects with a `role` and an array as `content`";

/// Reads a call. The model and whether a stream is wanted stand in the path, not in the body.
pub(crate) fn decode_call(body: &[u8]) -> Result<Call, RequestProblem> {
    let mut call = Call { rest: Rest::of(DIALECT), ..Call::default() };
    let mut problem = None;
    let mut scanner = Scanner::new(body);
    let scanned = scanner.members(|scanner, key| {
        if let Err(found) = member(&mut call, scanner, key)? {
            problem.get_or_insert(found);
        }
        Ok(())
    });
    match checked(body, scanned.and_then(|is_object| scanner.end().map(|()| is_object)))? {
        true => problem.map_or(Ok(call), Err),
        false => Err(RequestProblem::NotAnObject),
    }
}

/// A member at the top: broken JSON is one thing, a wrong type another.
fn member(
    call: &mut Call,
    scanner: &mut Scanner<'_>,
    key: &[u8],
) -> Result<Result<(), RequestProblem>, Broken> {
    match (key, scanner.token()?) {
        (b"messages", b'[') => turns(call, scanner),
        (b"system", b'[') => {
            call.system = blocks::read_all(scanner)?.unwrap_or_default();
            Ok(Ok(()))
        }
        _ => {
            let value = scanner.value()?;
            Ok(if value.is_null() { Ok(()) } else { read(call, key, value) })
        }
    }
}

fn read(call: &mut Call, key: &[u8], value: Value<'_>) -> Result<(), RequestProblem> {
    match key {
        b"messages" => require(false, "messages", MESSAGES)?,
        b"system" => require(false, "system", "an array")?,
        b"inferenceConfig" => {
            require(value.is_object(), "inferenceConfig", "an object")?;
            inference(call, value);
        }
        b"toolConfig" => {
            require(value.is_object(), "toolConfig", "an object")?;
            tool_config(call, value);
        }
        b"requestMetadata" => {
            require(value.is_object(), "requestMetadata", "an object")?;
            metadata(call, key, value);
        }
        b"outputConfig" => {
            keep(&mut call.rest, key, value.raw);
            output(call, value);
        }
        b"additionalModelRequestFields" => {
            keep(&mut call.rest, key, value.raw);
            additional(call, value);
        }
        _ => keep(&mut call.rest, key, value.raw),
    }
    Ok(())
}

fn require(is_so: bool, param: &'static str, wanted: &'static str) -> Result<(), RequestProblem> {
    if is_so { Ok(()) } else { Err(RequestProblem::WrongType { param, wanted }) }
}

fn turns(call: &mut Call, scanner: &mut Scanner<'_>) -> Result<Result<(), RequestProblem>, Broken> {
    let mut are_messages = true;
    scanner.items(|scanner| {
        match turn(scanner)? {
            Some(turn) => call.turns.push(turn),
            None => are_messages = false,
        }
        Ok(())
    })?;
    Ok(require(are_messages, "messages", MESSAGES))
}

fn turn(scanner: &mut Scanner<'_>) -> Result<Option<Turn>, Broken> {
    let (mut role, mut parts) = (None, None);
    let mut rest = Rest::default();
    scanner.members(|scanner, key| {
        match key {
            b"role" => {
                role = match scanner.value()?.text() {
                    Some(b"user") => Some(Role::User),
                    Some(b"assistant") => Some(Role::Assistant),
                    Some(b"system") => Some(Role::System),
                    Some(_) | None => None,
                }
            }
            b"content" => parts = blocks::read_all(scanner)?,
            _ => keep(&mut rest, key, scanner.value()?.raw),
        }
        Ok(())
    })?;
    let turn = role.zip(parts).map(|(role, parts)| Turn { role, parts, rest });
    Ok(turn)
}

fn inference(call: &mut Call, value: Value<'_>) {
    let mut is_known = true;
    value.members(|key, value| match key {
        _ if value.is_null() => {}
        b"maxTokens" => call.max_tokens = value.count(),
        b"temperature" => call.sampling.temperature = value.number(),
        b"topP" => call.sampling.top_p = value.number(),
        b"stopSequences" => {
            value.items(|item| call.stop.extend(item.string()));
        }
        _ => is_known = false,
    });
    if !is_known {
        keep(&mut call.rest, b"inferenceConfig", value.raw);
    }
}

fn tool_config(call: &mut Call, value: Value<'_>) {
    let mut is_known = true;
    value.members(|key, value| match key {
        b"tools" => {
            value.items(|item| match tool(item) {
                Ok(tool) => call.tools.push(tool),
                Err(hosted) => call.hosted.push(hosted),
            });
        }
        b"toolChoice" => match tool_choice(value) {
            Some(choice) => call.tool_choice = Some(choice),
            None => is_known = false,
        },
        _ => is_known = false,
    });
    if !is_known {
        keep(&mut call.rest, b"toolConfig", value.raw);
    }
}

fn tool_choice(value: Value<'_>) -> Option<ToolChoice> {
    let mut choice = None;
    value.members(|key, value| match key {
        b"auto" => choice = Some(ToolChoice::Auto),
        b"any" => choice = Some(ToolChoice::Required),
        b"tool" => value.members(|key, value| {
            if key == b"name" {
                choice = value.string().map(ToolChoice::Named);
            }
        }),
        _ => {}
    });
    choice
}

/// A tool the caller runs, or one of the service's own (and marks between them).
fn tool(item: Value<'_>) -> Result<Tool, Hosted> {
    let mut rest = Rest::default();
    let (mut spec, mut kind) = (None, String::new());
    item.members(|key, value| {
        keep(&mut rest, key, value.raw);
        kind = String::from_utf8_lossy(key).into_owned();
        match key {
            b"toolSpec" => spec = Some(value),
            b"systemTool" => value.members(|key, value| {
                if key == b"name" {
                    kind = value.string().unwrap_or_default();
                }
            }),
            _ => {}
        }
    });
    spec.and_then(tool_spec).ok_or(Hosted { kind, rest })
}

fn tool_spec(spec: Value<'_>) -> Option<Tool> {
    let (mut name, mut description, mut schema, mut strict) = (None, None, None, None);
    let mut rest = Rest::default();
    spec.members(|key, value| match key {
        b"name" => name = value.string(),
        b"description" => description = value.string(),
        b"strict" => strict = value.boolean(),
        b"inputSchema" => value.members(|key, value| {
            if key == b"json" {
                schema = Some(Json::checked(value.raw));
            }
        }),
        _ => keep(&mut rest, key, value.raw),
    });
    Some(Tool { name: name?, description, schema: Some(schema?), strict, rest })
}

fn metadata(call: &mut Call, key: &[u8], value: Value<'_>) {
    match value.labels() {
        Some(labels) => call.metadata = labels,
        None => keep(&mut call.rest, key, value.raw),
    }
}

fn output(call: &mut Call, value: Value<'_>) {
    let mut format = None;
    value.members(|key, value| match key {
        b"textFormat" => value.members(|key, value| {
            if key == b"structure" {
                value.members(|key, value| {
                    format = if key == b"jsonSchema" { json_schema(value) } else { format.take() };
                });
            }
        }),
        b"effort" => {
            let effort = value.text().and_then(effort::read);
            call.reasoning.get_or_insert_default().effort = effort;
        }
        _ => {}
    });
    call.output = format.unwrap_or_default();
}

fn json_schema(value: Value<'_>) -> Option<OutputFormat> {
    let (mut name, mut description, mut schema) = (None, None, None);
    value.members(|key, value| match key {
        b"name" => name = value.string(),
        b"description" => description = value.string(),
        b"schema" => schema = value.string().and_then(|text| Json::new(&text)),
        _ => {}
    });
    Some(OutputFormat::Schema { name, description, schema: schema?, strict: None })
}

/// What other dialects have words for among the model's own parameters.
fn additional(call: &mut Call, value: Value<'_>) {
    let mut reasoning = Reasoning::default();
    value.members(|key, value| match key {
        b"top_k" => call.sampling.top_k = value.count(),
        b"reasoning_effort" => reasoning.effort = value.text().and_then(effort::read),
        b"thinking" | b"reasoningConfig" => value.members(|key, value| match key {
            b"budget_tokens" => reasoning.budget = value.count(),
            b"maxReasoningEffort" => {
                reasoning.effort = value.text().and_then(effort::read);
            }
            _ => {}
        }),
        b"inferenceConfig" => value.members(|key, value| {
            if key == b"topK" {
                call.sampling.top_k = value.count();
            }
        }),
        _ => {}
    });
    if reasoning != Reasoning::default() {
        let known = call.reasoning.get_or_insert_default();
        known.budget = reasoning.budget.or(known.budget);
        known.effort = reasoning.effort.or(known.effort);
    }
}

/// Whether an answer to a tool or a question for one stands among these.
pub(super) fn has_tool_blocks(parts: &[Part]) -> bool {
    parts.iter().any(|part| matches!(part, Part::ToolCall(_) | Part::ToolResult(_)))
}
