//! A call as spans: the request, the logical operation with all its attempts, and one for each
//! attempt.

use std::time::Duration;

use failsoft_config::{BaseUrl, GenAiNames, Provider, Settings};
use failsoft_engine::{CancelReason, Delivery, FailureKind, Outcome, Verdict};
use failsoft_journal::{attempt_span, call_span, request_span};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use crate::attributes::Attributes;
use crate::names;
use crate::told::{Leg, Told};

/// The trace is sampled, and it is known whether the parent lies elsewhere.
const FLAGS: u32 = 0x101;
/// The parent lies in another process.
const REMOTE: u32 = 0x200;

/// What spans are written with beside the call.
pub(crate) struct Around<'a> {
    /// Where the providers of the settings in force are.
    pub(crate) settings: Option<&'a Settings>,
    pub(crate) names: GenAiNames,
}

impl Around<'_> {
    fn provider(&self, leg: &Leg<'_>) -> Option<&Provider> {
        let entry = &leg.name?.provider;
        self.settings?.providers.iter().find(|provider| provider.name == *entry)
    }

    /// What the conventions call a target's provider.
    fn provider_name<'n>(&'n self, leg: &'n Leg<'_>) -> Option<&'n str> {
        let named = self.provider(leg).and_then(|provider| provider.known.trace_name);
        named.or_else(|| Some(leg.name?.provider.as_str()))
    }
}

/// The spans of a call, the outermost first.
pub(crate) fn spans(told: &Told<'_>, around: &Around<'_>) -> Vec<Span> {
    let mut spans = vec![request(told), call(told, around)];
    spans.extend(told.legs.iter().map(|leg| attempt(told, leg, around)));
    spans
}

fn request(told: &Told<'_>) -> Span {
    let facts = &told.record.facts;
    let route = http_route(facts.dialect);
    let status = Some(facts.status).filter(|status| *status > 0);
    let broken = status.filter(|status| *status >= 500).map(|status| status.to_string());
    let attributes = Attributes::default()
        .text(names::METHOD, "POST")
        .text(names::URL_SCHEME, "http")
        .maybe_text(names::ROUTE, route)
        .maybe_text(names::URL_PATH, route.filter(|route| !route.contains('{')))
        .maybe_number(names::STATUS, status)
        .maybe_text(names::USER_AGENT, facts.client.as_deref())
        .maybe_text(names::ERROR_TYPE, broken.as_deref())
        .text(names::CALL_ID, &facts.id);
    let parent = told.trace.parent;
    Span {
        span_id: bytes(request_span(told.call)),
        parent_span_id: parent.map(bytes).unwrap_or_default(),
        flags: if parent.is_some() { FLAGS | REMOTE } else { FLAGS },
        name: route.map_or_else(|| "POST".to_owned(), |route| format!("POST {route}")),
        kind: SpanKind::Server.into(),
        attributes: attributes.into_list(),
        status: broken.map(|_| error("")),
        ..whole(told)
    }
}

