//! Settings of a call, read.

use super::super::keys::{HERE, camel, has_inside, keep_inside};
use super::super::{numbers, parts, schema};
use crate::dialect::effort;
use crate::neutral::{Call, Effort, Json, MediaKind, OutputFormat, Reasoning, Rest, ToolChoice};
use crate::request::RequestProblem;
use crate::scan::{Scanner, Value};

/// Reads `generationConfig`.
pub(super) fn read(call: &mut Call, config: Value<'_>) -> Result<(), RequestProblem> {
    let wrong = |wanted| RequestProblem::WrongType { param: "generationConfig", wanted };
    if !config.is_object() {
        return Err(wrong("an object"));
    }
    let mut form = Form::default();
    let mut problem = None;
    // The value was checked before: it cannot be broken.
    _ = Scanner::new(config.raw).members(|scanner, key| {
        let value = scanner.value()?;
        if !value.is_null() && member(call, &mut form, (key, value)).is_none() {
            problem = Some(wrong("an object whose members have the documented types"));
        }
        Ok(())
    });
    form.finish(call);
    problem.map_or(Ok(()), Err)
}

/// Reads a member; `None` if it has a wrong type.
fn member(call: &mut Call, form: &mut Form, (key, value): (&[u8], Value<'_>)) -> Option<()> {
    let sampling = &mut call.sampling;
    match camel(key).as_ref() {
        b"maxOutputTokens" => call.max_tokens = Some(numbers::count(&value)?),
        b"temperature" => sampling.temperature = Some(numbers::float(&value)?),
        b"topP" => sampling.top_p = Some(numbers::float(&value)?),
        b"topK" => sampling.top_k = Some(numbers::count(&value)?),
        b"seed" => sampling.seed = Some(numbers::whole(&value)?),
        b"frequencyPenalty" => sampling.frequency_penalty = Some(numbers::float(&value)?),
        b"presencePenalty" => sampling.presence_penalty = Some(numbers::float(&value)?),
        b"candidateCount" => sampling.choices = Some(numbers::count(&value)?),
        b"responseLogprobs" => form.wants_logprobs = Some(numbers::boolean(&value)?),
        b"logprobs" => form.logprobs = Some(numbers::count(&value)?),
        b"stopSequences" => call.stop = value.strings()?,
        b"responseMimeType" => form.mime = Some(value.string()?),
        b"responseJsonSchema" => form.schema = Some(parts::json(value)),
        b"responseSchema" => {
            keep_inside(&mut call.rest, key, value.raw);
            form.schema.get_or_insert_with(|| schema::json_schema(value.raw));
        }
        b"responseModalities" => {
            let asked = value.strings()?;
            call.media_output = asked.iter().filter_map(|word| MediaKind::made(word)).collect();
            keep_inside(&mut call.rest, key, value.raw);
        }
        b"thinkingConfig" => call.reasoning = Some(thinking(value)?),
        _ => keep_inside(&mut call.rest, key, value.raw),
    }
    Some(())
}

/// Members that mean something together.
#[derive(Default)]
struct Form {
    mime: Option<String>,
    schema: Option<Json>,
    wants_logprobs: Option<bool>,
    logprobs: Option<u32>,
}

impl Form {
    fn finish(self, call: &mut Call) {
        let is_json = self.mime.as_deref() == Some("application/json");
        call.output = match self.schema {
            Some(schema) => {
                OutputFormat::Schema { name: None, description: None, schema, strict: None }
            }
            None if is_json => OutputFormat::Json,
            None => OutputFormat::Text,
        };
        if let Some(mime) = self.mime.filter(|_| !is_json) {
            let json = serde_json::Value::from(mime).to_string();
            keep_inside(&mut call.rest, b"responseMimeType", json.as_bytes());
        }
        match (self.wants_logprobs, self.logprobs) {
            (Some(true), logprobs) => call.sampling.logprobs = Some(logprobs.unwrap_or(0)),
            (_, Some(logprobs)) => {
                keep_inside(&mut call.rest, b"logprobs", logprobs.to_string().as_bytes());
            }
            (Some(false) | None, None) => {}
        }
    }
}

/// A budget of -1 leaves it to the model, as none at all does; it is kept for the way back.
fn thinking(value: Value<'_>) -> Option<Reasoning> {
    let mut reasoning = Reasoning { rest: Rest::of(HERE), ..Reasoning::default() };
    let mut is_sound = true;
    let read = Scanner::new(value.raw).members(|scanner, key| {
        let value = scanner.value()?;
        match camel(key).as_ref() {
            _ if value.is_null() => {}
            b"includeThoughts" => {
                reasoning.show = numbers::boolean(&value);
                is_sound &= reasoning.show.is_some();
            }
            b"thinkingBudget" => match numbers::whole(&value) {
                Some(-1) => reasoning.rest.keep(key, value.raw),
                _ => {
                    reasoning.budget = numbers::count(&value);
                    is_sound &= reasoning.budget.is_some();
                }
            },
            b"thinkingLevel" => {
                let word = value.string().unwrap_or_default();
                reasoning.effort = effort::read(word.to_ascii_lowercase().as_bytes());
                if reasoning.effort.is_none_or(|effort| effort == Effort::Max) {
                    reasoning.rest.keep(key, value.raw);
                }
            }
            _ => reasoning.rest.keep(key, value.raw),
        }
        Ok(())
    });
    (read == Ok(true) && is_sound).then_some(reasoning)
}

/// Reads `toolConfig`. What the neutral form cannot say of it is kept as a whole.
pub(super) fn read_tool_config(
    call: &mut Call,
    key: &[u8],
    value: Value<'_>,
) -> Result<(), RequestProblem> {
    if !value.is_object() {
        return Err(RequestProblem::WrongType { param: "toolConfig", wanted: "an object" });
    }
    let mut choice = Choice::default();
    // The value was checked before: it cannot be broken.
    _ = Scanner::new(value.raw).members(|scanner, key| {
        if camel(key).as_ref() == b"functionCallingConfig" {
            scanner.members(|scanner, key| {
                choice.take(key, scanner.value()?);
                Ok(())
            })?;
        } else {
            choice.is_more |= scanner.value()?.is_full();
        }
        Ok(())
    });
    let mode = choice.mode.as_deref().unwrap_or_default();
    call.tool_choice = match (mode, choice.names.as_slice()) {
        ("AUTO", []) | ("VALIDATED", _) => Some(ToolChoice::Auto),
        ("NONE", []) => Some(ToolChoice::None),
        ("ANY", [name]) => Some(ToolChoice::Named(name.clone())),
        ("ANY", _) => Some(ToolChoice::Required),
        _ => None,
    };
    let is_said = mode != "VALIDATED" && choice.names.len() < 2 && call.tool_choice.is_some();
    if choice.is_more || !is_said {
        call.rest.keep(key, value.raw);
    }
    Ok(())
}

/// What `functionCallingConfig` says.
#[derive(Default)]
struct Choice {
    mode: Option<String>,
    names: Vec<String>,
    is_more: bool,
}

impl Choice {
    fn take(&mut self, key: &[u8], value: Value<'_>) {
        match camel(key).as_ref() {
            _ if value.is_null() => {}
            b"mode" => self.mode = value.string().map(|mode| mode.to_ascii_uppercase()),
            b"allowedFunctionNames" => self.names = value.strings().unwrap_or_default(),
            _ => self.is_more = true,
        }
    }
}

/// Whether the answer's schema was given in Google's own form.
pub(super) fn has_own_schema(rest: &Rest) -> bool {
    has_inside(rest, "responseSchema")
}
