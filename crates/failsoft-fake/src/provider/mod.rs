//! How providers word and dress their errors: one file each, one row each in [`ALL`].

mod anthropic;
mod azure;
mod bedrock;
mod cerebras;
mod cohere;
mod gemini;
mod groq;
mod mistral;
mod openai;
mod openrouter;
mod vertex;
mod vllm;

use std::fmt;
use std::time::Duration;

use failsoft_wire::Dialect;
use serde_json::Value;

use crate::asked::{Aim, Flaw};
use crate::fault::Trouble;

/// A provider whose errors are imitated.
#[derive(Clone, Copy)]
pub struct Imitated(&'static Imitation);

/// What differs between providers.
pub(crate) struct Imitation {
    name: &'static str,
    error: fn(&Complaint<'_>) -> ErrorAnswer,
    headers: fn(&str) -> Headers,
    marking: Option<Marking>,
    inband: Inband,
}

/// How a last turn of the model's own is marked as one to go on with, where that is wanted.
pub(crate) struct Marking {
    /// What the request's body says of it.
    pub(crate) read: fn(&Value) -> Marked,
    /// Whether it says that turn again.
    pub(crate) echoes: bool,
}

/// Whether it is marked.
pub(crate) enum Marked {
    Yes,
    /// Then it is answered like any other.
    No,
    Wrong(Flaw),
}

/// An error inside an answer of status 200.
pub(crate) struct Inband {
    /// The frame in a stream, complete with its blank line.
    pub(crate) frame: &'static str,
    /// What follows it.
    pub(crate) after: AfterError,
}

/// What a stream does after its error frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterError {
    /// It ends there.
    Ends,
    /// It still sends its end marker.
    SendsDone,
}

/// Header names and values.
pub(crate) type Headers = Vec<(&'static str, String)>;

/// What an error is about.
pub(crate) struct Complaint<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) about: About,
    pub(crate) model: &'a str,
    pub(crate) retry_after: Option<Duration>,
}

/// A status alone, or something in particular.
#[derive(Clone, Copy)]
pub(crate) enum About {
    Status(u16),
    Trouble(Trouble),
}

/// An error as a provider sends it.
pub(crate) struct ErrorAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: String,
}

const ALL: [&Imitation; 12] = [
    &openai::IMITATION,
    &anthropic::IMITATION,
    &azure::IMITATION,
    &groq::IMITATION,
    &mistral::IMITATION,
    &openrouter::IMITATION,
    &cerebras::IMITATION,
    &vllm::IMITATION,
    &gemini::IMITATION,
    &vertex::IMITATION,
    &bedrock::IMITATION,
    &cohere::IMITATION,
];

impl Imitated {
    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|imitation| imitation.name == name).map(Self)
    }

    /// All names, in order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.into_iter().map(|imitation| imitation.name)
    }

    /// Whom a path is taken for when nothing else is said.
    pub(crate) fn of(aim: &Aim, path: &str) -> Self {
        Self(match aim.dialect {
            Dialect::Messages => &anthropic::IMITATION,
            Dialect::GenerateContent if aim.is_cloud => &vertex::IMITATION,
            Dialect::GenerateContent => &gemini::IMITATION,
            Dialect::BedrockConverse => &bedrock::IMITATION,
            Dialect::ChatCompletions | Dialect::Responses | Dialect::Embeddings => {
                if path.contains("/deployments/") { &azure::IMITATION } else { &openai::IMITATION }
            }
        })
    }

    pub(crate) fn marking(self) -> Option<&'static Marking> {
        self.0.marking.as_ref()
    }

    pub(crate) fn error(self, complaint: &Complaint<'_>, id: &str) -> ErrorAnswer {
        let mut answer = (self.0.error)(complaint);
        answer.body = answer.body.replace("{request_id}", id);
        answer.headers.extend((self.0.headers)(id));
        answer
    }

    pub(crate) fn headers(self, id: &str) -> Headers {
        (self.0.headers)(id)
    }

    pub(crate) fn inband(self) -> &'static Inband {
        &self.0.inband
    }
}

