//! The dialects, one folder entry each, and the one place that chooses among them.

use std::fmt;
use std::str::FromStr;

use crate::neutral::{Call, Feature, Reply, Rule, RuleRow};
use crate::render::{CannedAnswer, ErrorWords, ModelEntry};
use crate::reply::{Flaw, ReplyHead};
use crate::request::{self, Addressed, OutputBound, RequestHead, RequestProblem};
use crate::translate::{Destination, Encoded, Presented, ReadDeltas, Unfit, WriteDeltas};

mod bedrock_converse;
mod chat_completions;
mod claude;
mod closed_schema;
mod effort;
mod embeddings;
mod failure;
mod generate_content;
mod gpt;
mod instructions;
mod media_type;
mod members;
mod messages;
mod names;
mod notes;
mod prefill;
mod responses;
mod rules;
mod schemas;
mod thread;
#[cfg(test)]
mod trial;

pub(crate) use bedrock_converse::BedrockReader;
pub(crate) use bedrock_converse::event_stream;
pub(crate) use chat_completions::ChatReader;
pub(crate) use generate_content::{GenerateReader, read_base64_seal};
pub(crate) use messages::MessagesReader;
pub use prefill::may_prefill;
pub(crate) use responses::ResponsesReader;
pub(crate) use thread::Thread;

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// `POST /v1/chat/completions`.
    ChatCompletions,
    /// `POST /v1/messages`.
    Messages,
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`.
    GenerateContent,
    /// `POST /model/{model}/converse` and `/converse-stream`: spoken by targets only.
    BedrockConverse,
    /// `POST /v1/embeddings`: spoken by clients only, and passed on as it is to targets that speak
    /// `chat_completions` or `responses` at the same base URL.
    Embeddings,
}

impl Dialect {
    /// Those a target can speak.
    pub const TARGETS: [Self; 5] = [
        Self::ChatCompletions,
        Self::Messages,
        Self::Responses,
        Self::GenerateContent,
        Self::BedrockConverse,
    ];

    /// Those a client can speak.
    pub const CLIENTS: [Self; 5] = [
        Self::ChatCompletions,
        Self::Messages,
        Self::Responses,
        Self::GenerateContent,
        Self::Embeddings,
    ];

    /// The stable name used in settings, the journal and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat_completions",
            Self::Messages => "messages",
            Self::Responses => "responses",
            Self::GenerateContent => "generate_content",
            Self::BedrockConverse => "bedrock_converse",
            Self::Embeddings => "embeddings",
        }
    }

    /// The end of the path clients post to, behind whatever their base URL is; of
    /// `generate_content` the part before the model.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Messages => "/messages",
            Self::Responses => "/responses",
            Self::GenerateContent => "/models/",
            Self::BedrockConverse => "/model/",
            Self::Embeddings => "/embeddings",
        }
    }

    /// The dialect a client's path speaks, and what the path itself says of the call.
    #[must_use]
    pub fn of_path(path: &str) -> Option<(Self, Option<Addressed>)> {
        if let Some(addressed) = Addressed::of_path(path) {
            return Some((Self::GenerateContent, Some(addressed)));
        }
        let plain = [Self::ChatCompletions, Self::Messages, Self::Responses, Self::Embeddings];
        let dialect = plain.into_iter().find(|dialect| path.ends_with(dialect.path()))?;
        Some((dialect, None))
    }

    /// How a target of `other` dialect can answer a call of this one.
    #[must_use]
    pub const fn reach(self, other: Self) -> Reach {
        match (self, other) {
            (Self::Embeddings, Self::ChatCompletions | Self::Responses) => Reach::AsItIs,
            (Self::Embeddings, _) | (_, Self::Embeddings) => Reach::Never,
            (Self::ChatCompletions, Self::ChatCompletions)
            | (Self::Messages, Self::Messages)
            | (Self::Responses, Self::Responses)
            | (Self::GenerateContent, Self::GenerateContent)
            | (Self::BedrockConverse, Self::BedrockConverse) => Reach::AsItIs,
            (_, _) => Reach::Translated,
        }
    }

    /// Reads what the policy must know of a request. `addressed` is what its path says.
    ///
    /// # Errors
    /// Whatever is wrong with it, naming the parameter at fault.
    pub fn read_request(
        self,
        body: &[u8],
        addressed: Option<&Addressed>,
    ) -> Result<RequestHead, RequestProblem> {
        match self {
            Self::ChatCompletions => request::read(body, OutputBound::Optional),
            Self::Messages => request::read(body, OutputBound::Required),
            Self::Responses => responses::read_request(body),
            Self::GenerateContent | Self::BedrockConverse => {
                let addressed = addressed.ok_or(RequestProblem::Missing("model"))?;
                generate_content::read_request(body, addressed)
            }
            Self::Embeddings => embeddings::read_request(body),
        }
    }

    /// Reads a plain answer of status 200.
    #[must_use]
    pub fn read_reply(self, body: &[u8]) -> ReplyHead {
        match self {
            Self::ChatCompletions => chat_completions::read_reply(body),
            Self::Messages => messages::read_reply(body),
            Self::Responses => responses::read_reply(body),
            Self::GenerateContent => generate_content::read_reply(body),
            Self::BedrockConverse => bedrock_converse::read_reply(body),
            Self::Embeddings => embeddings::read_reply(body),
        }
    }

    /// A call in the neutral form.
    ///
    /// # Errors
    /// What cannot be understood, naming the parameter at fault. Such a call can still be passed
    /// on as it is.
    pub fn decode_call(
        self,
        body: &[u8],
        addressed: Option<&Addressed>,
    ) -> Result<Call, RequestProblem> {
        match self {
            Self::ChatCompletions => chat_completions::decode_call(body),
            Self::Messages => messages::decode_call(body),
            Self::Responses => responses::decode_call(body),
            Self::GenerateContent => {
                let addressed = addressed.ok_or(RequestProblem::Missing("model"))?;
                generate_content::decode_call(body, addressed)
            }
            Self::BedrockConverse => bedrock_converse::decode_call(body),
            Self::Embeddings => Err(RequestProblem::Missing("messages")),
        }
    }

    /// A call written in this dialect.
    ///
    /// # Errors
    /// When it holds something this dialect cannot express and that may not be left out.
    pub fn encode_call(self, call: &Call, to: &Destination<'_>) -> Result<Encoded, Unfit> {
        match self {
            Self::ChatCompletions => chat_completions::encode_call(call, to),
            Self::Messages => messages::encode_call(call, to),
            Self::Responses => responses::encode_call(call, to),
            Self::GenerateContent => generate_content::encode_call(call, to),
            Self::BedrockConverse => bedrock_converse::encode_call(call, to),
            Self::Embeddings => Err(Unfit { feature: Feature::System }),
        }
    }

    /// What of another dialect's call this one cannot express and may not leave out: what
    /// [`Self::encode_call`] would say of it, whatever the model.
    #[must_use]
    pub fn refusal(self, call: &Call) -> Option<Feature> {
        let checked = match self {
            Self::ChatCompletions => chat_completions::check_call(call),
            Self::Messages => messages::check_call(call),
            Self::Responses => responses::check_call(call),
            Self::GenerateContent => generate_content::check_call(call),
            Self::BedrockConverse => bedrock_converse::check_call(call),
            Self::Embeddings => Err(Unfit { feature: Feature::System }),
        };
        checked.err().map(|unfit| unfit.feature)
    }

    /// A plain answer in the neutral form. It was judged by [`Self::read_reply`] before.
    ///
    /// # Errors
    /// When it is no answer of this dialect.
    pub fn decode_reply(self, body: &[u8]) -> Result<Reply, Flaw> {
        match self {
            Self::ChatCompletions => chat_completions::decode_reply(body),
            Self::Messages => messages::decode_reply(body),
            Self::Responses => responses::decode_reply(body),
            Self::GenerateContent => generate_content::decode_reply(body),
            Self::BedrockConverse => bedrock_converse::decode_reply(body),
            Self::Embeddings => Err(Flaw::WrongShape),
        }
    }

    /// A plain answer written in this dialect.
    #[must_use]
    pub fn encode_reply(self, reply: &Reply, presented: &Presented) -> Vec<u8> {
        match self {
            Self::ChatCompletions | Self::Embeddings => {
                chat_completions::encode_reply(reply, presented)
            }
            Self::Messages => messages::encode_reply(reply, presented),
            Self::Responses => responses::encode_reply(reply, presented),
            Self::GenerateContent => generate_content::encode_reply(reply, presented),
            Self::BedrockConverse => bedrock_converse::encode_reply(reply, presented),
        }
    }

    /// What this dialect, as a target, does about each feature of other dialects' calls.
    #[must_use]
    pub const fn rules(self) -> &'static [RuleRow] {
        match self {
            Self::ChatCompletions => chat_completions::RULES,
            Self::Messages => messages::RULES,
            Self::Responses => responses::RULES,
            Self::GenerateContent => generate_content::RULES,
            Self::BedrockConverse => bedrock_converse::RULES,
            Self::Embeddings => &[],
        }
    }

    /// What this dialect, as a target, does about a feature of other dialects' calls.
    #[must_use]
    pub fn rule(self, feature: Feature) -> Rule {
        rules::rule(self.rules(), feature)
    }

    /// Reads this dialect's streams.
    pub(crate) fn deltas(self) -> Box<dyn ReadDeltas> {
        match self {
            Self::ChatCompletions | Self::Embeddings => {
                Box::new(chat_completions::DeltaReader::default())
            }
            Self::Messages => Box::new(messages::DeltaReader::default()),
            Self::Responses => Box::new(responses::DeltaReader::default()),
            Self::GenerateContent => Box::new(generate_content::DeltaReader::default()),
            Self::BedrockConverse => Box::new(bedrock_converse::DeltaReader::default()),
        }
    }

    /// Writes this dialect's streams.
    pub(crate) fn events(self, presented: Presented) -> Box<dyn WriteDeltas> {
        match self {
            Self::ChatCompletions | Self::Embeddings => {
                Box::new(chat_completions::DeltaWriter::new(presented))
            }
            Self::Messages => Box::new(messages::DeltaWriter::new(presented)),
            Self::Responses => Box::new(responses::DeltaWriter::new(presented)),
            Self::GenerateContent => Box::new(generate_content::DeltaWriter::new(presented)),
            Self::BedrockConverse => Box::new(bedrock_converse::DeltaWriter::new(presented)),
        }
    }

    /// What keeps a line alive on which nothing is said for long, if the dialect's SDKs take it.
    #[must_use]
    pub const fn heartbeat(self) -> Option<&'static [u8]> {
        match self {
            Self::ChatCompletions | Self::Messages | Self::Responses => Some(b": failsoft\n\n"),
            // Its SDKs take any line that is no data for an error; no others are streamed as text.
            Self::GenerateContent | Self::BedrockConverse | Self::Embeddings => None,
        }
    }

    /// An error as the dialect's SDKs want it.
    #[must_use]
    pub fn error_body(self, words: &ErrorWords<'_>) -> Vec<u8> {
        match self {
            Self::ChatCompletions | Self::Embeddings | Self::Responses => {
                chat_completions::error_body(words)
            }
            Self::Messages => messages::error_body(words),
            Self::GenerateContent | Self::BedrockConverse => generate_content::error_body(words),
        }
    }

    /// An error inside a stream that has begun; the SDKs raise on it.
    #[must_use]
    pub fn error_frame(self, words: &ErrorWords<'_>) -> Vec<u8> {
        match self {
            Self::ChatCompletions | Self::Embeddings => chat_completions::error_frame(words),
            Self::Messages => messages::error_frame(words),
            Self::Responses => responses::error_frame(words),
            Self::GenerateContent | Self::BedrockConverse => generate_content::error_frame(words),
        }
    }

    /// A whole plain answer with the operator's text.
    #[must_use]
    pub fn canned_reply(self, answer: &CannedAnswer<'_>) -> Vec<u8> {
        match self {
            Self::ChatCompletions | Self::Embeddings => chat_completions::canned_reply(answer),
            Self::Messages => messages::canned_reply(answer),
            Self::Responses => responses::canned_reply(answer),
            Self::GenerateContent | Self::BedrockConverse => generate_content::canned_reply(answer),
        }
    }

    /// A whole stream with the operator's text.
    #[must_use]
    pub fn canned_stream(self, answer: &CannedAnswer<'_>) -> Vec<u8> {
        match self {
            Self::ChatCompletions | Self::Embeddings => chat_completions::canned_stream(answer),
            Self::Messages => messages::canned_stream(answer),
            Self::Responses => responses::canned_stream(answer),
            Self::GenerateContent | Self::BedrockConverse => {
                generate_content::canned_stream(answer)
            }
        }
    }

    /// The answer to `GET /v1/models`.
    #[must_use]
    pub fn models(self, models: &[ModelEntry<'_>]) -> Vec<u8> {
        match self {
            Self::ChatCompletions | Self::Responses | Self::Embeddings => {
                chat_completions::models(models)
            }
            Self::Messages => messages::models(models),
            Self::GenerateContent | Self::BedrockConverse => generate_content::models(models),
        }
    }
}

/// How a target of another dialect can answer a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The bytes are passed on.
    AsItIs,
    /// The call is written anew, and so is the answer.
    Translated,
    /// Not at all.
    Never,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Dialect {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let all = [Self::Embeddings].into_iter().chain(Self::TARGETS);
        all.into_iter().find(|dialect| dialect.as_str() == name).ok_or(())
    }
}
