//! A provider's words without secrets, fit for a journal and a terminal.

/// The longest text that is kept, in characters.
const MAX_CHARS: usize = 500;

/// Stands where a secret stood.
const MASK: &str = "[redacted]";

/// What keys begin with. What follows is masked from the first character on.
const KEY_PREFIXES: [&str; 22] = [
    "sk-",
    "sk_",
    "pk-",
    "pk_",
    "rk_",
    "gsk_",
    "xai-",
    "aiza",
    "csk-",
    "fw_",
    "fw-",
    "hf_",
    "r8_",
    "nvapi-",
    "pplx-",
    "tgp_",
    "ghp_",
    "github_pat_",
    "akia",
    "asia",
    "ya29.",
    "eyj",
];

/// Removes what looks like a secret (keys, bearer tokens, long random words, addresses of people,
/// the query strings of URLs) and control characters, and cuts the rest at 500 characters.
#[must_use]
pub fn redact(words: &str) -> String {
    let mut out = String::new();
    let mut chars = 0;
    let mut is_credential = false;
    for word in Words(words) {
        let start = out.len();
        match word {
            Word::Gap(gap) => out.extend(gap.chars().map(visible)),
            Word::Text(text) if is_credential && text.len() >= 8 => out.push_str(MASK),
            Word::Text(text) => push_text(&mut out, text),
        }
        if let Word::Text(text) = word {
            is_credential = announces_credential(text);
        }
        chars += out.get(start..).map_or(0, |added| added.chars().count());
        if chars > MAX_CHARS {
            let end = out.char_indices().nth(MAX_CHARS - 1).map_or(out.len(), |(at, _)| at);
            out.truncate(end);
            out.push('…');
            break;
        }
    }
    out
}

/// A stretch of text without white space or quotes, or what stands between two.
#[derive(Clone, Copy)]
enum Word<'a> {
    Text(&'a str),
    Gap(&'a str),
}

struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let first = self.0.chars().next()?;
        let is_gap = separates(first);
        let end = self.0.find(|char| separates(char) != is_gap).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(if is_gap { Word::Gap(word) } else { Word::Text(word) })
    }
}

fn separates(char: char) -> bool {
    char.is_whitespace() || is_control(char) || "\"'`,;<>()[]{}|\\".contains(char)
}

fn visible(char: char) -> char {
    if is_control(char) || char.is_whitespace() { ' ' } else { char }
}

/// Also what changes the direction or the lines of the text around it, or cannot be seen.
fn is_control(char: char) -> bool {
    let is_format = matches!(char,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    char.is_control() || is_format
}

/// `Bearer`, `x-api-key:`, `api_key=`: a secret follows.
fn announces_credential(text: &str) -> bool {
    let text = text.trim_end_matches([':', '=']).to_ascii_lowercase();
    ["bearer", "basic", "api-key", "api_key", "apikey", "authorization", "password", "secret"]
        .iter()
        .any(|word| text.ends_with(word))
}

fn push_text(out: &mut String, text: &str) {
    let (text, query) = match text.find("://").and_then(|_| text.find('?')) {
        Some(at) => (text.get(..at).unwrap_or_default(), "?…"),
        None => (text, ""),
    };
    if is_address(text) {
        out.push_str(MASK);
    } else {
        push_runs(out, text);
    }
    out.push_str(query);
}

/// A mail address, or a URL with a user's name and password.
fn is_address(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let begins = |text: &str| text.starts_with(char::is_alphanumeric);
    !name.is_empty() && begins(host)
}

/// Runs of the characters keys are made of, and what stands between them.
fn push_runs(out: &mut String, text: &str) {
    let mut rest = text;
    let mut is_credential = false;
    while let Some(first) = rest.chars().next() {
        let is_run = is_key_char(first);
        let end = rest.find(|char| is_key_char(char) != is_run).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        if is_run && ((is_credential && run.len() >= 8) || is_secret(run)) {
            out.push_str(MASK);
        } else {
            out.push_str(run);
        }
        is_credential = if is_run { announces_credential(run) } else { is_credential };
    }
}

/// An asterisk is where a provider masked a part of a key itself; the rest is still the key's.
const fn is_key_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '+' | '/' | '.' | '*' | '~' | '…')
}

fn is_secret(run: &str) -> bool {
    let mut pieces = run.split(['/', '.']);
    let lower = run.to_ascii_lowercase();
    let is_key = |text: &str| {
        let rest = KEY_PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
        rest.is_some_and(|rest| rest.len() >= 4)
    };
    if is_key(&lower) || pieces.any(|piece| is_key(&piece.to_ascii_lowercase())) {
        return true;
    }
    if run.contains("**") {
        return true;
    }
    is_long_random(run)
}

/// Long, and not made of what names and paths are made of: words, and short things between them.
fn is_long_random(run: &str) -> bool {
    if run.len() < 24 {
        return false;
    }
    let mut words = 0;
    for piece in run.trim_matches(['-', '_', '/', '.']).split(['-', '_', '/', '.', '~', '+']) {
        if is_word(piece) {
            words += piece.len();
        } else if piece.is_empty() || !is_short(piece) {
            return true;
        }
    }
    words * 3 < run.len()
}

/// `claude`, `Instruct`, `GPTQ`, `Qwen3`.
fn is_word(piece: &str) -> bool {
    let letters = piece.trim_end_matches(|char: char| char.is_ascii_digit());
    let is_one_case = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_lowercase())
            || text.bytes().all(|byte| byte.is_ascii_uppercase())
    };
    let tail = letters.get(1..).unwrap_or_default();
    let has_vowel = letters.contains(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']);
    let is_long_enough = (4..=16).contains(&letters.len()) && piece.len() - letters.len() <= 3;
    is_long_enough && has_vowel && (is_one_case(letters) || is_one_case(tail))
}

/// `3`, `70B`, `20241022`.
fn is_short(piece: &str) -> bool {
    piece.len() <= 4 || (piece.len() <= 8 && piece.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
