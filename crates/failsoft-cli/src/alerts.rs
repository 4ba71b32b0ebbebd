//! `failsoft alerts`: whether those who are to be told can be.

use std::process::ExitCode;

use failsoft_config::{Settings, Webhook};
use failsoft_gateway::{Answered, try_webhook};
use serde_json::{Value as Json, json};

use crate::settings::{BAD_USAGE, FAILED, SettingsArgs, environment, print, print_json};

/// What `alerts` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct AlertsArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Print one machine-readable document.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Send a test alert, once, and say what came back.
    Test {
        /// Whom to send it to [default: every webhook of the settings].
        name: Option<String>,
    },
}

/// Does it.
pub(crate) async fn run(args: AlertsArgs) -> ExitCode {
    let settings = match args.settings.load(&environment()) {
        Ok((_, settings)) => settings,
        Err(code) => return code,
    };
    let What::Test { name } = &args.what;
    match chosen(&settings, name.as_deref()) {
        Ok(webhooks) => test(&settings, &webhooks, args.json).await,
        Err(words) => {
            eprintln!("error: {words}");
            ExitCode::from(BAD_USAGE)
        }
    }
}

fn chosen<'s>(settings: &'s Settings, name: Option<&str>) -> Result<Vec<&'s Webhook>, String> {
    let all = &settings.alerts.webhooks;
    if all.is_empty() {
        return Err("nobody is told: write [alerts.webhooks.NAME] with `url` and `secret`".into());
    }
    let Some(name) = name else { return Ok(all.iter().collect()) };
    let known: Vec<&str> = all.iter().map(|webhook| webhook.name.as_str()).collect();
    let found = all.iter().find(|webhook| webhook.name == name);
    found.map(|webhook| vec![webhook]).ok_or_else(|| {
        format!(
            "there is no webhook `{}`; the settings have {}",
            name.escape_debug(),
            known.join(", ")
        )
    })
}

async fn test(settings: &Settings, webhooks: &[&Webhook], as_json: bool) -> ExitCode {
    let mut rows = Vec::new();
    let mut all_taken = true;
    for webhook in webhooks {
        let tried = try_webhook(&settings.alerts, webhook).await;
        let answered = tried.unwrap_or_else(|error| Answered::Nothing { why: error.to_string() });
        all_taken &= matches!(answered, Answered::Taken { .. });
        if as_json {
            rows.push(row(&webhook.name, &answered));
        } else {
            print(&words(&webhook.name, &answered));
        }
    }
    if as_json {
        print_json(&json!({ "ok": all_taken, "webhooks": rows }));
    }
    if all_taken { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

fn words(name: &str, answered: &Answered) -> String {
    match answered {
        Answered::Taken { status, after } => {
            format!("{name}: taken, {status} after {} ms", after.as_millis())
        }
        Answered::Refused { status, said, again } => {
            let then = if *again { "would be tried again" } else { "would not be tried again" };
            let said = if said.is_empty() { String::new() } else { format!(", it said: {said}") };
            format!("{name}: not taken, {status}; an alert {then}{said}")
        }
        Answered::Nothing { why } => format!("{name}: no answer: {why}"),
    }
}

fn row(name: &str, answered: &Answered) -> Json {
    match answered {
        Answered::Taken { status, after } => {
            json!({ "name": name, "taken": true, "status": status, "millis": after.as_millis() as u64 })
        }
        Answered::Refused { status, said, again } => {
            json!({ "name": name, "taken": false, "status": status, "said": said, "tried_again": again })
        }
        Answered::Nothing { why } => json!({ "name": name, "taken": false, "why": why }),
    }
}
