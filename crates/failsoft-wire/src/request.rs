//! What the policy must know of a request, read without touching it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use crate::scan::{Broken, Scanner, Value, meaning_of_key};

/// Longer keys mean nothing to any provider.
pub(crate) const MAX_KEY: usize = 1024;

/// So do more of them at the top.
pub(crate) const MAX_KEYS: usize = 1024;

/// The parameters a decision rests on: whoever else reads them must read the same.
const PARAMS: [&str; 8] = [
    "model",
    "messages",
    "input",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
];

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// The model's name, unescaped.
    pub model: String,
    /// Where the model's JSON string stands in the body, quotes included. `None` where the path
    /// names the model.
    pub model_span: Option<Range<usize>>,
    /// Whether a stream is wanted.
    pub stream: bool,
    /// Whether usage is wanted at the stream's end (`chat_completions` only).
    pub include_usage: bool,
    /// The bound on output tokens, if the request sets one.
    pub max_tokens: Option<u32>,
    /// Estimated input tokens: a quarter of the body's bytes.
    pub input_tokens: u32,
}

/// What the path of a request says, where the dialect puts it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// The model's name.
    pub model: String,
    /// Whether a stream is wanted.
    pub stream: bool,
}

impl Addressed {
    /// Reads `…/models/{model}:generateContent` and `…:streamGenerateContent`. The model may be
    /// percent-encoded, and may hold slashes.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, rest) = path.split_once("/models/")?;
        let (model, method) = rest.rsplit_once(':')?;
        let stream = match method {
            "generateContent" => false,
            "streamGenerateContent" => true,
            _ => return None,
        };
        (!model.is_empty()).then(|| Self { model: percent_decoded(model), stream })
    }
}

/// `%2F` and the like as what they stand for; anything else stays.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// What is wrong with a request, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestProblem {
    /// Not JSON; line and column, both from 1.
    NotJson {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// JSON, but not an object.
    NotAnObject,
    /// A parameter is missing.
    Missing(&'static str),
    /// A parameter has another type than the dialect's.
    WrongType {
        /// The parameter.
        param: &'static str,
        /// What it must be, e.g. `a string`.
        wanted: &'static str,
    },
    /// Two keys at the top differ in nothing, or only in case: parsers would disagree.
    Duplicate(String),
    /// A parameter's key is written in another case or with escapes: some parsers would read it,
    /// some would not.
    Twisted(&'static str),
    /// Nested more deeply than 128 levels, a key longer than 1 KiB, or more than 1,024 at the top.
    TooComplex,
}

impl RequestProblem {
    /// The parameter at fault, if one is.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::NotJson { .. } | Self::NotAnObject | Self::TooComplex => None,
            Self::Missing(param) | Self::WrongType { param, .. } | Self::Twisted(param) => {
                Some(param)
            }
            Self::Duplicate(key) => is_identifier(key).then_some(key),
        }
    }
}

impl fmt::Display for RequestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { line, column } => {
                write!(f, "the body is not valid JSON at line {line}, column {column}")
            }
            Self::NotAnObject => f.write_str("the body must be a JSON object"),
            Self::Missing(param) => write!(f, "`{param}` is missing"),
            Self::WrongType { param, wanted } => write!(f, "`{param}` must be {wanted}"),
            Self::Duplicate(key) if is_identifier(key) => {
                write!(f, "`{key}` stands twice at the top of the body; write it once")
            }
            Self::Duplicate(_) => {
                f.write_str("a key stands twice at the top of the body; write it once")
            }
            Self::Twisted(param) => {
                write!(f, "`{param}` must be written exactly so, without escapes")
            }
            Self::TooComplex => f.write_str(
                "the body must not nest more than 128 levels, \
                 have keys longer than 1 KiB, or more than 1,024 keys at the top",
            ),
        }
    }
}

impl std::error::Error for RequestProblem {}

/// The same body with another model: what stands before it, the new name as JSON, what follows.
#[must_use]
pub fn with_model(body: &Bytes, span: &Range<usize>, model: &str) -> [Bytes; 3] {
    let end = span.end.min(body.len());
    let start = span.start.min(end);
    let name = serde_json::Value::from(model).to_string();
    [body.slice(..start), Bytes::from(name), body.slice(end..)]
}

