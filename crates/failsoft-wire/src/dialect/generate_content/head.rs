//! The head of a request.

use std::borrow::Cow;

use super::keys::camel;
use super::numbers;
use crate::request::{Addressed, MAX_KEY, MAX_KEYS, RequestHead, RequestProblem, checked, fold};
use crate::scan::{Broken, Scanner, Value};

/// The parameters a decision rests on: whoever else reads them must read the same.
const PARAMS: [&str; 3] = ["contents", "generationConfig", "continuationToken"];

/// Reads what the policy must know. Model and stream stand in the path.
pub(crate) fn read_request(
    body: &[u8],
    addressed: &Addressed,
) -> Result<RequestHead, RequestProblem> {
    let found = scan(body)?.ok_or(RequestProblem::NotAnObject)?;
    check_keys(&found.keys)?;
    check_contents(&found)?;
    Ok(RequestHead {
        model: addressed.model.clone(),
        model_span: None,
        stream: addressed.stream,
        include_usage: false,
        max_tokens: max_tokens(found.config)?,
        input_tokens: u32::try_from(body.len() / 4).unwrap_or(u32::MAX),
    })
}

/// The members at the top that matter.
#[derive(Default)]
struct Found<'a> {
    keys: Vec<&'a [u8]>,
    contents: Option<Value<'a>>,
    config: Option<Value<'a>>,
    is_continued: bool,
}

fn scan(body: &[u8]) -> Result<Option<Found<'_>>, RequestProblem> {
    let mut found = Found { keys: Vec::with_capacity(8), ..Found::default() };
    let mut scanner = Scanner::with_max_key(body, MAX_KEY);
    let scanned = scanner.members(|scanner, key| {
        let value = scanner.value()?;
        found.keys.push(key);
        match camel(key).as_ref() {
            b"contents" => found.contents = Some(value),
            b"generationConfig" => found.config = Some(value),
            b"continuationToken" => found.is_continued = value.is_full(),
            _ if found.keys.len() > MAX_KEYS => return Err(Broken::TooComplex),
            _ => {}
        }
        Ok(())
    });
    let is_object = checked(body, scanned.and_then(|is| scanner.end().map(|()| is)))?;
    Ok(is_object.then_some(found))
}

/// There is something to answer; one turn may stand alone.
fn check_contents(found: &Found<'_>) -> Result<(), RequestProblem> {
    let wrong = RequestProblem::WrongType { param: "contents", wanted: "an array" };
    match found.contents.filter(|contents| !contents.is_null()) {
        Some(contents) if contents.is_array() || contents.is_object() => Ok(()),
        Some(_) => Err(wrong),
        None if found.is_continued => Ok(()),
        None => Err(RequestProblem::Missing("contents")),
    }
}

fn max_tokens(config: Option<Value<'_>>) -> Result<Option<u32>, RequestProblem> {
    let Some(config) = config.filter(|config| !config.is_null()) else { return Ok(None) };
    let wrong = |wanted| RequestProblem::WrongType { param: "generationConfig", wanted };
    if !config.is_object() {
        return Err(wrong("an object"));
    }
    let mut bounds = Vec::new();
    // The value was checked before: it cannot be broken.
    _ = Scanner::new(config.raw).members(|scanner, key| {
        let value = scanner.value()?;
        if camel(key).as_ref() == b"maxOutputTokens" {
            bounds.push(value);
        }
        Ok(())
    });
    match bounds.as_slice() {
        [] => Ok(None),
        [bound] if bound.is_null() => Ok(None),
        [bound] => numbers::count(bound)
            .map(Some)
            .ok_or(wrong("an object whose `maxOutputTokens` is a whole number, not negative")),
        [..] => Err(RequestProblem::Duplicate("maxOutputTokens".to_owned())),
    }
}

/// No key twice, in whatever spelling; no parameter in a spelling only some parsers know.
fn check_keys(keys: &[&[u8]]) -> Result<(), RequestProblem> {
    let mut folded: Vec<Vec<u8>> = Vec::with_capacity(keys.len());
    let mut twisted = None;
    for key in keys {
        let known = camel(key);
        let bare: Vec<u8> = fold(key).iter().copied().filter(|&byte| byte != b'_').collect();
        let param = PARAMS.into_iter().find(|param| param.as_bytes().eq_ignore_ascii_case(&bare));
        twisted = twisted.or(param.filter(|param| *known != *param.as_bytes()));
        folded.push(bare);
    }
    folded.sort_unstable();
    if let Some([key, ..]) = folded.windows(2).find(|pair| pair.first() == pair.last()) {
        let name = PARAMS.into_iter().find(|param| param.as_bytes().eq_ignore_ascii_case(key));
        let name = name.map_or_else(|| String::from_utf8_lossy(key), Cow::Borrowed);
        return Err(RequestProblem::Duplicate(name.into_owned()));
    }
    twisted.map_or(Ok(()), |param| Err(RequestProblem::Twisted(param)))
}
