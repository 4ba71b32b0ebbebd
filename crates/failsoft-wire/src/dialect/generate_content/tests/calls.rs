//! Calls: what is understood, what is refused, how conversations are laid out.

use serde_json::{Value, json};

use super::super::{decode_call, encode_call, read_request};
use super::{addressed, destination};
use crate::neutral::{
    Call, Effort, MediaKind, MediaSource, OutputFormat, Part, Rest, Role, ToolCall, ToolChoice,
    ToolResult, Turn,
};
use crate::request::RequestProblem;

fn decode(body: &Value) -> Call {
    decode_call(body.to_string().as_bytes(), &addressed("gemini-2.5-flash")).unwrap()
}

fn encode(call: &Call, model: &str) -> Value {
    serde_json::from_slice(&encode_call(call, &destination(model)).unwrap().body).unwrap()
}

#[test]
fn what_the_policy_needs_is_read() {
    let body =
        r#"{"contents":[{"parts":[{"text":"hi"}]}],"generation_config":{"max_output_tokens":"9"}}"#;
    let head = read_request(body.as_bytes(), &addressed("m")).unwrap();
    assert_eq!((head.model.as_str(), head.model_span), ("m", None));
    assert_eq!(head.max_tokens, Some(9));
    assert_eq!(head.input_tokens as usize, body.len() / 4);
    for body in [
        r#"{"contents":{"parts":{"text":"hi"}}}"#,
        r#"{"contents":[],"generationConfig":null}"#,
        r#"{"contents":[],"generationConfig":{"maxOutputTokens":null}}"#,
        r#"{"continuationToken":"x"}"#,
    ] {
        assert_eq!(read_request(body.as_bytes(), &addressed("m")).unwrap().max_tokens, None);
    }
}

