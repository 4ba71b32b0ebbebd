//! Finds what providers sealed, without understanding anything else of a body.

use crate::Dialect;
use crate::base64;
use crate::dialect::read_base64_seal;
use crate::find::{Word, word};
use crate::neutral::Seal;
use crate::scan::Scanner;

// A thought of which nothing but its seal is shown; the seal is its `data`.
word!(REDACTED = "\"redacted_thinking\"");
word!(DATA = "\"data\"");
word!(SIGNATURE = "\"signature\"");
word!(ENCRYPTED = "\"encrypted_content\"");
word!(THOUGHT_SIGNATURE = "\"thoughtSignature\"");
word!(THOUGHT_SIGNATURE_TOO = "\"thought_signature\"");
word!(RESPONSE = "\"object\":\"response\"");
word!(SPACED_RESPONSE = "\"object\": \"response\"");
word!(ID = "\"id\"");
word!(PREVIOUS = "\"previous_response_id\"");

/// The keys whose values are seals, by dialect.
fn keys(dialect: Dialect) -> [Option<&'static Word>; 2] {
    match dialect {
        Dialect::ChatCompletions => [Some(&THOUGHT_SIGNATURE_TOO), None],
        Dialect::Messages | Dialect::BedrockConverse => [Some(&SIGNATURE), None],
        Dialect::Responses => [Some(&ENCRYPTED), None],
        Dialect::GenerateContent => [Some(&THOUGHT_SIGNATURE), Some(&THOUGHT_SIGNATURE_TOO)],
        Dialect::Embeddings => [None, None],
    }
}

/// A seal as `dialect` writes it: if it carries our mark, it says who made it.
#[must_use]
pub fn read_seal(dialect: Dialect, text: &str) -> Seal {
    match dialect {
        Dialect::GenerateContent => read_base64_seal(text),
        Dialect::ChatCompletions
        | Dialect::Messages
        | Dialect::Responses
        | Dialect::BedrockConverse
        | Dialect::Embeddings => Seal::read(text),
    }
}

/// The seals in a request, a reply or an event's data. Cheap where there are none. Something that
/// merely looks like a seal may be among them.
#[must_use]
pub fn seals(dialect: Dialect, json: &[u8]) -> Vec<String> {
    let mut found: Vec<String> =
        keys(dialect).into_iter().flatten().flat_map(|key| values_of(key, json)).collect();
    if dialect == Dialect::Messages && REDACTED.find(json).is_some() {
        found.extend(values_of(&DATA, json));
    }
    if dialect == Dialect::GenerateContent {
        // An SDK gives them back in the other alphabet of base64.
        found.iter_mut().for_each(|seal| *seal = base64::standard(seal).into_owned());
    }
    found
}

/// Ids of answers that a provider keeps for its account: those a request goes on from, and those a
/// reply or an event's data tells.
#[must_use]
pub fn kept_answers(dialect: Dialect, json: &[u8]) -> Vec<String> {
    if dialect != Dialect::Responses {
        return Vec::new();
    }
    let tells = [&RESPONSE, &SPACED_RESPONSE].iter().any(|mark| mark.find(json).is_some());
    let ids = tells.then(|| values_of(&ID, json)).into_iter().flatten();
    values_of(&PREVIOUS, json).chain(ids).collect()
}

/// The strings behind a key, wherever it stands.
fn values_of<'a>(key: &'a Word, json: &'a [u8]) -> impl Iterator<Item = String> + 'a {
    key.find_iter(json)
        .filter_map(move |at| value(json.get(at + key.needle().len()..).unwrap_or_default()))
}

/// The string behind a key's colon.
fn value(rest: &[u8]) -> Option<String> {
    let after = rest.trim_ascii_start().strip_prefix(b":")?;
    let text = Scanner::new(after).value().ok()?.string();
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seals_are_found_where_they_stand() {
        let find = |dialect, json: &str| seals(dialect, json.as_bytes());
        let messages = r#"{"type":"thinking","signature" : "E\u003d\/","x":[{"signature":"b"}]}"#;
        assert_eq!(find(Dialect::Messages, messages), ["E=/", "b"]);
        assert_eq!(find(Dialect::Messages, r#"{"text":"a \"signature\": \"no\""}"#), [""; 0]);
        assert_eq!(find(Dialect::Messages, r#"{"signature":"","a":{"signature":null}"#), [""; 0]);
        assert_eq!(find(Dialect::Messages, r#"{"signature":"cut"#), [""; 0]);
        let redacted = r#"[{"type":"redacted_thinking","data":"Em="},{"data":"picture"}]"#;
        assert_eq!(find(Dialect::Messages, redacted), ["Em=", "picture"]);
        assert_eq!(find(Dialect::Messages, r#"[{"type":"image","data":"picture"}]"#), [""; 0]);
        let responses = r#"{"encrypted_content":"gAAA"}"#;
        assert_eq!(find(Dialect::Responses, responses), ["gAAA"]);
        assert_eq!(find(Dialect::ChatCompletions, responses), [""; 0]);
    }

    #[test]
    fn answers_that_are_kept_are_found_where_they_are_told_and_where_they_are_meant() {
        let find = |json: &str| kept_answers(Dialect::Responses, json.as_bytes());
        assert_eq!(find(r#"{"id":"resp_1","object":"response","output":[]}"#), ["resp_1"]);
        assert_eq!(find(r#"{"model":"m","previous_response_id":"resp_1"}"#), ["resp_1"]);
        assert_eq!(find(r#"{"model":"m","input":[{"id":"msg_1"}]}"#), [""; 0]);
        assert_eq!(kept_answers(Dialect::Messages, br#"{"previous_response_id":"a"}"#), [""; 0]);
    }
}
