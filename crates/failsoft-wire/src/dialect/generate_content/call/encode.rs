//! A call, written.

use std::borrow::Cow;

use super::super::keys::{HERE, has_outside, write_outside};
use super::super::parts::is_stored;
use super::super::rules::Notes;
use super::contents;
use super::{settings, tools, turns};
use crate::Dialect;
use crate::neutral::{
    Call, Feature, MediaSource, OutputFormat, Part, Rest, Role, Rule, ToolResult,
};
use crate::translate::{Destination, Encoded, Unfit};
use crate::write::Writer;

/// Writes a call. The model stands in the path, so the body does not name it.
pub(crate) fn encode_call(call: &Call, to: &Destination<'_>) -> Result<Encoded, Unfit> {
    check(call)?;
    let mut notes = Notes::default();
    note_parameters(call, &mut notes);
    let is_own = call.rest.is_of(HERE);
    let contents =
        if is_own { contents::as_it_came(call) } else { contents::laid_out(call, &mut notes) };
    let mut body = Vec::with_capacity(4096);
    Writer::new(&mut body).object(|body| {
        // A call that goes on with an earlier answer has none.
        if !(contents.is_empty() && has_outside(&call.rest, "continuationToken")) {
            turns::write(body, (call, &contents), to.model, &mut notes);
        }
        write_system(body, call, to);
        tools::write(body, call);
        tools::write_choice(body, call, &mut notes);
        settings::write(body, call, to, &mut notes);
        write_outside(body, &call.rest);
    });
    Ok(Encoded { body, notes: notes.0 })
}

/// Whether everything that may not be left out can be written.
fn check(call: &Call) -> Result<(), Unfit> {
    const STATE: [&str; 4] = ["previous_response_id", "conversation", "prompt", "container"];
    let is_own = call.rest.is_of(HERE);
    let unfit = |feature, is_so: bool| if is_so { Err(Unfit { feature }) } else { Ok(()) };
    let is_stored = call.turns.iter().flat_map(|turn| &turn.parts).any(is_stored_elsewhere);
    unfit(Feature::HostedTools, call.hosted.iter().any(tools::is_foreign))?;
    unfit(Feature::ServerState, is_stored || (!is_own && call.rest.has_any(&STATE)))?;
    unfit(Feature::MediaOutput, wants_media(&call.rest))
}

fn is_stored_elsewhere(part: &Part) -> bool {
    match part {
        Part::Media(media) => {
            matches!(&media.source, MediaSource::Stored(uri) if !is_stored(uri))
        }
        Part::ToolResult(ToolResult { content, .. }) => content.iter().any(is_stored_elsewhere),
        Part::Text { .. }
        | Part::Refusal(_)
        | Part::Thinking { .. }
        | Part::ToolCall(_)
        | Part::Foreign(_) => false,
    }
}

/// Whether an answer in sounds or images was asked for in another dialect.
fn wants_media(rest: &Rest) -> bool {
    let is_more_than_text = |(key, json): &(Box<str>, crate::neutral::Json)| {
        let json = json.as_str();
        &**key == "modalities" && (json.contains("\"audio\"") || json.contains("\"image\""))
    };
    rest.members_for(Dialect::ChatCompletions).iter().any(is_more_than_text)
}

fn note_parameters(call: &Call, notes: &mut Notes) {
    let is_foreign = !call.rest.is_of(HERE) && !call.rest.is_empty();
    let has_system_turn = call.turns.iter().any(|turn| turn.role == Role::System);
    notes.add_if(Feature::SystemTurn, Rule::Emulate, has_system_turn);
    notes.add_if(Feature::SingleToolCall, Rule::Drop, call.parallel_tools == Some(false));
    notes.add_if(Feature::User, Rule::Drop, call.user.is_some());
    notes.add_if(Feature::Metadata, Rule::Drop, !call.metadata.is_empty());
    notes.add_if(Feature::ForeignParameters, Rule::Drop, is_foreign);
}

fn write_system(body: &mut Writer<'_>, call: &Call, to: &Destination<'_>) {
    let leading = call.turns.get(..contents::leading_system(call)).unwrap_or_default();
    let parts = call.system.iter().chain(leading.iter().flat_map(|turn| &turn.parts));
    let is_own = call.rest.is_of(HERE);
    let parts: Vec<&Part> = parts.filter(|part| is_words(part, is_own)).collect();
    let instruction = schema_instruction(&call.output, to);
    if parts.is_empty() && instruction.is_none() {
        return;
    }
    body.key("systemInstruction").object(|content| {
        content.key("parts").array(|list| {
            for part in parts {
                list.object(|object| turns::write_plain(object, part));
            }
            if let Some(text) = instruction {
                list.object(|object| object.text("text", &text));
            }
        });
    });
}

/// Instructions are words; what else came in this dialect goes back as it came.
fn is_words(part: &Part, is_own: bool) -> bool {
    match part {
        Part::Text { text, .. } => !text.is_empty() || is_own,
        Part::Media(_) | Part::Foreign(_) => is_own,
        Part::Refusal(_) | Part::Thinking { .. } | Part::ToolCall(_) | Part::ToolResult(_) => false,
    }
}

/// For models that do not follow schemas.
fn schema_instruction(output: &OutputFormat, to: &Destination<'_>) -> Option<Cow<'static, str>> {
    let OutputFormat::Schema { schema, .. } = output else { return None };
    let text = || {
        let schema = schema.as_str();
        format!("Answer with nothing but a JSON value that follows this JSON schema: {schema}")
    };
    (!to.follows_schemas).then(|| Cow::Owned(text()))
}
