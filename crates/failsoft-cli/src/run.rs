//! `failsoft run`: a command with a gateway of its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::{Child, Command, ExitCode, ExitStatus};

use failsoft_config::{Settings, keyed_providers};
use failsoft_gateway::Gateway;
use secrecy::ExposeSecret;

use crate::env::sdk_variables;
use crate::runtime::{LogFormat, start_log};
use crate::serve::{not_started, options};
use crate::settings::{SettingsArgs, environment};

/// As shells say it: the command was not found.
const NOT_FOUND: u8 = 127;
/// As shells say it: a signal ended the command; its number is added.
const BY_SIGNAL: i32 = 128;
/// What SDKs that insist on a key are given; the gateway puts in its own.
const PLACEHOLDER: &str = "failsoft";

/// What `run` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Leave the settings' keys and secrets in the command's environment.
    #[arg(long)]
    keep_keys: bool,
    /// How the log is written, instead of `[log] format`; `RUST_LOG` says how much of it.
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
    /// The command and what it takes.
    #[arg(trailing_var_arg = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Starts a gateway on free ports, runs the command, stops.
pub(crate) async fn run(args: RunArgs) -> ExitCode {
    let env = environment();
    let (source, mut settings) = match args.settings.load(&env) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    if std::env::var_os("RUST_LOG").is_some() {
        start_log(args.log_format, settings.log); // else the terminal is the command's
    }
    let free = ([127, 0, 0, 1], 0).into();
    (settings.server.listen, settings.server.admin) = (free, free);
    settings.server.client_keys = None;
    let secrets = if args.keep_keys { Vec::new() } else { secrets(&settings, &env) };
    let gateway = match Gateway::start(settings, options(&source, env)).await {
        Ok(gateway) => gateway,
        Err(error) => return not_started(&error),
    };
    if let Some(problem) = gateway.failsoft().journal_problem() {
        eprintln!("failsoft: no journal: {problem}");
    }
    // Before the command can send any.
    let signals = Signals::listen();
    let code = match start(&args, &gateway, &secrets) {
        Ok(child) => attend(child, signals).await,
        Err(error) => {
            eprintln!("error: cannot run {}: {error}", args.command[0].display());
            ExitCode::from(NOT_FOUND)
        }
    };
    gateway.stop().await;
    code
}

/// The variables that hold a key or a secret of the settings, by their usual name or by what is in
/// them.
fn secrets(settings: &Settings, env: &BTreeMap<String, String>) -> Vec<String> {
    let usual = keyed_providers().map(|(_, variable)| variable.to_owned());
    let traces = settings.telemetry.iter().flat_map(|telemetry| &telemetry.headers);
    let keys: Vec<&str> = settings
        .providers
        .iter()
        .flat_map(|provider| &provider.keys)
        .chain(settings.alerts.webhooks.iter().map(|webhook| &webhook.secret))
        .chain(traces.map(|(_, value)| value))
        .chain(&settings.journal.url)
        .map(ExposeSecret::expose_secret)
        .collect();
    let holding = env.iter().filter(|(_, value)| keys.contains(&value.as_str()));
    usual.chain(holding.map(|(name, _)| name.clone())).collect()
}

fn start(args: &RunArgs, gateway: &Gateway, secrets: &[String]) -> std::io::Result<Child> {
    let mut command = Command::new(&args.command[0]);
    command.args(&args.command[1..]);
    for name in secrets {
        command.env_remove(name);
    }
    for (name, value) in sdk_variables(gateway.client_address()) {
        command.env(name, value);
    }
    for name in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"] {
        let kept = args.keep_keys && std::env::var_os(name).is_some();
        if !kept {
            command.env(name, PLACEHOLDER);
        }
    }
    command.spawn()
}

/// Waits for the command, passing on what would otherwise end us first.
async fn attend(mut child: Child, mut signals: Signals) -> ExitCode {
    let id = child.id();
    let ended = tokio::task::spawn_blocking(move || child.wait());
    tokio::select! {
        ended = ended => match ended {
            Ok(Ok(status)) => code(status),
            Ok(Err(_)) | Err(_) => ExitCode::FAILURE,
        },
        never = signals.pass_on(id) => match never {},
    }
}

fn code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let by_signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let by_signal: Option<i32> = None;
    let code = status.code().or(by_signal.map(|signal| BY_SIGNAL + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Wishes to stop that come to us. A terminal's `Ctrl-C` reaches the command by itself.
#[cfg(unix)]
struct Signals {
    terminate: Option<tokio::signal::unix::Signal>,
    hang_up: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self {
            terminate: signal(SignalKind::terminate()).ok(),
            hang_up: signal(SignalKind::hangup()).ok(),
            interrupt: signal(SignalKind::interrupt()).ok(),
        }
    }

    async fn pass_on(&mut self, child: u32) -> std::convert::Infallible {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = i32::try_from(child).ok().and_then(Pid::from_raw);
        loop {
            let passed_on = tokio::select! {
                Some(()) = next(&mut self.terminate) => Some(Signal::TERM),
                Some(()) = next(&mut self.hang_up) => Some(Signal::HUP),
                Some(()) = next(&mut self.interrupt) => None,
                else => std::future::pending().await,
            };
            if let (Some(pid), Some(signal)) = (pid, passed_on) {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

#[cfg(unix)]
async fn next(signals: &mut Option<tokio::signal::unix::Signal>) -> Option<()> {
    signals.as_mut()?.recv().await
}

/// Wishes to stop that come to us; the console sends them to the command as well.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn pass_on(&mut self, _child: u32) -> std::convert::Infallible {
        loop {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
