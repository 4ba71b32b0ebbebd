//! From a client's request to a call the engine can take, or to an honest refusal.

use std::time::Duration;

use failsoft_config::Settings;
use failsoft_engine::{Arrival, CallId, Delivery, FailureKind, Profile};
use failsoft_journal::CallFacts;
use failsoft_wire::{Reach, RequestProblem};
use http::{HeaderMap, Response, StatusCode, header};

use crate::answer::{Refusal, refused};
use crate::ask::{Ask, Sent};
use crate::demands::Demands;
use crate::egress::forwardable;
use crate::generation::Generation;
use crate::seals::Seals;
use crate::trace_context::{Told, Tracer};
use crate::{Body, Call, call_id, words};

/// Records keep this much of names and tags that clients choose.
const LONGEST_NAME: usize = 200;
/// A refusal lists this many routes at most.
const LISTED: usize = 20;

/// Reads a request and finds its route.
pub(crate) fn admit(
    generation: &Generation,
    (seals, tracer): (&Seals, &Tracer),
    call: Call,
    id: CallId,
) -> Result<(Ask, CallFacts), Box<Response<Body>>> {
    let settings = &generation.settings;
    let text = call_id::text(id);
    let languages = words::accepted(&call.headers);
    let door = Door { call: &call, languages: &languages, id: &text };
    let head = call
        .dialect
        .read_request(&call.body, call.addressed.as_ref())
        .map_err(|problem| door.malformed(&problem))?;
    let narrowing = Narrowing::read(&call.headers).map_err(|name| door.bad_header(name))?;
    let choice = settings
        .route_for(&head.model, call.dialect)
        .ok_or_else(|| door.unknown_model(settings, &head.model))?;

    let delivery = if head.stream { Delivery::Streamed } else { Delivery::Plain };
    let client_retries = number(&call.headers, "x-stainless-retry-count").unwrap_or(0);
    let deadline = narrowing.deadline.into_iter().chain(patience(&call.headers, delivery)).min();
    let (trace, told) = tracer.of(id, &call.headers);
    let mut facts = CallFacts { trace, client_retries, ..facts(&call, &text, &head.model) };
    let sealed = failsoft_wire::seals(call.dialect, &call.body);
    let kept = failsoft_wire::kept_answers(call.dialect, &call.body);
    let keeper = kept.iter().find_map(|answer| seals.maker(answer));
    let sent = Sent::new(call.dialect, forwardable(&call.headers), call.body, call.addressed);
    let route = &settings.routes[usize::from(choice.route.0)];
    let demands = Demands::of(&sent, &head, route);
    facts.prompt_tokens = demands.input_tokens;
    let arrival = Arrival {
        profile: narrowing.profile,
        deadline,
        max_attempts: narrowing.max_attempts,
        hedge: !narrowing.unhedged,
        client_retries,
        input_tokens: demands.input_tokens,
        output_tokens: demands.output_tokens.or(head.max_tokens),
        needs: demands.needs,
        unsayable: demands.unsayable,
        spoken: Some(failsoft_config::form(sent.dialect)),
        form: demands.form,
        bound_to: keeper.and_then(|maker| generation.keeper(&choice, maker)),
        models: demands.models,
        ..Arrival::new(id, choice.route, delivery)
    };
    let ask = Ask {
        sent,
        model_span: head.model_span,
        asked: head.model,
        plain_name: choice.model,
        include_usage: head.include_usage,
        seals: sealed,
        languages,
        id: text,
        trace: trace.filter(|_| told == Told::Attempts),
        arrival,
    };
    Ok((ask, facts))
}

/// What the record says of a call before anything is done for it.
fn facts(call: &Call, id: &str, model: &str) -> CallFacts {
    CallFacts {
        id: id.to_owned(),
        model: cut(model),
        dialect: call.dialect.as_str(),
        client: text_of(&call.headers, header::USER_AGENT.as_str()),
        tag: text_of(&call.headers, "x-failsoft-tag"),
        request_bytes: call.body.len() as u64,
        ..CallFacts::default()
    }
}

/// What a client may narrow by headers.
#[derive(Debug, Default)]
struct Narrowing {
    deadline: Option<Duration>,
    max_attempts: Option<u8>,
    profile: Option<Profile>,
    unhedged: bool,
}

