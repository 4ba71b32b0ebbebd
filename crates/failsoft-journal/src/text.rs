//! What may stand in a text column: bounded, one line, nothing a terminal obeys.

use std::borrow::Cow;

/// The longest id of a call, in characters.
pub(crate) const ID: usize = 64;
/// The longest name of a model, route, target, provider or key.
pub(crate) const NAME: usize = 200;
/// The longest tag, client, code or request id.
pub(crate) const LABEL: usize = 200;
/// The most a provider's words may say.
pub(crate) const WORDS: usize = 500;

/// The most that is read of anything; more than is ever stored.
pub(crate) const READ: usize = 600;

/// A name as it may be stored and shown: what a terminal would obey is escaped.
pub(crate) fn label(text: &str, max: usize) -> Cow<'_, str> {
    if is_harmless(text, max) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len().min(max * 4));
    let mut room = max;
    for character in text.chars() {
        let escaped = is_obeyed(character).then(|| character.escape_default());
        let Some(rest) = room.checked_sub(escaped.as_ref().map_or(1, ExactSizeIterator::len))
        else {
            safe.push('…');
            break;
        };
        room = rest;
        match escaped {
            Some(escaped) => safe.extend(escaped),
            None => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

/// A sentence as it may be stored and shown: white space becomes one blank, the rest of what a
/// terminal would obey is taken out.
#[must_use]
pub fn sentence(text: &str, max: usize) -> Cow<'_, str> {
    if is_harmless(text, max) && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len().min(max * 4));
    let mut gap = false;
    let mut count = 0;
    for character in text.chars() {
        if character.is_whitespace() {
            gap = count > 0;
            continue;
        }
        if is_obeyed(character) {
            continue;
        }
        if count + usize::from(gap) >= max {
            safe.push('…');
            break;
        }
        if std::mem::take(&mut gap) {
            safe.push(' ');
            count += 1;
        }
        safe.push(character);
        count += 1;
    }
    Cow::Owned(safe)
}

fn is_harmless(text: &str, max: usize) -> bool {
    // Without an early end, so that many bytes are looked at in one go.
    text.len() <= max && text.bytes().fold(true, |well, byte| well & matches!(byte, b' '..=b'~'))
}

/// Controls, line and paragraph separators, and characters that turn, hide or join text.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_escape_and_sentences_strip_what_a_terminal_obeys() {
        for (text, as_label, as_sentence) in [
            ("gpt-5", "gpt-5", "gpt-5"),
            ("a\nb", "a\\nb", "a b"),
            ("a\r\n\t b", "a\\r\\n\\t b", "a b"),
            ("\x1b[2Jx", "\\u{1b}[2Jx", "[2Jx"),
            ("a\u{2028}b\u{202e}c\u{7f}", "a\\u{2028}b\\u{202e}c\\u{7f}", "a bc"),
            ("größer 日本", "größer 日本", "größer 日本"),
            ("  a   b  ", "  a   b  ", "a b"),
            ("\u{9b}31m", "\\u{9b}31m", "31m"),
        ] {
            assert_eq!(label(text, 100), as_label);
            assert_eq!(sentence(text, 100), as_sentence);
        }
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(label(&"é".repeat(1_000_000), 3), "ééé…");
        assert_eq!(label("a\x1b\x1bb", 8), "a\\u{1b}…", "what is escaped counts as it stands");
        assert_eq!(label(&"\u{e0001}".repeat(600), NAME).chars().count(), 199, "as does the last");
        assert_eq!(sentence("one two", 3), "one…");
        assert_eq!(sentence("one two", 4), "one…");
        assert_eq!(sentence("one two", 7), "one two");
        assert!(sentence(&"ab ".repeat(400), WORDS).chars().count() <= WORDS + 1);
    }
}
