//! Going on with an answer whose beginning is in the conversation.

use failsoft_wire::Dialect;

use crate::asked::{Asked, Beginning, Flaw, Thinking, no_prefill};
use crate::fault::Fault;
use crate::onward::{Onward, Prefill, Way};
use crate::provider::{Imitated, Marked};
use crate::words;

/// What a model says first that cannot just go on.
const PREAMBLE: &str = "Sure, continuing: ";

/// Another answer than the usual one.
const OTHER_WORDS: &str = "A plan that never fails has never been tried. Those who expect trouble \
keep a second lamp, a spare rope and a friend at the other end of the valley, and so they come home \
while the others are still arguing about the weather.";

/// Of the last words so many characters must be quoted.
const QUOTED: usize = 12;

/// How a model is asked to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Going<'a> {
    /// The conversation ends with the beginning.
    Prefill { begun: &'a str },
    /// A user's turn quotes the end of the beginning.
    Turn { begun: &'a str, quoted: &'a str },
}

impl<'a> Going<'a> {
    /// Its stable name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prefill { .. } => "prefill",
            Self::Turn { .. } => "turn",
        }
    }

    /// Whether the answer `whole` is begun already, and how going on with it is asked for.
    pub(super) fn with(beginning: Option<Beginning<'a>>, whole: &str) -> Option<Self> {
        let Beginning { said, asks } = beginning?;
        let begun = [said, said.trim_end()].into_iter().find(|begun| whole.starts_with(begun))?;
        match asks {
            None => Some(Self::Prefill { begun }),
            Some(asks) => {
                let quoted = quoted(begun.trim_end(), asks)?;
                Some(Self::Turn { begun, quoted })
            }
        }
    }

    /// What the model says instead of `whole`.
    pub(super) fn told(self, whole: &str, way: Way) -> String {
        let (begun, again) = match self {
            Self::Prefill { begun } => (begun, ""),
            Self::Turn { begun, quoted } => (begun, quoted),
        };
        let rest = whole.get(begun.len()..).unwrap_or_default();
        let joined = |rest: &str| {
            // White space at the end of the beginning stands behind the quoted words, too.
            let space = if again.is_empty() { "" } else { &begun[begun.trim_end().len()..] };
            format!("{again}{space}{rest}")
        };
        match (way, self) {
            (Way::Restarts, _) | (Way::Bench, Self::Turn { .. }) => whole.to_owned(),
            (Way::Echoes, _) => format!("{begun}{rest}"),
            (Way::OtherWords, _) => OTHER_WORDS.to_owned(),
            (Way::Preamble, _) => format!("{PREAMBLE}{}", joined(rest)),
            (Way::Overlaps(words), _) => format!("{}{rest}", last_words(begun, words)),
            (Way::LosesSpace, _) => format!("{again}{}", rest.trim_start()),
            (Way::ResendsSpace, _) => resent(begun, again, rest),
            (Way::GoesOn | Way::ContinuesThinking | Way::Bench, _) => joined(rest),
        }
    }
}

/// How a model goes on that nothing else is said of: OpenAI's do not know prefills, and some take
/// one only where it is marked.
pub(crate) fn of_kind(asked: &Asked, imitated: Imitated) -> Onward {
    let is_prefill = asked.heard.beginning().is_some_and(|beginning| beginning.asks.is_none());
    let own = asked.dialect() == Dialect::Responses || asked.model.starts_with("gpt-");
    let way = match imitated.marking() {
        _ if !is_prefill => Way::GoesOn,
        _ if own => Way::Restarts,
        Some(marking) => match (marking.read)(&asked.body) {
            Marked::No => Way::Restarts,
            Marked::Yes | Marked::Wrong(_) if marking.echoes => Way::Echoes,
            Marked::Yes | Marked::Wrong(_) => Way::GoesOn,
        },
        None => Way::GoesOn,
    };
    Onward { prefill: Prefill::Taken, way }
}

/// Why the model does not take its own words at the end of a conversation, if it does not.
pub(crate) fn refused(
    fault: Fault,
    onward: Option<Onward>,
    asked: &Asked,
    imitated: Imitated,
) -> Option<Flaw> {
    let last = asked.heard.turns.last().filter(|turn| turn.is_model && turn.uses.is_empty())?;
    if last.said.is_empty() || fault.comes_before_reading() {
        return None;
    }
    if onward.is_some_and(|onward| onward.prefill == Prefill::Refused) {
        return Some(no_prefill(asked.dialect()));
    }
    match (imitated.marking()?.read)(&asked.body) {
        Marked::Wrong(flaw) => Some(flaw),
        Marked::Yes | Marked::No => None,
    }
}

