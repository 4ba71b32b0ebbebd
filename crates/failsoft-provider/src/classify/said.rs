//! What an answer says, whatever the shape it says it in.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Answer, Place, rule, status};
use crate::delay;

/// Bytes of a body that are read; error bodies are short, pages are not worth more.
const READ_AT_MOST: usize = 256 * 1024;
/// Characters of a plain text that count as its message.
const TEXT_AT_MOST: usize = 4096;
/// Characters of all messages that are searched for words.
const MATCH_AT_MOST: usize = 16 * 1024;
/// Shapes inside shapes: a relay wraps a relay wraps a provider, with room to spare.
const DEPTH: u8 = 12;
/// Types that only say that something is an error.
const NO_CODES: &[&str] = &["error", "response.failed", "event", "null", ""];

/// Where codes and types stand, the most telling first.
const CODE_KEYS: &[&str] =
    &["code", "error_code", "error_type", "reason", "limit_source", "__type", "type", "status"];
/// Where words stand.
const WORD_KEYS: &[&str] =
    &["message", "Message", "originalMessage", "detail", "msg", "title", "error_description"];

/// An answer with its wrapping taken off.
pub(crate) struct Said<'a> {
    pub(crate) answer: &'a Answer<'a>,
    pub(crate) form: Form,
    /// The HTTP status, or the one an error inside a 200 names.
    pub(crate) status: Option<u16>,
    /// How long it asks to be left alone.
    pub(crate) wait: Option<Duration>,
    /// Codes and types, the innermost and most telling first.
    codes: Vec<String>,
    /// Every message, in lower case.
    text: String,
    pub(crate) layers: Layers,
}

/// What a body is, before what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A JSON value that may say something.
    Json,
    /// A web page: a proxy's, never the API's.
    Page,
    /// A proxy's JSON about the connection behind it.
    Problem,
    /// Plain words.
    Text,
    /// Nothing, or blanks.
    Empty,
}

impl<'a> Said<'a> {
    pub(crate) fn of(answer: &'a Answer<'a>) -> Self {
        let body = answer.body.get(..READ_AT_MOST).unwrap_or(answer.body);
        let (form, layers) = open(body);
        let messages = layers.messages().join("\n");
        let text = messages.chars().take(MATCH_AT_MOST).flat_map(char::to_lowercase).collect();
        let codes = header_code(answer).into_iter().chain(layers.codes()).collect();
        let mut said = Self { answer, form, status: None, wait: None, codes, text, layers };
        said.status = match answer.place {
            Place::Http if answer.status >= 400 => Some(answer.status),
            Place::Http | Place::Body | Place::Stream => said.status_inside(),
        };
        said.wait = delay::asked(&said);
        said
    }

    /// Whether one of the codes is this.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.codes.iter().any(|it| it.eq_ignore_ascii_case(code))
    }

    /// Whether one of the codes contains this.
    pub(crate) fn has_code_with(&self, part: &str) -> bool {
        self.codes.iter().any(|it| it.to_ascii_lowercase().contains(part))
    }

    /// Whether the messages hold these words, `*` for anything between.
    pub(crate) fn has_words(&self, pattern: &str) -> bool {
        rule::matches(&self.text, pattern)
    }

    /// Every message, in lower case.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A header that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.answer.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// The code a person would look up: a word before a number that repeats the status.
    pub(crate) fn code(&self) -> Option<String> {
        self.codes.first().cloned().or_else(|| self.layers.status().map(|it| it.to_string()))
    }

    fn status_inside(&self) -> Option<u16> {
        self.layers.status().or_else(|| self.codes.iter().find_map(|it| status::named(it)))
    }
}

/// The objects and strings of an error, outermost first.
#[derive(Default)]
pub(crate) struct Layers(Vec<Value>);

impl Layers {
    /// The first of these keys in the innermost object that has one.
    pub(crate) fn innermost(&self, key: &str) -> Option<&Value> {
        self.objects().rev().find_map(|object| object.get(key))
    }

    /// The message that says most: a relay's own is shorter than the one it passes on.
    pub(crate) fn words(&self) -> Option<String> {
        self.messages().into_iter().max_by_key(String::len)
    }

    /// The parameter at fault.
    pub(crate) fn param(&self) -> Option<String> {
        let named = self.objects().rev().find_map(|object| object.get("param")?.as_str());
        named.map(str::to_owned).or_else(|| self.objects().rev().find_map(located))
    }

    pub(crate) fn objects(&self) -> impl DoubleEndedIterator<Item = &Map<String, Value>> {
        self.0.iter().filter_map(Value::as_object)
    }

    fn messages(&self) -> Vec<String> {
        self.0.iter().flat_map(messages_of).filter(|it| !it.trim().is_empty()).collect()
    }

    /// The status the outermost object names: a relay's judgement of what it passes on.
    fn status(&self) -> Option<u16> {
        let keys = ["status_code", "originalStatusCode", "code", "status"];
        self.objects().find_map(|object| keys.iter().find_map(|key| status_of(object.get(*key)?)))
    }

    fn codes(&self) -> Vec<String> {
        let mut codes = Vec::new();
        for object in self.objects().rev() {
            codes.extend(details(object).filter_map(|detail| code_of(detail.get("reason")?)));
            codes.extend(CODE_KEYS.iter().filter_map(|key| code_of(object.get(*key)?)));
        }
        codes
    }
}

