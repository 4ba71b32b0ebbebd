//! The one table of words: what stands in the journal, and how it is said to people.

use failsoft_engine::{Delivery, Elsewhere, Phase, Repeat};

/// Stable names and how they are said.
pub type Table = &'static [(&'static str, &'static str)];

/// Kinds of failure.
pub const KINDS: Table = &[
    ("rate_limited", "rate limited"),
    ("quota_exhausted", "quota used up"),
    ("overloaded", "overloaded"),
    ("server_error", "server error"),
    ("timeout", "timed out"),
    ("network", "network failure"),
    ("bad_request", "bad request"),
    ("context_length_exceeded", "prompt too long"),
    ("content_filtered", "content filtered"),
    ("authentication", "key not accepted"),
    ("permission", "not permitted"),
    ("model_not_found", "no such model"),
    ("not_found", "not found"),
    ("payload_too_large", "request too large"),
    ("unsupported", "unsupported there"),
    ("conflict", "conflict"),
    ("bad_response", "broken answer"),
    ("cancelled", "cancelled"),
];

/// Why an attempt was made.
pub const WHYS: Table = &[
    ("first", "the call's first"),
    ("retry", "the same target again"),
    ("failover", "another target after the failure"),
    ("patience", "another target beside the one that is late"),
    ("hedge", "another target beside one slower than usual"),
    ("resume", "goes on where the stream broke off"),
];

/// How an attempt was asked to go on with an answer.
pub(crate) const ONWARDS: Table = &[
    ("anew", "asked anew"),
    ("prefill", "given the answer's beginning"),
    ("asked", "asked in words"),
];

/// What was not done, when an attempt was refused.
pub const NOT_DONE: Table = &[
    ("first", "no attempt"),
    ("retry", "not retried"),
    ("failover", "no failover"),
    ("patience", "no second attempt beside it"),
    ("hedge", "not hedged"),
    ("resume", "not continued"),
];

/// What stood against an attempt.
pub const REFUSALS: Table = &[
    ("attempts_spent", "all attempts are spent"),
    ("deadline", "it would not fit before the deadline"),
    ("budget", "budget empty"),
    ("extras_in_flight", "too many extra attempts in flight already"),
    ("not_retryable", "this failure is the same wherever it is sent"),
    ("committed", "the answer has begun"),
    ("no_target", "no other target may take it"),
    ("wait_too_long", "the target asked for a longer wait than this call will make"),
    ("not_resumable", "what the client has cannot be continued"),
    ("resumes_spent", "continued as often as it may be"),
    ("no_headroom", "no other target has room to spare"),
    ("recent_overload", "one of the two has just had too much to do"),
    ("cancel_billed", "what is cancelled at one of the two is paid all the same"),
    ("none_can_serve", "no target of the route can serve such a call"),
];

/// Which gate was closed.
pub(crate) const BARS: Table = &[
    ("breaker", "breaker open"),
    ("throttle", "it asked to be left alone"),
    ("limit", "it holds as many attempts as it may"),
    ("credential_disabled", "its key is out of use"),
    ("model_disabled", "its model is out of use"),
    ("switched_off", "switched off by an operator"),
    ("excluded", "a failure of this call rules it out"),
    ("quota", "what its provider grants is used up for now"),
    ("context_too_small", "the prompt is longer than it can hold"),
    ("other_form", "it speaks another wire format, and the call cannot be translated"),
    ("other_account", "the call refers to something that another account holds"),
    ("other_model", "it has another model, and the call wants the same one"),
    ("lacks_tools", "it cannot call tools"),
    ("lacks_images", "it cannot see images"),
    ("lacks_files", "it cannot read files"),
    ("lacks_audio_video", "it cannot take audio or video"),
    ("lacks_media_output", "it cannot answer with images or sound"),
    ("lacks_json_schema", "it cannot keep to a JSON schema"),
    ("lacks_several_choices", "it cannot give several answers"),
    ("lacks_hosted_tools", "it has no tools of the provider's own"),
    ("lacks_server_state", "it cannot go on from what a provider keeps"),
    ("lacks_custom_tools", "it cannot call tools whose input is not JSON"),
    ("lacks_logprobs", "it does not tell how likely tokens were"),
    ("lacks_prefill", "it cannot go on from an answer already begun"),
    ("lacks_embeddings", "it cannot make embeddings"),
    ("lacks_image_urls", "its dialect cannot tell it where to fetch an image"),
    ("lacks_file_urls", "its dialect cannot tell it where to fetch a file"),
    ("lacks_media_formats", "its dialect does not take an image, file or sound of this format"),
    ("lacks_tool_names", "its dialect does not take tools of such names"),
];

/// What a call waited for, beside gates.
pub(crate) const WAITS: Table =
    &[("backoff", "back-off"), ("retry_after", "the wait the target asked for")];

