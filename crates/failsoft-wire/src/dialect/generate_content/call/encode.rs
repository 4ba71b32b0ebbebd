//! A call, written.

use super::super::keys::{HERE, has_outside, write_outside};
use super::super::rules::RULES;
use super::contents;
use super::{settings, tools, turns};
use crate::dialect::instructions;
use crate::dialect::notes::Notes;
use crate::dialect::rules::judge;
use crate::neutral::{Call, Feature, OutputFormat, Part};
use crate::translate::{Destination, Encoded, Unfit};
use crate::write::Writer;

/// What is made from something else only where it stands in some places, or for some models.
const BY_PART: [Feature; 2] = [Feature::ImageDetail, Feature::Seals];

/// Writes a call. The model stands in the path, so the body does not name it.
pub(crate) fn encode_call(call: &Call, to: &Destination<'_>) -> Result<Encoded, Unfit> {
    let is_own = call.rest.is_of(HERE);
    let mut notes = if is_own { Notes::default() } else { judge(call, RULES, &BY_PART)? };
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
        tools::write_choice(body, call);
        settings::write(body, call, to, &mut notes);
        write_outside(body, &call.rest);
    });
    Ok(Encoded { body, notes: notes.into_vec() })
}

/// Why another dialect's call cannot be written, if it cannot.
pub(crate) fn check_call(call: &Call) -> Result<(), Unfit> {
    judge(call, RULES, &BY_PART).map(|_| ())
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
fn schema_instruction(output: &OutputFormat, to: &Destination<'_>) -> Option<String> {
    match output {
        OutputFormat::Schema { schema, description, .. } if !to.follows_schemas => {
            Some(instructions::json_schema(schema, description.as_deref()))
        }
        OutputFormat::Text | OutputFormat::Json | OutputFormat::Schema { .. } => None,
    }
}
