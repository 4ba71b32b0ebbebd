//! Failures of one kind at one target, joined to a span with a beginning and an end.
//!
//! **Opens** when, in the last minute or the last 15 minutes, at least 5 attempts at the target
//! failed in this way, and these are a share of all its attempts there that is large (20 %, and
//! 4 times its own baseline) and no accident (one-sided binomial test against the baseline, chance
//! below one in a million). Kinds that put a key or a model out of use are asked for more rarely
//! once they have struck, so 3 within the hour will do there, whatever their share.
//!
//! **Goes on** with each failure while the kind still makes up half of what opens one, in the last
//! minute.
//!
//! **Closes** 5 minutes after its last failure if at least 5 attempts ended otherwise since, else
//! after 15 minutes (60 for kinds that put something out of use). What breaks out again before
//! that is the same incident.
//!
//! The **baseline** is the share of such failures among all attempts at the target, each day
//! counting half as much as the one after it, begun with 20 attempts at 5 % (at 0.01 % for kinds
//! that put something out of use); the time that is being judged does not count.

mod ring;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;

use failsoft_journal::{Name, Recorded};

use watch::Watch;

/// Targets watched at once; model names may come from clients, so there must be an end to them.
const TARGETS: usize = 1_024;

/// An attempt that ended, as far as incidents are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// `provider/model`.
    pub target: Name,
    /// The kind of its failure; `None` if it succeeded.
    pub kind: Option<Name>,
    /// Whether its call got no real answer because of it.
    pub lost: bool,
}

/// A span in which one kind of failure stood out at one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// `provider/model`.
    pub target: Name,
    /// The kind of failure.
    pub kind: Name,
    /// The first failure that belongs to it, in milliseconds since 1970.
    pub since_ms: i64,
    /// The last failure that belongs to it.
    pub until_ms: i64,
    /// Failed attempts in it.
    pub failures: u64,
    /// All attempts at the target meanwhile.
    pub attempts: u64,
    /// Calls that got no real answer.
    pub lost: u64,
}

/// What became of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It stands out from now on.
    Opened(Incident),
    /// It is over.
    Closed(Incident),
}

/// Finds incidents in attempts as they end; a fold, so that the same attempts give the same
/// incidents live and years later. Targets may come in any order, and attempts at one of them
/// some minutes late. It keeps about a kilobyte for each target and kind, and no attempt.
#[derive(Debug, Default)]
pub struct Incidents {
    watches: BTreeMap<Name, Watch>,
}

impl Sighting {
    /// The attempts of a call that succeeded or failed, in their order. What was cancelled says
    /// nothing of its target.
    pub fn of(recorded: &Recorded) -> impl Iterator<Item = Self> + '_ {
        let call = &recorded.call;
        let ended_badly = matches!(call.verdict.as_deref(), Some("failed" | "degraded"));
        let failed = |outcome: Option<&str>| outcome == Some("failed");
        let fatal = recorded.attempts.iter().rfind(|row| failed(row.outcome.as_deref()));
        let fatal = fatal.filter(|_| ended_badly).map(|row| row.ordinal);
        recorded.attempts.iter().filter_map(move |row| {
            let failed = match row.outcome.as_deref()? {
                "failed" => true,
                "succeeded" => false,
                _ => return None,
            };
            let after_ns = row.started_ns.unwrap_or(0).saturating_add(row.took_ns.unwrap_or(0));
            let after_ms = i64::try_from(after_ns / 1_000_000).unwrap_or(0);
            Some(Self {
                at_ms: call.started_ms.saturating_add(after_ms),
                target: row.target.as_ref()?.name.clone(),
                kind: if failed { Some(row.kind.clone()?) } else { None },
                lost: fatal == Some(row.ordinal),
            })
        })
    }
}

impl Incidents {
    /// An attempt ended.
    pub fn observe(&mut self, seen: &Sighting) -> Vec<Turn> {
        let mut turns = Vec::new();
        self.watch(&seen.target, &mut turns).observe(seen, &mut turns);
        turns
    }

    /// So many attempts at a target succeeded, at one moment: as if each was observed.
    pub fn succeeded(&mut self, target: &Name, at_ms: i64, attempts: u64) -> Vec<Turn> {
        let mut turns = Vec::new();
        if attempts > 0 {
            self.watch(target, &mut turns).succeeded(at_ms, attempts, &mut turns);
        }
        turns
    }

    /// Time passed and nothing came: what has been quiet for long enough is over.
    pub fn pass(&mut self, now_ms: i64) -> Vec<Turn> {
        let mut turns = Vec::new();
        self.watches.values_mut().for_each(|watch| watch.pass(now_ms, &mut turns));
        turns
    }

    /// Incidents that are not over, the oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        let mut open: Vec<&Incident> = self.watches.values().flat_map(Watch::open).collect();
        open.sort_by_key(|incident| incident.since_ms);
        open.into_iter()
    }

    fn watch(&mut self, target: &Name, turns: &mut Vec<Turn>) -> &mut Watch {
        if !self.watches.contains_key(target) {
            self.make_room(turns);
        }
        self.watches.entry(Arc::clone(target)).or_default()
    }

    /// Forgets half of the targets when there are too many, those quiet for longest.
    fn make_room(&mut self, turns: &mut Vec<Turn>) {
        if self.watches.len() < TARGETS {
            return;
        }
        let mut last: Vec<i64> = self.watches.values().map(Watch::last_ms).collect();
        let (_, middle, _) = last.select_nth_unstable(TARGETS / 2);
        let middle = *middle;
        self.watches.retain(|_, watch| {
            let stays = watch.last_ms() > middle;
            if !stays {
                watch.close_all(turns);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests;
