//! The text that `/metrics` answers, in the OpenMetrics format.

mod alerts;
mod watching;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use failsoft::{RouteBudgets, TargetStatus};
use failsoft_engine::BreakerState;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::exemplar::stamped;
use super::series::{Count, Histogram, RouteSeries, Tally, TargetSeries};
use super::{Metrics, lock};
use crate::state::State;
use watching::examples;

/// Everything that is known, as text.
pub(crate) fn exposition(state: &Arc<State>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(Arc::clone(state))));
    let mut out = String::with_capacity(16 * 1024);
    text::encode(&mut out, &registry)?;
    let exemplars = examples(&state.metrics);
    Ok(if exemplars.is_empty() { out } else { stamped(&out, &exemplars) })
}

struct Scrape(Arc<State>);

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        let metrics = &self.0.metrics;
        let (routes, targets) = {
            let register = lock(&metrics.register);
            let routes: Vec<_> = register.routes.values().cloned().collect();
            let targets: Vec<_> = register.targets.values().cloned().collect();
            (routes, targets)
        };
        page.routes(&routes)?;
        page.rescues(&routes)?;
        page.targets(&targets)?;
        page.wasted(&targets)?;
        page.tallies(metrics)?;
        page.status(&self.0.failsoft.targets())?;
        page.budgets(&self.0.failsoft.budgets())?;
        page.alerts(&self.0)?;
        page.watching(&self.0)?;
        page.gateway(&self.0)
    }
}

struct Page<'a>(DescriptorEncoder<'a>);

type Labels<'a> = [(&'static str, &'a str)];