fn call(told: &Told<'_>, around: &Around<'_>) -> Span {
    let facts = &told.record.facts;
    let operation = operation(facts.dialect);
    let failed = match told.verdict {
        Some(Verdict::Failed { kind, .. } | Verdict::Degraded { kind }) => Some(kind.as_str()),
        Some(Verdict::Served { .. } | Verdict::Resumed { .. } | Verdict::Cancelled) | None => None,
    };
    let answer = told.answer();
    let place = answer.and_then(|leg| around.provider(leg)).map(|provider| &provider.base_url);
    let usage = answer.and_then(Leg::usage);
    let mut attributes = Attributes::default()
        .text(names::OPERATION, operation)
        .text(
            names::PROVIDER,
            answer.and_then(|leg| around.provider_name(leg)).unwrap_or("failsoft"),
        )
        .text(names::REQUEST_MODEL, &facts.model)
        .maybe_number(names::INPUT_TOKENS, usage.map(|usage| usage.input))
        .maybe_number(names::OUTPUT_TOKENS, usage.map(|usage| usage.output))
        .maybe_text(names::ADDRESS, place.map(|place| place.host.as_str()))
        .maybe_number(names::PORT, place.map(|place| place.port))
        .maybe_text(names::ERROR_TYPE, failed)
        .text(names::CALL_ID, &facts.id)
        .maybe_text(names::CALL_ROUTE, told.route)
        .maybe_text(names::CALL_DELIVERY, told.delivery.map(delivery))
        .maybe_text(names::CALL_PROFILE, told.profile.map(failsoft_engine::Profile::as_str))
        .maybe_text(names::CALL_VERDICT, told.verdict.map(Verdict::as_str))
        .number(names::CALL_ATTEMPTS, told.legs.len())
        .maybe_text(names::CALL_TAG, facts.tag.as_deref())
        .maybe_text(names::TARGET, answer.and_then(|leg| Some(leg.name?.name.as_str())))
        .count(names::CLIENT_RETRIES, facts.client_retries)
        .count(names::PROMPT_TOKENS, facts.prompt_tokens)
        .number(names::REQUEST_BYTES, facts.request_bytes)
        .maybe_seconds(names::WAITED, Some(told.waited).filter(|waited| !waited.is_zero()))
        .maybe_seconds(names::FIRST_CONTENT, told.first_content())
        .maybe_dollars(names::COST, cost(told.legs.iter()))
        .maybe_dollars(names::COST_WASTED, cost(told.legs.iter().filter(|leg| is_wasted(leg))));
    if around.names == GenAiNames::Latest {
        attributes = attributes
            .truth(names::REQUEST_STREAM, told.delivery == Some(Delivery::Streamed))
            .maybe_seconds(names::FIRST_CHUNK, told.first_content());
    }
    Span {
        span_id: bytes(call_span(told.call)),
        parent_span_id: bytes(request_span(told.call)),
        name: format!("{operation} {}", facts.model),
        kind: SpanKind::Client.into(),
        attributes: attributes.into_list(),
        status: failed.map(error),
        ..whole(told)
    }
}

fn attempt(told: &Told<'_>, leg: &Leg<'_>, around: &Around<'_>) -> Span {
    let facts = leg.facts;
    let provider = around.provider(leg);
    let place = provider.map(|provider| &provider.base_url);
    let status = facts.and_then(|facts| facts.status);
    let failure = match leg.outcome {
        Some(Outcome::Failed(failure)) => Some(failure),
        Some(Outcome::Succeeded(_) | Outcome::Cancelled { .. }) | None => None,
    };
    let stopped = match leg.outcome {
        Some(Outcome::Cancelled { reason, .. }) => Some(reason),
        Some(Outcome::Succeeded(_) | Outcome::Failed(_)) | None => None,
    };
    let late = stopped.is_some_and(|reason| reason == CancelReason::TimedOut);
    let wrong = failure.map(|failure| failure.kind).or(late.then_some(FailureKind::Timeout));
    let error_type = wrong.map(|kind| match status {
        Some(status @ 400..) => status.to_string(),
        Some(_) | None => kind.as_str().to_owned(),
    });
    let usage = leg.usage();
    let attributes = Attributes::default()
        .text(names::METHOD, "POST")
        .maybe_number(names::STATUS, status)
        .count(names::RESEND_COUNT, leg.id.ordinal)
        .maybe_text(names::ADDRESS, place.map(|place| place.host.as_str()))
        .maybe_number(names::PORT, place.map(|place| place.port))
        .maybe_text(names::URL_FULL, provider.map(|it| url(told, leg, it)).as_deref())
        .maybe_text(names::ERROR_TYPE, error_type.as_deref())
        .maybe_text(names::PROVIDER, around.provider_name(leg))
        .maybe_text(names::REQUEST_MODEL, facts.map(|facts| facts.model.as_str()))
        .maybe_number(names::INPUT_TOKENS, usage.map(|usage| usage.input))
        .maybe_number(names::OUTPUT_TOKENS, usage.map(|usage| usage.output))
        .text(names::CALL_ID, &told.record.facts.id)
        .maybe_text(names::TARGET, leg.name.map(|target| target.name.as_str()))
        .maybe_text(names::CREDENTIAL, leg.name.map(|target| target.credential.as_str()))
        .number(names::ORDINAL, leg.id.ordinal)
        .text(names::WHY, leg.why.as_str())
        .text(names::OUTCOME, leg.ending())
        .maybe_text(names::KIND, wrong.map(FailureKind::as_str))
        .maybe_text(names::PHASE, failure.map(|failure| phase(failure.phase)))
        .maybe_text(names::CODE, leg.code())
        .maybe_text(names::CANCELLED_FOR, stopped.map(CancelReason::as_str))
        .maybe_seconds(names::RETRY_AFTER, failure.and_then(|failure| failure.retry_after))
        .maybe_seconds(names::WAITED, leg.waited.map(|(time, _)| time))
        .maybe_text(names::WAITED_FOR, leg.waited.map(|(_, cause)| cause))
        .maybe_dollars(names::COST, leg.cost());
    let attributes = travelled(attributes, leg);
    Span {
        span_id: bytes(attempt_span(leg.id)),
        parent_span_id: bytes(call_span(told.call)),
        name: "POST".to_owned(),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: told.wall(leg.started),
        end_time_unix_nano: told.wall(leg.ended.unwrap_or(told.ended)),
        attributes: attributes.into_list(),
        status: wrong.map(|kind| error(kind.as_str())),
        ..whole(told)
    }
}

