//! The commands, one line each. What a command takes stands in its own file.

use clap::{Parser, Subcommand};

use crate::{
    alerts, check, completions, config, demo, env, explain, export, fake, init, keys, report, run,
    serve,
};

/// Keeps an application answering when LLM APIs fail.
///
/// Exit codes: 0 done, 1 failed, 2 bad usage or settings.
#[derive(Debug, Parser)]
#[command(name = "failsoft", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the gateway.
    Serve(serve::ServeArgs),
    /// Run a command with a gateway of its own.
    Run(run::RunArgs),
    /// Show on this machine what failsoft does: two fake providers, one of them failing.
    Demo(demo::DemoArgs),
    /// Run a provider that fails on purpose, for tests.
    Fake(fake::FakeArgs),
    /// Show every problem of a settings file, and the routes as they would run.
    Check(check::CheckArgs),
    /// Tell the story of one call: each attempt, wait and refusal, and why.
    Explain(explain::ExplainArgs),
    /// Sum up what failed, when, and what came of it.
    Report(report::ReportArgs),
    /// Send a test alert to those who are told when something goes wrong.
    Alerts(alerts::AlertsArgs),
    /// Take the record out for other tools.
    Journal(export::JournalCommands),
    /// Write a commented settings file for the keys found in the environment.
    Init(init::InitArgs),
    /// Make, list and revoke client keys.
    Keys(keys::KeysArgs),
    /// Print the lines that point SDKs at the gateway.
    Env(env::EnvArgs),
    /// Print the settings in force, their reference, or their schema.
    Config(config::ConfigArgs),
    /// Print completions for a shell.
    Completions(completions::CompletionsArgs),
}
