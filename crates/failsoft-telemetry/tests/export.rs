//! Calls that end, and what a collector gets to know of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

#[path = "../../failsoft-journal/tests/samples/mod.rs"]
mod samples;
mod stand_in;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use failsoft::Observer as _;
use failsoft_config::{Settings, Telemetry};
use failsoft_engine::FailureKind;
use failsoft_journal::{CallRecord, Trace};
use failsoft_telemetry::{Exporter, Pace};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use stand_in::StandIn;
use stand_in::validate::{faults, hex, text};

const SECOND: Duration = Duration::from_secs(1);
/// Stands where the collector's key stands.
const TOKEN: &str = "canary-collector-77aa";

fn settings(collector: &StandIn, protocol: &str, more: &str) -> Settings {
    let address = collector.address;
    let text = format!(
        "[telemetry]\nendpoint = \"http://{address}\"\nprotocol = \"{protocol}\"\n\
         headers = {{ x-token = \"{TOKEN}\" }}\n{more}\n\
         [providers.anthropic]\napi_key = \"none\"\n[providers.openai]\napi_key = \"none\"\n\
         [providers.groq]\napi_key = \"none\"\n\
         [providers.local]\ndialect = \"chat_completions\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
         api_key = \"none\"\n"
    );
    failsoft_config::load(&text, Path::new(""), &BTreeMap::new())
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn exporter(settings: Settings) -> Exporter {
    let pace = Pace { gather: Duration::from_millis(20), wait: Duration::from_millis(1) };
    let exporter = Exporter::paced(settings.telemetry.as_ref().unwrap(), "here", pace).unwrap();
    exporter.adopt(Arc::new(settings));
    exporter
}

fn told(calls: impl IntoIterator<Item = CallRecord>, exporter: &Exporter) {
    calls.into_iter().for_each(|call| exporter.ended(&Arc::new(call)));
}

/// Spans with a value for an attribute.
fn with<'a>(spans: &'a [Span], key: &str, value: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| text(&span.attributes, key).as_deref() == Some(value)).collect()
}

#[tokio::test]
async fn both_protocols_bring_whole_traces_and_the_logs_that_belong_to_them() {
    for protocol in ["http", "grpc"] {
        let collector = StandIn::start().await;
        let exporter = exporter(settings(&collector, protocol, ""));
        let calls = [
            samples::healthy("call_A", 1_000),
            samples::rescued("call_B", 20_000),
            samples::broken("call_C", 60_000, FailureKind::ServerError),
            samples::resumed("call_D", 90_000),
        ];
        told(calls, &exporter);
        exporter.close(10 * SECOND).await;
        let health = exporter.health();
        assert_eq!((health.dropped, health.lost, health.queued, health.failing), (0, 0, 0, false));
        collector.look(|kept| {
            assert_eq!(faults(kept), [""; 0], "{protocol}");
            assert_eq!(kept.heads[0]["x-token"], TOKEN);
            assert!(!String::from_utf8_lossy(&kept.bytes).contains(TOKEN));
            assert_eq!(health.sent, (kept.spans.len() + kept.logs.len()) as u64);
            rescue_is_told(kept);
        });
    }
}

fn rescue_is_told(kept: &stand_in::Kept) {
    let of_call = with(&kept.spans, "failsoft.call.id", "call_B");
    let spans: Vec<Span> = of_call.into_iter().cloned().collect();
    assert_eq!(spans.len(), 5, "a request, a call, three attempts");
    let call = with(&spans, "gen_ai.operation.name", "chat")[0];
    let attributes = |key: &str| text(&call.attributes, key).unwrap_or_default();
    assert_eq!(call.name, "chat assistant");
    assert_eq!(attributes("failsoft.verdict"), "served");
    assert_eq!(attributes("failsoft.attempts"), "3");
    assert_eq!(attributes("failsoft.route"), "assistant");
    assert_eq!(attributes("gen_ai.provider.name"), "local");
    assert_eq!(attributes("server.port"), "9");
    assert_eq!(attributes("gen_ai.usage.output_tokens"), "210");
    assert_eq!(attributes("error.type"), "");
    assert!(spans.iter().all(|span| span.trace_id == call.trace_id));
    for (ordinal, resend, why, outcome, error) in [
        ("0", None, "first", "failed", Some("529")),
        ("1", Some("1"), "failover", "cancelled", None),
        ("2", Some("2"), "patience", "succeeded", None),
    ] {
        let attempt = with(&spans, "failsoft.attempt.ordinal", ordinal)[0];
        let attributes = |key: &str| text(&attempt.attributes, key);
        assert_eq!(attempt.parent_span_id, call.span_id);
        assert_eq!(attributes("http.request.resend_count").as_deref(), resend);
        assert_eq!(attributes("failsoft.attempt.why").as_deref(), Some(why));
        assert_eq!(attributes("failsoft.attempt.outcome").as_deref(), Some(outcome));
        assert_eq!(attributes("error.type").as_deref(), error);
    }
    let names = kept
        .logs
        .iter()
        .filter(|log| text(&log.attributes, "failsoft.call.id").as_deref() == Some("call_B"));
    let names: Vec<&str> = names.map(|log| log.event_name.as_str()).collect();
    assert_eq!(
        names,
        [
            "failsoft.attempt.failed",
            "failsoft.breaker.changed",
            "failsoft.throttled",
            "failsoft.refused",
            "failsoft.barred",
            "failsoft.barred",
        ]
    );
    let healthy = with(&kept.spans, "failsoft.call.id", "call_A");
    assert_eq!(healthy.len(), 3);
}

