//! What an operator does to a target, shown to those who watch and recorded with who did it.

use failsoft_engine::{Event, Input, TargetId};
use failsoft_journal::StateChange;

use super::Failsoft;
use crate::observe::Seen;

/// Why something an operator wanted was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// The target is not in the settings, or it is in that state already.
    #[error("there is no such target, or it is so already; look at the list of targets again")]
    NothingToDo,
}

impl Failsoft {
    /// Takes a target out of service, or brings it back. Attempts under way there go on. `operator`
    /// is a fingerprint of who did it, never a token.
    ///
    /// # Errors
    /// When there is no such target, or it is in that state already.
    pub fn switch(&self, target: TargetId, enabled: bool, operator: &str) -> Result<(), NotDone> {
        self.operate(Input::TargetSwitched { target, enabled }, operator)
    }

    /// Lets one of the calls to come see how a target is: its open breaker is half open from now
    /// on, and one attempt may go there although it asked to be left alone or is out of use.
    ///
    /// # Errors
    /// When there is no such target, or it is switched off.
    pub fn probe(&self, target: TargetId, operator: &str) -> Result<(), NotDone> {
        self.operate(Input::Probe { target }, operator)
    }

    /// Records that an operator lets this process take no more calls.
    pub fn drained(&self, operator: &str) {
        let generation = self.0.generation.load_full();
        let now = self.0.clock.now();
        self.0.record_change(&generation.names, now, (StateChange::Drained, Some(operator)));
    }

    fn operate(&self, input: Input, operator: &str) -> Result<(), NotDone> {
        // Numbers of targets belong to a generation: both are taken under the engine's lock.
        let mut engine = self.0.engine();
        let generation = self.0.generation.load_full();
        let now = self.0.clock.now();
        let step = engine.step(now, input);
        drop(engine);
        let done = step.events.into_iter().filter(|it| !matches!(it, Event::Ignored { .. }));
        let mut result = Err(NotDone::NothingToDo);
        for event in done {
            self.0.observe(&Seen::of_no_call(now, &generation.names), &event);
            let change = (StateChange::Came(event), Some(operator));
            self.0.record_change(&generation.names, now, change);
            result = Ok(());
        }
        result
    }
}
