//! Where a continuation joins what was delivered: what of it is new.
//!
//! Text is compared without its white space: models lose some of it, and send some again. What the
//! client has counts.

use std::mem;

/// An echo of a shorter text may be chance.
pub(super) const LEAST_ECHO: usize = 16;
/// A text that begins like the answer for so many characters wants to be the answer once more.
const LEAST_RESTART: usize = 24;

/// A continuation that does not continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misfit;

/// Takes a continuation piece by piece and tells what is new in it.
#[derive(Debug)]
pub(super) struct Seam {
    state: State,
    /// What came and is not known to be new or old.
    held: String,
    /// Characters of the continuation that the client had, white space apart.
    overlap: usize,
}

#[derive(Debug)]
enum State {
    /// It may be an echo of the whole text, or must be.
    Echo(Echo),
    /// It must begin with the last words, or more of what is before them.
    Words(Words),
    /// What follows is new, but for white space.
    Space,
    Settled,
}

/// How far a continuation is the text from its beginning.
#[derive(Debug)]
struct Echo {
    is_certain: bool,
    /// In the text.
    at: usize,
    /// In what is held.
    seen: usize,
    matched: usize,
}

/// Finds the longest end of the text that the continuation begins with: the search of Knuth, Morris
/// and Pratt for a word that is still growing.
#[derive(Debug, Default)]
struct Words {
    /// So many characters must be said again at least.
    least: usize,
    /// The characters of the continuation, and for each how long a beginning ends with it.
    word: Vec<char>,
    borders: Vec<usize>,
    /// In what is held.
    seen: usize,
    /// In the text, and how many characters before it are the word's.
    at: usize,
    matched: usize,
}

impl Seam {
    /// Nothing to join, but for white space.
    pub(super) fn plain(text: &str) -> Self {
        Self::new(if text.is_empty() { State::Settled } else { State::Space })
    }

    /// The text was the beginning of the answer; `echoes` if it is known to come again.
    pub(super) fn prefill(text: &str, echoes: bool) -> Self {
        let is_long = text.trim().chars().take(LEAST_ECHO).count() == LEAST_ECHO;
        if !echoes && !is_long {
            return Self::plain(text);
        }
        Self::new(State::Echo(Echo { is_certain: echoes, at: 0, seen: 0, matched: 0 }))
    }

    /// It was asked to say these last words again.
    pub(super) fn asked(last_words: &str) -> Self {
        let least = last_words.chars().filter(|char| !char.is_whitespace()).count();
        Self::new(State::Words(Words { least, ..Words::default() }))
    }

    const fn new(state: State) -> Self {
        Self { state, held: String::new(), overlap: 0 }
    }

    /// Takes more of the continuation of a text, and appends what is new in it.
    pub(super) fn push(&mut self, text: &str, more: &str, new: &mut String) -> Result<(), Misfit> {
        if matches!(self.state, State::Settled) {
            new.push_str(more);
            return Ok(());
        }
        self.held.push_str(more);
        self.advance(text, false, new)
    }

    /// The continuation is over, or something else than text comes.
    pub(super) fn end(&mut self, text: &str, new: &mut String) -> Result<(), Misfit> {
        self.advance(text, true, new)
    }

    /// Whether nothing but white space came.
    pub(super) fn is_untouched(&self) -> bool {
        !matches!(self.state, State::Settled) && self.overlap == 0 && self.held.trim().is_empty()
    }

    /// Whether everything from here on is new.
    pub(super) const fn is_settled(&self) -> bool {
        matches!(self.state, State::Settled)
    }

    /// Whether it must repeat something before anything else.
    pub(super) const fn must_repeat(&self) -> bool {
        matches!(self.state, State::Words(_))
    }

    /// Characters that were said again, white space apart.
    pub(super) const fn overlap(&self) -> usize {
        self.overlap
    }

