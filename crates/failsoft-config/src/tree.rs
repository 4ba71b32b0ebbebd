//! The text as a tree in which every value knows where it was written.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::report::Report;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// These bytes of the text.
    Text(Range<usize>),
    /// An environment variable.
    Variable(String),
}

/// A value and its place.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Clone)]
pub(crate) enum Value {
    Text(String),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    Date,
    List(Vec<Node>),
    Table(Table),
}

/// Entries in the order written.
#[derive(Clone, Default)]
pub(crate) struct Table(pub(crate) Vec<Entry>);

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) node: Node,
}

impl Value {
    /// The kind, with its article, for people.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number with decimals",
            Self::Boolean(_) => "true or false",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    pub(crate) const fn table(&self) -> Option<&Table> {
        if let Value::Table(table) = &self.value { Some(table) } else { None }
    }

    pub(crate) const fn table_mut(&mut self) -> Option<&mut Table> {
        if let Value::Table(table) = &mut self.value { Some(table) } else { None }
    }

    pub(crate) const fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text.as_str()) } else { None }
    }

    /// The table, which this node becomes if it is none.
    pub(crate) fn make_table(&mut self) -> &mut Table {
        if self.table().is_none() {
            self.value = Value::Table(Table::default());
        }
        match &mut self.value {
            Value::Table(table) => table,
            Value::Text(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Date
            | Value::List(_) => unreachable!("it was made a table above"),
        }
    }

    /// The same without places, for the types that serde fills.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) => text.as_str().into(),
            // Numbers beyond 64 bits were reported; they never reach a setting.
            Value::Integer(number) => i64::try_from(*number).unwrap_or(i64::MAX).into(),
            Value::Float(number) => (*number).into(),
            Value::Boolean(yes) => (*yes).into(),
            Value::Date => serde_json::Value::Null,
            Value::List(nodes) => nodes.iter().map(Self::to_json).collect(),
            Value::Table(table) => {
                table.0.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect()
            }
        }
    }
}

impl Table {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn node(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(crate) fn node_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    /// The node of this key, an empty table if there is none yet.
    pub(crate) fn node_or_new(&mut self, key: &str, place: &Place) -> &mut Node {
        let index = self.0.iter().position(|entry| entry.key == key).unwrap_or_else(|| {
            let node = Node { place: place.clone(), value: Value::Table(Self::default()) };
            self.0.push(Entry { key: key.to_owned(), place: place.clone(), node });
            self.0.len() - 1
        });
        &mut self.0[index].node
    }

    /// Adds what `below` has and this has not, key by key.
    pub(crate) fn lay_over(&mut self, below: &Self) {
        for entry in &below.0 {
            match (self.node_mut(&entry.key), entry.node.table()) {
                (None, _) => self.0.push(entry.clone()),
                (Some(Node { value: Value::Table(mine), .. }), Some(theirs)) => {
                    mine.lay_over(theirs);
                }
                (Some(_), _) => {}
            }
        }
    }
}

/// Reads a text; what cannot be read is reported.
pub(crate) fn read(text: &str, report: &Report<'_>) -> Table {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        report.syntax(error.span(), error.message());
    }
    read_table(table.get_ref())
}

/// Reads a single value, as it may stand in a variable.
pub(crate) fn read_value(text: &str, place: &Place) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    let mut node = read_node(&value);
    set_place(&mut node, place);
    Some(node)
}

fn set_place(node: &mut Node, place: &Place) {
    node.place = place.clone();
    match &mut node.value {
        Value::List(nodes) => nodes.iter_mut().for_each(|node| set_place(node, place)),
        Value::Table(table) => {
            for entry in &mut table.0 {
                entry.place = place.clone();
                set_place(&mut entry.node, place);
            }
        }
        Value::Text(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Date => {}
    }
}

fn read_table(table: &DeTable<'_>) -> Table {
    let mut entries: Vec<(usize, Entry)> = table
        .iter()
        .map(|(key, value)| {
            let entry = Entry {
                key: key.get_ref().to_string(),
                place: Place::Text(key.span()),
                node: read_node(value),
            };
            (key.span().start, entry)
        })
        .collect();
    entries.sort_by_key(|(start, _)| *start);
    Table(entries.into_iter().map(|(_, entry)| entry).collect())
}

fn read_node(value: &Spanned<DeValue<'_>>) -> Node {
    let read = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Integer(
            i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX),
        ),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(yes) => Value::Boolean(*yes),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(values) => Value::List(values.iter().map(read_node).collect()),
        DeValue::Table(table) => Value::Table(read_table(table)),
    };
    Node { place: Place::Text(value.span()), value: read }
}
