//! Any model stands in for any other: targets of other dialects, what is sealed, what targets lack.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end so")]

mod house;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use failsoft::Failsoft;
use failsoft_engine::{BarReason, Event, Need};
use failsoft_fake::{Fake, FakeOptions};
use failsoft_wire::Dialect;
use house::{Answer, Events, asking, everywhere, read, said, words};
use http::StatusCode;
use serde_json::{Value, json};

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// One fake behind several provider entries.
struct Street {
    fake: Fake,
    failsoft: Failsoft,
    events: Arc<Events>,
}

impl Street {
    /// Each entry is a name and what it speaks; `tiers` name their models.
    fn new(entries: &[(&str, Dialect)], tiers: &str, more: &str) -> Self {
        let fake = Fake::start(FakeOptions::default()).unwrap();
        let mut text = "[journal]\nenabled = false\n".to_owned();
        for (name, dialect) in entries {
            let bedrock = *dialect == Dialect::BedrockConverse;
            let kind = if bedrock { "kind = \"bedrock\"\nregion = \"us-east-1\"\n" } else { "" };
            let key = if bedrock { "AKIAEXAMPLE:secret".to_owned() } else { format!("sk-{name}") };
            let url = fake.base_url(*dialect);
            let _ = write!(
                text,
                "[providers.{name}]\n{kind}dialect = \"{dialect}\"\nbase_url = \"{url}\"\n\
                 api_key = \"{key}\"\n"
            );
        }
        let _ = write!(text, "[routes.assistant]\ntiers = {tiers}\n{more}\n");
        let settings = failsoft_config::load(&text, Path::new("/"), &BTreeMap::new())
            .unwrap_or_else(|problems| panic!("{}", problems.render("street", &text)));
        let events = Arc::new(Events::default());
        let failsoft = Failsoft::start(settings, vec![events.clone()]).unwrap();
        Self { fake, failsoft, events }
    }

    async fn ask(&self, dialect: Dialect, stream: bool, body: &Value) -> Answer {
        read(self.failsoft.send(asking(dialect, stream, body.to_string(), &[])).await).await
    }

    fn bars(&self, reason: BarReason) -> usize {
        let barred = |event: &&Event| matches!(event, Event::Barred(bar) if bar.reason == reason);
        self.events.all().iter().filter(barred).count()
    }

    /// The dialects of the attempts that were made, and the body of the last.
    fn seen(&self) -> (Vec<Dialect>, Value) {
        let attempts = self.fake.attempts();
        let last = attempts.last().map(|seen| seen.body.0.clone()).unwrap_or_default();
        let dialects = attempts.iter().map(|seen| seen.dialect).collect();
        (dialects, serde_json::from_slice(&last).unwrap_or(Value::Null))
    }
}

fn question(dialect: Dialect, stream: bool) -> Value {
    let asked = house::call(dialect, stream, &[]);
    serde_json::from_slice(&asked.body).unwrap()
}

