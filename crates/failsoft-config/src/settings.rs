//! Settings after the check: what the bodies run on.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use failsoft_engine::{FormId, Needs, RouteId, TargetId};
use failsoft_wire::Dialect;
use secrecy::SecretString;

use crate::Problems;
use crate::alerts::Alerts;
use crate::routing::RouteIndex;
use crate::spec::ModelSpec;
use crate::streams::Streams;
use crate::telemetry::{Log, Telemetry};

/// Everything a running failsoft needs to know.
#[derive(Debug)]
pub struct Settings {
    /// What the engine decides by.
    pub engine: Arc<failsoft_engine::Settings>,
    /// The listeners.
    pub server: Server,
    /// The record.
    pub journal: Journal,
    /// What is written to standard error.
    pub log: Log,
    /// Where traces go; `None`: nowhere.
    pub telemetry: Option<Telemetry>,
    /// Who is told when something goes wrong.
    pub alerts: Alerts,
    /// Provider entries, in the order written.
    pub providers: Vec<Provider>,
    /// Parallel to `engine.targets`.
    pub targets: Vec<TargetInfo>,
    /// Parallel to `engine.routes`. Routes people wrote come first; behind them one for each
    /// provider entry, named `provider/*`, whose single tier is that provider with the model the
    /// client asked for.
    pub routes: Vec<RouteInfo>,
    /// What works, and may surprise.
    pub warnings: Problems,
    pub(crate) index: RouteIndex,
}

/// The listeners and what they demand.
#[derive(Clone, Debug)]
pub struct Server {
    /// For clients.
    pub listen: SocketAddr,
    /// For operators; never the clients' port.
    pub admin: SocketAddr,
    /// Who may come in. `None`: anybody, and then `listen` is a loopback address.
    pub client_keys: Option<ClientKeys>,
    /// What opens the dashboard. `None`: only the link shown at the start.
    pub admin_token: Option<SecretString>,
    /// How much of a provider's words a client sees.
    pub errors: ErrorDetail,
    /// The largest request body, in bytes.
    pub max_body: usize,
    /// How long a request's head and body may take to arrive.
    pub read_timeout: Duration,
    /// How long calls in flight may go on after a stop was asked for.
    pub drain: Duration,
    /// Client connections held at once.
    pub max_connections: usize,
    /// Whether calls are counted for `/metrics`.
    pub metrics: bool,
}

/// Where the hashes of client keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKeys {
    /// Written by `failsoft keys`.
    pub file: PathBuf,
}

/// How much of a provider's words a client sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorDetail {
    /// None.
    #[default]
    Plain,
    /// The provider's words with secrets removed, for the caller's own mistakes.
    Detailed,
}

/// Where the record is kept; nowhere, if neither `path` nor `url` says so.
#[derive(Clone, Debug)]
pub struct Journal {
    /// The SQLite file.
    pub path: Option<PathBuf>,
    /// The Postgres database (`postgres://…`), instead of a file. It may hold a password.
    pub url: Option<SecretString>,
    /// How long rows are kept.
    pub keep: Duration,
    /// How many bytes the record may have; what is oldest goes first.
    pub max_size: u64,
    /// Whether each group of rows waits for the disk (survives loss of power).
    pub sync: bool,
}

/// A provider entry.
pub struct Provider {
    /// The entry's name.
    pub name: String,
    /// What is known of it.
    pub known: &'static failsoft_provider::Provider,
    /// What this endpoint speaks.
    pub dialect: Dialect,
    /// Where it is.
    pub base_url: BaseUrl,
    /// Its keys; none for servers without.
    pub keys: Vec<SecretString>,
    /// Extra headers for every request to it.
    pub headers: Vec<(String, String)>,
    /// The only authorities trusted for it, in PEM; the system's when `None`.
    pub ca_file: Option<PathBuf>,
    /// Whether private and link-local addresses may be dialled (a literal address in `base_url`
    /// always may).
    pub allow_private: bool,
    /// The region its requests are signed for, where they are signed.
    pub region: Option<String>,
    /// What it grants to each key for each model.
    pub quota: failsoft_engine::policy::Quota,
    /// What the settings say of its models, by name or pattern.
    pub(crate) models: Vec<(String, ModelSpec)>,
}

/// An address as SDKs take it, in parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaseUrl {
    /// Whether it is `https`.
    pub tls: bool,
    /// Name or address, without brackets.
    pub host: String,
    /// Always given here.
    pub port: u16,
    /// Without a slash at its end, e.g. `/v1` or nothing.
    pub path: String,
}

/// What goes over the wire for a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetInfo {
    /// `provider/model`, and `provider/*` where the client names the model.
    pub name: String,
    /// An index into `providers`.
    pub provider: usize,
    /// An index into that provider's keys; `None` when it has none.
    pub key: Option<usize>,
    /// A short fingerprint of the key, for records: never the key.
    pub credential: String,
    /// The model to ask for.
    pub model: ModelName,
}

/// The model a target is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelName {
    /// This one.
    Fixed(String),
    /// The one the client asked for.
    AsAsked,
}

/// What clients may know of a route.
#[derive(Clone, Debug)]
pub struct RouteInfo {
    /// Its name.
    pub name: String,
    /// Names that lead here too; `*` stands for any run of characters.
    pub models: Vec<String>,
    /// The dialect its first target speaks.
    pub dialect: Dialect,
    /// By the client's dialect, in the order of its numbers: what some target of it cannot do.
    pub(crate) lacking: [Needs; 6],
    /// The operator's assistant messages, when nothing else can be answered.
    pub reply: Texts,
    /// The operator's words instead of the built-in ones in errors.
    pub message: Texts,
    /// How its answers travel.
    pub streams: Streams,
}

impl RouteInfo {
    /// What some target of it cannot do for calls of this dialect. If a call asks none of it, any
    /// target will do.
    #[must_use]
    pub const fn lacking(&self, dialect: Dialect) -> Needs {
        self.lacking[dialect as usize]
    }
}

/// A dialect as the engine's word for it.
#[must_use]
pub const fn form(dialect: Dialect) -> FormId {
    FormId(dialect as u8)
}

/// A text in several languages, by language tag (`en`, `de`, `pt-BR`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(pub BTreeMap<String, String>);

/// Where a client's `model` leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteChoice {
    /// The route.
    pub route: RouteId,
    /// The name to ask `AsAsked` targets for.
    pub model: String,
}

impl Settings {
    /// Where a client's `model` leads: a route's name, a name matching a route's `models`,
    /// `provider/model`, or a bare name when one configured provider alone speaks the dialect, or
    /// there is only one at all. Of several routes one whose first target speaks it is taken.
    #[must_use]
    pub fn route_for(&self, model: &str, dialect: Dialect) -> Option<RouteChoice> {
        let (route, model) = self.index.find(model, dialect, &self.routes)?;
        Some(RouteChoice { route, model: model.to_owned() })
    }

    /// What is known of a target.
    #[must_use]
    pub fn target(&self, target: TargetId) -> Option<&TargetInfo> {
        self.targets.get(usize::from(target.0))
    }

    /// The provider entry of a target.
    #[must_use]
    pub fn provider_of(&self, target: TargetId) -> Option<&Provider> {
        self.providers.get(self.target(target)?.provider)
    }
}

impl fmt::Debug for Provider {
    /// Keys and the values of headers stay out of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.name)
            .field("known", &self.known.id)
            .field("dialect", &self.dialect)
            .field("base_url", &self.base_url)
            .field("keys", &self.keys.len())
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("ca_file", &self.ca_file)
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}
