//! What a model is told in words where its dialect has nothing better.

use crate::neutral::{Call, Json, Part, ToolChoice};

/// For answers that must be some JSON object.
pub(super) const JSON_OBJECT: &str = "Answer with one JSON object and nothing else.";

/// For models that begin a new message behind the beginning of an answer.
pub(super) const GO_ON: &str =
    "Continue your last message exactly where it ends. Repeat nothing, and say nothing else.";

/// What the answer of a tool that failed begins with.
pub(super) const FAILED: &str = "Error:";

/// For answers that must follow a schema; `about` is what the schema is for.
pub(super) fn json_schema(schema: &Json, about: Option<&str>) -> String {
    let about = about.map(|about| format!(" It is: {about}")).unwrap_or_default();
    let schema = schema.as_str();
    format!(
        "Answer with one JSON value that follows this JSON schema, and nothing else.{about}\n{schema}"
    )
}

/// For models that cannot be forced to call a tool.
pub(super) fn call_a_tool(asked: &ToolChoice) -> String {
    match asked {
        ToolChoice::Named(name) => format!("Call the tool `{name}`. Do not answer in words."),
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Required => {
            "Call at least one of the tools. Do not answer in words.".to_owned()
        }
    }
}

/// Whether somebody says that JSON is wanted: some servers refuse to write it otherwise.
pub(super) fn speaks_of_json(call: &Call) -> bool {
    let names_it =
        |text: &str| text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"json"));
    let mut parts = call.system.iter().chain(call.turns.iter().flat_map(|turn| &turn.parts));
    parts.any(|part| matches!(part, Part::Text { text, .. } if names_it(text)))
}