#[tokio::test]
async fn the_clients_trace_goes_on_and_its_wish_is_kept() {
    let collector = StandIn::start().await;
    let exporter = exporter(settings(&collector, "http", "sample = 0"));
    let trace = |sampled| Some(Trace { id: 0xabc, parent: Some(0x77), sampled });
    let mut wished = samples::healthy("call_A", 1_000);
    wished.facts.trace = trace(true);
    let mut unwished = samples::healthy("call_B", 2_000);
    unwished.facts.trace = trace(false);
    let mut eventful = samples::rescued("call_C", 3_000);
    eventful.facts.trace = trace(false);
    told([wished, unwished, samples::healthy("call_D", 4_000), eventful], &exporter);
    exporter.close(10 * SECOND).await;
    collector.look(|kept| {
        assert_eq!(faults(kept), [""; 0]);
        let requests = kept.spans.iter().filter(|span| span.kind == SpanKind::Server as i32);
        let requests: Vec<&Span> = requests.collect();
        let calls: Vec<_> =
            requests.iter().map(|span| text(&span.attributes, "failsoft.call.id")).collect();
        assert_eq!(calls, [Some("call_A".to_owned()), Some("call_C".to_owned())]);
        for request in requests {
            assert_eq!(hex(&request.trace_id), format!("{:032x}", 0xabc));
            assert_eq!(hex(&request.parent_span_id), format!("{:016x}", 0x77));
            assert_eq!(request.flags, 0x301, "sampled, and the parent lies elsewhere");
        }
    });
}

#[tokio::test]
async fn a_collector_that_fails_is_tried_again_and_then_given_up() {
    for (protocol, later, never) in [("http", 503, 400), ("grpc", 14, 3)] {
        let collector = StandIn::start().await;
        let exporter = exporter(settings(&collector, protocol, ""));
        collector.refuse(&[later, later]);
        told([samples::healthy("call_A", 1_000)], &exporter);
        collector.until(|kept| kept.spans.len() == 3).await;
        collector.refuse(&[never]);
        told([samples::healthy("call_B", 2_000)], &exporter);
        collector.until(|kept| kept.refusals.is_empty()).await;
        collector.refuse(&[later; 5]);
        told([samples::healthy("call_C", 3_000)], &exporter);
        collector.until(|kept| kept.refusals.is_empty()).await;
        told([samples::healthy("call_D", 4_000)], &exporter);
        exporter.close(60 * SECOND).await;
        let health = exporter.health();
        assert_eq!((health.sent, health.lost, health.failures), (6, 6, 8), "{protocol}");
        assert!(!health.failing);
    }
}

#[tokio::test]
async fn a_collector_that_is_gone_costs_calls_nothing_and_is_counted() {
    let collector = StandIn::start().await;
    let mut settings = settings(&collector, "http", "");
    // Nobody listens there.
    let telemetry = settings.telemetry.as_mut().unwrap();
    telemetry.endpoint.port = 1;
    let exporter = exporter(settings);
    for n in 0..20_000 {
        told([samples::healthy("call_A", n)], &exporter);
    }
    let health = exporter.health();
    assert!(health.dropped > 20_000 - 8192 - 512 && health.queued <= 8192, "{health:?}");
    exporter.close(Duration::ZERO).await;
}

#[tokio::test]
async fn newest_names_are_opted_into() {
    let collector = StandIn::start().await;
    let mut settings = settings(&collector, "http", "");
    let telemetry: &mut Telemetry = settings.telemetry.as_mut().unwrap();
    telemetry.names = failsoft_config::GenAiNames::Latest;
    let exporter = exporter(settings);
    told([samples::healthy("call_A", 1_000)], &exporter);
    exporter.close(10 * SECOND).await;
    collector.look(|kept| {
        let call = with(&kept.spans, "gen_ai.operation.name", "chat")[0];
        let attribute = |key| text(&call.attributes, key);
        assert_eq!(attribute("gen_ai.request.stream").as_deref(), Some("true"));
        assert_eq!(attribute("gen_ai.response.time_to_first_chunk").as_deref(), Some("0.3"));
    });
}

#[test]
fn every_name_is_documented() {
    let document = include_str!("../../../docs/observability.md");
    let names = include_str!("../src/names.rs").lines().filter_map(|line| line.split('"').nth(1));
    let untold: Vec<&str> = names
        .filter(|name| !document.contains(&format!("`{name}`")))
        .filter(|name| !name.starts_with("gen_ai.usage."))
        .collect();
    assert_eq!(untold, [""; 0]);
}
