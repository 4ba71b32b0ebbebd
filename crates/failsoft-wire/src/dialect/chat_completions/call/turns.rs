//! The messages of a request.

use std::collections::{HashMap, VecDeque};

use crate::dialect::chat_completions::kept::{OWN, is_marked, kept};
use crate::dialect::chat_completions::message::{
    Voice, call_of, is_writable, media_of, refusal_of, result_of, short_id, text_of, write_item,
    write_media, write_rest, write_spoken,
};
use crate::dialect::instructions::FAILED;
use crate::neutral::{Call, Media, Part, Rest, Role, ToolResult, Turn};
use crate::translate::PrefillMark;
use crate::write::Writer;

/// What says that a message is the beginning of the answer.
const PREFIX: &str = "prefix";

/// Whether the call ends with the beginning of its answer.
pub(super) fn is_begun(call: &Call) -> bool {
    let last = call.turns.last().filter(|turn| turn.role == Role::Assistant);
    last.is_some_and(|turn| {
        matches!(turn.parts.last(), Some(Part::Text { text, .. }) if !text.is_empty())
            && !turn.parts.iter().any(|part| call_of(part).is_some())
    })
}

/// Writes `messages`. `instruction` is what must be told beside, `mark` how the last message is
/// told to be the beginning of the answer.
pub(super) fn write(
    out: &mut Writer<'_>,
    call: &Call,
    (instruction, mark): (Option<&str>, PrefillMark),
) {
    let is_own = call.rest.is_of(OWN);
    let is_marked = mark == PrefillMark::Prefix;
    let last = call.turns.len().saturating_sub(1);
    out.array(|list| {
        write_system(list, &call.system, instruction);
        if is_own {
            for (at, turn) in call.turns.iter().enumerate() {
                write_own(list, turn, is_marked && at == last);
            }
        } else {
            Conversation::of(&call.turns, is_marked).write(list);
        }
    });
}

/// What stands before everything else: each message as it came, or all of it as one.
fn write_system(out: &mut Writer<'_>, parts: &[Part], instruction: Option<&str>) {
    let begins = |part: &Part| marks(part).is_some_and(|rest| is_marked(rest, "message"));
    let mut left = parts;
    let mut instruction = instruction;
    while let Some(first) = left.first() {
        let more = left.get(1..).unwrap_or_default();
        let length = more.iter().position(begins).map_or(left.len(), |at| at + 1);
        let (message, rest) = left.split_at(length);
        left = rest;
        if begins(first) {
            write_own_system(out, first, message);
        } else {
            write_words(out, "system", &texts(message, instruction.take()));
        }
    }
    if let Some(text) = instruction {
        write_words(out, "system", text);
    }
}

fn write_own_system(out: &mut Writer<'_>, first: &Part, message: &[Part]) {
    let none = Rest::default();
    let rest = marks(first).unwrap_or(&none);
    out.object(|one| {
        one.text("role", if is_marked(rest, "developer") { "developer" } else { "system" });
        match text_of(first).filter(|_| is_marked(rest, "string")) {
            Some(text) => {
                one.text("content", text);
                one.rest(rest, OWN);
            }
            None => one.key("content").array(|list| {
                message.iter().for_each(|part| write_item(list, part));
            }),
        }
    });
}

fn marks(part: &Part) -> Option<&Rest> {
    let Part::Text { rest, .. } = part else { return None };
    Some(rest)
}

/// All texts as one.
fn texts(parts: &[Part], more: Option<&str>) -> String {
    let texts = parts.iter().filter_map(|part| text_of(part).or_else(|| refusal_of(part)));
    texts.filter(|text| !text.is_empty()).chain(more).collect::<Vec<_>>().join("\n\n")
}

fn write_words(out: &mut Writer<'_>, role: &str, text: &str) {
    if !text.is_empty() {
        out.object(|one| {
            one.text("role", role);
            one.text("content", text);
        });
    }
}

