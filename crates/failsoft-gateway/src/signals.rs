//! What the outside tells a running gateway: signals, and changed files.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::reload::{Look, reload};
use crate::state::State;

/// Files on a network tell nobody that they changed.
const POLL: Duration = Duration::from_secs(5);
/// Editors write a file in several steps.
const SETTLE: Duration = Duration::from_millis(50);

/// Reloads the settings whenever their file changes, for as long as it is polled.
pub(crate) async fn follow_files(state: Arc<State>) {
    let Some(file) = state.reloads.file().map(Path::to_owned) else {
        return std::future::pending().await;
    };
    let (tell, mut told) = mpsc::channel(1);
    // The folder, since editors and config maps replace the file itself.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the file is an event too, and would never come to rest.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = tell.try_send(());
        }
    });
    let watching = watcher.and_then(|mut watcher| {
        watcher.watch(&folder, RecursiveMode::NonRecursive).map(|()| watcher)
    });
    if let Err(error) = &watching {
        tracing::warn!(%error, "cannot watch the settings; they are looked at every {} s", POLL.as_secs());
    }
    loop {
        match tokio::time::timeout(POLL, told.recv()).await {
            Ok(Some(())) => tokio::time::sleep(SETTLE).await,
            Ok(None) => tokio::time::sleep(POLL).await,
            Err(_) => {}
        }
        while told.try_recv().is_ok() {}
        look(&state, Look::IfChanged).await;
    }
}

/// Reloads the settings on every `SIGHUP`, for as long as it is polled.
pub(crate) async fn follow_hangups(state: Arc<State>) {
    #[cfg(unix)]
    if let Ok(mut hangups) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
    {
        while hangups.recv().await.is_some() {
            look(&state, Look::Always).await;
        }
    }
    let _ = &state;
    std::future::pending().await
}

async fn look(state: &Arc<State>, how: Look) {
    let state = Arc::clone(state);
    // Files can be slow; calls must not notice.
    let _ = tokio::task::spawn_blocking(move || reload(&state, how)).await;
}

/// The next wish that the process ends.
pub(crate) struct StopSignals {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

impl StopSignals {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .ok(),
        }
    }

    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(terminate) = &mut self.terminate {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
