//! Examples of what was counted: the call behind a figure.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// A call that was counted.
#[derive(Clone, Debug)]
pub(super) struct Exemplar {
    call: Box<str>,
    value: f64,
    at: SystemTime,
}

impl Exemplar {
    pub(super) fn new(call: &str, value: f64) -> Self {
        Self { call: call.into(), value, at: SystemTime::now() }
    }

    /// As it stands behind a figure.
    pub(super) fn text(&self) -> String {
        let at = self.at.duration_since(UNIX_EPOCH).map_or(0.0, |at| at.as_secs_f64());
        format!(" # {{call_id=\"{}\"}} {} {at:.3}", self.call, self.value)
    }
}

/// Examples by the row they belong to: its name and labels, as they are written.
pub(super) type Rows = HashMap<String, String>;

/// Puts each example behind its row. The crate that writes the page takes examples only from
/// histograms of its own, which lock for each value.
pub(super) fn stamped(page: &str, rows: &Rows) -> String {
    let mut out = String::with_capacity(page.len() + rows.len() * 80);
    for line in page.split_inclusive('\n') {
        let row = line.rsplit_once(' ').and_then(|(row, _)| rows.get(row));
        match row {
            Some(exemplar) => {
                let _ = writeln!(out, "{}{exemplar}", line.trim_end());
            }
            None => out.push_str(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_stands_behind_its_row_and_no_other() {
        let rows = Rows::from([("a_bucket{le=\"1\"}".to_owned(), " # {} 1".to_owned())]);
        let page = "# TYPE a histogram\na_bucket{le=\"1\"} 3\na_bucket{le=\"2\"} 4\n# EOF\n";
        assert_eq!(
            stamped(page, &rows),
            "# TYPE a histogram\na_bucket{le=\"1\"} 3 # {} 1\na_bucket{le=\"2\"} 4\n# EOF\n"
        );
    }
}
