//! What a rendering is written on: how wide, in colour or not, and in whose time of day.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Whether a terminal that knows colour is on the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Text alone, for files and pipes.
    #[default]
    Plain,
    /// With colour.
    Colour,
}

/// What says nothing without the number before it.
const UNITS: [&str; 9] = ["%", "ms", "s", "min", "h", "d", "B", "KB", "MB"];

/// What a rendering is written on.
#[derive(Clone, Debug)]
pub struct Page {
    /// In colour or not.
    pub style: Style,
    /// Columns.
    pub width: usize,
    zone: TimeZone,
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// What it is about.
    Title,
    /// As it should be.
    Good,
    /// Broken.
    Bad,
    /// Worth a look.
    Odd,
    /// Beside the point.
    Aside,
}

impl Page {
    /// A page so many columns wide, with times of day in UTC.
    #[must_use]
    pub fn new(style: Style, width: u16) -> Self {
        Self { style, width: usize::from(width).max(40), zone: TimeZone::UTC }
    }

    /// The same page with times of day as the clock on the wall here shows them.
    #[must_use]
    pub fn local(self) -> Self {
        Self { zone: TimeZone::system(), ..self }
    }

    /// A text in a tone, if this page has colour.
    #[must_use]
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        if self.style == Style::Plain || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Title => "1",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Odd => "33",
            Tone::Aside => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A day and a time of day.
    #[must_use]
    pub fn date(&self, unix_ms: i64) -> String {
        self.strftime(unix_ms, "%Y-%m-%d %H:%M:%S %Z")
    }

    /// A time of day.
    #[must_use]
    pub fn clock(&self, unix_ms: i64) -> String {
        self.strftime(unix_ms, "%H:%M:%S")
    }

    /// A day and a time of day, short.
    #[must_use]
    pub fn day_clock(&self, unix_ms: i64) -> String {
        self.strftime(unix_ms, "%m-%d %H:%M:%S")
    }

    /// An hour and a minute.
    #[must_use]
    pub fn minute(&self, unix_ms: i64) -> String {
        self.strftime(unix_ms, "%H:%M")
    }

    /// A day, an hour and a minute.
    #[must_use]
    pub fn day_minute(&self, unix_ms: i64) -> String {
        self.strftime(unix_ms, "%m-%d %H:%M")
    }

    fn strftime(&self, unix_ms: i64, format: &str) -> String {
        Timestamp::from_millisecond(unix_ms).map_or_else(
            |_| "?".to_owned(),
            |at| at.to_zoned_datetime(self.zone.clone()).strftime(format).to_string(),
        )
    }

    /// Facts in a row, broken between them alone.
    #[must_use]
    pub fn wrap_facts(&self, facts: &[String], indent: usize) -> Vec<String> {
        let whole: Vec<_> = facts.iter().map(|fact| fact.replace(' ', "\u{a0}")).collect();
        let lines = self.wrap(&whole.join("\u{a0}· "), indent);
        lines.iter().map(|line| line.replace('\u{a0}', " ")).collect()
    }

