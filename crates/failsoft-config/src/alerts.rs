//! Alerts: who is told what goes wrong, as it is written and as it is checked.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::BaseUrl;
use crate::spec::KeySpec;
use crate::units::Length;

/// Who is told when something goes wrong.
#[derive(Clone, Debug)]
pub struct Alerts {
    /// What this gateway is called in alerts.
    pub name: String,
    /// Where people find the dashboard; alerts link to it.
    pub dashboard: Option<String>,
    /// Those who are told, in the order of their names.
    pub webhooks: Vec<Webhook>,
}

/// An address that alerts are sent to.
#[derive(Clone)]
pub struct Webhook {
    /// Its name in the settings.
    pub name: String,
    /// Where it is. The path is as it was written, with its query; it may be a secret of its own.
    pub url: BaseUrl,
    /// What alerts are signed with.
    pub secret: SecretString,
    /// What it is told of.
    pub on: Vec<AlertKind>,
    /// An incident is told once so many attempts failed in it.
    pub min_failures: u64,
    /// Lost calls are told once so many were lost in a row.
    pub min_lost: u64,
    /// After the end of something was told, its return is not told for so long.
    pub cooldown: Duration,
    /// How long one alert is tried.
    pub keep_trying: Duration,
    /// The only authorities trusted for it, in PEM; the system's when `None`.
    pub ca_file: Option<PathBuf>,
    /// Whether its name may lead to private addresses.
    pub allow_private: bool,
}

/// What an alert tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// One kind of failure stands out at one target.
    Incident,
    /// A provider's key is out of use.
    KeyDisabled,
    /// Calls get no real answer.
    CallsLost,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Incident, Self::KeyDisabled, Self::CallsLost];

    /// The stable name used in settings and alerts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::KeyDisabled => "key_disabled",
            Self::CallsLost => "calls_lost",
        }
    }
}

impl fmt::Debug for Webhook {
    /// Secret and path stay out of it: many receivers put their key into the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("name", &self.name)
            .field("host", &self.url.host)
            .field("on", &self.on)
            .field("min_failures", &self.min_failures)
            .field("min_lost", &self.min_lost)
            .field("cooldown", &self.cooldown)
            .field("keep_trying", &self.keep_trying)
            .field("ca_file", &self.ca_file)
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}

/// Who is told when something goes wrong.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AlertsSpec {
    /// What this gateway is called in alerts.
    pub(crate) name: String,
    /// Where people find the dashboard; alerts link to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "base-url"))]
    pub(crate) dashboard: Option<String>,
    /// Those who are told, by name.
    pub(crate) webhooks: BTreeMap<String, WebhookSpec>,
}

/// An address that alerts are sent to.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WebhookSpec {
    /// Its address, used as it is written; `{ env = "NAME" }` or `{ file = "PATH" }` where the
    /// address itself is a secret.
    #[serde(skip_serializing)]
    pub(crate) url: Option<KeySpec>,
    /// What alerts are signed with, of 16 characters or more: `{ env = "NAME" }` or
    /// `{ file = "PATH" }`. The secret itself is taken too, with a warning.
    #[serde(skip_serializing)]
    pub(crate) secret: Option<KeySpec>,
    /// What it is told of.
    pub(crate) on: Vec<AlertKindSpec>,
    /// An incident is told once so many attempts failed in it.
    pub(crate) min_failures: u32,
    /// Lost calls are told once so many were lost in a row.
    pub(crate) min_lost: u32,
    /// After the end of something was told, its return is not told for so long.
    pub(crate) cooldown: Length,
    /// How long one alert is tried before it is given up.
    pub(crate) keep_trying: Length,
    /// A PEM file with the only certificate authorities trusted for it; relative to the settings
    /// file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<String>,
    /// Whether its name may lead to private addresses. An address written in `url` always may be
    /// private.
    pub(crate) allow_private: bool,
}

/// What an alert tells of.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertKindSpec {
    /// One kind of failure stands out at one target, and that it is over.
    Incident,
    /// A provider's key is out of use.
    KeyDisabled,
    /// Calls get no real answer, and that they do again.
    CallsLost,
}

impl From<AlertKindSpec> for AlertKind {
    fn from(spec: AlertKindSpec) -> Self {
        match spec {
            AlertKindSpec::Incident => Self::Incident,
            AlertKindSpec::KeyDisabled => Self::KeyDisabled,
            AlertKindSpec::CallsLost => Self::CallsLost,
        }
    }
}

impl Default for AlertsSpec {
    fn default() -> Self {
        Self { name: "failsoft".to_owned(), dashboard: None, webhooks: BTreeMap::new() }
    }
}

impl Default for WebhookSpec {
    /// Ten failures, because fewer pass before a person has read of them; a quarter of an hour,
    /// so that a target that flaps does not ring all night, and a receiver can be restarted.
    fn default() -> Self {
        const QUARTER: Length = Length(Duration::from_secs(15 * 60));
        Self {
            url: None,
            secret: None,
            on: vec![AlertKindSpec::Incident, AlertKindSpec::KeyDisabled, AlertKindSpec::CallsLost],
            min_failures: 10,
            min_lost: 3,
            cooldown: QUARTER,
            keep_trying: QUARTER,
            ca_file: None,
            allow_private: false,
        }
    }
}
