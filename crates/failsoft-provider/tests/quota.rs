//! Each provider's way to tell a quota.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]
#![allow(missing_docs, reason = "a test is no interface")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use failsoft_engine::{Left, QuotaTold};
use failsoft_provider::{ALL, generic, known};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

/// 2026-10-21 07:28:00 UTC.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_792_567_680)
}

fn told(provider: &str, pairs: &[(&'static str, &str)]) -> QuotaTold {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    let headers: HeaderMap = pairs.iter().map(pair).collect();
    known(provider).unwrap().read_quota(&headers, now())
}

fn left(remaining: u64, limit: u64, millis: Option<u64>) -> Option<Left> {
    Some(Left { remaining, limit: Some(limit), resets_in: millis.map(Duration::from_millis) })
}

#[test]
fn a_name_may_say_what_is_counted_and_the_reset_be_a_span_a_date_or_a_number() {
    let openai = told(
        "openai",
        &[
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-requests", "499"),
            ("x-ratelimit-reset-requests", "120ms"),
            ("x-ratelimit-limit-tokens", "30000"),
            ("x-ratelimit-remaining-tokens", "29000"),
            ("x-ratelimit-reset-tokens", "2s"),
            ("x-ratelimit-limit-input-images", "50"),
            ("x-ratelimit-remaining-input-images", "1"),
        ],
    );
    assert_eq!(openai.requests, left(499, 500, Some(120)));
    assert_eq!(openai.tokens, left(29000, 30000, Some(2000)));

    let anthropic = told(
        "anthropic",
        &[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2026-10-21T07:28:01Z"),
            ("anthropic-ratelimit-tokens-limit", "48000"),
            ("anthropic-ratelimit-tokens-remaining", "47000"),
            ("anthropic-ratelimit-tokens-reset", "2026-10-21T07:28:02Z"),
            ("anthropic-ratelimit-output-tokens-limit", "8000"),
            ("anthropic-ratelimit-output-tokens-remaining", "7000"),
        ],
    );
    assert_eq!(anthropic.requests, left(49, 50, Some(1000)));
    assert_eq!(anthropic.tokens, left(47000, 48000, Some(2000)), "the parts are inside the whole");

    let azure = told(
        "azure",
        &[
            ("x-ratelimit-limit-requests", "2500"),
            ("x-ratelimit-remaining-requests", "2499"),
            ("x-ratelimit-reset-requests", "1"),
        ],
    );
    assert_eq!(azure.requests, left(2499, 2500, Some(1000)), "whole seconds prove no long window");
}

#[test]
fn a_name_may_say_the_window_or_nothing_at_all() {
    let mistral = told(
        "mistral",
        &[
            ("x-ratelimit-limit-req-minute", "120"),
            ("x-ratelimit-remaining-req-minute", "119"),
            ("x-ratelimit-limit-req-10-second", "60"),
            ("x-ratelimit-remaining-req-10-second", "52"),
            ("x-ratelimit-limit-tokens-minute", "2000000"),
            ("x-ratelimit-remaining-tokens-minute", "1999225"),
            ("x-ratelimit-limit-tokens-month", "10000000000"),
            ("x-ratelimit-remaining-tokens-month", "1999"),
        ],
    );
    assert_eq!(mistral.requests, left(52, 60, None));
    assert_eq!(mistral.tokens, left(1_999_225, 2_000_000, None));

    let openrouter = told(
        "openrouter",
        &[
            ("x-ratelimit-limit", "20"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1792567690000"),
        ],
    );
    assert_eq!(openrouter.requests, left(0, 20, Some(10_000)));

    let cohere = told(
        "cohere",
        &[
            ("x-endpoint-monthly-call-limit", "1000"),
            ("x-trial-endpoint-call-limit", "20"),
            ("x-trial-endpoint-call-remaining", "19"),
        ],
    );
    assert_eq!(cohere.requests, left(19, 20, None));
}

#[test]
fn a_day_is_told_only_when_it_is_used_up() {
    let groq = |remaining| {
        told(
            "groq",
            &[
                ("x-ratelimit-limit-requests", "14400"),
                ("x-ratelimit-remaining-requests", remaining),
                ("x-ratelimit-reset-requests", "6s"),
                ("x-ratelimit-limit-tokens", "6000"),
                ("x-ratelimit-remaining-tokens", "3000"),
                ("x-ratelimit-reset-tokens", "30s"),
            ],
        )
    };
    assert_eq!(groq("14399").requests, None);
    assert_eq!(groq("14400").requests, None);
    assert_eq!(groq("14399").tokens, left(3000, 6000, Some(30_000)));
    assert_eq!(groq("0").requests, left(0, 14400, Some(6000)));

    let small_account = [
        ("x-ratelimit-limit-requests", "200"),
        ("x-ratelimit-remaining-requests", "199"),
        ("x-ratelimit-reset-requests", "7m12s"),
    ];
    assert_eq!(told("openai", &small_account).requests, None, "its figures speak of a day");

    let cerebras = |remaining| {
        let pairs = [
            ("x-ratelimit-limit-requests-day", "14400"),
            ("x-ratelimit-remaining-requests-day", remaining),
            ("x-ratelimit-reset-requests-day", "33011.38"),
        ];
        told("cerebras", &pairs).requests
    };
    assert_eq!(cerebras("14370"), None);
    assert_eq!(cerebras("0"), left(0, 14400, Some(33_011_380)));
}

#[test]
fn placeholders_and_nonsense_say_nothing() {
    for (limit, remaining) in
        [("-1", "0"), ("0", "0"), ("5", "-1"), ("5", "REDACTED"), ("5", "NaN")]
    {
        let pairs =
            [("x-ratelimit-limit-tokens", limit), ("x-ratelimit-remaining-tokens", remaining)];
        assert_eq!(told("azure", &pairs), QuotaTold::default(), "{limit} {remaining}");
    }
    let lonely = told("xai", &[("x-ratelimit-remaining-tokens", "7"), ("x-cache-remaining", "1")]);
    let seven = Left { remaining: 7, limit: None, resets_in: None };
    assert_eq!(lonely, QuotaTold { requests: None, tokens: Some(seven) });
}

#[test]
fn an_empty_part_is_told_although_the_whole_is_not_empty() {
    let pairs = [
        ("anthropic-ratelimit-tokens-limit", "48000"),
        ("anthropic-ratelimit-tokens-remaining", "40000"),
        ("anthropic-ratelimit-output-tokens-limit", "8000"),
        ("anthropic-ratelimit-output-tokens-remaining", "0"),
        ("anthropic-ratelimit-output-tokens-reset", "2026-10-21T07:28:09Z"),
    ];
    assert_eq!(told("anthropic", &pairs).tokens, left(0, 8000, Some(9000)));
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_stumble(
        values in prop::collection::vec(("(x-ratelimit|anthropic-ratelimit)-(limit|remaining|reset)-(requests|tokens)", "[ -~]{0,12}|[0-9]{1,30}(ms|s)?"), 0..8),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in &values {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        for provider in ALL.iter().copied().chain([generic(failsoft_wire::Dialect::Messages)]) {
            let _ = provider.read_quota(&headers, now());
        }
    }
}
