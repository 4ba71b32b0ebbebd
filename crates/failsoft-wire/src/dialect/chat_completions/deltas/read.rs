//! Chunks as pieces of an answer.

use super::choice::{Choice, Fragment, Words};
use super::piece::Piece;
use crate::dialect::chat_completions::kept::OWN;
use crate::dialect::chat_completions::message::{NameAndText, citation, list, seal_of, thought};
use crate::dialect::chat_completions::reply::opening_member;
use crate::dialect::chat_completions::stop::stop;
use crate::dialect::chat_completions::usage::usage;
use crate::find::word;
use crate::neutral::{Delta, Json, Opening, Part, Reply, Rest};
use crate::scan::{Broken, Scanner, Value};
use crate::sse::Frame;
use crate::translate::ReadDeltas;

word!(ERROR = "\"error\"");

/// More choices than this are an attack, not an answer.
const MAX_CHOICES: u32 = 1024;

/// What was read of a stream.
#[derive(Debug, Default)]
pub(crate) struct DeltaReader {
    opening: Reply,
    has_begun: bool,
    has_ended: bool,
    choices: Vec<Choice>,
    /// The last usage that was told, as it was written.
    usage: Vec<u8>,
    /// The one in a vendor's own object: of use if there is no other.
    vendor_usage: Vec<u8>,
}

impl ReadDeltas for DeltaReader {
    fn read(&mut self, frame: &Frame, out: &mut Vec<Delta>) {
        let data = frame.data().map_or(&b""[..], |data| data.trim_ascii());
        if self.has_ended || data.first() != Some(&b'{') || frame.event() == Some(b"error") {
            if data == b"[DONE]" {
                self.end(out);
            }
            return;
        }
        if !self.has_begun && self.open(data, out).is_err() {
            return;
        }
        if !tells_of_error(data) {
            // Whoever judges the stream saw before whether the frame can be read at all.
            let _ = self.take(data, out);
        }
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        self.begin(out);
        for choice in &mut self.choices {
            choice.end(out);
        }
        let told = if self.usage.is_empty() { &self.vendor_usage } else { &self.usage };
        if !told.is_empty() {
            out.extend(usage(Value { raw: told, start: 0 }).map(Delta::Usage));
        }
        out.push(Delta::End);
    }

    fn waits(&self) -> bool {
        self.choices.iter().any(Choice::waits)
    }
}

impl DeltaReader {
    /// Reads what stands beside the choices; the answer begins with the first of them.
    fn open(&mut self, data: &[u8], out: &mut Vec<Delta>) -> Result<(), Broken> {
        let mut has_choice = false;
        let opening = &mut self.opening;
        Scanner::new(data).members(|scanner, key| {
            let value = scanner.value()?;
            match key {
                _ if value.is_null() => {}
                b"choices" => has_choice = value.is_full(),
                // Not of the answer itself; the last two are padding.
                b"usage" | b"x_groq" | b"error" | b"obfuscation" | b"p" => {}
                _ if opening.rest.has_any(&[&String::from_utf8_lossy(key)]) => {}
                _ => opening_member(opening, key, value),
            }
            Ok(())
        })?;
        if has_choice {
            self.begin(out);
        }
        Ok(())
    }

    fn begin(&mut self, out: &mut Vec<Delta>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let Reply { id, model, created, rest, .. } = std::mem::take(&mut self.opening);
        let rest = if rest.is_of(OWN) { rest } else { Rest::of(OWN) };
        out.push(Delta::Begin(Opening { id, model, created, rest }));
    }

    /// Takes a chunk.
    fn take(&mut self, data: &[u8], out: &mut Vec<Delta>) -> Result<(), Broken> {
        let mut scanner = Scanner::new(data);
        scanner.members(|scanner, key| {
            match key {
                b"choices" => self.choices(scanner, out)?,
                b"usage" => remember(&mut self.usage, scanner.value()?),
                b"x_groq" => self.vendor(scanner.value()?),
                _ => _ = scanner.value()?,
            }
            Ok(())
        })?;
        Ok(())
    }

    fn vendor(&mut self, value: Value<'_>) {
        value.members(|key, value| {
            if key == b"usage" {
                remember(&mut self.vendor_usage, value);
            }
        });
    }

