//! From a body to an answer.

use super::super::item::{Item, Place, Said, read, with_head};
use super::super::kept::{OWN, REFUSAL_HEAD, kept};
use crate::dialect::members::{Members, objects};
use crate::neutral::{Choice, Json, Part, Reply, Rest, Stop, StopReason, Usage};
use crate::reply::Flaw;
use crate::scan::{Broken, Scanner, Value};

pub(crate) fn decode_reply(body: &[u8]) -> Result<Reply, Flaw> {
    let mut scanner = Scanner::new(body);
    let value = scanner.value().and_then(|value| scanner.end().map(|()| value));
    let value = value.map_err(|broken: Broken| Flaw::of_broken(broken, body))?;
    let told = Told::of(value);
    told.has_output.then_some(told.reply).ok_or(Flaw::WrongShape)
}

/// What a `response` object tells.
pub(in super::super) struct Told {
    pub(in super::super) reply: Reply,
    has_output: bool,
}

impl Told {
    pub(in super::super) fn of(value: Value<'_>) -> Self {
        let mut members = Members::of(value);
        let output = members.take("output").filter(Value::is_array);
        let created = members.find("created_at").and_then(seconds);
        if created.is_some() {
            members.take("created_at");
        }
        let usage = members.take("usage").filter(Value::is_object).map(usage);
        let mut choice = Choice { rest: Rest::of(OWN), ..Choice::default() };
        if let Some(output) = output {
            parts(&mut choice, output);
        }
        choice.stop = Some(stop(&members, &choice.parts));
        let reply = Reply {
            id: members.take_text("id"),
            model: members.take_text("model"),
            created,
            choices: vec![choice],
            usage,
            rest: members.rest(OWN),
        };
        Self { reply, has_output: output.is_some() }
    }
}

fn parts(choice: &mut Choice, output: Value<'_>) {
    let mut logprobs = Vec::new();
    objects(output, |members| match read(members, Place::Answer) {
        Item::Said(said) => {
            let Said { parts, head, logprobs: more, .. } = said;
            logprobs.extend(more);
            match parts.as_slice() {
                [] => {}
                [Part::Text { .. }, ..] => choice.parts.extend(with_head(parts, &head)),
                [_, ..] => {
                    if kept(&choice.rest, REFUSAL_HEAD).is_none() {
                        choice.rest.keep(REFUSAL_HEAD.as_bytes(), &head);
                    }
                    choice.parts.extend(parts);
                }
            }
        }
        Item::Model(part) | Item::Caller(part) => choice.parts.push(part),
        Item::Sealed(_) => {}
    });
    choice.logprobs = match logprobs.is_empty() {
        true => None,
        false => Json::new(&format!("{{\"content\":[{}]}}", logprobs.join(","))),
    };
}

fn stop(members: &Members<'_>, parts: &[Part]) -> Stop {
    let reason = members.find("incomplete_details").map(Members::of);
    let reason = reason.map(|reason| reason.word("reason")).unwrap_or_default();
    let status = members.word("status");
    let has_calls = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let has_refused = parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let mut stop = stop_of(status, reason, has_calls);
    if stop.reason == StopReason::Done && has_refused {
        stop.reason = StopReason::Refused;
    }
    stop
}

/// Why it ended, by the status and the reason for being incomplete.
pub(in super::super) fn stop_of(status: &[u8], reason: &[u8], has_calls: bool) -> Stop {
    let shared = match (status, reason) {
        (_, b"max_output_tokens") => StopReason::Length,
        (_, b"content_filter") => StopReason::Filtered,
        (b"completed" | b"", _) if has_calls => StopReason::ToolCalls,
        (b"completed" | b"", _) => StopReason::Done,
        (_, _) => StopReason::Other,
    };
    let word = if reason.is_empty() { status } else { reason };
    let word = String::from_utf8_lossy(word).into_owned();
    Stop { word: (!word.is_empty()).then_some((OWN, word)), ..Stop::of(shared) }
}

/// Tokens. Details that hold more than is known are kept.
pub(in super::super) fn usage(value: Value<'_>) -> Usage {
    let mut members = Members::of(value);
    let input = count(&mut members, "input_tokens");
    let output = count(&mut members, "output_tokens");
    let mut usage = Usage { input, output, ..Usage::default() };
    if let Some(details) = members.find("input_tokens_details") {
        let mut inside = Members::of(details);
        usage.cached = count(&mut inside, "cached_tokens");
        usage.cache_written = count(&mut inside, "cache_write_tokens");
        if inside.is_empty() {
            members.take("input_tokens_details");
        }
    }
    if let Some(details) = members.find("output_tokens_details") {
        let mut inside = Members::of(details);
        usage.reasoning = count(&mut inside, "reasoning_tokens");
        if inside.is_empty() {
            members.take("output_tokens_details");
        }
    }
    let total = members.find("total_tokens").and_then(|total| total.count());
    if total == Some(input.saturating_add(output)) {
        members.take("total_tokens");
    }
    usage.rest = members.rest(OWN);
    usage
}

fn count(members: &mut Members<'_>, key: &str) -> u32 {
    let count = members.find(key).and_then(|value| value.count());
    if count.is_some() {
        members.take(key);
    }
    count.unwrap_or(0)
}

fn seconds(value: Value<'_>) -> Option<u64> {
    let text = std::str::from_utf8(value.raw).ok().filter(|_| value.meaning().is_none())?;
    text.parse().ok().or_else(|| {
        let whole = text.split_once('.')?.0;
        whole.parse().ok()
    })
}
