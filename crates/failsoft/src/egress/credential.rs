//! How a key gets into a request: as a header, or as a signature over it.

use std::time::SystemTime;

use failsoft_config::{BaseUrl, Provider};
use failsoft_provider::Auth;
use failsoft_provider::sign::{self, SigningKey, Unsigned};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Uri};
use secrecy::{ExposeSecret as _, SecretString};

use super::request::Slices;

/// One key of a provider entry, ready for use. It goes nowhere but to that entry's address.
#[derive(Debug)]
pub(crate) enum Credential {
    /// A header that is marked sensitive.
    Header(HeaderName, HeaderValue),
    /// Every request is signed.
    Signing(Signing),
}

/// What a signature is made with.
#[derive(Debug)]
pub(crate) struct Signing {
    access_key_id: String,
    secret: SecretString,
    session_token: Option<SecretString>,
    region: String,
    service: &'static str,
}

impl Credential {
    /// The credentials of a provider entry, by key. `None` if one has characters no header can
    /// carry.
    pub(crate) fn all(provider: &Provider) -> Option<Vec<Self>> {
        let one = |key: &SecretString| match provider.known.auth {
            Auth::Bearer => bearer(key).map(Some),
            Auth::Header(name) => {
                header(HeaderName::from_static(name), key.expose_secret().to_owned()).map(Some)
            }
            Auth::SigV4 { service } => Signing::new(key, service, provider)
                .map(Self::Signing)
                .or_else(|| bearer(key))
                .map(Some),
            Auth::None => Some(None),
        };
        let all: Option<Vec<_>> = provider.keys.iter().map(one).collect();
        Some(all?.into_iter().flatten().collect())
    }

    /// Puts itself into a request's headers. The body is final, and so is the path.
    pub(crate) fn apply(&self, headers: &mut HeaderMap, uri: &Uri, body: &Slices) {
        match self {
            Self::Header(name, value) => _ = headers.insert(name, value.clone()),
            Self::Signing(signing) => signing.apply(headers, uri, body),
        }
    }
}

fn bearer(key: &SecretString) -> Option<Credential> {
    header(AUTHORIZATION, format!("Bearer {}", key.expose_secret()))
}

fn header(name: HeaderName, text: String) -> Option<Credential> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(Credential::Header(name, value))
}

impl Signing {
    /// Of a key written `ACCESS_KEY_ID:SECRET` or `ACCESS_KEY_ID:SECRET:SESSION_TOKEN`.
    fn new(key: &SecretString, service: &'static str, provider: &Provider) -> Option<Self> {
        let mut parts = key.expose_secret().splitn(3, ':');
        let (access_key_id, secret) = (parts.next()?.to_owned(), parts.next()?);
        Some(Self {
            access_key_id,
            secret: secret.into(),
            session_token: parts.next().map(SecretString::from),
            region: provider.region.clone().unwrap_or_else(|| region_of(&provider.base_url)),
            service,
        })
    }

    fn apply(&self, headers: &mut HeaderMap, uri: &Uri, body: &Slices) {
        let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        let request = Unsigned {
            method: "POST",
            host: host.unwrap_or_default(),
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
            payload_sha256: &sign::sha256(body.parts()),
        };
        let key = SigningKey {
            access_key_id: &self.access_key_id,
            secret: self.secret.expose_secret(),
            session_token: self.session_token.as_ref().map(|token| token.expose_secret()),
            region: &self.region,
            service: self.service,
        };
        for (name, text) in sign::sign(&request, &key, SystemTime::now()) {
            if let Ok(mut value) = HeaderValue::try_from(text) {
                value.set_sensitive(true);
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// The region in a host such as `bedrock-runtime.eu-west-1.amazonaws.com`.
fn region_of(url: &BaseUrl) -> String {
    let labels: Vec<&str> = url.host.split('.').collect();
    let region = labels.iter().find(|label| {
        let digit = label.ends_with(|last: char| last.is_ascii_digit());
        digit && label.matches('-').count() >= 2
    });
    (*region.unwrap_or(&"us-east-1")).to_owned()
}
