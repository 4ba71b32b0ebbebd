//! Addresses as SDKs take them.

use std::net::Ipv6Addr;

use crate::BaseUrl;
use crate::report::{Words, say};

/// Reads `https://host:port/path`.
pub(crate) fn parse(text: &str) -> Result<BaseUrl, Words> {
    let (tls, rest) = scheme(text)?;
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(say("the address has spaces or backslashes in it"));
    }
    if rest.contains(['?', '#']) {
        return Err(say("the address has a query").hint("leave out what follows `?` or `#`"));
    }
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    if authority.contains('@') {
        return Err(say("the address has a name or password in it")
            .hint("leave it out: a key has a setting of its own"));
    }
    let (host, port) = host_and_port(authority, tls)?;
    Ok(BaseUrl { tls, host, port, path: normal_path(path)? })
}

/// Reads an address whose path and query are the receiver's business: they stay as they are. It may
/// be a secret, so the words quote no more of it than scheme and host.
pub(crate) fn parse_exact(text: &str) -> Result<BaseUrl, Words> {
    if !text.contains("://") {
        return Err(say("the address has no scheme").hint("write \"https://host/path\""));
    }
    let (tls, rest) = scheme(text)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(say("the address has a name or password in it"));
    }
    let (host, port) = host_and_port(authority, tls)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%?".contains(&byte);
    if !path.bytes().all(plain) {
        return Err(say("behind the host stands something that no request can carry")
            .hint("leave out what follows `#`, and percent-encode other signs"));
    }
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Ok(BaseUrl { tls, host, port, path })
}

fn scheme(text: &str) -> Result<(bool, &str), Words> {
    let Some((scheme, rest)) = text.split_once("://") else {
        // What stands before an `@` may be a password.
        let is_told = !text.is_empty() && !text.contains('@');
        let host = if is_told { short(text) } else { "host/path".to_owned() };
        return Err(say("the address has no scheme").hint(format!("write \"https://{host}\"")));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok((true, rest)),
        "http" => Ok((false, rest)),
        _ => Err(say(format!("`{}` is no scheme for this", short(scheme)))
            .hint("write \"https://…\" or \"http://…\"")),
    }
}

fn host_and_port(authority: &str, tls: bool) -> Result<(String, u16), Words> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or_else(|| say("the address lacks a `]`"))?;
        if host.parse::<Ipv6Addr>().is_err() {
            return Err(say(format!("`{}` is no IPv6 address", short(host))));
        }
        (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some("")))
    } else {
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        if port.contains(':') {
            return Err(say("the address has too many colons")
                .hint("IPv6 addresses stand in brackets: \"http://[::1]:8000/v1\""));
        }
        check_name(host)?;
        (host, Some(port))
    };
    let port = match port {
        Some("") if authority.ends_with(':') => None,
        Some("") => Some(if tls { 443 } else { 80 }),
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            port.parse().ok().filter(|port| *port != 0)
        }
        Some(_) | None => None,
    };
    let port = port.ok_or_else(|| say("the port is no number between 1 and 65535"))?;
    Ok((host.trim_end_matches('.').to_ascii_lowercase(), port))
}

fn check_name(host: &str) -> Result<(), Words> {
    if host.is_empty() {
        return Err(say("the address has no host").hint("write \"https://host/path\""));
    }
    let fits = host.len() <= 253
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && !host.starts_with(['.', '-'])
        && !host.contains("..");
    if fits { Ok(()) } else { Err(say(format!("`{}` is no host name", short(host)))) }
}

fn normal_path(path: &str) -> Result<String, Words> {
    let path = path.trim_end_matches('/');
    for call in ["/chat/completions", "/messages"] {
        if let Some(base) = path.strip_suffix(call) {
            let base = if call == "/messages" { base.trim_end_matches("/v1") } else { base };
            let hint = match base {
                "" => "leave the path out".to_owned(),
                base => format!("let the path end with \"{base}\""),
            };
            return Err(say("the address is that of a call, not of the service").hint(hint));
        }
    }
    let steps = path.split('/').skip(1);
    if steps.clone().any(|step| matches!(step, "" | "." | "..")) {
        return Err(
            say("the path has empty or dotted steps").hint("write it without `//`, `.` and `..`")
        );
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte);
    if !path.bytes().all(plain) {
        return Err(say("the path has characters that must be percent-encoded"));
    }
    Ok(path.to_owned())
}

/// What a user wrote, cut and made harmless for a message.
fn short(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (text, tls, host, port, path) in [
            ("https://api.example.com/v1", true, "api.example.com", 443, "/v1"),
            ("https://api.example.com/v1/", true, "api.example.com", 443, "/v1"),
            ("https://api.example.com", true, "api.example.com", 443, ""),
            ("https://api.example.com/", true, "api.example.com", 443, ""),
            ("http://127.0.0.1:8000/v1", false, "127.0.0.1", 8000, "/v1"),
            ("http://[::1]:8000", false, "::1", 8000, ""),
            ("http://[::1]/v1", false, "::1", 80, "/v1"),
            ("HTTPS://API.Example.com./x", true, "api.example.com", 443, "/x"),
        ] {
            let expected = BaseUrl { tls, host: host.to_owned(), port, path: path.to_owned() };
            assert_eq!(parse(text).ok(), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_exact_address_keeps_its_path_and_query() {
        for (text, path) in [
            ("https://h.example/hooks/T0/", "/hooks/T0/"),
            ("https://h.example/v1/messages?key=a%20b&x=1", "/v1/messages?key=a%20b&x=1"),
            ("https://h.example", "/"),
            ("https://h.example?sig=x", "/?sig=x"),
        ] {
            assert_eq!(parse_exact(text).ok().map(|url| url.path).as_deref(), Some(path), "{text}");
        }
        for text in
            ["h.example/canary", "https:///canary", "https://u:canary@h", "https://h/canary#x"]
        {
            let words = parse_exact(text).err().map(|words| format!("{words:?}"));
            assert!(words.is_some_and(|words| !words.contains("canary")), "{text}");
        }
        for text in ["u:canary@h/v1", "https://u:canary@h"] {
            let words = parse(text).err().map(|words| format!("{words:?}"));
            assert!(words.is_some_and(|words| !words.contains("canary")), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "api.example.com/v1",
            "ftp://h",
            "https://",
            "https:///v1",
            "https://u:p@h/v1",
            "https://h?x=1",
            "https://h/#x",
            "https://h:0",
            "https://h:99999",
            "https://h:",
            "https://h:+1",
            "https://[::1",
            "https://[x]",
            "https://::1/v1",
            "https://h/a//b",
            "https://h/../b",
            "https://h/a b",
            "https://h/ü",
            "https://ex ample.com",
            "https://h/v1/chat/completions",
            "https://h/v1/messages",
            "https://h\\v1",
            "https://.h",
            "https://a..b",
            "https://[::1]x",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
