//! AWS signatures, version 4: computed anew and compared.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::asked::Flaw;
use crate::peer::Request;

/// The secret of every key id.
const SECRET: &str = "secret";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The scope ends with the service signed for.
const SCOPE_END: &str = "/bedrock/aws4_request";

/// An `authorization` header's fields.
struct Signed<'a> {
    key_id: &'a str,
    /// `date/region/service/aws4_request`.
    scope: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

/// The id of the key that signed.
pub(crate) fn key_id(authorization: &str) -> Option<&str> {
    read(authorization).map(|signed| signed.key_id)
}

/// What is wrong with a request's signature, if anything.
pub(crate) fn flaw(request: &Request) -> Option<Flaw> {
    let refused = |code, message: &str| Some(Flaw::of(message).with_status(403).coded(code));
    let Some(authorization) = request.header("authorization") else {
        return refused("MissingAuthenticationTokenException", "Missing Authentication Token");
    };
    let incomplete = "IncompleteSignatureException";
    let Some(signed) = read(authorization) else {
        return refused(
            incomplete,
            "Authorization header requires 'Credential' parameter. \
             Authorization header requires 'Signature' parameter. Authorization header requires \
             'SignedHeaders' parameter.",
        );
    };
    let Some(date) = request.header("x-amz-date") else {
        return refused(
            incomplete,
            "Authorization header requires existence of either a \
             'X-Amz-Date' or a 'Date' header.",
        );
    };
    let invalid = "InvalidSignatureException";
    if !signed.scope.ends_with(SCOPE_END) {
        return refused(invalid, "Credential should be scoped to correct service: 'bedrock'.");
    }
    let needed = ["host", "x-amz-date"].into_iter().all(|name| signed.headers.contains(&name));
    let day = signed.scope.split('/').next().unwrap_or_default();
    if !date.starts_with(day) || !needed {
        return refused(
            invalid,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP, or 'Host' or 'X-Amz-Date' are not signed.",
        );
    }
    (signature(request, &signed, date) != signed.signature).then(|| {
        Flaw::of(
            "The request signature we calculated does not match the signature you provided. Check \
             your AWS Secret Access Key and signing method. Consult the service documentation for \
             details.",
        )
        .with_status(403)
        .coded("InvalidSignatureException")
    })
}

fn read(authorization: &str) -> Option<Signed<'_>> {
    let fields = authorization.strip_prefix(ALGORITHM)?.trim();
    let field = |name: &str| {
        let mut fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
        fields.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let (key_id, scope) = field("Credential")?.split_once('/')?;
    Some(Signed {
        key_id,
        scope,
        headers: field("SignedHeaders")?.split(';').collect(),
        signature: field("Signature")?,
    })
}

fn signature(request: &Request, signed: &Signed<'_>, date: &str) -> String {
    let scope = signed.scope;
    let canonical = hex(&Sha256::digest(canonical(request, &signed.headers).as_bytes()));
    let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{canonical}");
    let first = format!("AWS4{SECRET}").into_bytes();
    let key = scope.split('/').fold(first, |key, part| mac(&key, part.as_bytes()));
    hex(&mac(&key, to_sign.as_bytes()))
}

fn canonical(request: &Request, headers: &[&str]) -> String {
    let told: String = headers
        .iter()
        .map(|name| {
            let value = request.header(name).unwrap_or_default();
            let value: Vec<_> = value.split_whitespace().collect();
            format!("{name}:{}\n", value.join(" "))
        })
        .collect();
    let mut query: Vec<_> = request.query.split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    let query: Vec<_> = query
        .into_iter()
        .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
        .collect();
    format!(
        "{}\n{}\n{}\n{told}\n{}\n{}",
        request.method,
        encoded(&request.path),
        query.join("&"),
        headers.join(";"),
        hex(&Sha256::digest(&request.body))
    )
}

/// A path whose parts are encoded once more, as every service but one wants it.
fn encoded(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
