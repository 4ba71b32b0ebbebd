//! What must be remembered of a call that waited, or made more than its first attempt. A healthy
//! call is not followed, and then asking costs one load.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use failsoft_engine::{AttemptId, CallId, Moment, Why};

/// Calls followed at once. What comes beyond is taken for a first attempt, which is a lie, and
/// better than a leak.
const MAX_FOLLOWED: usize = 100_000;

/// Calls that are followed.
#[derive(Debug, Default)]
pub(crate) struct Following {
    calls: Mutex<HashMap<CallId, Followed>>,
    count: AtomicUsize,
}

/// A call that is followed.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    pub(crate) whys: Vec<(u8, Why)>,
    pub(crate) committed: Option<Moment>,
}

impl Following {
    pub(crate) fn follow(&self, call: CallId, note: impl FnOnce(&mut Followed)) {
        let mut calls = self.calls();
        if calls.len() < MAX_FOLLOWED || calls.contains_key(&call) {
            note(calls.entry(call).or_default());
            self.count.store(calls.len(), Ordering::Release);
        }
    }

    #[inline]
    pub(crate) fn read<T>(&self, call: CallId, read: impl FnOnce(&mut Followed) -> T) -> Option<T> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.calls().get_mut(&call).map(read)
    }

    #[inline]
    pub(crate) fn unfollow(&self, call: CallId) -> Option<Followed> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut calls = self.calls();
        let gone = calls.remove(&call);
        self.count.store(calls.len(), Ordering::Release);
        gone
    }

    /// Why an attempt was made.
    pub(crate) fn why(&self, attempt: AttemptId) -> Why {
        if attempt.ordinal == 0 {
            return Why::First;
        }
        let known = self.read(attempt.call, |followed| {
            let found = followed.whys.iter().find(|(ordinal, _)| *ordinal == attempt.ordinal);
            found.map(|(_, why)| *why)
        });
        known.flatten().unwrap_or(Why::First)
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<CallId, Followed>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