fn open(body: &[u8]) -> (Form, Layers) {
    let trimmed = body.trim_ascii();
    match trimmed.first() {
        None => return (Form::Empty, Layers::default()),
        Some(b'<') => return (Form::Page, Layers::default()),
        Some(_) => {}
    }
    // The first value is enough: some servers print another line after it.
    let value = serde_json::Deserializer::from_slice(trimmed).into_iter::<Value>().next();
    let Some(Ok(value @ (Value::Object(_) | Value::Array(_) | Value::String(_)))) = value else {
        let text: String = String::from_utf8_lossy(trimmed).chars().take(TEXT_AT_MOST).collect();
        return (Form::Text, Layers(vec![Value::String(text)]));
    };
    let mut layers = Vec::new();
    descend(value, DEPTH, &mut layers);
    let layers = Layers(layers);
    let about_connection = layers.objects().any(|object| {
        object.contains_key("cloudflare_error")
            || object.get("type").and_then(Value::as_str).is_some_and(|it| it.starts_with("http"))
    });
    (if about_connection { Form::Problem } else { Form::Json }, layers)
}

fn descend(value: Value, depth: u8, layers: &mut Vec<Value>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Array(items) => {
            if let Some(item) = items.into_iter().next() {
                descend(item, depth - 1, layers);
            }
        }
        Value::String(text) => match embedded(&text) {
            Some(inner) => descend(inner, depth - 1, layers),
            None => layers.push(Value::String(text)),
        },
        Value::Object(mut object) => {
            let inner = wrapped_in(&mut object);
            layers.push(Value::Object(object));
            for value in inner {
                descend(value, depth - 1, layers);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Takes out the parts of an object that hold the error, or more about it.
fn wrapped_in(object: &mut Map<String, Value>) -> Vec<Value> {
    let mut inner = Vec::new();
    for key in ["error", "response", "metadata", "raw", "innererror", "errors"] {
        inner.extend(object.remove(key));
    }
    if let Some(Value::Array(choices)) = object.remove("choices") {
        inner.extend(choices.into_iter().filter_map(|mut choice| {
            choice.as_object_mut().and_then(|choice| choice.remove("error"))
        }));
    }
    let extensions: Vec<String> =
        object.keys().filter(|key| key.starts_with("x_")).cloned().collect();
    inner.extend(
        extensions.iter().filter_map(|key| object.get_mut(key)?.as_object_mut()?.remove("error")),
    );
    for key in ["message", "detail", "details"] {
        let nested = match object.get(key) {
            Some(Value::Object(_)) => true,
            Some(Value::String(text)) => embedded(text).is_some(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => false,
        };
        if nested {
            inner.extend(object.remove(key));
        }
    }
    inner
}

/// JSON that was put into a string, with or without a relay's words before it.
fn embedded(text: &str) -> Option<Value> {
    let text = text.trim();
    let json = text.rsplit_once("following errors: ").map_or(text, |(_, json)| json);
    if !json.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(json).ok()
}

fn messages_of(layer: &Value) -> Vec<String> {
    match layer {
        Value::String(text) => vec![text.clone()],
        Value::Object(object) => {
            WORD_KEYS.iter().filter_map(|key| object.get(*key)).filter_map(message_of).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Vec::new(),
    }
}

fn message_of(value: &Value) -> Option<String> {
    if let Value::Array(items) = value {
        let said: Vec<String> = items.iter().filter_map(item_message).collect();
        return Some(said.join("; "));
    }
    value.as_str().map(str::to_owned)
}

/// A validator's complaint, e.g. `logit_bias: extra inputs are not permitted`.
fn item_message(item: &Value) -> Option<String> {
    let Value::Object(object) = item else { return item.as_str().map(str::to_owned) };
    let words = object.get("msg").or_else(|| object.get("message"))?.as_str()?;
    Some(location(object).map_or_else(|| words.to_owned(), |at| format!("{at}: {words}")))
}

fn located(object: &Map<String, Value>) -> Option<String> {
    location(object.get("detail")?.as_array()?.first()?.as_object()?)
}

fn location(item: &Map<String, Value>) -> Option<String> {
    let parts = item.get("loc")?.as_array()?.iter().filter_map(|part| match part {
        Value::String(name) => Some(name.clone()),
        Value::Number(index) => Some(index.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    let path: Vec<String> = parts.filter(|part| part != "body").collect();
    (!path.is_empty()).then(|| path.join("."))
}

/// A type that is sent as a header, with or without an address behind it.
fn header_code(answer: &Answer<'_>) -> Option<String> {
    let name = answer.headers.get("x-amzn-errortype")?.to_str().ok()?;
    let name = name.split(':').next().unwrap_or_default().trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The entries of a list of details.
fn details(object: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let list = object.get("details").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object)
}

fn code_of(value: &Value) -> Option<String> {
    let code = match value {
        // A type may stand behind its namespace.
        Value::String(code) => code.rsplit('#').next().unwrap_or_default().to_owned(),
        Value::Number(code) => code.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let tells = !NO_CODES.contains(&code.as_str()) && status_of(value).is_none();
    tells.then_some(code)
}

fn status_of(value: &Value) -> Option<u16> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    u16::try_from(number).ok().filter(|status| (400..=599).contains(status))
}
