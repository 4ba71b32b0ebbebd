//! "Did you mean …?"

/// The candidate that differs from `word` in the fewest letters, if it is few enough.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word: Vec<char> = word.chars().take(64).flat_map(char::to_lowercase).collect();
    let allowed = (word.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A hint with the nearest candidate, or with all of them.
pub(crate) fn suggest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str> + Clone,
    what: &str,
) -> Option<String> {
    if let Some(near) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<String> = candidates.into_iter().map(|name| format!("`{name}`")).collect();
    if all.is_empty() { None } else { Some(format!("{what}: {}", all.join(", "))) }
}

/// Letters to insert, remove or change, two neighbours swapped counting once.
fn distance(word: &[char], candidate: &str) -> usize {
    let other: Vec<char> = candidate.chars().take(64).flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, &a) in word.iter().enumerate() {
        let mut here = vec![row + 1];
        for (column, &b) in other.iter().enumerate() {
            let changed = above[column] + usize::from(a != b);
            let mut best = changed.min(above[column + 1] + 1).min(here[column] + 1);
            let swapped = row > 0 && column > 0 && a == other[column - 1] && word[row - 1] == b;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            here.push(best);
        }
        before = std::mem::replace(&mut above, here);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typos_are_seen_and_strangers_are_not() {
        let keys = ["max_attempts", "backoff", "base_throttled"];
        for (word, expected) in [
            ("max_attemps", Some("max_attempts")),
            ("max_atempts", Some("max_attempts")),
            ("bakcoff", Some("backoff")),
            ("Backoff", Some("backoff")),
            ("deadline", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
    }
}
