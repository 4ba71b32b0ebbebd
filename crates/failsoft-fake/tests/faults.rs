//! Each fault's bytes, as a raw socket sees them.

mod raw;

use failsoft_fake::{Dialect, Ending, Fake, WORDS};
use raw::{Answer, End, STREAMED, ask, path, read_until, request, send, start};
use serde_json::Value;

const CHAT: Dialect = Dialect::ChatCompletions;
const MESSAGES: Dialect = Dialect::Messages;
const STREAM: &str = ",\"stream\":true";
const STREAM_WITH_USAGE: &str = ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";

/// The text a stream delivered.
fn text(answer: &Answer) -> String {
    answer.text()
}

fn words(n: usize) -> String {
    WORDS.split(' ').take(n).collect::<Vec<_>>().join(" ")
}

fn streamed(fake: &Fake, dialect: Dialect, model: &str) -> Answer {
    let answer = ask(fake, dialect, model, STREAM);
    assert_eq!(answer.status(), 200, "{model}");
    answer
}

#[test]
fn a_healthy_model_says_the_sixty_words_in_both_dialects() {
    let fake = start("");
    let chat = ask(&fake, CHAT, "gpt-5.6", "").json();
    assert_eq!(chat["choices"][0]["message"]["content"], WORDS);
    assert_eq!(chat["model"], "gpt-5.6");
    assert_eq!(chat["usage"]["completion_tokens"], 60);
    let messages = ask(&fake, MESSAGES, "claude-x", "").json();
    assert_eq!(messages["content"][0]["text"], WORDS);
    assert_eq!(messages["stop_reason"], "end_turn");
    assert_ne!(chat["id"], ask(&fake, CHAT, "gpt-5.6", "").json()["id"]);
}

#[test]
fn a_healthy_stream_is_complete_and_tells_usage_when_asked() {
    let fake = start("");
    let chat = streamed(&fake, CHAT, "m");
    assert_eq!(text(&chat), WORDS);
    assert_eq!(chat.events().len(), 63);
    assert_eq!(chat.events().last().map(String::as_str), Some("[DONE]"));
    assert!(chat.dechunked().1);
    assert!(!chat.body.contains("usage"));

    let with_usage = ask(&fake, CHAT, "m", STREAM_WITH_USAGE).events();
    let usage: Value = serde_json::from_str(&with_usage[with_usage.len() - 2]).unwrap();
    assert_eq!(usage["choices"], Value::Array(Vec::new()));
    assert_eq!(usage["usage"]["completion_tokens"], 60);

    let messages = streamed(&fake, MESSAGES, "m");
    assert_eq!(text(&messages), WORDS);
    let names: Vec<_> = messages.body.lines().filter_map(|l| l.strip_prefix("event: ")).collect();
    assert_eq!(
        &names[..4],
        ["message_start", "ping", "content_block_start", "content_block_delta"]
    );
    let last = names.len() - 3;
    assert_eq!(&names[last..], ["content_block_stop", "message_delta", "message_stop"]);
}

