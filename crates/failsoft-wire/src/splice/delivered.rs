//! What a client has of an answer.

use std::ops::Range;

use super::Onward;
use super::anchor::last_words;
use super::repetition::Repetition;
use super::seam::{LEAST_ECHO, is_periodic};
use crate::neutral::{
    Citation, Delta, Opening, Part, PartStart, Piece, Rest, Seal, StopReason, ToolCall,
};

/// A text longer than this is not continued: crowds of such answers must be kept in memory, too.
const MOST_KEPT: usize = 256 * 1024;

/// What is kept of a text that is not continued, to see whether it repeats itself.
const TAIL_KEPT: usize = 16 * 1024;

/// What the client has of the answer so far.
#[derive(Debug, Default)]
pub struct Delivered {
    opening: Option<Opening>,
    parts: Vec<Given>,
    /// All texts, one behind the other.
    text: String,
    /// Words in them; counted as they come, for it is asked with every event of a continuation.
    words: usize,
    /// Something that cannot be gone on from: another choice, a refusal, media.
    is_odd: bool,
    /// It was told why it ends.
    has_finished: bool,
    /// Its last text was whole where it broke off.
    is_text_whole: bool,
    repetition: Repetition,
}

/// A part, or what there is of it.
#[derive(Debug)]
struct Given {
    start: PartStart,
    /// Of a text, its place in the text of the answer.
    span: Range<usize>,
    /// Of any other, its words or arguments.
    body: String,
    seal: Option<Seal>,
    citations: Vec<Citation>,
    is_over: bool,
}

/// Forgets the beginning of a text that nobody will go on from.
fn keep_tail(text: &mut String) {
    if text.len() > 2 * TAIL_KEPT {
        let from = text.len() - TAIL_KEPT;
        let start = (from..text.len()).find(|at| text.is_char_boundary(*at));
        text.drain(..start.unwrap_or(from));
    }
}

/// What is open at the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenPart {
    Text,
    Other,
}

impl Delivered {
    /// Whether there is nothing that could be continued: at most thoughts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// All text of the answer so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Words of all text so far, as white space divides them.
    pub(super) const fn word_count(&self) -> usize {
        self.words
    }

    /// The anchor an instruction quotes: the last few words, and more where the answer repeats them.
    #[must_use]
    pub fn last_words(&self) -> &str {
        last_words(&self.text)
    }

    /// How the next target should be asked to go on: whether it takes a prefill, and whether it is
    /// known to repeat one. Of a few letters, or of one thing over and over, nobody could tell
    /// whether they were repeated.
    pub(super) fn onward(&self, prefill: bool, echoes: bool) -> Onward {
        let is_long = || self.text.trim().chars().nth(LEAST_ECHO - 1).is_some();
        let is_telling = || echoes || (is_long() && !is_periodic(&self.text));
        match (self.is_empty(), prefill) {
            (true, _) => Onward::Anew,
            (false, true) if is_telling() => Onward::Prefill { echoes },
            (false, _) => Onward::Asked,
        }
    }

