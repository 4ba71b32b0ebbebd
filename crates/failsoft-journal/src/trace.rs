//! Which trace a call belongs to, and the numbers of its spans: the same for all who name them.

use failsoft_engine::{AttemptId, CallId};

/// A call's place in a W3C trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The trace's id; never 0.
    pub id: u128,
    /// The client's own span, if it named one.
    pub parent: Option<u64>,
    /// Whether its spans are to be kept, as the client or our own sampling decided.
    pub sampled: bool,
}

impl Trace {
    /// The trace of a call whose client named none.
    #[must_use]
    pub const fn of_call(call: CallId, sampled: bool) -> Self {
        let id = if call.0 == 0 { 1 } else { call.0 };
        Self { id, parent: None, sampled }
    }
}

/// The number of a call's span: the logical operation with all its attempts.
#[must_use]
pub const fn call_span(call: CallId) -> u64 {
    span(call, 0)
}

/// The number of the span of what a client sees: the request to the gateway.
#[must_use]
pub const fn request_span(call: CallId) -> u64 {
    // Behind every ordinal there is.
    span(call, 0x100)
}

/// The number of an attempt's span, as it is sent to its target.
#[must_use]
pub const fn attempt_span(attempt: AttemptId) -> u64 {
    span(attempt.call, attempt.ordinal as u64 + 1)
}

/// Mixes a call and a part of it to a number that is not 0 (the finaliser of SplitMix64).
const fn span(call: CallId, part: u64) -> u64 {
    let folded = (call.0 >> 64) as u64 ^ (call.0 as u64).rotate_left(32);
    let mut mixed = folded.wrapping_add(part.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    if mixed == 0 { 1 } else { mixed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_a_call_differ_and_stay() {
        let call = CallId(0x0199_c2f4_7be1_0000_0000_0000_0000_0007);
        let spans: Vec<u64> = [call_span(call), request_span(call)]
            .into_iter()
            .chain((0..8).map(|ordinal| attempt_span(AttemptId { call, ordinal })))
            .collect();
        for (place, span) in spans.iter().enumerate() {
            assert_ne!(*span, 0);
            assert!(!spans[..place].contains(span));
        }
        assert_eq!(call_span(call), call_span(call));
        assert_ne!(call_span(call), call_span(CallId(call.0 + 1)));
    }
}
