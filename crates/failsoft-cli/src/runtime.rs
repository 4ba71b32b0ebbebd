//! The runtime everything runs on, and the log.

use std::io;
use std::num::NonZero;

use failsoft_config::Log;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;

/// How many threads; with one, no call ever crosses from one to another.
const THREADS: &str = "FAILSOFT_THREADS";

/// How the log is written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Pretty,
    /// For programs.
    Json,
}

/// A runtime with as many threads as `FAILSOFT_THREADS` says, else one for each core.
pub(crate) fn runtime() -> io::Result<Runtime> {
    let wanted = std::env::var(THREADS).ok().and_then(|threads| threads.trim().parse().ok());
    let threads = wanted
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, NonZero::<usize>::get);
    if threads == 1 {
        return Builder::new_current_thread().enable_all().build();
    }
    Builder::new_multi_thread().worker_threads(threads).enable_all().build()
}

/// Writes the log to standard error, as the settings say; `asked` and `RUST_LOG` stand above them.
pub(crate) fn start_log(asked: Option<LogFormat>, settings: Log) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(settings.level.as_str()));
    let format = asked.unwrap_or(match settings.format {
        failsoft_config::LogFormat::Pretty => LogFormat::Pretty,
        failsoft_config::LogFormat::Json => LogFormat::Json,
    });
    // A line's own `target` is a place calls go to; that of the code would stand above it.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(
        io::IsTerminal::is_terminal(&io::stderr()) && std::env::var_os("NO_COLOR").is_none(),
    );
    // Fails only when there is a log already, and then that one serves.
    let _ = match format {
        LogFormat::Pretty => log.with_target(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_target(false).try_init(),
    };
}
