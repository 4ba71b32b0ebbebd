//! The commands around settings, as a user runs them.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on says why")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

/// The command in this folder, with nothing in its environment but these.
fn failsoft(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_failsoft"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

const GOOD: &str =
    "[providers.openai]\napi_key = { env = \"KEY\" }\n[routes.a]\ntiers = [[\"openai/x\"]]\n";
const KEY: &[(&str, &str)] = &[("KEY", "sk-canary")];

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("failsoft.toml"), text).unwrap();
    folder
}

#[test]
fn check_tells_problems_and_shows_routes() {
    let folder = folder(GOOD);
    let good = failsoft(folder.path(), &["check"], KEY);
    assert_eq!((code(&good), err(&good).trim()), (0, "failsoft.toml: good"));
    assert!(out(&good).contains("tier 1  openai/x\n"), "{}", out(&good));
    let bad = failsoft(folder.path(), &["check", "failsoft.toml"], &[("KEYS", "x")]);
    assert_eq!((code(&bad), out(&bad)), (2, String::new()));
    let told = err(&bad);
    assert!(told.contains("failsoft.toml:2:19"), "{told}");
    assert!(told.contains("did you mean `KEYS`?"), "{told}");
    let named = [KEY, &[("FAILSOFT_CONFIG", "failsoft.toml")]].concat();
    assert_eq!(code(&failsoft(folder.path(), &["check"], &named)), 0);
    let missing = [("FAILSOFT_CONFIG", "elsewhere.toml")];
    assert_eq!(code(&failsoft(folder.path(), &["check"], &missing)), 2);
}

#[test]
fn check_prints_one_document_whatever_happens() {
    let folder = folder(GOOD);
    let good = json(&failsoft(folder.path(), &["check", "--json"], KEY));
    assert_eq!(good["ok"], true);
    assert_eq!(good["problems"], Json::Array(Vec::new()));
    assert_eq!(good["routes"][0]["tiers"][0][0]["target"], "openai/x");
    let output = failsoft(folder.path(), &["check", "--json"], &[]);
    assert_eq!(code(&output), 2);
    let bad = json(&output);
    assert_eq!((&bad["ok"], &bad["problems"][0]["line"]), (&false.into(), &2.into()));
    for key in ["path", "line", "column", "message", "hint", "severity"] {
        assert!(bad["problems"][0].get(key).is_some(), "{key}");
    }
    for (arguments, path) in [
        (["check", "--json", "missing.toml"].as_slice(), folder.path()),
        (&["check", "--json"], Path::new("/")),
    ] {
        let document = json(&failsoft(path, arguments, &[]));
        assert_eq!(
            (&document["ok"], document["problems"].as_array().unwrap().len()),
            (&false.into(), 1)
        );
    }
}

#[test]
fn init_writes_a_file_that_check_finds_good() {
    let folder = tempfile::tempdir().unwrap();
    let key = [("OPENAI_API_KEY", "sk-canary"), ("ANTHROPIC_API_KEY", "sk-canary")];
    let made = failsoft(folder.path(), &["init"], &key);
    assert_eq!((code(&made), out(&made)), (0, String::new()));
    let text = std::fs::read_to_string(folder.path().join("failsoft.toml")).unwrap();
    assert!(text.contains("[providers.openai]\n") && !text.contains("canary"), "{text}");
    let checked = failsoft(folder.path(), &["check"], &key);
    assert_eq!((code(&checked), err(&checked).trim()), (0, "failsoft.toml: good"));
    let again = failsoft(folder.path(), &["init"], &key);
    assert_eq!(code(&again), 1);
    assert!(err(&again).contains("--force"), "{}", err(&again));
    assert_eq!(code(&failsoft(folder.path(), &["init", "--force"], &key)), 0);
}

