//! What became of alerts and incidents.

use std::fmt;

use prometheus_client::metrics::MetricType;

use super::{Page, counter, gauge};
use crate::state::State;

impl Page<'_> {
    pub(super) fn alerts(&mut self, state: &State) -> fmt::Result {
        let open = state.incidents.view().open.len();
        self.one_gauge("failsoft_incidents_open", "incidents that are not over", open)?;
        self.one_counter(
            "failsoft_incidents_missed",
            "calls that no incident was looked for in, because too many failed at once",
            state.incidents.missed(),
        )?;
        let all = state.alerts.figures();
        if all.is_empty() {
            return Ok(());
        }
        let mut alerts =
            self.family("failsoft_alerts", "what became of alerts", MetricType::Counter)?;
        for (webhook, figures) in &all {
            let outcomes =
                [("sent", figures.sent), ("failed", figures.failed), ("dropped", figures.dropped)];
            for (outcome, count) in outcomes {
                let labels = [("webhook", webhook.as_str()), ("outcome", outcome)];
                counter(&mut alerts, &labels, count)?;
            }
        }
        let mut queued =
            self.family("failsoft_alerts_queued", "alerts on their way", MetricType::Gauge)?;
        for (webhook, figures) in &all {
            let waiting = i64::try_from(figures.queued).unwrap_or(i64::MAX);
            gauge(&mut queued, &[("webhook", webhook)], waiting)?;
        }
        Ok(())
    }
}
