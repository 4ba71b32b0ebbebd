//! What it says depends on what it is asked, in every dialect alike.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "what is not as expected stops the test"
)]

mod raw;

use failsoft_fake::{Dialect, Fake};
use raw::{Answer, STREAMED, read_all, request_of, send, start};
use serde_json::{Value, json};

const STREAMED_OR_NOT: [bool; 2] = [false, true];
const TOOLS: [&str; 2] = ["get_weather", "look"];

/// One conversation as each dialect writes it, and what else the request says.
#[derive(Clone, Default)]
struct Told {
    system: Option<&'static str>,
    user: Vec<Value>,
    tools: bool,
    choice: Option<Choice>,
    /// What a former answer said, in the dialect's own form, and what the tools gave back.
    history: Option<(Value, &'static str)>,
    rest: Value,
}

#[derive(Clone, Copy)]
enum Choice {
    Second,
    Forbidden,
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"], "additionalProperties": false})
}

fn ask(fake: &Fake, dialect: Dialect, model: &str, told: &Told, streamed: bool) -> Answer {
    let mut body = match dialect {
        Dialect::ChatCompletions => chat(told),
        Dialect::Messages => messages(told),
        Dialect::Responses => responses(told),
        Dialect::GenerateContent => generate(told),
        Dialect::BedrockConverse => converse(told),
        Dialect::Embeddings => unreachable!("it says nothing"),
    };
    for (key, value) in told.rest.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    if !matches!(dialect, Dialect::GenerateContent | Dialect::BedrockConverse) {
        body["model"] = model.into();
    }
    let mut text = body.to_string();
    if streamed {
        text.truncate(text.len() - 1);
        text.push_str(",\"stream\":true}");
    }
    read_all(send(fake, &request_of(dialect, model, &text)))
}

fn chat(told: &Told) -> Value {
    let mut turns: Vec<Value> =
        told.system.iter().map(|text| json!({"role": "system", "content": text})).collect();
    turns.push(json!({"role": "user", "content": told.user}));
    if let Some((answer, result)) = &told.history {
        let message = &answer["choices"][0]["message"];
        turns.push(message.clone());
        turns.extend(
            list(&message["tool_calls"])
                .iter()
                .map(|call| json!({"role": "tool", "tool_call_id": call["id"], "content": result})),
        );
    }
    let mut body = json!({"messages": turns});
    if told.tools {
        body["tools"] = TOOLS
            .map(|name| {
                json!({"type": "function", "function": {"name": name, "parameters": schema()}})
            })
            .into();
    }
    match told.choice {
        Some(Choice::Second) => {
            body["tool_choice"] = json!({"type": "function", "function": {"name": "look"}});
        }
        Some(Choice::Forbidden) => body["tool_choice"] = "none".into(),
        None => {}
    }
    body
}

fn messages(told: &Told) -> Value {
    let mut turns = vec![json!({"role": "user", "content": told.user})];
    if let Some((answer, result)) = &told.history {
        turns.push(json!({"role": "assistant", "content": answer["content"]}));
        let uses = list(&answer["content"]).iter().filter(|block| block["type"] == "tool_use");
        let results: Vec<_> = uses
            .map(|block| {
                json!({"type": "tool_result", "tool_use_id": block["id"], "content": result})
            })
            .collect();
        turns.push(json!({"role": "user", "content": results}));
    }
    let mut body = json!({"messages": turns, "max_tokens": 4000});
    if let Some(system) = told.system {
        body["system"] = system.into();
    }
    if told.tools {
        let tool = |name| json!({"name": name, "input_schema": schema()});
        body["tools"] = TOOLS.map(tool).into();
    }
    match told.choice {
        Some(Choice::Second) => body["tool_choice"] = json!({"type": "tool", "name": "look"}),
        Some(Choice::Forbidden) => body["tool_choice"] = json!({"type": "none"}),
        None => {}
    }
    body
}

fn responses(told: &Told) -> Value {
    let mut input = vec![json!({"role": "user", "content": told.user})];
    if let Some((answer, result)) = &told.history {
        input.extend(list(&answer["output"]).to_vec());
        let calls = list(&answer["output"]).iter().filter(|item| item["type"] == "function_call");
        input.extend(calls.map(|call| {
            json!({"type": "function_call_output", "call_id": call["call_id"], "output": result})
        }));
    }
    let mut body = json!({"input": input});
    if let Some(system) = told.system {
        body["instructions"] = system.into();
    }
    if told.tools {
        let tool = |name| json!({"type": "function", "name": name, "parameters": schema()});
        body["tools"] = TOOLS.map(tool).into();
    }
    match told.choice {
        Some(Choice::Second) => body["tool_choice"] = json!({"type": "function", "name": "look"}),
        Some(Choice::Forbidden) => body["tool_choice"] = "none".into(),
        None => {}
    }
    body
}

fn generate(told: &Told) -> Value {
    let mut contents = vec![json!({"role": "user", "parts": told.user})];
    if let Some((answer, result)) = &told.history {
        let content = &answer["candidates"][0]["content"];
        contents.push(content.clone());
        let calls = list(&content["parts"]).iter().filter_map(|part| part.get("functionCall"));
        let results: Vec<_> = calls
            .map(|call| {
                json!({"functionResponse": {"name": call["name"], "id": call["id"],
                    "response": {"output": result}}})
            })
            .collect();
        contents.push(json!({"role": "user", "parts": results}));
    }
    let mut body = json!({"contents": contents});
    if let Some(system) = told.system {
        body["systemInstruction"] = json!({"parts": [{"text": system}]});
    }
    if told.tools {
        let tool = |name| json!({"name": name, "parametersJsonSchema": schema()});
        body["tools"] = json!([{"functionDeclarations": TOOLS.map(tool)}]);
    }
    let config = match told.choice {
        Some(Choice::Second) => json!({"mode": "ANY", "allowedFunctionNames": ["look"]}),
        Some(Choice::Forbidden) => json!({"mode": "NONE"}),
        None => return body,
    };
    body["toolConfig"] = json!({"functionCallingConfig": config});
    body
}

fn converse(told: &Told) -> Value {
    let mut turns = vec![json!({"role": "user", "content": told.user})];
    if let Some((answer, result)) = &told.history {
        let message = &answer["output"]["message"];
        turns.push(message.clone());
        let uses = list(&message["content"]).iter().filter_map(|block| block.get("toolUse"));
        let results: Vec<_> = uses
            .map(|one| {
                json!({"toolResult": {"toolUseId": one["toolUseId"], "content": [{"text": result}]}})
            })
            .collect();
        turns.push(json!({"role": "user", "content": results}));
    }
    let mut body = json!({"messages": turns});
    if let Some(system) = told.system {
        body["system"] = json!([{"text": system}]);
    }
    if told.tools {
        let tool = |name| json!({"toolSpec": {"name": name, "inputSchema": {"json": schema()}}});
        body["toolConfig"] = json!({"tools": TOOLS.map(tool)});
    }
    if let Some(Choice::Second) = told.choice {
        body["toolConfig"]["toolChoice"] = json!({"tool": {"name": "look"}});
    }
    body
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A user's words in the dialect's form.
fn words(dialect: Dialect, text: &str) -> Value {
    match dialect {
        Dialect::ChatCompletions | Dialect::Messages => json!({"type": "text", "text": text}),
        Dialect::Responses => json!({"type": "input_text", "text": text}),
        _ => json!({"text": text}),
    }
}

fn hello(dialect: Dialect) -> Told {
    Told { user: vec![words(dialect, "how are you?")], ..Told::default() }
}

/// The calls in a plain answer: name and arguments.
fn calls(dialect: Dialect, answer: &Value) -> Vec<(String, Value)> {
    let parsed = |text: &Value| serde_json::from_str(text.as_str().unwrap()).unwrap();
    let named = |name: &Value, arguments| (name.as_str().unwrap().to_owned(), arguments);
    match dialect {
        Dialect::ChatCompletions => list(&answer["choices"][0]["message"]["tool_calls"])
            .iter()
            .map(|call| &call["function"])
            .map(|call| named(&call["name"], parsed(&call["arguments"])))
            .collect(),
        Dialect::Messages => list(&answer["content"])
            .iter()
            .filter(|block| block["type"] == "tool_use")
            .map(|block| named(&block["name"], block["input"].clone()))
            .collect(),
        Dialect::Responses => list(&answer["output"])
            .iter()
            .filter(|item| item["type"] == "function_call")
            .map(|item| named(&item["name"], parsed(&item["arguments"])))
            .collect(),
        Dialect::GenerateContent => list(&answer["candidates"][0]["content"]["parts"])
            .iter()
            .filter_map(|part| part.get("functionCall"))
            .map(|call| named(&call["name"], call["args"].clone()))
            .collect(),
        _ => list(&answer["output"]["message"]["content"])
            .iter()
            .filter_map(|block| block.get("toolUse"))
            .map(|one| named(&one["name"], one["input"].clone()))
            .collect(),
    }
}

#[test]
fn offered_tools_are_called_by_their_schema_and_their_outcomes_repeated() {
    let fake = start("");
    let arguments = json!({"city": "Paris", "days": 7});
    for dialect in STREAMED {
        let told = Told { tools: true, ..hello(dialect) };
        let answer = ask(&fake, dialect, "m", &told, false).json();
        let one = ("get_weather".to_owned(), arguments.clone());
        assert_eq!(calls(dialect, &answer), std::slice::from_ref(&one), "{dialect}");
        let two = ask(&fake, dialect, "two-tools", &told, false).json();
        let second = ("look".to_owned(), arguments.clone());
        assert_eq!(calls(dialect, &two), [one, second.clone()], "{dialect}");
        for streamed in STREAMED_OR_NOT {
            let told = Told { history: Some((two.clone(), "18 degrees")), ..told.clone() };
            let said = ask(&fake, dialect, "two-tools", &told, streamed).text();
            let expected = "Tool get_weather said: 18 degrees\nTool look said: 18 degrees";
            assert_eq!(said, expected, "{dialect}");
        }
        let forced = Told { choice: Some(Choice::Second), ..told.clone() };
        assert_eq!(calls(dialect, &ask(&fake, dialect, "m", &forced, false).json()), [second]);
        // That dialect cannot forbid tools it offers.
        if dialect != Dialect::BedrockConverse {
            let forbidden = Told { choice: Some(Choice::Forbidden), ..told };
            let said = ask(&fake, dialect, "m", &forbidden, true).text();
            assert_eq!(said, failsoft_fake::WORDS, "{dialect}");
        }
    }
}

#[test]
fn a_line_of_the_system_decides_the_answer() {
    let fake = start("");
    for dialect in STREAMED {
        for streamed in STREAMED_OR_NOT {
            let told = Told { system: Some("Be kind.\nsay: XYZ"), tools: true, ..hello(dialect) };
            assert_eq!(ask(&fake, dialect, "m", &told, streamed).text(), "XYZ", "{dialect}");
        }
    }
}

#[test]
fn images_and_files_of_the_last_turn_are_seen() {
    let fake = start("");
    let (data, url) = ("aGVsbG8gd29ybGQ=", "http://example.com/a");
    let inline = format!("data:image/png;base64,{data}");
    let file = format!("data:application/pdf;base64,{data}");
    let shown = |dialect| match dialect {
        Dialect::ChatCompletions => vec![
            json!({"type": "image_url", "image_url": {"url": inline}}),
            json!({"type": "image_url", "image_url": {"url": url}}),
            json!({"type": "file", "file": {"filename": "a.pdf", "file_data": file}}),
        ],
        Dialect::Messages => vec![
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png",
                "data": data}}),
            json!({"type": "image", "source": {"type": "url", "url": url}}),
            json!({"type": "document", "source": {"type": "base64",
                "media_type": "application/pdf", "data": data}}),
        ],
        Dialect::Responses => vec![
            json!({"type": "input_image", "image_url": inline}),
            json!({"type": "input_image", "image_url": url}),
            json!({"type": "input_file", "filename": "a.pdf", "file_data": file}),
        ],
        Dialect::GenerateContent => vec![
            json!({"inlineData": {"mimeType": "image/png", "data": data}}),
            json!({"fileData": {"mimeType": "image/png", "fileUri": url}}),
            json!({"inlineData": {"mimeType": "application/pdf", "data": data}}),
        ],
        _ => vec![
            json!({"image": {"format": "png", "source": {"bytes": data}}}),
            json!({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a/b"}}}}),
            json!({"document": {"format": "pdf", "name": "a", "source": {"bytes": data}}}),
        ],
    };
    for dialect in STREAMED {
        let told = Told { user: shown(dialect), ..Told::default() };
        let expected =
            "I see 2 images (image/png, 11 bytes; URL). I see 1 file (application/pdf, 11 bytes).";
        assert_eq!(ask(&fake, dialect, "m", &told, true).text(), expected, "{dialect}");
    }
}

#[test]
fn a_schema_is_satisfied_and_bounds_are_kept() {
    let fake = start("");
    let shape = schema();
    let text = shape.to_string();
    for (dialect, schema, bound, reason) in [
        (
            Dialect::ChatCompletions,
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": shape, "strict": true}}}),
            json!({"max_completion_tokens": 20}),
            ("/choices/0/finish_reason", "length"),
        ),
        (
            Dialect::Messages,
            json!({"output_config": {"format": {"type": "json_schema", "schema": shape}}}),
            json!({"max_tokens": 20}),
            ("/stop_reason", "max_tokens"),
        ),
        (
            Dialect::Responses,
            json!({"text": {"format": {"type": "json_schema", "name": "a", "schema": shape}}}),
            json!({"max_output_tokens": 20}),
            ("/incomplete_details/reason", "max_output_tokens"),
        ),
        (
            Dialect::GenerateContent,
            json!({"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": shape}}),
            json!({"generationConfig": {"maxOutputTokens": 20}}),
            ("/candidates/0/finishReason", "MAX_TOKENS"),
        ),
        (
            Dialect::BedrockConverse,
            json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": text}}}}}),
            json!({"inferenceConfig": {"maxTokens": 20}}),
            ("/stopReason", "max_tokens"),
        ),
    ] {
        let told = Told { rest: schema, ..hello(dialect) };
        for streamed in STREAMED_OR_NOT {
            let said = ask(&fake, dialect, "m", &told, streamed).text();
            let said: Value = serde_json::from_str(&said).unwrap();
            assert_eq!(said, json!({"city": "Paris", "days": 7}), "{dialect}");
        }
        let answer = ask(&fake, dialect, "m", &Told { rest: bound, ..hello(dialect) }, false);
        assert_eq!(answer.text().split(' ').count(), 20, "{dialect}");
        assert_eq!(answer.json().pointer(reason.0), Some(&reason.1.into()), "{dialect}");
    }
}

