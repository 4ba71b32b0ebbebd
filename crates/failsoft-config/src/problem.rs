//! What is wrong with settings, where, and what to do about it.

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It cannot run like this.
    Error,
    /// It can, and may surprise.
    Warning,
}

impl Severity {
    /// The stable name used in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the settings, e.g. `routes.assistant.tiers[1][0]`.
    pub path: String,
    /// Line, from 1; 0 when it is not from the text.
    pub line: usize,
    /// Column, from 1; 0 when it is not from the text.
    pub column: usize,
    /// Bytes from the start of the text that the caret marks.
    pub span: Option<std::ops::Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// How bad it is.
    pub severity: Severity,
}

/// All that is wrong with a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            write!(f, "{}: ", problem.severity.as_str())?;
            if problem.line > 0 {
                write!(f, "line {}: ", problem.line)?;
            }
            if !problem.path.is_empty() {
                write!(f, "{}: ", problem.path)?;
            }
            f.write_str(&problem.message)?;
            match &problem.hint {
                Some(hint) => writeln!(f, " ({hint})")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
