//! The members at the top of a request.

use std::borrow::Cow;

use super::super::item::Origin;
use super::super::kept::{self, HEAD, OWN, kept as kept_member};
use super::decode::{LOGPROBS, SAFETY};
use super::history::History;
use super::tools;
use crate::dialect::closed_schema::can_be_strict;
use crate::dialect::effort::fine_word;
use crate::dialect::gpt::Kind;
use crate::dialect::names;
use crate::neutral::{Call, Effort, OutputFormat, Part, Reasoning};
use crate::translate::Destination;
use crate::write::Writer;

/// What brings thoughts in a form that can be given back.
const ENCRYPTED: &str = "reasoning.encrypted_content";

/// The API refuses a smaller bound.
const LEAST_TOKENS: u32 = 16;

/// What labels may be: so many, of so many characters in key and value.
const LABELS: (usize, usize, usize) = (16, 64, 512);

/// What the API calls a name may have.
const MAX_NAME: usize = 64;

pub(super) fn write(out: &mut Writer<'_>, call: &Call, to: &Destination<'_>, origin: Origin) {
    out.text("model", to.model);
    let instructions = instructions(call);
    if !instructions.is_empty() {
        out.text("instructions", &instructions);
    }
    let has_input = !call.turns.is_empty() || call.system.iter().any(is_headed);
    if has_input || origin == Origin::Other {
        let mut history = History::new(call, to, origin);
        out.key("input").array(|list| history.write(list));
    }
    if !call.tools.is_empty() || !call.hosted.is_empty() {
        tools::write(out, call, origin);
    }
    tools::write_choice(out, call);
    out.value_if("parallel_tool_calls", call.parallel_tools);
    text(out, call, to);
    if let Some(asked) = &call.reasoning {
        reasoning(out, asked, origin);
    }
    out.value_if("max_output_tokens", max_tokens(call, origin));
    let samples = origin == Origin::Own || Kind::of(to.model).samples(call);
    if samples {
        sampling(out, call, origin);
    }
    let logprobs = call.sampling.logprobs.filter(|_| samples);
    include(out, call, (origin, logprobs));
    labels(out, call, origin);
    if call.stream {
        out.value("stream", true);
    }
    if origin == Origin::Other {
        // Nothing shall be kept there that its caller does not know of.
        out.value("store", false);
    }
    out.rest_but(&call.rest, OWN, &["include", "text"]);
}

/// Instructions that have no message of their own.
fn instructions(call: &Call) -> Cow<'_, str> {
    let has_media = call.system.iter().any(|part| matches!(part, Part::Media(_)));
    let texts = call.system.iter().filter(|part| !is_in_message(part) && !has_media);
    let texts = texts.filter_map(|part| {
        if let Part::Text { text, .. } = part { Some(text.as_str()) } else { None }
    });
    let texts = texts.filter(|text| !text.is_empty());
    let texts: Vec<_> = texts.collect();
    match texts.as_slice() {
        [] => Cow::Borrowed(""),
        [text] => Cow::Borrowed(text),
        texts => Cow::Owned(texts.join("\n\n")),
    }
}

/// Whether a message begins with it.
pub(super) fn is_headed(part: &Part) -> bool {
    matches!(part, Part::Text { rest, .. } if kept_member(rest, HEAD).is_some())
}

/// Whether it stood in a message of its own or goes on with one.
fn is_in_message(part: &Part) -> bool {
    let more =
        |part: &Part| matches!(part, Part::Text { rest, .. } if rest.is_marked(OWN, kept::MORE));
    is_headed(part) || more(part)
}

fn text(out: &mut Writer<'_>, call: &Call, to: &Destination<'_>) {
    let others = kept_member(&call.rest, "text");
    let has_format = match &call.output {
        OutputFormat::Text => false,
        OutputFormat::Json => true,
        OutputFormat::Schema { .. } => to.follows_schemas,
    };
    if let Some(raw) = others.filter(|raw| !has_format || !raw.as_str().starts_with('{')) {
        return out.json("text", raw);
    }
    if !has_format {
        return;
    }
    out.key("text").object(|text| {
        text.key("format").object(|format| match &call.output {
            OutputFormat::Text => format.text("type", "text"),
            OutputFormat::Json => format.text("type", "json_object"),
            OutputFormat::Schema { name, description, schema, strict } => {
                format.text("type", "json_schema");
                format.text("name", &names::of_schema(name.as_deref()));
                format.text_if("description", description.as_deref());
                format.json("schema", schema);
                let can_be =
                    |strict: &bool| call.rest.is_of(OWN) || !strict || can_be_strict(schema);
                format.value_if("strict", strict.filter(can_be));
            }
        });
        if let Some(raw) = others {
            text.inside(raw);
        }
    });
}

