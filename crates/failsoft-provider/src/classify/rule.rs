//! Rules as data: under which status, at which words, what it means.

use std::ops::RangeInclusive;

use failsoft_engine::{Cancel, Elsewhere, Failure, FailureKind, Phase, Repeat};

use super::said::Said;
use crate::prefill::PrefillForm;

/// One line of a table.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The statuses it holds for; an in-band error that names none is open to every rule.
    pub(crate) when: &'static [RangeInclusive<u16>],
    /// What must be found.
    pub(crate) says: Says,
    /// What it means then.
    pub(crate) means: Failure,
}

/// What a rule looks for; any one of a list is enough.
#[derive(Debug)]
pub(crate) enum Says {
    /// A machine code or type, whole, whatever its case.
    Code(&'static [&'static str]),
    /// Words of a message, in lower case; `*` stands for anything.
    Words(&'static [&'static str]),
    /// Something that is no single word, e.g. a header or two numbers.
    Fact(fn(&Said<'_>) -> bool),
    /// Nothing: the status alone decides, if there is one.
    Anything,
}

/// What one provider alone says and does.
#[derive(Debug)]
pub(crate) struct Quirks {
    /// Read before all shared tables: its own exact codes and unmistakable words.
    pub(crate) first: &'static [Rule],
    /// Read after them: statuses it uses in its own way.
    pub(crate) last: &'static [Rule],
    /// Headers that tell what remains of a day although nothing about them says so.
    pub(crate) daily: &'static [&'static str],
    /// How it takes the beginning of an answer, where a model goes on from one.
    pub(crate) prefill: PrefillForm,
    /// What becomes of cancelled calls, whatever the model.
    pub(crate) cancel: Cancel,
}

impl Quirks {
    /// Nothing of its own.
    pub(crate) const NONE: Self = Self {
        first: &[],
        last: &[],
        daily: &[],
        prefill: PrefillForm::PLAIN,
        cancel: Cancel::Honoured,
    };
}

/// Every status.
pub(crate) const ANY: &[RangeInclusive<u16>] = &[0..=u16::MAX];
/// The request or the caller is at fault.
pub(crate) const CLIENT: &[RangeInclusive<u16>] = &[400..=499];

/// The kind's own meaning. A size limit is one target's, so another may take the request.
pub(crate) const fn means(kind: FailureKind) -> Failure {
    let failure = Failure::new(kind, Phase::FirstContent);
    if matches!(kind, FailureKind::PayloadTooLarge) {
        return Failure { elsewhere: Elsewhere::Any, ..failure };
    }
    failure
}

/// Of this kind, with only this place left to go.
pub(crate) const fn only(kind: FailureKind, elsewhere: Elsewhere) -> Failure {
    Failure { elsewhere, ..means(kind) }
}

/// Of this kind, and worth one more try at the same target.
pub(crate) const fn once(failure: Failure) -> Failure {
    Failure { repeat: Repeat::Once, ..failure }
}

/// Of this kind, and the same again at the same target.
pub(crate) const fn lasting(failure: Failure) -> Failure {
    Failure { repeat: Repeat::Forbidden, ..failure }
}

/// The first rule of the table that holds.
pub(crate) fn first(rules: &[Rule], said: &Said<'_>) -> Option<Failure> {
    rules.iter().find(|rule| rule.holds(said)).map(|rule| rule.means)
}

impl Rule {
    fn holds(&self, said: &Said<'_>) -> bool {
        let status_fits = match said.status {
            Some(status) => self.when.iter().any(|range| range.contains(&status)),
            None => true,
        };
        status_fits
            && match self.says {
                Says::Code(codes) => codes.iter().any(|code| said.has_code(code)),
                Says::Words(patterns) => patterns.iter().any(|pattern| said.has_words(pattern)),
                Says::Fact(holds) => holds(said),
                Says::Anything => said.status.is_some(),
            }
    }
}

/// Whether the text holds the pattern's parts, in order.
pub(crate) fn matches(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    for part in pattern.split('*') {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_skips_and_the_order_counts() {
        for (text, pattern, expected) in [
            ("the model `x` does not exist.", "model*does not exist", true),
            ("does not exist: the model", "model*does not exist", false),
            ("prompt is too long: 7", "prompt is too long", true),
            ("", "prompt", false),
        ] {
            assert_eq!(matches(text, pattern), expected, "{text} | {pattern}");
        }
    }
}
