//! What an attempt cost of which no provider says it, as far as that can be known.

use failsoft_engine::{FailureKind, Phase, Usage, Verdict};
use failsoft_journal::AttemptFacts;
use failsoft_wire::Splicer;

use super::{Driver, Live};

impl Driver {
    /// The facts of an attempt that is over, or that nobody waits for any more, and what its client
    /// has of it.
    pub(super) fn facts_of(&self, mut live: Live) -> (AttemptFacts, Option<Box<Splicer>>) {
        // What a stream told of itself is read when it is left.
        let begun = live.exchange.has_content();
        let written = live.exchange.written();
        let splicer = live.exchange.take_splicer();
        let written = written.saturating_sub(live.written_before);
        let mut facts = live.exchange.facts;
        facts.usage = if self.answered(facts.ordinal) {
            self.estimated(written, live.written_before)
        } else {
            self.spent(&facts, (begun, written), live.written_before)
        };
        (self.fit_for_the_record(facts), splicer)
    }

    /// A provider that fails may repeat what it was sent, and the record holds no prompt.
    fn fit_for_the_record(&self, mut facts: AttemptFacts) -> AttemptFacts {
        let body = &self.ask.sent.body;
        let names = [self.ask.asked.as_str(), facts.model.as_str()];
        facts.words = facts
            .words
            .filter(|_| !body.is_empty())
            .and_then(|words| failsoft_wire::without_echo(&words, body, &names));
        facts
    }

    /// Whether this attempt ended the answer.
    fn answered(&self, ordinal: u8) -> bool {
        match self.verdict() {
            Some(Verdict::Served { attempt } | Verdict::Resumed { attempt }) => {
                attempt.ordinal == ordinal
            }
            Some(Verdict::Degraded { .. } | Verdict::Failed { .. } | Verdict::Cancelled) | None => {
                false
            }
        }
    }

    /// Tokens of a whole answer whose provider does not count them.
    fn estimated(&self, output: u32, before: u32) -> Option<Usage> {
        let input = self.ask.arrival.input_tokens.saturating_add(before);
        (output > 0).then_some(Usage { input, output })
    }

    /// Tokens of an attempt without a whole answer. An answer that says error costs nothing; what
    /// fell silent, or was left, may have read its prompt.
    fn spent(
        &self,
        facts: &AttemptFacts,
        (begun, written): (bool, u32),
        before: u32,
    ) -> Option<Usage> {
        facts.connected_nanos?;
        if facts.status.is_some_and(|status| !(200..300).contains(&status)) {
            return None;
        }
        let failure = self.reading_of(facts.ordinal).map(|reading| &reading.failure);
        let begun = begun || failure.is_some_and(|failure| failure.phase == Phase::Content);
        let silent = failure.is_none_or(|failure| {
            matches!(failure.kind, FailureKind::Timeout | FailureKind::Cancelled)
        });
        if !begun && !silent {
            return None;
        }
        let told = facts.usage.unwrap_or_default();
        // Who goes on with an answer reads what there is of it.
        let prompt = self.ask.arrival.input_tokens.saturating_add(before);
        let input = if told.input > 0 { told.input } else { prompt };
        let output = if begun { told.output.max(written) } else { 0 };
        Some(Usage { input, output })
    }
}
