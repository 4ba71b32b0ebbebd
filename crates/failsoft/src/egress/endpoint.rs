//! One provider entry as the way out sees it: address, credentials, connections.

use failsoft_config::Provider;
use failsoft_engine::Delivery;
use failsoft_wire::Dialect;
use http::header::{HeaderName, HeaderValue};
use http::uri::PathAndQuery;

use super::credential::Credential;
use super::origin::{Origin, Trust, Unusable};
use super::pool::Pool;
use crate::StartError;

/// A provider entry: where it is and how to get in.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) origin: Origin,
    pub(crate) known: &'static failsoft_provider::Provider,
    /// Where paths begin.
    base_path: String,
    /// The dialect it speaks, and the path of its calls where no model stands in it.
    usual: (Dialect, PathAndQuery),
    /// Headers for every request, unless the client sent its own.
    pub(crate) defaults: Vec<(HeaderName, HeaderValue)>,
    /// Headers the operator set; they stand above the client's.
    pub(crate) fixed: Vec<(HeaderName, HeaderValue)>,
    /// One for each key. They go nowhere but here.
    pub(crate) credentials: Vec<Credential>,
    pub(crate) pool: Pool,
}

impl Endpoint {
    pub(crate) fn new(provider: &Provider) -> Result<Self, StartError> {
        let url = &provider.base_url;
        let words = |what: &str| format!("provider `{}`: {what}", provider.name);
        let wrong = |what: &str| StartError::Provider(words(what));
        let address = Address::new(provider.dialect, "", Delivery::Plain);
        let path = path(&url.path, provider.known, &address);
        let ca_file = provider.ca_file.as_deref();
        let trust = Trust { ca_file, allow_private: provider.allow_private };
        let origin = Origin::new(url, "base_url", trust).map_err(|fault| match fault {
            Unusable::Tls(what) => StartError::Tls(words(&what)),
            Unusable::Host => wrong("its base_url has no usable host"),
        })?;
        Ok(Self {
            origin,
            base_path: url.path.clone(),
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
        })
    }

    /// The path a call goes to. `None` if the model's name cannot stand in one.
    pub(crate) fn path(&self, address: &Address<'_>) -> Option<PathAndQuery> {
        let (dialect, path_of_all) = &self.usual;
        let named = matches!(dialect, Dialect::GenerateContent | Dialect::BedrockConverse);
        if address.dialect == *dialect && !named {
            return Some(path_of_all.clone());
        }
        path(&self.base_path, self.known, address)
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
    base: &str,
    known: &failsoft_provider::Provider,
    address: &Address<'_>,
) -> Option<PathAndQuery> {
    let streamed = address.delivery == Delivery::Streamed;
    format!("{base}{}", known.path(address.dialect, address.model, streamed)).parse().ok()
}

fn fixed(provider: &Provider) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let parse = |(name, value): &(String, String)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    };
    provider.headers.iter().map(parse).collect()
}
