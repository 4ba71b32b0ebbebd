//! What must never survive, and what should.

use proptest::prelude::*;

use super::*;

#[test]
fn secrets_go_and_words_stay() {
    for (words, expected) in [
        ("Rate limit reached for gpt-5.6 in organization org-x", None),
        ("model `claude-3-5-sonnet-20241022` not found", None),
        ("meta-llama/Llama-3.3-70B-Instruct-Turbo is overloaded, retry in 6m0s", None),
        ("This model's maximum context length is 128000 tokens.", None),
        ("Qwen/Qwen3-235B-A22B-Instruct-2507 and x-ratelimit-remaining-requests", None),
        ("POST /v1/chat/completions: invalid_request_error", None),
        ("context_length_exceeded: messages.0.content", None),
        ("see https://platform.openai.com/docs/guides/error-codes", None),
        ("key sk-ab is wrong", Some("key sk-ab is wrong")),
        (
            "Incorrect API key provided: sk-proj-abc***xyz. Find it at https://x.com/keys?k=1.",
            Some("Incorrect API key provided: [redacted] Find it at https://x.com/keys?…"),
        ),
        ("{\"key\":\"gsk_0123456789\"}", Some("{\"key\":\"[redacted]\"}")),
        ("api_key=hunter2hunter2", Some("api_key=[redacted]")),
        ("Authorization: Bearer abcdefgh", Some("Authorization: Bearer [redacted]")),
        ("mail to <jo.doe+x@example.com>", Some("mail to <[redacted]>")),
        ("https://jo:pw@example.com/v1", Some("[redacted]")),
        ("id 550e8400-e29b-41d4-a716-446655440000", Some("id [redacted]")),
        ("token 0Aa-a4aA-Ab0-a1bZ-zz00-K9x", Some("token [redacted]")),
        ("a\x1b[2J\r\nb\u{202e}c", Some("a [2J  b c")),
        ("", None),
    ] {
        assert_eq!(redact(words), expected.unwrap_or(words));
    }
}

#[test]
fn long_words_are_cut_on_a_character() {
    let cut = redact(&"é ".repeat(10_000));
    assert_eq!(cut.chars().count(), MAX_CHARS);
    assert!(cut.ends_with('…'));
    let whole = "é ".repeat(MAX_CHARS / 2);
    assert_eq!(redact(&whole), whole);
}

fn canary() -> impl Strategy<Value = (String, String)> {
    let plain = "(sk-|sk-ant-api03-|sk-proj-|gsk_|xai-|AIza)[A-Za-z0-9_-]{12,60}"
        .prop_map(|secret| (secret.clone(), secret));
    let random = "[0-9a-f]{24,80}|[A-Za-z0-9+/]{24,80}={0,2}|[A-Za-z0-9_-]{24,80}"
        .prop_map(|secret| (secret.clone(), secret));
    let bearer = "[A-Za-z0-9_.-]{8,60}".prop_map(|secret| (format!("Bearer {secret}"), secret));
    let address =
        "[a-z0-9.+]{3,12}@[a-z]{3,12}\\.(com|org)".prop_map(|secret| (secret.clone(), secret));
    let query = "[a-z]{8,20}".prop_map(|secret| (format!("https://a.b/c?key={secret}"), secret));
    prop_oneof![plain, random, bearer, address, query]
}

proptest! {
    #[test]
    fn no_canary_survives(
        before in "(\\PC{0,40}[ \"'(:=])?",
        (text, secret) in canary(),
        after in "([ \"'),;]\\PC{0,40})?",
    ) {
        let redacted = redact(&format!("{before}{text}{after}"));
        let outside = format!("{before} {after}");
        prop_assert!(!redacted.contains(&secret) || outside.contains(&secret), "{redacted}");
        let tail = secret.trim_end_matches('=');
        let tail = &tail[tail.len() - 6..];
        prop_assert!(!redacted.contains(tail) || outside.contains(tail), "{redacted}");
    }

    #[test]
    fn any_words_are_fit_for_a_line(words in any::<String>()) {
        let redacted = redact(&words);
        prop_assert!(redacted.chars().count() <= MAX_CHARS);
        prop_assert!(!redacted.chars().any(is_control));
    }
}
