//! Degrade: what is answered when nothing else can be.

use crate::FailureKind;

/// The order of lesser answers. Their texts are the driver's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Degrade {
    /// Whether an operator's text stands ready as an assistant message.
    pub reply: bool,
}

impl Degrade {
    /// Whether the operator's text answers instead of this failure. What the caller did wrong it
    /// must be told: a kind word would hide it.
    pub(crate) fn stands_in_for(self, kind: FailureKind) -> bool {
        self.reply && !kind.is_callers_fault()
    }
}
