//! Signatures of Amazon's services (version 4): who asks for what, when, without the secret.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The way of signing, as the service names it.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The variables every tool that signs reads a key pair from: the public half, the secret half, and
/// what goes with a key that was lent.
pub const KEY_PAIR: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// Who signs, and for which service.
#[derive(Clone, Copy)]
pub struct SigningKey<'a> {
    /// The key's public half.
    pub access_key_id: &'a str,
    /// Its secret half.
    pub secret: &'a str,
    /// What goes with keys that were lent for some hours.
    pub session_token: Option<&'a str>,
    /// Where the service runs, e.g. `eu-west-1`.
    pub region: &'a str,
    /// The service's name in signatures, e.g. `bedrock`.
    pub service: &'a str,
}

impl fmt::Debug for SigningKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("region", &self.region)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

/// A request that is ready but for its signature.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The `Host` header exactly as it will be sent, port included if there is one.
    pub host: &'a str,
    /// The path exactly as it will be sent, percent-encoded where it needs to be.
    pub path: &'a str,
    /// The query exactly as it will be sent, without its question mark; empty if there is none.
    pub query: &'a str,
    /// The body's fingerprint, from [`sha256`].
    pub payload_sha256: &'a str,
}

/// The headers to add to a request: names in lower case, and values of which the last is secret
/// enough to stay out of logs.
#[must_use]
pub fn sign(
    request: &Unsigned<'_>,
    key: &SigningKey<'_>,
    now: SystemTime,
) -> Vec<(&'static str, String)> {
    let time = timestamp(now);
    let date = time.get(..8).unwrap_or_default();
    let scope = format!("{date}/{}/{}/aws4_request", key.region, key.service);
    let mut headers = vec![("x-amz-date", time.clone())];
    headers.extend(key.session_token.map(|token| ("x-amz-security-token", token.to_owned())));

    let names: Vec<_> =
        std::iter::once("host").chain(headers.iter().map(|(name, _)| *name)).collect();
    let names = names.join(";");
    let canonical = canonical(request, &headers, &names);
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", sha256([canonical.as_bytes()]));
    let signature = hex(&mac(&derived(key, date), to_sign.as_bytes()));
    let id = key.access_key_id;
    let authorization = format!(
        "{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    headers.push(("authorization", authorization));
    headers
}

/// The fingerprint of a body that lies in parts.
#[must_use]
pub fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(part));
    hex(&hash.finalize())
}

/// The request as both sides write it down before they sign. `headers` stand in the order of their
/// names, and `host` comes before them.
fn canonical(request: &Unsigned<'_>, headers: &[(&str, String)], names: &str) -> String {
    let mut told = format!("host:{}\n", request.host.trim());
    for (name, value) in headers {
        told.push_str(&format!("{name}:{value}\n"));
    }
    let Unsigned { method, path, query, payload_sha256, .. } = request;
    let path = if path.is_empty() { "/" } else { path };
    let (path, query) = (encoded(path), sorted(query));
    format!("{method}\n{path}\n{query}\n{told}\n{names}\n{payload_sha256}")
}

