//! Vertex AI. Every project and location has an address of its own:
//! `https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/LOCATION/publishers/google`.

use failsoft_engine::Cancel;
use failsoft_wire::Dialect;

use crate::classify::rule::Quirks;
use crate::provider::{Auth, Provider};

pub(crate) static PROVIDER: Provider = Provider {
    id: "vertex",
    trace_name: Some("gcp.vertex_ai"),
    dialect: Dialect::GenerateContent,
    speaks: &[Dialect::GenerateContent],
    base_url: None,
    // An OAuth token. With an API key (express mode) the service is reached as `gemini`, at
    // `https://aiplatform.googleapis.com/v1/publishers/google`.
    auth: Auth::Bearer,
    key_env: Some("GOOGLE_ACCESS_TOKEN"),
    default_headers: &[],
    models: include_str!("models.txt"),
    quirks: Quirks { cancel: Cancel::Billed, ..Quirks::NONE },
};
