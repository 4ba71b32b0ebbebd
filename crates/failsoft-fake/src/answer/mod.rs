//! Proper answers, whole or as the frames of a stream.

mod chat_completions;
mod messages;

use failsoft_wire::Dialect;

/// What a healthy model would say to one request.
pub(crate) struct Answer<'a> {
    pub(crate) id: String,
    pub(crate) model: &'a str,
    pub(crate) created: u64,
    pub(crate) content: Content,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
    pub(crate) usage_frame: UsageFrame,
}

/// What the answer consists of.
pub(crate) enum Content {
    Nothing,
    Text(Vec<String>),
    Tool { name: String, arguments: Vec<String> },
    Refusal(String),
}

/// Why it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    Length,
    Tool,
    Refused,
}

/// Tokens in and out.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) input: usize,
    pub(crate) output: usize,
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
    Finish,
    Usage,
    End,
}

/// One event of a stream, with its blank line.
pub(crate) struct Frame {
    pub(crate) part: Part,
    pub(crate) bytes: Vec<u8>,
}

impl Answer<'_> {
    /// The whole answer as one JSON text.
    pub(crate) fn whole(&self, dialect: Dialect) -> Vec<u8> {
        match dialect {
            Dialect::ChatCompletions => chat_completions::whole(self),
            Dialect::Messages => messages::whole(self),
        }
        .into_bytes()
    }

    /// The answer as the events of a stream.
    pub(crate) fn frames(&self, dialect: Dialect) -> Vec<Frame> {
        match dialect {
            Dialect::ChatCompletions => chat_completions::frames(self),
            Dialect::Messages => messages::frames(self),
        }
    }
}

/// What a stream sends to stay open without saying anything.
pub(crate) fn keep_alive(dialect: Dialect) -> &'static [u8] {
    match dialect {
        Dialect::ChatCompletions => b": keep-alive\n\n",
        Dialect::Messages => b"event: ping\ndata: {\"type\": \"ping\"}\n\n",
    }
}

fn frame(part: Part, bytes: String) -> Frame {
    Frame { part, bytes: bytes.into_bytes() }
}
