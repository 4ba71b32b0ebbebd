//! Problems as a person reads them: the line, a caret, a hint.

use std::fmt::Write as _;

use crate::mask::masked;
use crate::{Problem, Problems, Severity};

/// Characters of a line that are shown; the caret's surroundings are kept.
const WIDTH: usize = 100;

impl Problems {
    /// All problems with the lines of `text` they are about, secrets masked; `name` is
    /// what the text is called.
    #[must_use]
    pub fn render(&self, name: &str, text: &str) -> String {
        let shown = masked(text);
        let render = |problem| render_one(problem, name, (text, &shown));
        let blocks: Vec<String> = self.0.iter().map(render).collect();
        blocks.join("\n")
    }

    /// How many are errors, and how many warnings.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let errors = self.0.iter().filter(|problem| problem.severity == Severity::Error).count();
        (errors, self.0.len() - errors)
    }
}

fn render_one(problem: &Problem, name: &str, (text, shown): (&str, &str)) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}", problem.severity.as_str(), printable(&problem.message));
    let line = shown.lines().nth(problem.line.wrapping_sub(1));
    let margin = problem.line.to_string().len();
    match (&problem.span, line) {
        (Some(span), Some(line)) => {
            let column = problem.column - 1;
            let marked = text.get(span.clone()).unwrap_or_default();
            let marked = marked.lines().next().unwrap_or_default().chars().count().max(1);
            let (shown, before, width) = window(line, column, marked);
            let _ = writeln!(out, "{:margin$}--> {name}:{}:{}", "", problem.line, problem.column);
            let _ = writeln!(out, "{:margin$} |", "");
            let _ = writeln!(out, "{} | {shown}", problem.line);
            let _ = writeln!(out, "{:margin$} | {before}{}", "", "^".repeat(width));
        }
        (Some(_), None) if problem.line > 0 => {
            let _ = writeln!(out, "{:margin$}--> {name}:{}:{}", "", problem.line, problem.column);
        }
        _ => {
            let _ = writeln!(out, "{:margin$}--> {}", "", printable(&problem.path));
        }
    }
    if let Some(hint) = &problem.hint {
        let _ = writeln!(out, "{:margin$} = hint: {}", "", printable(hint));
    }
    out
}

/// The part of a line around the mark, what stands before the mark as spaces, and its width.
fn window(line: &str, column: usize, marked: usize) -> (String, String, usize) {
    let skip = if column + marked.min(20) > WIDTH { column.saturating_sub(WIDTH / 2) } else { 0 };
    let shown: String = line.chars().skip(skip).take(WIDTH).map(visible).collect();
    let dots = if skip > 0 { "…" } else { "" };
    let before = " ".repeat(dots.chars().count() + column - skip);
    let room = shown.chars().count().saturating_sub(column - skip).max(1);
    (format!("{dots}{}", shown.trim_end()), before, marked.min(room))
}

fn printable(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// One column for each character, and nothing a terminal would obey.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}
