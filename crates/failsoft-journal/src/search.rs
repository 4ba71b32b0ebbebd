//! Finding calls by what is known of them.

use rusqlite::{Connection, params};

use crate::Search;
use crate::story::{self, Story};

/// Whatever is not asked for is NULL and does not matter.
const FIND: &str = "SELECT c.seq FROM calls c WHERE c.started_ms >= ?1 AND c.started_ms < ?2
    AND (?3 IS NULL OR (c.id >= ?3 AND c.id < ?3 || char(1114111)))
    AND (?4 IS NULL OR c.tag = ?4)
    AND (?5 IS NULL OR c.route = ?5)
    AND (?6 IS NULL OR c.verdict = ?6)
    AND (?7 IS NULL OR c.kind = ?7
        OR EXISTS (SELECT 1 FROM attempts a WHERE a.call = c.seq AND a.kind = ?7))
    AND (?8 IS NULL OR EXISTS (SELECT 1 FROM attempts a JOIN targets t ON t.id = a.target
        WHERE a.call = c.seq AND t.name = ?8))
    AND (?9 = 0 OR c.verdict IS NOT 'served' OR c.answer_ordinal > 0)
    ORDER BY c.seq DESC LIMIT ?10";

/// The newest calls that fit, newest first.
pub(crate) fn search(connection: &Connection, search: &Search) -> rusqlite::Result<Vec<Story>> {
    let span = search.span.map_or((i64::MIN, i64::MAX), |span| (span.since_ms, span.until_ms));
    let mut statement = connection.prepare_cached(FIND)?;
    let limit = i64::try_from(search.limit).unwrap_or(i64::MAX);
    let (id, tag, target) = (&search.id, &search.tag, &search.target);
    let values = params![
        span.0,
        span.1,
        id,
        tag,
        search.route,
        search.verdict,
        search.kind,
        target,
        search.eventful,
        limit
    ];
    let found: Vec<i64> =
        statement.query_map(values, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let stories = found.into_iter().map(|seq| story::load(connection, seq));
    stories.filter_map(Result::transpose).collect()
}
