//! Calls: pairs in both directions, and arbitrary ones there and back.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::arbitrary;
use super::{OWN, decoded, encoded, forget};
use crate::RequestProblem;
use crate::neutral::{
    Call, Effort, Maker, Media, MediaKind, MediaSource, OutputFormat, Part, Reasoning, Rest, Role,
    Sampling, Seal, ToolCall, ToolChoice, ToolResult, Turn,
};

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts, rest: Rest::default() }
}

fn tool_call(id: &str, arguments: &str, is_custom: bool) -> Part {
    Part::ToolCall(ToolCall {
        id: id.to_owned(),
        name: "f".to_owned(),
        arguments: arguments.to_owned(),
        seal: None,
        is_custom,
        rest: Rest::default(),
    })
}

fn result(id: &str, name: Option<&str>, content: Vec<Part>) -> Part {
    let (id, name) = (id.to_owned(), name.map(str::to_owned));
    Part::ToolResult(ToolResult { id, name, content, is_error: false, rest: Rest::default() })
}

fn image(source: MediaSource, detail: Option<&str>) -> Part {
    let detail = detail.map(str::to_owned);
    Part::Media(Media { kind: MediaKind::Image, source, name: None, detail, rest: Rest::default() })
}

fn inline(mime: &str) -> MediaSource {
    MediaSource::Inline { mime: mime.to_owned(), base64: "AAAA".to_owned() }
}

/// A call as the neutral form has it whatever dialect it came from.
fn neutral(mut call: Call) -> Call {
    call.rest = Rest::default();
    call.system.iter_mut().for_each(forget);
    for turn in &mut call.turns {
        turn.rest = Rest::default();
        turn.parts.iter_mut().for_each(forget);
    }
    call.tools.iter_mut().for_each(|tool| tool.rest = Rest::default());
    if let Some(reasoning) = &mut call.reasoning {
        reasoning.rest = Rest::default();
    }
    call
}

/// Conversations that are the same in both directions.
#[test]
fn items_are_turns_and_turns_are_items() {
    for (items, turns) in [
        (
            json!([{"type": "message", "role": "user", "content": "hi"}]),
            vec![turn(Role::User, vec![Part::text("hi")])],
        ),
        (
            json!([{"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
                {"type": "input_image", "image_url": "https://a.b/c.png", "detail": "high"},
                {"type": "input_file", "filename": "a.pdf",
                    "file_data": "data:application/pdf;base64,AAAA"}]}]),
            vec![turn(
                Role::User,
                vec![
                    Part::text("look"),
                    image(inline("image/png"), Some("low")),
                    image(
                        MediaSource::Url { url: "https://a.b/c.png".into(), mime: None },
                        Some("high"),
                    ),
                    Part::Media(Media {
                        kind: MediaKind::File,
                        source: inline("application/pdf"),
                        name: Some("a.pdf".into()),
                        detail: None,
                        rest: Rest::default(),
                    }),
                ],
            )],
        ),
        (
            json!([
                {"type": "message", "role": "user", "content": "go"},
                {"type": "message", "role": "assistant", "content": "so"},
                {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{\"a\":1}"},
                {"type": "custom_tool_call", "call_id": "c2", "name": "f", "input": "free"},
                {"type": "function_call_output", "call_id": "c1", "output": "one"},
                {"type": "custom_tool_call_output", "call_id": "c2", "output": [
                    {"type": "input_text", "text": "two"},
                    {"type": "input_image", "image_url": "data:image/png;base64,AAAA",
                        "detail": "high"}]},
                {"type": "message", "role": "system", "content": "be brief"},
                {"type": "message", "role": "user", "content": "on"}]),
            vec![
                turn(Role::User, vec![Part::text("go")]),
                turn(
                    Role::Assistant,
                    vec![
                        Part::text("so"),
                        tool_call("c1", "{\"a\":1}", false),
                        tool_call("c2", "free", true),
                    ],
                ),
                turn(
                    Role::User,
                    vec![
                        result("c1", Some("f"), vec![Part::text("one")]),
                        result(
                            "c2",
                            Some("f"),
                            vec![Part::text("two"), image(inline("image/png"), Some("high"))],
                        ),
                    ],
                ),
                turn(Role::System, vec![Part::text("be brief")]),
                turn(Role::User, vec![Part::text("on")]),
            ],
        ),
    ] {
        let body = json!({"model": "m", "input": items}).to_string();
        let call = decoded(body.as_bytes());
        assert_eq!(neutral(call).turns, turns, "{body}");
        let call = Call { model: "m".into(), turns, ..Call::default() };
        let body: Value = serde_json::from_slice(&encoded(&call).unwrap().body).unwrap();
        assert_eq!(body["input"], items);
    }
}

