//! What must be true of everything that is sent.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::Kept;

/// Everything that is wrong, in words.
pub fn faults(kept: &Kept) -> Vec<String> {
    let mut faults = Vec::new();
    let mut find = |what: String, holds: bool| {
        if !holds {
            faults.push(what);
        }
    };
    for resource in &kept.resources {
        let named = text(&resource.attributes, "service.name").is_some();
        find("a resource has no service.name".to_owned(), named);
    }
    let mut known: BTreeMap<(&[u8], &[u8]), &Span> = BTreeMap::new();
    for span in &kept.spans {
        let name = format!("span {:?} {}", span.name, hex(&span.span_id));
        find(format!("{name}: trace id"), is_id(&span.trace_id, 16));
        find(format!("{name}: span id"), is_id(&span.span_id, 8));
        find(format!("{name}: sent twice"), known.insert(key(span), span).is_none());
        find(format!("{name}: time"), span.start_time_unix_nano <= span.end_time_unix_nano);
        find(format!("{name}: times are of this century"), span.start_time_unix_nano > YEAR_2001);
        find(format!("{name}: a name"), !span.name.is_empty());
        let keys: BTreeSet<&str> = span.attributes.iter().map(|it| it.key.as_str()).collect();
        find(format!("{name}: an attribute twice"), keys.len() == span.attributes.len());
        let known = keys.iter().all(|key| SPACES.iter().any(|space| key.starts_with(space)));
        find(format!("{name}: unknown attributes {keys:?}"), known);
        find(format!("{name}: {:?}", missing(span)), missing(span).is_empty());
        let wrong = span.status.as_ref().is_some_and(|status| status.code == 2);
        let typed = keys.contains("error.type");
        find(format!("{name}: an error without a type"), !wrong || typed);
    }
    for span in kept.spans.iter().filter(|span| span.kind != SpanKind::Server as i32) {
        let name = format!("span {:?} {}", span.name, hex(&span.span_id));
        let Some(parent) = known.get(&(&span.trace_id[..], &span.parent_span_id[..])) else {
            find(format!("{name}: its parent was not sent"), false);
            continue;
        };
        let inside = parent.start_time_unix_nano <= span.start_time_unix_nano
            && span.end_time_unix_nano <= parent.end_time_unix_nano;
        find(format!("{name}: reaches beyond its parent"), inside);
    }
    for log in &kept.logs {
        let name = format!("log {:?}", log.event_name);
        find(format!("{name}: no name"), log.event_name.starts_with("failsoft."));
        find(format!("{name}: no body"), log.body.is_some());
        find(format!("{name}: severity"), (1..=24).contains(&log.severity_number));
        let Some(span) = known.get(&(&log.trace_id[..], &log.span_id[..])) else {
            find(format!("{name}: belongs to no span"), false);
            continue;
        };
        let inside =
            (span.start_time_unix_nano..=span.end_time_unix_nano).contains(&log.time_unix_nano);
        find(format!("{name}: outside of its span"), inside);
    }
    faults
}

const YEAR_2001: u64 = 1_000_000_000_000_000_000;
const SPACES: [&str; 7] =
    ["http.", "url.", "server.", "user_agent.", "error.type", "gen_ai.", "failsoft."];

fn missing(span: &Span) -> Vec<&'static str> {
    let operation = text(&span.attributes, "gen_ai.operation.name").is_some();
    let required: &[&str] = match (span.kind, operation) {
        (kind, _) if kind == SpanKind::Server as i32 => {
            &["http.request.method", "url.scheme", "http.route", "failsoft.call.id"]
        }
        (kind, true) if kind == SpanKind::Client as i32 => {
            &["gen_ai.provider.name", "gen_ai.request.model", "failsoft.route", "failsoft.verdict"]
        }
        (kind, false) if kind == SpanKind::Client as i32 => &[
            "http.request.method",
            "server.address",
            "server.port",
            "url.full",
            "failsoft.attempt.why",
            "failsoft.attempt.outcome",
            "failsoft.attempt.ordinal",
        ],
        _ => &["a kind that is known"],
    };
    let has = |key: &str| span.attributes.iter().any(|it| it.key == key);
    required.iter().copied().filter(|key| !has(key)).collect()
}

fn key(span: &Span) -> (&[u8], &[u8]) {
    (&span.trace_id, &span.span_id)
}

fn is_id(bytes: &[u8], length: usize) -> bool {
    bytes.len() == length && bytes.iter().any(|byte| *byte != 0)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An attribute as text, whatever its kind.
pub fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|it| it.key == key)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        Value::BoolValue(truth) => truth.to_string(),
        other @ (Value::ArrayValue(_)
        | Value::KvlistValue(_)
        | Value::BytesValue(_)
        | Value::StringValueStrindex(_)) => format!("{other:?}"),
    })
}
