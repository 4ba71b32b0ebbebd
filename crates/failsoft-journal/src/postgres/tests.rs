//! Rows go into a real server and come out as they were.

#[path = "../../tests/cluster/mod.rs"]
mod cluster;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use cluster::Cluster;

use super::columns::{ATTEMPTS, CALLS, Cell, Column, STATES, STEPS, Value};
use super::read::PostgresSource;
use super::store::Group;
use super::store::PostgresStore;
use crate::queue::Drops;
use crate::rows::{AttemptRow, CallRow, Dropped, Recorded, StateRow, StepRow, TargetRow};
use crate::source::{Source, Span};
use crate::store::DropRow;

const LONG: Duration = Duration::from_secs(20);
const ALWAYS: Span = Span { since_ms: i64::MIN, until_ms: i64::MAX };

/// A row in which no two fields are alike, and none is empty.
fn full<R: Default>(columns: &[Column<R>], first: i64) -> R {
    let mut row = R::default();
    for (number, column) in (first..).zip(columns) {
        let cell = match (column.of)(&R::default()) {
            Value::Whole(_) => Cell::Whole(Some(number % 200)),
            Value::Text(_) => Cell::Text(Some(Arc::from(format!("{} {number}", column.name)))),
        };
        (column.put)(&mut row, cell);
    }
    row
}

fn target(number: u8) -> Option<TargetRow> {
    let text = |what: &str| Arc::from(format!("{what} {number}"));
    Some(TargetRow { name: text("name"), provider: text("provider"), credential: text("key") })
}

fn recorded(number: u8) -> Recorded {
    let call: CallRow = full(CALLS, i64::from(number));
    let attempt: AttemptRow = full(ATTEMPTS, i64::from(number) + 1);
    let step: StepRow = full(STEPS, i64::from(number) + 2);
    let attempts = vec![
        AttemptRow { ordinal: 0, target: target(number), ..attempt.clone() },
        AttemptRow { ordinal: 1, ..AttemptRow::default() },
    ];
    let steps = vec![
        StepRow { step: 1, target: target(7), ..step },
        StepRow { step: 2, ..StepRow::default() },
    ];
    Recorded { call, attempts, steps }
}

fn group() -> Group {
    let state: StateRow = full(STATES, 9);
    let empty = Recorded::default();
    Group {
        calls: vec![(1, recorded(10)), (2, empty), (4, recorded(90))],
        states: vec![
            (3, StateRow { target: target(10), ..state }),
            (5, StateRow { at_ms: 700, ..StateRow::default() }),
        ],
        drops: Some(DropRow { number: 6, at_ms: 5, drops: Drops { healthy: 3, failed: 4 } }),
    }
}

fn read(url: &str) -> (Vec<Recorded>, Vec<StateRow>, Dropped) {
    let mut source = PostgresSource::open(url.parse().unwrap()).unwrap();
    let (mut calls, mut states) = (Vec::new(), Vec::new());
    let mut call = |recorded| {
        calls.push(recorded);
        ControlFlow::Continue(())
    };
    source.calls(ALWAYS, &mut call).unwrap();
    let mut state = |row| {
        states.push(row);
        ControlFlow::Continue(())
    };
    source.states(ALWAYS, &mut state).unwrap();
    let dropped = source.dropped(ALWAYS).unwrap();
    (calls, states, dropped)
}

#[test]
fn every_field_comes_back_and_a_group_written_twice_stands_once() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let mut store = PostgresStore::new(url.parse().unwrap(), 77, LONG, false);
    let group = group();
    for _ in 0..2 {
        store.write_group(&group).unwrap();
    }
    let (calls, states, dropped) = read(&url);
    assert_eq!(dropped, Dropped { healthy: 3, failed: 4 });
    let of = |index: usize| group.calls[index].1.clone();
    assert_eq!(calls, [of(1), of(0), of(2)], "in the order of their time");
    assert_eq!(states, [group.states[0].1.clone(), group.states[1].1.clone()]);
    assert_eq!(
        cluster.ask(&url, "SELECT attempts FROM failsoft.calls ORDER BY number"),
        ["2", "0", "2"]
    );
    assert_eq!(cluster.ask(&url, "SELECT count(*) FROM failsoft.targets"), ["3"]);
}

#[test]
fn a_text_that_the_server_cannot_hold_does_not_stop_its_group() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.database();
    let mut store = PostgresStore::new(url.parse().unwrap(), 78, LONG, false);
    let mut group = group();
    group.calls[0].1.call.tag = Some("seen\0unseen".into());
    store.write_group(&group).unwrap();
    let tag = cluster.ask(&url, "SELECT tag FROM failsoft.calls WHERE number = 1");
    assert_eq!(tag, ["seen"]);
}
