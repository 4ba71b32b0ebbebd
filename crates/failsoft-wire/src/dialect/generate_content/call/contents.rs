//! The conversation, laid out as this dialect wants it.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use super::super::keys::HERE;
use crate::dialect::notes::Notes;
use crate::neutral::{Call, Feature, Part, Rest, Role, ToolCall, ToolResult, Turn};

/// One entry of `contents`.
#[derive(Debug)]
pub(super) struct Content<'a> {
    pub(super) role: Speaker,
    pub(super) items: Vec<Item<'a>>,
    /// What was kept of it, if it was read in this dialect.
    pub(super) rest: Option<&'a Rest>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Model,
}

/// What a content is made of.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// A part as it is.
    Part(&'a Part),
    /// Words made from something else.
    Said(Cow<'a, str>),
    /// What a tool answered.
    Result(&'a ToolResult),
    /// A call nobody answered.
    Unanswered(&'a ToolCall),
}

/// Said by the caller where there must be something and there is nothing.
const FILLER: &str = "Continue.";

/// The conversation as it came, if it came in this dialect.
pub(super) fn as_it_came<'a>(call: &'a Call) -> Vec<Content<'a>> {
    let content = |turn: &'a Turn| Content {
        role: speaker(turn.role),
        items: turn.parts.iter().map(Item::Part).collect(),
        rest: Some(&turn.rest),
    };
    call.turns.iter().map(content).collect()
}

const fn speaker(role: Role) -> Speaker {
    match role {
        Role::Assistant => Speaker::Model,
        Role::User | Role::System => Speaker::User,
    }
}

/// The conversation of another dialect: neighbours of one role are joined, and what tools answered
/// follows their calls at once, in their order, one for each.
pub(super) fn laid_out<'a>(call: &'a Call, notes: &mut Notes) -> Vec<Content<'a>> {
    let mut contents = Vec::with_capacity(call.turns.len() + 1);
    let mut pending: Vec<&ToolCall> = Vec::new();
    let is_model = |turn: &Turn| turn.role == Role::Assistant;
    let turns = call.turns.get(leading_system(call)..).unwrap_or_default();
    for turns in turns.chunk_by(|one, next| is_model(one) == is_model(next)) {
        let parts = turns.iter().flat_map(|turn| turn.parts.iter().map(|part| (turn.role, part)));
        if turns.first().is_some_and(is_model) {
            let items: Vec<_> = parts.filter_map(|(_, part)| said_by_model(part)).collect();
            pending = items.iter().filter_map(call_of).collect();
            push(&mut contents, Speaker::Model, items);
        } else {
            let (answers, words) = split(parts, &pending, notes);
            push(&mut contents, Speaker::User, answers);
            push(&mut contents, Speaker::User, words);
            pending.clear();
        }
    }
    if contents.first().is_none_or(|content| content.role == Speaker::Model) {
        let filler = vec![Item::Said(Cow::Borrowed(FILLER))];
        contents.insert(0, Content { role: Speaker::User, items: filler, rest: None });
    }
    contents
}

/// How many turns of instructions stand before the conversation.
pub(super) fn leading_system(call: &Call) -> usize {
    if call.rest.is_of(HERE) {
        return 0;
    }
    call.turns.iter().take_while(|turn| turn.role == Role::System).count()
}

fn push<'a>(contents: &mut Vec<Content<'a>>, role: Speaker, items: Vec<Item<'a>>) {
    if !items.is_empty() {
        contents.push(Content { role, items, rest: None });
    }
}

const fn call_of<'a>(item: &Item<'a>) -> Option<&'a ToolCall> {
    match item {
        Item::Part(Part::ToolCall(call)) => Some(call),
        Item::Part(_) | Item::Said(_) | Item::Result(_) | Item::Unanswered(_) => None,
    }
}

fn said_by_model(part: &Part) -> Option<Item<'_>> {
    let is_said = match part {
        Part::Refusal(text) => {
            return (!text.is_empty()).then_some(Item::Said(Cow::Borrowed(text)));
        }
        Part::Text { text, .. } => !text.is_empty(),
        Part::Thinking { text, seal, .. } => !text.is_empty() || seal.is_some(),
        Part::ToolCall(_) | Part::Media(_) => true,
        Part::Foreign(rest) => rest.is_of(HERE),
        Part::ToolResult(_) => false, // the model never answers for a tool
    };
    is_said.then_some(Item::Part(part))
}

/// The answers to the calls before, and everything else the caller says.
fn split<'a>(
    parts: impl Iterator<Item = (Role, &'a Part)>,
    pending: &[&'a ToolCall],
    notes: &mut Notes,
) -> (Vec<Item<'a>>, Vec<Item<'a>>) {
    let mut results: Vec<&ToolResult> = Vec::new();
    let mut words = Vec::new();
    for (role, part) in parts {
        match part {
            Part::ToolResult(result) => results.push(result),
            Part::Text { text, .. } if role == Role::System => {
                words.push(Item::Said(Cow::Owned(format!("System instruction: {text}"))));
            }
            Part::Text { text, .. } if text.is_empty() => {}
            Part::Text { .. } => words.push(Item::Part(part)),
            Part::Media(media) => {
                notes.dropped_if(Feature::ImageDetail, media.detail.is_some());
                words.push(Item::Part(part));
            }
            Part::Refusal(text) => words.push(Item::Said(Cow::Borrowed(text))),
            Part::Foreign(rest) => words.extend(rest.is_of(HERE).then_some(Item::Part(part))),
            Part::Thinking { .. } | Part::ToolCall(_) => {}
        }
    }
    let mut by_id: HashMap<&str, VecDeque<usize>> = HashMap::with_capacity(results.len());
    for (at, result) in results.iter().enumerate() {
        by_id.entry(&result.id).or_default().push_back(at);
    }
    let mut results: Vec<Option<&ToolResult>> = results.into_iter().map(Some).collect();
    let mut answer = |id: &str| results.get_mut(by_id.get_mut(id)?.pop_front()?)?.take();
    let answers =
        pending.iter().map(|call| answer(&call.id).map_or(Item::Unanswered(call), Item::Result));
    let answers = answers.collect();
    let strays = results.into_iter().flatten();
    let strays = strays.map(|result| Item::Said(Cow::Owned(stray(result))));
    (answers, strays.chain(words).collect())
}

/// What a tool answered to a call that is not there.
fn stray(result: &ToolResult) -> String {
    let name = result.name.as_deref().unwrap_or("a tool");
    format!("Result of {name}: {}", text_of(result))
}

/// The words of what a tool answered.
pub(super) fn text_of(result: &ToolResult) -> Cow<'_, str> {
    let texts = result.content.iter().filter_map(|part| match part {
        Part::Text { text, .. } | Part::Refusal(text) => Some(text.as_str()),
        Part::Thinking { .. }
        | Part::Media(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_)
        | Part::Foreign(_) => None,
    });
    let texts: Vec<&str> = texts.collect();
    match texts.as_slice() {
        [text] => Cow::Borrowed(*text),
        texts => Cow::Owned(texts.join("\n")),
    }
}
