//! From a request to a call.

use super::super::kept::OWN;
use super::tools;
use super::turns::Turns;
use crate::dialect::effort::{self, fine_word};
use crate::dialect::members::Members;
use crate::neutral::{Call, Json, OutputFormat, Part, Reasoning, Rest};
use crate::request::{RequestProblem, checked};
use crate::scan::{Broken, Scanner, Value};

/// The user was named in `safety_identifier`.
pub(super) const SAFETY: &str = "safety";

/// What asks for log probabilities.
pub(super) const LOGPROBS: &str = "message.output_text.logprobs";

pub(crate) fn decode_call(body: &[u8]) -> Result<Call, RequestProblem> {
    let mut scanner = Scanner::new(body);
    let mut reader = Reader::default();
    let mut problem = None;
    let scanned = scanner.members(|scanner, key| {
        if key == b"input" && scanner.token()? == b'[' {
            return reader.input(scanner);
        }
        let value = scanner.value()?;
        if !value.is_null() && problem.is_none() {
            problem = reader.read(key, value).err();
        }
        Ok(())
    });
    match checked(body, scanned.and_then(|is_object| scanner.end().map(|()| is_object)))? {
        true => problem.map_or_else(|| reader.finish(), Err),
        false => Err(RequestProblem::NotAnObject),
    }
}

struct Reader {
    call: Call,
    has_model: bool,
    instructions: Option<Part>,
    turns: Turns,
    has_wrong_input: bool,
    top_logprobs: Option<u32>,
    wants_logprobs: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            call: Call { rest: Rest::of(OWN), ..Call::default() },
            has_model: false,
            instructions: None,
            turns: Turns::default(),
            has_wrong_input: false,
            top_logprobs: None,
            wants_logprobs: false,
        }
    }
}

impl Reader {
    fn read(&mut self, key: &[u8], value: Value<'_>) -> Result<(), RequestProblem> {
        let wrong = |param, wanted| RequestProblem::WrongType { param, wanted };
        let call = &mut self.call;
        match key {
            b"model" => {
                call.model = value.meaning().ok_or(wrong("model", "a string"))?;
                self.has_model = true;
            }
            b"input" => match value.meaning() {
                Some(text) => self.turns.say(text),
                None => return Err(wrong("input", "a string or an array")),
            },
            b"instructions" => match value.meaning() {
                Some(text) => self.instructions = Some(Part::text(text)),
                None => call.rest.keep(key, value.raw),
            },
            b"tools" if !value.is_array() => return Err(wrong("tools", "an array")),
            b"tools" => tools::read(call, value),
            b"tool_choice" => tools::read_choice(call, value),
            b"parallel_tool_calls" => {
                let parallel = value.boolean().ok_or(wrong("parallel_tool_calls", "a boolean"))?;
                call.parallel_tools = Some(parallel);
            }
            b"text" => text(call, value),
            b"reasoning" => call.reasoning = Some(reasoning(value)),
            b"include" => self.include(value),
            b"metadata" => metadata(call, value),
            b"stream" => call.stream = value.boolean().ok_or(wrong("stream", "a boolean"))?,
            _ => self.number_or_rest(key, value)?,
        }
        Ok(())
    }

    fn number_or_rest(&mut self, key: &[u8], value: Value<'_>) -> Result<(), RequestProblem> {
        let wrong = |param, wanted| RequestProblem::WrongType { param, wanted };
        let call = &mut self.call;
        match key {
            b"max_output_tokens" => {
                let wanted = "a whole number, not negative";
                call.max_tokens = Some(value.count().ok_or(wrong("max_output_tokens", wanted))?);
            }
            b"temperature" => {
                let temperature = value.number().ok_or(wrong("temperature", "a number"))?;
                call.sampling.temperature = Some(temperature);
            }
            b"top_p" => {
                call.sampling.top_p = Some(value.number().ok_or(wrong("top_p", "a number"))?);
            }
            b"top_logprobs" => {
                let wanted = "a whole number, not negative";
                self.top_logprobs = Some(value.count().ok_or(wrong("top_logprobs", wanted))?);
            }
            b"safety_identifier" => match value.meaning() {
                Some(user) => {
                    call.user = Some(user);
                    call.rest.mark(SAFETY);
                }
                None => call.rest.keep(key, value.raw),
            },
            b"user" => {
                // Its elder; both may be there.
                call.user = call.user.take().or_else(|| value.meaning());
                call.rest.keep(key, value.raw);
            }
            _ => call.rest.keep(key, value.raw),
        }
        Ok(())
    }

