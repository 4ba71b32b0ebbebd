//! From an answer's bytes to a failure in shared words.

use std::fmt;
use std::time::SystemTime;

use failsoft_engine::{Failure, Repeat};
use http::HeaderMap;

use self::rule::{Quirks, Rule};
use self::said::Said;

mod capability;
mod codes;
mod content;
mod context;
mod credentials;
mod models;
mod overload;
mod page;
mod prefill;
mod quota;
pub(crate) mod rule;
pub(crate) mod said;
mod sampling;
pub(crate) mod seals;
mod size;
mod status;

/// Where a failure showed itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A status of 400 or more.
    Http,
    /// The body of a 200.
    Body,
    /// An event of a stream that began with a 200; the body is that event's data.
    Stream,
}

/// An answer that is none.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// Where it showed itself.
    pub place: Place,
    /// The HTTP status.
    pub status: u16,
    /// The response's headers.
    pub headers: &'a HeaderMap,
    /// The body, or the event's data.
    pub body: &'a [u8],
    /// The wall clock, for dates in headers.
    pub now: SystemTime,
}

/// What an answer says.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading {
    /// In shared words.
    pub failure: Failure,
    /// The provider's own code or type, e.g. `insufficient_quota`.
    pub code: Option<String>,
    /// The provider's own words, as they came: never for a client, and only redacted for a record.
    pub words: Option<String>,
    /// The parameter at fault, if the provider named one.
    pub param: Option<String>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// Whether sealed material in the history was refused (a thinking signature, encrypted
    /// reasoning, a thought signature): worth one more try there without the seals.
    pub seal_refused: bool,
    /// Whether the beginning of an answer was refused: worth one more try there, with the rest of
    /// it asked for in words.
    pub prefill_refused: bool,
}

// A body or a message may echo a prompt or a part of a key, so neither is printed.

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("place", &self.place)
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading")
            .field("failure", &self.failure)
            .field("code", &self.code)
            .field("param", &self.param)
            .field("request_id", &self.request_id)
            .field("seal_refused", &self.seal_refused)
            .field("prefill_refused", &self.prefill_refused)
            .finish_non_exhaustive()
    }
}

/// The shared tables, in the order they are read: the first line that holds decides.
const TABLES: &[&[Rule]] = &[
    codes::RULES,
    quota::RULES,
    context::RULES,
    size::RULES,
    content::RULES,
    credentials::RULES,
    capability::RULES,
    models::RULES,
    sampling::RULES,
    overload::RULES,
];

/// Headers that carry the id of a request, the most useful to a support desk first.
const REQUEST_IDS: &[&str] = &["x-request-id", "request-id", "apim-request-id", "x-amzn-requestid"];

/// The status of an error inside a 200 that names none.
const UNNAMED: u16 = 500;

pub(crate) fn read(answer: &Answer<'_>, quirks: &Quirks) -> Reading {
    let said = Said::of(answer);
    let page = page::read(&said);
    let seal_refused = if page.is_some() { None } else { seals::read(&said) };
    let is_open = page.is_none() && seal_refused.is_none();
    let prefill_refused = if is_open { prefill::read(&said) } else { None };
    let altered = seal_refused.or(prefill_refused);
    let mut failure = page.or(altered).unwrap_or_else(|| judge(&said, quirks));
    failure.retry_after = said.wait;
    // What is sent again without what was refused is another request than the one meant.
    if asks_not_to_retry(&said) && altered.is_none() {
        failure.repeat = Repeat::Forbidden;
    }
    Reading {
        failure,
        code: said.code(),
        words: said.layers.words(),
        param: said.layers.param(),
        request_id: request_id(&said),
        seal_refused: seal_refused.is_some(),
        prefill_refused: prefill_refused.is_some(),
    }
}

pub(crate) fn request_id(said: &Said<'_>) -> Option<String> {
    let sent = REQUEST_IDS.iter().find_map(|name| said.header(name));
    let inside = || said.layers.innermost("request_id").and_then(serde_json::Value::as_str);
    sent.or_else(inside).or_else(|| said.header("cf-ray")).map(str::to_owned)
}

fn judge(said: &Said<'_>, quirks: &Quirks) -> Failure {
    rule::first(quirks.first, said)
        .or_else(|| TABLES.iter().find_map(|rules| rule::first(rules, said)))
        .or_else(|| rule::first(quirks.last, said))
        .unwrap_or_else(|| status::default(said.status.unwrap_or(UNNAMED)))
}

/// A wish to be left alone is granted; a wish to be tried again changes nothing.
fn asks_not_to_retry(said: &Said<'_>) -> bool {
    said.answer.place == Place::Http && said.header("x-should-retry") == Some("false")
}