impl Narrowing {
    /// Reads the headers; the name of one that cannot be read.
    fn read(headers: &HeaderMap) -> Result<Self, &'static str> {
        let mut narrowing = Self::default();
        if let Some(text) = headers.get("x-failsoft-deadline") {
            let parsed = text.to_str().ok().and_then(|text| failsoft_config::duration(text).ok());
            narrowing.deadline =
                Some(parsed.filter(|d| !d.is_zero()).ok_or("x-failsoft-deadline")?);
        }
        if let Some(text) = headers.get("x-failsoft-max-attempts") {
            let parsed = text.to_str().ok().and_then(|text| text.trim().parse().ok());
            narrowing.max_attempts =
                Some(parsed.filter(|n| *n > 0).ok_or("x-failsoft-max-attempts")?);
        }
        if let Some(text) = headers.get("x-failsoft-profile") {
            let all = [Profile::Interactive, Profile::Background, Profile::Batch];
            let named = |profile: &Profile| text.as_bytes() == profile.as_str().as_bytes();
            narrowing.profile = Some(all.into_iter().find(named).ok_or("x-failsoft-profile")?);
        }
        if let Some(text) = headers.get("x-failsoft-hedge") {
            narrowing.unhedged = match text.as_bytes() {
                b"off" => true,
                b"on" => false,
                _ => return Err("x-failsoft-hedge"),
            };
        }
        Ok(narrowing)
    }
}

/// How long the client's SDK waits for a plain answer; ours must come before. Of a stream the
/// SDK's timeout bounds only the gaps, which the watches keep short.
fn patience(headers: &HeaderMap, delivery: Delivery) -> Option<Duration> {
    if delivery == Delivery::Streamed {
        return None;
    }
    let seconds = ["x-stainless-read-timeout", "x-stainless-timeout"]
        .into_iter()
        .find_map(|name| headers.get(name)?.to_str().ok()?.parse::<f64>().ok())?;
    let waits = Duration::try_from_secs_f64(seconds).ok()?;
    Some((waits - waits / 20).max(Duration::from_millis(100)))
}

/// A request at the door.
struct Door<'a> {
    call: &'a Call,
    languages: &'a [String],
    id: &'a str,
}

impl Door<'_> {
    fn malformed(&self, problem: &RequestProblem) -> Box<Response<Body>> {
        self.refuse(FailureKind::BadRequest, &problem.to_string(), problem.param())
    }

    fn bad_header(&self, name: &'static str) -> Box<Response<Body>> {
        let wanted = match name {
            "x-failsoft-deadline" => "a time such as `20s` or `1500ms`",
            "x-failsoft-max-attempts" => "a number from 1 to 255",
            "x-failsoft-hedge" => "`off` or `on`",
            _ => "`interactive`, `background` or `batch`",
        };
        let message = format!("the header `{name}` must be {wanted}");
        self.refuse(FailureKind::BadRequest, &message, Some(name))
    }

    fn unknown_model(&self, settings: &Settings, model: &str) -> Box<Response<Body>> {
        let known: Vec<&str> = settings
            .routes
            .iter()
            .filter(|route| self.call.dialect.reach(route.dialect) != Reach::Never)
            .map(|route| route.name.as_str())
            .take(LISTED)
            .collect();
        let words = words::words(FailureKind::ModelNotFound, words::language(self.languages));
        let list = known.join("`, `");
        let message = format!("{words} (`{}`; available: `{list}`)", cut(model));
        self.refuse(FailureKind::ModelNotFound, &message, Some("model"))
    }

    fn refuse(&self, kind: FailureKind, message: &str, param: Option<&str>) -> Box<Response<Body>> {
        let status = match param {
            Some("model") if kind == FailureKind::ModelNotFound => StatusCode::NOT_FOUND,
            Some(_) | None => StatusCode::BAD_REQUEST,
        };
        let dialect = self.call.dialect;
        Box::new(refused(&Refusal { dialect, status, kind, message, param, id: self.id }))
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u8> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(cut)
}

/// The beginning of a text a client chose.
fn cut(text: &str) -> String {
    text.chars().take(LONGEST_NAME).collect()
}
