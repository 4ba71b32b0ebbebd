//! `failsoft config`: the settings in force, their reference, their schema, and what is lost in
//! translation.

use std::fmt::Write as _;
use std::process::ExitCode;

use failsoft_config::{EffectiveValue, Source, ValueOrigin, effective};
use serde_json::{Value as Json, json};

use crate::settings::{BAD_USAGE, SettingsArgs, environment, print, print_json, tell};

/// What `config` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The JSON schema of settings files.
    Schema,
    /// Every setting, as Markdown.
    Reference,
    /// What each dialect does about each thing a call of another one may ask, as Markdown.
    Translation,
    /// Every value in force and where it came from; secrets are hidden.
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Only what somebody wrote: nothing built in.
    #[arg(long)]
    written: bool,
    /// Print one machine-readable document.
    #[arg(long)]
    json: bool,
}

/// Prints what was asked for.
pub(crate) fn run(args: &ConfigArgs) -> ExitCode {
    match &args.what {
        What::Schema => print_json(&failsoft_config::schema()),
        What::Reference => print(&failsoft_config::reference()),
        What::Translation => print(&failsoft_wire::neutral::translation_document()),
        What::Show(args) => return show(args),
    }
    ExitCode::SUCCESS
}

fn show(args: &ShowArgs) -> ExitCode {
    let env = environment();
    let source = match args.settings.find(&env) {
        Ok(source) => source,
        Err(code) => return code,
    };
    match effective(&source.text, &source.folder, &env) {
        Ok(mut values) => {
            values.retain(|value| !args.written || value.origin != ValueOrigin::BuiltIn);
            if args.json {
                let values: Vec<Json> =
                    values.iter().map(|value| value_document(value, &source)).collect();
                print_json(&Json::Array(values));
            } else {
                print(&table(&values, &source));
            }
            ExitCode::SUCCESS
        }
        Err(problems) => {
            tell(&problems, &source.name(), &source.text);
            ExitCode::from(BAD_USAGE)
        }
    }
}

fn value_document(value: &EffectiveValue, source: &Source) -> Json {
    json!({ "path": value.path, "value": value.value, "origin": origin(&value.origin, source) })
}

fn table(values: &[EffectiveValue], source: &Source) -> String {
    let lines: Vec<(String, String)> = values
        .iter()
        .map(|value| (format!("{} = {}", value.path, value.value), origin(&value.origin, source)))
        .collect();
    // Origins stand in one column, and very long values do not push it away.
    let width = lines.iter().map(|(line, _)| line.chars().count()).filter(|width| *width <= 80);
    let width = width.max().unwrap_or(0);
    lines.iter().fold(String::new(), |mut out, (line, origin)| {
        let _ = writeln!(out, "{line:width$}  # {origin}");
        out
    })
}

fn origin(origin: &ValueOrigin, source: &Source) -> String {
    match origin {
        ValueOrigin::BuiltIn => "built in".to_owned(),
        ValueOrigin::Text { line } => match source.origin {
            failsoft_config::Origin::File(_) => format!("{}:{line}", source.name()),
            failsoft_config::Origin::Environment => "a key found in the environment".to_owned(),
        },
        ValueOrigin::Policy { line } => format!("{}:{line}, for all routes", source.name()),
        ValueOrigin::Variable(name) => format!("${name}"),
    }
}
