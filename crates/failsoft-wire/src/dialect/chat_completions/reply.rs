//! Plain answers.

use crate::dialect::chat_completions::kept::{self, OWN, keep, keep_inside, mark, set};
use crate::dialect::chat_completions::message::{Spoken, Voice, write_spoken};
use crate::dialect::chat_completions::stop::{stop, word};
use crate::dialect::chat_completions::usage::{usage, write_usage};
use crate::neutral::{Choice, Json, Part, Reply, Rest};
use crate::reply::Flaw;
use crate::scan::{Scanner, Value};
use crate::translate::Presented;
use crate::write::Writer;

/// Reads an answer.
pub(crate) fn decode_reply(body: &[u8]) -> Result<Reply, Flaw> {
    let mut reply = Reply { rest: Rest::of(OWN), ..Reply::default() };
    let mut choices = None;
    let mut scanner = Scanner::new(body);
    let read = scanner.members(|scanner, key| {
        let value = scanner.value()?;
        match key {
            _ if value.is_null() => {}
            b"choices" => choices = Some(value),
            b"usage" => reply.usage = usage(value),
            _ => opening_member(&mut reply, key, value),
        }
        Ok(())
    });
    let is_object = read
        .and_then(|is_object| scanner.end().map(|()| is_object))
        .map_err(|broken| Flaw::of_broken(broken, body))?;
    let choices = choices.filter(|choices| is_object && choices.is_array());
    choices.ok_or(Flaw::WrongShape)?.items(|item| {
        if item.is_object() {
            reply.choices.push(choice(item));
        }
    });
    Ok(reply)
}

/// Takes a member that stands beside the choices, of an answer or of a chunk.
pub(super) fn opening_member(reply: &mut Reply, key: &[u8], value: Value<'_>) {
    match key {
        b"id" => reply.id = value.meaning().filter(|id| !id.is_empty()),
        b"model" => reply.model = value.meaning().filter(|model| !model.is_empty()),
        b"created" => reply.created = seconds(value),
        b"object" => {}
        _ => keep(&mut reply.rest, key, value),
    }
}

/// Some servers write a fraction.
fn seconds(value: Value<'_>) -> Option<u64> {
    let text = std::str::from_utf8(value.raw).ok()?;
    let whole = text.split(['.', 'e', 'E']).next()?;
    value.number().and_then(|_| whole.parse().ok())
}

fn choice(item: Value<'_>) -> Choice {
    let mut spoken = Spoken::default();
    let (mut reason, mut sequence, mut logprobs) = (None, None, None);
    let mut rest = Rest::default();
    item.members(|key, value| match key {
        _ if value.is_null() => {}
        b"index" => {}
        b"message" => value.members(|key, value| {
            if key != b"role" {
                spoken.take(key, value);
            }
        }),
        b"finish_reason" => reason = Some(value),
        b"logprobs" => logprobs = Some(Json::checked(value.raw)),
        b"stop_reason" => {
            sequence = Some(value);
            keep(&mut rest, key, value);
        }
        _ => keep(&mut rest, key, value),
    });
    let mut number = 0;
    let (parts, said) = spoken.parts(|| {
        number += 1;
        format!("call_{number}")
    });
    keep_inside(&mut rest, "message", &said);
    for spelling in ["list", "empty", "refusal", "odd"] {
        if kept::is_marked(&said, spelling) {
            mark(&mut rest, spelling);
        }
    }
    let has_calls = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let stop = set(reason).and_then(|reason| stop(reason, has_calls, sequence));
    Choice { parts, stop, logprobs, rest }
}

/// Writes an answer.
pub(crate) fn encode_reply(reply: &Reply, presented: &Presented) -> Vec<u8> {
    let mut body = Vec::with_capacity(2048);
    let none = [Choice::default()];
    let choices = if reply.choices.is_empty() { &none[..] } else { &reply.choices };
    Writer::new(&mut body).object(|out| {
        write_opening(out, reply, presented, "chat.completion");
        out.key("choices").array(|list| {
            for (index, choice) in choices.iter().enumerate() {
                list.object(|one| write_choice(one, index, choice, reply, presented));
            }
        });
        if let Some(usage) = &reply.usage {
            write_usage(out.key("usage"), usage);
        }
    });
    body
}

/// Writes what stands before the choices, of an answer or of a chunk.
pub(super) fn write_opening(
    out: &mut Writer<'_>,
    reply: &Reply,
    presented: &Presented,
    object: &str,
) {
    let is_own = reply.rest.is_of(OWN);
    match reply.id.as_ref().filter(|_| is_own) {
        Some(id) => out.text("id", id),
        None => out.text("id", &format!("chatcmpl-{}", presented.id)),
    }
    out.text("object", object);
    out.value("created", reply.created.unwrap_or(presented.created));
    out.text("model", reply.model.as_deref().unwrap_or(&presented.model));
    out.rest(&reply.rest, OWN);
}

fn write_choice(
    out: &mut Writer<'_>,
    index: usize,
    choice: &Choice,
    reply: &Reply,
    presented: &Presented,
) {
    let is_own = reply.rest.is_of(OWN);
    let voice = Voice { is_own, is_answer: true, maker: presented.maker };
    out.value("index", index);
    out.key("message").object(|message| {
        message.text("role", "assistant");
        let parts: Vec<&Part> = choice.parts.iter().collect();
        write_spoken(message, &parts, &choice.rest, &voice);
        kept::write_inside(message, &choice.rest, "message");
    });
    match &choice.logprobs {
        Some(logprobs) => out.json("logprobs", logprobs),
        None => out.key("logprobs").null(),
    }
    out.text("finish_reason", word(choice.stop.as_ref()));
    out.rest_but(&choice.rest, OWN, &["message"]);
}
