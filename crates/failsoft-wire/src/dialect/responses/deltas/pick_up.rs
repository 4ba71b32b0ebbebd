//! Going on with a stream whose events another target wrote.

use super::part::Open;
use super::thread::{Item, Kind, Thread};
use super::write::{DeltaWriter, Message};
use crate::dialect::responses::kept::OWN;
use crate::neutral::{PartStart, Rest};

/// What stands between summaries where thoughts are one text.
const BETWEEN: usize = "\n\n".len();

impl DeltaWriter {
    /// Takes the items, their ids and the events' numbers as the client got them.
    pub(super) fn go_on_from(&mut self, thread: &Thread) {
        self.events = thread.next;
        if let Some(opening) = self.opening.as_mut().filter(|_| !thread.response.is_empty()) {
            opening.rest = thread.response.clone();
        }
        if !thread.has_items() {
            return;
        }
        self.output = thread.whole().cloned().collect();
        self.message = None;
        let Some(item) = thread.open() else { return };
        match item.kind {
            Kind::Message => {
                let (id, contents) = (item.id.clone(), item.contents.clone());
                self.message = Some(Message { id, contents });
            }
            Kind::Thought => {
                let unsaid = || Open::new(PartStart::Thinking { rest: Rest::of(OWN) });
                self.part.get_or_insert_with(unsaid).take_up(item);
            }
            Kind::Other => {}
        }
        if let Some(part) = &mut self.part {
            part.id.clone_from(&item.id);
            part.is_nobodys = true;
        }
    }
}

impl Open {
    /// Thoughts end as they were told: in one summary or several, or in their own words.
    fn take_up(&mut self, item: &Item) {
        let told: usize = item.summaries.iter().map(|text| text.len() + BETWEEN).sum();
        self.told = told.min(self.text.len());
        self.summaries.clone_from(&item.summaries);
        let has_words = !self.text.is_empty();
        self.is_in_own_words = has_words && !item.has_summary && item.summaries.is_empty();
    }
}
