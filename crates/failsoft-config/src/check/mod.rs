//! From what was written to what the program runs on. Each section has a file.

mod alerts;
mod hedging;
mod journal;
mod keys;
mod providers;
mod routes;
mod server;
mod telemetry;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use journal::check as check_journal;
pub(crate) use server::address;

use crate::report::{At, say};
use crate::spec::Spec;
use crate::{Problems, Settings};

/// What checks may look at besides the text.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// What relative paths are relative to.
    pub(crate) folder: &'a Path,
    pub(crate) env: &'a BTreeMap<String, String>,
}

impl Surroundings<'_> {
    pub(crate) fn path(&self, written: &str) -> PathBuf {
        self.folder.join(written)
    }
}

fn check_any_provider(providers: &providers::Checked, at: &At<'_>) {
    if providers.names.is_empty() {
        let known = failsoft_provider::ALL.iter().filter(|known| known.base_url.is_some());
        let known: Vec<&str> = known.map(|known| known.id).collect();
        at.error(say("there are no providers").hint(format!(
            "write [providers.NAME]; these names bring their address: {}",
            known.join(", ")
        )));
    } else if providers.usable.is_empty() && !at.report.has_errors() {
        at.error(
            say("none of the providers can be used").hint("set the key of at least one of them"),
        );
    }
}

/// Checks everything; what came of it is only good when nothing was reported as an error.
pub(crate) fn check(spec: Spec, at: &At<'_>, around: Surroundings<'_>) -> Settings {
    let server = server::check(spec.server, &at.key("server"), around);
    let journal = journal::check(&spec.journal, &at.key("journal"), around);
    let log = telemetry::check_log(&spec.log);
    let telemetry = telemetry::check(spec.telemetry, &at.key("telemetry"), around);
    let alerts = alerts::check(spec.alerts, &at.key("alerts"), around);
    let used = routes::used_providers(&spec.routes);
    let providers = providers::check(spec.providers, &used, &at.key("providers"), around);
    check_any_provider(&providers, &at.key("providers"));
    let built = routes::check(spec.routes, spec.policy, &providers, at);
    let index = crate::routing::RouteIndex::new(&built.routes, built.written, &providers.usable);
    Settings {
        engine: Arc::new(failsoft_engine::Settings {
            routes: built.engine_routes,
            targets: built.engine_targets,
        }),
        server,
        journal,
        log,
        telemetry,
        alerts,
        providers: providers.usable,
        targets: built.targets,
        routes: built.routes,
        warnings: Problems::default(),
        index,
    }
}
