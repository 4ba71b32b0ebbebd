//! Schemas of our own, for tools that have none.

/// Of a tool without arguments.
pub(super) const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// Of a tool whose arguments are free text, for dialects that know no such tools.
pub(super) const FREE_TEXT: &str = r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}"#;
