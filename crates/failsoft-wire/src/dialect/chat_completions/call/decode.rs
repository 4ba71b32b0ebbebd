//! A request as a call.

use super::{tools, wishes};
use crate::dialect::chat_completions::kept::{OWN, keep};
use crate::dialect::chat_completions::message::Conversation;
use crate::neutral::{Call, MediaKind, Rest};
use crate::request::{RequestProblem, checked};
use crate::scan::{Broken, Scanner, Value};

/// Reads a request in one pass.
pub(crate) fn decode_call(body: &[u8]) -> Result<Call, RequestProblem> {
    let mut decoder = Decoder::default();
    decoder.call.rest = Rest::of(OWN);
    let mut scanner = Scanner::new(body);
    let read = scanner.members(|scanner, key| decoder.member(scanner, key));
    match checked(body, read.and_then(|is_object| scanner.end().map(|()| is_object)))? {
        true => decoder.call(),
        false => Err(RequestProblem::NotAnObject),
    }
}

/// What was read so far.
#[derive(Default)]
struct Decoder {
    call: Call,
    conversation: Conversation,
    has_model: bool,
    has_messages: bool,
    logprobs: bool,
    top_logprobs: Option<u32>,
    /// The elder bound stands beside the newer one.
    elder_bound: Option<u32>,
    problem: Option<RequestProblem>,
}

