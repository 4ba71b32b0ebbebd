//! Parts and items that are whole.

use std::mem;

use super::super::item::words;
use super::super::kept::OWN;
use super::super::reply::thought;
use super::part::Open;
use super::write::DeltaWriter;
use crate::neutral::{Maker, PartStart, Rest, Seal};
use crate::write::Writer;

impl DeltaWriter {
    /// The open part is whole, or as much of it as there will be.
    pub(super) fn part_end(&mut self, out: &mut Vec<u8>) {
        let Some(open) = self.part.take() else { return };
        // Another target may be speaking already. What broke off is nobody's: no target must be
        // asked for it by its id.
        let is_nobodys = open.is_nobodys && open.seal.is_none();
        let maker = if is_nobodys { Some(Maker::NOBODY) } else { open.maker };
        let maker = mem::replace(&mut self.presented.maker, maker);
        self.part_over(open, out);
        self.presented.maker = maker;
    }

    fn part_over(&mut self, mut open: Open, out: &mut Vec<u8>) {
        match &open.start {
            PartStart::Text | PartStart::Refusal => return self.content_end(&open, out),
            PartStart::Thinking { .. } => {
                self.thought_end(&open, out);
                if let (Some((key, told)), PartStart::Thinking { rest }) =
                    (open.told(), &mut open.start)
                {
                    rest.owned(OWN).keep(key.as_bytes(), &told);
                }
            }
            PartStart::ToolCall { is_custom, .. } => {
                let is_custom = *is_custom;
                if open.text.trim().is_empty() && !is_custom {
                    open.text.clear();
                    self.words(&mut open, "{}", "", out);
                }
                self.call_end(&open, is_custom, out);
            }
            PartStart::Media(_) | PartStart::Foreign(_) => {
                let item = open.item(&self.presented, "completed");
                if item.is_empty() {
                    return;
                }
                self.item_event(out, "output_item.added", &item);
            }
        }
        let item = open.item(&self.presented, "completed");
        self.done(item, out);
        if let (PartStart::ToolCall { .. }, Some(seal)) = (&open.start, &open.seal) {
            self.sealed(&seal.of_call(), out);
        }
    }

    /// An item is whole.
    pub(super) fn done(&mut self, item: Vec<u8>, out: &mut Vec<u8>) {
        self.item_event(out, "output_item.done", &item);
        self.output.push(item);
    }

    fn content_end(&mut self, open: &Open, out: &mut Vec<u8>) {
        let content = open.content();
        let is_refusal = open.start == PartStart::Refusal;
        let (name, key) =
            if is_refusal { ("refusal.done", "refusal") } else { ("output_text.done", "text") };
        self.event(out, name, |this, event| {
            this.place(event, &open.id);
            event.text(key, &open.text);
            if key == "text" {
                event.key("logprobs").list(&open.logprobs);
            }
        });
        self.event(out, "content_part.done", |this, event| {
            this.place(event, &open.id);
            event.key("part").raw(&content);
        });
        if let Some(message) = &mut self.message {
            message.contents.push(content.into_bytes());
        }
    }

    fn thought_end(&mut self, open: &Open, out: &mut Vec<u8>) {
        let Some((index, text)) = open.summary() else { return };
        self.event(out, "reasoning_summary_text.done", |this, event| {
            this.place(event, &open.id);
            event.value("summary_index", index);
            event.text("text", text);
        });
        self.summary_part(out, "reasoning_summary_part.done", &open.id, (index, text));
    }

    pub(super) fn summary_part(
        &mut self,
        out: &mut Vec<u8>,
        name: &str,
        id: &str,
        (index, text): (usize, &str),
    ) {
        self.event(out, name, |this, event| {
            this.place(event, id);
            event.value("summary_index", index);
            event.key("part");
            words(event, "summary_text", text);
        });
    }

    fn call_end(&mut self, open: &Open, is_custom: bool, out: &mut Vec<u8>) {
        let (name, key) = match is_custom {
            true => ("custom_tool_call_input.done", "input"),
            false => ("function_call_arguments.done", "arguments"),
        };
        self.event(out, name, |this, event| {
            this.place(event, &open.id);
            event.text(key, &open.text);
            if let PartStart::ToolCall { name, is_custom: false, .. } = &open.start {
                event.text("name", name);
            }
        });
    }

    /// What seals the tool call before, as a thought behind it.
    fn sealed(&mut self, seal: &Seal, out: &mut Vec<u8>) {
        let id = self.made_id("rs");
        let mut item = Vec::new();
        let rest = Rest::default();
        thought(&mut Writer::new(&mut item), ("", Some(seal), &rest), &self.presented, &id);
        self.item_event(out, "output_item.added", &item);
        self.done(item, out);
    }
}
