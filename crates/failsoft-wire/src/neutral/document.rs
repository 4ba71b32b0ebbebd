//! The rules of all dialects as one page for readers.

use std::fmt::Write as _;

use super::{Feature, Rule};
use crate::Dialect;

const HEAD: &str = "\
# What is lost in translation

<!-- Made from the tables the translation runs on by `cargo xtask generate`. Do not edit. -->

Between a client and a target of the same dialect the bytes are passed on: nothing is translated, and nothing is lost. Where the
dialects differ, a call is decoded into a neutral form and written anew. This table says what becomes of each thing a call may ask
or hold, by the dialect of the **target**. Answers go the other way by the same tables.

- **map**: the dialect has the same thing.
- **emulate**: it is made from something else, and the record of the attempt says so.
- **drop**: it is left out; `failsoft explain` names it, and so does the header `x-failsoft-left-out`.
- **refuse**: the answer would be wrong or useless without it, so the target is not asked. If no target of the route can serve the
  call, the client gets a 400 that says why.

What only the target that made it can open (signatures of thoughts, encrypted reasoning, signatures of tool calls) is taken out of
the history when another target answers, and only then. Thoughts without their signature go with it.

";

/// The document, in Markdown.
#[must_use]
pub fn translation_document() -> String {
    let mut out = HEAD.to_owned();
    let _ = write!(out, "| a call's |");
    for dialect in Dialect::TARGETS {
        let _ = write!(out, " `{dialect}` |");
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(Dialect::TARGETS.len()));
    out.push('\n');
    for feature in Feature::ALL {
        let words = feature.words().trim().trim_end_matches('.');
        let _ = write!(out, "| **{feature}**: {} |", lower(words));
        for dialect in Dialect::TARGETS {
            let _ = write!(out, " {} |", cell(dialect, *feature));
        }
        out.push('\n');
    }
    out
}

fn cell(dialect: Dialect, feature: Feature) -> String {
    let row = dialect.rules().iter().find(|row| row.feature == feature);
    let (rule, how) = row.map_or((Rule::Refuse, ""), |row| (row.rule, row.how));
    if how.is_empty() { rule.as_str().to_owned() } else { format!("{}: {how}", rule.as_str()) }
}

/// The sentence as it goes on in the middle of another; names in capitals stay.
fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next();
    if letters.clone().next().is_some_and(char::is_uppercase) {
        return sentence.to_owned();
    }
    let first = first.map(|first| first.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
