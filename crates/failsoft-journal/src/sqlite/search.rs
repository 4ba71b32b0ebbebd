//! Finding single calls among rows and sheets.

use rusqlite::{Row, ToSql};

use super::read::{View, read_sheet};
use crate::rows::Recorded;
use crate::sheet;
use crate::source::Search;

/// The newest calls that fit, newest first; of an id that is looked for, the very one first.
pub(super) fn search(view: &View<'_>, search: &Search) -> rusqlite::Result<Vec<Recorded>> {
    let mut found = lines(view, search)?;
    for seq in rows(view, search)? {
        found.extend(view.call(seq)?.map(|recorded| (seq, recorded)));
    }
    found.sort_by_key(|(seq, recorded)| std::cmp::Reverse((search.is_very(recorded), *seq)));
    found.truncate(search.limit);
    Ok(found.into_iter().map(|(_, recorded)| recorded).collect())
}

/// Conditions, each with the values it takes.
#[derive(Default)]
struct Conditions {
    sql: String,
    values: Vec<Box<dyn ToSql>>,
}

impl Conditions {
    fn and<const N: usize>(&mut self, sql: &str, values: [Box<dyn ToSql>; N]) {
        self.sql.push_str(if self.sql.is_empty() { " WHERE " } else { " AND " });
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    fn and_text(&mut self, sql: &str, text: Option<&String>) {
        if let Some(text) = text {
            self.and(sql, [Box::new(text.clone())]);
        }
    }
}

/// Numbers of rows that fit.
fn rows(view: &View<'_>, search: &Search) -> rusqlite::Result<Vec<i64>> {
    let mut fits = Conditions::default();
    if let Some(span) = search.span {
        let bounds: [Box<dyn ToSql>; 2] = [Box::new(span.since_ms), Box::new(span.until_ms)];
        fits.and("started_ms >= ? AND started_ms < ?", bounds);
    }
    if let Some((id, beyond)) = search.id.clone().zip(search.beyond()) {
        fits.and("id >= ? AND id < ?", [Box::new(id), Box::new(beyond)]);
    }
    fits.and_text("tag = ?", search.tag.as_ref());
    fits.and_text("route = ?", search.route.as_ref());
    fits.and_text("verdict = ?", search.verdict.as_ref());
    fits.and_text(
        "EXISTS (SELECT 1 FROM attempts a JOIN targets t ON t.id = a.target
         WHERE a.call = seq AND t.name = ?)",
        search.target.as_ref(),
    );
    if let Some(kind) = &search.kind {
        let sql = "(kind = ? OR EXISTS
            (SELECT 1 FROM attempts a WHERE a.call = seq AND a.kind = ?))";
        fits.and(sql, [Box::new(kind.clone()), Box::new(kind.clone())]);
    }
    if search.eventful {
        fits.and("(verdict IS NOT 'served' OR attempts <> 1)", []);
    }
    let Conditions { sql, mut values } = fits;
    let mut order = String::from("seq DESC");
    if let Some(id) = &search.id {
        order = format!("id = ? DESC, {order}");
        values.push(Box::new(id.clone()));
    }
    values.push(Box::new(i64::try_from(search.limit).unwrap_or(i64::MAX)));
    let sql = format!("SELECT seq FROM calls{sql} ORDER BY {order} LIMIT ?");
    let mut statement = view.connection.prepare(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), |row| row.get(0))?;
    rows.collect()
}

/// Calls of sheets that fit.
fn lines(view: &View<'_>, search: &Search) -> rusqlite::Result<Vec<(i64, Recorded)>> {
    let other = search.verdict.as_ref().is_some_and(|verdict| verdict != "served");
    // What stands in a sheet was served by its only attempt.
    if search.eventful || search.kind.is_some() || other {
        return Ok(Vec::new());
    }
    let mut fits = Conditions::default();
    if let Some(span) = search.span {
        let bounds: [Box<dyn ToSql>; 2] = [Box::new(span.since_ms), Box::new(span.until_ms)];
        fits.and("last_ms >= ? AND first_ms < ?", bounds);
    }
    if let Some((id, beyond)) = search.id.clone().zip(search.beyond()) {
        fits.and("max_id >= ? AND min_id < ?", [Box::new(id), Box::new(beyond)]);
    }
    let Conditions { sql, values } = fits;
    let sql = format!("SELECT seq, format, packed FROM sheets{sql} ORDER BY seq DESC");
    let mut statement = view.connection.prepare(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !may_fit(row, search)? {
            continue;
        }
        let calls = read_sheet(row)?.into_iter().flatten();
        found.extend(calls.filter(|(_, recorded)| search.fits(recorded)));
        if found.len() >= search.limit {
            break;
        }
    }
    Ok(found)
}

fn may_fit(row: &Row<'_>, search: &Search) -> rusqlite::Result<bool> {
    let (format, packed) = (row.get(1)?, row.get_ref(2)?.as_blob().unwrap_or_default());
    let mut texts = [&search.tag, &search.target, &search.route].into_iter().flatten();
    Ok(texts.all(|text| sheet::shares(format, packed, text)))
}
