//! What two calls or two answers must have in common, whatever dialects they went through.

use serde_json::{Value, json};

use crate::neutral::{
    Call, Choice, Feature, MediaKind, MediaSource, Note, Part, Reply, Role, StopReason, Tool,
    ToolCall, ToolChoice, Usage,
};
use crate::{Dialect, Encoded};

/// What an answer says.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    choices: Vec<SaidChoice>,
    /// Input, output and cached tokens; none where nothing is said of them.
    usage: (u32, u32, u32),
}

#[derive(Debug, PartialEq)]
struct SaidChoice {
    thoughts: String,
    text: String,
    calls: Vec<(String, Value)>,
    stop: Option<StopReason>,
}

/// What an answer says, as far as a dialect can tell it.
pub(super) fn said(reply: &Reply, by: Dialect) -> Said {
    let several = matches!(by, Dialect::ChatCompletions | Dialect::GenerateContent);
    let choices = reply.choices.iter().take(if several { usize::MAX } else { 1 });
    let usage = reply.usage.as_ref().map(tokens).unwrap_or_default();
    Said { choices: choices.map(|choice| said_choice(choice, by)).collect(), usage }
}

impl Said {
    /// The words of all choices.
    pub(super) fn text(&self) -> String {
        self.choices.iter().map(|choice| choice.text.as_str()).collect()
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
        thoughts: thoughts(&choice.parts),
        text: words(&choice.parts, by),
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
        (Dialect::Messages | Dialect::Responses, Done) if refuses => Refused,
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

/// All words as one text. `chat_completions` has one text only: a blank line stands where something
/// else stood between two.
fn words(parts: &[Part], by: Dialect) -> String {
    let (mut words, mut is_apart) = (String::new(), false);
    for part in parts {
        match part {
            Part::Text { text, .. } | Part::Refusal(text) if !text.is_empty() => {
                if is_apart && !words.is_empty() && by == Dialect::ChatCompletions {
                    words.push_str("\n\n");
                }
                words.push_str(text);
                is_apart = false;
            }
            Part::Text { .. } | Part::Refusal(_) => {}
            Part::Thinking { text, .. } => is_apart |= !text.is_empty(),
            Part::Media(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Foreign(_) => {
                is_apart = true;
            }
        }
    }
    words
}

/// What was thought, blank lines between thoughts aside.
fn thoughts(parts: &[Part]) -> String {
    let mut thoughts = String::new();
    for part in parts {
        if let Part::Thinking { text, .. } = part {
            thoughts.push_str(text);
        }
    }
    thoughts.replace("\n\n", "")
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
        "" | "null" => json!({}),
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
    media: usize,
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
        media: 0,
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
        held.media += turn.parts.iter().filter(|part| is_seen(part)).count();
    }
    held
}

/// Whether it is an image, a sound, a film or a page; plain text may become words.
fn is_seen(part: &Part) -> bool {
    matches!(part, Part::Media(media) if media.kind != MediaKind::File || !is_plain(&media.source))
}

fn is_plain(source: &MediaSource) -> bool {
    match source {
        MediaSource::Text(_) => true,
        MediaSource::Inline { mime, .. } => mime.starts_with("text/"),
        MediaSource::Url { .. } | MediaSource::Stored(_) => false,
    }
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
    if encoded.notes.is_empty() && before.assistant.concat() != after.assistant.concat() {
        let (before, after) = (&before.assistant, &after.assistant);
        return Some(format!("words for the assistant: {before:?} became {after:?}"));
    }
    let is_forbidden = before.choice == Some(ToolChoice::None);
    let may_lose_tools = is_forbidden && is_noted(Feature::ForbiddenTools);
    // Where calls need their tools, those of the history are declared.
    let is_added = |name: &String| before.calls.iter().any(|(called, _)| called == name);
    let added = after.tools.strip_prefix(before.tools.as_slice());
    let is_kept = added.is_some_and(|added| added.iter().all(is_added));
    if !is_kept && !may_lose_tools {
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
    if before.media != after.media && !may_move {
        return Some(format!("media: {} became {}", before.media, after.media));
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