    /// What was said, as the parts of a turn: texts, and tool calls that are whole.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let said = |given: &Given| match &given.start {
            PartStart::Text => Some(Part::text(self.words(given))),
            PartStart::ToolCall { .. } if given.is_over => given.call().map(Part::ToolCall),
            PartStart::ToolCall { .. }
            | PartStart::Refusal
            | PartStart::Thinking { .. }
            | PartStart::Media(_)
            | PartStart::Foreign(_) => None,
        };
        self.parts.iter().filter_map(said).collect()
    }

    /// Whether the last text was whole: what follows it may be something else.
    pub(super) const fn is_text_whole(&self) -> bool {
        self.is_text_whole
    }

    pub(super) const fn set_text_whole(&mut self, is_whole: bool) {
        self.is_text_whole = is_whole;
    }

    pub(super) fn has_any(&self) -> bool {
        self.opening.is_some() || !self.parts.is_empty() || self.is_odd
    }

    /// Whether another target could go on behind it.
    pub(super) fn is_resumable(&self) -> bool {
        let is_half_a_call =
            |given: &Given| matches!(given.start, PartStart::ToolCall { .. }) && !given.is_over;
        !(self.is_odd || self.has_finished || self.parts.last().is_some_and(is_half_a_call))
    }

    pub(super) fn repeats(&self) -> bool {
        self.repetition.was_seen()
    }

    /// The part that is open at the client.
    pub(super) fn open(&self) -> Option<OpenPart> {
        let last = self.parts.last().filter(|given| !given.is_over)?;
        Some(if last.start == PartStart::Text { OpenPart::Text } else { OpenPart::Other })
    }

    /// The calls that are whole.
    pub(super) fn calls(&self) -> impl Iterator<Item = ToolCall> {
        self.parts.iter().filter(|given| given.is_over).filter_map(Given::call)
    }

    /// Whether a call with this id went out.
    pub(super) fn knows_call(&self, wanted: &str) -> bool {
        let is_it =
            |given: &Given| matches!(&given.start, PartStart::ToolCall { id, .. } if id == wanted);
        self.parts.iter().any(is_it)
    }

    /// Whether it asks for a tool.
    pub(super) fn has_calls(&self) -> bool {
        self.parts.iter().any(|given| matches!(given.start, PartStart::ToolCall { .. }))
    }

    /// Something went to the client that nobody can go on from.
    pub(super) const fn set_odd(&mut self) {
        self.is_odd = true;
    }

    /// Records what goes to the client.
    pub(super) fn record(&mut self, delta: Delta) {
        match delta {
            Delta::Begin(opening) => _ = self.opening.get_or_insert(opening),
            Delta::PartBegin { choice: 0, start } => self.begin(start),
            Delta::Piece { choice: 0, piece } => self.piece(piece),
            Delta::PartEnd { choice: 0 } => self.settle(),
            Delta::Finish { stop, .. } => {
                self.has_finished |= stop.reason != StopReason::Paused;
            }
            Delta::PartBegin { .. } | Delta::Piece { .. } | Delta::PartEnd { .. } => {
                self.is_odd = true;
            }
            Delta::Usage(_) => {}
            Delta::End => self.has_finished = true,
        }
    }

    fn begin(&mut self, start: PartStart) {
        self.settle();
        let is_whole = match &start {
            PartStart::Text | PartStart::Thinking { .. } | PartStart::ToolCall { .. } => false,
            PartStart::Refusal => {
                self.is_odd = true;
                false
            }
            PartStart::Media(_) | PartStart::Foreign(_) => {
                self.is_odd = true;
                true
            }
        };
        if start == PartStart::Text {
            self.is_text_whole = false;
        }
        self.parts.push(Given {
            start,
            span: self.text.len()..self.text.len(),
            body: String::new(),
            seal: None,
            citations: Vec::new(),
            is_over: is_whole,
        });
    }

    fn piece(&mut self, piece: Piece) {
        let Some(given) = self.parts.last_mut() else { return };
        match piece {
            Piece::Text(words) if given.start == PartStart::Text => {
                let goes_on = !self.text.ends_with(char::is_whitespace) && !self.text.is_empty();
                let is_cut = goes_on && words.starts_with(|first: char| !first.is_whitespace());
                self.words += words.split_whitespace().count() - usize::from(is_cut);
                self.text.push_str(&words);
                self.is_text_whole = false;
                self.repetition.look(&self.text, words.len());
                self.is_odd |= self.text.len() > MOST_KEPT;
                if self.is_odd {
                    keep_tail(&mut self.text);
                }
                given.span.end = self.text.len();
            }
            Piece::Text(words) => {
                given.body.push_str(&words);
                self.repetition.look(&given.body, words.len());
                self.is_odd |= given.body.len() > MOST_KEPT;
                if self.is_odd {
                    keep_tail(&mut given.body);
                }
            }
            Piece::Arguments(json) => given.body.push_str(&json),
            Piece::Seal(seal) => match &mut given.seal {
                Some(known) => known.value.push_str(&seal.value),
                None => given.seal = Some(seal),
            },
            Piece::Citation(citation) => given.citations.push(citation),
            Piece::Logprobs(_) => {}
        }
    }

    /// The last part is whole.
    pub(super) fn settle(&mut self) {
        if let Some(given) = self.parts.last_mut() {
            given.is_over = true;
        }
    }

    /// Everything once more, as few pieces as it takes.
    pub(super) fn replay(&self, mut write: impl FnMut(&Delta)) {
        write(&Delta::Begin(self.opening.clone().unwrap_or_default()));
        for given in &self.parts {
            write(&Delta::PartBegin { choice: 0, start: given.start.clone() });
            let words = self.words(given);
            let piece = match &given.start {
                PartStart::ToolCall { .. } => Piece::Arguments(words.to_owned()),
                PartStart::Text
                | PartStart::Refusal
                | PartStart::Thinking { .. }
                | PartStart::Media(_)
                | PartStart::Foreign(_) => Piece::Text(words.to_owned()),
            };
            if !words.is_empty() {
                write(&Delta::Piece { choice: 0, piece });
            }
            let citations = given.citations.iter().cloned().map(Piece::Citation);
            for piece in citations.chain(given.seal.clone().map(Piece::Seal)) {
                write(&Delta::Piece { choice: 0, piece });
            }
            if given.is_over {
                write(&Delta::PartEnd { choice: 0 });
            }
        }
    }

    fn words<'a>(&'a self, given: &'a Given) -> &'a str {
        if given.start == PartStart::Text {
            self.text.get(given.span.clone()).unwrap_or_default()
        } else {
            &given.body
        }
    }
}

