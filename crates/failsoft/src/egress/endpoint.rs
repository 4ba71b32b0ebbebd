//! One provider entry as the way out sees it: address, credentials, connections.

use std::net::IpAddr;
use std::sync::Arc;

use failsoft_config::{BaseUrl, Provider};
use failsoft_engine::Delivery;
use failsoft_wire::Dialect;
use http::header::{HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use super::credential::Credential;
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
    /// The dialect it speaks, and the path of its calls where no model stands in it.
    usual: (Dialect, PathAndQuery),
    /// Headers for every request, unless the client sent its own.
    pub(crate) defaults: Vec<(HeaderName, HeaderValue)>,
    /// Headers the operator set; they stand above the client's.
    pub(crate) fixed: Vec<(HeaderName, HeaderValue)>,
    /// One for each key. They go nowhere but here.
    pub(crate) credentials: Vec<Credential>,
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
        let path = path(&url, provider.known, &Address::new(provider.dialect, "", Delivery::Plain));
        Ok(Self {
            secure: secure(provider)?,
            authority: authority(&url).ok_or_else(|| wrong("its base_url has no usable host"))?,
            usual: (
                provider.dialect,
                path.ok_or_else(|| wrong("its base_url has no usable path"))?,
            ),
            defaults: provider
                .known
                .default_headers
                .iter()
                .map(|(name, value)| {
                    (HeaderName::from_static(name), HeaderValue::from_static(value))
                })
                .collect(),
            fixed: fixed(provider).ok_or_else(|| wrong("one of its headers is not valid"))?,
            credentials: Credential::all(provider)
                .ok_or_else(|| wrong("a key has characters that no header can carry"))?,
            known: provider.known,
            pool: Pool::default(),
            allow_private: provider.allow_private,
            url,
        })
    }

    /// The path a call goes to. `None` if the model's name cannot stand in one.
    pub(crate) fn path(&self, address: &Address<'_>) -> Option<PathAndQuery> {
        let (dialect, path_of_all) = &self.usual;
        let named = matches!(dialect, Dialect::GenerateContent | Dialect::BedrockConverse);
        if address.dialect == *dialect && !named {
            return Some(path_of_all.clone());
        }
        path(&self.url, self.known, address)
    }

    /// Whether this address may be dialled for this entry. One that is written down always may;
    /// a name may lead to a private one only where the settings say so, and never to a cloud's
    /// metadata service.
    pub(crate) fn may_dial(&self, ip: IpAddr) -> bool {
        let host = self.url.host.as_str();
        let ip = ip.to_canonical();
        let inside = self.allow_private || !is_private(ip);
        host.parse::<IpAddr>().is_ok() || (inside && !is_link_local(ip))
    }
}

/// What the path of a call depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'a> {
    dialect: Dialect,
    model: &'a str,
    delivery: Delivery,
}

impl<'a> Address<'a> {
    pub(crate) const fn new(dialect: Dialect, model: &'a str, delivery: Delivery) -> Self {
        Self { dialect, model, delivery }
    }
}

fn path(
    url: &BaseUrl,
    known: &failsoft_provider::Provider,
    address: &Address<'_>,
) -> Option<PathAndQuery> {
    let streamed = address.delivery == Delivery::Streamed;
    format!("{}{}", url.path, known.path(address.dialect, address.model, streamed)).parse().ok()
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_unicast_link_local() || ip.is_unspecified(),
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        // 100.64.0.0/10 is shared address space (RFC 6598).
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            ip.is_private() || ip.is_loopback() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_loopback(),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn endpoint(host: &str, more: &str) -> Endpoint {
        let text = format!(
            "[providers.p]\ndialect = \"messages\"\nbase_url = \"http://{host}:1\"\napi_key = \"none\"\n{more}\n[routes.r]\ntiers = [[\"p/m\"]]"
        );
        let settings = failsoft_config::load(&text, Path::new("/"), &BTreeMap::new()).unwrap();
        Endpoint::new(&settings.providers[0]).unwrap()
    }

    #[test]
    fn a_name_may_not_lead_inside_and_never_to_metadata() {
        for (host, more, address, may) in [
            ("api.example", "", "93.184.216.34", true),
            ("api.example", "", "10.0.0.8", false),
            ("api.example", "", "127.0.0.1", false),
            ("api.example", "", "::ffff:10.0.0.8", false),
            ("api.example", "", "100.64.0.1", false),
            ("api.example", "", "fd00::1", false),
            ("api.example", "allow_private = true", "10.0.0.8", true),
            ("api.example", "allow_private = true", "169.254.169.254", false),
            ("api.example", "allow_private = true", "::ffff:169.254.169.254", false),
            ("api.example", "allow_private = true", "fe80::1", false),
            ("localhost", "", "127.0.0.1", true),
            ("localhost", "", "::1", true),
            ("10.0.0.8", "", "10.0.0.8", true),
            ("169.254.169.254", "", "169.254.169.254", true),
        ] {
            let endpoint = endpoint(host, more);
            assert_eq!(endpoint.may_dial(address.parse().unwrap()), may, "{host} {more} {address}");
        }
    }
}
