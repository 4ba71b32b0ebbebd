//! One probe for each row of the table.

use serde_json::Value;

use super::encoded;
use crate::Dialect;
use crate::neutral::{
    Call, Citation, Effort, Feature, Hosted, Json, Media, MediaKind, MediaSource, Note,
    OutputFormat, Part, Reasoning, Rest, Role, Rule, Sampling, Seal, Tool, ToolCall, ToolChoice,
    ToolResult, Turn,
};

use super::super::RULES;

fn rest() -> Rest {
    Rest::default()
}

fn said(role: Role, parts: Vec<Part>) -> Call {
    let mut turns = vec![Turn { role, parts, rest: rest() }];
    if role != Role::User {
        turns.push(Turn { role: Role::User, parts: vec![Part::text("x")], rest: rest() });
    }
    Call { turns, ..Call::default() }
}

fn media(kind: MediaKind, source: MediaSource, detail: Option<&str>) -> Part {
    let detail = detail.map(str::to_owned);
    Part::Media(Media { kind, source, name: None, detail, rest: rest() })
}

fn inline() -> MediaSource {
    MediaSource::Inline { mime: "image/png".into(), base64: "PROBE".into() }
}

fn url() -> MediaSource {
    MediaSource::Url { url: "https://PROBE".into(), mime: None }
}

fn called(id: &str, is_custom: bool, seal: Option<&str>) -> Part {
    let seal = seal.map(|value| Seal { value: value.into(), maker: None });
    let (id, name) = (id.to_owned(), "f".to_owned());
    let arguments = "{\"a\":\"PROBE\"}".to_owned();
    Part::ToolCall(ToolCall { id, name, arguments, seal, is_custom, rest: rest() })
}

fn answered(content: Vec<Part>, is_error: bool) -> Call {
    let result = ToolResult { id: "PROBE".into(), name: None, content, is_error, rest: rest() };
    said(Role::User, vec![Part::ToolResult(result)])
}

