//! Those who watch the calls: each is an observer, and none of them can slow a call.

use std::net::SocketAddr;
use std::sync::Arc;

use failsoft::{Failsoft, Observer};
use failsoft_config::Settings;
use failsoft_telemetry::{Exporter, TlsError};

use crate::incidents::Incidents;
use crate::metrics::Metrics;
use crate::witness::Witness;

/// Those who watch the calls.
pub(crate) struct Watchers {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) incidents: Arc<Incidents>,
    pub(crate) witness: Arc<Witness>,
    /// Sends traces, if the settings say where to.
    pub(crate) exporter: Option<Arc<Exporter>>,
}

impl Watchers {
    /// Makes them for a gateway whose clients connect at `address`.
    ///
    /// # Errors
    /// When the exporter's certificates cannot be used.
    pub(crate) fn new(settings: &Settings, address: SocketAddr) -> Result<Self, TlsError> {
        let metrics = Arc::new(Metrics::new());
        metrics.adopt(settings);
        let incidents = Arc::new(Incidents::new());
        incidents.adopt(settings);
        let exporter = match &settings.telemetry {
            Some(telemetry) => {
                let instance = format!("{address} {}", std::process::id());
                Some(Arc::new(Exporter::start(telemetry, &instance)?))
            }
            None => None,
        };
        Ok(Self { metrics, incidents, witness: Arc::new(Witness::default()), exporter })
    }

    /// Those of them the settings want. Without metrics and without receivers of alerts nothing is
    /// counted.
    pub(crate) fn observers(&self, settings: &Settings) -> Vec<Arc<dyn Observer>> {
        let mut observers: Vec<Arc<dyn Observer>> = vec![Arc::clone(&self.witness) as _];
        if settings.server.metrics {
            observers.push(Arc::clone(&self.metrics) as _);
        }
        if settings.server.metrics || !settings.alerts.webhooks.is_empty() {
            observers.push(Arc::clone(&self.incidents) as _);
        }
        observers.extend(self.exporter.iter().map(|exporter| Arc::clone(exporter) as _));
        observers
    }

    /// Lets the exporter decide which calls are traced.
    pub(crate) fn trace(&self, failsoft: &Failsoft) {
        let settings = failsoft.settings();
        if let (Some(exporter), Some(telemetry)) = (&self.exporter, settings.telemetry.clone()) {
            exporter.adopt(settings);
            failsoft.trace_calls(Some(Arc::new(move |trace| telemetry.samples(trace))));
        }
    }
}
