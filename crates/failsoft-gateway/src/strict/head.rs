//! The rules for a request's head, line by line.

use super::Flaw;

/// Longest request target.
pub(super) const MAX_TARGET: usize = 8 * 1024;
/// Longest request line: the target, a method, a version.
pub(super) const MAX_REQUEST_LINE: usize = MAX_TARGET + 64;
/// Header bytes taken: 64 KiB of the caller's own, and room for the lines every client adds.
pub(super) const MAX_HEADERS: usize = 64 * 1024 + 512;
/// Header lines taken; the parser behind takes as many.
const MAX_COUNT: usize = 100;

/// Names that routing, credentials or framing hang on. A spelling with underscores means the same
/// to some servers and something else to others.
const SENSITIVE: [&[u8]; 18] = [
    b"accept-language",
    b"anthropic-version",
    b"api-key",
    b"authorization",
    b"connection",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"cookie",
    b"expect",
    b"forwarded",
    b"host",
    b"keep-alive",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"x-request-id",
];
const SENSITIVE_PREFIXES: [&[u8]; 6] =
    [b"proxy-", b"x-api-", b"x-failsoft-", b"x-forwarded-", b"x-goog-", b"x-original-"];

/// How the body's end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// It has this many bytes.
    Length(u64),
    /// It comes in chunks.
    Chunked,
}

/// What the lines of a head have said so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    count: usize,
    hosts: u8,
    length: Option<u64>,
    chunked: bool,
}

impl Head {
    /// The first line: `METHOD /path HTTP/1.1`.
    pub(super) fn take_request_line(line: &[u8]) -> Result<(), Flaw> {
        let mut parts = line.split(|&byte| byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Flaw::RequestLine);
        };
        if version != b"HTTP/1.1" {
            return Err(if version.starts_with(b"HTTP/") {
                Flaw::Version
            } else {
                Flaw::RequestLine
            });
        }
        if target.len() > MAX_TARGET {
            return Err(Flaw::TargetTooLong);
        }
        if method.is_empty() || method.len() > 32 || !method.iter().all(u8::is_ascii_uppercase) {
            return Err(Flaw::RequestLine);
        }
        let plain = |&byte: &u8| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\';
        if target.first() != Some(&b'/') || !target.iter().all(plain) {
            return Err(Flaw::RequestLine);
        }
        Ok(())
    }

    /// A header line, without its end.
    pub(super) fn take_header(&mut self, line: &[u8]) -> Result<(), Flaw> {
        self.count += 1;
        if self.count > MAX_COUNT {
            return Err(Flaw::TooLarge);
        }
        let colon = memchr::memchr(b':', line).ok_or(Flaw::Header)?;
        let (name, value) = (&line[..colon], trim(&line[colon + 1..]));
        if name.is_empty() || !name.iter().all(|&byte| is_token(byte)) {
            return Err(Flaw::Header);
        }
        if value.iter().any(|&byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
            return Err(Flaw::Line);
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.take_host(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.take_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.take_encoding(value),
            _ if is_twin(name) => Err(Flaw::Twin),
            _ => Ok(()),
        }
    }

    /// The blank line: how the body's end will be known.
    pub(super) fn finish(&self) -> Result<Framing, Flaw> {
        if self.hosts != 1 {
            return Err(Flaw::Host);
        }
        match (self.chunked, self.length) {
            (true, Some(_)) => Err(Flaw::Framing),
            (true, None) => Ok(Framing::Chunked),
            (false, length) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }

    fn take_host(&mut self, value: &[u8]) -> Result<(), Flaw> {
        self.hosts = self.hosts.saturating_add(1);
        if self.hosts > 1 || !is_authority(value) { Err(Flaw::Host) } else { Ok(()) }
    }

    fn take_length(&mut self, value: &[u8]) -> Result<(), Flaw> {
        let digits = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        if self.length.is_some() || !digits {
            return Err(Flaw::Framing);
        }
        self.length = Some(value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')));
        Ok(())
    }

    fn take_encoding(&mut self, value: &[u8]) -> Result<(), Flaw> {
        if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Flaw::Framing);
        }
        self.chunked = true;
        Ok(())
    }
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

const fn is_token(byte: u8) -> bool {
    matches!(byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9'
        | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_'
        | b'`' | b'|' | b'~')
}

/// A name or an address, and perhaps a port: nothing that could be read as a path, a query, a
/// fragment or a user.
fn is_authority(value: &[u8]) -> bool {
    let (host, port) = if value.first() == Some(&b'[') {
        let Some(end) = memchr::memchr(b']', value) else { return false };
        let inside = &value[1..end];
        let address = |&byte: &u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
        if inside.is_empty() || !inside.iter().all(address) {
            return false;
        }
        (inside, &value[end + 1..])
    } else {
        value.split_at(memchr::memchr(b':', value).unwrap_or(value.len()))
    };
    let named = |&byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':')
    };
    let port_stands = match port {
        [] => true,
        [b':', digits @ ..] => {
            (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    !host.is_empty() && host.iter().all(named) && port_stands
}

fn is_twin(name: &[u8]) -> bool {
    if memchr::memchr(b'_', name).is_none() {
        return false;
    }
    let plain: Vec<u8> = name
        .iter()
        .map(|&byte| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() })
        .collect();
    SENSITIVE.contains(&plain.as_slice())
        || SENSITIVE_PREFIXES.iter().any(|prefix| plain.starts_with(prefix))
}
