//! A failsoft between a client and two fake providers.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use failsoft::{Body, Call, Failsoft, Observer, Seen};
use failsoft_engine::Event;
use failsoft_fake::{Fake, FakeOptions, WORDS};
use failsoft_journal::{CallRecord, Recorded};
use failsoft_wire::{Addressed, Dialect};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Two providers, one failsoft, everything it said.
pub(crate) struct House {
    pub(crate) primary: Fake,
    pub(crate) fallback: Fake,
    pub(crate) failsoft: Failsoft,
    pub(crate) events: Arc<Events>,
}

/// Keeps every event, and every call that has ended.
#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<Event>>, Mutex<Vec<Arc<CallRecord>>>);

impl Observer for Events {
    fn observe(&self, _seen: &Seen<'_>, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }

    fn ended(&self, call: &Arc<CallRecord>) {
        self.1.lock().unwrap().push(Arc::clone(call));
    }
}

impl Events {
    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    /// The rows of the call that ended last.
    pub(crate) fn last_call(&self) -> Recorded {
        self.1.lock().unwrap().last().expect("a call has ended").recorded()
    }
}

/// An answer that has been read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }
}

/// Cases that are played beside each other: most of them wait most of the time.
pub(crate) struct Cases {
    played: JoinSet<()>,
    seats: Arc<Semaphore>,
}

impl Cases {
    /// None yet. Of too many at a time each would wait for the others' sake.
    pub(crate) fn new() -> Self {
        Self { played: JoinSet::new(), seats: Arc::new(Semaphore::new(12)) }
    }

    pub(crate) fn play(&mut self, case: impl Future<Output = ()> + Send + 'static) {
        let seats = Arc::clone(&self.seats);
        self.played.spawn(async move {
            let _seat = seats.acquire().await.unwrap();
            case.await;
        });
    }

    /// Waits for all of them, and fails as the first that failed.
    pub(crate) async fn pass(mut self) {
        while let Some(ended) = self.played.join_next().await {
            if let Err(failed) = ended {
                std::panic::resume_unwind(failed.into_panic());
            }
        }
    }
}

/// Times short enough for tests, and long enough for a busy machine.
const BRISK: &str = r#"
[policy.retry]
backoff = { base = "5ms", cap = "20ms" }
base_throttled = "10ms"
[policy.timeouts]
connect = "2s"
first_token = { patience = "500ms", timeout = "4s" }
reply = { patience = "500ms", timeout = "4s" }
stall = "1s"
deadline = "8s"
[policy.breaker]
consecutive = 1000
"#;

/// For what is not about time: on a machine so busy that everything is late, patience with a healthy
/// target must not end first.
pub(crate) const PATIENT: &str = r#"
[routes.assistant.timeouts]
connect = "60s"
first_token = { patience = "60s", timeout = "90s" }
reply = { patience = "60s", timeout = "90s" }
stall = "60s"
deadline = "120s"
"#;

