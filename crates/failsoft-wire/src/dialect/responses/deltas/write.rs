//! From pieces to events.

use std::mem;

use super::super::item::annotation;
use super::super::kept::kept_text;
use super::super::reply::{Ending, Object, item_id, logprobs, message};
use super::part::Open;
use crate::dialect::Thread;
use crate::neutral::{Citation, Delta, Maker, Opening, PartStart, Piece, Stop, Usage};
use crate::translate::{Presented, WriteDeltas};
use crate::write::Writer;

/// Writes the events of a stream.
#[derive(Debug)]
pub(crate) struct DeltaWriter {
    pub(super) presented: Presented,
    pub(super) events: u32,
    pub(super) opening: Option<Opening>,
    /// The items that are whole.
    pub(super) output: Vec<Vec<u8>>,
    /// The message that words go to.
    pub(super) message: Option<Message>,
    pub(super) part: Option<Open>,
    /// Several targets speak.
    pub(super) is_spliced: bool,
    has_refusal: bool,
    stop: Option<Stop>,
    usage: Option<Usage>,
    has_ended: bool,
}

#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) contents: Vec<Vec<u8>>,
}

impl DeltaWriter {
    pub(crate) const fn new(presented: Presented) -> Self {
        Self {
            presented,
            events: 0,
            opening: None,
            output: Vec::new(),
            message: None,
            part: None,
            is_spliced: false,
            has_refusal: false,
            stop: None,
            usage: None,
            has_ended: false,
        }
    }
}

impl WriteDeltas for DeltaWriter {
    fn write(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin(opening) => self.begin(opening, out),
            // This dialect has one answer.
            Delta::PartBegin { choice: 0, start } => self.part_begin(start, out),
            Delta::Piece { choice: 0, piece } => self.piece(piece, out),
            Delta::PartEnd { choice: 0 } => self.part_end(out),
            Delta::Finish { choice: 0, stop } => self.finish(stop, out),
            Delta::PartBegin { .. }
            | Delta::Piece { .. }
            | Delta::PartEnd { .. }
            | Delta::Finish { .. } => {}
            Delta::Usage(usage) => self.usage = Some(usage.clone()),
            Delta::End => self.end(out),
        }
    }

    fn pick_up(&mut self, thread: &Thread) {
        self.is_spliced = true;
        if let Thread::Responses(thread) = thread {
            self.go_on_from(thread);
        }
    }

    fn made_by(&mut self, maker: Option<Maker>) {
        self.is_spliced = true;
        if let Some(open) = &mut self.part {
            open.is_nobodys = true;
        }
        self.presented.maker = maker;
    }
}

impl DeltaWriter {
    /// Appends an event; `members` writes what it has beside its type and number.
    pub(super) fn event(
        &mut self,
        out: &mut Vec<u8>,
        name: &str,
        members: impl FnOnce(&Self, &mut Writer<'_>),
    ) {
        out.extend_from_slice(b"event: response.");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\ndata: {\"type\":\"response.");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\",\"sequence_number\":");
        Writer::new(out).scalar(self.events);
        members(self, &mut Writer::resumed(out));
        out.extend_from_slice(b"}\n\n");
        self.events += 1;
    }

    fn response(&mut self, out: &mut Vec<u8>, name: &str, ending: Ending) {
        self.event(out, name, |this, event| {
            let nothing = Opening::default();
            let opening = this.opening.as_ref().unwrap_or(&nothing);
            let object = Object {
                id: opening.id.as_deref(),
                model: opening.model.as_deref(),
                created: opening.created,
                rest: &opening.rest,
                presented: &this.presented,
                ending,
                usage: this.usage.as_ref().filter(|_| ending != Ending::Open),
            };
            event.key("response");
            object.write(event, |list| {
                for item in &this.output {
                    list.raw(std::str::from_utf8(item).unwrap_or("null"));
                }
            });
        });
    }

    fn begin(&mut self, opening: &Opening, out: &mut Vec<u8>) {
        if self.opening.is_none() {
            self.opening = Some(opening.clone());
            self.response(out, "created", Ending::Open);
            self.response(out, "in_progress", Ending::Open);
        }
    }

    fn part_begin(&mut self, start: &PartStart, out: &mut Vec<u8>) {
        self.begin(&Opening::default(), out);
        self.part_end(out); // a part that was not ended
        let is_words = matches!(start, PartStart::Text | PartStart::Refusal);
        if is_words {
            self.message_begin(out);
        } else {
            self.message_end("completed", out);
        }
        let mut open = Open::new(start.clone());
        open.maker = self.presented.maker;
        open.is_nobodys = self.is_spliced && open.maker.is_none();
        match start {
            PartStart::Text | PartStart::Refusal => {
                self.has_refusal |= *start == PartStart::Refusal;
                open.id = self.message.as_ref().map(|known| known.id.clone()).unwrap_or_default();
                let content = open.content();
                self.event(out, "content_part.added", |this, event| {
                    this.place(event, &open.id);
                    event.key("part").raw(&content);
                });
            }
            PartStart::Thinking { rest } => {
                open.id = kept_text(rest, "id").unwrap_or_else(|| self.made_id("rs"));
                self.added(&open, out);
            }
            PartStart::ToolCall { is_custom, rest, .. } => {
                let kind = if *is_custom { "ctc" } else { "fc" };
                open.id = kept_text(rest, "id").unwrap_or_else(|| self.made_id(kind));
                self.added(&open, out);
            }
            PartStart::Media(_) => open.id = self.made_id("ig"),
            PartStart::Foreign(_) => {}
        }
        self.part = Some(open);
    }

