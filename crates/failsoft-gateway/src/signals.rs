//! What the outside tells a running gateway: signals, and changed files.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::reload::{Look, reload};
use crate::state::State;

/// How often the files are looked at. A watch on their folder would wake us for every row of a
/// journal that lies beside them, and files on a network tell nobody that they changed.
const LOOK: Duration = Duration::from_secs(1);
/// Editors write a file in several steps.
const SETTLE: Duration = Duration::from_millis(100);

/// Reloads the settings whenever their file changes, for as long as it is polled.
pub(crate) async fn follow_files(state: Arc<State>) {
    let Some(file) = state.reloads.file().map(Path::to_owned) else {
        return std::future::pending().await;
    };
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if !is_being_written(&file) {
            look(&state, Look::IfChanged).await;
        }
    }
}

/// Whether the file changed only now. One that cannot be asked is looked at like any other.
fn is_being_written(file: &Path) -> bool {
    let changed = std::fs::metadata(file).and_then(|file| file.modified());
    changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|ago| ago < SETTLE))
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