impl Page<'_> {
    fn routes(&mut self, routes: &[Arc<RouteSeries>]) -> fmt::Result {
        let mut calls =
            self.family("failsoft_calls", "calls that have ended", MetricType::Counter)?;
        for route in routes {
            for (outcome, count) in RouteSeries::OUTCOMES.iter().zip(&route.calls) {
                let labels = [("route", route.name.as_str()), ("outcome", outcome)];
                counter(&mut calls, &labels, count.value())?;
            }
        }
        let mut failures = self.family(
            "failsoft_call_failures",
            "calls that got no real answer, by the failure that says most",
            MetricType::Counter,
        )?;
        for route in routes {
            for (kind, count) in failsoft_engine::FailureKind::ALL.iter().zip(&route.failures) {
                let labels = [("route", route.name.as_str()), ("kind", kind.as_str())];
                seen(&mut failures, &labels, count)?;
            }
        }
        self.histograms(
            "failsoft_call_duration_seconds",
            "from arrival to verdict",
            routes.iter().map(|route| ("route", route.name.as_str(), &route.duration)),
        )?;
        self.histograms(
            "failsoft_call_first_content_seconds",
            "from arrival to the first content a client gets",
            routes.iter().map(|route| ("route", route.name.as_str(), &route.first_content)),
        )
    }

    fn targets(&mut self, targets: &[Arc<TargetSeries>]) -> fmt::Result {
        let mut attempts =
            self.family("failsoft_attempts", "attempts that have ended", MetricType::Counter)?;
        for target in targets {
            for (why, outcomes) in TargetSeries::WHYS.iter().zip(&target.attempts) {
                for (place, count) in outcomes.iter().enumerate() {
                    let outcome = TargetSeries::outcome(place);
                    let labels = [
                        ("target", target.name.as_str()),
                        ("why", why.as_str()),
                        ("outcome", outcome),
                    ];
                    seen(&mut attempts, &labels, count)?;
                }
            }
        }
        self.histograms(
            "failsoft_attempt_first_content_seconds",
            "from an attempt's start to its first content",
            targets.iter().map(|target| ("target", target.name.as_str(), &target.first_content)),
        )?;
        let mut changes = self.family(
            "failsoft_breaker_changes",
            "changes of a breaker, by its new state",
            MetricType::Counter,
        )?;
        for target in targets {
            for (to, count) in TargetSeries::STATES.iter().zip(&target.breaker_changes) {
                let labels = [("target", target.name.as_str()), ("to", to.as_str())];
                counter(&mut changes, &labels, count.value())?;
            }
        }
        let mut throttled = self.family(
            "failsoft_throttled",
            "times a target asked to be left alone",
            MetricType::Counter,
        )?;
        for target in targets {
            counter(&mut throttled, &[("target", &target.name)], target.throttled.value())?;
        }
        Ok(())
    }

    fn tallies(&mut self, metrics: &Metrics) -> fmt::Result {
        self.tally("failsoft_waits", "waits before an attempt", "cause", &metrics.waits)?;
        self.tally(
            "failsoft_refusals",
            "extra attempts that would have been useful and were not made",
            "reason",
            &metrics.refusals,
        )?;
        self.tally(
            "failsoft_bars",
            "looks at a target that could not take an attempt",
            "reason",
            &metrics.bars,
        )?;
        self.tally(
            "failsoft_disabled",
            "keys and models put out of use",
            "kind",
            &metrics.disabled,
        )?;
        self.tally(
            "failsoft_refused_at_door",
            "requests refused before they were calls",
            "reason",
            &metrics.at_door,
        )
    }

    /// Targets that share a name are the keys of a pool: each state counts the keys in it.
    fn status(&mut self, targets: &[TargetStatus]) -> fmt::Result {
        let mut pools: BTreeMap<&str, Pool> = BTreeMap::new();
        for target in targets {
            let pool = pools.entry(&target.name).or_default();
            pool.states[target.breaker as usize] += 1;
            pool.limit += target.limit.map_or(0, i64::from);
            pool.in_flight += i64::from(target.in_flight);
            pool.throttled += i64::from(target.throttled_millis > 0);
            pool.out_of_use += i64::from(target.disabled_millis > 0 || !target.enabled);
        }
        let mut states = self.family(
            "failsoft_breaker_state",
            "keys of the target whose breaker is in this state",
            MetricType::Gauge,
        )?;
        for (name, pool) in &pools {
            for (state, count) in TargetSeries::STATES.iter().zip(pool.states) {
                gauge(&mut states, &[("target", name), ("state", state.as_str())], count)?;
            }
        }
        self.pools(
            "failsoft_limit",
            "attempts the target may hold at once; 0 where that is unbounded",
            &pools,
            |pool| pool.limit,
        )?;
        self.pools("failsoft_in_flight", "attempts the target holds", &pools, |pool| {
            pool.in_flight
        })?;
        self.pools(
            "failsoft_throttled_now",
            "keys of the target that asked to be left alone",
            &pools,
            |pool| pool.throttled,
        )?;
        self.pools(
            "failsoft_out_of_use_now",
            "keys of the target that are out of use",
            &pools,
            |pool| pool.out_of_use,
        )
    }

    fn budgets(&mut self, routes: &[RouteBudgets]) -> fmt::Result {
        let mut left = self.family(
            "failsoft_budget_left",
            "extra attempts that the route's budget of a kind would allow now",
            MetricType::Gauge,
        )?;
        for route in routes {
            let kinds = [
                ("retry", route.left.retry_milli),
                ("failover", route.left.failover_milli),
                ("resume", route.left.resume_milli),
                ("hedge", route.left.hedge_milli),
            ];
            for (kind, milli) in kinds {
                let labels: &Labels<'_> = &[("route", &route.name), ("kind", kind)];
                #[expect(clippy::cast_precision_loss, reason = "a gauge for a graph")]
                ConstGauge::new(milli as f64 / 1e3).encode(left.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn pools(
        &mut self,
        name: &str,
        help: &str,
        pools: &BTreeMap<&str, Pool>,
        value: impl Fn(&Pool) -> i64,
    ) -> fmt::Result {
        let mut family = self.family(name, help, MetricType::Gauge)?;
        for (target, pool) in pools {
            gauge(&mut family, &[("target", target)], value(pool))?;
        }
        Ok(())
    }

    fn gateway(&mut self, state: &State) -> fmt::Result {
        let metrics = &state.metrics;
        self.one_gauge("failsoft_connections", "client connections", state.clients.open())?;
        self.one_gauge(
            "failsoft_calls_in_flight",
            "calls that have begun and not ended",
            state.failsoft.calls_in_flight(),
        )?;
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        self.one_gauge("failsoft_tasks", "tasks of the runtime that have not ended", tasks)?;
        self.one_gauge(
            "failsoft_config_generation",
            "settings that were put in force since the start",
            state.reloads.generation(),
        )?;
        self.one_counter(
            "failsoft_config_reload_failures",
            "settings that were not put in force",
            metrics.reload_failures.value(),
        )?;
        self.one_counter(
            "failsoft_panics",
            "calls that ended in a panic of our own",
            metrics.panics.value(),
        )?;
        if let Some(journal) = state.failsoft.journal() {
            self.one_counter("failsoft_journal_written", "records written", journal.written)?;
            self.one_gauge("failsoft_journal_queued", "records waiting", journal.queued)?;
            self.one_gauge(
                "failsoft_journal_failing",
                "whether the last write failed",
                u64::from(journal.failing),
            )?;
            let mut dropped =
                self.family("failsoft_journal_dropped", "records given up", MetricType::Counter)?;
            counter(&mut dropped, &[("calls", "healthy")], journal.dropped_healthy)?;
            counter(&mut dropped, &[("calls", "failed")], journal.dropped_failed)?;
        }
        let mut build = self.family("failsoft_build_info", "what is running", MetricType::Gauge)?;
        gauge(&mut build, &[("version", env!("CARGO_PKG_VERSION"))], 1)
    }

    fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }

    fn one_gauge(&mut self, name: &str, help: &str, value: impl TryInto<i64>) -> fmt::Result {
        let value = ConstGauge::new(value.try_into().unwrap_or(i64::MAX));
        value.encode(self.family(name, help, MetricType::Gauge)?)
    }

    fn one_counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        ConstCounter::new(value).encode(self.family(name, help, MetricType::Counter)?)
    }

    fn tally<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        tally: &Tally<N>,
    ) -> fmt::Result {
        let mut family = self.family(name, help, MetricType::Counter)?;
        for (value, count) in tally.values() {
            counter(&mut family, &[(label, value)], count)?;
        }
        Ok(())
    }

    fn histograms<'h>(
        &mut self,
        name: &str,
        help: &str,
        all: impl Iterator<Item = (&'static str, &'h str, &'h Histogram)>,
    ) -> fmt::Result {
        let mut family = self.family(name, help, MetricType::Histogram)?;
        for (label, value, histogram) in all {
            let (sum, count, buckets) = histogram.read();
            family
                .encode_family(&[(label, value)])?
                .encode_histogram::<[(&str, &str); 0]>(sum, count, &buckets, None)?;
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Pool {
    states: [i64; TargetSeries::STATES.len()],
    limit: i64,
    in_flight: i64,
    throttled: i64,
    out_of_use: i64,
}

fn counter(family: &mut MetricEncoder<'_>, labels: &Labels<'_>, value: u64) -> fmt::Result {
    ConstCounter::new(value).encode(family.encode_family(&labels)?)
}

/// Rows of a large table that never counted anything are left out.
fn seen(family: &mut MetricEncoder<'_>, labels: &Labels<'_>, count: &Count) -> fmt::Result {
    match count.value() {
        0 => Ok(()),
        some => counter(family, labels, some),
    }
}

fn gauge(family: &mut MetricEncoder<'_>, labels: &Labels<'_>, value: i64) -> fmt::Result {
    ConstGauge::new(value).encode(family.encode_family(&labels)?)
}

/// Keeps the order of states the one their numbers have.
const _: () = assert!(BreakerState::HalfOpen as usize == 2);