impl fmt::Debug for Imitated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl PartialEq for Imitated {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Imitated {}

impl Complaint<'_> {
    /// A bare status that has a particular meaning everywhere means that.
    fn trouble(&self) -> Option<Trouble> {
        match self.about {
            About::Trouble(trouble) => Some(trouble),
            About::Status(401) => Some(Trouble::BadKey),
            About::Status(402) => Some(Trouble::Quota),
            About::Status(403) => Some(Trouble::NoPermission),
            About::Status(404) => Some(Trouble::NoSuchModel),
            About::Status(413) => Some(Trouble::TooLarge),
            About::Status(_) => None,
        }
    }

    /// The status: what was asked for, else the provider's own for this trouble.
    fn status(&self, own: u16) -> u16 {
        match self.about {
            About::Status(status) => status,
            About::Trouble(_) => own,
        }
    }

    /// The bare status, 500 for what has none.
    fn bare(&self) -> u16 {
        self.status(500)
    }

    /// `Retry-After` in seconds, and in milliseconds where a second is too coarse.
    fn retry_headers(&self) -> Headers {
        let Some(wait) = self.retry_after else { return Vec::new() };
        let mut headers = vec![("retry-after", self.whole_seconds().to_string())];
        if wait.subsec_millis() != 0 {
            headers.push(("retry-after-ms", wait.as_millis().to_string()));
        }
        headers
    }

    fn whole_seconds(&self) -> u64 {
        self.retry_after.map_or(0, |wait| wait.as_millis().div_ceil(1000) as u64)
    }
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TROUBLES: [Trouble; 8] = [
        Trouble::ContextLength,
        Trouble::ContentPolicy,
        Trouble::Quota,
        Trouble::BadKey,
        Trouble::NoPermission,
        Trouble::NoSuchModel,
        Trouble::TooLarge,
        Trouble::Overloaded,
    ];

    #[test]
    fn every_error_of_every_provider_is_json_with_an_error_status() {
        let abouts = TROUBLES
            .map(About::Trouble)
            .into_iter()
            .chain([400, 401, 404, 408, 409, 422, 429, 500, 502, 503, 504, 529].map(About::Status));
        for about in abouts {
            for imitation in ALL {
                let dialect = Dialect::Responses;
                let complaint = Complaint { dialect, about, model: "a \"b\"", retry_after: None };
                let answer = Imitated(imitation).error(&complaint, "req_1");
                let json: serde_json::Value =
                    serde_json::from_str(&answer.body).expect(&answer.body);
                assert!(json.is_object());
                // Some say in place of an answer that there will be none.
                let is_error = (400..600).contains(&answer.status);
                assert!(is_error || json["promptFeedback"]["blockReason"].is_string());
                if let About::Status(status) = about {
                    assert_eq!(answer.status, status);
                }
                assert!(!answer.headers.iter().any(|(name, _)| name.contains("retry-after")));
                assert!(!answer.body.contains("try again in"), "{}", answer.body);
            }
        }
    }

    #[test]
    fn a_rate_limit_with_an_end_tells_it() {
        let retry_after = Some(Duration::from_millis(1500));
        for imitation in ALL {
            let about = About::Status(429);
            let dialect = Dialect::GenerateContent;
            let complaint = Complaint { dialect, about, model: "m", retry_after };
            let answer = Imitated(imitation).error(&complaint, "req_1");
            if matches!(imitation.name, "gemini" | "vertex") {
                assert!(answer.body.contains("\"retryDelay\": \"1.5s\""), "{}", answer.body);
                continue;
            }
            assert!(answer.headers.contains(&("retry-after", "2".into())), "{}", imitation.name);
            assert!(answer.headers.contains(&("retry-after-ms", "1500".into())));
        }
    }

    #[test]
    fn error_frames_are_whole_events_of_json() {
        for imitation in ALL {
            let frame = imitation.inband.frame;
            assert!(frame.ends_with("\n\n"));
            let data = frame.lines().find_map(|line| line.strip_prefix("data: ")).expect(frame);
            assert!(serde_json::from_str::<serde_json::Value>(data).is_ok(), "{frame}");
        }
    }
}
