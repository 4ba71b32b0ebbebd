//! Collecting problems while a text is checked.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use crate::tree::{Node, Place, Table, Value};
use crate::{Problem, Problems, Severity};

/// All problems found so far. Checks share it, so that none of them ends the others.
pub(crate) struct Report<'t> {
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
    /// Problems that were not kept.
    more: Cell<usize>,
}

/// More problems than this help nobody, and a broken text may have any number of them.
const MOST: usize = 200;

/// What a problem says.
#[derive(Debug)]
pub(crate) struct Words {
    message: String,
    hint: Option<String>,
}

/// Words without a hint.
pub(crate) fn say(message: impl Into<String>) -> Words {
    Words { message: message.into(), hint: None }
}

impl Words {
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

impl<'t> Report<'t> {
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { text, problems: RefCell::new(Vec::new()), more: Cell::new(0) }
    }

    pub(crate) fn add(&self, severity: Severity, place: Option<&Place>, path: &str, words: Words) {
        if self.problems.borrow().len() >= MOST {
            // An error must not get lost behind warnings.
            self.more.set(self.more.get() + usize::from(severity == Severity::Error));
            return;
        }
        let span = match place {
            Some(Place::Text(span)) => Some(span.clone()),
            Some(Place::Variable(_)) | None => None,
        };
        let path = if let Some(Place::Variable(name)) = place { name } else { path };
        let (line, column) = span.as_ref().map_or((0, 0), |span| self.position(span.start));
        let Words { message, hint } = words;
        let problem =
            Problem { path: path.to_owned(), line, column, span, message, hint, severity };
        let mut problems = self.problems.borrow_mut();
        // A policy table is checked by itself and under every route that inherits from it.
        let known = problems.iter().any(|other| {
            other.message == problem.message
                && other.span == problem.span
                && (problem.span.is_some() || other.path == problem.path)
        });
        if !known {
            problems.push(problem);
        }
    }

    pub(crate) fn syntax(&self, span: Option<Range<usize>>, message: &str) {
        let place = Place::Text(span.unwrap_or(0..0));
        let message = message.trim().trim_end_matches('.').replace('\n', "; ");
        self.add(Severity::Error, Some(&place), "", say(format!("no valid TOML: {message}")));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.more.get() > 0
            || self.problems.borrow().iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Whether an error was reported at this path or below it.
    fn has_error_below(&self, path: &str) -> bool {
        self.problems.borrow().iter().any(|problem| {
            problem.severity == Severity::Error
                && problem
                    .path
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// The problems in the order of the text; those from elsewhere come last.
    pub(crate) fn into_problems(self) -> Problems {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.span.as_ref().map_or(usize::MAX, |span| span.start));
        if self.more.get() > 0 {
            problems.push(Problem {
                path: "settings".to_owned(),
                line: 0,
                column: 0,
                span: None,
                message: format!("there are {} more errors", self.more.get()),
                hint: Some("they are shown when these are gone".to_owned()),
                severity: Severity::Error,
            });
        }
        Problems(problems)
    }

    /// Line and column, both from 1, columns in characters.
    pub(crate) fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A place in the tree, to check what stands there and to report on it.
#[derive(Clone)]
pub(crate) struct At<'a> {
    pub(crate) report: &'a Report<'a>,
    path: String,
    node: Option<&'a Node>,
    /// The key that leads here, or the nearest one above.
    key: Option<&'a Place>,
}

impl<'a> At<'a> {
    pub(crate) const fn root(report: &'a Report<'a>, root: &'a Node) -> Self {
        Self { report, path: String::new(), node: Some(root), key: None }
    }

    /// Below a key of this table.
    pub(crate) fn key(&self, key: &str) -> Self {
        let entry = self.table().and_then(|table| table.entry(key));
        Self {
            report: self.report,
            path: join(&self.path, key),
            node: entry.map(|entry| &entry.node),
            key: entry.map(|entry| &entry.place).or(self.key),
        }
    }

    /// An element of this list.
    pub(crate) fn index(&self, index: usize) -> Self {
        let list = match self.node.map(|node| &node.value) {
            Some(Value::List(list)) => list.as_slice(),
            _ => &[],
        };
        let node = list.get(index);
        Self {
            report: self.report,
            path: format!("{}[{index}]", self.path),
            node,
            key: node.map(|node| &node.place).or(self.key),
        }
    }

    /// Whether anything is written here.
    pub(crate) const fn is_written(&self) -> bool {
        self.node.is_some()
    }

    pub(crate) fn table(&self) -> Option<&'a Table> {
        self.node.and_then(Node::table)
    }

    /// Whether an error was reported here or below.
    pub(crate) fn has_errors_below(&self) -> bool {
        self.report.has_error_below(&self.path)
    }

    /// Whether something was written here and taken out because it was wrong.
    pub(crate) fn was_refused(&self) -> bool {
        self.node.is_none() && self.has_errors_below()
    }

    /// Whether it came from an environment variable.
    pub(crate) fn is_variable(&self) -> bool {
        matches!(self.node, Some(Node { place: Place::Variable(_), .. }))
    }

    pub(crate) fn error(&self, words: Words) {
        self.report.add(Severity::Error, self.place(), &self.path, words);
    }

    pub(crate) fn warn(&self, words: Words) {
        self.report.add(Severity::Warning, self.place(), &self.path, words);
    }

    /// The value if it is short, the key if the value is a table or missing.
    fn place(&self) -> Option<&Place> {
        match self.node {
            Some(node) if node.table().is_none() => Some(&node.place),
            _ => self.key,
        }
    }
}

/// A path and one more key, quoted where TOML would want it.
pub(crate) fn join(path: &str, key: &str) -> String {
    let bare =
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let key = if bare { key.to_owned() } else { format!("\"{}\"", key.escape_debug()) };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
