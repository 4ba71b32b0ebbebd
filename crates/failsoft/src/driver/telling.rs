//! What is learnt beside a call: seals for those who ask again, quotas and progress for the engine.

use std::task::Context;

use failsoft_engine::{AttemptId, Input};
use failsoft_provider::Reading;

use super::Driver;
use crate::order::Unsaid;

impl Driver {
    /// Remembers who sealed, and who keeps, what goes to the client as it came.
    pub(super) fn learn_seals(&self, attempt: AttemptId, passed: &[u8]) {
        let Some(live) = self.live.iter().find(|live| live.id == attempt) else { return };
        let place =
            self.target_of(attempt.ordinal).and_then(|target| self.generation.place(target));
        let Some(place) = place.filter(|_| !live.exchange.is_translated()) else { return };
        let kept = failsoft_wire::kept_answers(place.dialect, passed);
        for seal in failsoft_wire::seals(place.dialect, passed).into_iter().chain(kept) {
            self.inner.seals.learn(&seal, place.maker(place.model(&self.ask.plain_name)));
        }
    }

    /// What a target's refusal says of the attempts that follow.
    pub(super) fn learn_refusals(&mut self, attempt: AttemptId, reading: &Reading) {
        if reading.seal_refused {
            self.unsaid = Unsaid::Removed;
        }
        if reading.prefill_refused
            && let Some(target) = self.target_of(attempt.ordinal)
            && let Some(place) = self.generation.place(target)
        {
            self.inner.prefills.refused(place.maker(place.model(&self.ask.plain_name)));
        }
    }

    /// Tells the engine what a target said of its quota, once.
    pub(super) fn tell_quota(&mut self, attempt: AttemptId, cx: &mut Context<'_>) {
        let live = self.live.iter_mut().find(|live| live.id == attempt);
        if let Some(told) = live.and_then(|live| live.exchange.take_told()) {
            self.step(Input::QuotaTold { attempt, told }, cx);
        }
    }

    /// Tells the engine when content came last, before it judges a stall. What a slow client did not
    /// ask for is not late.
    pub(super) fn tell_progress(&mut self, cx: &mut Context<'_>) {
        let wanted = self.demand.since();
        let told = self.live.iter_mut().find_map(|live| {
            let last = live.exchange.last_content()?;
            let last = wanted.map_or(last, |wanted| wanted.max(last));
            (live.told != Some(last)).then(|| {
                live.told = Some(last);
                (live.id, last)
            })
        });
        if let Some((attempt, last)) = told {
            let at = self.inner.clock.moment(last);
            self.step(Input::Progressed { attempt, at }, cx);
        }
    }
}
