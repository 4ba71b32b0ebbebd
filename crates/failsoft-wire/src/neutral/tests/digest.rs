//! What two calls or two answers must have in common, whatever dialects they went through.

use serde_json::{Value, json};

use crate::neutral::{
    Call, Choice, Feature, Note, Part, Reply, Role, StopReason, Tool, ToolCall, ToolChoice, Usage,
};
use crate::{Dialect, Encoded};

/// What an answer says.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    choices: Vec<SaidChoice>,
    /// Input, output and cached tokens.
    usage: Option<(u32, u32, u32)>,
}

#[derive(Debug, PartialEq)]
struct SaidChoice {
    text: String,
    calls: Vec<(String, Value)>,
    stop: Option<StopReason>,
}

/// What an answer says, as far as a dialect can tell it.
pub(super) fn said(reply: &Reply, by: Dialect) -> Said {
    let several = matches!(by, Dialect::ChatCompletions | Dialect::GenerateContent);
    let choices = reply.choices.iter().take(if several { usize::MAX } else { 1 });
    let usage = reply.usage.as_ref().map(tokens);
    Said { choices: choices.map(|choice| said_choice(choice, by)).collect(), usage }
}

impl Said {
    /// Whether it ended in a way that is no answer to everybody.
    pub(super) fn is_broken(&self) -> bool {
        let stops = self.choices.iter().filter_map(|choice| choice.stop);
        stops.into_iter().any(|stop| matches!(stop, StopReason::Filtered | StopReason::Other))
    }
}

fn tokens(usage: &Usage) -> (u32, u32, u32) {
    (usage.input, usage.output, usage.cached)
}

fn said_choice(choice: &Choice, by: Dialect) -> SaidChoice {
    let stop = choice.stop.as_ref().map(|stop| stop.reason);
    let refuses = choice.parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let calls: Vec<_> = calls_of(&choice.parts).map(called).collect();
    SaidChoice {
        text: words(&choice.parts),
        stop: stop.map(|stop| told(stop, by, !calls.is_empty(), refuses)),
        calls,
    }
}

/// A stop reason as a dialect can tell it. What it has no word for is the nearest it has; where
/// the word for an end is the same with and without tool calls, the calls themselves tell.
pub(super) fn told(stop: StopReason, by: Dialect, calls: bool, refuses: bool) -> StopReason {
    use StopReason::{
        ContextFull, Done, Filtered, Length, Other, Paused, Refused, Sequence, ToolCalls,
    };
    let done = if calls { ToolCalls } else { Done };
    match (by, stop) {
        (_, Length) => Length,
        (_, ToolCalls) => done,
        (Dialect::Messages, Done) if refuses => Refused,
        (_, Done) => done,
        (Dialect::ChatCompletions, ContextFull) => Length,
        (Dialect::ChatCompletions, Filtered | Refused) => Filtered,
        (Dialect::ChatCompletions, Sequence | Paused | Other) => done,
        (Dialect::Messages, Filtered) => Refused,
        (Dialect::Messages, Other) => Done,
        (Dialect::Messages, ContextFull | Refused | Sequence | Paused) => stop,
        (Dialect::Responses, ContextFull) => Length,
        (Dialect::Responses, Refused) if refuses => Refused,
        (Dialect::Responses, Filtered | Refused) => Filtered,
        (Dialect::Responses, Sequence | Paused | Other) => done,
        (Dialect::GenerateContent, ContextFull) => Length,
        (Dialect::GenerateContent, Filtered | Refused) => Filtered,
        (Dialect::GenerateContent, Sequence | Paused) => done,
        (Dialect::GenerateContent, Other) => Other,
        (Dialect::BedrockConverse, Refused) => Filtered,
        (Dialect::BedrockConverse, Paused | Other) => Done,
        (Dialect::BedrockConverse, ContextFull | Filtered | Sequence) => stop,
        (Dialect::Embeddings, _) => unreachable!("it has no answers to translate"),
    }
}

fn words(parts: &[Part]) -> String {
    let mut words = String::new();
    for part in parts {
        if let Part::Text { text, .. } | Part::Refusal(text) = part {
            words.push_str(text);
        }
    }
    words
}

fn calls_of(parts: &[Part]) -> impl Iterator<Item = &ToolCall> {
    parts.iter().filter_map(|part| match part {
        Part::ToolCall(call) => Some(call),
        Part::Text { .. }
        | Part::Refusal(_)
        | Part::Thinking { .. }
        | Part::Media(_)
        | Part::ToolResult(_)
        | Part::Foreign(_) => None,
    })
}

/// The tool and its arguments. Free text is the one member `input` where a dialect has none.
fn called(call: &ToolCall) -> (String, Value) {
    let arguments = match call.arguments.trim() {
        "" => json!({}),
        text if call.is_custom => json!({ "input": text }),
        text => serde_json::from_str(text).unwrap_or_else(|_| json!({ "input": text })),
    };
    (call.name.clone(), levelled(arguments))
}

