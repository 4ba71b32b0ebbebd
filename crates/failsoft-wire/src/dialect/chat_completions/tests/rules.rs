//! A probe for every row of the rules.

use serde_json::{Value, json};

use super::{TO, presented};
use crate::Dialect::{ChatCompletions, Messages};
use crate::dialect::chat_completions::RULES;
use crate::neutral::{
    Call, Citation, Effort, Feature, Hosted, Json, Media, MediaKind, MediaSource, Note,
    OutputFormat, Part, Reasoning, Rest, Role, Rule, Seal, Tool, ToolCall, ToolChoice, ToolResult,
    Turn,
};
use crate::translate::{Destination, Unfit};

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts, rest: Rest::default() }
}

fn foreign() -> Rest {
    let mut rest = Rest::of(Messages);
    rest.keep(b"k", b"1");
    rest
}

fn media(kind: MediaKind, source: MediaSource) -> Media {
    let detail = (kind == MediaKind::Image).then(|| "high".to_owned());
    Media { kind, source, name: None, detail, rest: Rest::default() }
}

fn inline(mime: &str) -> MediaSource {
    MediaSource::Inline { mime: mime.to_owned(), base64: "QUJD".to_owned() }
}

fn url() -> MediaSource {
    MediaSource::Url { url: "https://example.org/x".to_owned(), mime: None }
}

fn called(id: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.to_owned(),
        name: "f".to_owned(),
        arguments: String::new(),
        seal: None,
        is_custom: false,
        rest: Rest::default(),
    })
}

fn result(content: Vec<Part>, is_error: bool) -> Part {
    let id = "a".to_owned();
    Part::ToolResult(ToolResult { id, name: None, content, is_error, rest: Rest::default() })
}

fn tool(strict: Option<bool>) -> Tool {
    let schema = Json::new("{}");
    Tool { name: "f".to_owned(), description: None, schema, strict, rest: Rest::default() }
}

