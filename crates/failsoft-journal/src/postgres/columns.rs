//! The columns of each table: one list for writing and for reading.

use crate::rows::{AttemptRow, CallRow, Name, StateRow, StepRow};

/// A field of a row, by the name it has in both.
pub(super) struct Column<R> {
    pub(super) name: &'static str,
    pub(super) of: fn(&R) -> Value<'_>,
    pub(super) put: fn(&mut R, Cell),
}

/// What goes into a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Whole(Option<i64>),
    Text(Option<&'a str>),
}

/// What came out of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Whole(Option<i64>),
    Text(Option<Name>),
}

/// Fields that are columns, one to one.
macro_rules! columns {
    ($row:ty: $($field:ident)*) => {
        &[$(Column {
            name: stringify!($field),
            of: |row: &$row| row.$field.value(),
            put: |row: &mut $row, cell| row.$field.put(cell),
        }),*]
    };
}

pub(super) const CALLS: &[Column<CallRow>] = columns![CallRow:
    id started_ms route model dialect delivery profile client client_retries tag trace_id
    request_bytes prompt_tokens max_attempts deadline_ns verdict kind status retry_after_ns
    answer_ordinal waited_ns first_content_ns took_ns
];

/// Beside the target, which is a row of its own.
pub(super) const ATTEMPTS: &[Column<AttemptRow>] = columns![AttemptRow:
    ordinal model why start_step commit_step end_step started_ns connected_ns headers_ns
    first_content_ns committed_ns took_ns outcome kind phase same_target elsewhere cancel_reason
    retry_after_ns status code request_id words input_tokens output_tokens cost_nanos
    delivered_bytes translated_to left_out dropped_events seam onward grounds
];

/// Beside the target, which is a row of its own.
pub(super) const STEPS: &[Column<StepRow>] = columns![StepRow:
    step at_ns what why reason from_state to_state until_ns took_ns value grounds
];

/// Beside the target, which is a row of its own.
pub(super) const STATES: &[Column<StateRow>] = columns![StateRow:
    at_ms what reason from_state to_state until_ms value grounds operator
];

/// What can stand in a cell.
trait Field {
    fn value(&self) -> Value<'_>;
    fn put(&mut self, cell: Cell);
}

/// Numbers beyond what a column holds become the largest; nothing real is so large.
macro_rules! wholes {
    ($($number:ty)*) => {$(
        impl Field for $number {
            fn value(&self) -> Value<'_> {
                Value::Whole(Some(i64::try_from(*self).unwrap_or(i64::MAX)))
            }
            fn put(&mut self, cell: Cell) {
                let mut field: Option<$number> = None;
                field.put(cell);
                *self = field.unwrap_or_default();
            }
        }
        impl Field for Option<$number> {
            fn value(&self) -> Value<'_> {
                Value::Whole(self.map(|number| i64::try_from(number).unwrap_or(i64::MAX)))
            }
            fn put(&mut self, cell: Cell) {
                let Cell::Whole(number) = cell else { return };
                // What someone else wrote there is not trusted to fit.
                *self = number.and_then(|number| <$number>::try_from(number).ok());
            }
        }
    )*};
}

wholes![u8 u16 u32 u64 i64];

impl Field for Option<Name> {
    fn value(&self) -> Value<'_> {
        Value::Text(self.as_deref())
    }

    fn put(&mut self, cell: Cell) {
        if let Cell::Text(text) = cell {
            *self = text;
        }
    }
}

impl Field for Name {
    fn value(&self) -> Value<'_> {
        Value::Text(Some(self))
    }

    fn put(&mut self, cell: Cell) {
        if let Cell::Text(Some(text)) = cell {
            *self = text;
        }
    }
}

impl Field for Option<String> {
    fn value(&self) -> Value<'_> {
        Value::Text(self.as_deref())
    }

    fn put(&mut self, cell: Cell) {
        if let Cell::Text(text) = cell {
            *self = text.map(|text| text.as_ref().to_owned());
        }
    }
}

impl Field for String {
    fn value(&self) -> Value<'_> {
        Value::Text(Some(self))
    }

    fn put(&mut self, cell: Cell) {
        if let Cell::Text(Some(text)) = cell {
            *self = text.as_ref().to_owned();
        }
    }
}