    /// Breaks a sentence into lines that fit beside an indent.
    #[must_use]
    pub fn wrap(&self, text: &str, indent: usize) -> Vec<String> {
        let room = self.width.saturating_sub(indent).max(20);
        let mut lines: Vec<String> = Vec::new();
        for word in words(text).into_iter().flat_map(|word| pieces(word, room)) {
            match lines.last_mut() {
                Some(line) if columns(line) + 1 + columns(word) <= room => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }
}

/// The words of a text; a number and its unit are one.
fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    let (mut start, mut end) = (0, 0);
    for (place, word) in text.split(' ').enumerate() {
        let number = text[start..end].ends_with(|last: char| last.is_ascii_digit());
        let is_unit = number && UNITS.contains(&word.trim_end_matches([',', ';', ':', '.', ')']));
        let from = if place == 0 { 0 } else { end + 1 };
        end = from + word.len();
        if is_unit {
            words.pop();
        } else {
            start = from;
        }
        words.push(&text[start..end]);
    }
    words
}

/// A word, cut into pieces if it is longer than a line.
fn pieces(mut word: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    while columns(word) > room {
        // Half as many characters fit even if each takes two columns.
        let (piece, rest) = word.split_at(word.char_indices().nth(room / 2).map_or(1, |at| at.0));
        pieces.push(piece);
        word = rest;
    }
    pieces.push(word);
    pieces
}

/// A text in no more columns than these; its middle is left out first.
#[must_use]
pub fn shorten(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let kept = room.saturating_sub(1);
    let head = &text[..fitting(text.chars(), kept / 2)];
    let tail = &text[text.len() - fitting(text.chars().rev(), kept - kept / 2)..];
    format!("{head}…{tail}")
}

/// Bytes of the first characters that fit into so many columns.
fn fitting(characters: impl Iterator<Item = char>, room: usize) -> usize {
    let (mut taken, mut bytes) = (0, 0);
    for character in characters {
        taken += width(character);
        if taken > room {
            break;
        }
        bytes += character.len_utf8();
    }
    bytes
}

/// How many columns a text takes, near enough: wide scripts take two each.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

const fn width(character: char) -> usize {
    match character {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// A duration with the digits that matter.
#[must_use]
pub fn span(ms: f64) -> String {
    match ms {
        ms if ms <= 0.0 => "0 ms".to_owned(),
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms if ms < 10_000.0 => format!("{:.2} s", ms / 1_000.0),
        ms if ms < 120_000.0 => format!("{:.1} s", ms / 1_000.0),
        ms if ms < 7_200_000.0 => format!("{:.0} min", ms / 60_000.0),
        ms if ms < 172_800_000.0 => format!("{:.1} h", ms / 3_600_000.0),
        ms => format!("{:.0} d", ms / 86_400_000.0),
    }
}

/// A duration in as few columns as can be.
#[must_use]
pub fn brief(ms: f64) -> String {
    match ms {
        ms if ms < 999.5 => format!("{ms:.0}ms"),
        ms if ms < 9_950.0 => format!("{:.1}s", ms / 1_000.0),
        ms if ms < 600_000.0 => format!("{:.0}s", ms / 1_000.0),
        ms => format!("{:.0}min", ms / 60_000.0),
    }
}

/// An amount in billionths of a US dollar with the digits that matter.
pub(crate) fn dollars(nanos: u64) -> String {
    match nanos as f64 / 1e9 {
        none if none <= 0.0 => "$0".to_owned(),
        tiny if tiny < 0.001 => format!("${tiny:.6}"),
        small if small < 1.0 => format!("${small:.4}"),
        much => format!("${much:.2}"),
    }
}

/// A size in bytes with the digits that matter.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes < 1_000.0 => format!("{bytes} B"),
        bytes if bytes < 1_000_000.0 => format!("{:.1} KB", bytes / 1e3),
        bytes => format!("{:.1} MB", bytes / 1e6),
    }
}

/// A count with its thousands apart.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share as people read it; never rounded up to all.
#[must_use]
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        all if all >= 100.0 => "100 %".to_owned(),
        part if part > 99.9 => format!("{:.3} %", (part * 1_000.0).floor() / 1_000.0),
        part => format!("{:.1} %", (part * 10.0).floor() / 10.0),
    }
}

/// A moment as machines read it.
#[must_use]
pub fn rfc3339(unix_ms: i64) -> String {
    Timestamp::from_millisecond(unix_ms).map_or_else(|_| String::new(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_with_the_digits_that_matter() {
        for (ms, said) in [
            (0.0, "0 ms"),
            (0.42, "0.4 ms"),
            (412.3, "412 ms"),
            (3_214.0, "3.21 s"),
            (65_000.0, "65.0 s"),
            (300_000.0, "5 min"),
        ] {
            assert_eq!(span(ms), said);
        }
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(size(4_213), "4.2 KB");
        assert_eq!(percent(0.999_999_9), "99.999 %");
        assert_eq!(percent(0.876_54), "87.6 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(rfc3339(1_795_442_523_000), "2026-11-23T14:02:03Z");
    }

    #[test]
    fn what_has_little_room_keeps_its_ends() {
        assert_eq!(shorten("anthropic/claude-sonnet", 9), "anth…nnet");
        assert_eq!(shorten("short", 5), "short");
        assert_eq!(shorten("日本語/モデル", 8), "日…デル", "wide letters take two columns");
        assert_eq!(shorten("日本", 1), "…");
        for (ms, said) in [(12.4, "12ms"), (999.9, "1.0s"), (1_400.0, "1.4s"), (61_000.0, "61s")] {
            assert_eq!(brief(ms), said);
        }
    }

    #[test]
    fn sentences_break_at_blanks_and_long_words_inside() {
        let page = Page::new(Style::Plain, 40);
        let lines = page.wrap(&format!("one two {} three", "x".repeat(50)), 10);
        assert!(lines.iter().all(|line| columns(line) <= 30), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', "").len(), 3 + 3 + 50 + 5);
    }

    #[test]
    fn a_number_stays_with_its_unit() {
        let page = Page::new(Style::Plain, 40);
        let said = "of 212 calls 97.5 % came late, after 10.0 s and (at worst) 3 min; 2 in 5 min";
        for indent in 0..20 {
            let lines = page.wrap(said, indent);
            assert_eq!(lines.join(" "), said);
            let parted =
                |line: &&String| ["%", "s ", "min"].iter().any(|unit| line.starts_with(unit));
            assert_eq!(lines.iter().find(parted), None, "{lines:?}");
        }
    }
}
