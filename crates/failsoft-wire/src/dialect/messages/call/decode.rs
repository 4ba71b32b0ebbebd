//! Requests, read.

use super::super::HERE;
use super::super::block::{self, Side};
use crate::dialect::effort;
use crate::dialect::members::Members;
use crate::neutral::{
    Call, Effort, Hosted, Json, OutputFormat, Reasoning, Rest, Role, Tool, ToolChoice, Turn,
};
use crate::request::{RequestProblem, checked};
use crate::scan::{Broken, Scanner, Value};

/// A request in the neutral form.
pub(crate) fn decode_call(body: &[u8]) -> Result<Call, RequestProblem> {
    let mut draft = Draft::default();
    draft.call.rest = Rest::of(HERE);
    let mut scanner = Scanner::new(body);
    let scanned = scanner.members(|scanner, key| draft.member(scanner, key));
    match checked(body, scanned.and_then(|is_object| scanner.end().map(|()| is_object)))? {
        true => draft.finish(),
        false => Err(RequestProblem::NotAnObject),
    }
}

#[derive(Default)]
struct Draft {
    call: Call,
    has_messages: bool,
    problem: Option<RequestProblem>,
}

impl Draft {
    fn finish(self) -> Result<Call, RequestProblem> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if !self.has_messages {
            return Err(RequestProblem::Missing("messages"));
        }
        let mut call = self.call;
        call.name_results();
        Ok(call)
    }

    fn member<'a>(&mut self, scanner: &mut Scanner<'a>, key: &'a [u8]) -> Result<(), Broken> {
        match key {
            b"messages" => return self.messages(scanner),
            b"system" => {
                match block::content(scanner, Side::Asked)? {
                    Some(parts) => self.call.system = parts,
                    None => self.wrong("system", "a string or an array of blocks"),
                }
                return Ok(());
            }
            _ => {}
        }
        let value = scanner.value()?;
        if !value.is_null() && !self.parameter(key, value) {
            self.call.rest.keep(key, value.raw);
        }
        Ok(())
    }

    /// Takes a parameter over; false if the neutral form has no place for it.
    fn parameter(&mut self, key: &[u8], value: Value<'_>) -> bool {
        let sampling = &mut self.call.sampling;
        match key {
            b"model" => match value.meaning() {
                Some(model) => self.call.model = model,
                None => self.wrong("model", "a string"),
            },
            b"max_tokens" => {
                self.call.max_tokens = value.count();
                self.check("max_tokens", "a whole number", self.call.max_tokens.is_some());
            }
            b"temperature" => {
                sampling.temperature = value.number();
                self.check("temperature", "a number", self.call.sampling.temperature.is_some());
            }
            b"top_p" => {
                sampling.top_p = value.number();
                self.check("top_p", "a number", self.call.sampling.top_p.is_some());
            }
            b"top_k" => {
                sampling.top_k = value.count();
                self.check("top_k", "a whole number", self.call.sampling.top_k.is_some());
            }
            b"stream" => match value.boolean() {
                Some(stream) => self.call.stream = stream,
                None => self.wrong("stream", "a boolean"),
            },
            b"stop_sequences" => match value.strings() {
                Some(stop) => self.call.stop = stop,
                None => self.wrong("stop_sequences", "an array of strings"),
            },
            b"tools" => self.tools(value),
            b"tool_choice" => return self.tool_choice(value),
            b"metadata" => return self.metadata(value),
            b"thinking" => return self.thinking(value),
            b"output_config" => return self.output_config(value),
            // How structured output was asked for before `output_config`.
            b"output_format" => return self.format(value),
            _ => return false,
        }
        true
    }

    fn check(&mut self, param: &'static str, wanted: &'static str, is_right: bool) {
        if !is_right {
            self.wrong(param, wanted);
        }
    }

    fn wrong(&mut self, param: &'static str, wanted: &'static str) {
        self.problem.get_or_insert(RequestProblem::WrongType { param, wanted });
    }

    fn messages(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Broken> {
        let mut turns = Vec::new();
        let mut are_turns = true;
        let is_array = scanner.items(|scanner| {
            match turn(scanner)? {
                Some(turn) => turns.push(turn),
                None => are_turns = false,
            }
            Ok(())
        })?;
        if !is_array {
            self.wrong("messages", "an array");
        } else if !are_turns {
            self.wrong("messages", "an array of messages with `role` and `content`");
        }
        self.call.turns = turns;
        self.has_messages = true;
        Ok(())
    }

    fn tools(&mut self, value: Value<'_>) {
        let (tools, hosted) = (&mut self.call.tools, &mut self.call.hosted);
        let mut are_tools = value.is_array();
        let scanned = Scanner::new(value.raw).items(|scanner| {
            match Members::scan(scanner)? {
                Some(members) => match tool(&members) {
                    Some(tool) => tools.push(tool),
                    None => hosted.push(hosted_tool(&members)),
                },
                None => are_tools = false,
            }
            Ok(())
        });
        self.check("tools", "an array of tools", are_tools && scanned.is_ok());
    }

    fn tool_choice(&mut self, value: Value<'_>) -> bool {
        let Some(members) = Members::of_object(value) else { return false };
        let choice = match members.kind() {
            Some(b"auto") => ToolChoice::Auto,
            Some(b"any") => ToolChoice::Required,
            Some(b"none") => ToolChoice::None,
            Some(b"tool") => match members.text("name") {
                Some(name) => ToolChoice::Named(super::super::names::plain(name)),
                None => return false,
            },
            Some(_) | None => return false,
        };
        self.call.tool_choice = Some(choice);
        let single = members.find("disable_parallel_tool_use").and_then(|value| value.boolean());
        self.call.parallel_tools = single.map(|single| !single);
        true
    }

    /// Kept as a whole where it says more than who asks.
    fn metadata(&mut self, value: Value<'_>) -> bool {
        let Some(members) = Members::of_object(value) else { return false };
        self.call.user = members.text("user_id");
        members.others(HERE, &["user_id"]).is_empty()
    }

    fn thinking(&mut self, value: Value<'_>) -> bool {
        let Some(members) = Members::of_object(value) else { return false };
        let reasoning = self.reasoning();
        let display = members.find("display").and_then(|value| value.text());
        let is_shown = display.map(|display| display == b"summarized");
        match members.kind() {
            Some(b"enabled") => {
                reasoning.budget = members.find("budget_tokens").and_then(|value| value.count());
                reasoning.show = is_shown.or(Some(true));
            }
            Some(b"adaptive") => reasoning.show = is_shown,
            Some(b"disabled") => reasoning.effort = Some(Effort::None),
            Some(b"between_tools") => reasoning.effort = Some(Effort::Minimal),
            Some(_) | None => {}
        }
        reasoning.rest.keep(b"thinking", value.raw);
        true
    }

    fn output_config(&mut self, value: Value<'_>) -> bool {
        let Some(members) = Members::of_object(value) else { return false };
        let is_understood = members.find("format").is_none_or(|format| self.format(format));
        let effort =
            members.find("effort").and_then(|value| Some((value, effort::read(value.text()?)?)));
        if let Some((value, effort)) = effort {
            let reasoning = self.reasoning();
            // `thinking` may have said before that there shall be none.
            reasoning.effort = reasoning.effort.or(Some(effort));
            reasoning.rest.keep(b"effort", value.raw);
        }
        let mut known = vec![];
        known.extend(is_understood.then_some("format"));
        known.extend(effort.map(|_| "effort"));
        let others = members.others(HERE, &known);
        for (key, json) in others.members_for(HERE) {
            let key = [b"output_config.", key.as_bytes()].concat();
            self.reasoning().rest.keep(&key, json.as_str().as_bytes());
        }
        true
    }

    fn reasoning(&mut self) -> &mut Reasoning {
        let none = || Reasoning { rest: Rest::of(HERE), ..Reasoning::default() };
        self.call.reasoning.get_or_insert_with(none)
    }

    fn format(&mut self, value: Value<'_>) -> bool {
        let Some(members) = Members::of_object(value) else { return false };
        let schema = members.find("schema").filter(|schema| schema.is_object());
        let is_plain = members.others(HERE, &["type", "schema"]).is_empty();
        match schema {
            Some(schema) if is_plain && members.kind() == Some(b"json_schema") => {
                let schema = Json::checked(schema.raw);
                self.call.output =
                    OutputFormat::Schema { name: None, description: None, schema, strict: None };
                true
            }
            Some(_) | None => false,
        }
    }
}