impl Decoder {
    fn call(self) -> Result<Call, RequestProblem> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if !self.has_model {
            return Err(RequestProblem::Missing("model"));
        }
        if !self.has_messages {
            return Err(RequestProblem::Missing("messages"));
        }
        let mut call = self.call;
        call.system = self.conversation.system;
        call.turns = self.conversation.turns;
        call.sampling.logprobs = self.logprobs.then_some(self.top_logprobs.unwrap_or(0));
        match (call.max_tokens, self.elder_bound) {
            (Some(_), Some(elder)) => call.rest.keep(b"max_tokens", elder.to_string().as_bytes()),
            (newer, elder) => call.max_tokens = newer.or(elder),
        }
        Ok(call)
    }

    fn member<'a>(&mut self, scanner: &mut Scanner<'a>, key: &'a [u8]) -> Result<(), Broken> {
        if key == b"messages" {
            return self.messages(scanner);
        }
        let value = scanner.value()?;
        if !value.is_null() && !self.plain(key, value) && !self.nested(key, value) {
            keep(&mut self.call.rest, key, value);
        }
        Ok(())
    }

    fn messages(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Broken> {
        self.has_messages = true;
        let conversation = &mut self.conversation;
        let mut are_messages = true;
        let is_array = scanner.items(|scanner| {
            are_messages &= conversation.read(scanner)?;
            Ok(())
        })?;
        self.must(is_array && are_messages, "messages", "an array of messages, each with a role");
        Ok(())
    }

    /// Numbers, strings and booleans.
    fn plain(&mut self, key: &[u8], value: Value<'_>) -> bool {
        match key {
            b"model" => {
                self.has_model = true;
                let name = value.meaning();
                self.must(name.is_some(), "model", "a string");
                self.call.model = name.unwrap_or_default();
            }
            b"stream" => self.call.stream = self.boolean("stream", value) == Some(true),
            b"max_tokens" => self.elder_bound = self.count("max_tokens", value),
            b"max_completion_tokens" => {
                self.call.max_tokens = self.count("max_completion_tokens", value);
                self.call.rest.mark("max_completion_tokens");
            }
            b"parallel_tool_calls" => {
                self.call.parallel_tools = self.boolean("parallel_tool_calls", value);
            }
            b"user" => {
                self.call.user = value.meaning();
                self.must(value.text().is_some(), "user", "a string");
            }
            _ => return self.sampling(key, value),
        }
        true
    }

    fn sampling(&mut self, key: &[u8], value: Value<'_>) -> bool {
        match key {
            b"temperature" => self.call.sampling.temperature = self.real("temperature", value),
            b"top_p" => self.call.sampling.top_p = self.real("top_p", value),
            b"frequency_penalty" => {
                self.call.sampling.frequency_penalty = self.real("frequency_penalty", value);
            }
            b"presence_penalty" => {
                self.call.sampling.presence_penalty = self.real("presence_penalty", value);
            }
            b"logprobs" => self.logprobs = self.boolean("logprobs", value) == Some(true),
            b"top_logprobs" => self.top_logprobs = self.count("top_logprobs", value),
            b"n" => self.call.sampling.choices = self.count("n", value),
            b"seed" => {
                self.call.sampling.seed = integer(value);
                self.must(self.call.sampling.seed.is_some(), "seed", "a whole number");
            }
            // Not of the official dialect, so any form of it is somebody's own.
            b"random_seed" if integer(value).is_some() => {
                self.call.sampling.seed = integer(value);
                self.call.rest.mark("random_seed");
            }
            b"top_k" if value.count().is_some() => self.call.sampling.top_k = value.count(),
            _ => return false,
        }
        true
    }

    /// Lists and objects.
    fn nested(&mut self, key: &[u8], value: Value<'_>) -> bool {
        let call = &mut self.call;
        match key {
            b"tools" => {
                self.must(value.is_array(), "tools", "an array");
                tools::read(&mut self.call, value);
            }
            b"functions" => {
                self.must(value.is_array(), "functions", "an array");
                tools::read_functions(&mut self.call, value);
            }
            b"tool_choice" => return tools::read_choice(call, value),
            b"function_call" => return tools::read_function_choice(call, value),
            b"web_search_options" => tools::read_search(call, value),
            b"response_format" => return wishes::read_format(call, value),
            b"reasoning_effort" | b"reasoning" | b"thinking" => {
                return wishes::read_reasoning(call, key, value);
            }
            b"stop" => self.stop(value),
            b"metadata" => return self.metadata(value),
            b"stream_options" => return self.stream_options(value),
            b"modalities" => {
                let asked = value.strings().unwrap_or_default();
                call.media_output = asked.iter().filter_map(|word| MediaKind::made(word)).collect();
                return false;
            }
            _ => return false,
        }
        true
    }

    fn stop(&mut self, value: Value<'_>) {
        let mut are_strings = value.is_array();
        if let Some(text) = value.meaning() {
            are_strings = true;
            self.call.stop.push(text);
        }
        value.items(|item| match item.meaning() {
            Some(text) => self.call.stop.push(text),
            None => are_strings = false,
        });
        self.must(are_strings, "stop", "a string or an array of strings");
    }

    /// Labels; anything else than strings is kept as it is.
    fn metadata(&mut self, value: Value<'_>) -> bool {
        let labels = value.labels();
        let are_labels = labels.is_some();
        self.call.metadata = labels.unwrap_or_default();
        are_labels
    }

    /// Whether usage is wanted is no loss to other dialects: they always tell.
    fn stream_options(&mut self, value: Value<'_>) -> bool {
        let (mut include, mut is_all) = (false, value.is_object());
        value.members(|key, value| {
            include |= key == b"include_usage" && value.raw == b"true";
            is_all &= key == b"include_usage" && value.boolean().is_some();
        });
        if is_all && include {
            self.call.rest.mark("include_usage");
        }
        is_all
    }

    fn boolean(&mut self, param: &'static str, value: Value<'_>) -> Option<bool> {
        self.must(value.boolean().is_some(), param, "a boolean");
        value.boolean()
    }

    fn count(&mut self, param: &'static str, value: Value<'_>) -> Option<u32> {
        self.must(value.count().is_some(), param, "a whole number, not negative");
        value.count()
    }

    fn real(&mut self, param: &'static str, value: Value<'_>) -> Option<f64> {
        self.must(value.number().is_some(), param, "a number");
        value.number()
    }

    /// Notes the first thing that is wrong.
    fn must(&mut self, is_right: bool, param: &'static str, wanted: &'static str) {
        if !is_right && self.problem.is_none() {
            self.problem = Some(RequestProblem::WrongType { param, wanted });
        }
    }
}

fn integer(value: Value<'_>) -> Option<i64> {
    std::str::from_utf8(value.raw).ok()?.parse().ok()
}