/// Parameters that are the same in both directions.
#[test]
fn parameters_have_their_places() {
    let reasoning = |effort, show| Reasoning { effort, show, ..Reasoning::default() };
    let call = Call::default;
    for (members, call) in [
        (
            json!({"instructions": "be brief"}),
            Call { system: vec![Part::text("be brief")], ..call() },
        ),
        (json!({"max_output_tokens": 99}), Call { max_tokens: Some(99), ..call() }),
        (json!({"stream": true}), Call { stream: true, ..call() }),
        (
            json!({"temperature": 0.5, "top_p": 0.25}),
            Call {
                sampling: Sampling {
                    temperature: Some(0.5),
                    top_p: Some(0.25),
                    ..Sampling::default()
                },
                ..call()
            },
        ),
        (
            json!({"top_logprobs": 3, "include": ["message.output_text.logprobs"]}),
            Call { sampling: Sampling { logprobs: Some(3), ..Sampling::default() }, ..call() },
        ),
        (
            json!({"reasoning": {"effort": "high"}, "include": ["reasoning.encrypted_content"]}),
            Call { reasoning: Some(reasoning(Some(Effort::High), None)), ..call() },
        ),
        (
            json!({"reasoning": {"effort": "xhigh", "summary": "auto"},
                "include": ["reasoning.encrypted_content"]}),
            Call { reasoning: Some(reasoning(Some(Effort::Max), Some(true))), ..call() },
        ),
        (
            json!({"reasoning": {"effort": "none"}}),
            Call { reasoning: Some(reasoning(Some(Effort::None), None)), ..call() },
        ),
        (json!({"parallel_tool_calls": false}), Call { parallel_tools: Some(false), ..call() }),
        (json!({"tool_choice": "auto"}), Call { tool_choice: Some(ToolChoice::Auto), ..call() }),
        (json!({"tool_choice": "none"}), Call { tool_choice: Some(ToolChoice::None), ..call() }),
        (
            json!({"tool_choice": {"type": "function", "name": "f"}}),
            Call { tool_choice: Some(ToolChoice::Named("f".into())), ..call() },
        ),
        (json!({"safety_identifier": "u"}), Call { user: Some("u".into()), ..call() }),
        (
            json!({"metadata": {"a": "b"}}),
            Call { metadata: [("a".to_owned(), "b".to_owned())].into(), ..call() },
        ),
        (
            json!({"text": {"format": {"type": "json_schema", "name": "n", "schema": {"a": 1},
                "strict": true}}}),
            Call {
                output: OutputFormat::Schema {
                    name: Some("n".into()),
                    description: None,
                    schema: crate::neutral::Json::new("{\"a\":1}").unwrap(),
                    strict: Some(true),
                },
                ..call()
            },
        ),
    ] {
        let mut body = json!({"model": "target", "input": [
            {"type": "message", "role": "user", "content": "hi"}], "store": false});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let turns = vec![turn(Role::User, vec![Part::text("hi")])];
        let call = Call { model: "target".into(), turns, ..call };
        assert_eq!(neutral(decoded(body.to_string().as_bytes())), call, "{members}");
        let written = serde_json::from_slice::<Value>(&encoded(&call).unwrap().body).unwrap();
        assert_eq!(written, body);
    }
}

