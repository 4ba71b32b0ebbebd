//! What an operator does by hand. It stands in the record, with who did it.

use failsoft_engine::{Event, Input, TargetId};
use failsoft_journal::{StateChange, StateRecord};

use crate::Failsoft;
use crate::observe::Seen;

impl Failsoft {
    /// Takes a target out of service, or back into it. `operator` is a fingerprint of who does it.
    pub fn switch(&self, target: TargetId, enabled: bool, operator: &str) {
        self.operate(Input::TargetSwitched { target, enabled }, operator);
    }

    /// Looks how a target is although it is resting or out of use: once, with the next call that
    /// fits. `operator` is a fingerprint of who wants it.
    pub fn probe(&self, target: TargetId, operator: &str) {
        self.operate(Input::Probe { target }, operator);
    }

    /// Records that an operator let no more calls in.
    pub fn drained(&self, operator: &str) {
        self.record_deed(StateChange::Drained, operator);
    }

    fn operate(&self, input: Input, operator: &str) {
        let inner = self.inner();
        let now = inner.clock.now();
        let generation = inner.generation();
        let step = inner.engine().step(now, input);
        for event in step.events {
            let seen = Seen {
                at: now,
                names: &generation.names,
                call: None,
                code: None,
                route: None,
                attempts: &[],
            };
            inner.observe(seen, &event);
            if !matches!(event, Event::Ignored { .. }) {
                self.record_deed(StateChange::Came(event), operator);
            }
        }
    }

    fn record_deed(&self, change: StateChange, operator: &str) {
        let inner = self.inner();
        inner.journal.record_state(StateRecord {
            stamp: inner.clock.stamp(),
            names: std::sync::Arc::clone(&inner.generation().names),
            at: inner.clock.now(),
            change,
            operator: Some(operator.to_owned()),
        });
    }
}
