//! The failure that says most, when no attempt could answer.

use std::time::Duration;

use crate::choose::{Look, Standing};
use crate::turn::Turn;
use crate::{AttemptId, FailureKind};

/// Most telling first. What may pass by itself stands first, because then trying again helps and
/// the client must not be told otherwise; then what the operator must mend; then what the caller
/// must change, which is only true if every target that answered said so; last what is no answer.
const TELLING: [FailureKind; 18] = [
    FailureKind::Overloaded,
    FailureKind::ServerError,
    FailureKind::BadResponse,
    FailureKind::RateLimited,
    FailureKind::Timeout,
    FailureKind::QuotaExhausted,
    FailureKind::Authentication,
    FailureKind::Permission,
    FailureKind::ContextLengthExceeded,
    FailureKind::ContentFiltered,
    FailureKind::PayloadTooLarge,
    FailureKind::Unsupported,
    FailureKind::BadRequest,
    FailureKind::Conflict,
    FailureKind::ModelNotFound,
    FailureKind::NotFound,
    FailureKind::Network,
    FailureKind::Cancelled,
];

impl Turn<'_> {
    /// Nothing more can be tried: the call ends with the failure that says most.
    pub(crate) fn give_up(&mut self, looks: &[Look]) {
        if self.now >= self.call.deadline {
            return self.fail(FailureKind::Timeout, None);
        }
        let mut most: Option<(usize, FailureKind, Option<AttemptId>)> = None;
        let failed = self.call.failed.iter().map(|it| (it.failure.kind, Some(it.id)));
        let untried = looks.iter().filter(|look| look.standing == Standing::Untried);
        let barred = untried.filter_map(|look| Some((look.gate?.kind, None)));
        for (kind, attempt) in failed.chain(barred) {
            let rank = TELLING.iter().position(|other| *other == kind).unwrap_or(TELLING.len());
            let said = attempt.is_some();
            if most.is_none_or(|(least, ..)| rank < least || (rank == least && said)) {
                most = Some((rank, kind, attempt));
            }
        }
        let (kind, attempt) =
            most.map_or((FailureKind::Overloaded, None), |(_, kind, attempt)| (kind, attempt));
        self.fail(kind, attempt);
    }

    /// When trying again may help: the smallest wait that a gate or a target named.
    pub(crate) fn smallest_wait(&self, kind: FailureKind) -> Option<Duration> {
        if kind.is_callers_fault() {
            return None;
        }
        let route = &self.call.route;
        let gates = route
            .tiers
            .iter()
            .flatten()
            .filter(|target| self.unfit(**target).is_none())
            .filter_map(|&target| self.world.gate(self.now, self.call, target)?.until);
        let asked = self
            .call
            .failed
            .iter()
            .filter_map(|failed| Some(failed.ended + failed.failure.retry_after?));
        let ahead = gates.chain(asked).filter(|end| *end > self.now);
        ahead.min().map(|end| end.since(self.now))
    }
}
