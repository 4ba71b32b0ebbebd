//! What the door goes by: read from the settings once, swapped whole on a reload.

use std::path::{Path, PathBuf};
use std::time::Duration;

use failsoft_config::Settings;
use failsoft_config::client_keys::ClientKeyFile;
use http::{HeaderMap, header};

use crate::models::names_for_clients;

/// What the door goes by.
#[derive(Debug)]
pub(crate) struct Door {
    /// The largest body.
    pub(crate) max_body: usize,
    /// How long a head, and a body, may take to arrive.
    pub(crate) read_timeout: Duration,
    /// Client connections held at once.
    pub(crate) max_connections: usize,
    /// Names clients can ask for.
    pub(crate) models: Vec<String>,
    keys: Option<ClientKeyFile>,
}

/// The client keys' file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot use the client keys in {path}: {reason}; create one with `failsoft keys create NAME`"
)]
pub(crate) struct NoKeys {
    path: PathBuf,
    reason: String,
}

impl Door {
    /// Reads what the settings say, and the keys' file if they name one.
    pub(crate) fn open(settings: &Settings) -> Result<Self, NoKeys> {
        let keys = settings.server.client_keys.as_ref();
        Ok(Self {
            max_body: settings.server.max_body,
            read_timeout: settings.server.read_timeout,
            max_connections: settings.server.max_connections.max(1),
            models: names_for_clients(settings),
            keys: keys.map(|keys| load(&keys.file)).transpose()?,
        })
    }

    /// Whether this caller may come in. It touches nothing but memory.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(keys) = &self.keys else { return true };
        bearer(headers)
            .or_else(|| headers.get("x-api-key")?.to_str().ok())
            .or_else(|| headers.get("x-goog-api-key")?.to_str().ok())
            .is_some_and(|key| keys.verify(key).is_some())
    }
}

fn load(path: &Path) -> Result<ClientKeyFile, NoKeys> {
    ClientKeyFile::load(path)
        .map_err(|error| NoKeys { path: path.to_owned(), reason: error.to_string() })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