impl House {
    /// Tiers `[["primary/FAULT"], ["fallback/healthy"]]`, and more settings.
    pub(crate) fn new(dialect: Dialect, fault: &str, more: &str) -> Self {
        Self::with_tiers(dialect, &format!(r#"[["primary/{fault}"], ["fallback/healthy"]]"#), more)
    }

    pub(crate) fn with_tiers(dialect: Dialect, tiers: &str, more: &str) -> Self {
        let primary = Fake::start(FakeOptions::default()).unwrap();
        let fallback = Fake::start(FakeOptions::default()).unwrap();
        // Houses stand side by side, and a journal has one owner.
        // What Google says needs Google's own table.
        let google = dialect == Dialect::GenerateContent;
        let kind = if google { "kind = \"gemini\"\n" } else { "" };
        let journal = if more.contains("[journal]") { "" } else { "[journal]\nenabled = false" };
        let text = format!(
            r#"
{journal}
[providers.primary]
{kind}dialect = "{dialect}"
base_url = "{}"
api_key = "primary-key"
[providers.fallback]
{kind}dialect = "{dialect}"
base_url = "{}"
api_key = "fallback-key"
[routes.assistant]
tiers = {tiers}
{BRISK}
{more}
"#,
            primary.base_url(dialect),
            fallback.base_url(dialect),
        );
        let settings = failsoft_config::load(&text, Path::new("/"), &BTreeMap::new())
            .unwrap_or_else(|problems| panic!("{problems}"));
        let events = Arc::new(Events::default());
        let failsoft = Failsoft::start(settings, vec![events.clone()]).unwrap();
        Self { primary, fallback, failsoft, events }
    }

    pub(crate) async fn ask(&self, dialect: Dialect, stream: bool) -> Answer {
        self.ask_with(dialect, stream, &[]).await
    }

    pub(crate) async fn ask_with(
        &self,
        dialect: Dialect,
        stream: bool,
        headers: &[(&str, &str)],
    ) -> Answer {
        read(self.failsoft.send(call(dialect, stream, headers)).await).await
    }
}

pub(crate) fn call(dialect: Dialect, stream: bool, headers: &[(&str, &str)]) -> Call {
    let asked = r#"[{"role":"user","content":"Say the words."}]"#;
    let body = match dialect {
        Dialect::Messages => format!(
            r#"{{"model":"assistant","max_tokens":500,"stream":{stream},"messages":{asked}}}"#
        ),
        Dialect::Responses => {
            format!(r#"{{"model":"assistant","stream":{stream},"input":{asked}}}"#)
        }
        Dialect::GenerateContent => {
            r#"{"contents":[{"role":"user","parts":[{"text":"Say the words."}]}]}"#.to_owned()
        }
        Dialect::Embeddings => r#"{"model":"assistant","input":["one","two"]}"#.to_owned(),
        Dialect::ChatCompletions | Dialect::BedrockConverse => {
            format!(r#"{{"model":"assistant","stream":{stream},"messages":{asked}}}"#)
        }
    };
    asking(dialect, stream, body, headers)
}

/// A call with this body.
pub(crate) fn asking(
    dialect: Dialect,
    stream: bool,
    body: String,
    headers: &[(&str, &str)],
) -> Call {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap()))
        .collect();
    let addressed = (dialect == Dialect::GenerateContent)
        .then(|| Addressed { model: "assistant".to_owned(), stream });
    Call { dialect, headers, body: body.into(), addressed }
}

pub(crate) async fn read(response: Response<Body>) -> Answer {
    let (head, body) = response.into_parts();
    Answer { status: head.status, headers: head.headers, body: body.collect().await }
}

/// An answer of which only the text matters.
pub(crate) fn read_text(text: &str) -> Answer {
    let body = Bytes::copy_from_slice(text.as_bytes());
    Answer { status: StatusCode::OK, headers: HeaderMap::new(), body }
}

/// The text a client puts together from an answer.
pub(crate) fn said(dialect: Dialect, stream: bool, answer: &Answer) -> String {
    let text = answer.text();
    let documents: Vec<Value> = if stream {
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter_map(|data| serde_json::from_str(data).ok()).collect()
    } else {
        vec![serde_json::from_str(&text).unwrap()]
    };
    let said = |document: &Value| match (dialect, stream) {
        (Dialect::Messages, false) => string(document, "/content/0/text"),
        (Dialect::Messages, true) => string(document, "/delta/text"),
        (Dialect::Responses, false) => document["output"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| string(item, "/content/0/text"))
            .collect(),
        (Dialect::Responses, true) if document["type"] == "response.output_text.delta" => {
            string(document, "/delta")
        }
        (Dialect::Responses, true) => String::new(),
        (Dialect::GenerateContent, _) => string(document, "/candidates/0/content/parts/0/text"),
        (_, false) => string(document, "/choices/0/message/content"),
        (_, true) => string(document, "/choices/0/delta/content"),
    };
    documents.iter().map(said).collect()
}

fn string(document: &Value, at: &str) -> String {
    document.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The sixty words.
pub(crate) fn words() -> String {
    WORDS.to_string()
}

/// Every dialect a client asks for words in.
pub(crate) fn speaking() -> impl Iterator<Item = Dialect> {
    Dialect::CLIENTS.into_iter().filter(|it| *it != Dialect::Embeddings)
}

/// The same, plain and streamed.
pub(crate) fn everywhere() -> impl Iterator<Item = (Dialect, bool)> {
    speaking().flat_map(|dialect| [(dialect, false), (dialect, true)])
}

/// Our stable code and the call's id in an error, wherever the dialect has them.
pub(crate) fn error_of(dialect: Dialect, error: &Value) -> (&str, &str) {
    let (code, call) = if dialect == Dialect::GenerateContent {
        ("/error/details/0/reason", "/error/details/0/metadata/call_id")
    } else {
        ("/error/code", "/error/call_id")
    };
    let text = |at| error.pointer(at).and_then(Value::as_str).unwrap_or_default();
    (text(code), text(call))
}
