//! What real APIs refuse is refused here, in their own shape.

mod raw;

use failsoft_fake::Dialect;
use raw::{ask, read_all, request_of, send, start};
use serde_json::Value;

const CHAT: Dialect = Dialect::ChatCompletions;
const MESSAGES: Dialect = Dialect::Messages;
const RESPONSES: Dialect = Dialect::Responses;
const GENERATE: Dialect = Dialect::GenerateContent;
const CONVERSE: Dialect = Dialect::BedrockConverse;

/// Dialect, body, and words of the refusal; no words where it is taken.
type Case = (Dialect, &'static str, &'static str);

const CASES: &[Case] = &[
    (CHAT, r#"{"model":"m","messages":[]}"#, "empty array"),
    (
        CHAT,
        r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"tool","tool_call_id":"c","content":"b"}]}"#,
        "must be a response to a preceeding message with 'tool_calls'",
    ),
    (
        CHAT,
        r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"d","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"b"}]}"#,
        "did not have response messages: d",
    ),
    (
        CHAT,
        r#"{"model":"m","messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema","json_schema":{"schema":{}}}}"#,
        "response_format.json_schema.name",
    ),
    (
        CHAT,
        r#"{"model":"m","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object"}}}]}"#,
        "'additionalProperties' is required",
    ),
    (CHAT, r#"{"model":"m","messages":[{"role":"model","content":"a"}]}"#, "Supported values"),
    (
        MESSAGES,
        r#"{"model":"m","messages":[{"role":"user","content":"a"}]}"#,
        "max_tokens: Field required",
    ),
    (
        MESSAGES,
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}"#,
        "",
    ),
    (
        MESSAGES,
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"b"}]}]}"#,
        "unexpected `tool_use_id` found in `tool_result` blocks: t",
    ),
    (
        MESSAGES,
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":"b"}]}"#,
        "without `tool_result` blocks immediately after: t",
    ),
    (
        MESSAGES,
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":""}]}]}"#,
        "text content blocks must be non-empty",
    ),
    (
        MESSAGES,
        r#"{"model":"m","max_tokens":9,"temperature":1.2,"messages":[{"role":"user","content":"a"}]}"#,
        "less than or equal to 1",
    ),
    (
        MESSAGES,
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b "}]}"#,
        "trailing whitespace",
    ),
    (
        MESSAGES,
        r#"{"model":"m","max_tokens":9,"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#,
        "prefilling",
    ),
    (
        MESSAGES,
        r#"{"model":"m","max_tokens":1000,"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"a"}]}"#,
        "greater than `thinking.budget_tokens`",
    ),
    (
        RESPONSES,
        r#"{"model":"m","input":[{"type":"function_call_output","call_id":"c","output":"b"}]}"#,
        "No tool call found for function call output with call_id c",
    ),
    (
        RESPONSES,
        r#"{"model":"m","input":[{"role":"user","content":"a"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}"#,
        "No tool output found for function call c",
    ),
    (
        RESPONSES,
        r#"{"model":"m","input":[{"role":"user","content":"a"},{"type":"message","id":"msg_of_others","role":"assistant","content":[{"type":"output_text","text":"b","annotations":[]}]},{"role":"user","content":"c"}]}"#,
        "",
    ),
    (
        RESPONSES,
        r#"{"model":"m","input":[{"role":"assistant","content":[{"type":"input_text","text":"b"}]}]}"#,
        "'output_text' and 'refusal'",
    ),
    (RESPONSES, r#"{"model":"m","input":"a","max_output_tokens":5}"#, ">= 16"),
    (RESPONSES, r#"{"model":"m","messages":[]}"#, "moved to 'input'"),
    (GENERATE, r#"{"contents":[]}"#, "contents is not specified"),
    (
        GENERATE,
        r#"{"contents":[{"role":"assistant","parts":[{"text":"a"}]}]}"#,
        "valid role: user, model",
    ),
    (
        GENERATE,
        r#"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]}]}"#,
        "function call turn comes immediately after a user turn",
    ),
    (
        GENERATE,
        r#"{"contents":[{"parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"g","args":{}}}]},{"parts":[{"functionResponse":{"name":"f","response":{}}}]}]}"#,
        "number of function response parts is equal",
    ),
    (
        GENERATE,
        r#"{"contents":[{"parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string","const":"b"}}}}]}]}"#,
        "Unknown name \"const\"",
    ),
    (
        CONVERSE,
        r#"{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"user","content":[{"text":"b"}]}]}"#,
        "must alternate",
    ),
    (CONVERSE, r#"{"messages":[{"role":"user","content":[{"text":" "}]}]}"#, "is blank"),
    (
        CONVERSE,
        r#"{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"t","content":[{"text":"a"}]}}]}]}"#,
        "toolConfig field must be defined",
    ),
    (
        CONVERSE,
        r#"{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"f","input":{}}}]},{"role":"user","content":[{"text":"b"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}]}}"#,
        "Expected toolResult blocks at messages.2.content for the following Ids: t",
    ),
];

#[test]
fn requests_that_real_apis_refuse_are_refused_in_their_shape() {
    let fake = start("");
    for (dialect, body, words) in CASES {
        let answer = read_all(send(&fake, &request_of(*dialect, "m", body)));
        if words.is_empty() {
            assert_eq!(answer.status(), 200, "{body}: {}", answer.body);
            continue;
        }
        assert_eq!(answer.status(), 400, "{body}");
        let json = answer.json();
        let (message, shape) = match dialect {
            Dialect::Messages => (&json["error"]["message"], json["type"] == "error"),
            Dialect::GenerateContent => {
                (&json["error"]["message"], json["error"]["status"] == "INVALID_ARGUMENT")
            }
            Dialect::BedrockConverse => {
                let kind = answer.header("x-amzn-errortype").unwrap_or_default();
                (&json["message"], kind.starts_with("ValidationException:"))
            }
            Dialect::ChatCompletions | Dialect::Responses | Dialect::Embeddings => {
                (&json["error"]["message"], json["error"]["type"] == "invalid_request_error")
            }
        };
        assert!(message.as_str().unwrap_or_default().contains(words), "{body}: {json}");
        assert!(shape, "{json}");
        let seen = fake.attempts();
        assert_eq!(seen.last().unwrap().refused.as_deref(), message.as_str());
    }
}

#[test]
fn keys_of_the_wrong_kind_are_refused() {
    let fake = start("");
    let google = "x-goog-api-key: k";
    let bearer = "authorization: Bearer k";
    let vertex = "/v1/projects/p/locations/l/publishers/google/models/m:generateContent";
    let gemini = "/v1beta/models/m:generateContent";
    for (path, dialect, header, status) in [
        ("/v1/chat/completions", CHAT, google, 401),
        ("/v1/chat/completions", CHAT, "x-api-key: k", 401),
        ("/v1/chat/completions", CHAT, "api-key: k", 200),
        ("/v1/responses", RESPONSES, google, 401),
        ("/v1/messages", MESSAGES, "host: a", 401),
        ("/v1/messages", MESSAGES, "x-api-key: k", 400),
        (gemini, GENERATE, bearer, 403),
        (gemini, GENERATE, google, 200),
        (vertex, GENERATE, bearer, 200),
        (vertex, GENERATE, "host: a", 401),
        ("/model/m/converse", CONVERSE, google, 403),
        ("/model/m/converse", CONVERSE, bearer, 200),
    ] {
        let request = String::from_utf8(raw::request(dialect, "m", "")).unwrap();
        let (_, rest) = request.split_once("connection: close").unwrap();
        let request = format!("POST {path} HTTP/1.1\r\n{header}\r\nconnection: close{rest}");
        let answer = read_all(send(&fake, request.as_bytes()));
        assert_eq!(answer.status(), status, "{path} {header}: {}", answer.body);
    }
}

#[test]
fn signatures_of_aws_are_computed_anew() {
    let fake = start("");
    // As botocore signed it with the secret `secret`.
    let body = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
    let signed = format!(
        "POST /model/anthropic.m-v1%3A0/converse HTTP/1.1\r\nhost: fake\r\nconnection: close\r\n\
         content-type: application/json\r\nx-amz-date: 20260102T030405Z\r\nauthorization: \
         AWS4-HMAC-SHA256 Credential=AKIAFAKE/20260102/us-east-1/bedrock/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date, \
         Signature=6a9bcca9b446480de2c47541b11bfb98f8d5923ffb7b55a4c81907d96148b724\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let good = read_all(send(&fake, signed.as_bytes()));
    assert_eq!(good.status(), 200, "{}", good.body);
    let seen = &fake.attempts()[0];
    assert_eq!(seen.model, "anthropic.m-v1:0");
    assert_eq!(seen.credential, Some(failsoft_fake::fingerprint("AKIAFAKE")));
    for (from, to, kind) in [
        ("\"hi\"", "\"ho\"", "InvalidSignatureException"),
        ("=6a9b", "=6a9c", "InvalidSignatureException"),
        ("/bedrock/", "/sagemaker/", "InvalidSignatureException"),
        ("x-amz-date: ", "x-date: ", "IncompleteSignatureException"),
        ("authorization: ", "x-authorization: ", "MissingAuthenticationTokenException"),
    ] {
        let answer = read_all(send(&fake, signed.replace(from, to).as_bytes()));
        assert_eq!(answer.status(), 403, "{from}");
        let told = answer.header("x-amzn-errortype").unwrap_or_default();
        assert!(told.starts_with(kind), "{told}");
    }
}

#[test]
fn faults_that_make_no_sense_for_a_dialect_are_refused_clearly() {
    let fake = start("");
    let stream = ",\"stream\":true";
    for (dialect, model, extra) in [
        (GENERATE, "no-done", stream),
        (RESPONSES, "no-finish", stream),
        (GENERATE, "role-only", stream),
        (CONVERSE, "pings-only", stream),
        (CHAT, "bad-crc-3", stream),
        (CONVERSE, "bad-crc-3", ""),
        (Dialect::Embeddings, "tools", ""),
        (Dialect::Embeddings, "no-done", ""),
    ] {
        let answer = ask(&fake, dialect, model, extra);
        assert_eq!(answer.status(), 400, "{dialect} {model}");
        let message = answer.json()["error"]["message"].clone();
        let told = format!("the fault `{model}` makes no sense for {dialect} here: ");
        assert!(message.as_str().unwrap_or_default().starts_with(&told), "{message}");
        assert_ne!(message, Value::Null);
    }
}
