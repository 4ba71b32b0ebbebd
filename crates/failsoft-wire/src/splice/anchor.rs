//! The words that tell where an answer broke off.

/// So many words are quoted, and so many characters at least and at most.
const LAST_WORDS: usize = 8;
const LEAST_CHARACTERS: usize = 20;
const MOST_CHARACTERS: usize = 160;

/// More are quoted up to here, white space apart, where fewer stand elsewhere in the answer, too.
const MOST_REPEATED: usize = 1024;

/// The last few words of a text, and as many more as it takes to stand nowhere else in it: of
/// words that were said before, too, nobody knows which ones are gone on from. Where that takes
/// too many it is the last few.
pub(super) fn last_words(text: &str) -> &str {
    let text = text.trim_end();
    let few = text.get(few(text)..).unwrap_or_default();
    match said_elsewhere(text) {
        Some(again) if again >= visible(few).count() => {
            text.get(past(text, again)..).unwrap_or(few)
        }
        Some(_) | None => few,
    }
}

/// Where the last few words begin.
fn few(text: &str) -> usize {
    let (mut words, mut start, mut was_word) = (0, text.len(), false);
    for (count, (at, char)) in text.char_indices().rev().enumerate() {
        if count >= MOST_CHARACTERS {
            break;
        }
        if char.is_whitespace() && was_word {
            words += 1;
            if words >= LAST_WORDS && count >= LEAST_CHARACTERS {
                break;
            }
        }
        was_word = !char.is_whitespace();
        if was_word {
            start = at;
        }
    }
    start
}

/// Where more than the last so many characters begin, at the beginning of a word if one is near.
fn past(text: &str, count: usize) -> usize {
    let mut seen = text.char_indices().rev().filter(|(_, char)| !char.is_whitespace());
    let at = seen.nth(count).map_or(0, |(at, _)| at);
    let before = text.get(..at).unwrap_or_default();
    let word = before.trim_end_matches(|char: char| !char.is_whitespace()).len();
    if at - word > MOST_CHARACTERS { at } else { word }
}

/// How many of the last characters stand elsewhere in the text, too, in this order; `None` if too
/// many do. Read from behind, that is a word looked for in the text behind its first character, by
/// the search of Knuth, Morris and Pratt.
fn said_elsewhere(text: &str) -> Option<usize> {
    let word: Vec<char> = visible(text).take(MOST_REPEATED).collect();
    let mut borders = Vec::with_capacity(word.len());
    let (mut matched, mut most) = (0, 0);
    for (at, char) in visible(text).enumerate() {
        if at > 0 {
            while matched > 0 && word.get(matched) != Some(&char) {
                matched = border(&borders, matched);
            }
            matched += usize::from(word.get(matched) == Some(&char));
        }
        most = most.max(matched);
        if at < word.len() {
            borders.push(matched);
        }
    }
    (most < MOST_REPEATED).then_some(most)
}

/// The longest beginning of a word that ends its first `length` characters, too.
fn border(borders: &[usize], length: usize) -> usize {
    length.checked_sub(1).and_then(|last| borders.get(last)).copied().unwrap_or(0)
}

/// From behind, white space apart: models lose some of it, and send some again.
fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().rev().filter(|char| !char.is_whitespace())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_words_are_enough_to_be_found_again() {
        let long: String =
            ('a'..='z').cycle().zip(0..).map(|(c, n)| format!("{c}{n}")).take(99).collect();
        for (text, words) in [
            ("", ""),
            (" \n", ""),
            ("Hello", "Hello"),
            ("Hello the", "Hello the"),
            (
                "one two three four five six seven eight nine ten \n",
                "three four five six seven eight nine ten",
            ),
            ("a b c d e f g h i j k l m n o", "e f g h i j k l m n o"),
            (&long, &long[long.len() - 160..]),
        ] {
            assert_eq!(last_words(text), words, "{text:?}");
        }
    }

    #[test]
    fn words_that_were_said_before_are_quoted_with_what_is_before_them() {
        let zeros = format!("All of these are none: [{}", "0, ".repeat(30));
        let (few, many) = ("日本".repeat(200), "日本".repeat(600));
        for (text, words) in [
            (zeros.as_str(), zeros.get(23..).unwrap().trim_end()),
            ("na na na na na na na na na na na na", "na na na na na na na na na na na na"),
            (&few, &few),
            (&many, &many[..160 * "日".len()]),
        ] {
            assert_eq!(last_words(text), words, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn the_last_words_stand_nowhere_else(text in "[ab]{0,3}[ab ]{0,60}[abc ]{0,20}") {
            let all: Vec<char> = visible(&text).collect();
            let last: Vec<char> = visible(last_words(&text)).collect();
            prop_assert!(text.trim_end().ends_with(last_words(&text)));
            if !last.is_empty() {
                let places = all.windows(last.len()).filter(|window| **window == last).count();
                prop_assert_eq!(places, 1);
            }
        }
    }
}
