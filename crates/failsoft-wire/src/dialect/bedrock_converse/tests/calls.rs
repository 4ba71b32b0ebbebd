//! What becomes of a call of another dialect, feature by feature.

use serde_json::{Value, json};

use super::super::RULES;
use super::super::call::{decode_call, encode_call};
use super::{CLAUDE, CLAUDE_5, DIALECT, ELDER_CLAUDE, NOVA, OTHER, to};
use crate::Dialect;
use crate::neutral::{
    Call, Citation, Effort, Feature, Hosted, Json, Maker, Media, MediaKind, MediaSource, Note,
    OutputFormat, Part, Reasoning, Rest, Role, Rule, Seal, Tool, ToolCall, ToolChoice, ToolResult,
    Turn,
};
use crate::request::RequestProblem;
use crate::translate::Unfit;

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts, rest: Rest::default() }
}

fn asked(parts: Vec<Part>) -> Call {
    Call { turns: vec![turn(Role::User, parts)], ..Call::default() }
}

fn plain() -> Call {
    asked(vec![Part::text("Hi.")])
}

/// A conversation whose second turn is this.
fn answered(parts: Vec<Part>) -> Call {
    let mut call = plain();
    call.turns.push(turn(Role::Assistant, parts));
    call.turns.push(turn(Role::User, vec![Part::text("Go on.")]));
    call
}

fn tool(name: &str) -> Tool {
    let schema = Json::new(r#"{"type":"object"}"#);
    Tool { name: name.to_owned(), description: None, schema, strict: None, rest: Rest::default() }
}

fn with_tools() -> Call {
    Call { tools: vec![tool("look")], ..plain() }
}

fn tool_call(id: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: "look".to_owned(),
        arguments: r#"{"at":1}"#.to_owned(),
        seal: None,
        is_custom: false,
        rest: Rest::default(),
    }
}

fn result(id: &str, content: Vec<Part>) -> ToolResult {
    ToolResult { id: id.to_owned(), name: None, content, is_error: false, rest: Rest::default() }
}

/// A call of a tool and its result, and the tool.
fn looked() -> Call {
    let mut call = with_tools();
    call.turns.push(turn(Role::Assistant, vec![Part::ToolCall(tool_call("a"))]));
    let result = result("a", vec![Part::text("blue")]);
    call.turns.push(turn(Role::User, vec![Part::ToolResult(result)]));
    call
}

fn media(kind: MediaKind, mime: &str) -> Media {
    let source = MediaSource::Inline { mime: mime.to_owned(), base64: "YQ==".to_owned() };
    Media { kind, source, name: None, detail: None, rest: Rest::default() }
}

fn at(kind: MediaKind, url: &str) -> Call {
    let source = MediaSource::Url { url: url.to_owned(), mime: None };
    let media = Media { source, ..media(kind, "") };
    asked(vec![Part::Media(media)])
}

fn thought(seal: Option<&str>) -> Part {
    let seal = seal.map(|value| Seal { value: value.to_owned(), maker: Some(Maker(7)) });
    Part::Thinking { text: "hm".to_owned(), seal, rest: Rest::default() }
}

fn foreign(key: &str, json: &str) -> Rest {
    let mut rest = Rest::of(Dialect::ChatCompletions);
    rest.keep(key.as_bytes(), json.as_bytes());
    rest
}

fn thinking(effort: Option<Effort>, budget: Option<u32>) -> Call {
    let reasoning = Reasoning { effort, budget, ..Reasoning::default() };
    Call { reasoning: Some(reasoning), ..plain() }
}