    /// The items of the conversation, read where they stand.
    fn input(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Broken> {
        scanner.items(|scanner| {
            match Members::scan(scanner)? {
                Some(members) => self.turns.push(members),
                None => self.has_wrong_input = true,
            }
            Ok(())
        })?;
        Ok(())
    }

    /// What is asked for beside the answer; log probabilities are a matter of their own.
    fn include(&mut self, list: Value<'_>) {
        let mut others = Vec::new();
        list.items(|value| {
            if value.meaning().as_deref() == Some(LOGPROBS) {
                self.wants_logprobs = true;
            } else {
                others.push(value.raw);
            }
        });
        if !others.is_empty() || !list.is_array() {
            let others = [b"[", others.join(&b',').as_slice(), b"]"].concat();
            let raw = if list.is_array() { &others } else { list.raw };
            self.call.rest.keep(b"include", raw);
        }
    }

    fn finish(mut self) -> Result<Call, RequestProblem> {
        if !self.has_model {
            return Err(RequestProblem::Missing("model"));
        }
        match self.top_logprobs {
            top if self.wants_logprobs => self.call.sampling.logprobs = Some(top.unwrap_or(0)),
            // Without being included they do not come.
            Some(top) => self.call.rest.keep(b"top_logprobs", top.to_string().as_bytes()),
            None => {}
        }
        if self.has_wrong_input {
            let wanted = "a string or an array of objects";
            return Err(RequestProblem::WrongType { param: "input", wanted });
        }
        self.call.system.extend(self.instructions);
        self.turns.finish(&mut self.call);
        Ok(self.call)
    }
}

/// The form of the answer; what else `text` says is kept.
fn text(call: &mut Call, value: Value<'_>) {
    let mut members = Members::of(value);
    if !value.is_object() {
        return call.rest.keep(b"text", value.raw);
    }
    if let Some(format) = members.find("format").and_then(format) {
        call.output = format;
        members.take("format");
    }
    if !members.is_empty() {
        call.rest.keep(b"text", &members.object(OWN));
    }
}

/// A form that is known, and of which nothing would be lost.
fn format(value: Value<'_>) -> Option<OutputFormat> {
    let mut members = Members::of(value);
    let kind = members.take_text("type")?;
    let format = match kind.as_str() {
        "text" => OutputFormat::Text,
        "json_object" => OutputFormat::Json,
        "json_schema" => OutputFormat::Schema {
            name: members.take_text("name"),
            description: members.take_text("description"),
            schema: Json::checked(members.take("schema").filter(Value::is_object)?.raw),
            strict: members.take("strict").and_then(|strict| strict.boolean()),
        },
        _ => return None,
    };
    members.is_empty().then_some(format)
}

fn reasoning(value: Value<'_>) -> Reasoning {
    let mut members = Members::of(value);
    let effort = effort::read(members.word("effort"));
    let is_exact = effort.is_some_and(|it| fine_word(it).as_bytes() == members.word("effort"));
    if is_exact {
        members.take("effort");
    }
    let summary = members.word("summary");
    let show = (!summary.is_empty()).then_some(true);
    if summary == b"auto" {
        members.take("summary");
    }
    Reasoning { effort, budget: None, show, rest: members.rest(OWN) }
}

fn metadata(call: &mut Call, value: Value<'_>) {
    match value.labels() {
        Some(labels) => call.metadata = labels,
        None => call.rest.keep(b"metadata", value.raw),
    }
}
