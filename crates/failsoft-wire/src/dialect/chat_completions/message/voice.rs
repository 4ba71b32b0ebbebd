//! How what the model said is written.

use std::borrow::Cow;

use super::content::write_item;
use super::media::{write_media, write_spoken_audio};
use super::pick::{call_of, media_of, refusal_of};
use super::source::write_citation;
use super::tool_call::{short_id, write_call, write_inner};
use crate::dialect::chat_completions::kept::{OWN, is_marked};
use crate::neutral::{Citation, Maker, Media, MediaKind, Part, Rest, Seal, ToolCall};
use crate::write::Writer;

/// For whom it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    /// It came in this dialect: what it spelled stays as it was.
    pub(crate) is_own: bool,
    /// For a client, not for a target.
    pub(crate) is_answer: bool,
    /// Whose mark seals get.
    pub(crate) maker: Option<Maker>,
}

impl Voice {
    /// A call's id.
    pub(super) fn id<'a>(&self, id: &'a str) -> Cow<'a, str> {
        if self.is_own || self.is_answer { Cow::Borrowed(id) } else { short_id(id) }
    }

    /// A seal as it goes out.
    pub(crate) fn seal(&self, seal: &Seal) -> String {
        seal.shown(self.maker)
    }
}

/// What stands between texts of one message that becomes one string: nothing between texts that
/// follow each other, a blank line where something else stood between them. Thoughts without words
/// are nothing: some providers seal a text in the middle of a sentence.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Joiner {
    has_begun: bool,
    is_interrupted: bool,
}

impl Joiner {
    /// Something else comes.
    pub(crate) const fn interrupt(&mut self) {
        self.is_interrupted = true;
    }

    /// A part that is no text comes.
    fn pass(&mut self, part: &Part) {
        if !matches!(part, Part::Thinking { text, .. } if text.is_empty()) {
            self.interrupt();
        }
    }

    /// A text comes: what to write before it.
    pub(crate) const fn next(&mut self) -> &'static str {
        let is_apart = self.has_begun && self.is_interrupted;
        self.has_begun = true;
        self.is_interrupted = false;
        if is_apart { "\n\n" } else { "" }
    }
}

/// Writes the members of a message, its role aside.
pub(crate) fn write_spoken(out: &mut Writer<'_>, parts: &[&Part], rest: &Rest, voice: &Voice) {
    write_content(out, parts, rest, voice);
    let is_listed = is_marked(rest, "list") && !is_marked(rest, "refusal");
    let refusal = parts.iter().filter(|_| !is_listed).filter_map(|part| refusal_of(part));
    let refusal: Vec<&str> = refusal.collect();
    if !refusal.is_empty() {
        out.text("refusal", &refusal.concat());
    } else if voice.is_answer {
        out.key("refusal").null();
    }
    write_thinking(out, parts, voice);
    write_annotations(out, parts, voice);
    write_calls(out, parts, voice);
    write_made(out, parts);
}

fn write_content(out: &mut Writer<'_>, parts: &[&Part], rest: &Rest, voice: &Voice) {
    if is_marked(rest, "odd") {
        return;
    }
    if is_marked(rest, "list") {
        let is_item = |part: &Part| match part {
            Part::Text { .. } | Part::Foreign(_) => true,
            Part::Refusal(_) => !is_marked(rest, "refusal"),
            Part::Thinking { rest, .. } => is_marked(rest, "item"),
            Part::Media(media) => !is_made(media),
            Part::ToolCall(_) | Part::ToolResult(_) => false,
        };
        return out.key("content").array(|list| {
            parts.iter().filter(|part| is_item(part)).for_each(|part| write_item(list, part));
        });
    }
    match joined(parts, voice) {
        Some(text) => out.text("content", &text),
        None if is_marked(rest, "empty") => out.text("content", ""),
        None => out.key("content").null(),
    }
}

