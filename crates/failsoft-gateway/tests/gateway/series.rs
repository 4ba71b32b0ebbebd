//! What clients make up is no label.

use std::collections::BTreeSet;

use failsoft::Call;
use failsoft_wire::Dialect;

use crate::house::{House, chat_body};

/// Names and labels of all series, without their values and examples.
async fn series(house: &House) -> BTreeSet<String> {
    let page = house.admin("/metrics").await.body;
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let rows = lines.map(|line| line.split_once(" # ").map_or(line, |(row, _)| row));
    rows.filter_map(|row| Some(row.rsplit_once(' ')?.0.to_owned())).collect()
}

/// Asks for a model through the library: a hundred thousand connections would take minutes.
async fn ask(house: &House, model: &str) -> u16 {
    let body = chat_body(model, false).into();
    let headers = http::HeaderMap::new();
    let call = Call { dialect: Dialect::ChatCompletions, headers, body, addressed: None };
    house.gateway.failsoft().send(call).await.status().as_u16()
}

#[tokio::test]
async fn a_hundred_thousand_names_that_clients_make_up_are_no_series() {
    let house = House::open().await;
    for model in ["made-up", "chat/made-up", "assistant"] {
        ask(&house, model).await;
    }
    let before = series(&house).await;
    assert!(before.len() > 50, "{before:?}");
    for number in 0..100_000 {
        assert_eq!(ask(&house, &format!("made-up-{number}-\u{263a}")).await, 404);
    }
    for number in 0..200 {
        assert_eq!(ask(&house, &format!("chat/made-up-{number}")).await, 200);
    }
    assert_eq!(series(&house).await, before);
}