/// A call that asks nothing but this, and what of it must stand in the request: a JSON pointer
/// and the value there.
fn probe(feature: Feature) -> (Call, Vec<(&'static str, Value)>) {
    let mut call =
        Call { turns: vec![turn(Role::User, vec![Part::text("hi")])], ..Call::default() };
    let wanted = match feature {
        Feature::System
        | Feature::SystemTurn
        | Feature::Prefill
        | Feature::Thinking
        | Feature::Seals
        | Feature::Citations
        | Feature::Refusals
        | Feature::ForeignParts => said(feature, &mut call),
        Feature::Tools
        | Feature::CustomTools
        | Feature::StrictTools
        | Feature::ParallelToolCalls
        | Feature::SingleToolCall
        | Feature::ForcedTool
        | Feature::ForbiddenTools
        | Feature::ToolResults
        | Feature::ToolErrors
        | Feature::ToolResultMedia
        | Feature::HostedTools => tooled(feature, &mut call),
        Feature::Images
        | Feature::ImageUrls
        | Feature::ImageDetail
        | Feature::Files
        | Feature::FileUrls
        | Feature::AudioVideo
        | Feature::ServerState => shown(feature, &mut call),
        Feature::MediaOutput => {
            call.media_output = vec![MediaKind::Audio];
            Vec::new()
        }
        _ => told(feature, &mut call),
    };
    (call, wanted)
}

fn said(feature: Feature, call: &mut Call) -> Vec<(&'static str, Value)> {
    let text = || Part::text("yes");
    let seal = Some(Seal { value: "s".to_owned(), maker: None });
    match feature {
        Feature::System => {
            call.system = vec![Part::text("be"), Part::text("kind")];
            vec![("/messages/0", json!({"role": "system", "content": "be\n\nkind"}))]
        }
        Feature::SystemTurn => {
            call.turns.push(turn(Role::System, vec![Part::text("now")]));
            vec![("/messages/1", json!({"role": "system", "content": "now"}))]
        }
        Feature::Prefill => {
            call.turns.push(turn(Role::Assistant, vec![text()]));
            vec![("/messages/1", json!({"role": "assistant", "content": "yes"}))]
        }
        Feature::Thinking => {
            let thought = Part::Thinking { text: "hm".to_owned(), seal, rest: Rest::default() };
            call.turns.push(turn(Role::Assistant, vec![thought, text()]));
            vec![("/messages/1", json!({"role": "assistant", "content": "yes"}))]
        }
        Feature::Seals => {
            let Part::ToolCall(mut called) = called("a") else { unreachable!() };
            called.seal = seal;
            call.turns.push(turn(Role::Assistant, vec![Part::ToolCall(called)]));
            let at = "/messages/1/tool_calls/0/extra_content/google/thought_signature";
            vec![(at, json!("s"))]
        }
        Feature::Citations => {
            let citation = Citation {
                url: Some("https://example.org".to_owned()),
                title: None,
                quote: None,
                span: None,
                rest: Rest::default(),
            };
            let (text, citations) = ("yes".to_owned(), vec![citation]);
            let cited = Part::Text { text, citations, rest: Rest::default() };
            call.turns.push(turn(Role::Assistant, vec![cited]));
            vec![("/messages/1", json!({"role": "assistant", "content": "yes"}))]
        }
        Feature::Refusals => {
            call.turns.push(turn(Role::Assistant, vec![Part::Refusal("no".to_owned())]));
            vec![("/messages/1/refusal", json!("no"))]
        }
        _ => {
            call.turns.push(turn(Role::Assistant, vec![Part::Foreign(foreign()), text()]));
            vec![("/messages/1", json!({"role": "assistant", "content": "yes"}))]
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn tooled(feature: Feature, call: &mut Call) -> Vec<(&'static str, Value)> {
    call.tools.push(tool(None));
    let answer = |call: &mut Call, content, is_error| {
        call.turns.push(turn(Role::Assistant, vec![called("a")]));
        call.turns.push(turn(Role::User, vec![result(content, is_error)]));
    };
    let answered = |content: &str| {
        let message = json!({"role": "tool", "tool_call_id": "a", "content": content});
        vec![("/messages/2", message)]
    };
    match feature {
        Feature::Tools => vec![("/tools/0/function/name", json!("f"))],
        Feature::CustomTools => {
            let Part::ToolCall(mut custom) = called("a") else { unreachable!() };
            custom.is_custom = true;
            custom.arguments = "free".to_owned();
            call.turns.push(turn(Role::Assistant, vec![Part::ToolCall(custom)]));
            let custom = json!({"id": "a", "type": "custom",
                "custom": {"name": "f", "input": "free"}});
            vec![("/messages/1/tool_calls/0", custom)]
        }
        Feature::StrictTools => {
            call.tools = vec![tool(Some(true))];
            vec![("/tools/0/function/strict", json!(true))]
        }
        Feature::ParallelToolCalls => {
            call.turns.push(turn(Role::Assistant, vec![called("a"), called("b")]));
            vec![("/messages/1/tool_calls/1/id", json!("b"))]
        }
        Feature::SingleToolCall => {
            call.parallel_tools = Some(false);
            vec![("/parallel_tool_calls", json!(false))]
        }
        Feature::ForcedTool => {
            call.tool_choice = Some(ToolChoice::Named("f".to_owned()));
            vec![("/tool_choice", json!({"type": "function", "function": {"name": "f"}}))]
        }
        Feature::ForbiddenTools => {
            call.tool_choice = Some(ToolChoice::None);
            vec![("/tool_choice", json!("none"))]
        }
        Feature::ToolResults => {
            answer(call, vec![Part::text("4")], false);
            answered("4")
        }
        Feature::ToolErrors => {
            answer(call, vec![Part::text("down")], true);
            answered("Error: down")
        }
        Feature::ToolResultMedia => {
            let image = Part::Media(media(MediaKind::Image, inline("image/png")));
            answer(call, vec![image], false);
            vec![
                ("/messages/3/role", json!("user")),
                ("/messages/3/content/1/type", json!("image_url")),
            ]
        }
        _ => {
            call.hosted.push(Hosted { kind: "web_search".to_owned(), rest: foreign() });
            Vec::new()
        }
    }
}

fn shown(feature: Feature, call: &mut Call) -> Vec<(&'static str, Value)> {
    let data = "data:image/png;base64,QUJD";
    let (shown, wanted) = match feature {
        Feature::Images => (
            media(MediaKind::Image, inline("image/png")),
            vec![("/messages/0/content/0/image_url/url", json!(data))],
        ),
        Feature::ImageUrls => (
            media(MediaKind::Image, url()),
            vec![("/messages/0/content/0/image_url/url", json!("https://example.org/x"))],
        ),
        Feature::ImageDetail => (
            media(MediaKind::Image, url()),
            vec![("/messages/0/content/0/image_url/detail", json!("high"))],
        ),
        Feature::Files => (
            media(MediaKind::File, inline("application/pdf")),
            vec![(
                "/messages/0/content/0/file",
                json!({"filename": "document.pdf", "file_data": "data:application/pdf;base64,QUJD"}),
            )],
        ),
        Feature::FileUrls => (media(MediaKind::File, url()), Vec::new()),
        Feature::AudioVideo => (
            media(MediaKind::Audio, inline("audio/mpeg")),
            vec![("/messages/0/content/0/input_audio", json!({"data": "QUJD", "format": "mp3"}))],
        ),
        _ => (media(MediaKind::File, MediaSource::Stored("file_1".to_owned())), Vec::new()),
    };
    call.turns = vec![turn(Role::User, vec![Part::Media(shown)])];
    wanted
}

fn told(feature: Feature, call: &mut Call) -> Vec<(&'static str, Value)> {
    let sampling = &mut call.sampling;
    match feature {
        Feature::JsonObject => {
            call.output = OutputFormat::Json;
            let told = "Answer with one JSON object and nothing else.";
            return vec![
                ("/response_format", json!({"type": "json_object"})),
                ("/messages/0/content", json!(told)),
            ];
        }
        Feature::JsonSchema => {
            let schema = Json::new(r#"{"type":"object"}"#).unwrap();
            let name = Some("my answer".to_owned());
            call.output =
                OutputFormat::Schema { name, description: None, schema, strict: Some(true) };
            let wanted = json!({"name": "my_answer", "schema": {"type": "object"}, "strict": true});
            return vec![("/response_format/json_schema", wanted)];
        }
        Feature::MaxTokens => call.max_tokens = Some(9),
        Feature::StopSequences => call.stop = vec!["a".to_owned()],
        Feature::Temperature => sampling.temperature = Some(0.5),
        Feature::TopP => sampling.top_p = Some(0.5),
        Feature::TopK => sampling.top_k = Some(5),
        Feature::Seed => sampling.seed = Some(-1),
        Feature::Penalties => sampling.presence_penalty = Some(0.5),
        Feature::Logprobs => sampling.logprobs = Some(30),
        Feature::SeveralChoices => sampling.choices = Some(2),
        Feature::ReasoningEffort => {
            let effort = Some(Effort::Max);
            call.reasoning = Some(Reasoning { effort, ..Reasoning::default() });
        }
        Feature::ReasoningBudget => {
            call.reasoning = Some(Reasoning { budget: Some(2_000), ..Reasoning::default() });
        }
        Feature::User => call.user = Some("u".to_owned()),
        Feature::Metadata => _ = call.metadata.insert("k".to_owned(), "v".to_owned()),
        _ => call.rest = foreign(),
    }
    match feature {
        Feature::MaxTokens => vec![("/max_tokens", json!(9))],
        Feature::StopSequences => vec![("/stop", json!(["a"]))],
        Feature::Temperature => vec![("/temperature", json!(0.5))],
        Feature::TopP => vec![("/top_p", json!(0.5))],
        Feature::TopK => vec![("/top_k", Value::Null)],
        Feature::Seed => vec![("/seed", json!(-1))],
        Feature::Penalties => vec![("/presence_penalty", json!(0.5))],
        Feature::Logprobs => vec![("/logprobs", json!(true)), ("/top_logprobs", json!(20))],
        Feature::SeveralChoices => vec![("/n", json!(2))],
        Feature::ReasoningEffort => vec![("/reasoning_effort", json!("xhigh"))],
        Feature::ReasoningBudget => vec![("/reasoning_effort", json!("low"))],
        Feature::User => vec![("/user", json!("u"))],
        Feature::Metadata => vec![("/metadata", Value::Null)],
        _ => vec![("/k", Value::Null)],
    }
}

#[test]
fn every_feature_has_its_row_in_order() {
    let rows: Vec<Feature> = RULES.iter().map(|row| row.feature).collect();
    assert_eq!(rows, Feature::ALL);
    assert!(RULES.iter().all(|row| !row.how.is_empty()));
}

#[test]
fn the_code_does_what_each_row_says() {
    for row in RULES {
        let feature = row.feature;
        let (call, wanted) = probe(feature);
        let noted = feature;
        assert!(call.features().contains(noted), "{feature}: the probe does not ask for it");
        let encoded = ChatCompletions.encode_call(&call, &TO);
        if row.rule == Rule::Refuse {
            assert_eq!(encoded, Err(Unfit { feature }));
            continue;
        }
        let encoded = encoded.unwrap();
        let note = encoded.notes.iter().find(|note| note.feature == noted);
        let expected = (row.rule != Rule::Map).then_some(Note { feature: noted, rule: row.rule });
        assert_eq!(note, expected.as_ref(), "{feature}");
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        for (at, value) in wanted {
            assert_eq!(body.pointer(at).unwrap_or(&Value::Null), &value, "{feature}: {body}");
        }
    }
}

#[test]
fn what_the_dialect_cannot_hold_is_refused() {
    let cases = [
        (media(MediaKind::Video, inline("video/mp4")), Feature::AudioVideo),
        (media(MediaKind::Audio, inline("audio/flac")), Feature::AudioVideo),
        (media(MediaKind::Audio, url()), Feature::AudioVideo),
    ];
    for (shown, feature) in cases {
        for nested in [false, true] {
            let part = Part::Media(shown.clone());
            let part = if nested { result(vec![part], false) } else { part };
            let turns = vec![turn(Role::User, vec![part])];
            let call = Call { turns, ..Call::default() };
            assert_eq!(ChatCompletions.encode_call(&call, &TO), Err(Unfit { feature }));
        }
    }
}

#[test]
fn a_model_that_follows_no_schema_is_told_in_words() {
    let (call, _) = probe(Feature::JsonSchema);
    let to = Destination { follows_schemas: false, ..TO };
    let encoded = ChatCompletions.encode_call(&call, &to).unwrap();
    let note = Note { feature: Feature::JsonSchema, rule: Rule::Emulate };
    assert_eq!(encoded.notes, [note]);
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
    let told = body["messages"][0]["content"].as_str().unwrap();
    assert!(told.ends_with("{\"type\":\"object\"}"), "{told}");
    // And so it is when the call came in this dialect.
    let own = ChatCompletions.encode_call(&call, &TO).unwrap().body;
    let own = ChatCompletions.decode_call(&own, None).unwrap();
    let again = ChatCompletions.encode_call(&own, &to).unwrap();
    assert_eq!(again.notes, [note]);
    assert!(String::from_utf8(again.body).unwrap().contains("json_object"));
}

#[test]
fn reasoning_models_get_only_what_they_take() {
    let mut call = Call {
        max_tokens: Some(9),
        stop: vec!["a".to_owned(); 6],
        stream: true,
        ..Call::default()
    };
    call.sampling.temperature = Some(0.5);
    call.sampling.logprobs = Some(1);
    let body = |call: &Call, model| -> (Value, Vec<Feature>) {
        let to = Destination { model, ..TO };
        let encoded = ChatCompletions.encode_call(call, &to).unwrap();
        let lost = encoded.notes.iter().map(|note| note.feature).collect();
        (serde_json::from_slice(&encoded.body).unwrap(), lost)
    };
    for model in ["o1", "o3-mini", "openai/gpt-5.6", "gpt-10-pro"] {
        let (body, lost) = body(&call, model);
        let wanted = json!({"model": model, "messages": [], "max_completion_tokens": 9,
            "stream": true, "stream_options": {"include_usage": true}});
        assert_eq!(body, wanted);
        let wanted = [Feature::StopSequences, Feature::Temperature, Feature::Logprobs];
        assert_eq!(lost, wanted);
    }
    for model in ["m", "gpt-4.1", "gpt-oss-120b", "o", "olmo-3", "gpt-50b"] {
        let (body, lost) = body(&call, model);
        assert_eq!((&body["max_tokens"], &body["temperature"]), (&json!(9), &json!(0.5)));
        assert_eq!(body["stop"].as_array().unwrap().len(), 4);
        assert_eq!(lost, [Feature::StopSequences]);
    }
    let effort = Some(Effort::None);
    call.reasoning = Some(Reasoning { effort, ..Reasoning::default() });
    assert_eq!(body(&call, "gpt-5.6").0["temperature"], json!(0.5));
}

#[test]
fn results_stand_right_behind_their_calls() {
    let image = || Part::Media(media(MediaKind::Image, url()));
    let long = "x".repeat(50);
    let answer = |id: &str, content| {
        let (id, rest) = (id.to_owned(), Rest::default());
        Part::ToolResult(ToolResult { id, name: None, content, is_error: false, rest })
    };
    let turns = vec![
        turn(Role::User, vec![Part::text("go")]),
        turn(Role::Assistant, vec![called("a")]),
        turn(Role::Assistant, vec![called(&long)]),
        turn(Role::User, vec![Part::text("meanwhile")]),
        turn(Role::User, vec![answer(&long, vec![image()]), answer("a", vec![Part::text("1")])]),
        turn(Role::User, vec![Part::text("and?")]),
    ];
    let call = Call { turns, ..Call::default() };
    let body = ChatCompletions.encode_call(&call, &TO).unwrap().body;
    let body: Value = serde_json::from_slice(&body).unwrap();
    let roles: Vec<_> =
        body["messages"].as_array().unwrap().iter().map(|one| &one["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "tool", "user", "user"]);
    let messages = &body["messages"];
    assert_eq!(messages[2]["tool_call_id"], "a");
    let short = messages[1]["tool_calls"][1]["id"].as_str().unwrap();
    assert!(short.len() <= 40 && messages[3]["tool_call_id"] == short);
    assert_eq!(messages[4]["content"][1]["type"], "image_url");
    assert_eq!(messages[4]["content"][2]["text"], "meanwhile");
}

#[test]
fn seals_carry_their_makers_mark_to_clients_only() {
    let Part::ToolCall(mut sealed) = called("a") else { unreachable!() };
    sealed.seal = Some(Seal { value: "s1".to_owned(), maker: None });
    let choices = vec![crate::neutral::Choice {
        parts: vec![Part::ToolCall(sealed)],
        ..crate::neutral::Choice::default()
    }];
    let reply = crate::neutral::Reply { choices, ..crate::neutral::Reply::default() };
    let marked =
        crate::translate::Presented { maker: Some(crate::neutral::Maker(7)), ..presented() };
    let at = "/choices/0/message/tool_calls/0";
    let body: Value =
        serde_json::from_slice(&ChatCompletions.encode_reply(&reply, &marked)).unwrap();
    let call = body.pointer(at).unwrap();
    let wanted = json!({"google": {"thought_signature": "fs1.0000000000000007.s1"}});
    assert_eq!(call["extra_content"], wanted);
    // The client sends it back, and it goes to its maker as the maker wrote it.
    let request = json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]});
    let mut call = ChatCompletions.decode_call(request.to_string().as_bytes(), None).unwrap();
    let body = ChatCompletions.encode_call(&call, &TO).unwrap().body;
    assert!(String::from_utf8(body).unwrap().contains(r#""thought_signature":"s1""#));
    // Another target never sees it.
    assert!(call.without_seals_of_others(crate::neutral::Maker(8), &|_| None));
    let body = ChatCompletions.encode_call(&call, &TO).unwrap().body;
    assert!(!String::from_utf8(body).unwrap().contains("extra_content"));
}

#[test]
fn what_stands_beside_a_seal_goes_with_it() {
    let call = json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": "s1", "x": 1}, "y": 2}});
    let request = json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]});
    let mut call = ChatCompletions.decode_call(request.to_string().as_bytes(), None).unwrap();
    let written = |call: &Call| {
        let body = ChatCompletions.encode_call(call, &TO).unwrap().body;
        let body: Value = serde_json::from_slice(&body).unwrap();
        body["messages"][0]["tool_calls"][0]["extra_content"].clone()
    };
    assert_eq!(written(&call), request["messages"][0]["tool_calls"][0]["extra_content"]);
    assert!(call.without_seals_of_others(crate::neutral::Maker(8), &|_| None));
    assert_eq!(written(&call), Value::Null);
}

/// Others keep a model to schemas that leave some properties to it; servers of this dialect
/// refuse them.
#[test]
fn only_tools_that_want_all_their_properties_are_kept_to_the_letter() {
    let some = r#"{"type":"object","properties":{"a":{}},"additionalProperties":false}"#;
    let all =
        r#"{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}"#;
    let lost = Note { feature: Feature::StrictTools, rule: Rule::Drop };
    for (schema, strict, notes) in [(some, Value::Null, vec![lost]), (all, json!(true), vec![])] {
        let (mut call, _) = probe(Feature::StrictTools);
        call.tools[0].schema = Json::new(schema);
        let encoded = ChatCompletions.encode_call(&call, &TO).unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_eq!(body["tools"][0]["function"]["strict"], strict, "{schema}");
        assert_eq!(encoded.notes, notes, "{schema}");
    }
}
