//! One probe for every row of the rules.

use serde_json::{Value, json};

use super::super::{RULES, encode_call};
use super::destination;
use crate::Dialect;
use crate::neutral::{
    Call, Effort, Feature, Hosted, Json, Media, MediaKind, MediaSource, Note, OutputFormat, Part,
    Reasoning, Rest, Role, Rule, Seal, Tool, ToolCall, ToolChoice, ToolResult, Turn,
};

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts, rest: Rest::default() }
}

fn user(part: Part) -> Call {
    Call { turns: vec![turn(Role::User, vec![part])], ..Call::default() }
}

fn plain() -> Call {
    user(Part::text("hi"))
}

fn after(part: Part) -> Call {
    let mut call = plain();
    call.turns.push(turn(Role::Assistant, vec![part]));
    call.turns.push(turn(Role::User, vec![Part::text("go on")]));
    call
}

fn media(kind: MediaKind, source: MediaSource, detail: Option<&str>) -> Part {
    let detail = detail.map(str::to_owned);
    Part::Media(Media { kind, source, name: None, detail, rest: Rest::default() })
}

fn inline(mime: &str) -> MediaSource {
    MediaSource::Inline { mime: mime.to_owned(), base64: "QQ==".to_owned() }
}

fn url(url: &str) -> MediaSource {
    MediaSource::Url { url: url.to_owned(), mime: None }
}

fn asked(id: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: "f".to_owned(),
        arguments: "{\"a\":1}".to_owned(),
        seal: None,
        is_custom: false,
        rest: Rest::default(),
    }
}

fn answered(id: &str, content: Vec<Part>, is_error: bool) -> Part {
    Part::ToolResult(ToolResult {
        id: id.to_owned(),
        name: None,
        content,
        is_error,
        rest: Rest::default(),
    })
}

fn round(calls: Vec<ToolCall>, results: Vec<Part>) -> Call {
    let mut call = plain();
    call.turns.push(turn(Role::Assistant, calls.into_iter().map(Part::ToolCall).collect()));
    call.turns.push(turn(Role::User, results));
    call
}

fn result(content: Part, is_error: bool) -> Call {
    round(vec![asked("x")], vec![answered("x", vec![content], is_error)])
}

fn tool(strict: Option<bool>) -> Tool {
    Tool {
        name: "f".to_owned(),
        description: Some("does".to_owned()),
        schema: Json::new("{\"type\":\"object\"}"),
        strict,
        rest: Rest::default(),
    }
}

fn with_tool(choice: Option<ToolChoice>) -> Call {
    Call { tools: vec![tool(None)], tool_choice: choice, ..plain() }
}

fn with_rest(key: &str, json: &str) -> Call {
    let mut rest = Rest::of(Dialect::ChatCompletions);
    rest.keep(key.as_bytes(), json.as_bytes());
    Call { rest, ..plain() }
}

fn sampled(set: impl FnOnce(&mut Call)) -> Call {
    let mut call = plain();
    set(&mut call);
    call
}