/// How an attempt travelled, as far as it came over the wire.
fn travelled(attributes: Attributes, leg: &Leg<'_>) -> Attributes {
    let attributes = attributes.maybe_seconds(names::FIRST_CONTENT, leg.first_content);
    let Some(facts) = leg.facts else { return attributes };
    let nanos = |nanos: Option<u64>| nanos.map(Duration::from_nanos);
    attributes
        .maybe_seconds(names::CONNECT, nanos(facts.connected_nanos))
        .maybe_seconds(names::HEADERS, nanos(facts.headers_nanos))
        .count(names::DELIVERED, facts.delivered_bytes)
        .count(names::DROPPED_EVENTS, facts.dropped_events)
        .maybe_number(names::SEAM, facts.seam)
        .maybe_text(names::ONWARD, facts.onward)
        .maybe_text(names::TRANSLATED, facts.translated_to)
        .maybe_text(names::REQUEST_ID, facts.request_id.as_deref())
}

/// What all spans of a call have, and the time from its beginning to its end.
fn whole(told: &Told<'_>) -> Span {
    Span {
        trace_id: told.trace.id.to_be_bytes().to_vec(),
        flags: FLAGS,
        start_time_unix_nano: told.wall(told.started),
        end_time_unix_nano: told.wall(told.ended),
        ..Span::default()
    }
}

pub(crate) fn bytes(span: u64) -> Vec<u8> {
    span.to_be_bytes().to_vec()
}

fn error(message: &str) -> Status {
    Status { message: message.to_owned(), code: StatusCode::Error.into() }
}

/// Paid for, and no part of what the client got.
pub(crate) fn is_wasted(leg: &Leg<'_>) -> bool {
    !matches!(leg.outcome, Some(Outcome::Succeeded(_)))
        && leg.facts.is_none_or(|facts| facts.delivered_bytes == 0)
}

fn cost<'l, 'a: 'l>(legs: impl Iterator<Item = &'l Leg<'a>>) -> Option<u64> {
    legs.filter_map(Leg::cost).reduce(u64::saturating_add)
}

/// Where the attempt went. Keys travel in headers; no address holds one.
fn url(told: &Told<'_>, leg: &Leg<'_>, provider: &Provider) -> String {
    let BaseUrl { tls, host, port, path } = &provider.base_url;
    let spoken = leg.facts.and_then(|facts| facts.translated_to);
    let spoken = spoken.unwrap_or(told.record.facts.dialect);
    let dialects = provider.known.dialects();
    let dialect = dialects.iter().find(|dialect| dialect.as_str() == spoken);
    let model = leg.facts.map_or("", |facts| facts.model.as_str());
    let streamed = told.delivery == Some(Delivery::Streamed);
    let call = provider.known.path(*dialect.unwrap_or(&provider.dialect), model, streamed);
    let scheme = if *tls { "https" } else { "http" };
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    format!("{scheme}://{host}:{port}{path}{call}")
}

fn operation(dialect: &str) -> &'static str {
    match dialect {
        "embeddings" => "embeddings",
        "generate_content" => "generate_content",
        _ => "chat",
    }
}

fn http_route(dialect: &str) -> Option<&'static str> {
    match dialect {
        "chat_completions" => Some("/v1/chat/completions"),
        "messages" => Some("/v1/messages"),
        "responses" => Some("/v1/responses"),
        "embeddings" => Some("/v1/embeddings"),
        "generate_content" => Some("/v1beta/models/{model}:generateContent"),
        _ => None,
    }
}

const fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Plain => "plain",
        Delivery::Streamed => "streamed",
    }
}

pub(crate) const fn phase(phase: failsoft_engine::Phase) -> &'static str {
    match phase {
        failsoft_engine::Phase::Connect => "connect",
        failsoft_engine::Phase::FirstContent => "first_content",
        failsoft_engine::Phase::Content => "content",
    }
}
