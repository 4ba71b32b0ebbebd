//! `failsoft check`: every problem at once, and the routes as they would run.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use failsoft_config::{ModelName, Problem, Problems, RouteInfo, Settings, Source, SourceError};
use failsoft_engine::{Route, TargetId};
use serde_json::{Value as Json, json};

use crate::journal;
use crate::settings::{BAD_USAGE, SettingsArgs, environment, print, print_json, tell};

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The settings to check.
    #[arg(value_name = "FILE", conflicts_with = "config")]
    file: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Print one machine-readable document.
    #[arg(long)]
    json: bool,
}

/// Checks without running anything.
pub(crate) fn run(args: &CheckArgs) -> ExitCode {
    let env = environment();
    let asked = SettingsArgs { config: args.file.clone().or(args.settings.config.clone()) };
    let source = match Source::find(asked.config.as_deref(), &env) {
        Ok(source) => source,
        Err(error) => return no_source(&error, args.json),
    };
    let loaded = source.load(&env);
    let (problems, settings) = match &loaded {
        Ok(settings) => (&settings.warnings, Some(settings)),
        Err(problems) => (problems, None),
    };
    if args.json {
        print_json(&document(problems, settings));
    } else {
        tell(problems, &source.name(), &source.text);
        eprintln!("{}: {}", source.name(), count(problems));
        settings.map(report).into_iter().for_each(|text| print(&text));
    }
    if settings.is_some() { ExitCode::SUCCESS } else { ExitCode::from(BAD_USAGE) }
}

/// Even without a text there is one document.
fn no_source(error: &SourceError, json: bool) -> ExitCode {
    match error {
        SourceError::Nothing(problems) if json => print_json(&document(problems, None)),
        SourceError::Nothing(problems) => tell(problems, "", ""),
        SourceError::Unreadable { path, .. } if json => {
            let mut document = document(&Problems::default(), None);
            document["problems"] = json!([{
                "path": path.display().to_string(),
                "line": 0,
                "column": 0,
                "message": error.to_string(),
                "hint": null,
                "severity": "error",
            }]);
            print_json(&document);
        }
        SourceError::Unreadable { .. } => eprintln!("error: {error}"),
    }
    ExitCode::from(BAD_USAGE)
}

fn count(problems: &Problems) -> String {
    let several = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    };
    match problems.count() {
        (0, 0) => "good".to_owned(),
        (0, warnings) => format!("good, with {}", several(warnings, "warning")),
        (errors, 0) => several(errors, "error"),
        (errors, warnings) => {
            format!("{} and {}", several(errors, "error"), several(warnings, "warning"))
        }
    }
}

fn document(problems: &Problems, settings: Option<&Settings>) -> Json {
    let routes: Vec<Json> = settings
        .map(|settings| {
            let routes = settings.routes.iter().zip(&settings.engine.routes);
            routes.map(|(info, route)| route_document(info, route, settings)).collect()
        })
        .unwrap_or_default();
    json!({
        "ok": settings.is_some(),
        "problems": problems.0.iter().map(problem_document).collect::<Vec<_>>(),
        "routes": routes,
    })
}

fn problem_document(problem: &Problem) -> Json {
    json!({
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
        "severity": problem.severity.as_str(),
    })
}

fn route_document(info: &RouteInfo, route: &Route, settings: &Settings) -> Json {
    let timeouts = &route.policies.timeouts;
    let tiers: Vec<Vec<Json>> = route
        .tiers
        .iter()
        .map(|tier| tier.iter().map(|target| target_document(*target, settings)).collect())
        .collect();
    json!({
        "name": info.name,
        "models": info.models,
        "dialect": info.dialect.as_str(),
        "profile": route.policies.profile.as_str(),
        "tiers": tiers,
        "max_attempts": route.policies.retry.max_attempts,
        "timeouts": {
            "connect": length(timeouts.connect),
            "first_token": {
                "patience": length(timeouts.first_token.patience),
                "timeout": length(timeouts.first_token.timeout),
            },
            "reply": {
                "patience": length(timeouts.reply.patience),
                "timeout": length(timeouts.reply.timeout),
            },
            "stall": length(timeouts.stall),
            "total": length(timeouts.total),
            "deadline": length(timeouts.deadline.of(route.policies.profile)),
        },
        "reply": info.reply.0.keys().collect::<Vec<_>>(),
    })
}

