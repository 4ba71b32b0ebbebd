//! Answers in the `responses` dialect.

use serde_json::{Value, json};

use super::{Answer, Content, Finish, Frame, Part, Thought, ToolCall, frame};

pub(super) fn whole(answer: &Answer<'_>) -> String {
    ended(answer, status(answer)).to_string()
}

fn ended(answer: &Answer<'_>, status: &str) -> Value {
    if answer.finish == Finish::Failed {
        return failed(answer, "server_error", "The model produced invalid content.");
    }
    response(answer, status, items(answer))
}

/// A response that failed under status 200.
pub(super) fn failed(answer: &Answer<'_>, code: &str, message: &str) -> Value {
    let mut failed = response(answer, "failed", Vec::new());
    failed["error"] = json!({"code": code, "message": message});
    failed
}

pub(super) fn frames(answer: &Answer<'_>) -> Vec<Frame> {
    let mut writer = Writer { answer, frames: Vec::new(), index: 0 };
    for kind in ["response.created", "response.in_progress"] {
        let response = json!({"response": response(answer, "in_progress", Vec::new())});
        writer.add(Part::Opening, kind, response);
    }
    if let Some(thought) = &answer.thought {
        writer.thought(thought);
    }
    match &answer.content {
        Content::Nothing => {}
        Content::Text(pieces) => writer.message(pieces, Kind::Text, Part::Finish),
        Content::Refusal(words) => {
            writer.message(std::slice::from_ref(words), Kind::Refusal, Part::Finish);
        }
        Content::Tools { before, calls } => {
            if !before.is_empty() {
                writer.message(before, Kind::Text, Part::Between);
            }
            for (n, call) in calls.iter().enumerate() {
                writer.call(n, call);
            }
        }
    }
    let status = status(answer);
    let end = json!({"response": ended(answer, status)});
    writer.add(Part::End, &format!("response.{status}"), end);
    writer.frames
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
}

/// Numbers events and items.
struct Writer<'a> {
    answer: &'a Answer<'a>,
    frames: Vec<Frame>,
    index: usize,
}

impl Writer<'_> {
    fn thought(&mut self, thought: &Thought) {
        let id = format!("rs_{}", self.answer.id);
        let mut begun = thought_item(self.answer, thought);
        begun["summary"] = json!([]);
        begun["status"] = "in_progress".into();
        self.item("added", &begun);
        if !thought.pieces.is_empty() {
            let at = json!({"item_id": id, "summary_index": 0});
            let part = |text: &str| json!({"type": "summary_text", "text": text});
            let kind = "response.reasoning_summary_part";
            self.add_at(self.before(), &format!("{kind}.added"), &at, json!({"part": part("")}));
            let text = thought.pieces.concat();
            let kind_of_text = "response.reasoning_summary_text";
            for piece in &thought.pieces {
                let delta = json!({"delta": piece, "obfuscation": "abc"});
                self.add_at(Part::Content, &format!("{kind_of_text}.delta"), &at, delta);
            }
            let done = json!({"text": text});
            self.add_at(Part::Between, &format!("{kind_of_text}.done"), &at, done);
            self.add_at(Part::Between, &format!("{kind}.done"), &at, json!({"part": part(&text)}));
        }
        self.item("done", &thought_item(self.answer, thought));
        self.index += 1;
    }

    fn message(&mut self, pieces: &[String], kind: Kind, end: Part) {
        let text = pieces.concat();
        let whole = message_item(self.answer, &text, kind);
        let mut begun = whole.clone();
        begun["content"] = json!([]);
        begun["status"] = "in_progress".into();
        self.item("added", &begun);
        let at = json!({"item_id": whole["id"], "content_index": 0});
        let empty = json!({"part": content(kind, "")});
        self.add_at(self.before(), "response.content_part.added", &at, empty);
        let (name, field) = match kind {
            Kind::Text => ("response.output_text", "text"),
            Kind::Refusal => ("response.refusal", "refusal"),
        };
        for piece in pieces {
            let mut delta = json!({"delta": piece});
            if kind == Kind::Text {
                delta["logprobs"] = json!([]);
                delta["obfuscation"] = "abc".into();
            }
            self.add_at(Part::Content, &format!("{name}.delta"), &at, delta);
        }
        let mut done = json!({field: text});
        if kind == Kind::Text {
            done["logprobs"] = json!([]);
        }
        self.add_at(end, &format!("{name}.done"), &at, done);
        let part = json!({"part": content(kind, &text)});
        self.add_at(end, "response.content_part.done", &at, part);
        self.end_item(&whole, end);
    }

    fn call(&mut self, n: usize, call: &ToolCall) {
        let whole = call_item(self.answer, n, call);
        let mut begun = whole.clone();
        begun["arguments"] = "".into();
        begun["status"] = "in_progress".into();
        self.item("added", &begun);
        let at = json!({"item_id": whole["id"]});
        let name = "response.function_call_arguments";
        for piece in &call.arguments {
            let delta = json!({"delta": piece, "obfuscation": "abc"});
            self.add_at(Part::Content, &format!("{name}.delta"), &at, delta);
        }
        let done = json!({"arguments": call.json(), "name": call.name});
        let is_last = n + 1 == self.answer.content.calls().len();
        let part = if is_last { Part::Finish } else { Part::Between };
        self.add_at(part, &format!("{name}.done"), &at, done);
        self.end_item(&whole, part);
    }

    /// What structure is: an announcement until the first content has come.
    fn before(&self) -> Part {
        let begun = self.frames.iter().any(|frame| frame.part == Part::Content);
        if begun { Part::Between } else { Part::Opening }
    }

    fn item(&mut self, what: &str, item: &Value) {
        let kind = format!("response.output_item.{what}");
        self.add(self.before(), &kind, json!({"output_index": self.index, "item": item}));
    }

    fn end_item(&mut self, item: &Value, part: Part) {
        let body = json!({"output_index": self.index, "item": item});
        self.add(part, "response.output_item.done", body);
        self.index += 1;
    }

    fn add_at(&mut self, part: Part, kind: &str, at: &Value, mut body: Value) {
        for (key, value) in at.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body["output_index"] = self.index.into();
        self.add(part, kind, body);
    }

    fn add(&mut self, part: Part, kind: &str, mut body: Value) {
        body["type"] = kind.into();
        body["sequence_number"] = self.frames.len().into();
        self.frames.push(frame(part, format!("event: {kind}\ndata: {body}\n\n")));
    }
}

