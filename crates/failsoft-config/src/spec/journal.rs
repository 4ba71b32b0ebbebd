//! Where the record is kept, as people write it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choice::Short;
use crate::units::{Length, Size};

/// Where the record of calls is kept.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JournalSpec {
    /// Whether a record is kept.
    pub(crate) enabled: bool,
    /// The file; relative to the settings file.
    pub(crate) path: String,
    /// A Postgres database that several gateways share, instead of the file:
    /// `"postgres://USER@HOST/DATABASE"`, or where it is written: `{ env = "NAME" }`,
    /// `{ file = "PATH" }`.
    #[serde(skip_serializing)]
    pub(crate) url: Option<UrlSpec>,
    /// How long rows are kept.
    pub(crate) keep: Length,
    /// How large the record may grow; what is oldest goes first.
    pub(crate) max_size: Size,
    /// Whether rows wait for the disk: slower, and nothing is lost when the power fails.
    pub(crate) sync: bool,
}

/// The address of a database, or where it is written: it may hold a password.
pub(crate) type UrlSpec = Short<String, UrlPlaceSpec>;

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UrlPlaceSpec {
    /// The environment variable that holds the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<String>,
    /// The file that holds nothing but the address; relative to the settings file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
}

impl Default for JournalSpec {
    /// A month: long enough to see a pattern, short enough for a laptop. A gigabyte holds some ten
    /// million healthy calls, or a million that failed, and no disk is filled by it unasked.
    fn default() -> Self {
        Self {
            enabled: true,
            path: "failsoft.db".to_owned(),
            url: None,
            keep: Length(std::time::Duration::from_secs(30 * 86_400)),
            max_size: Size(1_000_000_000),
            sync: false,
        }
    }
}
