//! Counting what passed, failed and was skipped, in every runner's own words.

use std::fmt;

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    pub(crate) const PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    pub(crate) const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };
    pub(crate) const SKIPPED: Self = Self { passed: 0, failed: 0, skipped: 1 };

    /// A run that says it went wrong has at least one failure, whatever could be counted.
    pub(crate) fn and_ended(mut self, well: bool) -> Self {
        if !well && self.failed == 0 {
            self.failed = 1;
        }
        self
    }

    /// From libtest: its result lines, and `skipped: …` as the first words of a passing test's
    /// output (shown by `--show-output`).
    pub(crate) fn of_libtest(lines: &[String]) -> (Self, Vec<String>) {
        let mut tally = Self::default();
        let mut reasons = Vec::new();
        let mut test = None;
        let mut children = 0;
        for line in lines {
            // Another test runs these in a process of their own, and counts.
            children += usize::from(line.contains(" ... ignored, run by `"));
            if let Some(result) = line.strip_prefix("test result: ") {
                tally.passed += number_before(result, " passed");
                tally.failed += number_before(result, " failed");
                tally.skipped += number_before(result, " ignored");
                test = None;
            } else if let Some(name) = section(line) {
                test = Some(name);
            } else if let (Some(reason), Some(name)) = (line.strip_prefix("skipped: "), test) {
                reasons.push(format!("{name}: {reason}"));
                test = None;
            }
        }
        tally.passed = tally.passed.saturating_sub(reasons.len());
        tally.skipped = tally.skipped.saturating_sub(children) + reasons.len();
        (tally, reasons)
    }

    /// From pytest's last line, e.g. `= 2 failed, 31 passed, 1 skipped in 40.03s =`.
    pub(crate) fn of_pytest(lines: &[String]) -> Self {
        let Some(line) = lines.iter().rev().find(|line| line.contains(" in ") && counts(line))
        else {
            return Self::default();
        };
        Self {
            passed: number_before(line, " passed"),
            failed: number_before(line, " failed") + number_before(line, " error"),
            skipped: number_before(line, " skipped"),
        }
    }

    /// From `node --test` with the TAP reporter: `# pass 12`.
    pub(crate) fn of_tap(lines: &[String]) -> Self {
        let value = |key: &str| {
            lines
                .iter()
                .rev()
                .find_map(|line| line.strip_prefix(key)?.trim().parse().ok())
                .unwrap_or(0)
        };
        Self {
            passed: value("# pass "),
            failed: value("# fail ") + value("# cancelled "),
            skipped: value("# skipped ") + value("# todo "),
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

fn counts(line: &str) -> bool {
    [" passed", " failed", " error", " skipped"].iter().any(|word| line.contains(word))
}

/// The number that stands right before `word`; 0 when there is none.
fn number_before(text: &str, word: &str) -> usize {
    let Some(at) = text.find(word) else { return 0 };
    let head = &text[..at];
    let start = head.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    head[start..].parse().unwrap_or(0)
}

/// `---- NAME stdout ----`
fn section(line: &str) -> Option<&str> {
    line.strip_prefix("---- ")?.strip_suffix(" stdout ----")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn libtest_results_add_up_over_binaries() {
        let text = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                    test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured";
        let (tally, reasons) = Tally::of_libtest(&lines(text));
        assert_eq!(tally, Tally { passed: 15, failed: 2, skipped: 1 });
        assert!(reasons.is_empty());
    }

    #[test]
    fn a_test_that_says_skipped_is_no_pass() {
        let text = "---- table::every_row stdout ----\nskipped: no recordings here\nskipped: more\n\
                    ---- table::other stdout ----\nfine\n\
                    test result: ok. 5 passed; 0 failed; 0 ignored";
        let (tally, reasons) = Tally::of_libtest(&lines(text));
        assert_eq!(tally, Tally { passed: 4, failed: 0, skipped: 1 });
        assert_eq!(reasons, ["table::every_row: no recordings here"]);
    }

    #[test]
    fn the_body_of_a_child_process_is_not_skipped() {
        let text = "test child ... ignored, run by `parent`\ntest other ... ignored\n\
                    test result: ok. 1 passed; 0 failed; 2 ignored";
        let (tally, _) = Tally::of_libtest(&lines(text));
        assert_eq!(tally, Tally { passed: 1, failed: 0, skipped: 1 });
    }

    #[test]
    fn pytest_errors_count_as_failures() {
        let text = "FAILED test_a.py::x - assert 1 in 2\n= 2 failed, 31 passed, 1 skipped, 1 error in 4.0s =";
        let tally = Tally::of_pytest(&lines(text));
        assert_eq!(tally, Tally { passed: 31, failed: 3, skipped: 1 });
    }

    #[test]
    fn tap_is_read_from_its_closing_lines() {
        let text =
            "# pass 1\nok 1 - inner\n# tests 9\n# pass 7\n# fail 1\n# cancelled 1\n# skipped 0";
        let tally = Tally::of_tap(&lines(text));
        assert_eq!(tally, Tally { passed: 7, failed: 2, skipped: 0 });
    }

    #[test]
    fn a_run_that_crashed_before_counting_is_a_failure() {
        assert_eq!(Tally::default().and_ended(false), Tally::FAILED);
        assert_eq!(Tally::FAILED.and_ended(false), Tally::FAILED);
        assert_eq!(Tally::PASSED.and_ended(true), Tally::PASSED);
    }

    #[test]
    fn the_closing_line_has_one_form() {
        let tally = Tally { passed: 123, failed: 0, skipped: 2 };
        assert_eq!(tally.to_string(), "123 passed, 0 failed, 2 skipped");
    }
}
