//! Plain answers, read and written.

use super::blocks;
use super::media::{self, Names};
use super::{DIALECT, keep};
use crate::neutral::{Choice, Part, Reply, Rest, Stop, StopReason, Usage};
use crate::reply::Flaw;
use crate::scan::{Broken, Scanner, Value};
use crate::translate::Presented;
use crate::write::Writer;

/// Members that stand beside usage in plain answers, and with it in a stream's last event.
pub(super) const BESIDE_USAGE: [&str; 4] = ["metrics", "trace", "performanceConfig", "serviceTier"];

/// Reasons, by their words. The first of a reason is the one that is written, the first of a word
/// the one that is read.
const REASONS: &[(StopReason, &str)] = &[
    (StopReason::Done, "end_turn"),
    (StopReason::ToolCalls, "tool_use"),
    (StopReason::Length, "max_tokens"),
    (StopReason::Sequence, "stop_sequence"),
    (StopReason::Filtered, "content_filtered"),
    (StopReason::Filtered, "guardrail_intervened"),
    (StopReason::Refused, "content_filtered"),
    (StopReason::Refused, "refusal"),
    (StopReason::ContextFull, "model_context_window_exceeded"),
    (StopReason::Paused, "end_turn"),
    (StopReason::Other, "end_turn"),
];

/// Reads a plain answer.
pub(crate) fn decode_reply(body: &[u8]) -> Result<Reply, Flaw> {
    let mut scanner = Scanner::new(body);
    let mut top = Top::default();
    let scanned = scanner.members(|scanner, key| top.read(scanner, key));
    let scanned = scanned.and_then(|_| scanner.end());
    scanned.map_err(|broken| Flaw::of_broken(broken, body))?;
    top.reply().ok_or(Flaw::WrongShape)
}

/// The members at the top.
#[derive(Default)]
struct Top {
    parts: Option<Vec<Part>>,
    stop: Option<String>,
    sequence: Option<String>,
    usage: Option<Usage>,
    beside: Rest,
    message_rest: Rest,
    rest: Rest,
}

impl Top {
    fn read(&mut self, scanner: &mut Scanner<'_>, key: &[u8]) -> Result<(), Broken> {
        if key == b"output" {
            scanner.members(|scanner, key| match key {
                b"message" => self.message(scanner),
                _ => scanner.value().map(drop),
            })?;
            return Ok(());
        }
        let value = scanner.value()?;
        match key {
            b"stopReason" => self.stop = value.string(),
            b"usage" => self.usage = read_usage(value),
            b"additionalModelResponseFields" => {
                self.sequence = stop_sequence(value);
                keep(&mut self.rest, key, value.raw);
            }
            _ if BESIDE_USAGE.iter().any(|known| known.as_bytes() == key) => {
                keep(&mut self.beside, key, value.raw);
            }
            _ => keep(&mut self.rest, key, value.raw),
        }
        Ok(())
    }

