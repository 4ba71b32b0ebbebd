//! The part of an address behind the question mark.

/// The pairs of a query, decoded; what is no text is left out.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((decoded(name)?, decoded(value)?))
    })
}

/// A part of an address without its escapes.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_broken_ones_refused() {
        for (text, expected) in [
            ("a%2Fb+c", Some("a/b c")),
            ("%C3%BC", Some("ü")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%ff", None),
            ("", Some("")),
        ] {
            assert_eq!(decoded(text).as_deref(), expected, "{text}");
        }
        let all: Vec<_> = pairs("a=1&b&c=%&d=x=y").collect();
        assert_eq!(all, [("a".into(), "1".into()), ("d".into(), "x=y".into())]);
    }
}