/// Requests of this dialect, read and written to it again: nothing is lost.
#[test]
fn what_only_this_dialect_knows_comes_back() {
    for members in [
        json!({"input": [], "store": true, "previous_response_id": "resp_1", "truncation": "auto"}),
        json!({"prompt": {"id": "pmpt_1"}, "background": true, "service_tier": "flex"}),
        json!({"input": [], "include": ["web_search_call.results", "reasoning.encrypted_content"],
            "user": "u", "prompt_cache_key": "k", "stream_options": {"include_obfuscation": false}}),
        json!({"input": [], "user": "u", "safety_identifier": "u", "top_logprobs": 3}),
        json!({"input": [], "text": {"verbosity": "low", "format": {"type": "json_object"}}}),
        json!({"input": [], "text": {"verbosity": "low"}}),
        json!({"input": [], "text": {"format": {"type": "new", "a": 1}}}),
        json!({"input": [], "reasoning": {"effort": "max", "summary": "detailed", "mode": "x"}}),
        json!({"input": [], "metadata": {"a": 1}}),
        json!({"input": [], "tools": [
            {"type": "web_search", "filters": {"allowed_domains": ["a.b"]}},
            {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": true,
                "defer_loading": true},
            {"type": "mcp", "server_label": "s"},
            {"type": "custom", "name": "c", "description": "d", "format": {"type": "text"}},
            {"type": "function", "name": "g", "function": {"name": "g", "parameters": {}}}],
            "tool_choice": {"type": "custom", "name": "c"}}),
        json!({"input": [], "tool_choice": {"type": "allowed_tools", "mode": "required",
            "tools": [{"type": "function", "name": "f"}]}}),
        json!({"input": [], "tool_choice": {"type": "web_search"}}),
        json!({"input": [{"type": "item_reference", "id": "msg_1"}, {"id": "rs_2"}]}),
        json!({"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]}),
        json!({"input": [{"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAA",
            "status": "completed", "summary": [{"type": "summary_text", "text": "a"},
            {"type": "summary_text", "text": "b"}]}]}),
        json!({"input": [{"type": "reasoning", "summary": [], "content": [
            {"type": "reasoning_text", "text": "a"}]}]}),
        json!({"input": [{"type": "compaction", "encrypted_content": "gAAA"}]}),
        json!({"input": [{"type": "web_search_call", "id": "ws_1", "status": "completed",
            "action": {"type": "search", "query": "q"}}, {"type": "computer_call_output",
            "call_id": "c", "output": {"type": "computer_screenshot", "file_id": "f"}}]}),
        json!({"input": [{"type": "image_generation_call", "id": "ig_1", "status": "completed",
            "result": "AAAA"}]}),
        json!({"input": [{"type": "message", "role": "developer", "content": "a"},
            {"type": "message", "role": "system", "content": [
                {"type": "input_text", "text": "b"}, {"type": "input_text", "text": "c"}]},
            {"type": "message", "role": "user", "content": "hi", "status": "completed"}],
            "instructions": "d"}),
        json!({"input": [
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "phase": "commentary", "content": [
                {"type": "output_text", "text": "a", "logprobs": [], "annotations": [
                    {"type": "url_citation", "url": "https://a.b", "title": "t",
                        "start_index": 0, "end_index": 1}]},
                {"type": "output_text", "text": "b", "annotations": [], "logprobs": []},
                {"type": "refusal", "refusal": "no"}]},
            {"type": "message", "role": "assistant", "content": "c"},
            {"type": "message", "id": "msg_2", "role": "assistant", "status": "completed",
                "content": [{"type": "refusal", "refusal": "no"}]},
            {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}",
                "status": "completed", "namespace": "n"},
            {"type": "function_call_output", "call_id": "c", "status": "completed", "output": [
                {"type": "input_file", "file_id": "file_1"},
                {"type": "input_image", "file_id": "file_2", "detail": "original"}]}]}),
        json!({"input": [{"type": "message", "role": "user", "content": [
            {"type": "input_file", "filename": "a.txt", "file_data": "AAAA", "detail": "low"},
            {"type": "input_file", "file_url": "https://a.b/c.pdf"},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}},
            {"type": "new_kind", "a": [1]}]}]}),
        json!({"input": [{"type": "message", "role": "user", "content": []}]}),
    ] {
        let mut body = members;
        body["model"] = json!("target");
        let call = decoded(body.to_string().as_bytes());
        let encoded = encoded(&call).unwrap();
        assert_eq!(encoded.notes, []);
        let mut written = serde_json::from_slice::<Value>(&encoded.body).unwrap();
        if body["input"] == json!([]) {
            written["input"] = json!([]);
        }
        assert_eq!(written, body);
    }
}

#[test]
fn other_dialects_understand_what_is_sent() {
    let body = json!({"model": "m", "input": [
        {"role": "developer", "content": "sys"},
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "gAAA"},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "yo", "annotations": []}]},
        {"type": "item_reference", "id": "msg_7"}],
        "instructions": "first", "tools": [
            {"type": "custom", "name": "patch", "format": {"type": "grammar"}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}}, "user": "u"});
    let call = decoded(body.to_string().as_bytes());
    let call = neutral(call);
    assert_eq!(call.system, [Part::text("first"), Part::text("sys")]);
    assert_eq!(call.turns[0], turn(Role::User, vec![Part::text("hi")]));
    let seal = Seal { value: "gAAA".into(), maker: None };
    let thought = Part::Thinking { text: "hm".into(), seal: Some(seal), rest: Rest::default() };
    assert_eq!(call.turns[1].parts[..2], [thought, Part::text("yo")]);
    assert!(call.features().contains(crate::neutral::Feature::ServerState));
    assert_eq!(call.tools[0].name, "patch");
    assert!(call.tools[0].schema.as_ref().unwrap().as_str().contains("input"));
    assert_eq!(call.tool_choice, Some(ToolChoice::Named("f".into())));
    assert_eq!(call.user.as_deref(), Some("u"));
}

