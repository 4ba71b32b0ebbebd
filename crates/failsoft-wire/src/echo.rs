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
    let said: Vec<Token> = Tokens::new(words.as_bytes()).collect();
    let echoed = echoed(words, &said, request, names);
    let mut out = String::with_capacity(words.len());
    let mut end = 0;
    for (index, Token { place, .. }) in said.iter().enumerate().filter(|(index, _)| echoed[*index])
    {
        let goes_on = index > 0 && echoed[index - 1];
        if !goes_on {
            out.push_str(words.get(end..place.start).unwrap_or_default());
            out.push_str(MASK);
        }
        end = place.end;
    }
    out.push_str(words.get(end..).unwrap_or_default());
    Some(out)
}

/// For each token whether it repeats the request.
fn echoed(words: &str, said: &[Token], request: &[u8], names: &[&str]) -> Vec<bool> {
    let hashes: Vec<u64> = said.iter().map(|token| token.hash).collect();
    let mut rows: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, row) in hashes.windows(ROW).enumerate() {
        rows.entry(join(row)).or_default().push(index);
    }
    let mut quoted: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, Token { place, hash }) in said.iter().enumerate() {
        let name = words.get(place.clone()).is_some_and(|word| names.contains(&word));
        if !name && place.len() >= SHORTEST && is_quoted(words, place) {
            quoted.entry(*hash).or_default().push(index);
        }
    }
    let mut echoed = vec![false; said.len()];
    let mut last = [0; ROW];
    for Token { place, hash } in Tokens::new(request) {
        last.rotate_left(1);
        last[ROW - 1] = hash;
        for start in rows.get(&join(&last)).into_iter().flatten() {
            echoed[*start..start + ROW].fill(true);
        }
        if !quoted.is_empty() && !is_key(request, place.end) {
            quoted.get(&hash).into_iter().flatten().for_each(|index| echoed[*index] = true);
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

fn join(row: &[u64]) -> u64 {
    row.iter().fold(0, |joined: u64, hash| joined.rotate_left(21).wrapping_mul(31) ^ hash)
}

/// A word: where it stands, and what it says, however it is written.
struct Token {
    place: Range<usize>,
    hash: u64,
}

/// Words: letters, digits, `_` and `-`. JSON's escapes are undone, because who repeats a request may
/// write it in another way.
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
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let (mut start, mut hash) = (self.at, NOTHING);
        while let Some((sign, length)) = sign(self.text, self.at) {
            let end = self.at + length;
            match role(sign) {
                Role::Part => {
                    hash = and(hash, sign);
                    self.at = end;
                }
                Role::Alone | Role::Between if self.at > start => break,
                Role::Alone => {
                    hash = and(hash, sign);
                    self.at = end;
                    break;
                }
                Role::Between => (start, self.at) = (end, end),
            }
        }
        (self.at > start).then_some(Token { place: start..self.at, hash })
    }
}

/// What a sign is to the word it stands in.
enum Role {
    Part,
    /// A word, or nearly: scripts without blanks between words have such signs.
    Alone,
    Between,
}

fn role(sign: char) -> Role {
    match sign {
        '_' | '-' => Role::Part,
        _ if !sign.is_alphanumeric() => Role::Between,
        // Thai to Lao, Burmese, Khmer, Chinese and Japanese.
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}' => Role::Alone,
        _ => Role::Part,
    }
}

/// The sign that is written here, and in how many bytes.
fn sign(text: &[u8], at: usize) -> Option<(char, usize)> {
    let rest = text.get(at..)?;
    match rest {
        [] => None,
        [b'\\', b'u', ..] => Some(escaped(rest).unwrap_or((' ', 2))),
        [b'\\', 0..=0x7f, ..] => Some((' ', 2)),
        [byte @ 0..=0x7f, ..] => Some((char::from(*byte), 1)),
        _ => {
            let piece = rest.get(..rest.len().min(4)).unwrap_or_default();
            let valid = piece.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
            Some(valid.map_or((char::REPLACEMENT_CHARACTER, 1), |sign| (sign, sign.len_utf8())))
        }
    }
}

/// `\u00e9`, or two of them for signs beyond the first 65,536.
fn escaped(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let units = [unit(0)?, unit(6).unwrap_or_default()];
    let sign = char::decode_utf16(units).next()?.ok()?;
    Some((sign, 6 * sign.len_utf16()))
}

/// The hash of no sign at all.
const NOTHING: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash with one sign more; capitals count as small letters.
fn and(hash: u64, sign: char) -> u64 {
    // FNV-1a: short texts, and no secret hangs on it.
    sign.to_lowercase()
        .fold(hash, |hash, sign| (hash ^ u64::from(u32::from(sign))).wrapping_mul(0x0100_0000_01b3))
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

    /// (the request as it was written, the provider's words)
    #[test]
    fn letters_of_any_script_are_compared_however_they_were_written() {
        for (request, words, expected) in [
            // Python's `json` writes so.
            (
                r#"{"content":"\u041c\u0435\u043d\u044f \u0437\u043e\u0432\u0443\u0442 \u0410\u0434\u0430"}"#,
                "flagged: Меня зовут Ада",
                "flagged: [from the request]",
            ),
            (
                r#"{"content":"Caf\u00e9 in der Stra\u00dfe"}"#,
                "near Café in der",
                "near [from the request]",
            ),
            (
                "{\"content\":\"Café in der Straße\"}",
                r"near caf\u00e9 in der",
                "near [from the request]",
            ),
            (
                "{\"content\":\"我的名字是艾达，住在玫瑰巷七号。\"}",
                "不合规：名字是艾达，住在",
                "不合规：[from the request]",
            ),
            (r#"{"content":"\u6211\u7684\u540d\u5b57"}"#, "我的名字", "[from the request]"),
            (r#"{"content":"\ud842\udfb7\u91ce\u5bb6"}"#, "店：𠮷野家", "店：[from the request]"),
            (r#"{"content":"\u00fc"}"#, "nichts für ungut, Ünder", "nichts für ungut, Ünder"),
        ] {
            assert_eq!(
                without_echo(words, request.as_bytes(), &[]).unwrap(),
                expected,
                "{request}"
            );
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
