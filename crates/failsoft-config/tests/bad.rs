//! Texts that cannot run, and all that is said of them.
//!
//! Each file of `tests/bad` has its expected output beside it. With `FAILSOFT_BLESS` set, the
//! files are written anew; read them before they are kept.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on says why")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use failsoft_config::{Problems, Severity, load};

fn texts() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir("tests/bad")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    assert!(files.len() > 30, "the texts are gone");
    files
}

/// Variables stand in the text's head: `# env: NAME=value`.
fn env(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# env: ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn problems(file: &Path) -> (String, Problems) {
    let text = std::fs::read_to_string(file).unwrap();
    match load(&text, Path::new("tests/bad"), &env(&text)) {
        Ok(settings) => panic!("{} has no errors: {:?}", file.display(), settings.warnings),
        Err(problems) => (text, problems),
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_line_and_a_hint() {
    let mut differing = Vec::new();
    for file in texts() {
        let (text, problems) = problems(&file);
        let name = file.file_name().unwrap().to_string_lossy();
        let told = problems.render(&name, &text);
        let expected = file.with_extension("txt");
        if std::env::var_os("FAILSOFT_BLESS").is_some() {
            std::fs::write(&expected, &told).unwrap();
        }
        if std::fs::read_to_string(&expected).unwrap_or_default() != told {
            differing.push(format!("{name}:\n{told}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn every_problem_has_a_path_and_words_in_house_style() {
    for file in texts() {
        let (text, problems) = problems(&file);
        assert!(problems.0.iter().any(|problem| problem.severity == Severity::Error));
        for problem in &problems.0 {
            let words = &problem.message;
            assert!(!words.ends_with('.') && !words.contains('\n'), "{words}");
            assert!(!words.starts_with(char::is_uppercase), "{words}");
            let Some(span) = &problem.span else {
                assert!(!problem.path.is_empty(), "{problem:?}");
                continue;
            };
            assert!(text.get(span.clone()).is_some(), "{problem:?}");
            assert!(problem.line > 0 && problem.column > 0, "{problem:?}");
        }
    }
}

#[test]
fn keys_stand_in_no_words() {
    for (file, secrets) in
        [("literal_key", ["sk-one", "sk two"]), ("alerts", ["canary", "tooshort"])]
    {
        let (text, problems) = problems(&Path::new("tests/bad").join(file).with_extension("toml"));
        let told = format!("{problems} {problems:?} {}", problems.render(file, &text));
        let quoted = told.replace("# env: SHORT=tooshort", "");
        assert!(secrets.iter().all(|secret| !quoted.contains(secret)), "{told}");
    }
}
