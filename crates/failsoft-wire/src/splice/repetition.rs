//! Models that have run away say the same over and over.

use memchr::memmem;

use crate::neutral::{Delta, Part, Piece, Reply};

/// So much of the same is no answer any more.
const TAIL: usize = 8 * 1024;
/// The longest thing that is repeated.
const PERIOD: usize = 512;
/// So much must have come since the last look.
const STRIDE: usize = 2 * 1024;
/// The last bytes, which are looked for before themselves.
const PROBE: usize = 16;

/// Watches what was said for runaway repetition.
#[derive(Debug, Default)]
pub(super) struct Repetition {
    unseen: usize,
    was_seen: bool,
}

impl Repetition {
    /// Looks at a text that has grown by this many bytes.
    pub(super) fn look(&mut self, text: &str, grown: usize) {
        self.unseen += grown;
        if self.unseen >= STRIDE {
            self.unseen = 0;
            self.was_seen |= is_periodic(text.as_bytes());
        }
    }

    pub(super) const fn was_seen(&self) -> bool {
        self.was_seen
    }
}

impl Reply {
    /// Whether it ended by saying the same over and over: a long tail of one short period.
    #[must_use]
    pub fn repeats_itself(&self) -> bool {
        let is_periodic = |part: &Part| match part {
            Part::Text { text, .. } => is_periodic(text.as_bytes()),
            Part::Refusal(_)
            | Part::Thinking { .. }
            | Part::Media(_)
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Foreign(_) => false,
        };
        self.choices.iter().flat_map(|choice| &choice.parts).any(is_periodic)
    }
}

/// Whether a reply's body may hold an answer that [repeats itself](Reply::repeats_itself): a look
/// at its middle that spares nearly all bodies being decoded for it.
#[must_use]
pub fn may_repeat_itself(body: &[u8]) -> bool {
    // What stands around the text, and in front of its last part, is shorter than this.
    let middle = (body.len() / 2).checked_add(TAIL / 2).and_then(|end| body.get(..end));
    middle.is_some_and(is_periodic)
}

/// The last of what was said, for as long as nobody else keeps it.
#[derive(Debug, Default)]
pub(super) struct Tail {
    text: String,
    repetition: Repetition,
}

impl Tail {
    /// Sees what comes.
    pub(super) fn see(&mut self, delta: &Delta) {
        match delta {
            Delta::Piece { piece: Piece::Text(words) | Piece::Arguments(words), .. } => {
                self.text.push_str(words);
                self.repetition.look(&self.text, words.len());
                if self.text.len() > 2 * TAIL {
                    let mut old = self.text.len() - TAIL;
                    while !self.text.is_char_boundary(old) {
                        old -= 1;
                    }
                    self.text.drain(..old);
                }
            }
            Delta::PartBegin { .. } => self.text.clear(),
            Delta::Begin(_)
            | Delta::Piece { .. }
            | Delta::PartEnd { .. }
            | Delta::Finish { .. }
            | Delta::Usage(_)
            | Delta::End => {}
        }
    }

    pub(super) const fn repeats(&self) -> bool {
        self.repetition.was_seen()
    }
}

/// Whether a long tail is one short period over and over.
fn is_periodic(text: &[u8]) -> bool {
    let Some(tail) = text.len().checked_sub(TAIL).and_then(|start| text.get(start..)) else {
        return false;
    };
    let probe = tail.get(TAIL - PROBE..).unwrap_or_default();
    let before = tail.get(TAIL - PROBE - PERIOD..TAIL - 1).unwrap_or_default();
    let finder = memmem::Finder::new(probe);
    let mut from = 0;
    // Each place at which the last bytes stood before tells of a period; one that is none fails
    // at its first bytes.
    while let Some(at) = before.get(from..).and_then(|rest| finder.find(rest)) {
        let period = PERIOD - (from + at);
        if tail.get(period..) == tail.get(..TAIL - period) {
            return true;
        }
        from += at + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeats(text: &str, step: usize) -> bool {
        let (mut watch, mut said) = (Repetition::default(), String::new());
        for char in text.chars().collect::<Vec<_>>().chunks(step) {
            let piece: String = char.iter().collect();
            said.push_str(&piece);
            watch.look(&said, piece.len());
        }
        watch.was_seen()
    }

    #[test]
    fn the_same_over_and_over_is_seen_whatever_its_period() {
        for period in
            ["a", "ha ", "no. No. ", "日本語", &"0123456789".repeat(20), &"ab".repeat(255)]
        {
            let many = period.repeat(12 * 1024 / period.len() + 1);
            for step in [1, 7, 4096] {
                assert!(repeats(&many, step), "{period}");
                assert!(repeats(&format!("The answer is this: {many}"), step), "{period}");
            }
        }
    }

    #[test]
    fn long_answers_are_no_repetition() {
        let numbers: String = (0..4000).map(|n| format!("line {n} of many\n")).collect();
        assert!(!repeats(&numbers, 5));
        assert!(!repeats(&"ha ".repeat(2000), 3), "too short to be sure");
        let long = format!("{:0600}\n", 7).repeat(40);
        assert!(!repeats(&long, 11), "a period that is longer than any loop");
        let almost = format!("{}!{}", "ha ".repeat(2700), "ha ".repeat(2700));
        assert!(!repeats(&almost, 50), "it went on to something else in between");
    }
}