fn tool(strict: Option<bool>) -> Tool {
    let schema = Json::new(r#"{"type":"object","properties":{},"additionalProperties":false}"#);
    Tool { name: "PROBE".into(), description: None, schema, strict, rest: rest() }
}

fn sampling(change: fn(&mut Sampling)) -> Call {
    let mut call = Call::default();
    change(&mut call.sampling);
    call
}

fn kept(dialect: Dialect, key: &str) -> Rest {
    let mut rest = Rest::of(dialect);
    rest.keep(key.as_bytes(), b"\"PROBE\"");
    rest
}

fn thought(seal: Option<&str>) -> Call {
    let seal = seal.map(|value| Seal { value: value.into(), maker: None });
    said(Role::Assistant, vec![Part::Thinking { text: "PROBE".into(), seal, rest: rest() }])
}

fn schema() -> OutputFormat {
    let schema = Json::new(r#"{"PROBE":1}"#).unwrap();
    OutputFormat::Schema { name: None, description: None, schema, strict: None }
}

/// A call with this feature, and what of it stands in the request if it is mapped or emulated.
#[expect(clippy::too_many_lines, reason = "a table")]
fn probe(feature: Feature) -> (Call, &'static str) {
    let call = Call::default;
    match feature {
        Feature::System => {
            (Call { system: vec![Part::text("PROBE")], ..call() }, r#""instructions":"PROBE""#)
        }
        Feature::SystemTurn => (said(Role::System, vec![Part::text("PROBE")]), r#""system""#),
        Feature::Tools => (Call { tools: vec![tool(None)], ..call() }, r#""strict":false"#),
        Feature::CustomTools => {
            (said(Role::Assistant, vec![called("c", true, None)]), r#""custom_tool_call""#)
        }
        Feature::StrictTools => {
            (Call { tools: vec![tool(Some(true))], ..call() }, r#""strict":true"#)
        }
        Feature::ParallelToolCalls => {
            let calls = vec![called("a", false, None), called("PROBE", false, None)];
            (said(Role::Assistant, calls), r#""call_id":"PROBE""#)
        }
        Feature::SingleToolCall => {
            (Call { parallel_tools: Some(false), ..call() }, r#""parallel_tool_calls":false"#)
        }
        Feature::ForcedTool => {
            (Call { tool_choice: Some(ToolChoice::Required), ..call() }, r#""required""#)
        }
        Feature::ForbiddenTools => {
            (Call { tool_choice: Some(ToolChoice::None), ..call() }, r#""tool_choice":"none""#)
        }
        Feature::ToolResults => (answered(vec![Part::text("a")], false), r#""call_id":"PROBE""#),
        Feature::ToolErrors => (answered(vec![Part::text("PROBE")], true), "Error: PROBE"),
        Feature::ToolResultMedia => {
            (answered(vec![media(MediaKind::Image, inline(), None)], false), ";base64,PROBE")
        }
        Feature::HostedTools => {
            let hosted = Hosted { kind: "web_search".into(), rest: rest() };
            (Call { hosted: vec![hosted], ..call() }, "")
        }
        Feature::Images => {
            (said(Role::User, vec![media(MediaKind::Image, inline(), None)]), ";base64,PROBE")
        }
        Feature::ImageUrls => {
            (said(Role::User, vec![media(MediaKind::Image, url(), None)]), "https://PROBE")
        }
        Feature::ImageDetail => (
            said(Role::User, vec![media(MediaKind::Image, url(), Some("low"))]),
            r#""detail":"low""#,
        ),
        Feature::Files => {
            (said(Role::User, vec![media(MediaKind::File, inline(), None)]), ";base64,PROBE")
        }
        Feature::FileUrls => (
            said(Role::User, vec![media(MediaKind::File, url(), None)]),
            r#""file_url":"https://PROBE""#,
        ),
        Feature::AudioVideo => {
            (said(Role::User, vec![media(MediaKind::Audio, inline(), None)]), "")
        }
        Feature::JsonObject => (Call { output: OutputFormat::Json, ..call() }, "json_object"),
        Feature::JsonSchema => (Call { output: schema(), ..call() }, r#""schema":{"PROBE":1}"#),
        Feature::MaxTokens => (Call { max_tokens: Some(1), ..call() }, r#""max_output_tokens":16"#),
        Feature::StopSequences => (Call { stop: vec!["PROBE".into()], ..call() }, ""),
        Feature::Temperature => (sampling(|s| s.temperature = Some(0.5)), r#""temperature":0.5"#),
        Feature::TopP => (sampling(|s| s.top_p = Some(0.5)), r#""top_p":0.5"#),
        Feature::TopK => (sampling(|s| s.top_k = Some(5)), ""),
        Feature::Seed => (sampling(|s| s.seed = Some(5)), ""),
        Feature::Penalties => (sampling(|s| s.presence_penalty = Some(0.5)), ""),
        Feature::Logprobs => (sampling(|s| s.logprobs = Some(2)), "message.output_text.logprobs"),
        Feature::SeveralChoices => (sampling(|s| s.choices = Some(2)), ""),
        Feature::ReasoningEffort => {
            let reasoning = Reasoning { effort: Some(Effort::Low), ..Reasoning::default() };
            (Call { reasoning: Some(reasoning), ..call() }, r#""effort":"low""#)
        }
        Feature::ReasoningBudget => {
            let reasoning = Reasoning { budget: Some(9_000), ..Reasoning::default() };
            (Call { reasoning: Some(reasoning), ..call() }, r#""effort":"medium""#)
        }
        Feature::Thinking => (thought(None), ""),
        Feature::Seals => (thought(Some("PROBE")), r#""encrypted_content":"PROBE""#),
        Feature::Citations => {
            let citation = Citation {
                url: Some("https://PROBE".into()),
                title: None,
                quote: None,
                span: None,
                rest: rest(),
            };
            let (text, citations) = ("a".to_owned(), vec![citation]);
            (said(Role::Assistant, vec![Part::Text { text, citations, rest: rest() }]), "")
        }
        Feature::Refusals => {
            (said(Role::Assistant, vec![Part::Refusal("PROBE".into())]), r#""content":"PROBE""#)
        }
        Feature::Prefill => {
            let mut call = said(Role::Assistant, vec![Part::text("PROBE")]);
            call.turns.pop();
            (call, "Continue your last message")
        }
        Feature::User => (Call { user: Some("PROBE".into()), ..call() }, "safety_identifier"),
        Feature::Metadata => {
            let metadata = [("a".to_owned(), "PROBE".to_owned())].into();
            (Call { metadata, ..call() }, r#"{"a":"PROBE"}"#)
        }
        Feature::ServerState => {
            let source = MediaSource::Stored("PROBE".into());
            (said(Role::User, vec![media(MediaKind::Image, source, None)]), "")
        }
        Feature::ForeignParts => {
            (said(Role::User, vec![Part::Foreign(kept(Dialect::Messages, "a"))]), "")
        }
        Feature::MediaOutput => (Call { media_output: vec![MediaKind::Audio], ..call() }, ""),
        Feature::ForeignParameters => {
            (Call { rest: kept(Dialect::ChatCompletions, "logit_bias"), ..call() }, "")
        }
    }
}

#[test]
fn the_table_has_every_feature_in_order() {
    let features: Vec<_> = RULES.iter().map(|row| row.feature).collect();
    assert_eq!(features, Feature::ALL);
    assert!(RULES.iter().all(|row| !row.how.is_empty()));
}

#[test]
fn calls_are_written_as_the_table_says() {
    for row in RULES {
        let (call, trace) = probe(row.feature);
        let noted = row.feature;
        assert!(call.features().contains(noted), "{}: the probe lacks it", row.feature);
        let encoded = match encoded(&call) {
            Ok(encoded) => encoded,
            Err(unfit) => {
                assert_eq!((row.rule, unfit.feature), (Rule::Refuse, row.feature));
                continue;
            }
        };
        assert_ne!(row.rule, Rule::Refuse, "{}", row.feature);
        let note = Note { feature: noted, rule: row.rule };
        let has_note = encoded.notes.contains(&note);
        let notes_of_it = encoded.notes.iter().filter(|note| note.feature == noted).count();
        assert_eq!(has_note, row.rule != Rule::Map, "{}: {:?}", row.feature, encoded.notes);
        assert_eq!(notes_of_it, usize::from(has_note), "{}", row.feature);
        let body = String::from_utf8(encoded.body).unwrap();
        let _: Value = serde_json::from_str(&body).unwrap();
        match row.rule {
            Rule::Map | Rule::Emulate => assert!(body.contains(trace), "{}: {body}", row.feature),
            Rule::Drop | Rule::Refuse => {
                assert!(!body.contains("PROBE"), "{}: {body}", row.feature)
            }
        }
    }
}

#[test]
fn a_schema_is_an_instruction_to_models_that_follow_none() {
    let call = Call { output: schema(), ..Call::default() };
    let to = crate::Destination { follows_schemas: false, ..super::TO };
    let encoded = super::OWN.encode_call(&call, &to).unwrap();
    assert_eq!(encoded.notes, [Note { feature: Feature::JsonSchema, rule: Rule::Emulate }]);
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert!(body["input"][0]["content"].as_str().unwrap().ends_with(r#"{"PROBE":1}"#));
    assert_eq!(body.get("text"), None);
}

#[test]
fn an_open_schema_is_not_followed_to_the_letter() {
    let open = Tool { schema: Json::new(r#"{"type":"object"}"#), ..tool(Some(true)) };
    let encoded = encoded(&Call { tools: vec![open], ..Call::default() }).unwrap();
    assert_eq!(encoded.notes, [Note { feature: Feature::StrictTools, rule: Rule::Drop }]);
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!(body["tools"][0]["strict"], false);
}

#[test]
fn reasoning_models_take_nothing_about_sampling() {
    let mut call = said(Role::User, vec![Part::text("x")]);
    call.sampling.temperature = Some(0.5);
    call.sampling.top_p = Some(0.5);
    call.sampling.logprobs = Some(2);
    let written = |call: &Call, model| {
        let encoded = super::OWN.encode_call(call, &crate::Destination { model, ..super::TO });
        let encoded = encoded.unwrap();
        let lost: Vec<_> = encoded.notes.iter().map(|note| (note.feature, note.rule)).collect();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        let is_there = |key| body.get(key).is_some();
        (["temperature", "top_p", "top_logprobs", "include"].map(is_there), lost)
    };
    let all = [Feature::Temperature, Feature::TopP, Feature::Logprobs];
    let all: Vec<_> = all.map(|feature| (feature, Rule::Drop)).into();
    for model in ["o3", "o4-mini", "gpt-5", "openai/gpt-5.1"] {
        assert_eq!(written(&call, model), ([false; 4], all.clone()), "{model}");
    }
    assert_eq!(written(&call, "gpt-4.1"), ([true; 4], vec![]));
    call.reasoning = Some(Reasoning { effort: Some(Effort::None), ..Reasoning::default() });
    assert_eq!(written(&call, "gpt-5.1"), ([true; 4], vec![]));
    // The client's own words are passed on.
    call.reasoning = None;
    call.rest = Rest::of(super::OWN);
    assert_eq!(written(&call, "gpt-5.1"), ([true; 4], vec![]));
}
