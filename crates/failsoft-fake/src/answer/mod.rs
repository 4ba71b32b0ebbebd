//! Proper answers, whole or as the frames of a stream.

mod bedrock_converse;
mod chat_completions;
mod embeddings;
pub(crate) mod event_stream;
mod generate_content;
mod messages;
mod responses;

use failsoft_wire::Dialect;
use serde_json::Value;

use crate::asked::{Aim, Framing};

/// What a healthy model would say to one request.
pub(crate) struct Answer<'a> {
    pub(crate) id: String,
    pub(crate) model: &'a str,
    pub(crate) created: u64,
    pub(crate) aim: &'a Aim,
    /// The request, of which some dialects repeat parts.
    pub(crate) request: &'a Value,
    /// The texts to embed.
    pub(crate) inputs: &'a [String],
    pub(crate) thought: Option<Thought>,
    pub(crate) content: Content,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
    pub(crate) usage_frame: UsageFrame,
}

/// What was thought before.
pub(crate) struct Thought {
    /// Its words; none when it may not be shown.
    pub(crate) pieces: Vec<String>,
    pub(crate) seal: Option<String>,
}

/// What the answer consists of.
pub(crate) enum Content {
    Nothing,
    Text(Vec<String>),
    /// Words, if any, and then calls.
    Tools {
        before: Vec<String>,
        calls: Vec<ToolCall>,
    },
    Refusal(String),
}

/// One call of a tool.
pub(crate) struct ToolCall {
    pub(crate) name: String,
    /// The arguments' JSON, in the pieces it is streamed in.
    pub(crate) arguments: Vec<String>,
}

/// Why it ends.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    /// At this stop sequence.
    StopSequence(String),
    Length,
    Tool,
    Refused,
    /// Something went wrong.
    Failed,
}

/// Tokens in and out.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Read anew.
    pub(crate) input: usize,
    /// Read from the cache.
    pub(crate) cached: usize,
    /// Written, thoughts included.
    pub(crate) output: usize,
    /// Thoughts alone.
    pub(crate) thought: usize,
}

/// Whether the client asked for usage in the stream; dialects that always tell ignore it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsageFrame {
    Asked,
    NotAsked,
}

/// What a frame is to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Opening,
    Content,
    /// Structure between content and content.
    Between,
    Finish,
    Usage,
    End,
}

/// One event of a stream, with its blank line where it has one.
pub(crate) struct Frame {
    pub(crate) part: Part,
    pub(crate) bytes: Vec<u8>,
}

impl Answer<'_> {
    /// The whole answer as one JSON text.
    pub(crate) fn whole(&self) -> Vec<u8> {
        match self.aim.dialect {
            Dialect::ChatCompletions => chat_completions::whole(self),
            Dialect::Messages => messages::whole(self),
            Dialect::Responses => responses::whole(self),
            Dialect::GenerateContent => generate_content::whole(self),
            Dialect::BedrockConverse => bedrock_converse::whole(self),
            Dialect::Embeddings => embeddings::whole(self),
        }
        .into_bytes()
    }

    /// The answer as the events of a stream.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        match self.aim.dialect {
            Dialect::ChatCompletions => chat_completions::frames(self),
            Dialect::Messages => messages::frames(self),
            Dialect::Responses => responses::frames(self),
            Dialect::GenerateContent => generate_content::frames(self),
            Dialect::BedrockConverse => bedrock_converse::frames(self),
            Dialect::Embeddings => Vec::new(),
        }
    }

    /// A failed answer that keeps the answer's shape, where the dialect has one.
    pub(crate) fn failed(&self, code: &str, message: &str) -> Option<Vec<u8>> {
        let failed = || responses::failed(self, code, message).to_string().into_bytes();
        (self.aim.dialect == Dialect::Responses).then(failed)
    }
}

impl ToolCall {
    /// The arguments' JSON.
    pub(crate) fn json(&self) -> String {
        self.arguments.concat()
    }

    /// The arguments as a value; nothing when they are not JSON.
    pub(crate) fn value(&self) -> Option<Value> {
        serde_json::from_str(&self.json()).ok()
    }
}

impl Content {
    /// The calls, if it calls.
    pub(crate) fn calls(&self) -> &[ToolCall] {
        match self {
            Self::Tools { calls, .. } => calls,
            Self::Nothing | Self::Text(_) | Self::Refusal(_) => &[],
        }
    }
}

impl Content {
    /// The words before its calls.
    pub(crate) fn before(&self) -> &[String] {
        match self {
            Self::Tools { before, .. } => before,
            Self::Nothing | Self::Text(_) | Self::Refusal(_) => &[],
        }
    }
}

impl Usage {
    /// All that was read.
    pub(crate) fn all_input(self) -> usize {
        self.input + self.cached
    }

    /// All there is.
    pub(crate) fn total(self) -> usize {
        self.all_input() + self.output
    }
}

/// What a stream sends to stay open without saying anything.
pub(crate) fn keep_alive(dialect: Dialect) -> &'static [u8] {
    match dialect {
        Dialect::Messages => b"event: ping\ndata: {\"type\": \"ping\"}\n\n",
        Dialect::ChatCompletions
        | Dialect::Responses
        | Dialect::GenerateContent
        | Dialect::BedrockConverse
        | Dialect::Embeddings => b": keep-alive\n\n",
    }
}

/// An error inside a stream, from its text form as a server-sent event.
pub(crate) fn error_frame(framing: Framing, event: &str, is_first: bool) -> Vec<u8> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    let data = field("data: ").unwrap_or_default();
    match framing {
        Framing::Events => event.as_bytes().to_vec(),
        Framing::List => {
            format!("{}{data}\r\n]", if is_first { "[" } else { ",\r\n" }).into_bytes()
        }
        Framing::Binary => {
            let kind = field("event: ").unwrap_or("internalServerException");
            event_stream::exception(kind, data.as_bytes())
        }
    }
}

/// An event that is not what its framing promises, but for the framing itself.
pub(crate) fn broken_frame(framing: Framing, is_first: bool) -> Vec<u8> {
    match framing {
        Framing::Events => b"data: {\"id\":\"broken\",\"choices\":[{\"delta\":{\"cont\n\n".to_vec(),
        Framing::List => {
            let start = if is_first { "[" } else { ",\r\n" };
            format!("{start}{{\"candidates\": [{{\"content\": {{\"par").into_bytes()
        }
        Framing::Binary => {
            event_stream::event("contentBlockDelta", b"{\"contentBlockIndex\":0,\"delta\":{\"te")
        }
    }
}

fn frame(part: Part, bytes: String) -> Frame {
    Frame { part, bytes: bytes.into_bytes() }
}
