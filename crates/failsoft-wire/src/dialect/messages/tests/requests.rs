//! Requests: what is understood, and how others are fitted.

use serde_json::{Value, json};

use super::super::{decode_call, encode_call};
use super::rules::{asked, media, png, tool, tool_call, tool_result, turn};
use super::{MAKER, destination};
use crate::neutral::{
    Call, Effort, Feature, Json, MediaKind, MediaSource, Note, OutputFormat, Part, Reasoning, Rest,
    Role, Rule, Seal, ToolChoice, Turn,
};
use crate::request::RequestProblem;

fn body(call: &Call, model: &str) -> (Value, Vec<Note>) {
    let encoded = encode_call(call, &destination(model)).unwrap();
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.notes)
}

fn emulated(feature: Feature) -> Note {
    Note { feature, rule: Rule::Emulate }
}

fn dropped(feature: Feature) -> Note {
    Note { feature, rule: Rule::Drop }
}

#[test]
fn what_is_wrong_names_the_parameter() {
    for (text, expected) in [
        ("{", None),
        ("[]", None),
        (r#"{"model":"m"}"#, Some("messages")),
        (r#"{"messages":{}}"#, Some("messages")),
        (r#"{"messages":["a"]}"#, Some("messages")),
        (r#"{"messages":[{"role":"robot","content":"a"}]}"#, Some("messages")),
        (r#"{"messages":[{"role":"user","content":[1]}]}"#, Some("messages")),
        (r#"{"messages":[],"system":5}"#, Some("system")),
        (r#"{"messages":[],"temperature":"hot"}"#, Some("temperature")),
        (r#"{"messages":[],"max_tokens":-1}"#, Some("max_tokens")),
        (r#"{"messages":[],"stop_sequences":"END"}"#, Some("stop_sequences")),
        (r#"{"messages":[],"stream":"yes"}"#, Some("stream")),
        (r#"{"messages":[],"tools":{}}"#, Some("tools")),
    ] {
        let problem = decode_call(text.as_bytes()).unwrap_err();
        assert_eq!(problem.param(), expected, "{text}: {problem}");
    }
    let broken = decode_call(b"{\"messages\":\n[,]}").unwrap_err();
    assert_eq!(broken, RequestProblem::NotJson { line: 2, column: 2 });
    assert!(matches!(decode_call(b"{\"a\":\"\xff\"}"), Err(RequestProblem::NotJson { .. })));
}

#[test]
fn everything_of_this_dialect_survives() {
    let request = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 2048,
        "system": [{ "type": "text", "text": "s", "cache_control": { "type": "ephemeral" } }],
        "messages": [
            { "role": "user", "content": [
                { "type": "document", "source": { "type": "content", "content": "x" } },
                { "type": "document", "title": "t", "citations": { "enabled": true },
                  "source": { "type": "text", "media_type": "text/plain", "data": "d" } },
                { "type": "image", "source": { "type": "file", "file_id": "file_1" } },
                { "type": "search_result", "source": "s", "title": "t", "content": [] },
            ] },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "", "signature": "sig" },
                { "type": "redacted_thinking", "data": "data" },
                { "type": "server_tool_use", "id": "s", "name": "web_search", "input": {} },
                { "type": "text", "text": "t", "citations": [
                    { "type": "char_location", "cited_text": "c", "document_index": 0 } ] },
                { "type": "tool_use", "id": "t", "name": "n", "input": { "a": [1.5] },
                  "caller": { "type": "direct" } },
            ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "t", "is_error": true, "content": [
                    { "type": "text", "text": "x" }, { "type": "tool_reference", "tool_name": "n" } ],
                  "cache_control": { "type": "ephemeral" } } ] },
            { "role": "system", "content": "from now on" },
        ],
        "tools": [
            { "name": "n", "description": "", "input_schema": { "type": "object" },
              "cache_control": { "type": "ephemeral" }, "strict": false, "type": "custom" },
            { "type": "web_search_20250305", "name": "web_search", "max_uses": 2 },
        ],
        "tool_choice": { "type": "auto", "disable_parallel_tool_use": false },
        "thinking": { "type": "enabled", "budget_tokens": 1024, "display": "summarized", "new": 1 },
        "output_config": { "effort": "xhigh", "task_budget": { "total": 5 },
                           "format": { "type": "json_schema", "schema": { "type": "object" } } },
        "metadata": { "user_id": "u", "new": true },
        "stop_sequences": ["\n", "END"],
        "temperature": 1, "top_p": 0.5, "top_k": 5, "stream": true,
        "service_tier": "auto", "container": "c", "context_management": { "edits": [] },
    });
    let call = decode_call(request.to_string().as_bytes()).unwrap();
    let (again, notes) = body(&call, "claude-sonnet-4-5");
    assert_eq!((again, notes), (request, vec![]));
    assert_eq!(call.user.as_deref(), Some("u"));
    let reasoning = call.reasoning.unwrap();
    assert_eq!((reasoning.effort, reasoning.budget), (Some(Effort::Max), Some(1_024)));
}

#[test]
fn a_call_that_lost_its_thoughts_no_longer_thinks() {
    let request = json!({
        "model": "m", "max_tokens": 2048,
        "thinking": { "type": "enabled", "budget_tokens": 1024 },
        "messages": [
            { "role": "user", "content": "a" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "x", "signature": "theirs" },
                { "type": "tool_use", "id": "t", "name": "n", "input": {} } ] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t" }] },
        ],
        "tools": [{ "name": "n", "input_schema": { "type": "object" } }],
    });
    let mut call = decode_call(request.to_string().as_bytes()).unwrap();
    assert!(body(&call, "m").0["thinking"].is_object());
    assert!(call.without_seals_of_others(MAKER, &|_| None));
    let (again, notes) = body(&call, "m");
    assert!(again["thinking"].is_null() && !again.to_string().contains("theirs"), "{again}");
    assert_eq!(notes, [dropped(Feature::ReasoningBudget)]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn turns_are_put_in_order() {
    let words = |text: &str| Part::text(text);
    let call_of = |id: &str| Part::ToolCall(tool_call(id));
    let result = |id: &str| Part::ToolResult(tool_result(id, vec![words("r")]));
    let missing = json!({ "type": "tool_result", "tool_use_id": "a", "is_error": true,
                          "content": "The tool gave no answer." });
    let used = |id: &str| {
        json!({ "type": "tool_use", "id": id, "name": "weather",
                                  "input": { "city": "Paris" } })
    };
    let given = |id: &str| json!({ "type": "tool_result", "tool_use_id": id, "content": "r" });
    let text = |text: &str| json!({ "type": "text", "text": text });
    let (user, assistant) = (Role::User, Role::Assistant);
    let cases: Vec<(&str, Vec<Turn>, Value)> = vec![
        ("nothing", vec![], json!(["."])),
        (
            "a beginning by the assistant",
            vec![turn(assistant, vec![words("hi")]), turn(user, vec![words("a")])],
            json!([".", "hi", "a"]),
        ),
        (
            "neighbours",
            vec![turn(user, vec![words("a")]), turn(user, vec![words(" "), words("b")])],
            json!([[text("a"), text("b")]]),
        ),
        (
            "results behind words",
            vec![
                turn(user, vec![words("q")]),
                turn(assistant, vec![call_of("a")]),
                turn(user, vec![words("w")]),
                turn(user, vec![result("a")]),
            ],
            json!(["q", [used("a")], [given("a"), text("w")]]),
        ),
        (
            "a call without its result",
            vec![
                turn(user, vec![words("q")]),
                turn(assistant, vec![call_of("a")]),
                turn(user, vec![words("w")]),
            ],
            json!(["q", [used("a")], [missing, text("w")]]),
        ),
        (
            "a call at the end",
            vec![turn(user, vec![words("q")]), turn(assistant, vec![call_of("a")])],
            json!(["q", [used("a")], [missing]]),
        ),
        (
            "a result without its call",
            vec![turn(user, vec![result("z"), words("w")])],
            json!([[text("What a tool answered:"), text("r"), text("w")]]),
        ),
        (
            "ids used twice and in another alphabet",
            vec![
                turn(user, vec![words("q")]),
                turn(assistant, vec![call_of("f.a:0")]),
                turn(user, vec![result("f.a:0")]),
                turn(assistant, vec![call_of("f.a:0")]),
                turn(user, vec![result("f.a:0")]),
            ],
            json!([
                "q",
                [used("fsx_f_2ea_3a0")],
                [given("fsx_f_2ea_3a0")],
                [used("fsx_f_2ea_3a0_2")],
                [given("fsx_f_2ea_3a0_2")]
            ]),
        ),
    ];
    for (case, turns, expected) in cases {
        let call = Call { turns, tools: vec![tool()], ..asked("") };
        let (found, _) = body(&call, "claude-sonnet-4-5");
        let contents: Vec<_> = found["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["content"].clone())
            .collect();
        assert_eq!(Value::from(contents), expected, "{case}");
    }
}

#[test]
fn a_beginning_of_the_answer_is_kept_or_asked_for() {
    let mut call = asked("a");
    let thought = Part::Thinking {
        text: "hm".to_owned(),
        seal: Some(Seal { value: "c2VhbA".to_owned(), maker: Some(MAKER) }),
        rest: Rest::default(),
    };
    let parts = vec![thought, Part::text("Once \n"), Part::text(" ")];
    call.turns.push(turn(Role::Assistant, parts));
    let (found, notes) = body(&call, "claude-sonnet-4-5");
    assert_eq!(found["messages"][1], json!({ "role": "assistant", "content": "Once" }));
    assert_eq!(notes, []);
    for model in ["claude-opus-4-6", "some-model"] {
        let (found, notes) = body(&call, model);
        assert_eq!(found["messages"][2]["role"], "user");
        assert_eq!(notes, [emulated(Feature::Prefill)]);
    }
}

#[test]
fn parameters_that_exclude_each_other_do_not_meet() {
    let mut call = asked("a");
    call.tools = vec![tool()];
    call.tool_choice = Some(ToolChoice::Required);
    call.reasoning = Some(Reasoning { effort: Some(Effort::High), ..Reasoning::default() });
    let (found, notes) = body(&call, "claude-sonnet-4-5");
    assert!(found["thinking"].is_null() && found["tool_choice"]["type"] == "any");
    assert_eq!(notes, [dropped(Feature::ReasoningEffort)]);
    let (found, notes) = body(&call, "claude-opus-5-5");
    assert_eq!(
        (&found["tool_choice"], &found["thinking"]),
        (&json!({ "type": "auto" }), &json!({ "type": "adaptive" }))
    );
    assert!(found["system"].as_str().unwrap().starts_with("Call at least one"));
    assert_eq!(notes, [emulated(Feature::ForcedTool)]);

    call.tool_choice = None;
    (call.sampling.temperature, call.sampling.top_p, call.sampling.top_k) =
        (Some(0.2), Some(0.96), Some(5));
    let (found, notes) = body(&call, "claude-sonnet-4-5");
    assert_eq!(found["top_p"], 0.96);
    assert!(found["temperature"].is_null() && found["top_k"].is_null());
    let thinking = [Feature::Temperature, Feature::TopK].map(dropped);
    assert_eq!(notes, [emulated(Feature::ReasoningEffort), thinking[0], thinking[1]]);

    call.reasoning = None;
    call.sampling.temperature = Some(1.7);
    let (found, notes) = body(&call, "claude-sonnet-4-5");
    assert_eq!((&found["temperature"], &found["top_p"]), (&json!(1), &Value::Null));
    assert_eq!(notes, [dropped(Feature::TopP), emulated(Feature::Temperature)]);
    let (found, _) = body(&call, "claude-opus-4-8");
    assert!(found["temperature"].is_null() && found["top_p"].is_null() && found["top_k"].is_null());
}

#[test]
fn a_budget_leaves_room_for_the_answer() {
    for (max_tokens, budget, bound, expected) in [
        (Some(8_000), 4_000, 8_000, 4_000),
        (Some(8_000), 9_000, 8_000, 4_000),
        (Some(1_000), 100, 2_024, 1_024),
        (None, 9_000, 13_096, 9_000),
    ] {
        let mut call = asked("a");
        call.max_tokens = max_tokens;
        call.reasoning = Some(Reasoning { budget: Some(budget), ..Reasoning::default() });
        let (found, _) = body(&call, "claude-sonnet-4-5");
        let said = (&found["max_tokens"], &found["thinking"]["budget_tokens"]);
        assert_eq!(said, (&json!(bound), &json!(expected)));
    }
}

#[test]
fn media_are_what_their_bytes_are() {
    let inline = |kind, mime: &str, base64: &str| {
        let (mime, base64) = (mime.to_owned(), base64.to_owned());
        media(kind, MediaSource::Inline { mime, base64 })
    };
    let MediaSource::Inline { base64, .. } = png() else { panic!("a picture") };
    for (part, expected) in [
        (inline(MediaKind::Image, "image/jpeg", &base64), Ok(("media_type", "image/png"))),
        (inline(MediaKind::Image, "image/jpg", "AAAA"), Ok(("media_type", "image/jpeg"))),
        (inline(MediaKind::Image, "image/bmp", "AAAA"), Err(Feature::Images)),
        (inline(MediaKind::File, "text/csv", "YSxi"), Ok(("data", "a,b"))),
        (inline(MediaKind::File, "application/zip", "//79"), Err(Feature::Files)),
        (media(MediaKind::File, MediaSource::Text("t".to_owned())), Ok(("data", "t"))),
    ] {
        let mut call = asked("a");
        call.turns[0].parts.push(part);
        let encoded = encode_call(&call, &destination("claude-sonnet-4-5"));
        match expected {
            Ok((key, value)) => {
                let found: Value = serde_json::from_slice(&encoded.unwrap().body).unwrap();
                assert_eq!(found["messages"][0]["content"][1]["source"][key], value);
            }
            Err(feature) => assert_eq!(encoded.unwrap_err().feature, feature),
        }
    }
}

#[test]
fn what_cannot_be_kept_to_is_asked_for_in_words() {
    let open = Json::new(r#"{"type":"object","additionalProperties":{"type":"string"}}"#).unwrap();
    let mut call = asked("a");
    let (name, description, strict) = (None, None, Some(true));
    call.output = OutputFormat::Schema { name, description, schema: open.clone(), strict };
    call.tools = vec![tool()];
    call.tools[0].schema = Some(open);
    call.tools[0].strict = Some(true);
    let (found, notes) = body(&call, "claude-sonnet-4-5");
    assert!(found["output_config"].is_null() && found["tools"][0]["strict"].is_null(), "{found}");
    assert!(found["system"].as_str().unwrap().contains("additionalProperties"));
    assert_eq!(notes, [emulated(Feature::JsonSchema), dropped(Feature::StrictTools)]);
}

#[test]
fn tools_that_only_the_history_knows_are_named() {
    let mut call = asked("a");
    call.turns.push(turn(Role::Assistant, vec![Part::ToolCall(tool_call("t"))]));
    call.turns.push(turn(Role::User, vec![Part::ToolResult(tool_result("t", vec![]))]));
    let (found, _) = body(&call, "claude-sonnet-4-5");
    assert_eq!(found["tools"][0]["name"], "weather");
    assert_eq!(found["tool_choice"], json!({ "type": "none" }));
}