/// The request's thinking, or the thinking of a model that does not ask.
pub(super) fn unasked(dialect: Dialect, asked: Thinking) -> Thinking {
    match (asked, dialect) {
        (Thinking::Shown | Thinking::Unsealed, _) => asked,
        (_, Dialect::ChatCompletions) => Thinking::Unsealed,
        _ => Thinking::Shown,
    }
}

impl Fault {
    /// Whether it strikes whatever the request says.
    fn comes_before_reading(self) -> bool {
        matches!(
            self,
            Self::Status { .. }
                | Self::Trouble(_)
                | Self::Reset
                | Self::Close
                | Self::Garbage
                | Self::Silent
                | Self::Html(_)
        )
    }
}

/// The longest end of what was said that the user's words hold.
fn quoted<'s>(said: &'s str, asks: &str) -> Option<&'s str> {
    let least = said.chars().count().min(QUOTED);
    let from = said.char_indices().map(|(at, _)| &said[at..]).find(|end| asks.contains(*end))?;
    (from.chars().count() >= least).then_some(from)
}

fn last_words(text: &str, words: usize) -> &str {
    let starts: Vec<_> = text
        .char_indices()
        .filter(|(at, _)| *at == 0 || text[..*at].ends_with(char::is_whitespace))
        .filter(|(_, c)| !c.is_whitespace())
        .map(|(at, _)| at)
        .collect();
    let from = starts.len().checked_sub(words).and_then(|nth| starts.get(nth)).copied();
    &text[from.unwrap_or(0)..]
}

fn resent(begun: &str, again: &str, rest: &str) -> String {
    let (ends, begins) =
        (begun.ends_with(char::is_whitespace), rest.starts_with(char::is_whitespace));
    match (ends, begins) {
        (true, false) => format!("{again}{}{rest}", &begun[begun.trim_end().len()..]),
        (false, false) => format!("{again}{rest}"),
        (_, true) => format!("{again} {rest}"),
    }
}

/// A text in the pieces a model streams it in.
pub(super) fn pieces(text: &str, is_json: bool) -> Vec<String> {
    if is_json { crate::sample::pieces(text) } else { words::tokens(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "one two three four five six seven";

    fn told(said: &str, asks: Option<&str>, way: Way) -> Option<String> {
        let going = Going::with(Some(Beginning { said, asks }), WHOLE)?;
        Some(going.told(WHOLE, way))
    }

    #[test]
    fn a_prefill_is_gone_on_with_in_every_way() {
        for (way, expected) in [
            (Way::GoesOn, " four five six seven"),
            (Way::ContinuesThinking, " four five six seven"),
            (Way::Bench, " four five six seven"),
            (Way::Echoes, WHOLE),
            (Way::Restarts, WHOLE),
            (Way::Overlaps(2), "two three four five six seven"),
            (Way::Overlaps(9), WHOLE),
            (Way::ResendsSpace, "  four five six seven"),
            (Way::LosesSpace, "four five six seven"),
            (Way::Preamble, "Sure, continuing:  four five six seven"),
            (Way::OtherWords, OTHER_WORDS),
        ] {
            assert_eq!(told("one two three", None, way).as_deref(), Some(expected), "{way:?}");
        }
        assert_eq!(
            told("one two ", None, Way::ResendsSpace).unwrap(),
            " three four five six seven"
        );
    }

    #[test]
    fn a_user_gets_the_quoted_words_again() {
        let asks = Some("Go on behind \"two three\", please.");
        let tell = |way| told("one two three ", asks, way);
        assert_eq!(tell(Way::GoesOn), None, "too little of it is quoted");
        let asks = Some("Go on behind \"one two three\".");
        let tell = |way| told("one two three ", asks, way).unwrap();
        assert_eq!(tell(Way::GoesOn), WHOLE);
        assert_eq!(tell(Way::LosesSpace), "one two threefour five six seven");
        let asks = Some("Go on behind \"two three four five\".");
        let said = "one two three four five";
        assert_eq!(told(said, asks, Way::GoesOn).unwrap(), "two three four five six seven");
        assert_eq!(told(said, asks, Way::Bench).unwrap(), WHOLE);
        assert_eq!(told(WHOLE, Some(WHOLE), Way::GoesOn).unwrap(), WHOLE);
    }

    #[test]
    fn other_conversations_are_nothing_to_go_on_with() {
        for (said, asks) in [
            ("two three", None),
            ("one three", None),
            ("one two three", Some("thank you")),
            ("one two three four five", Some("one two")),
        ] {
            assert_eq!(told(said, asks, Way::GoesOn), None, "{said}");
        }
        assert_eq!(Going::with(None, WHOLE), None);
    }
}