    /// Bytes that are held.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    fn advance(&mut self, text: &str, is_over: bool, new: &mut String) -> Result<(), Misfit> {
        let found = match &mut self.state {
            State::Echo(echo) => echo.advance(text, &self.held, is_over)?,
            State::Words(words) => words.advance(text, &self.held, is_over)?,
            State::Space | State::Settled => Some(0),
        };
        let Some(overlap) = found else { return Ok(()) };
        if !matches!(self.state, State::Space | State::Settled) {
            self.overlap = overlap;
            let old = end_of(&self.held, overlap);
            self.held.drain(..old);
            self.state = State::Space;
        }
        if matches!(self.state, State::Space) {
            self.space(text, is_over, new);
        }
        Ok(())
    }

    /// Of white space at the seam, what the client has not.
    fn space(&mut self, text: &str, is_over: bool, new: &mut String) {
        let space = self.held.len() - self.held.trim_start().len();
        if space == self.held.len() && !is_over {
            return;
        }
        let held = mem::take(&mut self.held);
        let known = text.get(text.trim_end().len()..).unwrap_or_default();
        let old = common_space(known, held.get(..space).unwrap_or_default());
        new.push_str(held.get(old..).unwrap_or_default());
        self.state = State::Settled;
    }
}

/// How many bytes of the white space that came are there already.
fn common_space(known: &str, came: &str) -> usize {
    if came.starts_with(known) {
        return known.len();
    }
    if known.starts_with(came) {
        return came.len();
    }
    let starts = known.char_indices().map(|(at, _)| known.get(at..).unwrap_or_default());
    starts.filter(|end| came.starts_with(end)).map(str::len).max().unwrap_or(0)
}

/// Where so many characters end, white space apart.
fn end_of(text: &str, count: usize) -> usize {
    let visible = text.char_indices().filter(|(_, char)| !char.is_whitespace());
    let last = visible.take(count).last();
    last.map_or(0, |(at, char)| at + char.len_utf8())
}

/// The next character that is no white space, and where it ends.
fn next(text: &str, from: usize) -> Option<(char, usize)> {
    let mut rest = text.get(from..)?.char_indices();
    let (at, char) = rest.find(|(_, char)| !char.is_whitespace())?;
    Some((char, from + at + char.len_utf8()))
}

/// Whether a text is one thing over and over, white space apart: what goes on from it begins like
/// it, and cannot be told from an echo.
pub(super) fn is_periodic(text: &str) -> bool {
    let mut words = Words::default();
    text.chars().filter(|char| !char.is_whitespace()).for_each(|char| words.grow(char));
    let length = words.word.len();
    length > 0 && 2 * words.border(length) >= length
}

impl Echo {
    /// How many characters were an echo, once that is known.
    fn advance(&mut self, text: &str, came: &str, is_over: bool) -> Result<Option<usize>, Misfit> {
        loop {
            let Some((known, behind)) = next(text, self.at) else {
                return Ok(Some(self.matched));
            };
            match next(came, self.seen) {
                Some((char, end)) if char == known => {
                    (self.at, self.seen) = (behind, end);
                    self.matched += 1;
                }
                None if !is_over => return Ok(None),
                // Nothing was to be added.
                None if self.matched == 0 => return Ok(Some(0)),
                Some(_) | None => {
                    let common = text.get(..self.at).unwrap_or_default().trim_start();
                    let is_restart = common.chars().take(LEAST_RESTART).count() == LEAST_RESTART;
                    let fits = !self.is_certain && !is_restart;
                    return if fits { Ok(Some(0)) } else { Err(Misfit) };
                }
            }
        }
    }
}

impl Words {
    /// How many characters were said again, once that is known: of several ways to see it, the one
    /// with the most.
    fn advance(&mut self, text: &str, came: &str, is_over: bool) -> Result<Option<usize>, Misfit> {
        while let Some((char, end)) = next(came, self.seen) {
            self.seen = end;
            self.grow(char);
        }
        while let Some((char, behind)) = next(text, self.at) {
            if self.matched == self.word.len() && !is_over {
                return Ok(None);
            }
            self.at = behind;
            while self.matched > 0 && self.word.get(self.matched) != Some(&char) {
                self.matched = self.border(self.matched);
            }
            if self.word.get(self.matched) == Some(&char) {
                self.matched += 1;
            }
        }
        if self.matched < self.least { Err(Misfit) } else { Ok(Some(self.matched)) }
    }

    fn grow(&mut self, char: char) {
        let mut border = self.border(self.word.len());
        while border > 0 && self.word.get(border) != Some(&char) {
            border = self.border(border);
        }
        let is_longer = !self.word.is_empty() && self.word.get(border) == Some(&char);
        self.borders.push(border + usize::from(is_longer));
        self.word.push(char);
    }

    /// The longest beginning of the word that ends its first `length` characters, too.
    fn border(&self, length: usize) -> usize {
        length.checked_sub(1).and_then(|last| self.borders.get(last)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
