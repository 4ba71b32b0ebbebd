//! What is known of a provider before the first call.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::SystemTime;

use failsoft_engine::{Cancel, QuotaTold};
use failsoft_wire::{Dialect, Flaw};
use http::HeaderMap;

use crate::classify::rule::Quirks;
use crate::classify::{self, Answer, Reading};
use crate::{PrefillForm, flaw, quota};

/// A company's service, or a kind of server people run themselves.
#[derive(Debug)]
pub struct Provider {
    /// The name used in settings, e.g. the part before the slash of a target.
    pub id: &'static str,
    /// What OpenTelemetry's conventions call it (`gen_ai.provider.name`); its id where they know no
    /// name. `None` for services that only share a format: those go by their entry's name.
    pub trace_name: Option<&'static str>,
    /// What it speaks unless settings say otherwise.
    pub dialect: Dialect,
    /// Everything it speaks at its usual address, `dialect` first.
    pub(crate) speaks: &'static [Dialect],
    /// Where it is, as its SDK takes it: with the version (`/v1`) for OpenAI's dialects and
    /// `generate_content`, without for `messages` and `bedrock_converse`. `None` where every
    /// account, project or region has its own address.
    pub base_url: Option<&'static str>,
    /// How its key is sent, if there is one.
    pub auth: Auth,
    /// The environment variable its SDK reads the key from. `None` for servers that need no key.
    pub key_env: Option<&'static str>,
    /// Headers it wants on every request unless the client sent its own.
    pub default_headers: &'static [(&'static str, &'static str)],
    /// What is known of its models, a line each; empty where nothing is.
    pub(crate) models: &'static str,
    /// What this provider alone says and does.
    pub(crate) quirks: Quirks,
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// This header holds the key alone.
    Header(&'static str),
    /// Each request is signed (AWS Signature Version 4). The key is written
    /// `ACCESS_KEY_ID:SECRET` or `ACCESS_KEY_ID:SECRET:SESSION_TOKEN`; one without a colon is no
    /// key pair but a token, and goes out as [`Self::Bearer`].
    SigV4 {
        /// The service's name in the signature's scope.
        service: &'static str,
    },
    /// There is no key.
    None,
}

impl Provider {
    /// Everything this provider speaks at its usual address, [`Self::dialect`] first; so settings
    /// may choose one of them without naming an address. `embeddings` is among them where the
    /// address serves them.
    #[must_use]
    pub const fn dialects(&self) -> &'static [Dialect] {
        self.speaks
    }

    /// How it takes the beginning of an answer, where a model goes on from one.
    #[must_use]
    pub const fn prefill(&self) -> PrefillForm {
        self.quirks.prefill
    }

    /// What becomes of a cancelled call here, where nothing else is known of the model.
    #[must_use]
    pub const fn cancel(&self) -> Cancel {
        self.quirks.cancel
    }

    /// What a call of this wire format adds to a base URL, e.g. `/chat/completions` to `…/v1`.
    #[must_use]
    pub fn path(&self, dialect: Dialect, model: &str, streamed: bool) -> Cow<'static, str> {
        match (dialect, streamed) {
            (Dialect::ChatCompletions, _) => Cow::Borrowed("/chat/completions"),
            (Dialect::Messages, _) => Cow::Borrowed("/v1/messages"),
            (Dialect::Responses, _) => Cow::Borrowed("/responses"),
            (Dialect::Embeddings, _) => Cow::Borrowed("/embeddings"),
            (Dialect::GenerateContent, false) => {
                Cow::Owned(format!("/models/{}:generateContent", google_segment(model)))
            }
            (Dialect::GenerateContent, true) => Cow::Owned(format!(
                "/models/{}:streamGenerateContent?alt=sse",
                google_segment(model)
            )),
            (Dialect::BedrockConverse, false) => {
                Cow::Owned(format!("/model/{}/converse", segment(model)))
            }
            (Dialect::BedrockConverse, true) => {
                Cow::Owned(format!("/model/{}/converse-stream", segment(model)))
            }
        }
    }

    /// Reads a failure: a status of 400 or more, an error inside a 200, or one in a stream.
    ///
    /// The order of the rules is fixed: is it what the wire promises, exact codes, quota before
    /// rate, context before size, content, credentials, models, overload, and the status last.
    #[must_use]
    pub fn read_failure(&self, answer: &Answer<'_>) -> Reading {
        classify::read(answer, &self.quirks)
    }

    /// Reads what the wire found wrong with a 200; `answer` holds the body, or what came last.
    ///
    /// An error object is read as [`Self::read_failure`] reads it; any other flaw has a stable
    /// code: `empty_answer`, `truncated`, `no_end`, `not_json`, `html`, `wrong_shape`,
    /// `broken_off`, `invalid_tool_arguments`, `does_not_fit`, `repeats`.
    #[must_use]
    pub fn read_flaw(&self, flaw: &Flaw, answer: &Answer<'_>) -> Reading {
        flaw::read(flaw, answer, &self.quirks)
    }

    /// Reads what the headers of an answer of any status say is left of the key's quotas. Cheap
    /// where there are no such headers.
    #[must_use]
    pub fn read_quota(&self, headers: &HeaderMap, now: SystemTime) -> QuotaTold {
        quota::read(headers, now, self.quirks.daily)
    }
}

/// Google's own lists name models with their collection before them.
fn google_segment(model: &str) -> String {
    segment(model.strip_prefix("models/").unwrap_or(model))
}

/// A text as one segment of a path; dots alone would lead out of it.
fn segment(text: &str) -> String {
    let only_dots = text.bytes().all(|byte| byte == b'.');
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_plain && !only_dots {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