/// A call that asks for the feature, and what of it must stand where in the body.
#[expect(clippy::too_many_lines, reason = "a table")]
fn probe(feature: Feature) -> (Call, &'static str, Value) {
    let config = |set: fn(&mut Call)| sampled(set);
    match feature {
        Feature::System => (
            sampled(|call| call.system = vec![Part::text("be")]),
            "/systemInstruction/parts/0",
            json!({"text": "be"}),
        ),
        Feature::SystemTurn => (
            {
                let mut call = after(Part::text("yes"));
                call.turns.push(turn(Role::System, vec![Part::text("be")]));
                call
            },
            "/contents/2/parts/1/text",
            json!("System instruction: be"),
        ),
        Feature::Tools => (
            with_tool(None),
            "/tools/0/functionDeclarations/0",
            json!({"name": "f", "description": "does", "parametersJsonSchema": {"type": "object"}}),
        ),
        Feature::CustomTools => (
            round(
                vec![ToolCall { is_custom: true, arguments: "free".to_owned(), ..asked("x") }],
                vec![answered("x", vec![Part::text("ok")], false)],
            ),
            "/contents/1/parts/0/functionCall/args",
            json!({"input": "free"}),
        ),
        Feature::StrictTools => (
            Call { tools: vec![tool(Some(true))], ..plain() },
            "/toolConfig/functionCallingConfig/mode",
            json!("VALIDATED"),
        ),
        Feature::ParallelToolCalls => (
            round(
                vec![asked("x"), asked("y")],
                vec![
                    answered("y", vec![Part::text("2")], false),
                    answered("x", vec![Part::text("1")], false),
                ],
            ),
            "/contents/2/parts/1/functionResponse",
            json!({"id": "y", "name": "f", "response": {"result": "2"}}),
        ),
        Feature::SingleToolCall => {
            (Call { parallel_tools: Some(false), ..with_tool(None) }, "", Value::Null)
        }
        Feature::ForcedTool => (
            with_tool(Some(ToolChoice::Named("f".to_owned()))),
            "/toolConfig/functionCallingConfig",
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ),
        Feature::ForbiddenTools => (
            with_tool(Some(ToolChoice::None)),
            "/toolConfig/functionCallingConfig",
            json!({"mode": "NONE"}),
        ),
        Feature::ToolResults => (
            result(Part::text("{\"a\":[1]}"), false),
            "/contents/2/parts/0/functionResponse/response",
            json!({"a": [1]}),
        ),
        Feature::ToolErrors => (
            result(Part::text("no"), true),
            "/contents/2/parts/0/functionResponse/response",
            json!({"error": "no"}),
        ),
        Feature::ToolResultMedia => (
            result(media(MediaKind::Image, inline("image/png"), None), false),
            "/contents/2/parts/0/functionResponse/parts/0/inlineData/mimeType",
            json!("image/png"),
        ),
        Feature::HostedTools => (
            sampled(|call| {
                let mut rest = Rest::of(Dialect::Responses);
                rest.keep(b"type", b"\"web_search\"");
                call.hosted.push(Hosted { kind: "web_search".to_owned(), rest });
            }),
            "",
            Value::Null,
        ),
        Feature::Images => (
            user(media(MediaKind::Image, inline("image/png"), None)),
            "/contents/0/parts/0/inlineData",
            json!({"mimeType": "image/png", "data": "QQ=="}),
        ),
        Feature::ImageUrls => (
            user(media(MediaKind::Image, url("https://a.example/b.PNG?c=d.gif"), None)),
            "/contents/0/parts/0/fileData",
            json!({"mimeType": "image/png", "fileUri": "https://a.example/b.PNG?c=d.gif"}),
        ),
        Feature::ImageDetail => {
            (user(media(MediaKind::Image, inline("image/png"), Some("low"))), "", Value::Null)
        }
        Feature::Files => (
            user(media(MediaKind::File, MediaSource::Text("Hello".to_owned()), None)),
            "/contents/0/parts/0/inlineData",
            json!({"mimeType": "text/plain", "data": "SGVsbG8="}),
        ),
        Feature::FileUrls => (
            user(media(MediaKind::File, url("https://a.example/b"), None)),
            "/contents/0/parts/0/fileData/mimeType",
            json!("application/pdf"),
        ),
        Feature::AudioVideo => (
            user(media(MediaKind::Audio, inline("audio/wav"), None)),
            "/contents/0/parts/0/inlineData/mimeType",
            json!("audio/wav"),
        ),
        Feature::MediaOutput => {
            (config(|call| call.media_output = vec![MediaKind::Audio]), "", Value::Null)
        }
        Feature::JsonObject => (
            config(|call| call.output = OutputFormat::Json),
            "/generationConfig/responseMimeType",
            json!("application/json"),
        ),
        Feature::JsonSchema => (
            config(|call| {
                call.output = OutputFormat::Schema {
                    name: Some("n".to_owned()),
                    description: None,
                    schema: Json::new("{\"type\":\"array\"}").unwrap(),
                    strict: Some(true),
                };
            }),
            "/generationConfig",
            json!({"responseMimeType": "application/json", "responseJsonSchema": {"type": "array"}}),
        ),
        Feature::MaxTokens => (
            config(|call| call.max_tokens = Some(9)),
            "/generationConfig/maxOutputTokens",
            json!(9),
        ),
        Feature::StopSequences => (
            config(|call| call.stop = vec!["a".to_owned()]),
            "/generationConfig/stopSequences",
            json!(["a"]),
        ),
        Feature::Temperature => (
            config(|call| call.sampling.temperature = Some(2.5)),
            "/generationConfig/temperature",
            json!(2.0),
        ),
        Feature::TopP => {
            (config(|call| call.sampling.top_p = Some(0.5)), "/generationConfig/topP", json!(0.5))
        }
        Feature::TopK => {
            (config(|call| call.sampling.top_k = Some(5)), "/generationConfig/topK", json!(5))
        }
        Feature::Seed => (
            config(|call| call.sampling.seed = Some(1 << 40 | 7)),
            "/generationConfig/seed",
            json!(7),
        ),
        Feature::Penalties => (
            config(|call| {
                (call.sampling.frequency_penalty, call.sampling.presence_penalty) =
                    (Some(2.0), Some(-1.0));
            }),
            "/generationConfig",
            json!({"frequencyPenalty": 1.999, "presencePenalty": -1.0}),
        ),
        Feature::Logprobs => (
            config(|call| call.sampling.logprobs = Some(3)),
            "/generationConfig",
            json!({"responseLogprobs": true, "logprobs": 3}),
        ),
        Feature::SeveralChoices => (
            config(|call| call.sampling.choices = Some(2)),
            "/generationConfig/candidateCount",
            json!(2),
        ),
        Feature::ReasoningEffort => (
            config(|call| {
                let effort = Some(Effort::High);
                call.reasoning = Some(Reasoning { effort, ..Reasoning::default() });
            }),
            "/generationConfig/thinkingConfig",
            json!({"thinkingLevel": "HIGH"}),
        ),
        Feature::ReasoningBudget => (
            config(|call| {
                let (budget, show) = (Some(99), Some(true));
                call.reasoning = Some(Reasoning { budget, show, ..Reasoning::default() });
            }),
            "/generationConfig/thinkingConfig",
            json!({"thinkingBudget": 99, "includeThoughts": true}),
        ),
        Feature::Thinking => (
            after(Part::Thinking { text: "hm".to_owned(), seal: None, rest: Rest::default() }),
            "/contents/1/parts/0",
            json!({"text": "hm", "thought": true}),
        ),
        Feature::Seals => (
            round(vec![asked("x"), asked("y")], Vec::new()),
            "/contents/1/parts/0/thoughtSignature",
            json!("skip_thought_signature_validator"),
        ),
        Feature::Citations => (
            after(Part::Text {
                text: "yes".to_owned(),
                citations: vec![crate::neutral::Citation {
                    url: Some("https://a.example".to_owned()),
                    title: None,
                    quote: None,
                    span: None,
                    rest: Rest::default(),
                }],
                rest: Rest::default(),
            }),
            "/contents/1/parts/0",
            json!({"text": "yes"}),
        ),
        Feature::Refusals => {
            (after(Part::Refusal("no".to_owned())), "/contents/1/parts/0/text", json!("no"))
        }
        Feature::Prefill => (
            sampled(|call| call.turns.push(turn(Role::Assistant, vec![Part::text("So")]))),
            "/contents/1",
            json!({"role": "model", "parts": [{"text": "So"}]}),
        ),
        Feature::User => (config(|call| call.user = Some("u".to_owned())), "", Value::Null),
        Feature::Metadata => (
            config(|call| _ = call.metadata.insert("a".to_owned(), "b".to_owned())),
            "",
            Value::Null,
        ),
        Feature::ServerState => (
            user(media(MediaKind::Image, MediaSource::Stored("file-1".to_owned()), None)),
            "",
            Value::Null,
        ),
        Feature::ForeignParts => (
            after(Part::Foreign({
                let mut rest = Rest::of(Dialect::Messages);
                rest.keep(b"type", b"\"server_tool_use\"");
                rest
            })),
            "",
            Value::Null,
        ),
        Feature::ForeignParameters => (with_rest("service_tier", "\"flex\""), "", Value::Null),
    }
}

