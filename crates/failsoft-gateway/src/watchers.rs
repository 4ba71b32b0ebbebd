//! Those who watch the calls: each is an observer, and none of them can slow a call.

use std::net::SocketAddr;
use std::sync::Arc;

use failsoft::{Failsoft, Observer, Seen};
use failsoft_config::Settings;
use failsoft_engine::Event;
use failsoft_journal::CallRecord;
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

    /// Those of them the settings want, as one. Without metrics and without receivers of alerts
    /// nothing is counted.
    pub(crate) fn observer(&self, settings: &Settings) -> Arc<dyn Observer> {
        let metrics = settings.server.metrics;
        let incidents = metrics || !settings.alerts.webhooks.is_empty();
        Arc::new(Wanted {
            witness: Arc::clone(&self.witness),
            metrics: metrics.then(|| Arc::clone(&self.metrics)),
            incidents: incidents.then(|| Arc::clone(&self.incidents)),
            exporter: self.exporter.clone(),
        })
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

/// Those the settings want. As one, because most events concern few of them, and the compiler sees
/// which if it knows them all.
struct Wanted {
    witness: Arc<Witness>,
    metrics: Option<Arc<Metrics>>,
    incidents: Option<Arc<Incidents>>,
    exporter: Option<Arc<Exporter>>,
}

impl Observer for Wanted {
    fn observe(&self, seen: &Seen<'_>, event: &Event) {
        self.witness.observe(seen, event);
        if let Some(metrics) = &self.metrics {
            metrics.observe(seen, event);
        }
        if let Some(incidents) = &self.incidents {
            incidents.observe(seen, event);
        }
        if let Some(exporter) = &self.exporter {
            exporter.observe(seen, event);
        }
    }

    fn ended(&self, call: &Arc<CallRecord>) {
        self.witness.ended(call);
        if let Some(metrics) = &self.metrics {
            metrics.ended(call);
        }
        if let Some(incidents) = &self.incidents {
            incidents.ended(call);
        }
        if let Some(exporter) = &self.exporter {
            exporter.ended(call);
        }
    }
}
