//! `failsoft init`: a commented settings file for the keys it finds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use failsoft_config::{effective, keyed_providers};

use crate::settings::{FAILED, environment};

/// What `init` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// The file to write.
    #[arg(value_name = "FILE", default_value = "failsoft.toml")]
    file: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

/// Writes the file, unless there is one.
pub(crate) fn run(args: &InitArgs) -> ExitCode {
    let env = environment();
    let found = found_keys(&env);
    if let Err(error) = write(&args.file, &settings_file(&found), args.force) {
        let is_there = error.kind() == std::io::ErrorKind::AlreadyExists;
        let hint = if is_there { "; `--force` writes over it" } else { "" };
        eprintln!("error: cannot write {}: {error}{hint}", args.file.display());
        return ExitCode::from(FAILED);
    }
    eprintln!("wrote {}", args.file.display());
    if found.is_empty() {
        let variables: Vec<&str> = keyed_providers().map(|(_, variable)| variable).collect();
        eprintln!("no key was found; set one of {}", variables.join(", "));
        eprintln!("then take the `#` away from its provider in the file");
    } else {
        for (provider, variable) in &found {
            eprintln!("  {provider}: key from {variable}");
        }
    }
    eprintln!("next: failsoft check {0}, then failsoft serve --config {0}", args.file.display());
    ExitCode::SUCCESS
}

fn found_keys(env: &BTreeMap<String, String>) -> Vec<(&'static str, &'static str)> {
    let is_set = |name: &str| env.get(name).is_some_and(|key| !key.trim().is_empty());
    keyed_providers().filter(|(_, variable)| is_set(variable)).collect()
}

fn write(file: &Path, text: &str, force: bool) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(file)?.write_all(text.as_bytes())
}

/// The text. Built-in values are shown as comments and come from the settings themselves.
fn settings_file(found: &[(&str, &str)]) -> String {
    let mut out = "\
# Settings of failsoft. `failsoft check` shows every problem at once, `failsoft config show` each
# value in force, and `failsoft config reference` all there are. What stands behind `#` is built in.
"
    .to_owned();
    let built_in = built_in();
    section(
        &mut out,
        "server",
        &built_in,
        "Clients connect to `listen`. Beyond this machine it \
        needs client keys: failsoft keys create NAME",
    );
    out.push_str("# client_keys = { file = \"client-keys.toml\" }\n");
    section(&mut out, "journal", &built_in, "What happened to each call; no prompts, no answers");
    out.push_str("\n# Services. Clients can ask for any of their models as \"provider/model\".\n");
    for (provider, variable) in keyed_providers() {
        let found = found.iter().any(|(name, _)| *name == provider);
        // Without any key found, all are shown, so that one is quickly chosen.
        if found {
            let _ = writeln!(out, "[providers.{provider}]\napi_key = {{ env = \"{variable}\" }}");
        }
    }
    if found.is_empty() {
        for (provider, variable) in keyed_providers() {
            let _ =
                writeln!(out, "# [providers.{provider}]\n# api_key = {{ env = \"{variable}\" }}");
        }
    }
    out.push_str("# [providers.local]                    # any other server\n");
    out.push_str("# dialect = \"chat_completions\"\n# base_url = \"http://127.0.0.1:8000/v1\"\n");
    out.push_str("# api_key = \"none\"\n");
    routes(&mut out, found);
    section(
        &mut out,
        "policy.retry",
        &built_in,
        "For all routes; [routes.NAME.retry] stands above it",
    );
    section(&mut out, "policy.timeouts", &built_in, "");
    out
}

fn routes(out: &mut String, found: &[(&str, &str)]) {
    let provider = found.first().map_or("provider", |(name, _)| name);
    let _ = write!(
        out,
        "
# A route is a name that clients ask for as `model`. Its tiers are tried in order; the targets
# inside one may replace each other. All targets of a route speak one dialect.
# [routes.assistant]
# tiers = [[\"{provider}/MODEL\"], [\"local/MODEL\"]]
# models = [\"gpt-*\"]                     # these names lead here too
# profile = \"interactive\"                # interactive | background | batch
# [routes.assistant.degrade]
# reply = {{ en = \"I can't answer right now. Please try again in a minute.\" }}
"
    );
}

/// Values nobody wrote, as `key = value`, by path.
fn built_in() -> Vec<(String, String)> {
    let text = "[providers.x]\ndialect = \"messages\"\nbase_url = \"http://127.0.0.1\"\napi_key = \"none\"\n";
    let values = effective(text, Path::new(""), &BTreeMap::new()).unwrap_or_default();
    values.into_iter().map(|value| (value.path, value.value)).collect()
}

fn section(out: &mut String, name: &str, built_in: &[(String, String)], words: &str) {
    out.push('\n');
    if !words.is_empty() {
        let _ = writeln!(out, "# {words}");
    }
    let _ = writeln!(out, "[{name}]");
    for (path, value) in built_in {
        if let Some(key) = path.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) {
            let _ = writeln!(out, "# {key} = {value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_good_and_says_what_is_built_in() {
        let found: Vec<_> = keyed_providers().take(2).collect();
        let env = found.iter().map(|(_, name)| ((*name).to_owned(), "k".to_owned())).collect();
        let text = settings_file(&found);
        let settings = failsoft_config::load(&text, Path::new(""), &env);
        let settings =
            settings.unwrap_or_else(|problems| panic!("{}", problems.render("x", &text)));
        assert_eq!(settings.warnings.0, []);
        assert_eq!(settings.providers.len(), 2);
        // Taking every `#` away from a value must not change anything.
        let mut bare = String::new();
        for line in text.lines() {
            let is_value = line.starts_with("# ")
                && line.contains(" = ")
                && ["listen", "admin", "path", "max_attempts", "backoff", "stall", "deadline"]
                    .iter()
                    .any(|key| line[2..].starts_with(key));
            let _ = writeln!(bare, "{}", if is_value { &line[2..] } else { line });
        }
        assert_ne!(bare, text);
        let told = failsoft_config::load(&bare, Path::new(""), &env);
        let told = told.unwrap_or_else(|problems| panic!("{}", problems.render("x", &bare)));
        assert_eq!(told.engine, settings.engine);
    }

    #[test]
    fn a_file_that_is_there_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("failsoft.toml");
        write(&file, "mine", false).unwrap();
        assert!(write(&file, "other", false).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
        write(&file, "other", true).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "other");
    }
}