/// What a dialect asks of a request beyond the model and the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputBound {
    /// `max_completion_tokens` or its elder `max_tokens`, if at all.
    Optional,
    /// `max_tokens`, always.
    Required,
    /// `max_output_tokens`, if at all; `input` stands where others have `messages`, or something
    /// the provider keeps stands for it.
    Kept,
    /// Nothing is written, so nothing bounds it; `input` stands where others have `messages`.
    NoOutput,
}

/// Reads the head of a request.
pub(crate) fn read(body: &[u8], bound: OutputBound) -> Result<RequestHead, RequestProblem> {
    let found = checked(body, Found::scan(body))?.ok_or(RequestProblem::NotAnObject)?;
    check_keys(&found.keys)?;
    found.head(body, bound)
}

/// The members at the top that matter.
#[derive(Default)]
struct Found<'a> {
    keys: Vec<&'a [u8]>,
    model: Option<Value<'a>>,
    messages: Option<Value<'a>>,
    input: Option<Value<'a>>,
    stream: Option<Value<'a>>,
    stream_options: Option<Value<'a>>,
    max_tokens: Option<Value<'a>>,
    max_completion_tokens: Option<Value<'a>>,
    max_output_tokens: Option<Value<'a>>,
    /// What the provider keeps that can stand for the input.
    kept: Option<Value<'a>>,
}

impl<'a> Found<'a> {
    fn scan(body: &'a [u8]) -> Result<Option<Self>, Broken> {
        let mut found = Self { keys: Vec::with_capacity(16), ..Self::default() };
        let mut scanner = Scanner::with_max_key(body, MAX_KEY);
        let is_object = scanner.members(|scanner, key| {
            let value = scanner.value()?;
            found.keys.push(key);
            match key {
                b"model" => found.model = Some(value),
                b"messages" => found.messages = Some(value),
                b"input" => found.input = Some(value),
                b"stream" => found.stream = Some(value),
                b"stream_options" => found.stream_options = Some(value),
                b"max_tokens" => found.max_tokens = Some(value),
                b"max_completion_tokens" => found.max_completion_tokens = Some(value),
                b"max_output_tokens" => found.max_output_tokens = Some(value),
                b"previous_response_id" | b"conversation" | b"prompt" => {
                    found.kept = set(Some(value)).or(found.kept);
                }
                _ if found.keys.len() > MAX_KEYS => return Err(Broken::TooComplex),
                _ => {}
            }
            Ok(())
        })?;
        scanner.end()?;
        Ok(is_object.then_some(found))
    }

    fn head(&self, body: &[u8], bound: OutputBound) -> Result<RequestHead, RequestProblem> {
        let wrong = |param, wanted| RequestProblem::WrongType { param, wanted };
        let model = self.model.ok_or(RequestProblem::Missing("model"))?;
        let name = model.string().ok_or(wrong("model", "a string"))?;
        self.check_input(bound)?;
        let max_tokens = count("max_tokens", self.max_tokens)?;
        let max_tokens = match bound {
            OutputBound::Required => Some(max_tokens.ok_or(RequestProblem::Missing("max_tokens"))?),
            OutputBound::Optional => {
                count("max_completion_tokens", self.max_completion_tokens)?.or(max_tokens)
            }
            OutputBound::Kept => count("max_output_tokens", self.max_output_tokens)?,
            OutputBound::NoOutput => None,
        };
        let stream = match set(self.stream) {
            Some(value) if bound != OutputBound::NoOutput => {
                value.boolean().ok_or(wrong("stream", "a boolean"))?
            }
            Some(_) | None => false,
        };
        Ok(RequestHead {
            model: name,
            model_span: Some(model.span()),
            stream,
            include_usage: bound == OutputBound::Optional && include_usage(self.stream_options)?,
            max_tokens,
            input_tokens: u32::try_from(body.len() / 4).unwrap_or(u32::MAX),
        })
    }

