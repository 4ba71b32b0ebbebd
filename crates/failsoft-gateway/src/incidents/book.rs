//! Healthy attempts, counted by target until somebody collects them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use failsoft_config::Settings;
use failsoft_engine::TargetId;
use failsoft_journal::{CallRecord, Name};

/// Healthy attempts by target.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// By number, for the settings in force.
    present: ArcSwap<Vec<Arc<Row>>>,
    /// By name, for as long as the process lives.
    all: Mutex<BTreeMap<Name, Arc<Row>>>,
}

#[derive(Debug)]
struct Row {
    name: Name,
    successes: AtomicU64,
}

impl Book {
    /// From now on numbers mean what these settings say.
    pub(crate) fn adopt(&self, settings: &Settings) {
        let mut all = self.all();
        let row = |target: &failsoft_config::TargetInfo| {
            let name: Name = target.name.as_str().into();
            let fresh = || Arc::new(Row { name: Arc::clone(&name), successes: AtomicU64::new(0) });
            Arc::clone(all.entry(Arc::clone(&name)).or_insert_with(fresh))
        };
        self.present.store(Arc::new(settings.targets.iter().map(row).collect()));
    }

    /// Counts a healthy call; `false` if its number means another target by now.
    pub(crate) fn count(&self, call: &CallRecord, target: TargetId) -> bool {
        let place = usize::from(target.0);
        let Some(name) = call.names.targets.get(place) else { return false };
        let rows = self.present.load();
        let Some(row) = rows.get(place).filter(|row| *row.name == *name.name) else {
            return false;
        };
        row.successes.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// What was counted since the last time.
    pub(crate) fn collect(&self) -> Vec<(Name, u64)> {
        let all = self.all();
        let rows = all
            .values()
            .map(|row| (Arc::clone(&row.name), row.successes.swap(0, Ordering::Relaxed)));
        rows.filter(|(_, successes)| *successes > 0).collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Name, Arc<Row>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
