//! One request larger than the whole bucket it is counted against: waiting never helps.

use failsoft_engine::FailureKind;

use super::rule::{Rule, Says, means};
use super::said::Said;

pub(crate) const RULES: &[Rule] = &[Rule {
    when: &[413..=413, 429..=429],
    says: Says::Fact(asks_more_than_the_limit),
    means: means(FailureKind::PayloadTooLarge),
}];

fn asks_more_than_the_limit(said: &Said<'_>) -> bool {
    if !said.has_words("request too large") {
        return false;
    }
    match (number_after(said.text(), "limit "), number_after(said.text(), "requested ")) {
        (Some(limit), Some(requested)) => requested > limit,
        (None | Some(_), None) | (None, Some(_)) => said.status == Some(413),
    }
}

fn number_after(text: &str, word: &str) -> Option<u64> {
    text.match_indices(word).find_map(|(at, _)| {
        let rest = text.get(at + word.len()..)?;
        let digits: String =
            rest.chars().take_while(|it| it.is_ascii_digit() || *it == ',').collect();
        digits.replace(',', "").parse().ok()
    })
}