    /// There is something to answer.
    fn check_input(&self, bound: OutputBound) -> Result<(), RequestProblem> {
        match bound {
            OutputBound::Optional | OutputBound::Required => {
                let messages = self.messages.ok_or(RequestProblem::Missing("messages"))?;
                let wrong = RequestProblem::WrongType { param: "messages", wanted: "an array" };
                if messages.is_array() { Ok(()) } else { Err(wrong) }
            }
            OutputBound::Kept if set(self.input).is_none() && self.kept.is_some() => Ok(()),
            OutputBound::Kept | OutputBound::NoOutput => {
                let input = set(self.input).ok_or(RequestProblem::Missing("input"))?;
                let wanted = "a string or an array";
                let wrong = RequestProblem::WrongType { param: "input", wanted };
                if input.is_array() || input.text().is_some() { Ok(()) } else { Err(wrong) }
            }
        }
    }
}

/// A parameter that is null is one that is not there.
fn set(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !value.is_null())
}

fn count(param: &'static str, value: Option<Value<'_>>) -> Result<Option<u32>, RequestProblem> {
    let Some(value) = set(value) else { return Ok(None) };
    let wrong = RequestProblem::WrongType { param, wanted: "a whole number, not negative" };
    value.count().ok_or(wrong).map(Some)
}

fn include_usage(options: Option<Value<'_>>) -> Result<bool, RequestProblem> {
    let Some(options) = set(options) else { return Ok(false) };
    let wrong = |wanted| RequestProblem::WrongType { param: "stream_options", wanted };
    if !options.is_object() {
        return Err(wrong("an object"));
    }
    let mut include = None;
    let visited = Scanner::new(options.raw).members(|scanner, key| {
        let value = scanner.value()?;
        if key == b"include_usage" {
            include = Some(value);
        }
        Ok(())
    });
    match set(include.filter(|_| visited.is_ok())) {
        Some(value) => value.boolean().ok_or(wrong("an object whose `include_usage` is a boolean")),
        None => Ok(false),
    }
}

fn check_keys(keys: &[&[u8]]) -> Result<(), RequestProblem> {
    let mut folded: Vec<Cow<'_, [u8]>> = keys.iter().map(|key| fold(key)).collect();
    let twisted = folded.iter().find_map(|key| match key {
        Cow::Owned(key) => PARAMS.into_iter().find(|param| param.as_bytes() == key.as_slice()),
        Cow::Borrowed(_) => None,
    });
    folded.sort_unstable();
    if let Some([key, ..]) = folded.windows(2).find(|pair| pair.first() == pair.last()) {
        return Err(RequestProblem::Duplicate(String::from_utf8_lossy(key).into_owned()));
    }
    twisted.map_or(Ok(()), |param| Err(RequestProblem::Twisted(param)))
}

/// The key as the most tolerant parser compares it. Borrowed if that changes nothing.
pub(crate) fn fold(key: &[u8]) -> Cow<'_, [u8]> {
    if key.iter().all(|&byte| byte.is_ascii() && byte != b'\\' && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(key);
    }
    let Some(text) = meaning_of_key(key) else { return Cow::Owned(key.to_vec()) };
    // Simple case folding takes the long s for an s; lower-casing does so with the Kelvin sign.
    let lower = text.to_lowercase().replace('\u{17f}', "s");
    if lower.as_bytes() == key { Cow::Borrowed(key) } else { Cow::Owned(lower.into_bytes()) }
}

/// What was read of a body, or where it is no JSON or no UTF-8.
pub(crate) fn checked<T>(body: &[u8], read: Result<T, Broken>) -> Result<T, RequestProblem> {
    if let Err(error) = std::str::from_utf8(body) {
        return Err(not_json(body, error.valid_up_to()));
    }
    read.map_err(|broken| match broken {
        Broken::At(at) => not_json(body, at),
        Broken::Cut => not_json(body, body.len()),
        Broken::TooComplex => RequestProblem::TooComplex,
    })
}

fn not_json(body: &[u8], at: usize) -> RequestProblem {
    let before = body.get(..at).unwrap_or(body);
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = String::from_utf8_lossy(before.get(line_start..).unwrap_or_default());
    RequestProblem::NotJson { line, column: column.chars().count() + 1 }
}

/// Safe to repeat: a name, not a piece of somebody's text.
fn is_identifier(key: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !key.is_empty() && key.len() <= 64 && key.bytes().all(word)
}
