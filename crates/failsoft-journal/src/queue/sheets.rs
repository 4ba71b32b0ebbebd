//! Healthy calls that wait. They are packed where they are handed over: what a call was made of
//! can be freed at once, while it is at hand, and a long queue of them is small.

use std::collections::VecDeque;

use super::SHEETS;
use crate::sheet::{Line, Page, Sheet};
use crate::store::signed;

/// Sheets before the writing thread, the oldest first, and the one that is being written on.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    full: VecDeque<Page>,
    open: Option<Sheet>,
    /// Calls that no page which was taken tells of.
    fresh: usize,
}

impl Sheets {
    /// Calls that wait.
    pub(super) const fn len(&self) -> usize {
        self.fresh
    }

    /// Sheets that are full.
    pub(super) fn full(&self) -> usize {
        self.full.len()
    }

    pub(super) fn push(&mut self, number: u64, line: &Line<'_>) {
        if self.open.as_ref().is_some_and(|sheet| sheet.is_too_long(line.started_ms())) {
            self.close();
        }
        let number = signed(number);
        let sheet = self.open.get_or_insert_with(|| Sheet::new(number));
        sheet.push(number, line);
        self.fresh += 1;
        if sheet.is_full() {
            self.close();
        }
    }

    fn close(&mut self) {
        self.full.extend(self.open.take().and_then(|mut sheet| sheet.fresh_page()));
    }

    /// The oldest pages; with `open`, the sheet that is not full is among them as it stands, if all
    /// others are, and goes on growing.
    pub(super) fn take(&mut self, open: bool) -> Vec<Page> {
        let count = self.full.len().min(SHEETS);
        let mut pages: Vec<Page> = self.full.drain(..count).collect();
        if open && self.full.is_empty() {
            pages.extend(self.open.as_mut().and_then(Sheet::fresh_page));
        }
        self.fresh -= pages.iter().map(|page| page.fresh).sum::<usize>();
        pages
    }

    /// Pages that could not be written. Where the sheet of one has grown meanwhile, its next page
    /// tells of these calls too.
    pub(super) fn give_back(&mut self, pages: Vec<Page>) {
        for page in pages.into_iter().rev() {
            self.fresh += page.fresh;
            let open = self.open.as_mut().filter(|sheet| sheet.head.seq == page.head.seq);
            let grown = self.full.iter_mut().find(|grown| grown.head.seq == page.head.seq);
            match (open, grown) {
                (Some(sheet), _) => sheet.fresh += page.fresh,
                (None, Some(grown)) => grown.fresh += page.fresh,
                (None, None) => self.full.push_front(page),
            }
        }
    }

    /// Drops the oldest sheet that has something to tell; how many calls that no page tells of.
    pub(super) fn drop_oldest(&mut self) -> Option<usize> {
        let page = self.full.pop_front().or_else(|| self.open.take()?.fresh_page())?;
        self.fresh -= page.fresh;
        Some(page.fresh)
    }

    /// What was written before this moment was forgotten, and must not come back when the sheet
    /// that is being written on grows.
    pub(super) fn forget(&mut self, before_ms: i64) {
        self.open.take_if(|sheet| sheet.fresh == 0 && sheet.head.last_ms < before_ms);
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) -> usize {
        std::mem::take(self).fresh
    }
}