/// Writes a turn that came in this dialect. `is_begun`: the model shall go on with it.
fn write_own(out: &mut Writer<'_>, turn: &Turn, is_begun: bool) {
    match turn.role {
        Role::Assistant => out.object(|one| {
            one.text("role", "assistant");
            let voice = Voice { is_own: true, is_answer: false, maker: None };
            write_spoken(one, &turn.parts.iter().collect::<Vec<_>>(), &turn.rest, &voice);
            if is_begun {
                one.value(PREFIX, true);
                return one.rest_but(&turn.rest, OWN, &["role", PREFIX]);
            }
            write_rest(one, &turn.rest);
        }),
        Role::User | Role::System => {
            for result in turn.parts.iter().filter_map(result_of) {
                write_own_result(out, result);
            }
            let is_said = |part: &&Part| result_of(part).is_none();
            let said: Vec<&Part> = turn.parts.iter().filter(is_said).collect();
            if said.len() == turn.parts.len() {
                out.object(|one| write_asked(one, turn, &said));
            }
        }
    }
}

fn write_own_result(out: &mut Writer<'_>, result: &ToolResult) {
    let is_elder = is_marked(&result.rest, "function_call");
    out.object(|one| {
        one.text("role", if is_elder { "function" } else { "tool" });
        if !is_elder {
            one.text("tool_call_id", &result.id);
        }
        if is_marked(&result.rest, "name") {
            one.text_if("name", result.name.as_deref());
        }
        let content: Vec<&Part> = result.content.iter().collect();
        write_content(one, &content, &result.rest);
        one.rest(&result.rest, OWN);
    });
}

/// Writes the members of a message of the caller's.
fn write_asked(out: &mut Writer<'_>, turn: &Turn, parts: &[&Part]) {
    match kept(&turn.rest, "role") {
        Some(role) => out.json("role", role),
        None if turn.role == Role::User => out.text("role", "user"),
        None if is_marked(&turn.rest, "developer") => out.text("role", "developer"),
        None => out.text("role", "system"),
    }
    write_content(out, parts, &turn.rest);
    out.rest_but(&turn.rest, OWN, &["role"]);
}

/// A list, or a string where one text without anything else is all.
fn write_content(out: &mut Writer<'_>, parts: &[&Part], rest: &Rest) {
    match parts {
        _ if kept(rest, "content").is_some() || is_marked(rest, "silent") => {}
        [Part::Text { text, rest: inside, .. }]
            if !is_marked(rest, "list") && inside.members_for(OWN).is_empty() =>
        {
            out.text("content", text);
        }
        [] if !is_marked(rest, "list") => out.text("content", ""),
        parts => out.key("content").array(|list| {
            parts.iter().for_each(|part| write_item(list, part));
        }),
    }
}

/// A conversation of another dialect, in the order this one demands: the results of calls follow
/// them at once, and what they show beside words follows in a message of the caller's.
struct Conversation<'a> {
    turns: &'a [Turn],
    /// Results by the turn they stand in, until they are written.
    results: Vec<(usize, Option<&'a ToolResult>)>,
    /// Where the results of each id stand among them.
    by_id: HashMap<&'a str, VecDeque<usize>>,
    /// What results show, and whose it is.
    shown: Vec<(&'a str, &'a Media)>,
    /// The last message is the beginning of the answer, and must say so.
    is_begun: bool,
}

impl<'a> Conversation<'a> {
    fn of(turns: &'a [Turn], is_begun: bool) -> Self {
        let results = turns.iter().enumerate().flat_map(|(at, turn)| {
            turn.parts.iter().filter_map(result_of).map(move |result| (at, Some(result)))
        });
        let results: Vec<_> = results.collect();
        let mut by_id: HashMap<&str, VecDeque<usize>> = HashMap::new();
        for (place, (_, result)) in results.iter().enumerate() {
            by_id.entry(result.map_or("", |it| &it.id)).or_default().push_back(place);
        }
        Self { turns, results, by_id, shown: Vec::new(), is_begun }
    }

    fn write(mut self, out: &mut Writer<'_>) {
        let mut at = 0;
        while let Some(turn) = self.turns.get(at) {
            let next = match turn.role {
                Role::Assistant => self.answer(out, at),
                Role::User => {
                    self.asked(out, at, turn);
                    at + 1
                }
                Role::System => {
                    write_words(out, "system", &texts(&turn.parts, None));
                    at + 1
                }
            };
            at = next;
        }
        self.show(out, Vec::new());
    }

