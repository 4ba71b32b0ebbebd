//! Plain answers.

use super::block::{self, Side, is_redacted};
use super::members::kept;
use super::words::{Tokens, stop, stop_word, told, write_usage};
use super::{HERE, names};
use crate::dialect::members::Members;
use crate::neutral::{Choice, Citation, Maker, Part, Reply, Rest, Seal, ToolCall};
use crate::reply::Flaw;
use crate::scan::Scanner;
use crate::translate::Presented;
use crate::write::Writer;

/// An answer in the neutral form.
pub(crate) fn decode_reply(body: &[u8]) -> Result<Reply, Flaw> {
    let mut scanner = Scanner::new(body);
    let members = Members::scan(&mut scanner).and_then(|members| {
        scanner.end()?;
        Ok(members)
    });
    let members = members.map_err(|broken| Flaw::of_broken(broken, body))?;
    let members = members.ok_or(Flaw::WrongShape)?;
    let word = members.text("stop_reason");
    let parts = match members.find("content") {
        Some(content) if content.is_array() => {
            let read = block::content(&mut Scanner::new(content.raw), Side::Answered);
            read.ok().flatten().ok_or(Flaw::WrongShape)?
        }
        Some(_) | None if word.is_some() => Vec::new(),
        Some(_) | None => return Err(Flaw::WrongShape),
    };
    let mut usage = None;
    if let Some(value) = members.find("usage") {
        let mut tokens = Tokens::default();
        tokens.read(value);
        usage = Some(tokens.usage());
    }
    let choice = Choice {
        parts,
        stop: word.map(|word| stop(word, members.text("stop_sequence"))),
        logprobs: None,
        rest: Rest::default(),
    };
    Ok(Reply {
        id: members.text("id"),
        model: members.text("model"),
        created: None,
        choices: vec![choice],
        usage,
        rest: marked(members.others(
            HERE,
            &["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"],
        )),
    })
}

/// Says that an answer was made by this dialect, even if nothing had to be kept.
pub(super) fn marked(rest: Rest) -> Rest {
    if rest.is_empty() { Rest::of(HERE) } else { rest }
}

/// An answer as this dialect writes it.
pub(crate) fn encode_reply(reply: &Reply, presented: &Presented) -> Vec<u8> {
    let none = Choice::default();
    let choice = reply.choices.first().unwrap_or(&none);
    let (has_calls, has_refused) = told(choice);
    let mut out = Vec::with_capacity(1024);
    Writer::new(&mut out).object(|writer| {
        write_head(writer, reply.id.as_deref(), reply.model.as_deref(), (&reply.rest, presented));
        let mut style = Style { maker: presented.maker, cited: 0 };
        writer.key("content").array(|writer| {
            choice.parts.iter().for_each(|part| style.part(writer, part));
        });
        writer.text("stop_reason", stop_word(choice.stop.as_ref(), has_calls, has_refused));
        write_sequence(writer, choice.stop.as_ref().and_then(|stop| stop.sequence.as_deref()));
        write_usage(writer, reply.usage.as_ref());
        if kept(&reply.rest, "stop_details").is_none() {
            writer.key("stop_details").null();
        }
        writer.rest(&reply.rest, HERE);
    });
    out
}

/// Writes how an answer announces itself.
pub(super) fn write_head(
    writer: &mut Writer<'_>,
    id: Option<&str>,
    model: Option<&str>,
    (rest, presented): (&Rest, &Presented),
) {
    match id.filter(|id| rest.is_of(HERE) || id.starts_with("msg_")) {
        Some(id) => writer.text("id", id),
        None => writer.text("id", &format!("msg_{}", presented.id)),
    }
    writer.text("type", "message");
    writer.text("role", "assistant");
    writer.text("model", model.unwrap_or(&presented.model));
}

/// Writes the stop sequence that was met, or that there is none.
pub(super) fn write_sequence(writer: &mut Writer<'_>, sequence: Option<&str>) {
    match sequence {
        Some(sequence) => writer.text("stop_sequence", sequence),
        None => writer.key("stop_sequence").null(),
    }
}

/// How blocks of an answer are written.
#[derive(Debug)]
pub(super) struct Style {
    /// Who made the answer, if its seals go to a client of another dialect.
    pub(super) maker: Option<Maker>,
    /// How many citations of other dialects were written.
    pub(super) cited: u32,
}

