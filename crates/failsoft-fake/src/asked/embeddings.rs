//! Requests for embeddings.

use serde_json::Value;

use super::{Flaw, Heard, items};

pub(super) fn hear(body: &Value) -> Result<Heard, Flaw> {
    let mut heard = Heard::default();
    let input = &body["input"];
    let of_tokens = |value: &Value| items(value).iter().all(Value::is_u64);
    heard.inputs = match input {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) if !all.is_empty() && of_tokens(input) => vec![input.to_string()],
        Value::Array(all) if !all.is_empty() => all
            .iter()
            .map(|one| match one {
                Value::String(text) if !text.is_empty() => Ok(text.clone()),
                Value::Array(tokens) if !tokens.is_empty() && of_tokens(one) => Ok(one.to_string()),
                _ => Err(invalid()),
            })
            .collect::<Result<_, _>>()?,
        _ => return Err(invalid()),
    };
    if heard.inputs.iter().any(String::is_empty) {
        return Err(invalid());
    }
    let format = body["encoding_format"].as_str().unwrap_or("float");
    if !matches!(format, "float" | "base64") {
        return Err(Flaw::of("Invalid value for 'encoding_format': expected 'float' or 'base64'.")
            .at("encoding_format")
            .coded("invalid_value"));
    }
    heard.words = heard.inputs.iter().map(|input| input.split([' ', ',']).count()).sum();
    Ok(heard)
}

fn invalid() -> Flaw {
    Flaw::of("'$.input' is invalid. Please check the API reference.").at("input")
}
