//! From the neutral form to a body.

use super::options::{Circumstances, Options};
use super::plan::{Block, Message, Plan};
use super::tools::{Offer, fitting_id, fitting_name, is_name};
use crate::dialect::bedrock_converse::media::{self, Names};
use crate::dialect::bedrock_converse::rules::RULES;
use crate::dialect::bedrock_converse::{DIALECT, blocks};
use crate::dialect::notes::Notes;
use crate::dialect::rules::judge;
use crate::neutral::{Call, Feature, Media, MediaKind, Part, Role, ToolResult};
use crate::translate::{Destination, Encoded, Unfit};
use crate::write::Writer;

/// What stands for a tool's answer in which nothing is left.
const NOTHING: &str = "(nothing)";

/// What is left out or refused only where it stands in some places.
const BY_PART: [Feature; 5] = [
    Feature::ImageUrls,
    Feature::FileUrls,
    Feature::ImageDetail,
    Feature::SingleToolCall,
    Feature::Thinking,
];

/// Writes a call. The model goes into the path, not into the body.
pub(crate) fn encode_call(call: &Call, to: &Destination<'_>) -> Result<Encoded, Unfit> {
    let is_own = call.rest.is_of(DIALECT);
    let mut notes = if is_own { Notes::default() } else { judge(call, RULES, &BY_PART)? };
    check(call)?;
    let mut plan = if is_own { Plan::same(call) } else { Plan::of(call, to, &mut notes) };
    let mut offer = Offer::of(call, to, &mut notes);
    let options = if is_own {
        offer.instructions.clear();
        Options::same(call)
    } else {
        let with = Circumstances { to, plan: &plan, offer: &offer };
        Options::of(call, &with, &mut notes)
    };
    let told = offer.instructions.iter().chain(&options.instruction).cloned();
    plan.system.extend(told.map(|words| Block::Words(words.into())));

    let kept = call.rest.members_for(DIALECT);
    let kept = |key: &str| kept.iter().any(|(known, _)| **known == *key);
    let mut body = Vec::with_capacity(4_096);
    let mut pen = Pen { is_own, names: Names::default() };
    Writer::new(&mut body).object(|body| {
        if !is_own || !plan.messages.is_empty() {
            body.key("messages").array(|messages| {
                plan.messages.iter().for_each(|message| pen.message(messages, message));
            });
        }
        if !plan.system.is_empty() {
            body.key("system").array(|system| {
                plan.system.iter().for_each(|block| pen.block(system, block));
            });
        }
        options.write(call, body, kept);
        if !kept("toolConfig") {
            offer.write(call, body);
        }
        body.rest(&call.rest, DIALECT);
    });
    Ok(Encoded { body, notes: notes.into_vec() })
}

/// Why another dialect's call cannot be written, if it cannot.
pub(crate) fn check_call(call: &Call) -> Result<(), Unfit> {
    judge(call, RULES, &BY_PART)?;
    check(call)
}

/// What this dialect cannot express and may not leave out.
fn check(call: &Call) -> Result<(), Unfit> {
    if !call.tools.iter().all(|tool| is_name(&tool.name)) {
        return Err(Unfit { feature: Feature::Tools });
    }
    let asked = call.turns.iter().filter(|turn| turn.role == Role::User);
    asked.flat_map(|turn| &turn.parts).try_for_each(check_part)
}

fn check_part(part: &Part) -> Result<(), Unfit> {
    match part {
        Part::Media(media) => media::check(media),
        Part::ToolResult(result) => {
            let media = result.content.iter().filter(|part| is_shown(part));
            media.cloned().try_for_each(|part| check_part(&part))
        }
        Part::Text { .. }
        | Part::Refusal(_)
        | Part::Thinking { .. }
        | Part::ToolCall(_)
        | Part::Foreign(_) => Ok(()),
    }
}

/// Results hold no sounds.
fn is_shown(part: &Part) -> bool {
    matches!(part, Part::Media(Media { kind, .. }) if *kind != MediaKind::Audio)
}

/// Writes blocks, and remembers what they were called.
struct Pen {
    is_own: bool,
    names: Names,
}

impl Pen {
    fn message(&mut self, messages: &mut Writer<'_>, message: &Message<'_>) {
        messages.object(|object| {
            object.text(
                "role",
                match message.role {
                    Role::User => "user",
                    Role::Assistant => "assistant",
                    Role::System => "system",
                },
            );
            object.key("content").array(|content| {
                message.blocks.iter().for_each(|block| self.block(content, block));
            });
            if let Some(rest) = message.rest {
                object.rest(rest, DIALECT);
            }
        });
    }

    fn block(&mut self, writer: &mut Writer<'_>, block: &Block<'_>) {
        match block {
            Block::Words(words) => writer.object(|object| object.text("text", words)),
            Block::Part(part) => self.part(writer, part),
        }
    }

    fn part(&mut self, writer: &mut Writer<'_>, part: &Part) {
        match part {
            Part::Text { text, citations, rest } => {
                let citations = if self.is_own { citations.as_slice() } else { &[] };
                blocks::write_cited(writer, text, citations, rest);
            }
            Part::Refusal(text) => writer.object(|object| object.text("text", text)),
            Part::Thinking { text, seal, .. } => {
                let seal = seal.as_ref().map(|seal| seal.value.as_str());
                blocks::write_thinking(writer, text, seal);
            }
            Part::Media(media) => media::write(writer, media, &mut self.names),
            Part::ToolCall(call) => blocks::write_block(writer, "toolUse", |writer| {
                writer.object(|object| {
                    object.text("toolUseId", &fitting_id(&call.id));
                    object.text("name", &fitting_name(&call.name));
                    object.json("input", &call.input());
                    object.rest(&call.rest, DIALECT);
                });
            }),
            Part::ToolResult(result) => blocks::write_block(writer, "toolResult", |writer| {
                writer.object(|object| self.result(object, result));
            }),
            Part::Foreign(rest) => {
                if rest.is_of(DIALECT) {
                    writer.object(|object| object.rest(rest, DIALECT));
                }
            }
        }
    }

    fn result(&mut self, object: &mut Writer<'_>, result: &ToolResult) {
        object.text("toolUseId", &fitting_id(&result.id));
        let is_own = self.is_own;
        object.key("content").array(|content| {
            let shown: Vec<&Part> =
                result.content.iter().filter(|part| is_own || can_be_told(part)).collect();
            shown.iter().for_each(|part| self.result_item(content, part));
            if shown.is_empty() && !is_own {
                content.object(|item| item.text("text", NOTHING));
            }
        });
        if result.is_error {
            object.text("status", "error");
        }
        object.rest(&result.rest, DIALECT);
    }

    fn result_item(&mut self, content: &mut Writer<'_>, part: &Part) {
        match part {
            // JSON, as it stood.
            Part::Text { rest, .. } if !rest.members_for(DIALECT).is_empty() => {
                content.object(|item| item.rest(rest, DIALECT));
            }
            Part::Text { text, .. } => content.object(|item| item.text("text", text)),
            Part::Refusal(_)
            | Part::Thinking { .. }
            | Part::Media(_)
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Foreign(_) => self.part(content, part),
        }
    }
}

/// Whether a part of a tool's answer can stand in a result.
fn can_be_told(part: &Part) -> bool {
    match part {
        Part::Text { text, .. } | Part::Refusal(text) => !text.trim().is_empty(),
        Part::Media(_) => is_shown(part),
        Part::Foreign(rest) => rest.is_of(DIALECT),
        Part::Thinking { .. } | Part::ToolCall(_) | Part::ToolResult(_) => false,
    }
}
