//! The command `failsoft`.

mod alerts;
mod args;
mod check;
mod completions;
mod config;
mod demo;
mod env;
mod explain;
mod export;
mod fake;
mod init;
mod journal;
mod keys;
mod report;
mod run;
mod runtime;
mod serve;
mod settings;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// The system's allocator takes twice the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    match runtime::runtime() {
        Ok(runtime) => runtime.block_on(run(args)),
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> ExitCode {
    match args.command {
        Command::Serve(args) => serve::run(args).await,
        Command::Run(args) => run::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Fake(args) => fake::run(args).await,
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Alerts(args) => alerts::run(args).await,
        Command::Journal(args) => export::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::Env(args) => env::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}
