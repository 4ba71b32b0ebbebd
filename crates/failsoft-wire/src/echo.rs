//! A provider's words without what they repeat of the request.
//!
//! Providers quote what they refuse: a filter the passage, a parser the place where it failed. What
//! reads like the request, three words in a row or a value in quotes, is taken out; names of keys
//! stay, because they say what to change.

use std::collections::BTreeMap;
use std::ops::Range;

/// Stands where the request was repeated.
const MASK: &str = "[from the request]";
/// So many words in a row are no accident.
const ROW: usize = 3;
/// A larger request is not looked through while others wait.
const MOST: usize = 4 * 1024 * 1024;
/// The shortest value that says something.
const SHORTEST: usize = 4;

/// Words with what they repeat of a JSON request taken out, apart from these names. `None` where
/// the request is too large to be looked through.
#[must_use]
pub fn without_echo(words: &str, request: &[u8], names: &[&str]) -> Option<String> {
    if request.len() > MOST {
        return None;
    }
    let said: Vec<Range<usize>> = Tokens::new(words.as_bytes()).collect();
    let echoed = echoed(words, &said, request, names);
    let mut out = String::with_capacity(words.len());
    let mut end = 0;
    for (index, token) in said.iter().enumerate().filter(|(index, _)| echoed[*index]) {
        let goes_on = index > 0 && echoed[index - 1];
        if !goes_on {
            out.push_str(words.get(end..token.start).unwrap_or_default());
            out.push_str(MASK);
        }
        end = token.end;
    }
    out.push_str(words.get(end..).unwrap_or_default());
    Some(out)
}

/// For each token whether it repeats the request.
fn echoed(words: &str, said: &[Range<usize>], request: &[u8], names: &[&str]) -> Vec<bool> {
    let text = |token: &Range<usize>| words.as_bytes().get(token.clone()).unwrap_or_default();
    let hashes: Vec<u64> = said.iter().map(|token| hash(text(token))).collect();
    let mut rows: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, row) in hashes.windows(ROW).enumerate() {
        rows.entry(join(row)).or_default().push(index);
    }
    let mut quoted: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, token) in said.iter().enumerate() {
        let name = names.iter().any(|name| name.as_bytes() == text(token));
        if !name && token.len() >= SHORTEST && is_quoted(words, token) {
            quoted.entry(hashes[index]).or_default().push(index);
        }
    }
    let mut echoed = vec![false; said.len()];
    let mut last = [0; ROW];
    for token in Tokens::new(request) {
        let sent = hash(request.get(token.clone()).unwrap_or_default());
        last.rotate_left(1);
        last[ROW - 1] = sent;
        for start in rows.get(&join(&last)).into_iter().flatten() {
            echoed[*start..start + ROW].fill(true);
        }
        if !quoted.is_empty() && !is_key(request, token.end) {
            quoted.get(&sent).into_iter().flatten().for_each(|index| echoed[*index] = true);
        }
    }
    echoed
}

/// Whether quotes stand around it.
fn is_quoted(words: &str, token: &Range<usize>) -> bool {
    let is_quote = |c: char| matches!(c, '"' | '\'' | '`' | '“' | '”' | '‘' | '’' | '«' | '»');
    let before = words.get(..token.start).is_some_and(|before| before.ends_with(is_quote));
    let after = words.get(token.end..).is_some_and(|after| after.starts_with(is_quote));
    before && after
}

/// Whether what ends here is a key of an object: `"key" :`.
fn is_key(request: &[u8], end: usize) -> bool {
    let rest = request.get(end..).unwrap_or_default().strip_prefix(b"\"");
    rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
}

fn hash(token: &[u8]) -> u64 {
    // FNV-1a: short texts, and no secret hangs on it.
    token.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

fn join(row: &[u64]) -> u64 {
    row.iter().fold(0, |joined: u64, hash| joined.rotate_left(21).wrapping_mul(31) ^ hash)
}

/// Words: letters, digits, `_` and `-`; JSON's escapes stand between them.
struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let is_part =
            |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80 || b"_-".contains(&byte);
        while let Some(byte) = self.text.get(self.at).filter(|byte| !is_part(**byte)) {
            let escape = match (byte, self.text.get(self.at + 1)) {
                (b'\\', Some(b'u')) => 5,
                (b'\\', Some(_)) => 1,
                (_, _) => 0,
            };
            self.at += 1 + escape;
        }
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| is_part(*byte)) {
            self.at += 1;
        }
        (self.at > start).then_some(start..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r#"{"model": "aurora-large", "max_tokens": 5, "effort" : "highest",
        "messages": [{"role": "user", "content": "My name is Ada\nand I live at \"Rose Lane\" 7, caf\u00e9 Ünder"}]}"#;

    fn kept(words: &str) -> String {
        without_echo(words, REQUEST.as_bytes(), &["aurora-large"]).unwrap()
    }

    #[test]
    fn what_reads_like_the_request_is_taken_out() {
        for (words, expected) in [
            ("flagged: My name is Ada, no less", "flagged: [from the request], no less"),
            ("near `I live at \"Rose Lane\" 7`", "near `[from the request]`"),
            ("NAME IS ADA was refused", "[from the request] was refused"),
            ("you sent {\"role\": \"user\", \"content\": \"My", "you sent {\"[from the request]"),
            ("invalid value: 'highest'", "invalid value: '[from the request]'"),
            ("name ada", "name ada"),
        ] {
            assert_eq!(kept(words), expected);
        }
    }

    #[test]
    fn what_says_what_to_change_stays() {
        for words in [
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
             'max_completion_tokens' instead.",
            "Unknown parameter: 'effort'.",
            "The model `aurora-large` does not exist or you do not have access to it.",
            "The server had an error while processing your request",
            "Rate limit reached for requests. Please try again in 2s.",
            "",
        ] {
            assert_eq!(kept(words), words);
        }
    }

    #[test]
    fn a_request_too_large_to_look_through_takes_the_words_with_it() {
        let large = vec![b'a'; MOST + 1];
        assert_eq!(without_echo("anything", &large, &[]), None);
        assert_eq!(without_echo("anything", &large[1..], &[]).as_deref(), Some("anything"));
    }

    proptest::proptest! {
        #[test]
        fn any_two_texts_are_compared(words in ".{0,80}", request in ".{0,200}") {
            proptest::prop_assert!(without_echo(&words, request.as_bytes(), &[]).is_some());
        }

        #[test]
        fn a_passage_of_the_request_never_comes_through(
            before in "[a-z ]{0,20}", passage in proptest::collection::vec("[a-z]{3,9}", 3..9)
        ) {
            let passage = passage.join(" ");
            let request = serde_json::json!({ "content": passage }).to_string();
            let words = format!("{before}: {passage}");
            let kept = without_echo(&words, request.as_bytes(), &[]).unwrap();
            proptest::prop_assert!(!kept.contains(&passage), "{kept}");
        }
    }
}
