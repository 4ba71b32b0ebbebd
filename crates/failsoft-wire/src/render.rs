//! The few things failsoft says in its own words.

use serde::Serialize;

/// An error for a client.
#[derive(Clone, Copy, Debug)]
pub struct ErrorWords<'a> {
    /// The HTTP status that goes with it; it decides the dialect's own `type`.
    pub status: u16,
    /// The stable kind, e.g. `overloaded`.
    pub code: &'a str,
    /// For a person to read.
    pub message: &'a str,
    /// The parameter at fault, if one is.
    pub param: Option<&'a str>,
    /// The call.
    pub call_id: &'a str,
    /// The provider's words, secrets removed; only where the operator asked for detailed errors.
    pub detail: Option<&'a str>,
}

/// An answer with a text of the operator's.
#[derive(Clone, Copy, Debug)]
pub struct CannedAnswer<'a> {
    /// The answer's id.
    pub id: &'a str,
    /// The route's name.
    pub model: &'a str,
    /// Seconds since 1970.
    pub created: u64,
    /// The text.
    pub text: &'a str,
    /// Whether the client asked for usage in its stream.
    pub include_usage: bool,
}

/// A row of the list of models.
#[derive(Clone, Copy, Debug)]
pub struct ModelEntry<'a> {
    /// The name clients ask for.
    pub id: &'a str,
    /// Who answers for it.
    pub owner: &'a str,
    /// Seconds since 1970.
    pub created: u64,
}

/// JSON of what we wrote ourselves.
pub(crate) fn to_json(value: &impl Serialize) -> Vec<u8> {
    // Strings, numbers and options only: nothing here can fail.
    serde_json::to_vec(value).unwrap_or_default()
}

/// Appends an event; `name` becomes its `event:` line.
pub(crate) fn push_event(stream: &mut Vec<u8>, name: Option<&str>, value: &impl Serialize) {
    if let Some(name) = name {
        stream.extend_from_slice(b"event: ");
        stream.extend_from_slice(name.as_bytes());
        stream.push(b'\n');
    }
    stream.extend_from_slice(b"data: ");
    stream.extend(to_json(value));
    stream.extend_from_slice(b"\n\n");
}
