//! Randomness that is a function of what it is for, so that one draw never shifts another.

use std::time::Duration;

/// What a draw decides. Each purpose has numbers of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Backoff = 1,
    Spread = 2,
    Open = 3,
    Tie = 4,
    Gate = 5,
    Assumed = 6,
}

/// Whose draw it is: a call's attempt, or a target's state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub(crate) id: u128,
    pub(crate) part: u64,
}

/// The seed everything is drawn from.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number that depends on the seed, the subject and the purpose alone.
    pub(crate) fn draw(self, subject: Subject, purpose: Purpose) -> u64 {
        let low = subject.id as u64;
        let high = (subject.id >> 64) as u64;
        [low, high, subject.part, purpose as u64]
            .into_iter()
            .fold(mix(self.0), |state, word| mix(state ^ mix(word)))
    }

    /// Uniform in `[0, span]`.
    pub(crate) fn up_to(self, span: Duration, subject: Subject, purpose: Purpose) -> Duration {
        scaled(span, self.draw(subject, purpose))
    }
}

/// `span · draw / 2^64`.
pub(crate) fn scaled(span: Duration, draw: u64) -> Duration {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(((u128::from(nanos) * u128::from(draw)) >> 64) as u64)
}

/// The finalizer of splitmix64.
pub(crate) const fn mix(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