fn status(answer: &Answer<'_>) -> &'static str {
    match answer.finish {
        Finish::Length => "incomplete",
        Finish::Failed => "failed",
        Finish::Stop | Finish::StopSequence(_) | Finish::Tool | Finish::Refused => "completed",
    }
}

fn items(answer: &Answer<'_>) -> Vec<Value> {
    let mut items: Vec<_> =
        answer.thought.iter().map(|thought| thought_item(answer, thought)).collect();
    match &answer.content {
        Content::Nothing => {}
        Content::Text(pieces) => items.push(message_item(answer, &pieces.concat(), Kind::Text)),
        Content::Refusal(words) => items.push(message_item(answer, words, Kind::Refusal)),
        Content::Tools { before, calls } => {
            if !before.is_empty() {
                items.push(message_item(answer, &before.concat(), Kind::Text));
            }
            items.extend(calls.iter().enumerate().map(|(n, call)| call_item(answer, n, call)));
        }
    }
    items
}

fn thought_item(answer: &Answer<'_>, thought: &Thought) -> Value {
    let mut item = json!({"id": format!("rs_{}", answer.id), "type": "reasoning", "summary": []});
    if !thought.pieces.is_empty() {
        item["summary"] = json!([{"type": "summary_text", "text": thought.pieces.concat()}]);
    }
    if let Some(seal) = &thought.seal {
        item["encrypted_content"] = seal.as_str().into();
    }
    item
}

fn message_item(answer: &Answer<'_>, text: &str, kind: Kind) -> Value {
    json!({"id": format!("msg_{}", answer.id), "type": "message", "status": status(answer),
        "role": "assistant", "content": [content(kind, text)]})
}

fn content(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Text => {
            json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
        }
        Kind::Refusal => json!({"type": "refusal", "refusal": text}),
    }
}

fn call_item(answer: &Answer<'_>, n: usize, call: &ToolCall) -> Value {
    json!({"id": format!("fc_{}{n}", answer.id), "type": "function_call", "status": "completed",
        "call_id": format!("call_{}{n}", answer.id), "name": call.name, "arguments": call.json()})
}

fn response(answer: &Answer<'_>, status: &str, output: Vec<Value>) -> Value {
    let asked = |key: &str, otherwise: Value| {
        let given = answer.request.get(key).filter(|given| !given.is_null());
        given.cloned().unwrap_or(otherwise)
    };
    let details = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
    let reasoning = &answer.request["reasoning"];
    let mut response = json!({
        "id": format!("resp_{}", answer.id), "object": "response", "created_at": answer.created,
        "status": status, "background": false, "error": null, "incomplete_details": details,
        "completed_at": if status == "completed" { json!(answer.created) } else { Value::Null },
        "instructions": asked("instructions", Value::Null),
        "max_output_tokens": asked("max_output_tokens", Value::Null),
        "max_tool_calls": null, "model": answer.model, "output": output,
        "parallel_tool_calls": asked("parallel_tool_calls", true.into()),
        "previous_response_id": asked("previous_response_id", Value::Null),
        "prompt_cache_key": null,
        "reasoning": {"effort": reasoning["effort"], "summary": reasoning["summary"]},
        "safety_identifier": null, "service_tier": "default", "store": asked("store", true.into()),
        "temperature": asked("temperature", 1.0.into()),
        "text": asked("text", json!({"format": {"type": "text"}})),
        "tool_choice": asked("tool_choice", "auto".into()),
        "tools": asked("tools", json!([])), "top_logprobs": 0,
        "top_p": asked("top_p", 1.0.into()), "truncation": "disabled",
        "metadata": asked("metadata", json!({})),
    });
    if matches!(status, "completed" | "incomplete") {
        response["usage"] = usage(answer);
    }
    response
}

fn usage(answer: &Answer<'_>) -> Value {
    let usage = answer.usage;
    json!({"input_tokens": usage.all_input(),
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.thought},
        "total_tokens": usage.total()})
}
