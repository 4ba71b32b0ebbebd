//! What a healthy model says: always the same sixty words, some of them not ASCII.

/// The answer of every healthy model, unless a scenario says otherwise.
pub const WORDS: &str = "Good systems bend before they break. When one road is closed, a careful \
guide already knows the next, walks it without fuss, and arrives with everything still in hand. \
Nobody at the café notices the détour; the naïve traveller only tastes the coffee, 温かい and \
strong, and wonders why anyone would ever worry about roads, weather, bridges, or the night.";

/// A text as the pieces a model streams: words, each with the space before it.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    text.split(' ')
        .enumerate()
        .map(|(n, word)| if n == 0 { word.to_owned() } else { format!(" {word}") })
        .filter(|token| !token.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_has_sixty_words_and_its_tokens_join_to_it() {
        assert_eq!(tokens(WORDS).len(), 60);
        assert_eq!(tokens(WORDS).concat(), WORDS);
        assert_eq!(tokens(" a  b "), [" a", " ", " b", " "]);
    }
}
