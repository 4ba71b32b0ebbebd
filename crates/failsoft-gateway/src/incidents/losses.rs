//! Calls that got no real answer, joined to spans by route.

use std::collections::BTreeMap;
use std::sync::Arc;

use failsoft_journal::Name;

use crate::alerts::{Matter, Subject};

/// A route whose calls were answered for so long loses none any more.
const QUIET_MS: i64 = 5 * 60_000;

/// Lost calls by route.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    open: BTreeMap<Name, Loss>,
}

#[derive(Debug)]
struct Loss {
    since_ms: i64,
    until_ms: i64,
    lost: u64,
    kind: Name,
}

impl Losses {
    /// A call of a route got no real answer.
    pub(crate) fn lost(&mut self, route: Name, kind: Name, at_ms: i64) {
        let fresh = Loss { since_ms: at_ms, until_ms: at_ms, lost: 0, kind: Arc::clone(&kind) };
        let loss = self.open.entry(route).or_insert(fresh);
        loss.lost += 1;
        loss.since_ms = loss.since_ms.min(at_ms);
        loss.until_ms = loss.until_ms.max(at_ms);
        loss.kind = kind;
    }

    /// Spans that are over by now.
    pub(crate) fn pass(&mut self, now_ms: i64) -> Vec<Matter> {
        let mut over = Vec::new();
        self.open.retain(|route, loss| {
            let goes_on = now_ms.saturating_sub(loss.until_ms) < QUIET_MS;
            if !goes_on {
                over.push(matter(route, loss));
            }
            goes_on
        });
        over
    }

    /// Spans that are not over.
    pub(crate) fn open(&self) -> impl Iterator<Item = Matter> {
        self.open.iter().map(|(route, loss)| matter(route, loss))
    }
}

fn matter(route: &Name, loss: &Loss) -> Matter {
    Matter {
        subject: Subject::Lost { route: Arc::clone(route) },
        failure: Arc::clone(&loss.kind),
        since_ms: loss.since_ms,
        until_ms: loss.until_ms,
        failures: 0,
        attempts: 0,
        lost: loss.lost,
        cost_nanos: None,
    }
}