#[test]
fn thoughts_are_sealed_for_this_fake_and_this_model() {
    let fake = start("");
    let other = start("");
    for (dialect, rest, told) in [
        (
            Dialect::Messages,
            json!({"thinking": {"type": "enabled", "budget_tokens": 2000}}),
            "`signature`",
        ),
        (
            Dialect::Responses,
            json!({"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}),
            "invalid_encrypted_content",
        ),
        (
            Dialect::GenerateContent,
            json!({"generationConfig": {"thinkingConfig": {"includeThoughts": true}}}),
            "thought signature",
        ),
        (
            Dialect::BedrockConverse,
            json!({"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2000}}}),
            "`signature`",
        ),
    ] {
        let asked = Told { tools: true, rest, ..hello(dialect) };
        let answer = ask(&fake, dialect, "m", &asked, false);
        assert!(answer.body.contains("Let me think."), "{dialect}: {}", answer.body);
        let streamed = ask(&fake, dialect, "m", &asked, true).dechunked().0;
        assert!(streamed.contains("Let") && streamed.contains("c2VhbDpt"), "{streamed}");
        let next = Told { history: Some((answer.json(), "18 degrees")), ..asked };
        assert_eq!(ask(&fake, dialect, "m", &next, false).status(), 200, "{dialect}");
        for refused in
            [ask(&other, dialect, "m", &next, false), ask(&fake, dialect, "n", &next, true)]
        {
            assert_eq!(refused.status(), 400, "{dialect}");
            assert!(refused.body.contains(told), "{}", refused.body);
        }
        let seen = fake.attempts();
        let last = seen.last().unwrap();
        assert!(last.fault == "refused" && last.refused.is_some(), "{last:?}");
    }
}

#[test]
fn words_are_counted_and_cached_ones_told_apart() {
    let fake = start("");
    for (dialect, input, cached, expected) in [
        (
            Dialect::ChatCompletions,
            "/usage/prompt_tokens",
            "/usage/prompt_tokens_details/cached_tokens",
            13,
        ),
        (Dialect::Messages, "/usage/input_tokens", "/usage/cache_read_input_tokens", 3),
        (
            Dialect::Responses,
            "/usage/input_tokens",
            "/usage/input_tokens_details/cached_tokens",
            13,
        ),
        (
            Dialect::GenerateContent,
            "/usageMetadata/promptTokenCount",
            "/usageMetadata/cachedContentTokenCount",
            13,
        ),
        (Dialect::BedrockConverse, "/usage/inputTokens", "/usage/cacheReadInputTokens", 3),
    ] {
        let usage = ask(&fake, dialect, "cached", &hello(dialect), false).json();
        assert_eq!(usage.pointer(input), Some(&expected.into()), "{dialect}: {usage}");
        assert_eq!(usage.pointer(cached), Some(&10.into()), "{dialect}: {usage}");
    }
}

#[test]
fn equal_texts_have_equal_vectors_in_numbers_and_in_base64() {
    let fake = start("");
    let embed =
        |body: &str| read_all(send(&fake, &request_of(Dialect::Embeddings, "e", body))).json();
    let two = embed(r#"{"model":"e","input":["a b","c"],"dimensions":3}"#);
    assert_eq!(list(&two["data"]).len(), 2);
    assert_eq!(list(&two["data"][0]["embedding"]).len(), 3);
    assert_ne!(two["data"][0]["embedding"], two["data"][1]["embedding"]);
    assert_eq!(two["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    let one = embed(r#"{"model":"e","input":"a b","dimensions":3}"#);
    assert_eq!(one["data"][0]["embedding"], two["data"][0]["embedding"]);
    let packed =
        embed(r#"{"model":"e","input":[[1,2],[3]],"dimensions":3,"encoding_format":"base64"}"#);
    assert_eq!(packed["data"][1]["embedding"].as_str().map(str::len), Some(16));
    assert!(embed(r#"{"model":"e","input":[]}"#)["error"]["message"].is_string());
}
