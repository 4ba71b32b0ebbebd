//! How a receiver knows that an alert is ours, whole, and of now.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use super::matter::Message;

const SIGNATURE: HeaderName = HeaderName::from_static("x-failsoft-signature");
const ALERT: HeaderName = HeaderName::from_static("x-failsoft-alert");
const ATTEMPT: HeaderName = HeaderName::from_static("x-failsoft-attempt");
const AGENT: &str = concat!("failsoft/", env!("CARGO_PKG_VERSION"));

/// The headers an alert goes out with. `now` in seconds since 1970, `attempt` from 1.
pub(crate) fn headers(
    message: &Message,
    secret: &SecretString,
    (now, attempt): (u64, u32),
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ATTEMPT, HeaderValue::from(attempt));
    let texts = [(ALERT, message.id.clone()), (SIGNATURE, signature(secret, now, &message.body))];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    headers
}

/// `t=SECONDS,v1=HEX`: the second part is the HMAC-SHA-256 of `SECONDS.BODY`.
pub(crate) fn signature(secret: &SecretString, now: u64, body: &[u8]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("any length");
    mac.update(format!("{now}.").as_bytes());
    mac.update(body);
    let code: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={now},v1={code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `printf '1700000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef`.
    #[test]
    fn a_signature_is_what_other_tools_make_of_it() {
        let secret = SecretString::from("0123456789abcdef");
        let signed = signature(&secret, 1_700_000_000, b"{}");
        assert_eq!(
            signed,
            "t=1700000000,v1=e4f8e2ecae2295b2ddb2f0b5584c8275e226c0ebe9b3b819e70156bb67122e3e"
        );
    }
}
