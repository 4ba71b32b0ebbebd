//! Calls of the record: found, and told one by one.

use std::path::Path;
use std::sync::Arc;

use failsoft::Body;
use failsoft_config::Journal;
use failsoft_journal::{JournalError, Reader, Recorded, Search, Source, Span};
use http::{Response, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::guard::refused;
use super::{query, reply};
use crate::state::State;

/// Calls of one page, unless fewer are asked for.
const PAGE: usize = 100;

/// The newest calls that fit a query.
pub(super) async fn search(state: &Arc<State>, text: &str) -> Response<Body> {
    let search = match read(text) {
        Ok(search) => search,
        Err(words) => return refused(StatusCode::BAD_REQUEST, &words),
    };
    let limit = search.limit;
    match look(state, move |reader| reader.search(&search)).await {
        Ok(found) => {
            let calls: Vec<Value> = found.iter().map(line).collect();
            let page = json!({ "calls": calls, "more": found.len() >= limit });
            reply::json(StatusCode::OK, &page)
        }
        Err(response) => response,
    }
}

/// The story of one call, by its id or the beginning of it.
pub(super) async fn story(state: &Arc<State>, id: &str) -> Response<Body> {
    let Some(id) = query::decoded(id) else {
        return refused(StatusCode::BAD_REQUEST, "this is no call's id");
    };
    match look(state, move |reader| reader.call(&id)).await {
        Ok(Some(story)) => match serde_json::to_string(&story) {
            Ok(text) => reply::said(StatusCode::OK, super::JSON, text),
            Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "this call cannot be told"),
        },
        Ok(None) => refused(
            StatusCode::NOT_FOUND,
            "no call of this id is in the journal: it may have been forgotten, or not yet written",
        ),
        Err(response) => response,
    }
}

/// Asks the record, off the calls' threads, and few questions at once.
pub(super) async fn look<T: Send + 'static>(
    state: &Arc<State>,
    ask: impl FnOnce(&mut Reader) -> Result<T, JournalError> + Send + 'static,
) -> Result<T, Response<Body>> {
    if !is_kept(state) {
        let words = "no journal is kept: set [journal] path to look into calls";
        return Err(refused(StatusCode::SERVICE_UNAVAILABLE, words));
    }
    let journal = state.operators.journal.clone();
    let place = Arc::clone(&state.operators.readers).acquire_owned().await;
    let asked = tokio::task::spawn_blocking(move || {
        let _place = place;
        ask(&mut open(&journal)?)
    });
    match asked.await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error @ JournalError::Ambiguous { .. })) => {
            Err(refused(StatusCode::CONFLICT, &error.to_string()))
        }
        Ok(Err(error)) => Err(refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())),
        Err(_) => Err(refused(StatusCode::INTERNAL_SERVER_ERROR, "the journal cannot be read")),
    }
}

/// Whether there is a record to look into.
pub(super) fn is_kept(state: &State) -> bool {
    state.operators.journal.url.is_some() || state.operators.journal.path.is_some()
}

/// Opens the record for reading, wherever it is kept.
fn open(journal: &Journal) -> Result<Reader, JournalError> {
    match &journal.url {
        Some(url) => connect(url),
        None => Reader::open(journal.path.as_deref().unwrap_or(Path::new(""))),
    }
}

#[cfg(feature = "postgres")]
fn connect(url: &SecretString) -> Result<Reader, JournalError> {
    let url: failsoft_journal::PostgresUrl = secrecy::ExposeSecret::expose_secret(url).parse()?;
    Reader::connect(&url)
}

#[cfg(not(feature = "postgres"))]
fn connect(_: &SecretString) -> Result<Reader, JournalError> {
    let words = "this build knows no databases; build it with the feature `postgres`";
    Err(JournalError::Read(words.to_owned()))
}

/// What a query asks for; what is empty does not matter.
fn read(text: &str) -> Result<Search, String> {
    let mut search = Search { limit: PAGE, ..Search::default() };
    let (mut since_ms, mut until_ms) = (None, None);
    for (name, value) in query::pairs(text).filter(|(_, value)| !value.is_empty()) {
        let number = || value.parse::<i64>().map_err(|_| format!("`{name}` takes a whole number"));
        match name.as_str() {
            "id" => search.id = Some(value),
            "tag" => search.tag = Some(value),
            "target" => search.target = Some(value),
            "kind" => search.kind = Some(value),
            "route" => search.route = Some(value),
            "verdict" => search.verdict = Some(value),
            "eventful" => search.eventful = value == "true",
            "since_ms" => since_ms = Some(number()?),
            "until_ms" => until_ms = Some(number()?),
            "limit" => {
                search.limit = usize::try_from(number()?).unwrap_or(PAGE).clamp(1, PAGE);
            }
            _ => return Err(format!("`{name}` is nothing calls are looked for by")),
        }
    }
    if since_ms.is_some() || until_ms.is_some() {
        search.span =
            Some(Span { since_ms: since_ms.unwrap_or(0), until_ms: until_ms.unwrap_or(i64::MAX) });
    }
    Ok(search)
}

/// A call in one line.
fn line(Recorded { call, attempts, .. }: &Recorded) -> Value {
    let attempts = attempts.iter().map(|attempt| {
        json!({
            "target": attempt.target.as_ref().map(|target| &*target.name),
            "why": attempt.why.as_deref(),
            "outcome": attempt.outcome.as_deref(),
            "kind": attempt.kind.as_deref(),
            "took_ms": attempt.took_ns.map(millis),
        })
    });
    json!({
        "call": call.id,
        "started_unix_ms": call.started_ms,
        "route": &*call.route,
        "model": &*call.model,
        "tag": call.tag.as_deref(),
        "verdict": call.verdict.as_deref(),
        "kind": call.kind.as_deref(),
        "status": call.status,
        "first_content_ms": call.first_content_ns.map(millis),
        "took_ms": call.took_ns.map(millis),
        "attempts": attempts.collect::<Value>(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_whole_or_refused() {
        let search = read("kind=overloaded&target=a%2Fb&tag=&since_ms=5&limit=7").expect("good");
        assert_eq!(search.kind.as_deref(), Some("overloaded"));
        assert_eq!((search.target.as_deref(), search.tag), (Some("a/b"), None));
        assert_eq!(search.span, Some(Span { since_ms: 5, until_ms: i64::MAX }));
        assert_eq!((search.limit, read("limit=9999").expect("good").limit), (7, PAGE));
        for text in ["since_ms=yesterday", "order=asc"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