/// Why a living attempt was stopped.
pub(crate) const CANCELS: Table = &[
    ("lost", "another attempt's content came first"),
    ("timed_out", "it took too long"),
    ("caller_left", "the client went away"),
    ("deadline", "the call's deadline passed"),
    ("call_ended", "another attempt ended the call"),
];

/// What opened a breaker.
pub const TRIPS: Table = &[
    ("consecutive", "failures in a row"),
    ("ratio", "too large a share of failures"),
    ("stall", "no content came at all"),
    ("probe", "the probe failed"),
];

/// States of a breaker, as it came to them.
pub const BREAKERS: Table =
    &[("closed", "closed again"), ("open", "open"), ("half_open", "half open, a probe decides")];

/// How far an attempt had come.
pub(crate) const PHASES: Table = &[
    ("connect", "while connecting"),
    ("first_content", "before first content"),
    ("content", "in mid-answer"),
];

/// Verdicts.
pub const VERDICTS: Table = &[
    ("served", "served"),
    ("resumed", "resumed after a break"),
    ("degraded", "degraded"),
    ("failed", "failed"),
    ("cancelled", "cancelled by the client"),
];

/// How answers travel.
pub(crate) const DELIVERIES: Table = &[("plain", "plain"), ("streamed", "streamed")];

/// How a stable name is said; a name that is not in the table is said as it stands.
#[must_use]
pub fn say(table: Table, name: &str) -> &str {
    table.iter().find(|(stable, _)| *stable == name).map_or(name, |(_, said)| said)
}

/// The stable name of a way to travel.
pub(crate) const fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Plain => "plain",
        Delivery::Streamed => "streamed",
    }
}

/// The stable name of a phase.
pub(crate) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Connect => "connect",
        Phase::FirstContent => "first_content",
        Phase::Content => "content",
    }
}

/// The stable name of what was said about the same target.
pub(crate) const fn repeat(repeat: Repeat) -> &'static str {
    match repeat {
        Repeat::Allowed => "allowed",
        Repeat::Once => "once",
        Repeat::Forbidden => "forbidden",
    }
}

/// The stable name of what was said about other targets.
pub(crate) const fn elsewhere(elsewhere: Elsewhere) -> &'static str {
    match elsewhere {
        Elsewhere::Any => "any",
        Elsewhere::OtherCredential => "other_credential",
        Elsewhere::OtherModel => "other_model",
        Elsewhere::LargerContext => "larger_context",
        Elsewhere::Nowhere => "nowhere",
    }
}

#[cfg(test)]
mod tests {
    use failsoft_engine::{BarReason, BreakerState, CancelReason, FailureKind, Refusal};
    use failsoft_engine::{TripCause, WaitCause, Why};

    use super::*;

    fn check(table: Table, names: &[&str]) {
        for name in names {
            assert!(table.iter().any(|(stable, _)| stable == name), "{name} has no words");
        }
        assert_eq!(table.len(), names.len(), "{table:?} has words for names that do not exist");
    }

    #[test]
    fn every_stable_name_has_words() {
        check(KINDS, &FailureKind::ALL.map(FailureKind::as_str));
        let whys = Why::ALL.map(Why::as_str);
        check(WHYS, &whys);
        check(NOT_DONE, &whys);
        check(
            REFUSALS,
            &[
                Refusal::AttemptsSpent,
                Refusal::Deadline,
                Refusal::Budget,
                Refusal::ExtrasInFlight,
                Refusal::NotRetryable,
                Refusal::Committed,
                Refusal::NoTarget,
                Refusal::WaitTooLong,
                Refusal::NotResumable,
                Refusal::ResumesSpent,
                Refusal::NoHeadroom,
                Refusal::RecentOverload,
                Refusal::CancelBilled,
                Refusal::NoneCanServe(BarReason::Quota),
            ]
            .map(Refusal::as_str),
        );
        check(BARS, &BarReason::ALL.map(BarReason::as_str));
        check(WAITS, &[WaitCause::Backoff, WaitCause::RetryAfter].map(WaitCause::as_str));
        check(
            CANCELS,
            &[
                CancelReason::Lost,
                CancelReason::TimedOut,
                CancelReason::CallerLeft,
                CancelReason::Deadline,
                CancelReason::CallEnded,
            ]
            .map(CancelReason::as_str),
        );
        check(
            TRIPS,
            &[TripCause::Consecutive, TripCause::Ratio, TripCause::Stall, TripCause::Probe]
                .map(TripCause::as_str),
        );
        check(
            BREAKERS,
            &[BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen]
                .map(BreakerState::as_str),
        );
        check(PHASES, &[Phase::Connect, Phase::FirstContent, Phase::Content].map(phase));
        check(DELIVERIES, &[Delivery::Plain, Delivery::Streamed].map(delivery));
    }
}