#[test]
fn a_key_is_shown_once_alone_and_can_be_revoked() {
    let folder = folder(&format!("[server]\nclient_keys = {{ file = \"who.toml\" }}\n{GOOD}"));
    // Keys can be made although the provider's key is missing.
    let made = failsoft(folder.path(), &["keys", "create", "alice"], &[]);
    assert_eq!(code(&made), 0);
    let key = out(&made);
    assert!(key.starts_with("fs-") && key.trim().len() == 46 && key.lines().count() == 1, "{key}");
    let text = std::fs::read_to_string(folder.path().join("who.toml")).unwrap();
    assert!(!text.contains(key.trim()));
    assert_eq!(code(&failsoft(folder.path(), &["keys", "create", "alice"], &[])), 1);
    assert_eq!(code(&failsoft(folder.path(), &["keys", "create", "a b"], &[])), 2);
    let list = failsoft(folder.path(), &["keys", "list", "--json"], &[]);
    assert_eq!(json(&list)["keys"][0]["name"], "alice");
    assert!(!out(&list).contains(key.trim()));
    assert!(out(&failsoft(folder.path(), &["keys", "list"], &[])).contains("alice"));
    assert_eq!(code(&failsoft(folder.path(), &["keys", "revoke", "alice"], &[])), 0);
    assert_eq!(code(&failsoft(folder.path(), &["keys", "revoke", "alice"], &[])), 1);
}

#[test]
fn env_prints_lines_a_shell_can_read() {
    let folder = folder(GOOD);
    let lines = failsoft(folder.path(), &["env"], KEY);
    assert_eq!(
        out(&lines),
        "export OPENAI_BASE_URL=http://127.0.0.1:4000/v1\nexport ANTHROPIC_BASE_URL=http://127.0.0.1:4000\nexport GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:4000\n"
    );
}

#[test]
fn config_shows_origins_and_hides_secrets() {
    let folder = folder("[providers.openai]\napi_key = \"sk-canary\"\n");
    let variables = [("FAILSOFT_JOURNAL__PATH", "x.db")];
    let shown = failsoft(folder.path(), &["config", "show"], &variables);
    let text = out(&shown);
    assert_eq!(code(&shown), 0);
    assert!(
        text.contains("# $FAILSOFT_JOURNAL__PATH") && text.contains("# failsoft.toml:2"),
        "{text}"
    );
    assert!(!text.contains("canary") && !err(&shown).contains("canary"));
    let shown =
        json(&failsoft(folder.path(), &["config", "show", "--json", "--written"], &variables));
    assert_eq!(shown.as_array().unwrap().len(), 2);
    let schema = json(&failsoft(folder.path(), &["config", "schema"], &[]));
    assert_eq!(schema["title"], "failsoft settings");
    let reference = out(&failsoft(folder.path(), &["config", "reference"], &[]));
    assert!(reference.starts_with("# Settings\n"));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in
        [["frobnicate"].as_slice(), &[], &["completions", "nosh"], &["check", "--nope"]]
    {
        assert_eq!(code(&failsoft(Path::new("/"), arguments, &[])), 2, "{arguments:?}");
    }
    let script = failsoft(Path::new("/"), &["completions", "bash"], &[]);
    assert!(code(&script) == 0 && out(&script).contains("failsoft"));
}

#[test]
fn the_record_is_found_by_whoever_has_no_keys() {
    let text = "[journal]\npath = \"kept.db\"\n[providers.aurora]\ndialect = \"messages\"\n\
                base_url = \"http://127.0.0.1:1\"\napi_key = { env = \"NOT_HERE\" }\n\
                [routes.assistant]\ntiers = [[\"aurora/a\"]]\n[alerts.webhooks.ops]\n\
                url = \"http://127.0.0.1:1/\"\nsecret = { env = \"NOT_HERE\" }\n";
    let folder = folder(text);
    let asked = failsoft(folder.path(), &["report"], &[]);
    assert_eq!(code(&asked), 1);
    assert!(err(&asked).contains("kept.db"), "{}", err(&asked));
}