/// A call with this feature, and where in the body what is made of it stands.
#[expect(clippy::too_many_lines, reason = "a line for each feature")]
fn probe(feature: Feature) -> (Call, &'static str) {
    let mut call = plain();
    let place = match feature {
        Feature::System => {
            call.system.push(Part::text("Be brief."));
            "/system/0/text"
        }
        Feature::SystemTurn => {
            call.turns.push(turn(Role::System, vec![Part::text("Be brief.")]));
            "/messages/0/content/1/text"
        }
        Feature::Tools => return (with_tools(), "/toolConfig/tools/0/toolSpec/inputSchema/json"),
        Feature::CustomTools => {
            let (mut custom, mut called) = (looked(), tool_call("a"));
            (called.is_custom, called.arguments) = (true, "free".to_owned());
            custom.turns[1].parts = vec![Part::ToolCall(called)];
            return (custom, "/messages/1/content/0/toolUse/input/input");
        }
        Feature::StrictTools => {
            call = with_tools();
            call.tools[0].schema = Json::new(r#"{"type":"object","properties":{}}"#);
            call.tools[0].strict = Some(true);
            "/toolConfig/tools/0/toolSpec/strict"
        }
        Feature::ParallelToolCalls => {
            call = looked();
            call.turns[1].parts.push(Part::ToolCall(tool_call("b")));
            call.turns[2].parts.push(Part::ToolResult(result("b", Vec::new())));
            "/messages/1/content/1/toolUse"
        }
        Feature::SingleToolCall => {
            call = Call { parallel_tools: Some(false), ..with_tools() };
            "/system/0/text"
        }
        Feature::ForcedTool => {
            call = Call { tool_choice: Some(ToolChoice::Required), ..with_tools() };
            "/toolConfig/toolChoice/any"
        }
        Feature::ForbiddenTools => {
            call = Call { tool_choice: Some(ToolChoice::None), ..looked() };
            "/system/0/text"
        }
        Feature::ToolResults => {
            return (looked(), "/messages/2/content/0/toolResult/content/0/text");
        }
        Feature::ToolErrors => {
            call = looked();
            let failed = ToolResult { is_error: true, ..result("a", Vec::new()) };
            call.turns[2].parts = vec![Part::ToolResult(failed)];
            "/messages/2/content/0/toolResult/status"
        }
        Feature::ToolResultMedia => {
            call = looked();
            let shown = vec![Part::Media(media(MediaKind::Image, "image/png"))];
            call.turns[2].parts = vec![Part::ToolResult(result("a", shown))];
            "/messages/2/content/0/toolResult/content/0/image/source/bytes"
        }
        Feature::HostedTools => {
            call.hosted.push(Hosted { kind: "web_search".to_owned(), rest: foreign("a", "1") });
            ""
        }
        Feature::Images => {
            let image = media(MediaKind::Image, "image/png");
            return (asked(vec![Part::Media(image)]), "/messages/0/content/0/image/source/bytes");
        }
        Feature::ImageUrls => return (at(MediaKind::Image, "https://example.org/a.png"), ""),
        Feature::ImageDetail => {
            let detail = Some("low".to_owned());
            let image = Media { detail, ..media(MediaKind::Image, "image/png") };
            return (asked(vec![Part::Media(image)]), "/messages/0/content/0/image/detail");
        }
        Feature::Files => {
            let file = media(MediaKind::File, "application/pdf");
            return (asked(vec![Part::Media(file)]), "/messages/0/content/0/document/source/bytes");
        }
        Feature::FileUrls => return (at(MediaKind::File, "https://example.org/a.pdf"), ""),
        Feature::AudioVideo => {
            let sound = media(MediaKind::Audio, "audio/mpeg");
            return (asked(vec![Part::Media(sound)]), "/messages/0/content/0/audio/source/bytes");
        }
        Feature::MediaOutput => {
            call.media_output = vec![MediaKind::Audio];
            ""
        }
        Feature::JsonObject => {
            call.output = OutputFormat::Json;
            "/system/0/text"
        }
        Feature::JsonSchema => {
            let schema = Json::new(r#"{"type":"object","properties":{}}"#).unwrap();
            let (name, description, strict) = (None, None, None);
            call.output = OutputFormat::Schema { name, description, schema, strict };
            "/outputConfig/textFormat/structure/jsonSchema/schema"
        }
        Feature::MaxTokens => {
            call.max_tokens = Some(9);
            "/inferenceConfig/maxTokens"
        }
        Feature::StopSequences => {
            call.stop.push("END".to_owned());
            "/inferenceConfig/stopSequences/0"
        }
        Feature::Temperature => {
            call.sampling.temperature = Some(0.5);
            "/inferenceConfig/temperature"
        }
        Feature::TopP => {
            call.sampling.top_p = Some(0.5);
            "/inferenceConfig/topP"
        }
        Feature::TopK => {
            call.sampling.top_k = Some(5);
            "/additionalModelRequestFields/top_k"
        }
        Feature::Seed => {
            call.sampling.seed = Some(5);
            "/additionalModelRequestFields/seed"
        }
        Feature::Penalties => {
            call.sampling.presence_penalty = Some(0.5);
            "/additionalModelRequestFields"
        }
        Feature::Logprobs => {
            call.sampling.logprobs = Some(5);
            "/additionalModelRequestFields"
        }
        Feature::SeveralChoices => {
            call.sampling.choices = Some(2);
            ""
        }
        Feature::ReasoningEffort => {
            return (thinking(Some(Effort::Low), None), "/outputConfig/effort");
        }
        Feature::ReasoningBudget => {
            let place = "/additionalModelRequestFields/thinking/budget_tokens";
            return (thinking(None, Some(2_000)), place);
        }
        Feature::Thinking => {
            let place = "/messages/1/content/0/reasoningContent";
            return (answered(vec![thought(None), Part::text("Yes.")]), place);
        }
        Feature::Seals => {
            let place = "/messages/1/content/0/reasoningContent/reasoningText/signature";
            return (answered(vec![thought(Some("s")), Part::text("Yes.")]), place);
        }
        Feature::Citations => {
            let (url, title, quote, span) = (Some("u".to_owned()), None, None, None);
            let citation = Citation { url, title, quote, span, rest: Rest::default() };
            let (text, citations) = ("Yes.".to_owned(), vec![citation]);
            let cited = Part::Text { text, citations, rest: Rest::default() };
            return (answered(vec![cited]), "/messages/1/content/0/citationsContent");
        }
        Feature::Refusals => {
            return (answered(vec![Part::Refusal("No.".to_owned())]), "/messages/1/content/0/text");
        }
        Feature::Prefill => {
            call.turns.push(turn(Role::Assistant, vec![Part::text("It is ")]));
            "/messages/1/content/0/text"
        }
        Feature::User => {
            call.user = Some("me".to_owned());
            "/requestMetadata"
        }
        Feature::Metadata => {
            call.metadata.insert("team".to_owned(), "search".to_owned());
            "/requestMetadata/team"
        }
        Feature::ServerState => {
            call.rest = foreign("previous_response_id", r#""resp_1""#);
            ""
        }
        Feature::ForeignParts => {
            return (
                answered(vec![Part::Foreign(foreign("a", "1")), Part::text("Yes.")]),
                "/messages/1/content/1",
            );
        }
        Feature::ForeignParameters => {
            call.rest = foreign("service_tier", r#""flex""#);
            "/serviceTier"
        }
    };
    (call, place)
}

#[test]
fn every_feature_meets_its_rule() {
    let listed: Vec<Feature> = RULES.iter().map(|row| row.feature).collect();
    assert_eq!(listed, Feature::ALL);
    for row in RULES {
        let (call, place) = probe(row.feature);
        let is_elders = matches!(row.feature, Feature::ReasoningBudget | Feature::Prefill);
        let model = if is_elders { ELDER_CLAUDE } else { CLAUDE };
        let encoded = encode_call(&call, &to(model));
        if row.rule == Rule::Refuse {
            assert_eq!(encoded, Err(Unfit { feature: row.feature }));
            continue;
        }
        let encoded = encoded.unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        let is_there = body.pointer(place).is_some();
        let note = encoded.notes.iter().find(|note| note.feature == row.feature);
        let expected = match row.rule {
            Rule::Map => (true, None),
            Rule::Emulate => (true, Some(Note { feature: row.feature, rule: Rule::Emulate })),
            Rule::Drop | Rule::Refuse => {
                (false, Some(Note { feature: row.feature, rule: Rule::Drop }))
            }
        };
        assert_eq!((is_there, note.copied()), expected, "{}: {body}", row.feature);
        let others = encoded.notes.iter().filter(|note| note.feature != row.feature);
        assert_eq!(others.count(), 0, "{}: {:?}", row.feature, encoded.notes);
    }
}

fn written(call: &Call, model: &str) -> (Value, Vec<(Feature, Rule)>) {
    let encoded = encode_call(call, &to(model)).unwrap();
    let notes = encoded.notes.iter().map(|note| (note.feature, note.rule)).collect();
    (serde_json::from_slice(&encoded.body).unwrap(), notes)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn thinking_is_asked_as_each_family_wants_it() {
    use Feature::{ReasoningBudget, ReasoningEffort};
    let enabled = |n: u32| json!({"thinking": {"type": "enabled", "budget_tokens": n}});
    let adaptive = json!({"thinking": {"type": "adaptive"}});
    let effort = |word| json!({ "effort": word });
    let high = thinking(Some(Effort::High), None);
    let bounded = |max| Call { max_tokens: Some(max), ..thinking(None, Some(4_000)) };
    let forced = Call {
        tools: vec![tool("look")],
        tool_choice: Some(ToolChoice::Required),
        ..thinking(Some(Effort::Max), None)
    };
    let forced_only = Call { reasoning: None, ..forced.clone() };
    let unthinking = thinking(Some(Effort::None), None);
    let disabled = json!({"thinking": {"type": "disabled"}});
    let in_a_loop = Call { reasoning: high.reasoning.clone(), ..looked() };
    let none = Value::Null;
    for (name, call, model, fields, output, note) in [
        ("effort", &high, CLAUDE, &adaptive, &effort("high"), None),
        (
            "effort",
            &high,
            ELDER_CLAUDE,
            &enabled(24_576),
            &none,
            Some((ReasoningEffort, Rule::Emulate)),
        ),
        ("effort", &high, NOVA, &none, &none, Some((ReasoningEffort, Rule::Drop))),
        ("effort", &high, OTHER, &none, &none, Some((ReasoningEffort, Rule::Drop))),
        (
            "effort",
            &high,
            "openai.gpt-oss-120b-1:0",
            &json!({"reasoning_effort": "high"}),
            &none,
            None,
        ),
        (
            "effort",
            &high,
            "us.amazon.nova-2-lite-v1:0",
            &json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}),
            &none,
            None,
        ),
        (
            "no room",
            &bounded(1_024),
            ELDER_CLAUDE,
            &none,
            &none,
            Some((ReasoningBudget, Rule::Drop)),
        ),
        ("less room", &bounded(4_000), ELDER_CLAUDE, &enabled(2_000), &none, None),
        ("room", &bounded(4_001), ELDER_CLAUDE, &enabled(4_000), &none, None),
        (
            "budget",
            &bounded(9_000),
            CLAUDE,
            &adaptive,
            &effort("low"),
            Some((ReasoningBudget, Rule::Emulate)),
        ),
        ("none", &unthinking, CLAUDE, &none, &none, None),
        ("none", &unthinking, CLAUDE_5, &disabled, &none, None),
        (
            "none",
            &unthinking,
            "anthropic.claude-mythos-preview",
            &none,
            &effort("low"),
            Some((ReasoningEffort, Rule::Emulate)),
        ),
        (
            "none",
            &unthinking,
            "openai.gpt-oss-120b-1:0",
            &json!({"reasoning_effort": "low"}),
            &none,
            Some((ReasoningEffort, Rule::Emulate)),
        ),
        ("forced, unsaid", &forced_only, CLAUDE, &none, &none, None),
        ("forced, unsaid", &forced_only, CLAUDE_5, &disabled, &none, None),
        (
            "forced",
            &forced,
            CLAUDE_5,
            &disabled,
            &effort("high"),
            Some((ReasoningEffort, Rule::Emulate)),
        ),
        ("forced", &forced, CLAUDE, &none, &effort("high"), Some((ReasoningEffort, Rule::Emulate))),
        ("forced", &forced, ELDER_CLAUDE, &none, &none, Some((ReasoningEffort, Rule::Drop))),
        (
            "no thought to go on from",
            &in_a_loop,
            ELDER_CLAUDE,
            &none,
            &none,
            Some((ReasoningEffort, Rule::Drop)),
        ),
        ("no thought to go on from", &in_a_loop, CLAUDE, &adaptive, &effort("high"), None),
    ] {
        let (body, notes) = written(call, model);
        assert_eq!(body["additionalModelRequestFields"], *fields, "{name} {model}");
        assert_eq!(body["outputConfig"], *output, "{name} {model}");
        assert_eq!(notes, Vec::from_iter(note), "{name} {model}");
    }
}

#[test]
fn a_schema_that_cannot_be_closed_becomes_an_instruction() {
    use Feature::{JsonSchema, StrictTools};
    let map = r#"{"type":"object","additionalProperties":{"type":"number"}}"#;
    let mut call = with_tools();
    call.tools[0].schema = Json::new(map);
    call.tools[0].strict = Some(true);
    let (name, description, strict) = (None, None, None);
    let schema = Json::new(map).unwrap();
    call.output = OutputFormat::Schema { name, description, schema, strict };
    let (body, notes) = written(&call, CLAUDE);
    let spec = &body["toolConfig"]["tools"][0]["toolSpec"];
    assert_eq!(
        spec["inputSchema"]["json"].to_string(),
        r#"{"additionalProperties":{"type":"number"},"type":"object"}"#
    );
    assert_eq!((&spec["strict"], &body["outputConfig"]), (&Value::Null, &Value::Null));
    assert!(body["system"].to_string().contains("JSON schema"), "{body}");
    assert_eq!(notes, [(StrictTools, Rule::Drop), (JsonSchema, Rule::Emulate)]);
}

#[test]
fn sampling_is_what_the_model_takes() {
    use Feature::{Temperature, TopK, TopP};
    let mut call = plain();
    call.sampling.temperature = Some(1.5);
    call.sampling.top_p = Some(0.5);
    call.sampling.top_k = Some(500);
    let both = json!({"temperature": 1.0, "topP": 0.5});
    let clamped = (Temperature, Rule::Emulate);
    for (model, inference, fields, notes) in [
        (NOVA, &both, json!({"inferenceConfig": {"topK": 128}}), vec![clamped]),
        (OTHER, &both, Value::Null, vec![clamped, (TopK, Rule::Drop)]),
        ("anthropic.claude-3-haiku-20240307-v1:0", &both, json!({"top_k": 500}), vec![clamped]),
        (
            CLAUDE,
            &json!({"temperature": 1.0}),
            json!({"top_k": 500}),
            vec![clamped, (TopP, Rule::Drop)],
        ),
        (
            "us.anthropic.claude-opus-4-7",
            &Value::Null,
            Value::Null,
            vec![(Temperature, Rule::Drop), (TopP, Rule::Drop), (TopK, Rule::Drop)],
        ),
    ] {
        let (body, noted) = written(&call, model);
        assert_eq!(body["inferenceConfig"], *inference, "{model}");
        assert_eq!(body["additionalModelRequestFields"], fields, "{model}");
        assert_eq!(noted, notes, "{model}");
    }
}

#[test]
fn messages_are_as_the_service_wants_them() {
    let text = |text: &str| json!({ "text": text });
    let mut call = looked();
    call.turns[2].parts.insert(0, Part::text(" \n"));
    call.turns[2].parts.insert(0, Part::text("first"));
    call.turns.push(turn(Role::System, vec![Part::text("be kind")]));
    call.turns.push(turn(Role::Assistant, vec![thought(None), Part::text("It is \n")]));
    call.turns.insert(0, turn(Role::Assistant, vec![Part::text("Welcome.")]));
    call.turns.insert(0, turn(Role::System, vec![Part::text("be brief")]));
    let (body, notes) = written(&call, OTHER);
    assert_eq!(body["system"], json!([text("be brief")]));
    let used = json!({"toolUse": {"toolUseId": "a", "name": "look", "input": {"at": 1}}});
    let told = json!({"toolResult": {"toolUseId": "a", "content": [text("blue")]}});
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [text("(The conversation begins here.)")]},
            {"role": "assistant", "content": [text("Welcome.")]},
            {"role": "user", "content": [text("Hi.")]},
            {"role": "assistant", "content": [used]},
            {"role": "user", "content": [told, text("first"), text("<system>\nbe kind\n</system>")]},
            {"role": "assistant", "content": [text("It is")]},
        ])
    );
    assert_eq!(notes, [(Feature::SystemTurn, Rule::Emulate), (Feature::Thinking, Rule::Drop)]);
    let (body, _) = written(&Call::default(), OTHER);
    assert_eq!(body["messages"][0]["content"][0], text("(The conversation begins here.)"));
}