/// A path encoded once more: what stands in it as `%3A` is signed as `%253A`.
fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// A query's pairs in their order, each with its equals sign.
fn sorted(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The key of one day, one region and one service: the secret itself signs nothing else.
fn derived(key: &SigningKey<'_>, date: &str) -> [u8; 32] {
    let secret = format!("AWS4{}", key.secret);
    let of_date = mac(secret.as_bytes(), date.as_bytes());
    let of_region = mac(&of_date, key.region.as_bytes());
    let of_service = mac(&of_region, key.service.as_bytes());
    mac(&of_service, b"aws4_request")
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| char::from(DIGITS.get(usize::from(four)).copied().unwrap_or(b'0'));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// `20260228T235959Z`. Times before 1970 are 1970.
fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Year, month and day of a day counted from 1970-01-01. Years are counted from March on, so that
/// a leap day is a year's last.
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // from 0000-03-01
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + if month <= 2 { 1 } else { 0 }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn key<'a>(region: &'a str, service: &'a str, token: Option<&'a str>) -> SigningKey<'a> {
        let (access_key_id, session_token) = ("AKIDEXAMPLE", token);
        SigningKey { access_key_id, secret: SECRET, session_token, region, service }
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    struct Row {
        path: &'static str,
        query: &'static str,
        body: &'static [u8],
        key: SigningKey<'static>,
        seconds: u64,
        scope: &'static str,
        signature: &'static str,
    }

    /// The signatures are those of the service's own library.
    fn rows() -> [Row; 4] {
        let claude = "us.anthropic.claude-sonnet-4-5-20250929-v1";
        let paths =
            [format!("/model/{claude}:0/converse"), format!("/model/{claude}%3A0/converse-stream")];
        let [with_colon, encoded] = paths.map(|path| &*path.leak());
        [
            Row {
                path: with_colon,
                query: "",
                body: br#"{"messages":[]}"#,
                key: key("us-east-1", "bedrock", None),
                seconds: 1_772_323_199,
                scope: "20260228/us-east-1/bedrock/aws4_request",
                signature: "5d0bab2473aafdb244e2e77911d9795046614db8f5db93d824bd7dfcc78ba8d0",
            },
            Row {
                path: encoded,
                query: "",
                body: br#"{"messages":[]}"#,
                key: key("us-east-1", "bedrock", None),
                seconds: 1_772_323_199,
                scope: "20260228/us-east-1/bedrock/aws4_request",
                signature: "e08d272979edcb35217c58a8e8350d1ce26397a6eee16d5c80146919e5d5f5d5",
            },
            Row {
                path: "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3A\
                       application-inference-profile%2Fabc/converse",
                query: "",
                body: "{\"a\":\"ä\"}".as_bytes(),
                key: key("eu-west-1", "bedrock", Some("IQoJb3JpZ2luX2VjEXAMPLE==")),
                seconds: 1_709_164_800,
                scope: "20240229/eu-west-1/bedrock/aws4_request",
                signature: "4f74f57bec1b4fb41313b9b27dbac12172c2f462f8987fe23b44c4ae14cd7f9c",
            },
            Row {
                path: "/a~b/c d",
                query: "b=2&a=1&a=0&flag",
                body: b"",
                key: key("ap-southeast-2", "other", Some("t")),
                seconds: 951_913_805,
                scope: "20000301/ap-southeast-2/other/aws4_request",
                signature: "98edee8615a80099025032a0c2529a56b766ce6f546bdad04774be68c711fe8f",
            },
        ]
    }

    #[test]
    fn requests_are_signed_as_the_service_checks_them() {
        for row in rows() {
            let host = format!("bedrock-runtime.{}.amazonaws.com", row.key.region);
            let (body, _) = row.body.split_at(row.body.len() / 2);
            let payload = sha256([body, row.body.get(body.len()..).unwrap()]);
            let request = Unsigned {
                method: "POST",
                host: &host,
                path: row.path,
                query: row.query,
                payload_sha256: &payload,
            };
            let headers = sign(&request, &row.key, at(row.seconds));
            let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
            let token = row.key.session_token.map(|_| "x-amz-security-token");
            let expected: Vec<_> =
                ["x-amz-date"].into_iter().chain(token).chain(["authorization"]).collect();
            assert_eq!(names, expected);
            let signed = if token.is_some() { ";x-amz-security-token" } else { "" };
            let authorization = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{}, SignedHeaders=host;x-amz-date{signed}, \
                 Signature={}",
                row.scope, row.signature
            );
            assert_eq!(headers.last().unwrap().1, authorization, "{}", row.path);
        }
    }

    #[test]
    fn the_key_is_derived_as_documented() {
        let derived = hex(&derived(&key("us-east-1", "iam", None), "20150830"));
        assert_eq!(derived, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (951_868_800, "20000301T000000Z"),
            (1_735_689_599, "20241231T235959Z"),
            (1_735_689_600, "20250101T000000Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(timestamp(at(seconds)), expected);
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let printed = format!("{:?}", key("us-east-1", "bedrock", Some("token")));
        assert!(!printed.contains(SECRET) && !printed.contains("token"), "{printed}");
    }
}
