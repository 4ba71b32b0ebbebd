//! Plain answers of status 200: which are successes.

#![expect(clippy::too_many_lines, reason = "tables of cases")]

use failsoft_wire::{Dialect, Flaw, TokenCount};

const CHAT: Dialect = Dialect::ChatCompletions;
const MESSAGES: Dialect = Dialect::Messages;

/// A flaw, with the text an error's range covers.
fn flaw(dialect: Dialect, body: &str) -> Option<(Flaw, String)> {
    let flaw = dialect.read_reply(body.as_bytes()).flaw?;
    let text = match &flaw {
        Flaw::Error(range) => body[range.clone()].to_owned(),
        Flaw::NotJson
        | Flaw::Truncated
        | Flaw::WrongShape
        | Flaw::Empty
        | Flaw::NoEnd
        | Flaw::BrokenOff(_)
        | Flaw::InvalidToolArguments
        | Flaw::DoesNotFit
        | Flaw::Repeats => String::new(),
    };
    Some((flaw, text))
}

fn choice(inside: &str) -> String {
    format!(r#"{{"id":"x","object":"chat.completion","choices":[{{"index":0,{inside}}}]}}"#)
}

#[test]
fn honest_chat_answers_are_flawless() {
    for inside in [
        r#""message":{"role":"assistant","content":"hi"},"finish_reason":"stop""#,
        r#""message":{"content":"hi"},"finish_reason":null"#,
        r#""message":{"content":[{"type":"text","text":"hi"}]},"finish_reason":"stop""#,
        r#""message":{"content":null,"refusal":"I can't"},"finish_reason":"stop""#,
        r#""message":{"content":"","reasoning_content":"hm"},"finish_reason":"stop""#,
        r#""message":{"content":"","reasoning":"hm"},"finish_reason":"stop""#,
        r#""message":{"content":null,"audio":{"id":"a","data":"…"}},"finish_reason":"stop""#,
        r#""message":{"content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":\"\\\"\"}"}}]},"finish_reason":"tool_calls""#,
        r#""message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":""}}]},"finish_reason":"tool_calls""#,
        r#""message":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":"[]"}}]},"finish_reason":"tool_calls""#,
        r#""message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":{"a":1}}}]},"finish_reason":"tool_calls""#,
        r#""message":{"tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":"{free"}}]},"finish_reason":"tool_calls""#,
        r#""message":{"function_call":{"name":"f","arguments":"{}"}},"finish_reason":"function_call""#,
        r#""message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a"}}]},"finish_reason":"length""#,
        r#""message":{"content":""},"finish_reason":"length""#,
        r#""message":{"role":"assistant"},"finish_reason":"length""#,
        r#""message":{"content":""},"finish_reason":"content_filter","content_filter_results":{"violence":{"filtered":true}}"#,
        r#""message":{"content":"hi"},"content_filter_results":{"error":{"code":"content_filter_error"}},"finish_reason":"stop""#,
        r#""message":{"content":"hi"},"error":null,"finish_reason":"stop""#,
    ] {
        assert_eq!(flaw(CHAT, &choice(inside)), None, "{inside}");
    }
}

#[test]
fn chat_answers_that_are_none_are_told_apart() {
    let error = |text: &str| (Flaw::Error(0..text.len()), text.to_owned());
    for text in [
        r#"{"error":{"message":"m","code":502}}"#,
        r#"{"error":"the prompt exceeds the context length"}"#,
        r#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#,
        r#"{"type":"error","error":{"type":"api_error","message":"m"}}"#,
        r#"{"message":"m","code":"x"}"#,
        r#"{"detail":"Not found"}"#,
        r#"{"error":{"message":"m"},"choices":[{"message":{"content":"partial"}}]}"#,
    ] {
        assert_eq!(flaw(CHAT, text), Some(error(text)));
    }
    for (body, expected) in [
        (r#"[{"error":{"code":429}}]"#, (Flaw::Error(1..23), r#"{"error":{"code":429}}"#)),
        (
            r#"{"choices":[{"finish_reason":"error","error":{"code":502},"message":{"content":"a"}}]}"#,
            (
                Flaw::Error(12..84),
                r#"{"finish_reason":"error","error":{"code":502},"message":{"content":"a"}}"#,
            ),
        ),
    ] {
        assert_eq!(flaw(CHAT, body), Some((expected.0, expected.1.to_owned())));
    }
    let broken_off = |reason: &str| Flaw::BrokenOff(reason.into());
    for (body, expected) in [
        ("", Flaw::Truncated),
        (" \n", Flaw::Truncated),
        (r#"{"choices":[{"message":{"content":"he"#, Flaw::Truncated),
        ("<!doctype html><html>", Flaw::NotJson),
        ("upstream connect error", Flaw::NotJson),
        (r#"{"choices":[]} trailing"#, Flaw::NotJson),
        ("data: {\"choices\":[]}\n\n", Flaw::NotJson),
        ("null", Flaw::WrongShape),
        ("[]", Flaw::WrongShape),
        ("\"text\"", Flaw::WrongShape),
        (r#"{"hello":"world"}"#, Flaw::WrongShape),
        (r#"{"choices":null}"#, Flaw::WrongShape),
        (r#"{"choices":[]}"#, Flaw::Empty),
        (r#"{"choices":[{"message":{"content":""},"finish_reason":null}]}"#, Flaw::Empty),
        (r#"{"choices":[{"message":{"content":null},"finish_reason":"stop"}]}"#, Flaw::Empty),
        (
            r#"{"choices":[{"message":{"tool_calls":[]},"finish_reason":"tool_calls"}]}"#,
            Flaw::Empty,
        ),
        (
            r#"{"choices":[{"message":{"content":"par"},"finish_reason":"error"}]}"#,
            broken_off("error"),
        ),
        (r#"{"choices":[{"finish_reason":"abort"}]}"#, broken_off("abort")),
        (r#"{"choices":[{"finish_reason":"aborted"}]}"#, broken_off("aborted")),
        (
            r#"{"choices":[{"finish_reason":"insufficient_system_resource","message":{"content":"partial"}}]}"#,
            broken_off("insufficient_system_resource"),
        ),
        (
            r#"{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{\"a"}}]},"finish_reason":"tool_calls"}]}"#,
            Flaw::InvalidToolArguments,
        ),
        (
            r#"{"choices":[{"message":{"function_call":{"name":"f","arguments":"no"}},"finish_reason":"stop"}]}"#,
            Flaw::InvalidToolArguments,
        ),
    ] {
        assert_eq!(flaw(CHAT, body), Some((expected, String::new())), "{body}");
    }
}

#[test]
fn honest_messages_are_flawless() {
    for body in [
        r#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn"}"#,
        r#"{"content":[{"type":"thinking","thinking":"hm","signature":"s"}],"stop_reason":"end_turn"}"#,
        r#"{"content":[{"type":"tool_use","id":"t","name":"f","input":{}}],"stop_reason":"tool_use"}"#,
        r#"{"content":[{"type":"text","text":""},{"type":"redacted_thinking","data":"x"}],"stop_reason":"end_turn"}"#,
        r#"{"content":[],"stop_reason":"max_tokens"}"#,
        r#"{"content":[],"stop_reason":"refusal","stop_details":{"category":"cyber"}}"#,
        r#"{"content":[],"stop_reason":"stop_sequence","stop_sequence":"x"}"#,
        r#"{"content":[],"stop_reason":"model_context_window_exceeded"}"#,
        r#"{"content":[],"stop_reason":"pause_turn"}"#,
    ] {
        assert_eq!(flaw(MESSAGES, body), None, "{body}");
    }
}

#[test]
fn messages_that_are_none_are_told_apart() {
    for text in [
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        r#"{"error":{"message":"m","code":502}}"#,
        r#"{"error":"m"}"#,
        r#"{"message":"m","code":"x"}"#,
    ] {
        let expected = (Flaw::Error(2..2 + text.len()), text.to_owned());
        assert_eq!(flaw(MESSAGES, &format!("\n {text} ")), Some(expected));
    }
    for (body, expected) in [
        ("", Flaw::Truncated),
        (r#"{"content":[{"type":"text","#, Flaw::Truncated),
        ("<html>", Flaw::NotJson),
        ("[]", Flaw::WrongShape),
        ("{}", Flaw::WrongShape),
        (r#"{"choices":[{"message":{"content":"hi"}}]}"#, Flaw::WrongShape),
        (r#"{"content":"hi","stop_reason":"end_turn"}"#, Flaw::WrongShape),
        (r#"{"content":[],"stop_reason":"end_turn","usage":{"output_tokens":2}}"#, Flaw::Empty),
        (r#"{"content":[{"type":"text","text":""}],"stop_reason":"end_turn"}"#, Flaw::Empty),
        (r#"{"content":[],"stop_reason":"tool_use"}"#, Flaw::Empty),
        (r#"{"content":[],"stop_reason":null}"#, Flaw::Empty),
        (r#"{"content":[],"stop_reason":"error"}"#, Flaw::BrokenOff("error".into())),
    ] {
        assert_eq!(flaw(MESSAGES, body), Some((expected, String::new())), "{body}");
    }
}

#[test]
fn model_and_usage_are_read() {
    let body = r#"{"model":"gpt\u002d5","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":2}}}"#;
    let reply = CHAT.read_reply(body.as_bytes());
    assert_eq!(reply.model.as_deref(), Some("gpt-5"));
    assert_eq!(reply.usage, TokenCount { input: 3, output: 5 });
    let body = r#"{"model":"claude","content":[],"usage":{"input_tokens":3,"cache_creation_input_tokens":null,"cache_read_input_tokens":40,"output_tokens":5}}"#;
    let reply = MESSAGES.read_reply(body.as_bytes());
    assert_eq!(reply.model.as_deref(), Some("claude"));
    assert_eq!(reply.usage, TokenCount { input: 43, output: 5 });
    for usage in ["null", "[]", "{}", "{\"prompt_tokens\":null,\"completion_tokens\":-1}"] {
        let body = format!("{{\"choices\":[],\"usage\":{usage}}}");
        assert_eq!(CHAT.read_reply(body.as_bytes()).usage, TokenCount::default(), "{usage}");
    }
}

/// What looks like a failure and is none, in plain answers. Of dialects that are not spoken here
/// the answer is given as their endpoint in a spoken dialect does.
#[test]
fn what_only_looks_like_a_failure_is_none() {
    for (name, dialect, body) in [
        ("a paused turn", MESSAGES, r#"{"stop_reason":"pause_turn"}"#),
        (
            "removed input",
            CHAT,
            r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"input_transformations":[{"id":"rs","type":"reasoning","action":"removed","reason":"organization_mismatch"}]}"#,
        ),
        (
            "a budget spent on reasoning",
            CHAT,
            r#"{"choices":[{"finish_reason":"length","message":{"content":""}}],"usage":{"completion_tokens_details":{"reasoning_tokens":4096}}}"#,
        ),
        (
            "a budget spent on thinking",
            CHAT,
            r#"{"choices":[{"finish_reason":"length","message":{"role":"assistant"}}],"usage":{"prompt_tokens":9,"total_tokens":8200}}"#,
        ),
        (
            "a model loaded",
            CHAT,
            r#"{"choices":[{"finish_reason":"load","message":{"content":""}}]}"#,
        ),
    ] {
        assert_eq!(flaw(dialect, body), None, "{name}");
    }
}