impl Given {
    fn call(&self) -> Option<ToolCall> {
        let PartStart::ToolCall { id, name, is_custom, .. } = &self.start else { return None };
        Some(ToolCall {
            id: id.clone(),
            name: name.clone(),
            arguments: self.body.clone(),
            seal: self.seal.clone(),
            is_custom: *is_custom,
            rest: Rest::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Delivered {
        let mut delivered = Delivered::default();
        delivered.record(Delta::PartBegin { choice: 0, start: PartStart::Text });
        delivered.record(Delta::Piece { choice: 0, piece: Piece::Text(text.to_owned()) });
        delivered
    }

    #[test]
    fn where_there_is_nothing_to_go_on_from_it_is_asked_anew() {
        assert_eq!(said(" \n").onward(true, true), Onward::Anew);
        assert_eq!(said("a").onward(true, true), Onward::Prefill { echoes: true });
        assert_eq!(said("a").onward(true, false), Onward::Asked);
        assert_eq!(said("a few words more").onward(true, false), Onward::Prefill { echoes: false });
        assert_eq!(said("a").onward(false, true), Onward::Asked);
        assert_eq!(said("ha ha ha ha ha ha ha ha ha ").onward(true, false), Onward::Asked);
        assert_eq!(
            said("ha ha ha ha ha ha ha ha ha ").onward(true, true),
            Onward::Prefill { echoes: true }
        );
        assert_eq!(
            said("a song: ha ha ha ha ha ha ha ").onward(true, false),
            Onward::Prefill { echoes: false }
        );
    }

    #[test]
    fn words_are_counted_wherever_they_are_cut() {
        let text = " an  answer\u{3000}in\nfive words ";
        let cuts = || (0..=text.len()).filter(|at| text.is_char_boundary(*at));
        for (first, second) in cuts().flat_map(|first| cuts().map(move |second| (first, second))) {
            let mut delivered = said(&text[..first.min(second)]);
            for piece in [&text[first.min(second)..first.max(second)], &text[first.max(second)..]] {
                delivered.piece(Piece::Text(piece.to_owned()));
            }
            assert_eq!(delivered.word_count(), text.split_whitespace().count());
        }
    }

    #[test]
    fn a_text_that_is_not_continued_is_not_kept() {
        let mut long = said("A beginning. ");
        for _ in 0..30_000 {
            long.piece(Piece::Text("ten letters ".to_owned()));
        }
        assert!(!long.is_resumable());
        assert!(long.text.len() <= 2 * TAIL_KEPT, "{}", long.text.len());
    }
}