#[tokio::test]
async fn every_target_answers_every_client() {
    for (dialect, stream) in everywhere() {
        for target in Dialect::TARGETS {
            let case = format!("{dialect} stream={stream} -> {target}");
            let entries = [("down", dialect), ("up", target)];
            let street = Street::new(&entries, r#"[["down/fail-503"], ["up/model"]]"#, "");
            let answer = street.ask(dialect, stream, &question(dialect, stream)).await;
            assert_eq!(answer.status, StatusCode::OK, "{case}: {}", answer.text());
            assert_eq!(said(dialect, stream, &answer), words(), "{case}: {}", answer.text());
            assert_eq!(answer.header("x-failsoft-target"), "up/model", "{case}");
            let kind = answer.header("content-type");
            let wanted = if stream { "text/event-stream" } else { "application/json" };
            assert!(kind.starts_with(wanted), "{case}: {kind}");
            assert_eq!(street.seen().0, [dialect, target], "{case}");
        }
    }
}

#[tokio::test]
async fn what_a_target_cannot_say_is_left_out_and_named() {
    let street = Street::new(&[("up", Dialect::Messages)], r#"[["up/model"]]"#, "");
    let mut body = question(Dialect::ChatCompletions, false);
    body["seed"] = json!(7);
    body["temperature"] = json!(0.5);
    let answer = street.ask(Dialect::ChatCompletions, false, &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("x-failsoft-left-out"), "seed");
    let (_, sent) = street.seen();
    assert_eq!((&sent["seed"], &sent["temperature"]), (&Value::Null, &json!(0.5)));
}

/// Each row of the translation table that refuses a target, always or for what some calls hold.
const REFUSED: &[(Dialect, &str, Need)] = {
    use Dialect::{BedrockConverse, ChatCompletions, GenerateContent, Messages, Responses};
    const PAGE: &str = r#"{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}"#;
    const TIFF: &str =
        r#"{"type":"image_url","image_url":{"url":"data:image/tiff;base64,SUkqAAgAAAA="}}"#;
    const ZIP: &str = r#"{"type":"file","file":{"filename":"a.zip","file_data":"data:application/zip;base64,UEsDBP//"}}"#;
    const SOUND: &str = r#"{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}"#;
    const STORED: &str = r#"{"type":"file","file":{"file_id":"file-1"}}"#;
    const PDF_URL: &str = r#"{"type":"input_file","file_url":"https://example.com/a.pdf"}"#;
    const FILM: &str = r#"{"inlineData":{"mimeType":"video/x-unknown","data":"AAAA"}}"#;
    &[
        (BedrockConverse, PAGE, Need::ImageUrls),
        (BedrockConverse, TIFF, Need::MediaFormats),
        (BedrockConverse, ZIP, Need::MediaFormats),
        (BedrockConverse, FILM, Need::MediaFormats),
        (BedrockConverse, PDF_URL, Need::FileUrls),
        (BedrockConverse, STORED, Need::ServerState),
        (ChatCompletions, PDF_URL, Need::FileUrls),
        (ChatCompletions, FILM, Need::MediaFormats),
        (Messages, TIFF, Need::MediaFormats),
        (Messages, ZIP, Need::MediaFormats),
        (Messages, SOUND, Need::AudioVideo),
        (Messages, FILM, Need::AudioVideo),
        (Responses, SOUND, Need::AudioVideo),
        (Responses, FILM, Need::AudioVideo),
        (GenerateContent, STORED, Need::ServerState),
    ]
};

/// A question that holds a part, in the dialect the part is written in.
fn holding(part: &str) -> (Dialect, Value) {
    let held: Value = serde_json::from_str(part).unwrap();
    let turn = |name: &str, key: &str| json!({"model": "assistant", name: [{"role": "user", key: [held.clone()]}]});
    if part.contains("inlineData") {
        (Dialect::GenerateContent, turn("contents", "parts"))
    } else if part.contains("file_url") {
        (Dialect::Responses, turn("input", "content"))
    } else {
        (Dialect::ChatCompletions, turn("messages", "content"))
    }
}

#[tokio::test]
async fn a_target_whose_dialect_cannot_say_it_is_not_asked_and_costs_no_attempt() {
    for (target, part, need) in REFUSED {
        let (spoken, body) = holding(part);
        let case = format!("{spoken} -> {target}: {part}");
        let entries = [("be", *target), ("oa", spoken)];
        let mute = r#"["be/h1"], ["be/h2"], ["be/h3"]"#;
        let street = Street::new(&entries, &format!(r#"[{mute}, ["oa/healthy"]]"#), "");
        let answer = street.ask(spoken, false, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{case}: {}", answer.text());
        assert_eq!(answer.header("x-failsoft-attempts"), "1", "{case}");
        assert_eq!(street.seen().0, [spoken], "{case}");
        assert_eq!(street.bars(BarReason::Incapable(*need)), 3, "{case}");

        let street = Street::new(&entries, &format!("[{mute}]"), "");
        let answer = street.ask(spoken, false, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{case}: {}", answer.text());
        assert!(answer.text().contains(&format!("`{need}`")), "{case}: {}", answer.text());
        assert!(street.fake.attempts().is_empty(), "{case}");
    }
}

/// A stream that breaks in another dialect ends with the client's own error.
#[tokio::test]
async fn a_translated_stream_that_breaks_ends_with_an_error() {
    for (dialect, _) in everywhere().filter(|(_, stream)| *stream) {
        for target in Dialect::TARGETS.into_iter().filter(|target| *target != dialect) {
            let street = Street::new(&[("up", target)], r#"[["up/cut-after-40"]]"#, "");
            let answer = street.ask(dialect, true, &question(dialect, true)).await;
            let case = format!("{dialect} -> {target}: {}", answer.text());
            assert_eq!(answer.status, StatusCode::OK, "{case}");
            let heard = said(dialect, true, &answer);
            assert!(!heard.is_empty() && words().starts_with(&heard), "{case}");
            assert!(
                answer.text().trim_end().lines().last().unwrap().contains("\"error\""),
                "{case}"
            );
            let ends = ["[DONE]", "message_stop", "response.completed", "\"STOP\""];
            assert!(ends.iter().all(|end| !answer.text().contains(end)), "{case}");
        }
    }
}

fn thinking() -> Value {
    json!({
        "model": "assistant", "max_tokens": 2000,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": [{"role": "user", "content": "Say the words."}]
    })
}

/// Asks, and asks again with the answer in the history.
async fn think_twice(street: &Street, before: impl AsyncFnOnce()) -> (Answer, Answer) {
    let first = street.ask(Dialect::Messages, false, &thinking()).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let said: Value = serde_json::from_slice(&first.body).unwrap();
    assert_eq!(said["content"][0]["type"], "thinking", "{said}");
    before().await;
    let second = street.ask(Dialect::Messages, false, &thinking_again(&said["content"])).await;
    (first, second)
}

fn thinking_again(said: &Value) -> Value {
    let mut body = thinking();
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": said}));
    messages.push(json!({"role": "user", "content": "Again."}));
    body
}

#[tokio::test]
async fn a_seal_goes_back_to_its_maker() {
    let street = Street::new(&[("a", Dialect::Messages)], r#"[["a/thinker"]]"#, "");
    let (_, second) = think_twice(&street, async || {}).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.text());
    let (_, sent) = street.seen();
    assert!(sent["messages"][1]["content"][0]["signature"].is_string(), "{sent}");
    assert_eq!(second.header("x-failsoft-attempts"), "1");
}

/// The fake refuses seals it made under another model name, as the real ones do.
#[tokio::test]
async fn a_seal_goes_to_nobody_else() {
    for target in Dialect::TARGETS {
        let entries = [("a", Dialect::Messages), ("b", target)];
        let street = Street::new(&entries, r#"[["a/once:healthy+fail-503"], ["b/other"]]"#, "");
        let (first, second) = think_twice(&street, async || {}).await;
        assert_eq!(first.header("x-failsoft-target"), "a/once:healthy+fail-503");
        assert_eq!(second.status, StatusCode::OK, "{target}: {}", second.text());
        assert_eq!(second.header("x-failsoft-target"), "b/other", "{target}");
        let (_, sent) = street.seen();
        assert!(!sent.to_string().contains("signature"), "{target}: {sent}");
        // One attempt at the maker that fails now, one at the other: nothing was refused.
        assert_eq!(second.header("x-failsoft-attempts"), "2", "{target}");
    }
}

/// A stream's seal comes after words that are passed on without a look at them.
#[tokio::test]
async fn a_seal_that_came_in_a_stream_goes_to_nobody_else() {
    let entries = [("a", Dialect::Messages), ("b", Dialect::Messages)];
    let street = Street::new(&entries, r#"[["a/once:healthy+fail-503"], ["b/other"]]"#, "");
    let mut asked = thinking();
    asked["stream"] = json!(true);
    let first = street.ask(Dialect::Messages, true, &asked).await.text();
    let data = first.lines().filter_map(|line| line.strip_prefix("data: "));
    let documents: Vec<Value> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
    let told = |place: &str| -> String {
        documents.iter().filter_map(|it| it.pointer(place)?.as_str()).collect()
    };
    let [thought, seal, text] = ["/delta/thinking", "/delta/signature", "/delta/text"].map(told);
    assert!(!thought.is_empty() && !seal.is_empty() && !text.is_empty(), "{first}");
    let said = json!([
        {"type": "thinking", "thinking": thought, "signature": seal},
        {"type": "text", "text": text}
    ]);
    let second = street.ask(Dialect::Messages, false, &thinking_again(&said)).await;
    assert_eq!(second.header("x-failsoft-target"), "b/other", "{}", second.text());
    // One attempt at the maker that fails now, one at the other: nothing was refused.
    assert_eq!(second.header("x-failsoft-attempts"), "2");
    let (_, sent) = street.seen();
    assert!(!sent.to_string().contains("signature"), "{sent}");
}

#[tokio::test]
async fn a_seal_nobody_knows_is_tried_and_then_left_out() {
    let street = Street::new(&[("a", Dialect::Messages)], r#"[["a/thinker"]]"#, "");
    let mut body = thinking();
    let strange = json!({"type": "thinking", "thinking": "Hm.", "signature": "c3RyYW5nZQ=="});
    body["messages"] = json!([
        {"role": "user", "content": "Say the words."},
        {"role": "assistant", "content": [strange, {"type": "text", "text": "No."}]},
        {"role": "user", "content": "Again."}
    ]);
    let answer = street.ask(Dialect::Messages, false, &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("x-failsoft-attempts"), "2");
    let (_, sent) = street.seen();
    assert!(!sent.to_string().contains("signature"), "{sent}");
    assert_eq!(sent["messages"][1]["content"], "No.", "{sent}");
}

/// What another dialect sealed survives a client that knows nothing of it.
#[tokio::test]
async fn a_seal_of_another_dialect_comes_back_to_its_maker() {
    for target in [Dialect::GenerateContent, Dialect::Responses, Dialect::BedrockConverse] {
        let street = Street::new(&[("a", target)], r#"[["a/claude-sonnet-4-5-gemini-3"]]"#, "");
        let (_, second) = think_twice(&street, async || {}).await;
        assert_eq!(second.status, StatusCode::OK, "{target}: {}", second.text());
        assert_eq!(second.header("x-failsoft-attempts"), "1", "{target}");
        let (_, sent) = street.seen();
        let keys = ["thoughtSignature", "encrypted_content", "\"signature\""];
        assert!(keys.iter().any(|key| sent.to_string().contains(key)), "{target}: {sent}");
    }
}

fn picture() -> Value {
    let url = format!("data:image/png;base64,{PNG}");
    json!({
        "model": "assistant",
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    })
}

#[tokio::test]
async fn a_target_that_cannot_see_is_not_asked_to_look() {
    let chat = Dialect::ChatCompletions;
    let blind = "[providers.blind.models.\"*\"]\nvision = false";
    let entries = [("blind", chat), ("sees", Dialect::Messages)];
    let street = Street::new(&entries, r#"[["blind/m"], ["sees/m"]]"#, blind);
    let answer = street.ask(chat, false, &picture()).await;
    assert_eq!(said(chat, false, &answer), "I see 1 image (image/png, 70 bytes).");
    assert_eq!(street.seen().0, [Dialect::Messages]);
    assert_eq!(street.bars(BarReason::Incapable(Need::Images)), 1);
    // Words are for everybody.
    let answer = street.ask(chat, false, &question(chat, false)).await;
    assert_eq!(answer.header("x-failsoft-target"), "blind/m");
}

#[tokio::test]
async fn what_no_target_can_do_is_refused_at_once_with_the_reason() {
    let chat = Dialect::ChatCompletions;
    let blind = "[providers.blind.models.\"*\"]\nvision = false";
    let street = Street::new(&[("blind", chat)], r#"[["blind/m"]]"#, blind);
    let answer = street.ask(chat, false, &picture()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
    assert!(answer.text().contains("`images`"), "{}", answer.text());
    assert!(street.fake.attempts().is_empty());
}

#[tokio::test]
async fn a_provider_s_own_tools_stay_in_their_dialect() {
    let entries = [("other", Dialect::ChatCompletions), ("own", Dialect::Messages)];
    let street = Street::new(&entries, r#"[["other/m"], ["own/m"]]"#, "");
    let mut body = question(Dialect::Messages, false);
    body["tools"] = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    let answer = street.ask(Dialect::Messages, false, &body).await;
    assert_eq!(answer.header("x-failsoft-target"), "own/m", "{}", answer.text());
    assert_eq!(street.bars(BarReason::Incapable(Need::HostedTools)), 1);
}

/// What one account keeps, another has never heard of.
#[tokio::test]
async fn a_conversation_that_is_kept_goes_on_with_its_keeper() {
    let responses = Dialect::Responses;
    let entries = [("a", responses), ("b", responses)];
    let street = Street::new(&entries, r#"[["a/once:fail-503+healthy"], ["b/m"]]"#, "");
    let mut body = question(responses, false);
    let first = street.ask(responses, false, &body).await;
    assert_eq!(first.header("x-failsoft-target"), "b/m", "{}", first.text());
    let said: Value = serde_json::from_slice(&first.body).unwrap();
    let again = street.ask(responses, false, &body).await;
    assert!(again.header("x-failsoft-target").starts_with("a/"), "{}", again.text());
    body["previous_response_id"] = said["id"].clone();
    let second = street.ask(responses, false, &body).await;
    assert_eq!(second.header("x-failsoft-target"), "b/m", "{}", second.text());
    assert_eq!(street.bars(BarReason::OtherAccount), 1);
}

#[tokio::test]
async fn a_prompt_too_long_teaches_and_goes_to_a_larger_context_only() {
    let chat = Dialect::ChatCompletions;
    let entries = [("a", chat), ("b", chat), ("c", Dialect::Messages)];
    let facts = "[providers.a.models.\"*\"]\ncontext = 8000\n[providers.b.models.\"*\"]\n\
                 context = 8000\n[providers.c.models.\"*\"]\ncontext = 100000";
    let tiers = r#"[["a/context-length"], ["b/m"], ["c/m"]]"#;
    let street = Street::new(&entries, tiers, facts);
    let answer = street.ask(chat, false, &question(chat, false)).await;
    assert_eq!(answer.header("x-failsoft-target"), "c/m", "{}", answer.text());
    assert_eq!(answer.header("x-failsoft-attempts"), "2", "b is known to hold no more than a");
    // What was too long for one model says nothing of another, so the next call asks b.
    let answer = street.ask(chat, false, &question(chat, false)).await;
    assert_eq!(answer.header("x-failsoft-attempts"), "1", "a is known to be too small now");
}

#[tokio::test]
async fn vectors_come_from_the_same_model_or_from_none() {
    let chat = Dialect::ChatCompletions;
    let entries = [("a", chat), ("m", Dialect::Messages), ("b", chat), ("c", chat)];
    let more = "[routes.assistant.degrade]\nreply = { en = \"Back soon.\" }";
    let tiers = r#"[["a/fail-503"], ["m/fail-503"], ["b/other-model"], ["c/fail-503"]]"#;
    let street = Street::new(&entries, tiers, more);
    let body = question(Dialect::Embeddings, false);
    let answer = street.ask(Dialect::Embeddings, false, &body).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
    assert!(!answer.text().contains("Back soon."), "words are no vector: {}", answer.text());
    let asked: Vec<String> = street.fake.attempts().iter().map(|seen| seen.model.clone()).collect();
    assert!(asked.iter().all(|model| model == "fail-503"), "{asked:?}");

    let street = Street::new(&entries, r#"[["a/once:fail-500"]]"#, "");
    let answer = street.ask(Dialect::Embeddings, false, &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let vectors: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(vectors["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_that_has_used_its_rate_gives_way_to_the_next() {
    let chat = Dialect::ChatCompletions;
    let fake = Fake::start(FakeOptions::default()).unwrap();
    let text = format!(
        "[journal]\nenabled = false\n[providers.pool]\ndialect = \"chat_completions\"\n\
         base_url = \"{}\"\napi_keys = [\"sk-one\", \"sk-two\"]\n\
         quota = {{ requests = \"1/h\", burst = \"1h\" }}\n\
         [routes.assistant]\ntiers = [[\"pool/m\"]]\n",
        fake.base_url(chat)
    );
    let settings = failsoft_config::load(&text, Path::new("/"), &BTreeMap::new())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let failsoft = Failsoft::start(settings, Vec::new()).unwrap();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let asked = asking(chat, false, question(chat, false).to_string(), &[]);
        statuses.push(read(failsoft.send(asked).await).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
    let mut keys: Vec<_> = fake.attempts().iter().map(|seen| seen.credential.clone()).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 2, "each key was used once");
}

/// A provider says with each answer what is left to the key; the next call takes another.
#[tokio::test]
async fn what_a_provider_says_is_left_of_a_rate_is_believed() {
    let provider = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = provider.local_addr().unwrap();
    let (keys, mut used) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = provider.accept().await {
            let mut request = vec![0; 8192];
            let read = tokio::io::AsyncReadExt::read(&mut client, &mut request).await.unwrap();
            let text = String::from_utf8_lossy(&request[..read]).to_lowercase();
            let key = text.lines().find(|line| line.starts_with("authorization")).unwrap();
            keys.send(key.to_owned()).unwrap();
            let body = r#"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Yes."},"finish_reason":"stop"}]}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                 x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 0\r\n\
                 x-ratelimit-reset-requests: 5m0s\r\nconnection: close\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = tokio::io::AsyncWriteExt::write_all(&mut client, answer.as_bytes()).await;
        }
    });
    let text = format!(
        "[journal]\nenabled = false\n[providers.pool]\ndialect = \"chat_completions\"\n\
         base_url = \"http://{address}/v1\"\napi_keys = [\"sk-one\", \"sk-two\"]\n\
         [routes.assistant]\ntiers = [[\"pool/m\"]]\n"
    );
    let settings = failsoft_config::load(&text, Path::new("/"), &BTreeMap::new())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let failsoft = Failsoft::start(settings, Vec::new()).unwrap();
    let chat = Dialect::ChatCompletions;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let asked = asking(chat, false, question(chat, false).to_string(), &[]);
        let answer = read(failsoft.send(asked).await).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), "", "the pool's own affair");
        seen.push(used.recv().await.unwrap());
    }
    assert_ne!(seen[0], seen[1]);
    let asked = asking(chat, false, question(chat, false).to_string(), &[]);
    assert_eq!(read(failsoft.send(asked).await).await.status, StatusCode::TOO_MANY_REQUESTS);
}