    /// Writes assistant turns that follow each other as one message, and the results of its calls.
    fn answer(&mut self, out: &mut Writer<'_>, at: usize) -> usize {
        self.show(out, Vec::new());
        let turns = self.turns.get(at..).unwrap_or_default();
        let length = turns.iter().take_while(|turn| turn.role == Role::Assistant).count();
        let parts = turns.iter().take(length).flat_map(|turn| &turn.parts);
        let (media, said): (Vec<&Part>, Vec<&Part>) =
            parts.filter(|part| is_said(part)).partition(|part| matches!(part, Part::Media(_)));
        if !said.is_empty() {
            let voice = Voice { is_own: false, is_answer: false, maker: None };
            let is_begun = self.is_begun && at + length == self.turns.len();
            out.object(|one| {
                one.text("role", "assistant");
                write_spoken(one, &said, &Rest::default(), &voice);
                if is_begun {
                    one.value(PREFIX, true);
                }
            });
        }
        for call in said.into_iter().filter_map(call_of) {
            self.result(out, at, &call.id);
        }
        let media = media.into_iter().filter_map(media_of);
        self.shown.extend(media.map(|media| ("the assistant's answer", media)));
        at + length
    }

    /// Writes the result of a call that was made in the turn `at`, if there is one.
    fn result(&mut self, out: &mut Writer<'_>, at: usize, id: &str) {
        let Some(places) = self.by_id.get_mut(id) else { return };
        // What stands before the call, or is written, answers no later one either.
        while let Some(place) = places.pop_front() {
            let known = self.results.get_mut(place).filter(|(turn, _)| *turn >= at);
            if let Some(result) = known.and_then(|(_, result)| result.take()) {
                return self.write_result(out, result);
            }
        }
    }

    fn write_result(&mut self, out: &mut Writer<'_>, result: &'a ToolResult) {
        let mut text = texts(&result.content, None);
        let before = self.shown.len();
        let media = result.content.iter().filter_map(media_of);
        self.shown.extend(media.map(|media| (result.id.as_str(), media)));
        if text.is_empty() && self.shown.len() > before {
            "The result follows in the next message.".clone_into(&mut text);
        }
        if result.is_error {
            text = format!("{FAILED} {text}");
        }
        out.object(|one| {
            one.text("role", "tool");
            one.text("tool_call_id", &short_id(&result.id));
            one.text("content", &text);
        });
    }

    fn asked(&mut self, out: &mut Writer<'_>, at: usize, turn: &'a Turn) {
        let first = self.results.partition_point(|(turn, _)| *turn < at);
        let here = self.results.iter_mut().skip(first).take_while(|(turn, _)| *turn == at);
        let left: Vec<&ToolResult> = here.filter_map(|(_, result)| result.take()).collect();
        for result in left {
            self.write_result(out, result);
        }
        self.show(out, turn.parts.iter().filter(|part| is_said(part)).collect());
    }

    /// Writes a message of the caller's: what results show, and what is asked.
    fn show(&mut self, out: &mut Writer<'_>, asked: Vec<&Part>) {
        let shown = std::mem::take(&mut self.shown);
        if shown.is_empty() && asked.is_empty() {
            return;
        }
        out.object(|one| {
            one.text("role", "user");
            if shown.is_empty() {
                return write_content(one, &asked, &Rest::default());
            }
            one.key("content").array(|list| {
                for (owner, media) in shown {
                    write_item(list, &Part::text(format!("From {owner}:")));
                    write_media(list, media);
                }
                asked.iter().for_each(|part| write_item(list, part));
            });
        });
    }
}

/// Whether this dialect has a place for it in a message of a conversation begun in another.
fn is_said(part: &Part) -> bool {
    match part {
        Part::Text { text, .. } | Part::Refusal(text) => !text.is_empty(),
        Part::Media(media) => is_writable(media),
        Part::ToolCall(_) => true,
        Part::Thinking { .. } | Part::ToolResult(_) | Part::Foreign(_) => false,
    }
}
