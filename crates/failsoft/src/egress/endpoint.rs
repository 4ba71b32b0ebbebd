//! One provider entry as the way out sees it: address, credentials, connections.

use std::net::IpAddr;
use std::sync::Arc;

use failsoft_config::{BaseUrl, Provider};
use failsoft_provider::Auth;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;

use super::pool::Pool;
use crate::StartError;

/// A provider entry: where it is and how to get in.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) url: BaseUrl,
    pub(crate) known: &'static failsoft_provider::Provider,
    pub(crate) secure: Secure,
    /// `host:port` as the `Host` header wants it.
    pub(crate) authority: HeaderValue,
    /// The path requests go to.
    pub(crate) path: http::uri::PathAndQuery,
    /// Headers for every request, unless the client sent its own.
    pub(crate) defaults: Vec<(HeaderName, HeaderValue)>,
    /// Headers the operator set; they stand above the client's.
    pub(crate) fixed: Vec<(HeaderName, HeaderValue)>,
    /// The credential header for each key, marked sensitive. They go nowhere but here.
    pub(crate) credentials: Vec<(HeaderName, HeaderValue)>,
    pub(crate) pool: Pool,
    allow_private: bool,
}

/// Whether, and how, the connection is secured.
#[derive(Debug)]
pub(crate) enum Secure {
    No,
    Tls { config: Arc<ClientConfig>, name: ServerName<'static> },
}

impl Endpoint {
    pub(crate) fn new(provider: &Provider) -> Result<Self, StartError> {
        let url = provider.base_url.clone();
        let wrong =
            |what: &str| StartError::Provider(format!("provider `{}`: {what}", provider.name));
        let path = format!("{}{}", url.path, provider.known.endpoint(provider.dialect));
        Ok(Self {
            secure: secure(provider)?,
            authority: authority(&url).ok_or_else(|| wrong("its base_url has no usable host"))?,
            path: path.parse().map_err(|_| wrong("its base_url has no usable path"))?,
            defaults: provider
                .known
                .default_headers
                .iter()
                .map(|(name, value)| {
                    (HeaderName::from_static(name), HeaderValue::from_static(value))
                })
                .collect(),
            fixed: fixed(provider).ok_or_else(|| wrong("one of its headers is not valid"))?,
            credentials: credentials(provider)
                .ok_or_else(|| wrong("a key has characters that no header can carry"))?,
            known: provider.known,
            pool: Pool::default(),
            allow_private: provider.allow_private || url.host.parse::<IpAddr>().is_ok(),
            url,
        })
    }

    /// Whether this address may be dialled for this entry: never a cloud's metadata service
    /// behind a public name.
    pub(crate) fn may_dial(&self, ip: IpAddr) -> bool {
        self.allow_private || !is_link_local(ip)
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_unicast_link_local() || ip.is_unspecified(),
    }
}

fn authority(url: &BaseUrl) -> Option<HeaderValue> {
    let host = if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
    let usual = if url.tls { 443 } else { 80 };
    let text = if url.port == usual { host } else { format!("{host}:{}", url.port) };
    HeaderValue::try_from(text).ok()
}

fn fixed(provider: &Provider) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let parse = |(name, value): &(String, String)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    };
    provider.headers.iter().map(parse).collect()
}

fn credentials(provider: &Provider) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let header = |key: &secrecy::SecretString| {
        let (name, text) = match provider.known.auth {
            Auth::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose_secret())),
            Auth::Header(name) => (HeaderName::from_static(name), key.expose_secret().to_owned()),
            Auth::None => return Some(None),
        };
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(Some((name, value)))
    };
    let all: Option<Vec<_>> = provider.keys.iter().map(header).collect();
    Some(all?.into_iter().flatten().collect())
}

fn secure(provider: &Provider) -> Result<Secure, StartError> {
    if !provider.base_url.tls {
        return Ok(Secure::No);
    }
    let wrong = |what: String| StartError::Tls(format!("provider `{}`: {what}", provider.name));
    let name = ServerName::try_from(provider.base_url.host.clone())
        .map_err(|_| wrong("its base_url has no host a certificate could name".to_owned()))?;
    // The crypto provider is always named: with two in a program's graph rustls cannot choose.
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(error.to_string()))?;
    let mut config = match &provider.ca_file {
        Some(path) => {
            let mut roots = RootCertStore::empty();
            let unreadable = |error: &dyn std::fmt::Display| {
                wrong(format!("cannot use ca_file {}: {error}", path.display()))
            };
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        None => {
            use rustls_platform_verifier::BuilderVerifierExt as _;
            let verified =
                builder.with_platform_verifier().map_err(|error| wrong(error.to_string()))?;
            verified.with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Secure::Tls { config: Arc::new(config), name })
}