#[test]
fn problems_name_the_parameter() {
    let duplicate = |key: &str| RequestProblem::Duplicate(key.to_owned());
    let wrong = |param, wanted| RequestProblem::WrongType { param, wanted };
    for (body, expected) in [
        ("{", RequestProblem::NotJson { line: 1, column: 2 }),
        ("[]", RequestProblem::NotAnObject),
        ("{}", RequestProblem::Missing("contents")),
        (r#"{"contents":null}"#, RequestProblem::Missing("contents")),
        (r#"{"contents":"hi"}"#, wrong("contents", "an array")),
        (r#"{"contents":[],"contents":[]}"#, duplicate("contents")),
        (
            r#"{"contents":[],"safety_settings":[],"safetySettings":[]}"#,
            duplicate("safetysettings"),
        ),
        (
            r#"{"contents":[],"generationConfig":{},"generation_config":{}}"#,
            duplicate("generationConfig"),
        ),
        (r#"{"contents":[],"GenerationConfig":{}}"#, RequestProblem::Twisted("generationConfig")),
        (r#"{"conten\u0074s":[]}"#, RequestProblem::Twisted("contents")),
        (r#"{"contents":[],"generationConfig":[]}"#, wrong("generationConfig", "an object")),
        (
            r#"{"contents":[],"generationConfig":{"maxOutputTokens":-1}}"#,
            wrong(
                "generationConfig",
                "an object whose `maxOutputTokens` is a whole number, not negative",
            ),
        ),
        (
            r#"{"contents":[],"generationConfig":{"maxOutputTokens":1,"max_output_tokens":2}}"#,
            duplicate("maxOutputTokens"),
        ),
    ] {
        assert_eq!(read_request(body.as_bytes(), &addressed("m")), Err(expected), "{body}");
    }
    for (body, param) in [
        (json!({"contents": 7}), "contents"),
        (json!({"contents": [7]}), "contents"),
        (json!({"contents": [{"parts": "hi"}]}), "contents"),
        (json!({"systemInstruction": 7}), "systemInstruction"),
        (json!({"tools": 7}), "tools"),
        (json!({"toolConfig": []}), "toolConfig"),
        (json!({"generationConfig": {"temperature": "warm"}}), "generationConfig"),
        (json!({"generationConfig": {"stopSequences": [1]}}), "generationConfig"),
        (
            json!({"generationConfig": {"thinkingConfig": {"thinkingBudget": "x"}}}),
            "generationConfig",
        ),
    ] {
        let problem = decode_call(body.to_string().as_bytes(), &addressed("m")).unwrap_err();
        assert_eq!(problem.param(), Some(param), "{body}");
    }
}

#[test]
fn both_spellings_are_understood_and_one_is_written() {
    let snake = json!({
        "contents": [{"role": "user", "parts": [
            {"inline_data": {"mime_type": "image/png", "data": "_-8="}},
            {"file_data": {"file_uri": "gs://a/b", "mime_type": "video/mp4"}}]}],
        "system_instruction": {"parts": {"text": "be"}},
        "tools": {"function_declarations": {"name": "f", "parameters_json_schema": {"a_b": 1}}},
        "tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["f"]}},
        "generation_config": {"top_p": 0.5, "thinking_config": {"thinking_level": "low"},
            "response_mime_type": "application/json", "response_json_schema": {"type": "string"}},
        "cached_content": "c"});
    let call = decode(&snake);
    assert_eq!(call.tool_choice, Some(ToolChoice::Named("f".to_owned())));
    assert_eq!(call.reasoning.as_ref().unwrap().effort, Some(Effort::Low));
    assert!(matches!(call.output, OutputFormat::Schema { .. }));
    let [Part::Media(image), Part::Media(film)] = &call.turns[0].parts[..] else { panic!() };
    assert_eq!((image.kind, film.kind), (MediaKind::Image, MediaKind::Video));
    assert_eq!(film.source, MediaSource::Stored("gs://a/b".to_owned()));
    let expected = json!({
        "contents": [{"role": "user", "parts": [
            {"inlineData": {"mimeType": "image/png", "data": "/+8="}},
            {"fileData": {"fileUri": "gs://a/b", "mimeType": "video/mp4"}}]}],
        "systemInstruction": {"parts": [{"text": "be"}]},
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"a_b": 1}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"topP": 0.5, "thinkingConfig": {"thinkingLevel": "LOW"},
            "responseMimeType": "application/json", "responseJsonSchema": {"type": "string"}},
        "cached_content": "c"});
    assert_eq!(encode(&call, "gemini-3-flash"), expected);
}

#[test]
fn what_the_neutral_form_has_no_place_for_comes_back() {
    for body in [
        json!({"contents": [{"role": "function", "parts": [{"functionResponse": {"name": "f",
            "response": {"output": "x"}, "willContinue": true}}]}]}),
        json!({"contents": [{"role": "user", "parts": [{"text": "a", "partMetadata": {"b": 1}},
            {"executableCode": {"code": "1", "language": "PYTHON"}},
            {"fileData": {"fileUri": "https://youtu.be/x"}, "videoMetadata": {"fps": 1}},
            {"inlineData": {"mimeType": "a/b", "data": "QQ==", "displayName": "n"}}], "x": 1}]}),
        json!({"contents": [{"role": "model", "parts": [
            {"text": "thought", "thought": true}, {"text": "a", "thoughtSignature": "QQ=="},
            {"functionCall": {"name": "f", "args": {}, "partialArgs": []}, "thoughtSignature": "Qg=="},
            {"text": "", "thoughtSignature": "Qw=="}]}]}),
        json!({"contents": [], "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}}}),
        json!({"contents": [], "toolConfig": {"functionCallingConfig": {"mode": "ANY",
            "allowedFunctionNames": ["f", "g"]}, "retrievalConfig": {"languageCode": "de"}}}),
        json!({"contents": [], "tools": [{"functionDeclarations": [{"name": "f", "parameters":
            {"type": "OBJECT", "properties": {"a_b": {"type": "STRING", "nullable": true}}},
            "response": {"type": "STRING"}}]}, {"googleSearch": {}}]}),
        json!({"contents": [], "generationConfig": {"thinkingConfig": {"thinkingBudget": -1},
            "responseModalities": ["AUDIO"], "speechConfig": {}, "responseMimeType": "text/x.enum",
            "responseSchema": {"type": "STRING", "enum": ["a"]}}}),
        json!({"contents": [], "generationConfig": {"thinkingConfig": {"thinkingLevel": "XHIGH"}}}),
        json!({"contents": [], "safetySettings": [{"category": "c"}], "labels": {"a": "b"}}),
    ] {
        assert_eq!(encode(&decode(&body), "gemini-2.5-flash"), body);
    }
}

#[test]
fn a_history_in_pieces_is_put_together() {
    let said = |part: Value| json!({"role": "model", "parts": [part]});
    let call = decode(&json!({"contents": [
        {"role": "user", "parts": [{"text": "hi"}]},
        said(json!({"text": "hm ", "thought": true})),
        said(json!({"text": "yes", "thought": true})),
        said(json!({"text": "", "thought": true, "thoughtSignature": "QQ=="})),
        said(json!({"text": "So "})),
        said(json!({"text": "be it"})),
        said(json!({"functionCall": {"name": "f", "args": {}}})),
        said(json!({"functionCall": {"name": "g", "args": {}}})),
        said(json!({"text": ""})),
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}]}));
    assert_eq!(call.turns.len(), 3);
    let [Part::Thinking { text, seal, .. }, Part::Text { text: said, .. }, one, two] =
        &call.turns[1].parts[..]
    else {
        panic!("{:?}", call.turns[1].parts)
    };
    assert_eq!((text.as_str(), said.as_str()), ("hm yes", "So be it"));
    assert_eq!(seal.as_ref().unwrap().value, "QQ==");
    assert!(matches!((one, two), (Part::ToolCall(_), Part::ToolCall(_))));
}

#[test]
fn googles_schemas_reach_other_dialects_as_json_schemas() {
    let call = decode(&json!({"contents": [], "tools": [{"functionDeclarations": [{"name": "f",
        "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}]}]}));
    let schema: Value =
        serde_json::from_str(call.tools[0].schema.as_ref().unwrap().as_str()).unwrap();
    assert_eq!(schema, json!({"type": "object", "properties": {"a": {"type": "string"}}}));
}

#[test]
fn results_say_what_tools_said() {
    let call = decode(&json!({"contents": [
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}},
            {"functionCall": {"name": "g"}}, {"functionCall": {"id": "x", "name": "h"}}]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "g", "response": {"error": "no"}}},
            {"functionResponse": {"name": "f", "response": {"result": "yes"}}},
            {"functionResponse": {"id": "x", "name": "h", "response": {"a": 1}}}]}]}));
    let results = call.turns[1].parts.iter().map(|part| {
        let Part::ToolResult(ToolResult { id, content, is_error, .. }) = part else { panic!() };
        let [Part::Text { text, .. }] = &content[..] else { panic!() };
        (id.as_str(), text.as_str(), *is_error)
    });
    let expected = [("call_1", "no", true), ("call_0", "yes", false), ("x", "{\"a\":1}", false)];
    assert_eq!(results.collect::<Vec<_>>(), expected);
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts, rest: Rest::default() }
}

fn asked(id: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.to_owned(),
        name: "f".to_owned(),
        arguments: "not json".to_owned(),
        seal: None,
        is_custom: false,
        rest: Rest::default(),
    })
}

fn answered(id: &str, text: &str) -> Part {
    Part::ToolResult(ToolResult {
        id: id.to_owned(),
        name: None,
        content: vec![Part::text(text)],
        is_error: false,
        rest: Rest::default(),
    })
}

#[test]
fn conversations_are_laid_out_as_google_wants_them() {
    let turns = vec![
        turn(Role::System, vec![Part::text("be kind")]),
        turn(Role::Assistant, vec![Part::text("hello"), Part::text("")]),
        turn(Role::Assistant, vec![asked("a"), asked("b")]),
        turn(Role::User, vec![answered("b", "two")]),
        turn(Role::User, vec![answered("stray", "lost"), Part::text("and?")]),
        turn(Role::System, vec![Part::text("be brief")]),
        turn(Role::Assistant, vec![Part::text("done")]),
        turn(Role::User, vec![Part::text("")]),
    ];
    let call = Call { system: vec![Part::text("be")], turns, ..Call::default() };
    let called =
        |id: &str| json!({"functionCall": {"id": id, "name": "f", "args": {"input": "not json"}}});
    let expected = json!({
        "contents": [
            {"role": "user", "parts": [{"text": "Continue."}]},
            {"role": "model", "parts": [{"text": "hello"}, called("a"), called("b")]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "a", "name": "f",
                    "response": {"error": "the tool gave no result"}}},
                {"functionResponse": {"id": "b", "name": "f", "response": {"result": "two"}}}]},
            {"role": "user", "parts": [{"text": "Result of a tool: lost"}, {"text": "and?"},
                {"text": "System instruction: be brief"}]},
            {"role": "model", "parts": [{"text": "done"}]}],
        "systemInstruction": {"parts": [{"text": "be"}, {"text": "be kind"}]}});
    assert_eq!(encode(&call, "gemini-2.5-flash"), expected);
    let empty = Call { system: vec![Part::text("be")], ..Call::default() };
    assert_eq!(
        encode(&empty, "m")["contents"],
        json!([{"role": "user", "parts": [{"text": "Continue."}]}])
    );
}

#[test]
fn images_of_tools_stand_where_the_model_takes_them() {
    let image = Part::Media(crate::neutral::Media {
        kind: MediaKind::Image,
        source: MediaSource::Inline { mime: "image/png".to_owned(), base64: "QQ==".to_owned() },
        name: None,
        detail: None,
        rest: Rest::default(),
    });
    let Part::ToolResult(mut result) = answered("a", "see") else { panic!() };
    result.content.push(image);
    let turns = vec![
        turn(Role::User, vec![Part::text("look")]),
        turn(Role::Assistant, vec![asked("a")]),
        turn(Role::User, vec![Part::ToolResult(result)]),
    ];
    let call = Call { turns, ..Call::default() };
    let inline = json!({"inlineData": {"mimeType": "image/png", "data": "QQ=="}});
    let old = encode(&call, "gemini-2.5-flash");
    assert_eq!(old["contents"][2]["parts"][1], inline);
    assert_eq!(old["contents"][2]["parts"][0]["functionResponse"].get("parts"), None);
    let new = encode(&call, "gemini-3-flash");
    assert_eq!(new["contents"][2]["parts"][0]["functionResponse"]["parts"], json!([inline]));
}
