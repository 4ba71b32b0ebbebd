//! Tokens of all targets together.

use crate::neutral::{Delta, Piece, Rest, Usage};
use crate::reply::TokenCount;

/// So many bytes of text are a token, where nobody says.
const BYTES_A_TOKEN: usize = 4;

/// What the targets of one answer used.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Of the targets before.
    before: Usage,
    /// As the present one told.
    told: Option<Usage>,
    /// Bytes it said.
    said: usize,
    /// It said everything, and knows what it took.
    has_ended: bool,
}

impl Tokens {
    /// Sees what comes.
    pub(super) fn see(&mut self, delta: &Delta) {
        match delta {
            Delta::Usage(usage) => self.told = Some(usage.clone()),
            Delta::Piece { piece: Piece::Text(words) | Piece::Arguments(words), .. } => {
                self.said += words.len();
            }
            Delta::End => self.has_ended = true,
            Delta::Begin(_)
            | Delta::PartBegin { .. }
            | Delta::Piece { .. }
            | Delta::PartEnd { .. }
            | Delta::Finish { .. } => {}
        }
    }

    /// A prompt was read, whoever counted it.
    pub(super) fn assume(&mut self, prompt: u32) {
        if self.total().input == 0 {
            self.before.input = prompt;
        }
    }

    /// Another target follows.
    pub(super) fn next(&mut self) {
        let now = self.now();
        self.before = sum(&self.before, now);
        (self.told, self.said, self.has_ended) = (None, 0, false);
    }

    /// Everything so far.
    pub(super) fn total(&self) -> Usage {
        sum(&self.before, self.now())
    }

    pub(super) fn count(&self) -> TokenCount {
        let Usage { input, output, .. } = self.total();
        TokenCount { input, output }
    }

    /// What the present target used: of output as it told at its end, and before it at least what
    /// its words tell.
    fn now(&self) -> Usage {
        let mut now = self.told.clone().unwrap_or_default();
        if !self.has_ended || self.told.is_none() {
            let estimate = self.said.div_ceil(BYTES_A_TOKEN);
            now.output = now.output.max(u32::try_from(estimate).unwrap_or(u32::MAX));
        }
        now
    }
}

fn sum(one: &Usage, other: Usage) -> Usage {
    Usage {
        input: one.input.saturating_add(other.input),
        cached: one.cached.saturating_add(other.cached),
        cache_written: one.cache_written.saturating_add(other.cache_written),
        output: one.output.saturating_add(other.output),
        reasoning: one.reasoning.saturating_add(other.reasoning),
        // It may hold sums of one of them.
        rest: Rest::default(),
    }
}