    fn message(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Broken> {
        let members = scanner.members(|scanner, key| {
            match key {
                b"content" => self.parts = blocks::read_all(scanner)?,
                b"role" => _ = scanner.value()?,
                _ => keep(&mut self.message_rest, key, scanner.value()?.raw),
            }
            Ok(())
        });
        members.map(drop)
    }

    fn reply(self) -> Option<Reply> {
        let Self { parts, stop, sequence, usage, beside, message_rest, rest } = self;
        let stop = stop.map(|word| read_stop(&word, sequence));
        let choice = Choice { parts: parts?, stop, rest: message_rest, ..Choice::default() };
        let usage = usage.map(|mut usage| {
            for (key, json) in beside.members_for(DIALECT) {
                keep(&mut usage.rest, key.as_bytes(), json.as_str().as_bytes());
            }
            usage
        });
        Some(Reply { choices: vec![choice], usage, rest, ..Reply::default() })
    }
}

/// The stop sequence that was met, as Claude tells it.
pub(super) fn stop_sequence(value: Value<'_>) -> Option<String> {
    let mut sequence = None;
    value.members(|key, value| {
        if key == b"stop_sequence" {
            sequence = value.string();
        }
    });
    sequence
}

pub(super) fn read_stop(word: &str, sequence: Option<String>) -> Stop {
    let row = REASONS.iter().find(|(_, known)| *known == word);
    let reason = row.map_or(StopReason::Other, |(reason, _)| *reason);
    Stop { reason, sequence, word: Some((DIALECT, word.to_owned())) }
}

fn word(stop: Option<&Stop>) -> &str {
    let Some(stop) = stop else { return "end_turn" };
    if let Some(word) = stop.word_of(DIALECT) {
        return word;
    }
    let row = REASONS.iter().find(|(reason, _)| *reason == stop.reason);
    row.map_or("end_turn", |(_, word)| word)
}

/// Tokens. Those from a cache and those written to one are counted apart here.
pub(super) fn read_usage(value: Value<'_>) -> Option<Usage> {
    let mut usage = Usage::default();
    let mut plain = 0_u32;
    value.members(|key, value| {
        let count = value.count();
        match (key, count) {
            (b"inputTokens", Some(count)) => plain = count,
            (b"outputTokens", Some(count)) => usage.output = count,
            (b"cacheReadInputTokens", Some(count)) => usage.cached = count,
            (b"cacheWriteInputTokens", Some(count)) => usage.cache_written = count,
            (b"totalTokens", Some(_)) => {}
            _ => keep(&mut usage.rest, key, value.raw),
        }
    });
    usage.input = plain.saturating_add(usage.cached).saturating_add(usage.cache_written);
    value.is_object().then_some(usage)
}

/// `usage` and what stands beside it.
pub(super) fn write_usage(object: &mut Writer<'_>, usage: Option<&Usage>) {
    let none = Usage::default();
    let usage = usage.unwrap_or(&none);
    let (beside, inside): (Vec<_>, Vec<_>) =
        usage.rest.members_for(DIALECT).iter().partition(|(key, _)| BESIDE_USAGE.contains(&&**key));
    object.key("usage").object(|object| {
        let cached = usage.cached.saturating_add(usage.cache_written);
        object.value("inputTokens", usage.input.saturating_sub(cached));
        object.value("outputTokens", usage.output);
        object.value("totalTokens", usage.input.saturating_add(usage.output));
        if cached > 0 {
            object.value("cacheReadInputTokens", usage.cached);
            object.value("cacheWriteInputTokens", usage.cache_written);
        }
        for (key, json) in inside {
            object.as_written(key.as_bytes(), json.as_str());
        }
    });
    if !beside.iter().any(|(key, _)| **key == *"metrics") {
        object.key("metrics").object(|metrics| metrics.value("latencyMs", 0));
    }
    for (key, json) in beside {
        object.as_written(key.as_bytes(), json.as_str());
    }
}

/// `stopReason` and what the model adds to it.
pub(super) fn write_stop(object: &mut Writer<'_>, stop: Option<&Stop>) {
    object.text("stopReason", word(stop));
    if let Some(sequence) = stop.and_then(|stop| stop.sequence.as_deref()) {
        let fields = object.key("additionalModelResponseFields");
        fields.object(|fields| fields.text("stop_sequence", sequence));
    }
}

/// Writes a plain answer: its first choice, for there is one here.
pub(crate) fn encode_reply(reply: &Reply, presented: &Presented) -> Vec<u8> {
    let none = Choice::default();
    let choice = reply.choices.first().unwrap_or(&none);
    let mut body = Vec::with_capacity(1_024);
    Writer::new(&mut body).object(|object| {
        object.key("output").object(|output| {
            output.key("message").object(|message| write_message(message, choice, presented));
        });
        let is_kept = reply.rest.has_any(&["additionalModelResponseFields"]);
        let stop = choice.stop.clone().map(|mut stop| {
            stop.sequence = stop.sequence.filter(|_| !is_kept);
            stop
        });
        write_stop(object, stop.as_ref());
        write_usage(object, reply.usage.as_ref());
        object.rest(&reply.rest, DIALECT);
    });
    body
}

fn write_message(message: &mut Writer<'_>, choice: &Choice, presented: &Presented) {
    message.text("role", "assistant");
    let mut names = Names::default();
    message.key("content").array(|content| {
        choice.parts.iter().for_each(|part| write_part(content, part, presented, &mut names));
    });
    message.rest(&choice.rest, DIALECT);
}

/// A part as a block of an answer; nothing if it cannot be one.
fn write_part(writer: &mut Writer<'_>, part: &Part, presented: &Presented, names: &mut Names) {
    match part {
        Part::Text { text, citations, rest } => blocks::write_cited(writer, text, citations, rest),
        Part::Refusal(text) => writer.object(|object| object.text("text", text)),
        Part::Thinking { text, seal, .. } => {
            let seal = seal.as_ref().map(|seal| seal.shown(presented.maker));
            blocks::write_thinking(writer, text, seal.as_deref());
        }
        Part::Media(media) => media::write(writer, media, names),
        Part::ToolCall(call) => blocks::write_block(writer, "toolUse", |writer| {
            writer.object(|object| {
                object.text("toolUseId", &call.id);
                object.text("name", &call.name);
                object.json("input", &call.input());
                object.rest(&call.rest, DIALECT);
            });
        }),
        Part::ToolResult(_) => {}
        Part::Foreign(rest) => {
            if rest.is_of(DIALECT) {
                writer.object(|object| object.rest(rest, DIALECT));
            }
        }
    }
}