    /// An item begins.
    fn added(&mut self, open: &Open, out: &mut Vec<u8>) {
        let item = open.item(&self.presented, "in_progress");
        self.item_event(out, "output_item.added", &item);
    }

    pub(super) fn item_event(&mut self, out: &mut Vec<u8>, name: &str, item: &[u8]) {
        self.event(out, name, |this, event| {
            event.value("output_index", this.output.len());
            event.key("item").raw(std::str::from_utf8(item).unwrap_or("null"));
        });
    }

    fn piece(&mut self, piece: &Piece, out: &mut Vec<u8>) {
        let Some(mut open) = self.part.take() else { return };
        match piece {
            Piece::Text(text) | Piece::Arguments(text) => self.words(&mut open, text, "", out),
            Piece::Seal(seal) => open.sealed(seal),
            Piece::Citation(citation) => self.cite(&mut open, citation, out),
            Piece::Logprobs(json) => {
                let entries = logprobs(Some(json));
                if open.start == PartStart::Text && !entries.trim().is_empty() {
                    if !open.logprobs.is_empty() {
                        open.logprobs.push(',');
                    }
                    open.logprobs.push_str(&entries);
                    self.words(&mut open, "", &entries, out);
                }
            }
        }
        self.part = Some(open);
    }

    pub(super) fn words(&mut self, open: &mut Open, text: &str, logprobs: &str, out: &mut Vec<u8>) {
        let is_first = open.text.is_empty();
        let name = match &open.start {
            PartStart::Text => "output_text.delta",
            PartStart::Refusal => "refusal.delta",
            PartStart::Thinking { .. } if open.is_in_own_words => "reasoning_text.delta",
            PartStart::Thinking { .. } => {
                if is_first && !text.is_empty() {
                    self.summary_part(out, "reasoning_summary_part.added", &open.id, (0, ""));
                }
                "reasoning_summary_text.delta"
            }
            PartStart::ToolCall { is_custom: true, .. } => "custom_tool_call_input.delta",
            PartStart::ToolCall { .. } => "function_call_arguments.delta",
            PartStart::Media(_) | PartStart::Foreign(_) => return,
        };
        if text.is_empty() && logprobs.is_empty() {
            return;
        }
        open.text.push_str(text);
        self.event(out, name, |this, event| {
            this.place(event, &open.id);
            event.text("delta", text);
            match &open.start {
                PartStart::Text => event.key("logprobs").list(logprobs),
                PartStart::Thinking { .. } if open.is_in_own_words => {
                    event.value("content_index", 0);
                }
                PartStart::Thinking { .. } => {
                    event.value("summary_index", open.summaries.len());
                }
                PartStart::Refusal
                | PartStart::ToolCall { .. }
                | PartStart::Media(_)
                | PartStart::Foreign(_) => {}
            }
        });
    }

    /// Where the event's words belong.
    pub(super) fn place(&self, event: &mut Writer<'_>, id: &str) {
        event.text("item_id", id);
        event.value("output_index", self.output.len());
        if let Some(message) = &self.message {
            event.value("content_index", message.contents.len());
        }
    }

    fn cite(&mut self, open: &mut Open, citation: &Citation, out: &mut Vec<u8>) {
        let mut json = Vec::new();
        annotation(&mut Writer::new(&mut json), citation);
        if json.is_empty() || open.start != PartStart::Text {
            return;
        }
        self.event(out, "output_text.annotation.added", |this, event| {
            this.place(event, &open.id);
            event.value("annotation_index", open.citations.len());
            event.key("annotation").raw(std::str::from_utf8(&json).unwrap_or("null"));
        });
        open.citations.push(citation.clone());
    }

    fn message_begin(&mut self, out: &mut Vec<u8>) {
        if self.message.is_none() {
            let id = self.made_id("msg");
            let mut item = Vec::new();
            message(&mut Writer::new(&mut item), &id, "in_progress", |_| {});
            self.item_event(out, "output_item.added", &item);
            self.message = Some(Message { id, contents: Vec::new() });
        }
    }

    fn message_end(&mut self, status: &str, out: &mut Vec<u8>) {
        let Some(Message { id, contents }) = self.message.take() else { return };
        let mut item = Vec::new();
        message(&mut Writer::new(&mut item), &id, status, |list| {
            for content in &contents {
                list.raw(std::str::from_utf8(content).unwrap_or("null"));
            }
        });
        self.done(item, out);
    }

    fn finish(&mut self, stop: &Stop, out: &mut Vec<u8>) {
        self.part_end(out);
        let ending = Ending::of(Some(stop), self.has_refusal);
        self.message_end(ending.status(), out);
        self.stop = Some(stop.clone());
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if mem::replace(&mut self.has_ended, true) {
            return;
        }
        self.begin(&Opening::default(), out);
        self.part_end(out);
        self.message_end("completed", out);
        let ending = Ending::of(self.stop.as_ref(), self.has_refusal);
        self.response(out, ending.status(), ending);
    }

    pub(super) fn made_id(&self, kind: &str) -> String {
        item_id(&self.presented, kind, self.output.len())
    }
}
