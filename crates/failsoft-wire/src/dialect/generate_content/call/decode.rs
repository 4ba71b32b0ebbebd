//! A call, read.

use super::super::ids::Ids;
use super::super::keys::{HERE, camel};
use super::super::parts;
use super::{config, tools};
use crate::neutral::{Call, Part, Rest, Role, Turn};
use crate::request::{Addressed, RequestProblem, checked};
use crate::scan::{Broken, Scanner};

/// Reads a call; model and stream stand in the path.
pub(crate) fn decode_call(body: &[u8], addressed: &Addressed) -> Result<Call, RequestProblem> {
    let mut call = Call {
        model: addressed.model.clone(),
        stream: addressed.stream,
        rest: Rest::of(HERE),
        ..Call::default()
    };
    let mut problem = None;
    let mut scanner = Scanner::new(body);
    let scanned = scanner.members(|scanner, key| {
        if let Err(wrong) = member(&mut call, key, scanner)? {
            problem.get_or_insert(wrong);
        }
        Ok(())
    });
    match checked(body, scanned.and_then(|is| scanner.end().map(|()| is)))? {
        true => problem.map_or(Ok(call), Err),
        false => Err(RequestProblem::NotAnObject),
    }
}

/// Whether a member is as it should be.
type Sound = Result<(), RequestProblem>;

/// Reads a member at the top.
fn member(call: &mut Call, key: &[u8], scanner: &mut Scanner<'_>) -> Result<Sound, Broken> {
    let name = camel(key);
    match name.as_ref() {
        b"contents" => return turns(call, scanner),
        b"systemInstruction" => return system(call, scanner),
        _ => {}
    }
    let value = scanner.value()?;
    Ok(match name.as_ref() {
        _ if value.is_null() => Ok(()),
        b"tools" => tools::read(call, value),
        b"toolConfig" => config::read_tool_config(call, key, value),
        b"generationConfig" => config::read(call, value),
        b"model" => Ok(()), // the path's counts
        _ => {
            call.rest.keep(key, value.raw);
            Ok(())
        }
    })
}

fn turns(call: &mut Call, scanner: &mut Scanner<'_>) -> Result<Sound, Broken> {
    let mut ids = Ids::of_conversation();
    let turns = &mut call.turns;
    let mut is_wrong = false;
    let mut take = |scanner: &mut Scanner<'_>| {
        match turn(scanner, &mut ids)? {
            Some(turn) => push(turns, turn),
            None => is_wrong = true,
        }
        Ok(())
    };
    let is_list = match scanner.token()? {
        b'{' => take(scanner).map(|()| true)?,
        b'[' => scanner.items(take)?,
        _ => scanner.value()?.is_null(),
    };
    let wanted = if is_list { "an array of objects with `parts`" } else { "an array" };
    let wrong = RequestProblem::WrongType { param: "contents", wanted };
    Ok(if is_list && !is_wrong { Ok(()) } else { Err(wrong) })
}

/// Adds a turn. The SDKs keep each event of a stream as a turn of the model's own: they are one.
fn push(turns: &mut Vec<Turn>, turn: Turn) {
    let is_plain = |turn: &Turn| turn.role == Role::Assistant && turn.rest.is_empty();
    match turns.last_mut() {
        Some(last) if is_plain(last) && is_plain(&turn) => {
            let mut parts = turn.parts.into_iter();
            if let Some(first) = parts.next() {
                join(&mut last.parts, first);
            }
            last.parts.extend(parts);
        }
        _ => turns.push(turn),
    }
}

/// Adds a part to the one that goes on with it, if it is of the same kind. A thought is whole once
/// it has its signature.
fn join(parts: &mut Vec<Part>, part: Part) {
    match (parts.last_mut(), part) {
        (_, Part::Text { text, rest, .. }) if text.is_empty() && rest.is_empty() => {}
        (Some(Part::Text { text: known, rest, .. }), Part::Text { text, rest: other, .. })
            if rest.is_empty() && other.is_empty() =>
        {
            known.push_str(&text);
        }
        (
            Some(Part::Thinking { text: known, seal: open @ None, .. }),
            Part::Thinking { text, seal, .. },
        ) => {
            known.push_str(&text);
            *open = seal;
        }
        (_, part) => parts.push(part),
    }
}

/// Reads a turn; `None` if it is none.
fn turn(scanner: &mut Scanner<'_>, ids: &mut Ids) -> Result<Option<Turn>, Broken> {
    let mut turn = Turn { role: Role::User, parts: Vec::new(), rest: Rest::of(HERE) };
    let mut is_sound = true;
    let is_object = scanner.members(|scanner, key| {
        if key == b"parts" {
            let is_list = matches!(scanner.token()?, b'[' | b'{' | b'n');
            is_sound &= is_list;
            return parts::read_all(scanner, ids, &mut turn.parts).map(|_| ());
        }
        let value = scanner.value()?;
        match (key, value.text()) {
            _ if value.is_null() => {}
            (b"role", Some(b"user" | b"USER" | b"")) => {}
            (b"role", Some(b"model" | b"MODEL")) => turn.role = Role::Assistant,
            _ => turn.rest.keep(key, value.raw),
        }
        Ok(())
    })?;
    Ok((is_object && is_sound).then_some(turn))
}

/// Whatever role it names, it holds instructions.
fn system(call: &mut Call, scanner: &mut Scanner<'_>) -> Result<Sound, Broken> {
    match scanner.token()? {
        b'{' => {
            let turn = turn(scanner, &mut Ids::of_conversation())?;
            if let Some(turn) = turn {
                call.system = turn.parts;
                return Ok(Ok(()));
            }
        }
        b'"' => {
            call.system.extend(scanner.value()?.string().map(Part::text));
            return Ok(Ok(()));
        }
        _ if scanner.value()?.is_null() => return Ok(Ok(())),
        _ => {}
    }
    let wanted = "an object";
    Ok(Err(RequestProblem::WrongType { param: "systemInstruction", wanted }))
}
