//! A row of facts as the answers a provider would give.
//!
//! The row's own body is taken, with what is abridged (`…`) left as it stands inside strings and
//! closed where it stands for structure. Where a row has no body, one is built in the provider's
//! shape from its type, its code and its first matching words; each further code or matching words
//! make another answer, and a row is read rightly only if all of its answers are.

use std::time::{Duration, SystemTime};

use failsoft_provider::{Answer, Place, Provider, Reading, generic, known};
use failsoft_wire::{Dialect, Flaw};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// When these answers come.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_000_000)
}

/// One row, as text.
pub(crate) struct Row<'a>(pub(crate) &'a Value);

impl<'a> Row<'a> {
    pub(crate) fn text(&self, key: &str) -> &'a str {
        self.0[key].as_str().unwrap_or_default()
    }

    pub(crate) fn provider(&self) -> Option<&'static Provider> {
        match self.text("provider") {
            "any" => Some(generic(Dialect::ChatCompletions)),
            "aws-bedrock" => known("bedrock"),
            "azure-openai" => known("azure"),
            "google-gemini" => known("gemini"),
            "google-vertex" => known("vertex"),
            name => known(name),
        }
    }

    pub(crate) fn place(&self) -> Place {
        match self.text("where") {
            "http" => Place::Http,
            "stream" => Place::Stream,
            _other => Place::Body,
        }
    }

    /// How each answer of the row is read; `flaws` is what the wire finds where no error is inside.
    pub(crate) fn read(&self, provider: &Provider, flaws: &[Flaw]) -> Vec<Reading> {
        let status = u16::try_from(self.0["http_status"].as_u64().unwrap()).unwrap();
        let headers = self.headers();
        let place = self.place();
        let bodies = self.bodies();
        let answers = bodies.iter().map(|body| Answer {
            place,
            status,
            headers: &headers,
            body: body.as_bytes(),
            now: now(),
        });
        answers
            .flat_map(|answer| match flaws {
                [] => vec![provider.read_failure(&answer)],
                flaws => flaws.iter().map(|flaw| provider.read_flaw(flaw, &answer)).collect(),
            })
            .collect()
    }

    /// The headers the row describes, with a value of the form it names.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let lines = self.0["headers"].as_array().unwrap().iter().filter_map(Value::as_str);
        for line in lines.filter(|line| !line.starts_with("NO ") && !line.starts_with("no ")) {
            let (name, form) = line.split_once(':').unwrap_or((line, ""));
            let name = name.split(' ').next().unwrap().to_ascii_lowercase();
            let value = match name.as_str() {
                "retry-after" if form.contains("IMF-fixdate") => "Thu, 29 Oct 2026 06:00:00 GMT",
                "retry-after" if line.contains("(429 only)") && self.0["http_status"] != 429 => {
                    continue;
                }
                // A made-up number beside the body's own wait would hide what the body says.
                "retry-after" | "retry-after-ms" if self.tells_a_wait() => continue,
                // The form is the same for all of them; the value is the row's own.
                "x-amzn-errortype" => self.exception(),
                "retry-after" => "20",
                "retry-after-ms" => "20000",
                "anthropic-ratelimit-unified-status" => "rejected",
                "x-should-retry" if form.contains('|') || form.is_empty() => continue,
                _others => form.split_once('(').map_or(form, |(value, _)| value).trim(),
            };
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                headers.insert(name, value);
            }
        }
        headers
    }

    /// The name of an exception, without what the row says of it in brackets.
    fn exception(&self) -> &'a str {
        let name = alternatives(Some(self.text("error_type"))).first().copied().unwrap_or_default();
        name.split(' ').next().unwrap()
    }

    fn tells_a_wait(&self) -> bool {
        let body = self.text("example_body").to_lowercase();
        body.contains("try again in ") || body.contains("retry after ")
    }

    fn bodies(&self) -> Vec<String> {
        let codes = alternatives(self.0["error_code"].as_str());
        let first = self.first_body(codes.first().copied());
        let mut bodies = vec![first.clone()];
        if let [usual, others @ ..] = codes.as_slice() {
            let quoted = |code: &str| format!("\"{code}\"");
            let spelled = first.contains(&quoted(usual));
            bodies.extend(
                others
                    .iter()
                    .filter(|_| spelled)
                    .filter(|it| **it != "null")
                    .map(|other| first.replace(&quoted(usual), &quoted(other))),
            );
        }
        let words = self.words();
        let missing = words.iter().filter(|it| !first.to_lowercase().contains(&it.to_lowercase()));
        if self.place() == Place::Http && first.trim_start().starts_with('{') {
            bodies.extend(missing.map(|words| self.built(codes.first().copied(), words)));
        }
        bodies
    }

    fn first_body(&self, code: Option<&str>) -> String {
        let raw = self.text("example_body");
        if raw.starts_with(":message-type") {
            return self.exception_frame(raw);
        }
        let raw = raw.split(" or {").next().unwrap();
        let is_whole = serde_json::from_str::<Value>(raw).is_ok();
        let raw = if is_whole { raw } else { raw.split(" / ").next().unwrap() };
        let raw = raw.trim_end_matches(" H");
        let data = match self.place() {
            Place::Stream => last_data(raw),
            Place::Http | Place::Body => raw,
        };
        if data.contains("\"…\":\"details.") {
            return self.built(code, "…");
        }
        if data.is_empty() && self.text("provider") != "any" && self.place() == Place::Http {
            return self.built(code, self.words().first().map_or("…", String::as_str));
        }
        let closed = data.replace("{…}", "{}").replace("[…]", "[]").replace(",…}", "}");
        if closed.starts_with('{') && serde_json::from_str::<Value>(&closed).is_err() {
            return self.built(code, "…");
        }
        closed
    }

    /// A frame of an event stream as its reader hands it on: the exception's name beside its body.
    fn exception_frame(&self, raw: &str) -> String {
        let header = |name: &str| raw.split(name).nth(1).and_then(|it| it.split(' ').next());
        let name = header(":exception-type=").or_else(|| header(":error-code=")).unwrap();
        json!({"__type": name, "message": "…"}).to_string()
    }

    /// Words to be found in a message, with numbers for the letters that stand for them.
    fn words(&self) -> Vec<String> {
        let listed = self.0["match"].as_array().unwrap().iter().filter_map(Value::as_str);
        listed
            .filter(|it| !it.starts_with('"') && !it.contains("M>N") && *it != "model: ")
            .map(|it| {
                it.replace(" N seconds", " 7 seconds")
                    .replace(" N ", " 9000 ")
                    .replace(" M ", " 8000 ")
            })
            .collect()
    }

    fn built(&self, code: Option<&str>, words: &str) -> String {
        let kind = alternatives(self.0["error_type"].as_str()).first().copied();
        let value = match self.text("provider") {
            "anthropic" => json!({"type": "error", "error": {
                "type": kind, "message": words, "details": code.map(|it| json!({"error_code": it}))}}),
            "mistral" | "cerebras" => json!({"message": words, "type": kind, "code": code}),
            "xai" => json!({"code": code, "error": words}),
            "ollama" => json!({"error": words}),
            "aws-bedrock" | "cohere" => json!({"message": words}),
            "google-gemini" | "google-vertex" => json!({"error": {
                "code": self.0["http_status"], "message": words, "status": code}}),
            _others => json!({"error": {"message": words, "type": kind, "code": code}}),
        };
        value.to_string()
    }
}

fn alternatives(text: Option<&str>) -> Vec<&str> {
    text.map(|it| it.split('|').collect()).unwrap_or_default()
}

/// The data of the event that holds the error, or the last line of lines without events.
fn last_data(raw: &str) -> &str {
    let events = raw.split('\n').filter_map(|line| line.strip_prefix("data: "));
    let error = events.clone().find(|data| data.contains("error"));
    error
        .or_else(|| events.clone().next_back())
        .or_else(|| raw.split('\n').next_back())
        .unwrap_or(raw)
}