#[test]
fn what_cannot_be_understood_names_its_parameter() {
    for (body, problem) in [
        ("[]", RequestProblem::NotAnObject),
        ("{\"model\":", RequestProblem::NotJson { line: 1, column: 10 }),
        ("{\"input\":[]}", RequestProblem::Missing("model")),
    ] {
        assert_eq!(OWN.decode_call(body.as_bytes(), None), Err(problem), "{body}");
    }
    for (member, param) in [
        ("\"model\":1", "model"),
        ("\"model\":\"m\",\"input\":1", "input"),
        ("\"model\":\"m\",\"input\":[1]", "input"),
        ("\"model\":\"m\",\"tools\":{}", "tools"),
        ("\"model\":\"m\",\"stream\":\"yes\"", "stream"),
        ("\"model\":\"m\",\"temperature\":\"hot\"", "temperature"),
        ("\"model\":\"m\",\"top_p\":{}", "top_p"),
        ("\"model\":\"m\",\"max_output_tokens\":-1", "max_output_tokens"),
        ("\"model\":\"m\",\"top_logprobs\":\"2\"", "top_logprobs"),
        ("\"model\":\"m\",\"parallel_tool_calls\":1", "parallel_tool_calls"),
    ] {
        let problem = OWN.decode_call(format!("{{{member}}}").as_bytes(), None).unwrap_err();
        assert_eq!(problem.param(), Some(param), "{member}");
    }
}

/// A thought goes back to its maker under its own id, and to nobody else.
#[test]
fn thoughts_go_back_to_their_maker_only() {
    let answer = json!({"object": "response", "output": [{"type": "reasoning", "id": "rs_1",
        "summary": [], "encrypted_content": "gAAA"}]});
    let reply = OWN.decode_reply(answer.to_string().as_bytes()).unwrap();
    let Part::Thinking { seal: Some(seal), .. } = &reply.choices[0].parts[0] else {
        panic!("no thought");
    };
    // As a client of another dialect gives it back.
    let seal = Seal { maker: Some(Maker(7)), ..seal.clone() };
    let seal = Seal::read(&seal.marked());
    let thought = Part::Thinking { text: String::new(), seal: Some(seal), rest: Rest::default() };
    let turns = vec![turn(Role::Assistant, vec![thought]), turn(Role::User, vec![Part::text("x")])];
    let call = Call { model: "m".into(), turns, ..Call::default() };
    let item = json!({"type": "reasoning", "id": "rs_1", "summary": [],
        "encrypted_content": "gAAA"});
    let body: Value = serde_json::from_slice(&encoded(&call).unwrap().body).unwrap();
    assert_eq!(body["input"][0], item);
    assert_eq!(body["include"], json!(["reasoning.encrypted_content"]));

    let mut own = decoded(
        json!({"model": "m", "input": [
        {"type": "reasoning", "id": "rs_0", "summary": []}, item,
        {"type": "message", "role": "user", "content": "x"}]})
        .to_string()
        .as_bytes(),
    );
    assert!(own.without_seals_of_others(Maker(1), &|_| Some(Maker(7))));
    let body: Value = serde_json::from_slice(&encoded(&own).unwrap().body).unwrap();
    assert_eq!(body["input"], json!([{"type": "message", "role": "user", "content": "x"}]));
}

/// Thoughts nobody sealed are marked as their maker's all the same: another target would look for
/// them under their id, and refuse the call.
#[test]
fn unsealed_thoughts_are_taken_out_for_others() {
    let thought = Part::Thinking { text: "hm".into(), seal: None, rest: Rest::default() };
    let choice = crate::neutral::Choice { parts: vec![thought], ..Default::default() };
    let reply = crate::neutral::Reply { choices: vec![choice], ..Default::default() };
    let body = OWN.encode_reply(&reply, &super::presented(Some(Maker(7))));
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(answer["output"][0]["encrypted_content"], "fs1.0000000000000007.");
    let body = json!({"model": "m", "input": answer["output"]}).to_string();
    for (target, is_left) in [(Maker(7), true), (Maker(8), false)] {
        let mut call = decoded(body.as_bytes());
        assert_eq!(call.without_seals_of_others(target, &|_| None), !is_left);
        assert_eq!(call.turns[0].parts.is_empty(), !is_left);
    }
}