/// All texts as one.
fn joined<'a>(parts: &[&'a Part], voice: &Voice) -> Option<Cow<'a, str>> {
    let mut whole: Option<Cow<'a, str>> = None;
    let mut joiner = Joiner::default();
    for part in parts {
        let Part::Text { text, .. } = part else {
            joiner.pass(part);
            continue;
        };
        let between = if text.is_empty() { "" } else { joiner.next() };
        match &mut whole {
            None => whole = Some(Cow::Borrowed(text)),
            Some(whole) => {
                let whole = whole.to_mut();
                whole.push_str(if voice.is_own { "" } else { between });
                whole.push_str(text);
            }
        }
    }
    whole
}

fn write_thinking(out: &mut Writer<'_>, parts: &[&Part], voice: &Voice) {
    let mut told = String::new();
    for part in parts {
        let Part::Thinking { text, rest, .. } = part else { continue };
        if is_marked(rest, "item") {
            continue;
        }
        if rest.is_of(OWN) {
            let spelled = ["reasoning_content", "reasoning"].into_iter();
            if let Some(key) = spelled.into_iter().find(|key| is_marked(rest, key)) {
                out.text(key, text);
            }
            out.rest(rest, OWN);
        } else if voice.is_answer && !text.is_empty() {
            let between = if told.is_empty() { "" } else { "\n\n" };
            told.push_str(between);
            told.push_str(text);
        }
    }
    if !told.is_empty() {
        out.text("reasoning_content", &told);
    }
}

fn write_annotations(out: &mut Writer<'_>, parts: &[&Part], voice: &Voice) {
    let is_written =
        |cited: &Citation| cited.rest.is_of(OWN) || voice.is_answer && cited.url.is_some();
    let cites = |part: &&Part| matches!(part, Part::Text { citations, .. } if citations.iter().any(is_written));
    if !parts.iter().any(cites) {
        return;
    }
    let mut joiner = Joiner::default();
    let mut at = 0_u32;
    out.key("annotations").array(|list| {
        for part in parts {
            let Part::Text { text, citations, .. } = part else {
                joiner.pass(part);
                continue;
            };
            let between = if text.is_empty() || voice.is_own { "" } else { joiner.next() };
            at = at.saturating_add(length(between));
            let end = at.saturating_add(length(text));
            let within = (at, end);
            let written = citations.iter().filter(|cited| is_written(cited));
            written.for_each(|cited| write_citation(list, cited, within));
            at = end;
        }
    });
}

/// In characters.
pub(crate) fn length(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

fn write_calls(out: &mut Writer<'_>, parts: &[&Part], voice: &Voice) {
    let calls: Vec<&ToolCall> = parts.iter().filter_map(|part| call_of(part)).collect();
    let is_elder = |call: &&ToolCall| is_marked(&call.rest, "function_call");
    if let Some(elder) = calls.iter().find(|call| is_elder(call)) {
        out.key("function_call").object(|inner| write_inner(inner, elder, voice));
    }
    if calls.iter().all(is_elder) {
        return;
    }
    out.key("tool_calls").array(|list| {
        for call in calls.iter().filter(|call| !is_elder(call)) {
            write_call(list, call, voice);
        }
    });
}

/// An image or a sound of the model's own, not one it was shown.
fn is_made(media: &Media) -> bool {
    is_marked(&media.rest, "images") || is_marked(&media.rest, "audio") || !media.rest.is_of(OWN)
}

fn write_made(out: &mut Writer<'_>, parts: &[&Part]) {
    let made = || parts.iter().filter_map(|part| media_of(part)).filter(|media| is_made(media));
    if let Some(audio) = made().find(|media| media.kind == MediaKind::Audio) {
        write_spoken_audio(out, audio);
    }
    let images: Vec<&Media> = made().filter(|media| media.kind == MediaKind::Image).collect();
    write_images(out, &images);
}

/// Images the model made.
pub(crate) fn write_images(out: &mut Writer<'_>, images: &[&Media]) {
    if !images.is_empty() {
        out.key("images").array(|list| {
            images.iter().for_each(|image| write_media(list, image));
        });
    }
}

/// Writes what the dialect added to a message.
pub(crate) fn write_rest(out: &mut Writer<'_>, rest: &Rest) {
    out.rest_but(rest, OWN, &["role"]);
}
