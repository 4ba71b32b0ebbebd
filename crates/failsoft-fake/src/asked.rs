//! What an attempt's request asks for, read without help from the code under test.

use failsoft_wire::Dialect;
use serde_json::Value;

use crate::peer::Request;

/// What the answer depends on.
pub(crate) struct Asked {
    pub(crate) dialect: Dialect,
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    /// The name of the request's first tool.
    pub(crate) tool: Option<String>,
    pub(crate) input_tokens: usize,
    /// What is wrong with the request, if anything.
    pub(crate) flaw: Option<&'static str>,
}

/// The dialect of a path, by its end.
pub(crate) fn dialect(path: &str) -> Option<Dialect> {
    if path.ends_with("/chat/completions") {
        return Some(Dialect::ChatCompletions);
    }
    path.ends_with("/messages").then_some(Dialect::Messages)
}

/// The key a request presents, as any SDK sends it.
pub(crate) fn credential(request: &Request) -> Option<&str> {
    let value = |name: &str| {
        request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    let bearer = value("authorization").map(|value| {
        value
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map_or(value, |(_, key)| key.trim())
    });
    bearer.or_else(|| value("x-api-key")).or_else(|| value("api-key"))
}

impl Asked {
    pub(crate) fn of(request: &Request, dialect: Dialect) -> Self {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let model = body["model"].as_str().or_else(|| deployment(&request.path));
        let flaw = if !body.is_object() {
            Some("the body is not a JSON object")
        } else if model.is_none() {
            Some("you must provide a model parameter")
        } else if !body["messages"].is_array() {
            Some("`messages` must be a list")
        } else {
            None
        };
        Self {
            dialect,
            model: model.unwrap_or_default().to_owned(),
            stream: body["stream"] == true,
            include_usage: body["stream_options"]["include_usage"] == true,
            tool: tool(&body),
            // Four bytes a token is what people reckon with.
            input_tokens: body["messages"].to_string().len().div_ceil(4),
            flaw,
        }
    }
}

/// Azure names the model in the path.
fn deployment(path: &str) -> Option<&str> {
    path.split_once("/deployments/")?.1.split('/').next()
}

fn tool(body: &Value) -> Option<String> {
    let first = &body["tools"][0];
    let name = first["function"]["name"].as_str().or_else(|| first["name"].as_str());
    name.map(str::to_owned)
}
