//! The seam alone.

use proptest::prelude::*;

use super::{Misfit, Seam};

/// What a seam makes of a continuation that comes in these pieces, and of its end.
fn joined(mut seam: Seam, text: &str, pieces: &[&str]) -> Result<String, Misfit> {
    let mut new = String::new();
    pieces.iter().try_for_each(|piece| seam.push(text, piece, &mut new))?;
    seam.end(text, &mut new)?;
    assert!(seam.is_settled());
    Ok(new)
}

/// The same, however the continuation is cut in two, and by characters.
fn all(seam: impl Fn() -> Seam, text: &str, came: &str) -> Result<String, Misfit> {
    let whole = joined(seam(), text, &[came]);
    for at in (0..=came.len()).filter(|at| came.is_char_boundary(*at)) {
        let (one, other) = came.split_at(at);
        assert_eq!(joined(seam(), text, &[one, other]), whole, "{came:?} cut at {at}");
    }
    let mut characters = [0; 4];
    let mut split = seam();
    let mut new = String::new();
    let taken = came
        .chars()
        .try_for_each(|char| split.push(text, char.encode_utf8(&mut characters), &mut new))
        .and_then(|()| split.end(text, &mut new));
    assert_eq!(taken.map(|()| new), whole, "{came:?} by characters");
    whole
}

const TEXT: &str = "The quick brown fox jumps over the lazy dog, and";

#[test]
fn a_prefill_is_gone_on_with_by_what_follows_it() {
    let prefill = |text: &str, came: &str| all(|| Seam::prefill(text, false), text, came);
    for (text, came, new) in [
        (TEXT, " runs away.", " runs away."),
        (TEXT, "roid.", "roid."),
        // The prefill ended before its white space.
        ("He said: ", " yes", "yes"),
        ("He said: ", "yes", "yes"),
        ("He said:\n", "\n\nyes", "\nyes"),
        ("He said:\n\n", "\nyes", "yes"),
        ("He said: \n", "\n\nyes", "\nyes"),
        ("日本", "語 です", "語 です"),
        // Nothing was to be added.
        (TEXT, "", ""),
        (TEXT, " \n", " \n"),
        // The whole once more.
        (TEXT, "The quick brown fox jumps over the lazy dog, and on", " on"),
        (TEXT, "\nThe  quick brown fox\njumps over the lazy dog,and on", " on"),
        (TEXT, TEXT, ""),
        // It only begins like it.
        (TEXT, "The quick end.", "The quick end."),
        (TEXT, "The quick", "The quick"),
        ("Too short.", "Too short. Yes.", "Too short. Yes."),
    ] {
        assert_eq!(prefill(text, came).as_deref(), Ok(new), "{text:?} then {came:?}");
    }
    for came in
        ["The quick brown fox jumps over another dog, and", "The quick brown fox jumps over"]
    {
        assert_eq!(prefill(TEXT, came), Err(Misfit), "{came:?}");
    }
}

#[test]
fn a_prefill_that_is_known_to_come_again_must() {
    let echo = |text: &str, came: &str| all(|| Seam::prefill(text, true), text, came);
    assert_eq!(echo("Short. ", "Short. Yes.").as_deref(), Ok("Yes."));
    assert_eq!(echo("Short.", "Short. Yes.").as_deref(), Ok(" Yes."));
    assert_eq!(echo("Short.", "").as_deref(), Ok(""));
    assert_eq!(echo("Short.", "Sho"), Err(Misfit));
    assert_eq!(echo("Short.", " Yes."), Err(Misfit));
}

#[test]
fn who_was_asked_to_repeat_the_last_words_must() {
    let asked = |came: &str| all(|| Seam::asked("lazy dog, and"), TEXT, came);
    for (came, new) in [
        ("lazy dog, and runs", " runs"),
        ("\n\nlazy dog, andiron", "iron"),
        ("over the lazy\ndog,  and runs", " runs"),
        ("x jumps over the lazy dog, and", ""),
        ("The quick brown fox jumps over the lazy dog, and runs", " runs"),
    ] {
        assert_eq!(asked(came).as_deref(), Ok(new), "{came:?}");
    }
    for came in [
        "",
        " ",
        "runs away.",
        "dog, and runs",
        "Sure, continuing: lazy dog, and runs",
        "\"lazy dog, and runs",
        "lazy dog, but",
        "The quick brown fox jumps over another dog, and",
        "The quick brown fox",
        "quick brown",
    ] {
        assert_eq!(asked(came), Err(Misfit), "{came:?}");
    }
}

#[test]
fn what_does_not_fit_is_seen_at_once() {
    let mut new = String::new();
    let mut seam = Seam::asked("lazy dog, and");
    assert_eq!(seam.push(TEXT, "Sure", &mut new), Err(Misfit));
    let mut seam = Seam::asked("lazy dog, and");
    assert_eq!(seam.push(TEXT, "lazy dog, and", &mut new), Ok(()));
    assert_eq!(seam.push(TEXT, " r", &mut new), Ok(()));
    assert_eq!((new.as_str(), seam.held()), (" r", 0), "and what fits goes out at once");
}

#[test]
fn of_text_that_repeats_itself_the_longest_reading_counts() {
    let text = "ha ha ha ha ha ha ha ha ha ha";
    let asked = |came: &str| all(|| Seam::asked("ha ha ha ha"), text, came);
    assert_eq!(asked("ha ha ha ha ha ho").as_deref(), Ok(" ho"));
    assert_eq!(asked("ha ha ha ha ha ha ha ha ha ha ha ho").as_deref(), Ok(" ha ho"));
    assert_eq!(asked("ha ha ho"), Err(Misfit));
}

#[test]
fn a_long_text_costs_what_is_matched() {
    let text = "ab".repeat(100_000) + "c";
    let mut seam = Seam::asked("abababc");
    let mut new = String::new();
    // Everything from near the beginning: each character of it is looked at a few times at most.
    for piece in text.as_bytes()[2..].chunks(10) {
        seam.push(&text, std::str::from_utf8(piece).unwrap(), &mut new).unwrap();
    }
    seam.push(&text, "!", &mut new).unwrap();
    assert_eq!(new, "!");
}

/// The end of the text that is searched for by trying.
fn longest(text: &str, came: &str) -> usize {
    let visible =
        |text: &str| -> Vec<char> { text.chars().filter(|char| !char.is_whitespace()).collect() };
    let (text, came) = (visible(text), visible(came));
    let lengths = (0..=text.len().min(came.len())).rev();
    lengths.into_iter().find(|length| text[text.len() - length..] == came[..*length]).unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn the_longest_end_is_found(
        text in "[ab ]{1,30}",
        came in "[ab ]{0,30}",
        least in 1..4_usize,
        cut in 0..30_usize,
    ) {
        let anchor = "a".repeat(least);
        let cut = cut.min(came.len());
        let found = joined(Seam::asked(&anchor), &text, &[&came[..cut], &came[cut..]]);
        let length = longest(&text, &came);
        if length < least {
            prop_assert_eq!(found, Err(Misfit));
        } else {
            let after: String = came.chars().filter(|char| *char != ' ').skip(length).collect();
            let new: String = found.unwrap().chars().filter(|char| *char != ' ').collect();
            prop_assert_eq!(new, after);
        }
    }
}
