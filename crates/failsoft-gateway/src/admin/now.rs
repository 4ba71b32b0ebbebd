//! How everything is at this moment, as one document: what the dashboard's first page shows.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use failsoft::{RouteBudgets, TargetStatus};
use failsoft_engine::BreakerState;
use serde_json::{Map, Value, json};

use super::figures::{STEP, STEPS, Step, Window};
use super::incidents::shown as incident;
use crate::metrics::{RouteFigures, Snapshot, TargetFigures, outcome_name};
use crate::state::{Phase, State};

/// Over so many steps calls a second are counted.
const PACE: usize = 2;

/// The document.
pub(super) fn now(state: &State) -> Value {
    let counted = count(state);
    let window = state.operators.figures.window(&counted, Instant::now());
    json!({
        "at_ms": unix_ms(),
        "started_ms": state.started * 1000,
        "version": env!("CARGO_PKG_VERSION"),
        "phase": phase(state),
        "calls": calls(state, &window),
        "targets": targets(state, &window),
        "routes": routes(state, &window),
        "incidents": state.incidents.view().open.iter().map(|one| incident(one, true)).collect::<Value>(),
        "spend": { "in_vain_nanos": wasted(&window) },
        "journal": journal(state),
        "journal_problem": state.failsoft.journal_problem(),
        "counting": state.failsoft.settings().server.metrics,
        "exporters": exporters(state),
        "settings": {
            "generation": state.reloads.generation(),
            "problems": state.reloads.problems(),
        },
    })
}

/// How the record is doing; nothing without one.
pub(super) fn journal(state: &State) -> Option<Value> {
    let journal = state.failsoft.journal()?;
    Some(json!({
        "written": journal.written,
        "queued": journal.queued,
        "dropped_healthy": journal.dropped_healthy,
        "dropped_failed": journal.dropped_failed,
        "failing": journal.failing,
        "trouble": state.failsoft.journal_trouble(),
    }))
}

/// Those who tell others what happens, and how that goes.
fn exporters(state: &State) -> Value {
    let traces = state.exporter.as_ref().map(|exporter| {
        let health = exporter.health();
        let given_up = health.dropped + health.lost + health.rejected;
        json!({
            "name": "Traces",
            "failing": health.failing,
            "words": format!(
                "{} sent, {} waiting, {given_up} given up", health.sent, health.queued
            ),
        })
    });
    let alerts = state.alerts.figures().into_iter().map(|(webhook, figures)| {
        let given_up = figures.failed + figures.dropped;
        json!({
            "name": format!("Alerts to {webhook}"),
            "failing": given_up > 0,
            "words": format!(
                "{} sent, {} on their way, {given_up} given up", figures.sent, figures.queued
            ),
        })
    });
    traces.into_iter().chain(alerts).collect()
}

/// All counters, as they are now.
pub(super) fn count(state: &State) -> Snapshot {
    state.metrics.snapshot()
}

fn wasted(window: &Window) -> u64 {
    window.sum.targets.values().fold(0, |sum, target| sum.saturating_add(target.wasted_nanos))
}

/// Every target, as scripts read it.
pub(super) fn states(state: &State) -> Value {
    state.failsoft.targets().iter().map(|target| Value::Object(status(target))).collect()
}