fn turn(scanner: &mut Scanner<'_>) -> Result<Option<Turn>, Broken> {
    let (mut role, mut parts) = (None, None);
    let mut rest = Rest::of(HERE);
    let is_object = scanner.members(|scanner, key| {
        match key {
            b"role" => role = scanner.value()?.text().and_then(self::role),
            b"content" => parts = block::content(scanner, Side::Asked)?,
            _ => rest.keep(key, scanner.value()?.raw),
        }
        Ok(())
    })?;
    let rest = if rest.is_empty() { Rest::default() } else { rest };
    let turn = role.zip(parts).map(|(role, parts)| Turn { role, parts, rest });
    Ok(turn.filter(|_| is_object))
}

fn role(word: &[u8]) -> Option<Role> {
    match word {
        b"user" => Some(Role::User),
        b"assistant" => Some(Role::Assistant),
        b"system" => Some(Role::System),
        _ => None,
    }
}

fn tool(members: &Members<'_>) -> Option<Tool> {
    if members.kind().is_some_and(|kind| kind != b"custom") {
        return None;
    }
    let schema = members.find("input_schema").map(|schema| Json::checked(schema.raw));
    let known = ["name", "description", "input_schema", "strict"];
    Some(Tool {
        name: super::super::names::plain(members.text("name")?),
        description: members.text("description"),
        schema,
        strict: members.find("strict").and_then(|value| value.boolean()),
        rest: members.others(HERE, &known),
    })
}

fn hosted_tool(members: &Members<'_>) -> Hosted {
    let kind = members.text("type").or_else(|| members.text("name")).unwrap_or_default();
    Hosted { kind, rest: members.rest(HERE) }
}