#[test]
fn thoughts_stand_before_what_was_said_after_them() {
    let mut call = answered(vec![thought(Some("s"))]);
    let (body, notes) = written(&call, CLAUDE);
    let words = json!([{"text": "Hi."}, {"text": "Go on."}]);
    assert_eq!(body["messages"], json!([{"role": "user", "content": words}]));
    assert_eq!(notes, [(Feature::Thinking, Rule::Drop)]);
    // In a turn of its own, it belongs to the next one.
    call.turns.insert(2, turn(Role::Assistant, vec![Part::text("Yes.")]));
    let (body, notes) = written(&call, CLAUDE);
    assert_eq!(body["messages"][1]["content"][1], json!({"text": "Yes."}));
    assert_eq!(notes, []);
}

#[test]
fn tools_are_sent_as_long_as_the_history_needs_them() {
    let past = json!({"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object", "properties": {}}}}});
    let known = json!({"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}});
    let without = Call { tools: Vec::new(), ..looked() };
    let forbidden = Call { tool_choice: Some(ToolChoice::None), ..looked() };
    let unused = Call { tool_choice: Some(ToolChoice::None), ..with_tools() };
    let told = json!([{"text": "Answer without calling any tool."}]);
    for (name, call, config, system) in [
        ("offered no more", without, json!({ "tools": [past] }), told.clone()),
        ("forbidden", forbidden, json!({ "tools": [known] }), told),
        ("never used", unused, Value::Null, Value::Null),
    ] {
        let (body, _) = written(&call, OTHER);
        assert_eq!(body["toolConfig"], config, "{name}");
        assert_eq!(body["system"], system, "{name}");
    }
}

#[test]
fn ids_and_names_fit_and_stay_apart() {
    let mut call = looked();
    let long = "x".repeat(80);
    let ids = [long.as_str(), "call|a", "call/a", "call_a", ""];
    let calls = ids.map(|id| Part::ToolCall(ToolCall { name: "mcp.look".into(), ..tool_call(id) }));
    let results = ids.map(|id| Part::ToolResult(result(id, Vec::new())));
    call.turns[1].parts = calls.into();
    call.turns[2].parts = results.into();
    let (body, _) = written(&call, OTHER);
    let ids = |message: usize, kind: &str| -> Vec<String> {
        let blocks = body["messages"][message]["content"].as_array().unwrap().iter();
        blocks.map(|block| block[kind]["toolUseId"].as_str().unwrap().to_owned()).collect()
    };
    let used = ids(1, "toolUse");
    assert_eq!(used, ids(2, "toolResult"));
    let mut unique = used.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), used.len());
    assert!(used.iter().all(|id| super::super::call::fits(id)), "{used:?}");
    let name = &body["messages"][1]["content"][0]["toolUse"]["name"];
    assert!(super::super::call::fits(name.as_str().unwrap()), "{name}");

    call.tools[0].name = "mcp.look".to_owned();
    let refused = encode_call(&call, &to(OTHER));
    assert_eq!(
        refused,
        Err(Unfit { feature: Feature::Tools }),
        "its answer would name another tool"
    );
}

