//! Durations as people write them: `15ms`, `2s`, `1m`.

use std::time::Duration;

/// Reads `15ms`, `2s`, `1.5s`, `1m`.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// Writes what [`parse`] reads.
pub(crate) fn show(span: Duration) -> String {
    let millis = span.as_millis();
    if millis.is_multiple_of(1000) { format!("{}s", millis / 1000) } else { format!("{millis}ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written_alike() {
        for text in ["15ms", "2s", "1500ms", "0s"] {
            assert_eq!(parse(text).map(show).as_deref(), Some(text));
        }
        assert_eq!(parse("1m"), Some(Duration::from_secs(60)));
        assert_eq!(parse("1.5s"), Some(Duration::from_millis(1500)));
        for wrong in ["", "5", "ms", "-1s", "5h", "1 s", "nans", "1e400s"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