#[test]
fn every_row_does_what_it_says() {
    let features: Vec<Feature> = RULES.iter().map(|row| row.feature).collect();
    assert_eq!(features, Feature::ALL);
    for row in RULES {
        assert!(!row.how.is_empty());
        let (call, at, expected) = probe(row.feature);
        // The second generation needs no placeholders, so nothing but the feature is noted.
        let is_newer = matches!(
            row.feature,
            Feature::Seals | Feature::ReasoningEffort | Feature::ToolResultMedia
        );
        let model = if is_newer { "gemini-3-flash" } else { "gemini-2.5-flash" };
        let outcome = encode_call(&call, &destination(model));
        if row.rule == Rule::Refuse {
            assert_eq!(outcome.unwrap_err().feature, row.feature);
            continue;
        }
        let encoded = outcome.unwrap();
        let note = Note { feature: row.feature, rule: row.rule };
        let is_noted = encoded.notes.contains(&note);
        assert_eq!(is_noted, row.rule != Rule::Map, "{}: {:?}", row.feature, encoded.notes);
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        let found = if at.is_empty() { &Value::Null } else { body.pointer(at).unwrap() };
        assert_eq!(*found, expected, "{}: {body}", row.feature);
        if row.rule == Rule::Drop && at.is_empty() {
            let words = String::from_utf8(encoded.body).unwrap();
            for word in ["low", "service_tier", "server_tool_use", "\"u\"", "\"b\""] {
                assert!(!words.contains(word), "{}: {words}", row.feature);
            }
        }
    }
}