fn reasoning(out: &mut Writer<'_>, asked: &Reasoning, origin: Origin) {
    let budget = asked.budget.map(Effort::of_budget);
    let effort = asked.effort.or(budget).filter(|_| kept_member(&asked.rest, "effort").is_none());
    let wants_summary = asked.show == Some(true) && kept_member(&asked.rest, "summary").is_none();
    let is_empty = effort.is_none() && !wants_summary;
    if is_empty && origin == Origin::Other {
        return;
    }
    out.key("reasoning").object(|object| {
        object.text_if("effort", effort.map(fine_word));
        if wants_summary {
            object.text("summary", "auto");
        }
        object.rest(&asked.rest, OWN);
    });
}

fn max_tokens(call: &Call, origin: Origin) -> Option<u32> {
    let least = if origin == Origin::Other { LEAST_TOKENS } else { 0 };
    call.max_tokens.map(|tokens| tokens.max(least))
}

fn sampling(out: &mut Writer<'_>, call: &Call, origin: Origin) {
    let within = |value: f64, top: f64| match origin {
        Origin::Own => value,
        Origin::Other => value.clamp(0.0, top),
    };
    let sampling = &call.sampling;
    out.value_if("temperature", sampling.temperature.map(|value| within(value, 2.0)));
    out.value_if("top_p", sampling.top_p.map(|value| within(value, 1.0)));
    let top = sampling.logprobs.filter(|top| *top > 0 || origin == Origin::Own);
    let most = if origin == Origin::Other { 20 } else { u32::MAX };
    out.value_if("top_logprobs", top.map(|top| top.min(most)));
}

fn include(out: &mut Writer<'_>, call: &Call, (origin, logprobs): (Origin, Option<u32>)) {
    let others = kept_member(&call.rest, "include").map(|json| json.as_str().trim());
    let Some(inside) = others.map_or(Some(""), |json| json.strip_prefix('[')) else {
        return out.key("include").raw(others.unwrap_or_default());
    };
    let inside = inside.trim_end_matches(']').trim();
    let wants_logprobs = logprobs.is_some();
    let wants_thoughts = origin == Origin::Other && (thinks(call) || has_seals(call));
    if inside.is_empty() && !wants_logprobs && !wants_thoughts {
        return;
    }
    out.key("include").array(|list| {
        if !inside.is_empty() {
            list.raw(inside);
        }
        if wants_thoughts {
            list.string(ENCRYPTED);
        }
        if wants_logprobs {
            list.string(LOGPROBS);
        }
    });
}

/// Whether thoughts were asked for. Models that have none refuse to give them encrypted.
fn thinks(call: &Call) -> bool {
    let Some(asked) = &call.reasoning else { return false };
    match (asked.effort, asked.budget) {
        (Some(Effort::None), _) | (None, Some(0)) => false,
        (Some(_), _) | (None, Some(_)) => true,
        (None, None) => asked.show == Some(true),
    }
}

fn has_seals(call: &Call) -> bool {
    let mut parts = call.turns.iter().flat_map(|turn| &turn.parts);
    parts.any(|part| matches!(part, Part::Thinking { seal: Some(_), .. }))
}

fn labels(out: &mut Writer<'_>, call: &Call, origin: Origin) {
    let from_user = kept_member(&call.rest, "user").is_some();
    let is_safety = call.rest.is_marked(OWN, SAFETY);
    if let Some(user) = call.user.as_deref().filter(|_| is_safety || !from_user) {
        let user = if origin == Origin::Other { fitted(user) } else { Cow::Borrowed(user) };
        out.text("safety_identifier", &user);
    }
    let (most, key, value) = LABELS;
    let fits = |(name, label): &(&String, &String)| {
        origin == Origin::Own || (name.chars().count() <= key && label.chars().count() <= value)
    };
    let most = if origin == Origin::Own { usize::MAX } else { most };
    let labels: Vec<_> = call.metadata.iter().filter(fits).take(most).collect();
    if !labels.is_empty() {
        out.key("metadata").object(|object| {
            for (name, label) in labels {
                object.text(name, label);
            }
        });
    }
}

/// A name in as many characters as the API takes.
pub(super) fn fitted(name: &str) -> Cow<'_, str> {
    names::fitted(name, MAX_NAME, |_| true)
}
