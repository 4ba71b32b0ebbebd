//! Requests: what is read of them, and what is refused in which words.

#![expect(clippy::panic, reason = "a test")]

use bytes::Bytes;
use failsoft_wire::{Dialect, RequestHead, RequestProblem, with_model};

const CHAT: Dialect = Dialect::ChatCompletions;
const MESSAGES: Dialect = Dialect::Messages;

fn head(dialect: Dialect, body: &str) -> RequestHead {
    dialect
        .read_request(body.as_bytes(), None)
        .unwrap_or_else(|problem| panic!("{body}: {problem}"))
}

#[test]
fn what_the_policy_needs_is_read() {
    let body = r#" {"messages":[{"role":"user","content":"{\"model\":\"no\"}"}],
        "model" : "as\u0073istant", "stream":true, "unknown":{"model":[1,{"model":2}]},
        "max_tokens":7,"max_completion_tokens":9,"stream_options":{"include_usage":true}} "#;
    let head = head(CHAT, body);
    assert_eq!(head.model, "assistant");
    assert_eq!(&body[head.model_span.clone().unwrap()], r#""as\u0073istant""#);
    assert!(head.stream && head.include_usage);
    assert_eq!(head.max_tokens, Some(9));
    assert_eq!(head.input_tokens as usize, body.len() / 4);
}