#[test]
fn state_of_other_providers_is_refused() {
    for key in ["previous_response_id", "conversation", "prompt", "container"] {
        let refused = encode_call(&with_rest(key, "\"x\""), &destination("gemini-3-pro"));
        assert_eq!(refused.unwrap_err().feature, Feature::ServerState, "{key}");
    }
}

#[test]
fn schemas_become_instructions_for_models_that_do_not_follow_them() {
    let (call, ..) = probe(Feature::JsonSchema);
    let to = crate::Destination { follows_schemas: false, ..destination("gemini-2.5-flash") };
    let encoded = encode_call(&call, &to).unwrap();
    assert_eq!(encoded.notes, [Note { feature: Feature::JsonSchema, rule: Rule::Emulate }]);
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!(body["generationConfig"], json!({"responseMimeType": "application/json"}));
    let said = body["systemInstruction"]["parts"][0]["text"].as_str().unwrap();
    assert!(said.ends_with("{\"type\":\"array\"}"), "{said}");
}

#[test]
fn what_does_not_fit_is_noted() {
    let stops = sampled(|call| call.stop = ["a", "b", "c", "d", "e", "f"].map(Into::into).into());
    let encoded = encode_call(&stops, &destination("gemini-2.5-flash")).unwrap();
    assert_eq!(encoded.notes, [Note { feature: Feature::StopSequences, rule: Rule::Drop }]);
    let (call, ..) = probe(Feature::ReasoningEffort);
    for (model, thinking, is_noted) in [
        ("gemini-2.5-flash", json!({"thinkingBudget": 24_576}), false),
        ("gemini-3-pro-preview", json!({"thinkingLevel": "HIGH"}), false),
        ("gemini-2.0-flash", Value::Null, true),
    ] {
        let encoded = encode_call(&call, &destination(model)).unwrap();
        assert_eq!(!encoded.notes.is_empty(), is_noted, "{model}");
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_eq!(body["generationConfig"]["thinkingConfig"], thinking, "{model}");
    }
}

#[test]
fn a_seal_of_the_targets_own_is_written_as_it_is() {
    let sealed = ToolCall {
        seal: Some(Seal { value: "c2VhbA==".to_owned(), maker: Some(super::MAKER) }),
        ..asked("x")
    };
    let call = round(vec![sealed, asked("y")], Vec::new());
    let encoded = encode_call(&call, &destination("gemini-3-pro")).unwrap();
    assert_eq!(encoded.notes, []);
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!(body["contents"][1]["parts"][0]["thoughtSignature"], "c2VhbA==");
    assert_eq!(body["contents"][1]["parts"][1].get("thoughtSignature"), None);
}

#[test]
fn thinking_stays_within_what_the_model_takes() {
    let (mut call, ..) = probe(Feature::ReasoningBudget);
    let emulated = vec![Note { feature: Feature::ReasoningBudget, rule: Rule::Emulate }];
    for (model, asked, written, notes) in [
        ("gemini-2.5-flash", 24_576, 24_576, vec![]),
        ("gemini-2.5-flash", 32_000, 24_576, emulated.clone()),
        ("gemini-2.5-pro", 0, 128, emulated.clone()),
        ("gemini-3-pro-preview", 99_999, 32_768, emulated),
        ("somebodys-own", 99_999, 99_999, vec![]),
    ] {
        call.reasoning.as_mut().unwrap().budget = Some(asked);
        let encoded = encode_call(&call, &destination(model)).unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        let config = &body["generationConfig"]["thinkingConfig"];
        assert_eq!(config["thinkingBudget"], written, "{model}");
        assert_eq!(encoded.notes, notes, "{model}");
    }
}
