//! What was rescued, what was wasted, how those who watch are doing, and the calls behind figures.

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::EncodeMetric as _;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

use super::super::exemplar::Rows;
use super::super::series::{Histogram, RouteSeries, TargetSeries};
use super::super::{Metrics, lock};
use super::{Page, counter};
use crate::state::State;

impl Page<'_> {
    pub(super) fn rescues(&mut self, routes: &[Arc<RouteSeries>]) -> fmt::Result {
        let mut attempts = self.family(
            "failsoft_call_attempts",
            "calls that have ended, by the attempts they made",
            MetricType::Counter,
        )?;
        for route in routes {
            for (made, count) in RouteSeries::ATTEMPTS.iter().zip(&route.attempts) {
                let labels = [("route", route.name.as_str()), ("attempts", made)];
                counter(&mut attempts, &labels, count.value())?;
            }
        }
        let mut rescued = self.family(
            "failsoft_rescued",
            "calls answered although their first attempt was not, or their stream broke off",
            MetricType::Counter,
        )?;
        for route in routes {
            for (how, count) in RouteSeries::RESCUES.iter().zip(&route.rescued) {
                counter(&mut rescued, &[("route", &route.name), ("how", how)], count.value())?;
            }
        }
        Ok(())
    }

    pub(super) fn wasted(&mut self, targets: &[Arc<TargetSeries>]) -> fmt::Result {
        let mut tokens = self.family(
            "failsoft_wasted_tokens",
            "tokens of attempts that brought no answer, as far as they are known",
            MetricType::Counter,
        )?;
        for target in targets {
            for (direction, count) in ["input", "output"].iter().zip(&target.wasted) {
                let labels = [("target", target.name.as_str()), ("direction", direction)];
                counter(&mut tokens, &labels, count.value())?;
            }
        }
        let mut cost = self.family(
            "failsoft_wasted_dollars",
            "estimated cost of attempts that brought no answer, where prices are known",
            MetricType::Counter,
        )?;
        for target in targets {
            #[expect(clippy::cast_precision_loss, reason = "dollars for a graph")]
            let dollars = target.wasted[2].value() as f64 / 1e9;
            let labels: &super::Labels<'_> = &[("target", &target.name)];
            ConstCounter::new(dollars).encode(cost.encode_family(&labels)?)?;
        }
        Ok(())
    }

    pub(super) fn watching(&mut self, state: &State) -> fmt::Result {
        self.one_counter(
            "failsoft_log_left_out",
            "lines the log left out in a storm",
            state.witness.left_out(),
        )?;
        let Some(exporter) = &state.exporter else { return Ok(()) };
        let health = exporter.health();
        self.one_gauge("failsoft_telemetry_queued", "calls waiting to be sent", health.queued)?;
        self.one_counter(
            "failsoft_telemetry_dropped",
            "calls that found the queue of traces full",
            health.dropped,
        )?;
        self.one_counter(
            "failsoft_telemetry_failures",
            "tries to send traces or logs that failed",
            health.failures,
        )?;
        self.one_gauge(
            "failsoft_telemetry_failing",
            "whether the last try failed",
            u64::from(health.failing),
        )?;
        let mut records = self.family(
            "failsoft_telemetry_records",
            "spans and log records, by what became of them",
            MetricType::Counter,
        )?;
        for (outcome, count) in
            [("sent", health.sent), ("rejected", health.rejected), ("lost", health.lost)]
        {
            counter(&mut records, &[("outcome", outcome)], count)?;
        }
        Ok(())
    }
}

/// The calls behind latencies and failures.
pub(super) fn examples(metrics: &Metrics) -> Rows {
    let mut rows = Rows::new();
    let register = lock(&metrics.register);
    for route in register.routes.values() {
        let label = format!("route=\"{}\"", route.name);
        of_histogram(&mut rows, "failsoft_call_duration_seconds", &label, &route.duration);
        of_histogram(
            &mut rows,
            "failsoft_call_first_content_seconds",
            &label,
            &route.first_content,
        );
    }
    for target in register.targets.values() {
        let label = format!("target=\"{}\"", target.name);
        let name = "failsoft_attempt_first_content_seconds";
        of_histogram(&mut rows, name, &label, &target.first_content);
        for ((why, outcome), exemplar) in lock(&target.failed).iter() {
            let why = TargetSeries::WHYS[*why].as_str();
            let outcome = TargetSeries::outcome(*outcome);
            let row =
                format!("failsoft_attempts_total{{{label},why=\"{why}\",outcome=\"{outcome}\"}}");
            rows.insert(row, exemplar.text());
        }
    }
    rows
}

fn of_histogram(rows: &mut Rows, name: &str, label: &str, histogram: &Histogram) {
    for (bound, exemplar) in histogram.exemplars() {
        rows.insert(format!("{name}_bucket{{le=\"{bound}\",{label}}}"), exemplar.text());
    }
}