    fn choices(&mut self, scanner: &mut Scanner<'_>, out: &mut Vec<Delta>) -> Result<(), Broken> {
        let mut position = 0;
        scanner.items(|scanner| {
            let mut piece = Piece::default();
            if scanner.members(|scanner, key| piece.read(scanner, key))? {
                let number = piece.index.unwrap_or(position);
                position += 1;
                if let Some(told) = piece.usage {
                    remember(&mut self.usage, told);
                }
                if let Some(choice) = self.choice(number) {
                    take_piece(choice, &piece, out);
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    fn choice(&mut self, number: u32) -> Option<&mut Choice> {
        let known = u32::try_from(self.choices.len()).unwrap_or(MAX_CHOICES);
        if number >= MAX_CHOICES {
            return None;
        }
        self.choices.extend((known..=number).map(Choice::new));
        self.choices.get_mut(usize::try_from(number).ok()?)
    }
}

/// Such a chunk brings nothing, whatever else it holds.
fn tells_of_error(data: &[u8]) -> bool {
    let mut is_error = false;
    if ERROR.find(data).is_some() {
        let value = Value { raw: data, start: 0 };
        value.members(|key, value| is_error |= key == b"error" && value.is_full());
    }
    is_error
}

fn remember(told: &mut Vec<u8>, value: Value<'_>) {
    if value.is_object() && value.is_full() {
        told.clear();
        told.extend_from_slice(value.raw);
    }
}

fn take_piece(choice: &mut Choice, piece: &Piece<'_>, out: &mut Vec<Delta>) {
    take_thoughts(choice, piece, out);
    if let Some(content) = piece.content {
        match content.meaning() {
            Some(text) => choice.say(Words::Text, text, out),
            None => take_list(choice, content, out),
        }
    }
    if let Some(text) = piece.refusal.and_then(Value::meaning) {
        choice.say(Words::Refusal, text, out);
    }
    if let Some(logprobs) = piece.logprobs {
        choice.weigh(Json::checked(logprobs.raw), out);
    }
    if let Some(annotations) = piece.annotations {
        annotations.items(|item| choice.cite(citation(item), out));
    }
    if let Some(calls) = piece.tool_calls {
        calls.items(|item| {
            if item.is_object() {
                choice.call(fragment(item), out);
            }
        });
    }
    if let Some(value) = piece.function_call {
        let mut inner = NameAndText::default();
        inner.take(value);
        let NameAndText { name, text: arguments, .. } = inner;
        choice.call(Fragment { name, arguments, is_elder: true, ..Fragment::default() }, out);
    }
    if let Some(images) = piece.images {
        for part in list(images).unwrap_or_default() {
            if let Part::Media(media) = part {
                choice.show(media, out);
            }
        }
    }
    if let Some(reason) = piece.finish.filter(|reason| reason.text() != Some(b"")) {
        let stop = stop(reason, choice.has_calls(), piece.sequence);
        choice.finish(stop, out);
    }
}

fn take_thoughts(choice: &mut Choice, piece: &Piece<'_>, out: &mut Vec<Delta>) {
    let (key, told) = match (piece.reasoning_content, piece.reasoning) {
        (Some(told), _) => ("reasoning_content", told.meaning()),
        (None, Some(told)) => ("reasoning", told.meaning()),
        (None, None) => ("reasoning", piece.reasoning_details.map(thought)),
    };
    if let Some(told) = told {
        choice.say(Words::Thinking(key), told, out);
    }
}

/// Content as a list of items.
fn take_list(choice: &mut Choice, content: Value<'_>, out: &mut Vec<Delta>) {
    for part in list(content).unwrap_or_default() {
        match part {
            Part::Text { text, .. } => choice.say(Words::Text, text, out),
            Part::Refusal(text) => choice.say(Words::Refusal, text, out),
            Part::Thinking { text, .. } => {
                choice.say(Words::Thinking("reasoning_content"), text, out);
            }
            Part::Media(media) => choice.show(media, out),
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Foreign(_) => {}
        }
    }
}

fn fragment(item: Value<'_>) -> Fragment {
    let mut fragment = Fragment::default();
    let mut inner = NameAndText::default();
    item.members(|key, value| match key {
        b"index" => fragment.index = value.count(),
        b"id" => fragment.id = value.meaning().unwrap_or_default(),
        b"type" => fragment.is_custom |= value.text() == Some(b"custom"),
        b"function" | b"custom" => inner.take(value),
        b"extra_content" => fragment.seal = seal_of(value).0,
        _ => {}
    });
    fragment.name = inner.name;
    fragment.arguments = inner.text;
    fragment
}
