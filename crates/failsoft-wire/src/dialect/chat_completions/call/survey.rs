//! What will be lost or made from something else, before a word is written.

use super::encode::MAX_STOPS;
use crate::dialect::chat_completions::kept::OWN;
use crate::dialect::chat_completions::message::{is_writable, media_of, result_of};
use crate::dialect::chat_completions::rules::RULES;
use crate::dialect::closed_schema::is_loose;
use crate::dialect::gpt::Kind;
use crate::dialect::notes::Notes;
use crate::dialect::rules::judge;
use crate::neutral::{Call, Feature, Note, OutputFormat};
use crate::translate::{Destination, Unfit};

/// The notes for a call, or why it cannot be written.
pub(super) fn survey(call: &Call, to: &Destination<'_>) -> Result<Vec<Note>, Unfit> {
    let mut notes = Notes::default();
    if !call.rest.is_of(OWN) {
        notes = judged(call)?;
        notes.dropped_if(Feature::StrictTools, call.tools.iter().any(is_loose));
        lost_to_the_model(call, Kind::of(to.model), &mut notes);
    }
    let is_schema = matches!(call.output, OutputFormat::Schema { .. });
    notes.emulated_if(Feature::JsonSchema, is_schema && !to.follows_schemas);
    Ok(notes.into_vec())
}

/// Why another dialect's call cannot be written, if it cannot.
pub(crate) fn check_call(call: &Call) -> Result<(), Unfit> {
    judged(call).map(|_| ())
}

/// What the column says of another dialect's call, and what becomes of its media.
fn judged(call: &Call) -> Result<Notes, Unfit> {
    let notes = judge(call, RULES, &[])?;
    check_media(call)?;
    Ok(notes)
}

/// What a model of this kind refuses although the dialect has it.
fn lost_to_the_model(call: &Call, kind: Kind, notes: &mut Notes) {
    notes.dropped_if(Feature::StopSequences, call.stop.len() > MAX_STOPS);
    if kind.samples(call) {
        return;
    }
    let sampling = &call.sampling;
    let has_penalty = sampling.frequency_penalty.or(sampling.presence_penalty).is_some();
    let lost = [
        (Feature::StopSequences, !call.stop.is_empty()),
        (Feature::Temperature, sampling.temperature.is_some()),
        (Feature::TopP, sampling.top_p.is_some()),
        (Feature::Penalties, has_penalty),
        (Feature::Logprobs, sampling.logprobs.is_some()),
    ];
    for (feature, is_lost) in lost {
        notes.dropped_if(feature, is_lost);
    }
}

fn check_media(call: &Call) -> Result<(), Unfit> {
    let parts = call.turns.iter().flat_map(|turn| &turn.parts);
    let within = |part| match result_of(part) {
        Some(result) => &result.content[..],
        None => std::slice::from_ref(part),
    };
    let mut media = parts.flat_map(within).filter_map(media_of);
    match media.find(|media| !is_writable(media)) {
        Some(media) => Err(Unfit { feature: media.feature() }),
        None => Ok(()),
    }
}