#[test]
fn thoughts_kept_secret_come_back_as_such() {
    let seal = super::super::blocks::redacted("YQ==");
    let (text, rest) = (String::new(), Rest::default());
    let thought = Part::Thinking { text, seal: Some(seal), rest };
    let call = answered(vec![thought, Part::text("Yes.")]);
    let (body, _) = written(&call, CLAUDE);
    let block = &body["messages"][1]["content"][0];
    assert_eq!(*block, json!({"reasoningContent": {"redactedContent": "YQ=="}}));
}

#[test]
fn requests_of_other_types_name_what_is_wrong() {
    let wrong = |param, wanted| RequestProblem::WrongType { param, wanted };
    let messages = "an array of objects with a `role` and an array as `content`";
    for (body, problem) in [
        (r#"{"messages":{}}"#, wrong("messages", messages)),
        (r#"{"messages":[{"role":"tool","content":[]}]}"#, wrong("messages", messages)),
        (r#"{"messages":[{"role":"user","content":"a"}]}"#, wrong("messages", messages)),
        (r#"{"system":"a"}"#, wrong("system", "an array")),
        (r#"{"toolConfig":[]}"#, wrong("toolConfig", "an object")),
        (r#"{"inferenceConfig":1}"#, wrong("inferenceConfig", "an object")),
        ("[]", RequestProblem::NotAnObject),
        ("{\n\"a\"", RequestProblem::NotJson { line: 2, column: 4 }),
    ] {
        assert_eq!(decode_call(body.as_bytes()), Err(problem), "{body}");
    }
    assert!(decode_call(br#"{"system":null,"messages":null}"#).is_ok());
}

#[test]
fn a_begun_answer_is_asked_for_in_words_where_the_model_takes_none() {
    let mut begun = plain();
    begun.turns.push(turn(Role::Assistant, vec![Part::text("It is ")]));
    let (name, description, strict) = (None, None, None);
    let schema = Json::new(r#"{"type":"object","properties":{}}"#).unwrap();
    let output = OutputFormat::Schema { name, description, schema, strict };
    let formed = Call { output, ..begun.clone() };
    let emulated = [(Feature::Prefill, Rule::Emulate)];
    for (name, call, model, is_prefilled) in [
        ("elder", &begun, ELDER_CLAUDE, true),
        ("elder with a schema", &formed, ELDER_CLAUDE, false),
        ("since 4.6", &begun, CLAUDE, false),
        ("since 5.0", &begun, CLAUDE_5, false),
        ("another maker's", &begun, NOVA, true),
        ("unknown", &begun, OTHER, true),
    ] {
        let (body, notes) = written(call, model);
        let messages = body["messages"].as_array().unwrap();
        let last = messages.last().unwrap();
        assert_eq!(messages[1]["content"], json!([{"text": "It is"}]), "{name}");
        assert_eq!(last["role"] == "assistant", is_prefilled, "{name}: {last}");
        assert_eq!(notes, if is_prefilled { &[][..] } else { &emulated }, "{name}");
        assert_eq!(crate::may_prefill(call, DIALECT, model), is_prefilled, "{name}");
    }
    let (body, _) = written(&begun, CLAUDE);
    let said = body["messages"][2]["content"][0]["text"].as_str().unwrap();
    assert!(said.starts_with("Continue your last message"), "{said}");
    // What follows is no beginning, so the model may think.
    let reasoning = thinking(Some(Effort::High), None).reasoning;
    let (body, notes) = written(&Call { reasoning, ..begun.clone() }, CLAUDE_5);
    assert_eq!(body["additionalModelRequestFields"], json!({"thinking": {"type": "adaptive"}}));
    assert_eq!(notes, emulated);
    // The client's own words are passed on.
    begun.rest = Rest::of(DIALECT);
    assert_eq!(written(&begun, CLAUDE).0["messages"].as_array().unwrap().len(), 2);
}

#[test]
fn a_model_that_always_thinks_is_told_to_call_a_tool() {
    let forced = |choice| Call { tool_choice: Some(choice), ..with_tools() };
    let some = forced(ToolChoice::Required);
    let named = forced(ToolChoice::Named("look".to_owned()));
    let single = Call { parallel_tools: Some(false), ..named.clone() };
    let told = (Feature::ForcedTool, Rule::Emulate);
    let at_most = (Feature::SingleToolCall, Rule::Emulate);
    const RESTLESS: &str = "anthropic.claude-mythos-preview";
    for (name, call, model, choice, orders, expected) in [
        ("some", &some, RESTLESS, json!({"auto": {}}), 1, vec![told]),
        ("named", &named, RESTLESS, json!({"auto": {}}), 1, vec![told]),
        ("one alone", &single, RESTLESS, json!({"auto": {}}), 2, vec![at_most, told]),
        ("some", &some, CLAUDE_5, json!({"any": {}}), 0, vec![]),
        ("some", &some, "openai.gpt-oss-120b-1:0", json!({"any": {}}), 0, vec![]),
    ] {
        let (body, notes) = written(call, model);
        assert_eq!(body["toolConfig"]["toolChoice"], choice, "{name} {model}");
        let system = body["system"].as_array().map_or(0, Vec::len);
        assert_eq!((system, notes), (orders, expected), "{name} {model}");
    }
    let (body, _) = written(&named, RESTLESS);
    assert_eq!(body["system"][0]["text"], "Call the tool `look`. Do not answer in words.");
    let own = Call { rest: Rest::of(DIALECT), ..named.clone() };
    assert_eq!(
        written(&own, RESTLESS).0["toolConfig"]["toolChoice"],
        json!({"tool": {"name": "look"}})
    );
}