fn target_document(target: TargetId, settings: &Settings) -> Json {
    settings.target(target).map_or(Json::Null, |info| {
        let dialect = settings.provider_of(target).map(|provider| provider.dialect.as_str());
        json!({ "target": info.name, "credential": info.credential, "dialect": dialect })
    })
}

fn report(settings: &Settings) -> String {
    let mut out = String::new();
    let mut by_name = Vec::new();
    for (info, route) in settings.routes.iter().zip(&settings.engine.routes) {
        // Only routes that nobody wrote have a star in their names.
        match info.name.strip_suffix("/*") {
            Some(provider) => by_name.push(format!("{provider}/MODEL ({})", info.dialect)),
            None => report_route(&mut out, info, route, settings),
        }
    }
    let server = &settings.server;
    let keys =
        if server.client_keys.is_some() { "with client keys" } else { "without client keys" };
    let journal = journal::place(&settings.journal);
    for (what, value) in [
        ("also", format!("{}, by the default policies", by_name.join(", "))),
        ("clients", format!("{}, {keys}", server.listen)),
        ("admin", server.admin.to_string()),
        ("journal", journal),
    ] {
        let _ = writeln!(out, "{what:9} {value}");
    }
    out
}

fn report_route(out: &mut String, info: &RouteInfo, route: &Route, settings: &Settings) {
    let policies = &route.policies;
    let dialects = dialects(route, settings).join(" and ");
    let _ = write!(out, "{}  ({dialects}, {}", info.name, policies.profile.as_str());
    if !info.models.is_empty() {
        let _ = write!(out, "; also for {}", info.models.join(", "));
    }
    out.push_str(")\n");
    for (number, tier) in (1..).zip(&route.tiers) {
        let _ = writeln!(out, "  tier {number}  {}", targets(tier, settings));
    }
    let timeouts = &policies.timeouts;
    let attempts = policies.retry.max_attempts;
    let plural = if attempts == 1 { "" } else { "s" };
    let deadline = length(timeouts.deadline.of(policies.profile));
    let _ = writeln!(out, "  calls   at most {attempts} attempt{plural}, and {deadline} in all");
    let mut streams = format!(
        "first content within {}, then never silent for {}",
        length(timeouts.first_token.timeout),
        length(timeouts.stall)
    );
    if route.tiers.iter().flatten().count() > 1 {
        let patience = length(timeouts.first_token.patience);
        let _ = write!(streams, "; another target is started after {patience}");
    }
    let _ = writeln!(out, "  streams {streams}");
    if !info.reply.0.is_empty() {
        let languages: Vec<&str> = info.reply.0.keys().map(String::as_str).collect();
        let _ = writeln!(out, "  at last your own reply ({})", languages.join(", "));
    }
    out.push('\n');
}

/// What the targets of a route speak, each dialect once.
fn dialects(route: &Route, settings: &Settings) -> Vec<&'static str> {
    let mut dialects = Vec::new();
    for provider in route.tiers.iter().flatten().filter_map(|it| settings.provider_of(*it)) {
        if !dialects.contains(&provider.dialect.as_str()) {
            dialects.push(provider.dialect.as_str());
        }
    }
    dialects
}

/// The targets of a tier; those that differ only by their key are one.
fn targets(tier: &[TargetId], settings: &Settings) -> String {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for info in tier.iter().filter_map(|target| settings.target(*target)) {
        match names.last_mut() {
            Some((name, keys)) if *name == info.name => *keys += 1,
            _ => names.push((&info.name, 1)),
        }
    }
    let asked = tier
        .iter()
        .filter_map(|target| settings.target(*target))
        .any(|info| info.model == ModelName::AsAsked);
    let names: Vec<String> = names
        .into_iter()
        .map(|(name, keys)| match keys {
            1 => name.to_owned(),
            keys => format!("{name} ({keys} keys)"),
        })
        .collect();
    let note = if asked { "   (* = the model the client asks for)" } else { "" };
    format!("{}{note}", names.join(", "))
}

/// A duration as settings have it.
fn length(length: Duration) -> String {
    let millis = length.as_millis();
    if millis.is_multiple_of(1000) { format!("{}s", millis / 1000) } else { format!("{millis}ms") }
}
