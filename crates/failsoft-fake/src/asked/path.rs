//! What a request's path says: the dialect, and in some dialects the model and the delivery.

use failsoft_wire::Dialect;

/// What a path aims at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) dialect: Dialect,
    /// The model, where the path names it.
    pub(crate) model: Option<String>,
    /// Whether a stream is wanted, where the path says so.
    pub(crate) stream: Option<bool>,
    pub(crate) framing: Framing,
    /// Google's cloud rather than its API for single developers.
    pub(crate) is_cloud: bool,
}

/// How the events of a stream are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    Events,
    /// The items of one JSON list.
    List,
    /// Binary frames with checksums.
    Binary,
}

/// What that path and query aim at; `None` when they are no attempt's.
pub(crate) fn aim(path: &str, query: &str) -> Option<Aim> {
    generate_content(path, query).or_else(|| bedrock_converse(path)).or_else(|| plain(path))
}

fn plain(path: &str) -> Option<Aim> {
    let dialects =
        [Dialect::ChatCompletions, Dialect::Messages, Dialect::Responses, Dialect::Embeddings];
    let dialect = dialects.into_iter().find(|dialect| path.ends_with(end(*dialect)))?;
    let stream = (dialect == Dialect::Embeddings).then_some(false);
    let deployment = path.split_once("/deployments/");
    let model = deployment.and_then(|(_, rest)| rest.split('/').next()).map(str::to_owned);
    Some(Aim { dialect, model, stream, framing: Framing::Events, is_cloud: false })
}

fn end(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::ChatCompletions => "/chat/completions",
        Dialect::Messages => "/messages",
        Dialect::Responses => "/responses",
        Dialect::Embeddings => "/embeddings",
        Dialect::GenerateContent => ":generateContent",
        Dialect::BedrockConverse => "/converse",
    }
}

fn generate_content(path: &str, query: &str) -> Option<Aim> {
    let (before, rest) = path.rsplit_once("/models/")?;
    let (model, method) = rest.rsplit_once(':')?;
    let stream = match method {
        "generateContent" => false,
        "streamGenerateContent" => true,
        _ => return None,
    };
    let is_sse = query.split('&').any(|pair| pair == "alt=sse");
    Some(Aim {
        dialect: Dialect::GenerateContent,
        model: Some(percent_decoded(model)).filter(|model| !model.is_empty()),
        stream: Some(stream),
        framing: if is_sse { Framing::Events } else { Framing::List },
        is_cloud: before.contains("/publishers/"),
    })
}

fn bedrock_converse(path: &str) -> Option<Aim> {
    let (_, rest) = path.split_once("/model/")?;
    let (model, method) = rest.rsplit_once('/')?;
    let stream = match method {
        "converse" => false,
        "converse-stream" => true,
        _ => return None,
    };
    Some(Aim {
        dialect: Dialect::BedrockConverse,
        model: Some(percent_decoded(model)).filter(|model| !model.is_empty()),
        stream: Some(stream),
        framing: Framing::Binary,
        is_cloud: false,
    })
}

/// `%3A` and the like as what they stand for; anything else stays.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_the_dialect_and_some_the_model() {
        for (path, dialect, model, stream) in [
            ("/v1/chat/completions", Dialect::ChatCompletions, None, None),
            ("/anthropic/v1/messages", Dialect::Messages, None, None),
            ("/openai/v1/responses", Dialect::Responses, None, None),
            ("/v1/embeddings", Dialect::Embeddings, None, Some(false)),
            ("/openai/deployments/d/embeddings", Dialect::Embeddings, Some("d"), Some(false)),
            (
                "/v1beta/models/g-1:generateContent",
                Dialect::GenerateContent,
                Some("g-1"),
                Some(false),
            ),
            (
                "/v1/projects/p/locations/l/publishers/google/models/once%3Areset:streamGenerateContent",
                Dialect::GenerateContent,
                Some("once:reset"),
                Some(true),
            ),
            ("/model/a.b-v1%3A0/converse", Dialect::BedrockConverse, Some("a.b-v1:0"), Some(false)),
            ("/model/arn%2Fx/converse-stream", Dialect::BedrockConverse, Some("arn/x"), Some(true)),
        ] {
            let aim = aim(path, "").expect(path);
            assert_eq!((aim.dialect, aim.model.as_deref(), aim.stream), (dialect, model, stream));
        }
        for path in ["/v1/models", "/model/a/invoke", "/v1beta/models/g:countTokens", "/"] {
            assert_eq!(aim(path, ""), None, "{path}");
        }
    }
}