/// Numbers have no spelling.
fn levelled(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(levelled).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(key, value)| (key, levelled(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// What a call holds.
#[derive(Debug, PartialEq)]
struct Held {
    system: Vec<String>,
    user: Vec<String>,
    assistant: Vec<String>,
    tools: Vec<String>,
    choice: Option<ToolChoice>,
    calls: Vec<(String, Value)>,
    /// Which call it answers, and its text.
    results: Vec<(Option<usize>, Vec<String>)>,
    images: usize,
}

fn held(call: &Call) -> Held {
    let mut held = Held {
        system: texts(&call.system),
        user: Vec::new(),
        assistant: Vec::new(),
        tools: call.tools.iter().map(|Tool { name, .. }| name.clone()).collect(),
        choice: call.tool_choice.clone().filter(|choice| *choice != ToolChoice::Auto),
        calls: Vec::new(),
        results: Vec::new(),
        images: 0,
    };
    let mut ids = Vec::new();
    for turn in &call.turns {
        let texts = texts(&turn.parts);
        match turn.role {
            Role::User => held.user.extend(texts),
            Role::Assistant => held.assistant.extend(texts),
            Role::System => held.system.extend(texts),
        }
        for call in calls_of(&turn.parts) {
            held.calls.push(called(call));
            ids.push(call.id.as_str());
        }
        held.results.extend(results(&turn.parts, &ids));
        held.images += turn.parts.iter().filter(|part| matches!(part, Part::Media(_))).count();
    }
    held
}

fn texts(parts: &[Part]) -> Vec<String> {
    let one = |part: &Part| match part {
        Part::Text { text, .. } | Part::Refusal(text) => Some(text.trim().to_owned()),
        Part::Thinking { .. }
        | Part::Media(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_)
        | Part::Foreign(_) => None,
    };
    parts.iter().filter_map(one).filter(|text| !text.is_empty()).collect()
}

fn results(parts: &[Part], ids: &[&str]) -> Vec<(Option<usize>, Vec<String>)> {
    let one = |part: &Part| match part {
        Part::ToolResult(result) => {
            let call = ids.iter().rposition(|id| *id == result.id);
            Some((call, texts(&result.content)))
        }
        Part::Text { .. }
        | Part::Refusal(_)
        | Part::Thinking { .. }
        | Part::Media(_)
        | Part::ToolCall(_)
        | Part::Foreign(_) => None,
    };
    parts.iter().filter_map(one).collect()
}

/// What was lost on the way from one call to another, in words.
pub(super) fn lost(before: &Call, encoded: &Encoded, after: &Call) -> Option<String> {
    let is_noted = |feature| encoded.notes.iter().any(|Note { feature: f, .. }| *f == feature);
    let (before, after) = (held(before), held(after));
    let everywhere = after.system.iter().chain(&after.user).chain(&after.assistant);
    let everywhere: Vec<_> = everywhere.cloned().collect();
    // Refusals may be words, and instructions the user's.
    for (what, texts, kept) in [
        ("instructions", &before.system, &everywhere),
        ("the user's words", &before.user, &after.user),
        ("the assistant's words", &before.assistant, &after.assistant),
    ] {
        if let Some(text) = missing(texts, kept, what == "instructions") {
            return Some(format!("{what}: {text:?} is not in {kept:?}"));
        }
    }
    let is_forbidden = before.choice == Some(ToolChoice::None);
    let may_lose_tools = is_forbidden && is_noted(Feature::ForbiddenTools);
    if before.tools != after.tools && !(may_lose_tools && after.tools.is_empty()) {
        return Some(format!("tools: {:?} became {:?}", before.tools, after.tools));
    }
    let is_told = is_noted(Feature::ForcedTool) || is_noted(Feature::ForbiddenTools);
    let had_tools = !before.tools.is_empty();
    if had_tools && before.choice != after.choice && !is_told {
        return Some(format!("tool choice: {:?} became {:?}", before.choice, after.choice));
    }
    if before.calls != after.calls {
        return Some(format!("tool calls: {:?} became {:?}", before.calls, after.calls));
    }
    if before.results.len() != after.results.len() {
        return Some(format!("results: {:?} became {:?}", before.results, after.results));
    }
    for ((call, texts), (again, kept)) in before.results.iter().zip(&after.results) {
        if call != again {
            return Some(format!("the result of call {call:?} is that of {again:?}"));
        }
        if let Some(text) = missing(texts, kept, false) {
            return Some(format!("a result: {text:?} is not in {kept:?}"));
        }
    }
    let may_move = is_noted(Feature::ToolResultMedia);
    if before.images != after.images && !may_move {
        return Some(format!("media: {} became {}", before.images, after.images));
    }
    None
}

/// The first text that does not stand in what was kept, behind those before it unless they may
/// stand anywhere.
fn missing<'a>(texts: &'a [String], kept: &[String], anywhere: bool) -> Option<&'a str> {
    let kept = kept.join("\n");
    let mut at = 0;
    for text in texts {
        let Some(found) = kept.get(at..).and_then(|rest| rest.find(text.as_str())) else {
            return Some(text);
        };
        if !anywhere {
            at += found + text.len();
        }
    }
    None
}
