//! Rows to arrays and back: one statement puts a table's part of a group in its place.

use std::collections::HashSet;
use std::fmt::Write as _;

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::columns::{Cell, Column, Value};
use crate::rows::{Name, TargetRow};
use crate::text::{self, READ};

/// A row with what it is known by.
pub(super) struct Keyed<'a, R> {
    pub(super) number: i64,
    /// The number of its target, in tables that have one.
    pub(super) target: Option<i32>,
    pub(super) row: &'a R,
}

/// Whether the rows of a table name a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Targets {
    Named,
    None,
}

/// A column's part of a group.
pub(super) enum Array<'a> {
    Wholes(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
}

impl Array<'_> {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Wholes(wholes) => wholes.is_empty(),
            Self::Texts(texts) => texts.is_empty(),
        }
    }

    pub(super) fn bound(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Wholes(wholes) => (wholes, Type::INT8_ARRAY),
            Self::Texts(texts) => (texts, Type::TEXT_ARRAY),
        }
    }
}

/// A statement that inserts rows given as arrays: `$1` is the writer, `$2` the numbers, then the
/// targets if there are any, then the columns.
pub(super) fn insert<R: Default>(
    table: &str,
    columns: &[Column<R>],
    targets: Targets,
    more: &[&str],
) -> String {
    let mut names = String::from("writer, number");
    let mut arrays = String::from("$2::int8[]");
    let mut place = 2;
    let mut add = |name: &str, kind: &str| {
        place += 1;
        let _ = write!(names, ", {name}");
        let _ = write!(arrays, ", ${place}::{kind}[]");
    };
    if targets == Targets::Named {
        add("target", "int8");
    }
    for column in columns {
        add(column.name, kind(column));
    }
    more.iter().for_each(|name| add(name, "int8"));
    format!(
        "INSERT INTO failsoft.{table} ({names}) SELECT $1::int8, * FROM unnest({arrays}) \
         ON CONFLICT DO NOTHING"
    )
}

/// The arrays for such a statement, from the numbers on.
pub(super) fn arrays<'a, R>(
    columns: &[Column<R>],
    targets: Targets,
    rows: &[Keyed<'a, R>],
) -> Vec<Array<'a>> {
    let mut arrays = Vec::with_capacity(columns.len() + 3);
    arrays.push(Array::Wholes(rows.iter().map(|keyed| Some(keyed.number)).collect()));
    if targets == Targets::Named {
        arrays.push(Array::Wholes(rows.iter().map(|keyed| keyed.target.map(i64::from)).collect()));
    }
    arrays.extend(columns.iter().map(|column| array(column, rows)));
    arrays
}

fn array<'a, R>(column: &Column<R>, rows: &[Keyed<'a, R>]) -> Array<'a> {
    let mut wholes = Vec::new();
    let mut texts = Vec::new();
    for keyed in rows {
        match (column.of)(keyed.row) {
            Value::Whole(whole) => wholes.push(whole),
            Value::Text(text) => texts.push(text.map(storable)),
        }
    }
    if texts.is_empty() { Array::Wholes(wholes) } else { Array::Texts(texts) }
}

/// A text without the one character that Postgres cannot hold, which would stop its group for ever.
pub(super) fn storable(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

/// What a column holds, in SQL.
fn kind<R: Default>(column: &Column<R>) -> &'static str {
    match (column.of)(&R::default()) {
        Value::Whole(_) => "int8",
        Value::Text(_) => "text",
    }
}

/// The columns of a table for a `SELECT`, each as what it is read as.
pub(super) fn selected<R: Default>(table: &str, columns: &[Column<R>]) -> String {
    let mut list = String::new();
    for column in columns {
        let comma = if list.is_empty() { "" } else { ", " };
        let _ = write!(list, "{comma}{table}.{}::{}", column.name, kind(column));
    }
    list
}

/// Texts that were read: the same one is kept once.
#[derive(Debug, Default)]
pub(super) struct Texts {
    known: HashSet<Name>,
}

/// Texts kept for sharing; ids, which never come again, must not fill memory.
const SHARED: usize = 4_096;

impl Texts {
    /// A text from the database: someone else may have written it.
    fn read(&mut self, text: &str) -> Name {
        let safe = text::label(text, READ);
        if let Some(known) = self.known.get(safe.as_ref()) {
            return Name::clone(known);
        }
        let name = Name::from(safe.as_ref());
        if self.known.len() == SHARED {
            self.known.clear();
        }
        self.known.insert(Name::clone(&name));
        name
    }

    /// A row, whose first column stands at a place.
    pub(super) fn row<R: Default>(
        &mut self,
        columns: &[Column<R>],
        (row, first): (&Row, usize),
    ) -> Result<R, tokio_postgres::Error> {
        let mut read = R::default();
        let empty = R::default();
        for (at, column) in columns.iter().enumerate() {
            let cell = match (column.of)(&empty) {
                Value::Whole(_) => Cell::Whole(row.try_get(first + at)?),
                Value::Text(_) => {
                    let text: Option<&str> = row.try_get(first + at)?;
                    Cell::Text(text.map(|text| self.read(text)))
                }
            };
            (column.put)(&mut read, cell);
        }
        Ok(read)
    }

    /// A target, whose name, provider and credential stand at a place and the two after it.
    pub(super) fn target(
        &mut self,
        (row, first): (&Row, usize),
    ) -> Result<Option<TargetRow>, tokio_postgres::Error> {
        let mut text = |at| -> Result<Option<Name>, tokio_postgres::Error> {
            let text: Option<&str> = row.try_get(first + at)?;
            Ok(text.map(|text| self.read(text)))
        };
        let (name, provider, credential) = (text(0)?, text(1)?, text(2)?);
        Ok(name.map(|name| TargetRow {
            name,
            provider: provider.unwrap_or_default(),
            credential: credential.unwrap_or_default(),
        }))
    }
}