fn status(target: &TargetStatus) -> Map<String, Value> {
    let usable = target.enabled
        && target.breaker == BreakerState::Closed
        && target.disabled_millis == 0
        && target.throttled_millis == 0;
    let pairs = [
        ("id", json!(target.target.0)),
        ("name", json!(target.name)),
        ("credential", json!(target.credential)),
        ("usable", json!(usable)),
        ("breaker", json!(target.breaker.as_str())),
        ("open_ms", json!(target.open_millis)),
        ("limit", json!(target.limit)),
        ("in_flight", json!(target.in_flight)),
        ("throttled_ms", json!(target.throttled_millis)),
        ("disabled_ms", json!(target.disabled_millis)),
        ("enabled", json!(target.enabled)),
        (
            "quota_left_milli",
            json!({
                "requests": target.quota.requests.left_milli,
                "tokens": target.quota.tokens.left_milli,
            }),
        ),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn calls(state: &State, window: &Window) -> Value {
    let verdicts = window.sum.calls();
    let rescues: u64 = window.sum.targets.values().map(|target| target.rescues).sum();
    let mut all = RouteFigures::default();
    window.sum.routes.values().for_each(|route| all += route);
    let columns: Vec<_> = window.steps.iter().map(Step::calls).collect();
    json!({
        "in_flight": state.failsoft.calls_in_flight(),
        "per_second": pace(window, |step| step.calls().iter().sum()),
        "window_s": window.sum.took.as_secs(),
        "outcomes": outcomes(verdicts),
        "rescues": rescues,
        "first_content": spread(&all),
        "columns": { "step_s": STEP.as_secs(), "most": STEPS, "calls": columns },
    })
}

fn targets(state: &State, window: &Window) -> Value {
    let nothing = TargetFigures::default();
    let targets = state.failsoft.targets().into_iter().map(|target| {
        let figures = window.sum.targets.get(&target.name).unwrap_or(&nothing);
        let mut shown = status(&target);
        let [succeeded, cancelled, failed @ ..] = &figures.attempts;
        let kinds = failed.iter().enumerate().filter(|(_, count)| **count > 0);
        let kinds: Map<String, Value> =
            kinds.map(|(at, count)| (outcome_name(at + 2).to_owned(), json!(count))).collect();
        let columns: Vec<[u64; 2]> =
            window.steps.iter().map(|step| column(step, &target)).collect();
        for (name, value) in [
            ("succeeded", json!(succeeded)),
            ("cancelled", json!(cancelled)),
            ("failed", json!(failed.iter().sum::<u64>())),
            ("kinds", Value::Object(kinds)),
            ("first_content", quantiles(&figures.first_content)),
            ("in_vain_nanos", json!(figures.wasted_nanos)),
            ("columns", json!(columns)),
        ] {
            shown.insert(name.to_owned(), value);
        }
        Value::Object(shown)
    });
    targets.collect()
}

/// Attempts of one step: all that ended, and those that failed.
fn column(step: &Step, target: &TargetStatus) -> [u64; 2] {
    let Some(figures) = step.targets.get(&target.name) else { return [0, 0] };
    let [_, _, failed @ ..] = &figures.attempts;
    [figures.attempts.iter().sum(), failed.iter().sum()]
}

fn routes(state: &State, window: &Window) -> Value {
    let nothing = RouteFigures::default();
    let routes = state.failsoft.budgets().into_iter().map(|route| {
        let figures = window.sum.routes.get(&route.name).unwrap_or(&nothing);
        let calls = |step: &Step| step.routes.get(&route.name).map_or(0, |f| f.calls.iter().sum());
        json!({
            "name": route.name,
            "per_second": pace(window, calls),
            "outcomes": outcomes(figures.calls),
            "first_content": spread(figures),
            "budgets_left_milli": budgets(&route),
        })
    });
    routes.collect()
}

fn budgets(route: &RouteBudgets) -> Value {
    json!({
        "retry": route.left.retry_milli,
        "failover": route.left.failover_milli,
        "resume": route.left.resume_milli,
        "hedge": route.left.hedge_milli,
    })
}

fn outcomes(calls: [u64; 5]) -> Value {
    let [served, resumed, degraded, failed, cancelled] = calls;
    json!({
        "served": served,
        "resumed": resumed,
        "degraded": degraded,
        "failed": failed,
        "cancelled": cancelled,
    })
}

fn spread(figures: &RouteFigures) -> Value {
    quantiles(&figures.first_content)
}

fn quantiles(spread: &crate::metrics::Spread) -> Value {
    json!({
        "count": spread.count(),
        "p50_ms": spread.quantile(500),
        "p99_ms": spread.quantile(990),
    })
}

/// So many a second, over the last steps.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn pace(window: &Window, calls: impl Fn(&Step) -> u64) -> f64 {
    let last = window.steps.iter().rev().take(PACE);
    let (calls, took) = last
        .fold((0, 0.0), |(all, took), step| (all + calls(step), took + step.took.as_secs_f64()));
    if took > 0.0 { calls as f64 / took } else { 0.0 }
}

fn phase(state: &State) -> &'static str {
    match *state.phase.borrow() {
        Phase::Serving => "serving",
        Phase::Draining => "draining",
        Phase::Ending => "ending",
    }
}

/// Milliseconds since 1970.
pub(super) fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
