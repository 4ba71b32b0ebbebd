//! The Rust tests of all crates, with the documentation's examples.

use crate::suite::Report;
use crate::tally::Tally;
use crate::{Done, command, postgres};

/// Runs `cargo test`, and counts tests that say they skipped themselves as skipped. What a crowd
/// measured is shown.
pub(crate) fn run() -> Done<Report> {
    let missing = postgres::provide();
    let arguments = ["test", "--workspace", "--no-fail-fast", "--", "--show-output"];
    let ran = command::run("rust tests", &mut command::cargo(&arguments))?;
    let (tally, mut skipped) = Tally::of_libtest(&ran.lines);
    skipped.extend(missing);
    for line in ran.lines.iter().filter(|line| line.starts_with("crowd ")) {
        println!("    {line}");
    }
    if !ran.well {
        for line in failures(&ran.lines) {
            println!("    | {line}");
        }
        println!("    see {}", ran.log.display());
    }
    Ok(Report { tally: tally.and_ended(ran.well), skipped })
}

/// What failing tests said: from each `failures:` to its result line. Without one (it did not
/// compile) the last lines.
fn failures(lines: &[String]) -> Vec<&str> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in lines {
        if line == "failures:" {
            inside = true;
        }
        if inside {
            found.push(line.as_str());
        }
        if line.starts_with("test result: ") {
            inside = false;
        }
    }
    if found.is_empty() {
        let start = lines.len().saturating_sub(60);
        found = lines[start..].iter().map(String::as_str).collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn only_what_failing_tests_said_is_shown() {
        let text = "test a ... ok\nsuccesses:\nfine\nfailures:\n---- b stdout ----\noops\n\
                    test result: FAILED. 1 passed; 1 failed\ntest c ... ok";
        let shown = lines(text);
        let shown = failures(&shown);
        assert_eq!(shown.first(), Some(&"failures:"));
        assert!(shown.contains(&"oops") && !shown.contains(&"fine"));
        assert_eq!(shown.len(), 4);
    }

    #[test]
    fn what_does_not_compile_shows_its_end() {
        assert_eq!(failures(&lines("error: no\nerror: could not compile")).len(), 2);
    }
}
