//! Every form of every source, and that no bytes make nonsense of them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use failsoft_wire::Dialect;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::{ABSURD, formats};
use crate::{Answer, Place, generic};

/// 2026-10-21 07:28:00 UTC.
const NOW: u64 = 1_792_567_680;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

/// The wait a 429 asks for, in milliseconds.
fn wait(headers: &[(&'static str, &str)], body: &str) -> Option<u128> {
    wait_of(429, headers, body)
}

fn wait_of(status: u16, headers: &[(&'static str, &str)], body: &str) -> Option<u128> {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    let headers: HeaderMap = headers.iter().map(pair).collect();
    let answer =
        Answer { place: Place::Http, status, headers: &headers, body: body.as_bytes(), now: now() };
    let provider = generic(Dialect::ChatCompletions);
    provider.read_failure(&answer).failure.retry_after.map(|it| it.as_millis())
}

#[test]
fn spans_moments_and_bare_numbers_are_told_apart() {
    let now = 1_792_567_680.0;
    for (text, expected) in [
        ("7", Some(7_000)),
        ("7.5", Some(7_500)),
        (" 26.5 ", Some(26_500)),
        ("1s", Some(1_000)),
        ("12ms", Some(12)),
        ("6m0s", Some(360_000)),
        ("2m59.56s", Some(179_560)),
        ("1h2m3s", Some(3_723_000)),
        ("38.2s", Some(38_200)),
        ("1792567690", Some(10_000)),
        ("1792567690000", Some(10_000)),
        ("2026-10-21T07:28:09Z", Some(9_000)),
        ("2026-10-21T09:28:09+02:00", Some(9_000)),
        ("Wed, 21 Oct 2026 07:29:00 GMT", Some(60_000)),
        ("Wed, 21 Oct 2026 07:00:00 GMT", Some(0)),
        ("1792567000", Some(0)),
        ("0", Some(0)),
        ("-1", None),
        ("-1s", None),
        ("NaN", None),
        ("inf", None),
        ("1e300", None),
        ("", None),
        ("soon", None),
        ("5 apples", None),
        ("5x", None),
        ("s", None),
        ("...s", None),
    ] {
        let got = formats::until(text, now).filter(|it| *it <= ABSURD).map(|it| it.as_millis());
        assert_eq!(got, expected, "{text:?}");
    }
}

#[test]
fn the_first_source_that_speaks_holds() {
    let body = r#"{"error":{"message":"Please try again in 30s.","retry_after":20}}"#;
    for (headers, body, expected) in [
        (vec![("retry-after-ms", "1500"), ("retry-after", "9")], body, Some(1_500)),
        (vec![("retry-after", "9"), ("x-amz-retry-after", "100")], body, Some(9_000)),
        (vec![("x-amz-retry-after", "100")], body, Some(100)),
        (vec![], body, Some(20_000)),
        (vec![], r#"{"error":{"message":"Please try again in 30s."}}"#, Some(30_000)),
        (vec![("retry-after", "soon")], body, Some(20_000)),
        (vec![("retry-after", "-1")], body, Some(20_000)),
        (vec![("retry-after", "99999999")], body, Some(20_000)),
        (vec![("retry-after-ms", "0"), ("retry-after", "1")], "", Some(1_000)),
        (vec![("retry-after", "0")], "", Some(0)),
        (vec![], "", None),
    ] {
        assert_eq!(wait(&headers, body), expected, "{headers:?} {body}");
    }
}

#[test]
fn a_date_is_measured_by_the_answers_own_clock() {
    let later = ("retry-after", "Wed, 21 Oct 2026 08:00:30 GMT");
    assert_eq!(wait(&[later, ("date", "Wed, 21 Oct 2026 08:00:00 GMT")], ""), Some(30_000));
    assert_eq!(wait(&[later], ""), Some(1_950_000));
}

#[test]
fn words_tell_a_wait_too() {
    for (words, expected) in [
        ("Please try again in 41.724s. Visit us.", Some(41_724)),
        ("Please try again in 6m0s.", Some(360_000)),
        ("Please try again in 12m48.5s", Some(768_500)),
        ("Please try again in 1h2m3s.", Some(3_723_000)),
        ("Please try again in 220ms.", Some(220)),
        ("Please retry after 7 seconds. Go there", Some(7_000)),
        ("try again in 1 minute and 30 seconds", Some(90_000)),
        ("Please wait 38 seconds before retrying.", Some(38_000)),
        ("please try again after 1 seconds", Some(1_000)),
        ("You will regain access on 2026-10-22 at 00:00 UTC.", Some(59_520_000)),
        ("You will regain access on 2026-10-22.", Some(59_520_000)),
        ("Please try again in a moment", None),
        ("Please try again in 5", None),
        ("Please try again later", None),
        ("regain access on tuesday", None),
    ] {
        let body = serde_json::json!({"error": {"message": words}}).to_string();
        assert_eq!(wait(&[], &body), expected, "{words}");
    }
}

#[test]
fn only_an_empty_bucket_makes_a_call_wait() {
    let full = [("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-reset-requests", "9s")];
    let empty = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "2s")];
    let never = [
        ("x-ratelimit-limit-images", "-1"),
        ("x-ratelimit-remaining-images", "0"),
        ("x-ratelimit-reset-images", "500s"),
    ];
    assert_eq!(wait(&full, ""), None);
    assert_eq!(wait(&never, ""), None);
    assert_eq!(wait(&[full, empty].concat(), ""), Some(2_000));
    assert_eq!(wait(&[&full[..], &empty, &never].concat(), ""), Some(2_000));
    assert_eq!(wait(&[("x-ratelimit-reset", "3")], ""), Some(3_000));
    assert_eq!(wait_of(400, &empty, ""), None, "the request was not refused for a limit");
}

const NAMES: &[&str] = &[
    "date",
    "retry-after",
    "retry-after-ms",
    "x-amz-retry-after",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset",
    "x-ratelimit-reset-tokens",
    "other-ratelimit-tokens-remaining",
    "other-ratelimit-tokens-reset",
];

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..24),
        "[0-9.eE+-]{0,24}".prop_map(String::into_bytes),
        "([0-9]{1,20}(\\.[0-9]{0,20})?(ms|s|m|h|d| seconds)){1,4}".prop_map(String::into_bytes),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_a_wait_absurd(
        values in prop::collection::vec((0..NAMES.len(), value()), 0..8),
        body in prop_oneof![
            value(),
            value().prop_map(|it| {
                let words = format!("try again in {} regain access on {0}", String::from_utf8_lossy(&it));
                serde_json::json!({"error": {"message": words, "retry_after": words}}).to_string().into_bytes()
            }),
        ],
        status in 0_u16..700,
    ) {
        let mut headers = HeaderMap::new();
        for (name, bytes) in values {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.append(NAMES[name], value);
            }
        }
        let answer = Answer { place: Place::Http, status, headers: &headers, body: &body, now: now() };
        for provider in crate::ALL {
            let failure = provider.read_failure(&answer).failure;
            prop_assert!(failure.retry_after.is_none_or(|it| it <= ABSURD));
        }
    }

    #[test]
    fn no_body_makes_a_reader_stumble(body in "[\\[\\]{}\":,a-z0-9 \\\\\n]{0,200}") {
        let headers = HeaderMap::new();
        for place in [Place::Http, Place::Body, Place::Stream] {
            let answer = Answer { place, status: 429, headers: &headers, body: body.as_bytes(), now: now() };
            for provider in crate::ALL {
                drop(provider.read_failure(&answer));
            }
        }
    }
}

#[test]
fn an_endless_nest_is_read_to_its_depth() {
    let body = "{\"error\":".repeat(120) + "1" + &"}".repeat(120);
    assert_eq!(wait(&[], &body), None);
    let deeper = "[".repeat(100_000);
    assert_eq!(wait(&[], &deeper), None);
}
