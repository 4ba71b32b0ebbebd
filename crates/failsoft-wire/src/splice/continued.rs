//! The call that asks another target to go on with what a client has of an answer.

use super::{Delivered, Onward};
use crate::neutral::{Call, Json, Part, Reasoning, Rest, Role, ToolCall, Turn};

/// No bound on an answer is made smaller: some servers take none that is.
const LEAST_TOKENS: u32 = 16;

/// What a target may say around the words it was asked to repeat.
const ALLOWANCE: u32 = 16;

/// The smallest budget of thought that those take who are told it in so many words.
const LEAST_BUDGET: u32 = 1_024;

/// The call that asks a target to go on. `instruction` is what a target is told that gets the
/// delivered text as history; it quotes its last words.
///
/// The caller's instructions, tools and parameters stay as they are; its bound on the answer is
/// lowered by what was delivered, and with it the budget of thought that must stay below.
///
/// Tool calls that were delivered cannot stand in the history: every dialect wants their results
/// behind them, and there are none yet; made-up ones would be taken for true. So they are told
/// where the target is told to go on, as a JSON list of names and arguments that needs no words in
/// any language, and a call that is made again all the same is dropped by the seam. A target that
/// goes on from a prefill is told nothing: it has the text alone.
#[must_use]
pub fn continued(call: &Call, delivered: &Delivered, onward: Onward, instruction: &str) -> Call {
    let mut call = call.clone();
    let calls: Vec<ToolCall> = delivered.calls().collect();
    let mut less = written(delivered);
    match onward {
        Onward::Anew => return call,
        Onward::Prefill { .. } => say(&mut call, delivered.text()),
        Onward::Asked => {
            say(&mut call, delivered.text());
            let told = match calls.as_slice() {
                [] => instruction.to_owned(),
                calls => format!("{instruction}\n\n{}", listed(calls)),
            };
            call.turns.push(turn(Role::User, told));
            let repeated = tokens(delivered.last_words().len());
            less = less.saturating_sub(repeated.saturating_add(ALLOWANCE));
        }
    }
    bound(&mut call, less);
    call
}

/// Tokens of what was delivered, roughly.
pub(super) fn written(delivered: &Delivered) -> u32 {
    tokens(delivered.text().len() + delivered.calls().map(|call| size(&call)).sum::<usize>())
}

/// Tokens of what was delivered, at least: no word is less than one, and hardly any is longer than
/// eight bytes. An answer is not cut short by a guess.
pub(super) fn surely_written(delivered: &Delivered) -> u32 {
    let calls = delivered.calls().map(|call| size(&call)).sum::<usize>();
    let least = delivered.word_count().max((delivered.text().len() + calls) / 8);
    u32::try_from(least).unwrap_or(u32::MAX)
}

/// Puts the delivered text where the model's own words stand last, behind those the caller put
/// into its mouth. Most refuse white space at the end.
fn say(call: &mut Call, text: &str) {
    let text = text.trim_end();
    if text.is_empty() {
        return;
    }
    let is_call = |part: &Part| matches!(part, Part::ToolCall(_));
    let is_begun =
        |turn: &&mut Turn| turn.role == Role::Assistant && !turn.parts.iter().any(is_call);
    match call.turns.last_mut().filter(is_begun) {
        Some(turn) => match turn.parts.last_mut() {
            Some(Part::Text { text: begun, .. }) => begun.push_str(text),
            Some(_) | None => turn.parts.push(Part::text(text)),
        },
        None => call.turns.push(turn(Role::Assistant, text.to_owned())),
    }
}

fn turn(role: Role, text: String) -> Turn {
    Turn { role, parts: vec![Part::text(text)], rest: Rest::default() }
}

/// Lowers the bound on the answer, and the budget of thought within it.
fn bound(call: &mut Call, less: u32) {
    let Some(most) = &mut call.max_tokens else { return };
    *most = most.saturating_sub(less).max(LEAST_TOKENS.min(*most));
    let most = *most;
    if let Some(reasoning) = &mut call.reasoning {
        fit(reasoning, most);
    }
}

fn fit(reasoning: &mut Reasoning, most: u32) {
    let Some(budget) = reasoning.budget.filter(|budget| *budget >= most) else { return };
    let less = most / 2;
    reasoning.budget = Some(less);
    // As the caller's own dialect wrote it.
    reasoning.rest.amend(|json| {
        let mut value: serde_json::Value = serde_json::from_str(json.as_str()).ok()?;
        let members = value.as_object_mut().into_iter().flatten();
        let mut told =
            members.filter(|(_, value)| value.as_u64() == Some(budget.into())).peekable();
        if told.peek().is_none() {
            return Some(json);
        }
        told.for_each(|(_, value)| *value = less.into());
        (less >= LEAST_BUDGET).then(|| Json::of(&value))
    });
}

/// Tool calls as a JSON list.
fn listed(calls: &[ToolCall]) -> String {
    let one = |call: &ToolCall| {
        let arguments = match call.is_custom {
            true => serde_json::Value::from(call.arguments.as_str()),
            false => serde_json::from_str(call.input().as_str()).unwrap_or_default(),
        };
        serde_json::json!({ "name": call.name, "arguments": arguments })
    };
    serde_json::Value::from_iter(calls.iter().map(one)).to_string()
}

fn size(call: &ToolCall) -> usize {
    call.name.len() + call.arguments.len()
}

/// Roughly; no text is none.
fn tokens(bytes: usize) -> u32 {
    u32::try_from(bytes / 4).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests;
