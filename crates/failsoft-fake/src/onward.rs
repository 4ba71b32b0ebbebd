//! How a model goes on when the conversation holds the beginning of its answer.

use std::fmt;
use std::str::FromStr;

use crate::fault::{FaultRow, UnknownFault};

/// A model's manner of going on. Written and read by its names, as in [`ONWARD`], joined by `~`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Onward {
    /// Whether it takes a conversation that ends with its own words.
    pub prefill: Prefill,
    /// What it says then, or when a user's turn asks it to go on.
    pub way: Way,
}

/// Whether a conversation may end with the model's own words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefill {
    /// It may.
    #[default]
    Taken,
    /// It is a bad request.
    Refused,
}

/// What a model says that is to go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The rest; after a user's turn that quotes the last words, these again and the rest.
    #[default]
    GoesOn,
    /// All that was said before, and the rest.
    Echoes,
    /// The whole answer.
    Restarts,
    /// The rest of a prefill, the whole answer after a user's turn: the public benchmark's rule.
    Bench,
    /// So many of the last words again, and the rest.
    Overlaps(usize),
    /// White space at the seam although it was already there.
    ResendsSpace,
    /// No white space at the seam although it belongs there.
    LosesSpace,
    /// A polite word before.
    Preamble,
    /// Another answer.
    OtherWords,
    /// A thought before.
    ContinuesThinking,
}

/// Every manner of going on, in reading order.
pub const ONWARD: &[FaultRow] = &[
    row("goes-on", "goes-on", "the rest; asked by a user's turn, the quoted words first"),
    row("no-prefill", "no-prefill", "400 to a request that ends with the model's words"),
    row("echoes", "echoes", "all that was said before, then the rest"),
    row("restarts", "restarts", "the whole answer from its beginning"),
    row("bench", "bench", "the rest of a prefill, else the whole answer"),
    row("overlaps-N", "overlaps-3", "the last N words again, then the rest"),
    row("resends-space", "resends-space", "white space at the seam once more"),
    row("loses-space", "loses-space", "no white space at the seam"),
    row("preamble", "preamble", "\"Sure, continuing:\" first"),
    row("other-words", "other-words", "another answer from its beginning"),
    row("continues-thinking", "continues-thinking", "thinks first, then goes on"),
];

const WAYS: [(&str, Way); 9] = [
    ("goes-on", Way::GoesOn),
    ("echoes", Way::Echoes),
    ("restarts", Way::Restarts),
    ("bench", Way::Bench),
    ("resends-space", Way::ResendsSpace),
    ("loses-space", Way::LosesSpace),
    ("preamble", Way::Preamble),
    ("other-words", Way::OtherWords),
    ("continues-thinking", Way::ContinuesThinking),
];

const NO_PREFILL: &str = "no-prefill";

const fn row(name: &'static str, example: &'static str, does: &'static str) -> FaultRow {
    FaultRow { name, example, does }
}

impl Onward {
    /// This manner with one more word said about it; `None` when that word is none of these.
    pub(crate) fn with(self, word: &str) -> Option<Self> {
        if word == NO_PREFILL {
            return Some(Self { prefill: Prefill::Refused, ..self });
        }
        let fixed = WAYS.iter().find(|(name, _)| *name == word).map(|(_, way)| *way);
        let overlap = || word.strip_prefix("overlaps-")?.parse().ok().filter(|words| *words > 0);
        let way = fixed.or_else(|| overlap().map(Way::Overlaps))?;
        Some(Self { way, ..self })
    }
}

impl FromStr for Onward {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let mut words = text.split('~');
        words
            .try_fold(Self::default(), |onward, word| onward.with(word))
            .ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

impl fmt::Display for Onward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefill == Prefill::Refused {
            f.write_str(NO_PREFILL)?;
            if self.way == Way::GoesOn {
                return Ok(());
            }
            f.write_str("~")?;
        }
        if let Way::Overlaps(words) = self.way {
            return write!(f, "overlaps-{words}");
        }
        let name = WAYS.iter().find(|(_, way)| *way == self.way).map(|(name, _)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_has_an_example_that_reads_back() {
        for row in ONWARD {
            let onward: Onward = row.example.parse().expect(row.example);
            assert_eq!(onward.to_string(), row.example);
        }
        for (name, _) in WAYS {
            assert!(ONWARD.iter().any(|row| row.name == name), "{name}");
        }
    }

    #[test]
    fn a_prefill_can_be_refused_whatever_the_way() {
        let onward: Onward = "no-prefill~bench".parse().expect("two words");
        assert_eq!(onward, Onward { prefill: Prefill::Refused, way: Way::Bench });
        assert_eq!(onward.to_string(), "no-prefill~bench");
        for wrong in ["", "overlaps-0", "overlaps-", "goes-on~", "cut-after-4"] {
            assert!(wrong.parse::<Onward>().is_err(), "{wrong}");
        }
    }
}
