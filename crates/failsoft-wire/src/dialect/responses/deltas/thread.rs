//! What events tell that their pieces do not.

use std::collections::BTreeMap;

use super::super::kept::OWN;
use super::read::Event;
use crate::dialect::members::Members;
use crate::find::word;
use crate::neutral::Rest;
use crate::scan::{Scanner, Value};

word!(NUMBER = "\"sequence_number\"");

/// What stands in a `response` and changes until it is whole.
const CHANGING: [&[u8]; 10] = [
    b"id",
    b"object",
    b"created_at",
    b"completed_at",
    b"status",
    b"incomplete_details",
    b"model",
    b"output",
    b"usage",
    b"error",
];

/// Follows the items of a stream that is passed on as it comes.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    /// The number of the next event.
    pub(super) next: u32,
    /// The members of the `response` that stay as they are.
    pub(super) response: Rest,
    /// By their place in the output.
    items: BTreeMap<u32, Item>,
}

/// An item.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) id: String,
    /// Of a message: its contents that are whole.
    pub(super) contents: Vec<Vec<u8>>,
    /// Of thoughts: the words of its summaries that are whole, and whether another has begun.
    pub(super) summaries: Vec<String>,
    pub(super) has_summary: bool,
    /// The item itself, once it is whole.
    whole: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Thought,
    Other,
}

impl Thread {
    /// Takes an event's data. Of pieces, which are nearly all, only their number matters.
    pub(crate) fn follow(&mut self, name: Option<&[u8]>, data: &[u8]) {
        if let Some(number) = number(data) {
            self.next = number.saturating_add(1);
        }
        if name.is_some_and(|name| name.ends_with(b".delta")) {
            return;
        }
        let Ok(event) = Event::scan(data) else { return };
        let kind = if event.kind.is_empty() { name.unwrap_or_default() } else { event.kind };
        match kind.strip_prefix(b"response.").unwrap_or_default() {
            b"created" | b"queued" | b"in_progress" => self.opened(event.response),
            b"output_item.added" => self.added(&event),
            b"output_item.done" => {
                self.added(&event);
                if let (Some(item), Some(known)) = (event.item, self.items.get_mut(&event.index)) {
                    known.whole = Some(item.raw.to_vec());
                }
            }
            b"content_part.done" => {
                if let (Some(part), Some(item)) = (event.part, self.items.get_mut(&event.index)) {
                    item.contents.push(part.raw.to_vec());
                }
            }
            b"reasoning_summary_part.added" => {
                if let Some(item) = self.items.get_mut(&event.index) {
                    item.has_summary = true;
                }
            }
            b"reasoning_summary_part.done" => {
                let text = event.part.and_then(|part| Members::of(part).take_text("text"));
                if let (Some(text), Some(item)) = (text, self.items.get_mut(&event.index)) {
                    item.has_summary = false;
                    item.summaries.push(text);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn is_continuable(&self) -> bool {
        let are_in_order = self.items.keys().zip(0..).all(|(place, at)| *place == at);
        let is_told = self.open().is_none_or(|item| item.kind != Kind::Other);
        // All but the last one are whole.
        let others = self.items.len().saturating_sub(1);
        let are_others_whole = self.items.values().take(others).all(|item| item.whole.is_some());
        are_in_order && is_told && are_others_whole
    }

    /// The item that is not whole.
    pub(super) fn open(&self) -> Option<&Item> {
        self.items.values().find(|item| item.whole.is_none())
    }

    /// The items that are whole.
    pub(super) fn whole(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.items.values().filter_map(|item| item.whole.as_ref())
    }

    pub(super) fn has_items(&self) -> bool {
        !self.items.is_empty()
    }

    fn opened(&mut self, response: Option<Value<'_>>) {
        let Some(response) = response.filter(|_| self.response.is_empty()) else { return };
        self.response = Rest::of(OWN);
        response.members(|key, value| {
            if !CHANGING.contains(&key) {
                self.response.keep(key, value.raw);
            }
        });
    }

    fn added(&mut self, event: &Event<'_>) {
        let Some(item) = event.item.filter(Value::is_object).map(Members::of) else { return };
        let kind = match item.word("type") {
            b"message" => Kind::Message,
            b"reasoning" => Kind::Thought,
            _ => Kind::Other,
        };
        self.items.entry(event.index).or_insert_with(|| Item {
            kind,
            id: item.text("id").unwrap_or_default(),
            contents: Vec::new(),
            summaries: Vec::new(),
            has_summary: false,
            whole: None,
        });
    }
}

/// An event's number, without reading the rest of it. No text can look like it: a quote within one
/// is escaped.
fn number(data: &[u8]) -> Option<u32> {
    let at = NUMBER.find(data)?;
    let value = data.get(at + NUMBER.needle().len()..)?.trim_ascii_start().strip_prefix(b":")?;
    Scanner::new(value).value().ok()?.count()
}