impl Style {
    /// Writes a part as a block, if the dialect has one for it.
    fn part(&mut self, writer: &mut Writer<'_>, part: &Part) {
        match part {
            Part::Text { text, citations, rest } => self.text(writer, text, (citations, rest)),
            Part::Refusal(text) => self.text(writer, text, (&[], &Rest::default())),
            Part::Thinking { text, seal, rest } => {
                thinking(writer, text, &self.signature(seal.as_ref()), rest);
            }
            Part::ToolCall(call) => {
                tool_call(writer, call);
                if let Some(signature) = self.signature_of_call(call.seal.as_ref()) {
                    thinking(writer, "", &signature, &Rest::default());
                }
            }
            Part::Foreign(rest) if block::is_ours(rest) => {
                writer.object(|writer| writer.rest(rest, HERE));
            }
            Part::Foreign(_) | Part::Media(_) | Part::ToolResult(_) => {}
        }
    }

    fn text(&mut self, writer: &mut Writer<'_>, text: &str, beside: (&[Citation], &Rest)) {
        let (citations, rest) = beside;
        if text.is_empty() && citations.is_empty() {
            return; // sent back, the dialect would refuse it
        }
        writer.object(|writer| {
            writer.text("type", "text");
            writer.text("text", text);
            if !citations.is_empty() {
                writer.key("citations").array(|writer| {
                    citations.iter().for_each(|citation| self.citation(writer, citation));
                });
            }
            writer.rest(rest, HERE);
        });
    }

    /// Citations of other dialects become search results or places in a document: those can be
    /// told without anything sealed.
    pub(super) fn citation(&mut self, writer: &mut Writer<'_>, citation: &Citation) {
        let quote = citation.quote.as_deref().unwrap_or_default();
        if block::is_ours(&citation.rest) {
            writer.object(|writer| writer.rest(&citation.rest, HERE));
            return;
        }
        let index = self.cited;
        self.cited += 1;
        writer.object(|writer| match &citation.url {
            Some(url) => {
                writer.text("type", "search_result_location");
                writer.text("cited_text", quote);
                writer.text("source", url);
                title(writer, "title", citation);
                writer.value("search_result_index", index);
                writer.value("start_block_index", 0);
                writer.value("end_block_index", 1);
            }
            None => {
                writer.text("type", "char_location");
                writer.text("cited_text", quote);
                writer.value("document_index", index);
                title(writer, "document_title", citation);
                writer.value("start_char_index", 0);
                writer.value("end_char_index", quote.chars().count());
            }
        });
    }

    /// A seal as it goes to this client. Thoughts that nobody sealed get the mark of their maker
    /// alone, so that they are known again when they come back.
    pub(super) fn signature(&self, seal: Option<&Seal>) -> String {
        let none = Seal { value: String::new(), maker: None };
        seal.unwrap_or(&none).shown(self.maker)
    }

    /// The seal of a tool call as the signature of thoughts behind it: to clients of another
    /// dialect only, for this one seals no calls.
    pub(super) fn signature_of_call(&self, seal: Option<&Seal>) -> Option<String> {
        let seal = seal.filter(|_| self.maker.is_some())?;
        Some(seal.of_call().shown(self.maker))
    }
}

fn title(writer: &mut Writer<'_>, key: &str, citation: &Citation) {
    match &citation.title {
        Some(title) => writer.text(key, title),
        None => writer.key(key).null(),
    }
}

fn thinking(writer: &mut Writer<'_>, text: &str, signature: &str, rest: &Rest) {
    writer.object(|writer| {
        if is_redacted(rest) {
            writer.text("data", signature);
        } else {
            writer.text("type", "thinking");
            writer.text("thinking", text);
            writer.text("signature", signature);
        }
        writer.rest(rest, HERE);
    });
}

fn tool_call(writer: &mut Writer<'_>, call: &ToolCall) {
    writer.object(|writer| {
        writer.text("type", "tool_use");
        writer.text("id", &names::id(&call.id));
        writer.text("name", &call.name);
        writer.json("input", &call.input());
        writer.rest(&call.rest, HERE);
    });
}