#[test]
fn tool_calls_carry_the_requests_tool_and_parse_when_whole() {
    let fake = start("");
    let tools = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\"}}]";
    let whole = ask(&fake, CHAT, "tools", tools).json();
    let call = &whole["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(call["name"], "weather");
    let arguments: Value = serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments["days"], 3);
    let fragments: String = ask(&fake, MESSAGES, "tools", STREAM)
        .events()
        .iter()
        .filter_map(|data| serde_json::from_str::<Value>(data).ok())
        .filter_map(|event| event["delta"]["partial_json"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(serde_json::from_str::<Value>(&fragments).unwrap(), arguments);

    let cut = streamed(&fake, CHAT, "cut-tool");
    assert!(cut.body.contains("arguments") && !cut.dechunked().1);
    assert!(!cut.body.contains("finish_reason\":\"tool_calls"));
    let bad = ask(&fake, CHAT, "bad-tool", "").json();
    let call = &bad["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"];
    assert!(serde_json::from_str::<Value>(call.as_str().unwrap()).is_err());
}

#[test]
fn statuses_come_in_the_shape_of_the_dialect_or_of_the_named_provider() {
    let fake = start(
        "[models.g]\nprovider = \"openrouter\"\nfault = \"fail-503\"\n\
         [models.gemini]\nprovider = \"gemini\"\nfault = \"overloaded\"\n\
         [models.cohere]\nprovider = \"cohere\"\nfault = \"bad-key\"\n",
    );
    let cases = [
        (CHAT, "fail-500", 500, "/error/type", "server_error"),
        (CHAT, "context-length", 400, "/error/code", "context_length_exceeded"),
        (CHAT, "content-policy", 400, "/error/code", "content_policy_violation"),
        (CHAT, "quota", 429, "/error/code", "insufficient_quota"),
        (CHAT, "bad-key", 401, "/error/code", "invalid_api_key"),
        (CHAT, "g", 503, "/error/metadata/error_type", "provider_overloaded"),
        (MESSAGES, "fail-429", 429, "/error/type", "rate_limit_error"),
        (MESSAGES, "overloaded", 529, "/error/type", "overloaded_error"),
        (MESSAGES, "no-such-model", 404, "/error/type", "not_found_error"),
        (MESSAGES, "too-large", 413, "/error/type", "request_too_large"),
        (Dialect::Responses, "context-length", 400, "/error/param", "input"),
        (Dialect::Embeddings, "fail-503", 503, "/error/code", "server_is_overloaded"),
        (Dialect::GenerateContent, "fail-429", 429, "/error/status", "RESOURCE_EXHAUSTED"),
        (Dialect::GenerateContent, "bad-key", 400, "/error/details/0/reason", "API_KEY_INVALID"),
        (CHAT, "gemini", 503, "/0/error/status", "UNAVAILABLE"),
        (CHAT, "cohere", 401, "/message", "invalid api token"),
        (
            Dialect::BedrockConverse,
            "context-length",
            400,
            "/message",
            "Input is too long for requested model.",
        ),
    ];
    for (dialect, model, status, pointer, expected) in cases {
        let answer = ask(&fake, dialect, model, STREAM);
        assert_eq!(answer.status(), status, "{model}");
        let told = answer.json().pointer(pointer).cloned();
        assert_eq!(told, Some(expected.into()), "{model}: {}", answer.body);
        assert_eq!(answer.header("retry-after"), None, "{model}");
    }
    let path = "/openai/deployments/fail-429-ra7/chat/completions";
    let body = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    let azure = format!(
        "POST {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = raw::read_all(send(&fake, azure.as_bytes()));
    assert_eq!(answer.header("retry-after"), Some("7"));
    assert!(answer.body.contains("retry after 7 seconds"), "{}", answer.body);
}

#[test]
fn connections_break_before_any_byte() {
    let fake = start("");
    for (model, end) in [("reset", End::Reset), ("close", End::Eof)] {
        let answer = ask(&fake, CHAT, model, "");
        assert_eq!((answer.end, answer.head.as_str()), (end, ""), "{model}");
    }
    assert!(!ask(&fake, CHAT, "garbage", "").head.starts_with("HTTP/"));
    assert!(fake.attempts().iter().all(|attempt| attempt.ending == Ending::BrokenOff));
}

#[test]
fn streams_break_after_so_many_tokens() {
    let fake = start("");
    for dialect in STREAMED {
        let cut = streamed(&fake, dialect, "cut-after-40");
        assert_eq!((text(&cut), cut.dechunked().1, cut.end), (words(40), false, End::Eof));
        let reset = streamed(&fake, dialect, "reset-after-40");
        assert_eq!(reset.end, End::Reset);
        let ended = streamed(&fake, dialect, "end-after-40");
        assert_eq!((text(&ended), ended.dechunked().1), (words(40), true));
        let stalled = streamed(&fake, dialect, "stall-after-20-1ms");
        assert_eq!((text(&stalled), stalled.dechunked().1), (words(20), false));
        let told = streamed(&fake, dialect, "inband-error-after-20");
        assert_eq!(text(&told), words(20));
        assert!(told.events().last().unwrap().contains("error"));
        let at_once = streamed(&fake, dialect, "inband-error");
        assert_eq!(text(&at_once), "");
        let is_binary = dialect == Dialect::BedrockConverse;
        let marker = if is_binary { "internalServerException" } else { "\"error\"" };
        assert!(at_once.body.contains(marker) && at_once.dechunked().1);
    }
}

#[test]
fn streams_lack_or_twist_one_thing() {
    let fake = start("[models.v]\nprovider = \"vllm\"\nfault = \"inband-error-after-3\"");
    for (dialect, marker) in [(CHAT, "[DONE]"), (MESSAGES, "message_stop")] {
        let no_done = streamed(&fake, dialect, "no-done");
        assert_eq!((text(&no_done), no_done.dechunked().1), (WORDS.to_owned(), true));
        assert!(!no_done.body.contains(marker));
        let no_finish = streamed(&fake, dialect, "no-finish");
        assert!(no_finish.body.contains(marker));
        assert!(!no_finish.body.contains("\"stop\"") && !no_finish.body.contains("end_turn"));
        let bad = streamed(&fake, dialect, "bad-chunk-10").events();
        let broken: Vec<_> = (1..)
            .zip(&bad)
            .filter(|(_, data)| *data != "[DONE]" && serde_json::from_str::<Value>(data).is_err())
            .map(|(nth, _)| nth)
            .collect();
        assert_eq!(broken, [10]);
        let empty = streamed(&fake, dialect, "empty");
        assert_eq!((text(&empty), empty.dechunked().1), (String::new(), true));
        assert!(empty.body.contains(marker));
        let wrong = streamed(&fake, dialect, "wrong-type");
        assert_eq!(
            (wrong.header("content-type"), text(&wrong)),
            (Some("text/plain"), WORDS.into())
        );
        let plain = streamed(&fake, dialect, "ignores-stream");
        assert_eq!(plain.header("content-type"), Some("application/json"));
        assert!(plain.json().is_object());
    }
    assert_eq!(streamed(&fake, CHAT, "v").events().last().unwrap(), "[DONE]");
}

#[test]
fn the_younger_dialects_lack_and_twist_in_their_own_way() {
    let fake = start("");
    for (dialect, model, kept, lost) in [
        (Dialect::Responses, "no-done", "response.output_item.done", "response.completed"),
        (Dialect::GenerateContent, "no-finish", "strong,", "finishReason"),
        (Dialect::BedrockConverse, "no-finish", "metadata", "messageStop"),
        (Dialect::BedrockConverse, "no-done", "messageStop", "metadata"),
    ] {
        let answer = streamed(&fake, dialect, model);
        assert!(answer.dechunked().1, "{dialect}");
        assert!(answer.body.contains(kept), "{dialect} {model}");
        assert!(!answer.body.contains(lost), "{dialect} {model}");
    }
    for dialect in [Dialect::Responses, Dialect::GenerateContent, Dialect::BedrockConverse] {
        let bad = streamed(&fake, dialect, "bad-chunk-10").events();
        let broken =
            bad.iter().enumerate().filter(|(_, data)| serde_json::from_str::<Value>(data).is_err());
        assert_eq!(broken.map(|(at, _)| at + 1).collect::<Vec<_>>(), [10], "{dialect}");
        assert_eq!(text(&streamed(&fake, dialect, "empty")), "");
        assert_eq!(text(&streamed(&fake, dialect, "drip-211")), WORDS);
        assert!(!streamed(&fake, dialect, "cut-tool").dechunked().1);
        let plain = streamed(&fake, dialect, "ignores-stream");
        assert_eq!(text(&plain), WORDS);
    }
    let early = streamed(&fake, Dialect::Responses, "inband-error").events();
    let late = streamed(&fake, Dialect::Responses, "inband-error-after-3").events();
    assert!(early.last().unwrap().contains("\"type\":\"error\""));
    assert!(late.last().unwrap().contains("\"type\":\"response.failed\""));
    let failed = ask(&fake, Dialect::Responses, "inband-error", "").json();
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&"failed".into(), &"server_error".into())
    );
    let bad = ask(&fake, Dialect::GenerateContent, "bad-tool", "").json();
    assert_eq!(bad["candidates"][0]["finishReason"], "MALFORMED_FUNCTION_CALL");
    let bad = ask(&fake, Dialect::BedrockConverse, "bad-tool", "").json();
    assert_eq!(bad["stopReason"], "malformed_tool_use");
}

#[test]
fn a_list_is_streamed_when_events_were_not_asked_for() {
    let fake = start("");
    let list = |model: &str| {
        let request = String::from_utf8(request(Dialect::GenerateContent, model, STREAM)).unwrap();
        raw::read_all(send(&fake, request.replace("?alt=sse", "").as_bytes()))
    };
    let parsed = |model: &str| serde_json::from_str::<Value>(&list(model).dechunked().0);
    assert_eq!(parsed("m").unwrap().as_array().unwrap().len(), 61);
    let told = parsed("inband-error-after-3").unwrap();
    assert_eq!(told[3]["error"]["code"], 503);
    assert_eq!(parsed("inband-error").unwrap()[0]["error"]["code"], 503);
    assert_eq!(list("fail-429").json()[0]["error"]["status"], "RESOURCE_EXHAUSTED");
    assert!(parsed("no-done").is_err() && parsed("bad-chunk-4").is_err());
}

#[test]
fn binary_frames_have_checksums_and_one_can_be_wrong() {
    let fake = start("");
    let good = streamed(&fake, Dialect::BedrockConverse, "m");
    let bad = streamed(&fake, Dialect::BedrockConverse, "bad-crc-4");
    assert_eq!(good.events().len(), 64);
    assert_eq!(text(&bad), WORDS);
    assert!(good.body.contains(":event-type") && good.body.contains("contentBlockDelta"));
}

#[test]
fn bodies_are_not_what_they_promise() {
    let fake = start("");
    for dialect in STREAMED.into_iter().chain([Dialect::Embeddings]) {
        let length = |answer: &Answer| answer.header("content-length").unwrap().parse::<usize>();
        let truncated = ask(&fake, dialect, "truncated-json", "");
        assert_eq!(length(&truncated), Ok(truncated.body.len()));
        assert!(truncated.json().is_null() && truncated.body.starts_with('{'));
        let short = ask(&fake, dialect, "short-body", "");
        assert!(length(&short).unwrap() > short.body.len());
        let html = ask(&fake, dialect, "html-502", STREAM);
        assert_eq!(html.status(), 502);
        assert!(html.header("content-type").unwrap().starts_with("text/html"));
        assert!(html.body.starts_with("<!DOCTYPE html>"));
        assert_eq!(ask(&fake, dialect, "empty-body", "").header("content-length"), Some("0"));
        let error = ask(&fake, dialect, "error-200", STREAM);
        assert_eq!(error.status(), 200);
        let pointer =
            if dialect == Dialect::BedrockConverse { "/message" } else { "/error/message" };
        assert!(error.json().pointer(pointer).is_some(), "{}", error.body);
        let redirect = ask(&fake, dialect, "redirect", "");
        assert_eq!(redirect.status(), 307);
        let location = format!("/redirected{}", path(dialect, "redirect", false));
        assert_eq!(redirect.header("location"), Some(&*location));
        assert!(ask(&fake, dialect, "cut-after-40", "").json().is_null());
        assert_eq!(ask(&fake, dialect, "empty", "").status(), 200);
    }
}

#[test]
fn silence_pings_and_announcements_hold_the_connection_open() {
    let fake = start("ping_every = \"1ms\"");
    let cases = [
        (CHAT, "pings-only", ": keep-alive"),
        (MESSAGES, "pings-only", "event: ping"),
        (CHAT, "role-only", "\"role\":\"assistant\""),
        (MESSAGES, "role-only", "content_block_start"),
        (CHAT, "stall-after-3", " bend"),
        (CHAT, "slow-1m", "text/event-stream"),
    ];
    for (dialect, model, first) in cases {
        let mut stream = send(&fake, &request(dialect, model, STREAM));
        let so_far = read_until(&mut stream, first);
        let said = so_far.contains("\"content\":\"Good") || so_far.contains("text_delta");
        assert_eq!(said, model.starts_with("stall"), "{model}: {so_far}");
        assert_eq!(fake.attempts().last().unwrap().ending, Ending::Running, "{model}");
    }
}

#[test]
fn dripped_bytes_add_up_even_when_characters_are_split() {
    let fake = start("text = \"温かい naïve détour\"");
    assert_eq!(text(&streamed(&fake, CHAT, "drip-7")), "温かい naïve détour");
}

#[test]
fn http_1_0_gets_no_chunks() {
    let fake = start("");
    let request = String::from_utf8(request(CHAT, "m", STREAM)).unwrap();
    let answer = raw::read_all(send(&fake, request.replace("HTTP/1.1", "HTTP/1.0").as_bytes()));
    assert!(answer.body.starts_with("data: {") && answer.body.ends_with("data: [DONE]\n\n"));
    let ended = fake.wait_for_blocking(std::time::Duration::from_secs(5), |seen| seen[0].is_over());
    assert_eq!(ended.unwrap()[0].ending, Ending::Finished);
}
