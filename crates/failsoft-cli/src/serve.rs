//! `failsoft serve`: the gateway.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use failsoft_config::{Origin, Settings, Source};
use failsoft_gateway::{Gateway, GatewayOptions, StartError};

use crate::env::sdk_variables;
use crate::journal;
use crate::runtime::{LogFormat, start_log};
use crate::settings::{BAD_USAGE, FAILED, SettingsArgs, environment};

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Where clients connect, instead of `[server] listen`.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where operators connect, instead of `[server] admin`.
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// How the log is written, instead of `[log] format`; `RUST_LOG` says how much of it.
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
}

/// Serves until told to stop.
pub(crate) async fn run(args: ServeArgs) -> ExitCode {
    let env = environment();
    let (source, mut settings) = match args.settings.load(&env) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    start_log(args.log_format, settings.log);
    settings.warnings.0.clear(); // told already, with line and caret
    let words = routes(&settings);
    let keys = settings.server.client_keys.is_some();
    let options =
        GatewayOptions { listen: args.listen, admin: args.admin, ..options(&source, env) };
    let gateway = match Gateway::start(settings, options).await {
        Ok(gateway) => gateway,
        Err(error) => return not_started(&error),
    };
    eprint!("{}", first_words(&gateway, &source, keys));
    eprint!("{words}");
    gateway.run_until_stopped().await;
    ExitCode::SUCCESS
}

/// What a gateway with these settings needs for reloading them.
pub(crate) fn options(
    source: &Source,
    env: std::collections::BTreeMap<String, String>,
) -> GatewayOptions {
    let config_file = match &source.origin {
        Origin::File(path) => Some(path.clone()),
        Origin::Environment => None,
    };
    let settings_text = Some(source.text.clone());
    GatewayOptions { config_file, settings_text, env, ..GatewayOptions::default() }
}

/// Tells why there is no gateway.
pub(crate) fn not_started(error: &StartError) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(match error {
        StartError::Listen { .. } => FAILED,
        StartError::Public(_)
        | StartError::SamePort(_)
        | StartError::ClientKeys(_)
        | StartError::Telemetry(_)
        | StartError::Failsoft(_) => BAD_USAGE,
    })
}

fn first_words(gateway: &Gateway, source: &Source, keys: bool) -> String {
    let mut words = format!("failsoft {} is ready\n\n", env!("CARGO_PKG_VERSION"));
    for (name, value) in sdk_variables(gateway.client_address()) {
        let _ = writeln!(words, "  {name}={value}");
    }
    let _ = writeln!(
        words,
        "  {}",
        if keys {
            "give each SDK a client key as its API key: failsoft keys create NAME"
        } else {
            "any API key will do: the gateway puts in its own"
        }
    );
    // A link that lets people in belongs on a terminal, not into a log.
    let operators = if std::io::stderr().is_terminal() {
        format!("{}  (opens once)", gateway.login_link())
    } else {
        format!("http://{}", gateway.admin_address())
    };
    let _ = writeln!(words, "\n  operators  {operators}");
    let _ = writeln!(words, "  settings   {}", source.name());
    let _ = match (gateway.failsoft().journal_problem(), gateway.failsoft().journal()) {
        (Some(problem), _) => writeln!(words, "  journal    NONE: {problem}"),
        (None, Some(_)) => {
            let journal = &gateway.failsoft().settings().journal;
            writeln!(words, "  journal    {}", journal::place(journal))
        }
        (None, None) => writeln!(words, "  journal    off"),
    };
    words
}

/// The routes, and where they lead.
fn routes(settings: &Settings) -> String {
    let mut words = String::from("\n  model                     is answered by\n");
    for (info, route) in settings.routes.iter().zip(&settings.engine.routes) {
        let tiers: Vec<String> = route
            .tiers
            .iter()
            .map(|tier| {
                let mut names: Vec<&str> = tier
                    .iter()
                    .filter_map(|target| settings.target(*target))
                    .map(|target| target.name.as_str())
                    .collect();
                names.dedup();
                names.join(" or ")
            })
            .collect();
        let _ = writeln!(words, "  {:24}  {}", info.name, tiers.join(", then "));
    }
    words.push('\n');
    words
}
