//! What an attempt's request asks for, read without help from the code under test, and refused
//! where the real API would refuse it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "JSON has more forms than a place in a request can take"
)]

mod bedrock_converse;
mod chat_completions;
mod embeddings;
mod flaw;
mod generate_content;
mod heard;
mod messages;
mod path;
mod prefill;
mod responses;

use failsoft_wire::Dialect;
use serde_json::Value;

pub(crate) use flaw::Flaw;
pub(crate) use heard::{
    Attached, Attachment, Beginning, Choice, Format, Heard, Outcome, Sealed, Thinking, Tool, Turn,
    Use,
};
pub(crate) use path::{Aim, Framing, aim};
pub(crate) use prefill::{always_refused, no_prefill};

use crate::peer::Request;

/// What the answer depends on.
pub(crate) struct Asked {
    pub(crate) aim: Aim,
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    pub(crate) heard: Heard,
    /// The request's body as JSON.
    pub(crate) body: Value,
    /// What is wrong with the request, if anything.
    pub(crate) flaw: Option<Flaw>,
}

impl Asked {
    pub(crate) fn of(request: &Request, aim: Aim) -> Self {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let model = aim.model.clone().or_else(|| body["model"].as_str().map(str::to_owned));
        let heard = if !body.is_object() {
            Err(Flaw::of("the body is not a JSON object"))
        } else if model.is_none() {
            Err(Flaw::of("you must provide a model parameter").at("model"))
        } else {
            let model = model.as_deref().unwrap_or_default();
            hear(&aim, model, &body).and_then(|heard| taken(&aim, model, heard))
        };
        let (heard, flaw) = match heard {
            Ok(heard) => (heard, None),
            Err(flaw) => (Heard::default(), Some(flaw)),
        };
        Self {
            model: model.unwrap_or_default(),
            stream: aim.stream.unwrap_or(body["stream"] == true),
            include_usage: body["stream_options"]["include_usage"] == true,
            aim,
            heard,
            body,
            flaw,
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.aim.dialect
    }
}

fn hear(aim: &Aim, model: &str, body: &Value) -> Result<Heard, Flaw> {
    match aim.dialect {
        Dialect::ChatCompletions => chat_completions::hear(body),
        Dialect::Messages => messages::hear(body),
        Dialect::Responses => responses::hear(body),
        Dialect::GenerateContent => generate_content::hear(model, body),
        Dialect::BedrockConverse => bedrock_converse::hear(body),
        Dialect::Embeddings => embeddings::hear(body),
    }
}

/// Some models take no conversation that ends with their own words.
fn taken(aim: &Aim, model: &str, heard: Heard) -> Result<Heard, Flaw> {
    let ends_with_model = heard.turns.last().is_some_and(|turn| turn.is_model);
    if ends_with_model && always_refused(model) {
        return Err(no_prefill(aim.dialect));
    }
    Ok(heard)
}

/// A list's items; nothing of what is no list.
fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Text, or nothing of what is no text.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The texts of a list.
fn texts(value: &Value) -> Vec<String> {
    items(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether every character is one of `A-Z a-z 0-9` or these, and there are 1 to `most`.
fn is_name(name: &str, more: &str, most: usize) -> bool {
    (1..=most).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}