#[test]
fn what_is_not_asked_for_is_off() {
    for body in [
        r#"{"model":"m","messages":[]}"#,
        r#"{"model":"m","messages":[],"stream":null,"max_tokens":null,"stream_options":null}"#,
        r#"{"model":"m","messages":[],"stream":false,"stream_options":{"include_usage":false}}"#,
        r#"{"model":"m","messages":[],"stream_options":{"include_usage":null}}"#,
    ] {
        let head = head(CHAT, body);
        let head = (head.stream, head.include_usage, head.max_tokens);
        assert_eq!(head, (false, false, None), "{body}");
    }
    let head = head(MESSAGES, r#"{"model":"m","messages":[],"max_tokens":99999999999}"#);
    assert_eq!(head.max_tokens, Some(u32::MAX));
    assert!(!head.stream);
}

#[test]
fn problems_name_the_parameter_and_never_repeat_text() {
    let chat = [
        ("", "the body is not valid JSON at line 1, column 1", None),
        ("{\n  \"model\": secret}", "the body is not valid JSON at line 2, column 12", None),
        ("{\"é\": é}", "the body is not valid JSON at line 1, column 7", None),
        ("{\"model\":\"m\"", "the body is not valid JSON at line 1, column 13", None),
        ("{} {}", "the body is not valid JSON at line 1, column 4", None),
        ("\u{feff}{}", "the body is not valid JSON at line 1, column 1", None),
        ("[]", "the body must be a JSON object", None),
        ("\"secret\"", "the body must be a JSON object", None),
        ("{}", "`model` is missing", Some("model")),
        (r#"{"model":null,"messages":[]}"#, "`model` must be a string", Some("model")),
        (r#"{"model":"\ud800","messages":[]}"#, "`model` must be a string", Some("model")),
        (r#"{"model":"m"}"#, "`messages` is missing", Some("messages")),
        (r#"{"model":"m","messages":"secret"}"#, "`messages` must be an array", Some("messages")),
        (
            r#"{"model":"m","messages":[],"stream":"true"}"#,
            "`stream` must be a boolean",
            Some("stream"),
        ),
        (
            r#"{"model":"m","messages":[],"max_tokens":-1}"#,
            "`max_tokens` must be a whole number, not negative",
            Some("max_tokens"),
        ),
        (
            r#"{"model":"m","messages":[],"max_completion_tokens":"9"}"#,
            "`max_completion_tokens` must be a whole number, not negative",
            Some("max_completion_tokens"),
        ),
        (
            r#"{"model":"m","messages":[],"stream_options":true}"#,
            "`stream_options` must be an object",
            Some("stream_options"),
        ),
        (
            r#"{"model":"m","messages":[],"stream_options":{"include_usage":1}}"#,
            "`stream_options` must be an object whose `include_usage` is a boolean",
            Some("stream_options"),
        ),
        (
            r#"{"a secret":1,"A secret":2}"#,
            "a key stands twice at the top of the body; write it once",
            None,
        ),
    ];
    let messages = [
        (r#"{"model":"m","messages":[]}"#, "`max_tokens` is missing", Some("max_tokens")),
        (
            r#"{"model":"m","messages":[],"max_tokens":1.5}"#,
            "`max_tokens` must be a whole number, not negative",
            Some("max_tokens"),
        ),
    ];
    let cases =
        chat.map(|case| (CHAT, case)).into_iter().chain(messages.map(|case| (MESSAGES, case)));
    for (dialect, (body, words, param)) in cases {
        let problem = dialect.read_request(body.as_bytes(), None).unwrap_err();
        assert_eq!(problem.to_string(), words, "{body}");
        assert_eq!(problem.param(), param, "{body}");
    }
}

#[test]
fn keys_that_parsers_read_differently_are_refused() {
    let duplicate = |key: &str| RequestProblem::Duplicate(key.into());
    for (keys, problem) in [
        (r#""model":"a","model":"b""#, duplicate("model")),
        (r#""model":"a","Model":"b""#, duplicate("model")),
        (r#""model":"a","mod\u0065l":"b""#, duplicate("model")),
        (r#""model":"a","MOD\u0045L":"b""#, duplicate("model")),
        (r#""model":"a","top_p":1,"top_p":1"#, duplicate("top_p")),
        (r#""model":"a","user":"x","USER":"y""#, duplicate("user")),
        (r#""model":"a","stream":true,"ſtream":false"#, duplicate("stream")),
        (r#""model":"a","max_tokens":1,"max_toKens":2"#, duplicate("max_tokens")),
        (r#""Model":"a""#, RequestProblem::Twisted("model")),
        (r#""mod\u0065l":"a""#, RequestProblem::Twisted("model")),
        (r#""model":"a","STREAM":true"#, RequestProblem::Twisted("stream")),
        (r#""model":"a","\u017Ftream":true"#, RequestProblem::Twisted("stream")),
    ] {
        let body = format!("{{\"messages\":[],{keys}}}");
        assert_eq!(CHAT.read_request(body.as_bytes(), None), Err(problem), "{body}");
    }
    let fine = r#"{"model":"a","messages":[{"model":1,"model":2}],"Grüße":1,"modell":2,"X-y":3}"#;
    assert_eq!(head(CHAT, fine).model, "a");
}

#[test]
fn endless_requests_are_refused() {
    let refused = |body: String| {
        assert_eq!(CHAT.read_request(body.as_bytes(), None), Err(RequestProblem::TooComplex));
    };
    let start = r#"{"model":"m","messages":[],"x":"#;
    refused(format!("{start}{}", "[".repeat(100_000)));
    refused(format!("{start}{}1{}}}", "{\"a\":".repeat(128), "}".repeat(128)));
    refused(format!("{start}{{\"{}\":1}}}}", "k".repeat(1 << 20)));
    let keys: String = (0..2_000).map(|key| format!(",\"k{key}\":0")).collect();
    refused(format!("{start}1{keys}}}"));

    let deep = format!("{start}{}1{}}}", "[".repeat(127), "]".repeat(127));
    assert_eq!(head(CHAT, &deep).model, "m");
    let long = format!("{start}{{\"{}\":1}}}}", "k".repeat(1024));
    assert_eq!(head(CHAT, &long).model, "m");
}

#[test]
fn bytes_that_are_no_utf8_are_refused_where_they_stand() {
    let problem = RequestProblem::NotJson { line: 1, column: 8 };
    assert_eq!(CHAT.read_request(b"{\"a\":\"b\xff\"}", None), Err(problem));
}

#[test]
fn another_model_changes_nothing_else() {
    let body = Bytes::from(r#"{ "x":1.0e5 ,"model" : "a\"b","messages":[]}"#);
    let head = CHAT.read_request(&body, None).unwrap();
    let parts = with_model(&body, &head.model_span.clone().unwrap(), "o\"ther\n");
    assert_eq!(parts.concat(), br#"{ "x":1.0e5 ,"model" : "o\"ther\n","messages":[]}"#);
    assert_eq!(parts[0].as_ptr(), body.as_ptr());
    assert_eq!(with_model(&body, &(90..95), "m").concat().len(), body.len() + 3);
}
