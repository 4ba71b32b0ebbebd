//! A plain answer, read.

use super::super::ids::Ids;
use super::super::verdict;
use super::{Candidate, Chunk, usage};
use crate::neutral::{Choice, Part, Reply};
use crate::reply::Flaw;

/// Reads a plain answer.
pub(crate) fn decode_reply(body: &[u8]) -> Result<Reply, Flaw> {
    let chunk = Chunk::read(body).map_err(|broken| Flaw::of_broken(broken, body))?;
    let chunk = chunk.ok_or(Flaw::WrongShape)?;
    if chunk.candidates.is_none_or(|candidates| !candidates.is_array()) && !chunk.is_blocked {
        return Err(Flaw::WrongShape);
    }
    let id = chunk.id();
    let mut ids = Ids::of_answer(id.as_deref());
    let mut choices: Vec<Choice> = Vec::new();
    Candidate::each(chunk.candidates, &mut ids, |index, candidate| {
        let index = index as usize;
        if choices.len() <= index {
            choices.resize(index + 1, Choice::default());
        }
        if let Some(choice) = choices.get_mut(index) {
            *choice = read(candidate);
        }
    });
    Ok(Reply {
        id,
        model: chunk.model(),
        created: None,
        choices,
        usage: chunk.usage.map(usage::read),
        rest: chunk.rest(),
    })
}

fn read(mut candidate: Candidate<'_>) -> Choice {
    let rest = candidate.rest();
    candidate.sources.attach(&mut candidate.parts);
    let asks_for_tools = candidate.parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let stop = candidate.finish.map(|word| verdict::stop(word, asks_for_tools));
    Choice { parts: candidate.parts, stop, logprobs: candidate.logprobs, rest }
}
