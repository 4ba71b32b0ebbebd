//! What a body is, by its first bytes: content types lie.

/// What a body looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Server-sent events.
    Sse,
    /// A JSON object or array: an error, or a whole answer to a request for a stream.
    Json,
    /// A page for people, from something between us and the provider.
    Html,
    /// None of these, or nothing yet.
    Other,
}

/// Judges a body by its first bytes. White space and a byte order mark at its start tell nothing.
#[must_use]
pub fn sniff(first: &[u8]) -> Shape {
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    match first.first() {
        Some(b'{' | b'[') => Shape::Json,
        Some(b'<') => Shape::Html,
        Some(b':') => Shape::Sse,
        Some(_) if is_field(first) => Shape::Sse,
        Some(_) | None => Shape::Other,
    }
}

/// Begins with a field of an event, or is a beginning of one.
fn is_field(first: &[u8]) -> bool {
    let fields: [&[u8]; 4] = [b"data:", b"event:", b"id:", b"retry:"];
    fields.iter().any(|field| first.starts_with(field) || field.starts_with(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_shape() {
        for (first, shape) in [
            ("data: {}", Shape::Sse),
            ("\u{feff}data:{}", Shape::Sse),
            ("event: ping", Shape::Sse),
            (": OPENROUTER PROCESSING", Shape::Sse),
            ("\n\n: keep-alive", Shape::Sse),
            ("da", Shape::Sse),
            ("id: 1", Shape::Sse),
            ("  {\"error\":", Shape::Json),
            ("[{", Shape::Json),
            ("<!doctype html>", Shape::Html),
            ("upstream connect error", Shape::Other),
            ("database", Shape::Other),
            (" \n", Shape::Other),
            ("", Shape::Other),
        ] {
            assert_eq!(sniff(first.as_bytes()), shape, "{first:?}");
        }
    }
}
