//! Where a connection leads: a host, how it is secured, and which of its addresses may be dialled.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use failsoft_config::BaseUrl;
use http::header::HeaderValue;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

/// A host that is connected to.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) secure: Secure,
    /// `host:port` as the `Host` header wants it.
    pub(crate) authority: HeaderValue,
    /// The setting that names it, for people.
    pub(crate) setting: &'static str,
    allow_private: bool,
}

/// Whether, and how, the connection is secured.
#[derive(Debug)]
pub(crate) enum Secure {
    No,
    Tls { config: Arc<ClientConfig>, name: ServerName<'static> },
}

/// What is trusted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trust<'a> {
    /// The only authorities; the system's when `None`.
    pub(crate) ca_file: Option<&'a Path>,
    /// Whether the host's name may lead to private addresses.
    pub(crate) allow_private: bool,
}

/// Why nothing can be connected to.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// The host cannot stand in a header.
    Host,
    /// TLS cannot be set up.
    Tls(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "its address has no usable host",
            Self::Tls(words) => words,
        })
    }
}

impl Origin {
    pub(crate) fn new(
        url: &BaseUrl,
        setting: &'static str,
        trust: Trust<'_>,
    ) -> Result<Self, Unusable> {
        Ok(Self {
            host: url.host.clone(),
            port: url.port,
            secure: secure(url, setting, trust.ca_file)?,
            authority: authority(url).ok_or(Unusable::Host)?,
            setting,
            allow_private: trust.allow_private,
        })
    }

    /// Whether this address may be dialled. One that is written down always may; a name may lead
    /// to a private one only where the settings say so, and never to a cloud's metadata service.
    pub(crate) fn may_dial(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        let inside = self.allow_private || !is_private(ip);
        self.host.parse::<IpAddr>().is_ok() || (inside && !is_link_local(ip))
    }
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

fn secure(
    url: &BaseUrl,
    setting: &'static str,
    ca_file: Option<&Path>,
) -> Result<Secure, Unusable> {
    if !url.tls {
        return Ok(Secure::No);
    }
    let name = ServerName::try_from(url.host.clone()).map_err(|_| {
        Unusable::Tls(format!("its {setting} has no host a certificate could name"))
    })?;
    // The crypto provider is always named: with two in a program's graph rustls cannot choose.
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Unusable::Tls(error.to_string()))?;
    let mut config = match ca_file {
        Some(path) => {
            let roots = roots(path).map_err(|error| {
                Unusable::Tls(format!("cannot use ca_file {}: {error}", path.display()))
            })?;
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        None => {
            use rustls_platform_verifier::BuilderVerifierExt as _;
            let verified = builder
                .with_platform_verifier()
                .map_err(|error| Unusable::Tls(error.to_string()))?;
            verified.with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Secure::Tls { config: Arc::new(config), name })
}

fn roots(path: &Path) -> Result<RootCertStore, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(host: &str, allow_private: bool) -> Origin {
        let url = BaseUrl { tls: false, host: host.to_owned(), port: 1, path: String::new() };
        Origin::new(&url, "url", Trust { ca_file: None, allow_private }).unwrap()
    }

    #[test]
    fn a_name_may_not_lead_inside_and_never_to_metadata() {
        for (host, allow_private, address, may) in [
            ("api.example", false, "93.184.216.34", true),
            ("api.example", false, "10.0.0.8", false),
            ("api.example", false, "127.0.0.1", false),
            ("api.example", false, "::ffff:10.0.0.8", false),
            ("api.example", false, "100.64.0.1", false),
            ("api.example", false, "fd00::1", false),
            ("api.example", true, "10.0.0.8", true),
            ("api.example", true, "169.254.169.254", false),
            ("api.example", true, "::ffff:169.254.169.254", false),
            ("api.example", true, "fe80::1", false),
            ("10.0.0.8", false, "10.0.0.8", true),
            ("169.254.169.254", false, "169.254.169.254", true),
        ] {
            let origin = origin(host, allow_private);
            let said = format!("{host} {allow_private} {address}");
            assert_eq!(origin.may_dial(address.parse().unwrap()), may, "{said}");
        }
    }
}