/// Seals of tool calls travel as thoughts behind their call.
#[test]
fn a_sealed_tool_call_keeps_its_seal() {
    let mut part = tool_call("c", "{}", false);
    let seal = Seal { value: "sig".into(), maker: Some(Maker(7)) };
    if let Part::ToolCall(call) = &mut part {
        call.seal = Some(seal.clone());
    }
    let reply = crate::neutral::Reply {
        choices: vec![crate::neutral::Choice { parts: vec![part], ..Default::default() }],
        ..Default::default()
    };
    let body = OWN.encode_reply(&reply, &super::presented(Some(Maker(7))));
    let answer: Value = serde_json::from_slice(&body).unwrap();
    let call = decoded(json!({"model": "m", "input": answer["output"]}).to_string().as_bytes());
    let Part::ToolCall(call) = &call.turns[0].parts[0] else { panic!("no call") };
    assert_eq!(call.seal, Some(seal));
}

#[test]
fn names_that_are_too_long_stay_apart_and_together() {
    let long = "u".repeat(80);
    let call = |user: &str| Call { user: Some(user.to_owned()), ..Call::default() };
    let name = |user: &str| {
        let body: Value = serde_json::from_slice(&encoded(&call(user)).unwrap().body).unwrap();
        body["safety_identifier"].as_str().unwrap().to_owned()
    };
    assert_eq!(name("u"), "u");
    assert_eq!(name(&long).len(), 64);
    assert_eq!(name(&long), name(&long));
    assert_ne!(name(&long), name(&format!("{long}v")));
}

#[test]
fn an_objects_schema_says_what_it_is() {
    for (schema, expected) in [
        ("{}", json!({"type": "object", "properties": {}})),
        (r#"{"type":"object"}"#, json!({"type": "object", "properties": {}})),
        (r#"{"properties":{"a":{}}}"#, json!({"type": "object", "properties": {"a": {}}})),
        (r#"{"type":"object","properties":{}}"#, json!({"type": "object", "properties": {}})),
    ] {
        let tool = crate::neutral::Tool {
            name: "f".into(),
            description: None,
            schema: crate::neutral::Json::new(schema),
            strict: None,
            rest: Rest::default(),
        };
        let call = Call { tools: vec![tool], ..Call::default() };
        let body: Value = serde_json::from_slice(&encoded(&call).unwrap().body).unwrap();
        let tool =
            json!({"type": "function", "name": "f", "parameters": expected, "strict": false});
        assert_eq!(body["tools"][0], tool);
    }
}

/// What this dialect makes of an arbitrary call: exactly this is lost.
fn normalised(mut call: Call) -> Call {
    call.model = "target".to_owned();
    call.stop.clear();
    call.sampling.top_k = None;
    call.sampling.seed = None;
    call.sampling.frequency_penalty = None;
    call.sampling.presence_penalty = None;
    call.max_tokens = call.max_tokens.map(|tokens| tokens.max(16));
    let texts = |turn: &Turn| {
        turn.parts.iter().any(|part| {
        matches!(part, Part::Text { text, .. } if text.to_ascii_lowercase().contains("json"))
    })
    };
    let says_json = call.turns.iter().any(texts);
    if call.output == OutputFormat::Json && !says_json {
        call.system.push(Part::text("Answer with one JSON object and nothing else."));
    }
    for tool in &mut call.tools {
        tool.strict = tool.strict.or(Some(false));
    }
    for part in call.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        match part {
            Part::Media(media) => media.detail = Some("auto".to_owned()),
            Part::ToolResult(result) if result.is_error => {
                result.is_error = false;
                if let [Part::Text { text, .. }] = result.content.as_mut_slice() {
                    *text = format!("Error: {text}");
                }
            }
            _ => {}
        }
    }
    call
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_calls_come_back(call in arbitrary::call()) {
        let encoded = encoded(&call).unwrap();
        prop_assert_eq!(neutral(decoded(&encoded.body)), normalised(call.clone()));
        // And from this dialect to itself, to the letter.
        let again = super::encoded(&decoded(&encoded.body)).unwrap();
        let value = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap();
        prop_assert_eq!(value(&again.body), value(&encoded.body));
    }
}
