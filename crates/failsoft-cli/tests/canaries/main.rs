//! Secrets, prompts and answers are planted wherever they can be, traffic of every kind goes through
//! a real process that logs all it can, and nothing it leaves behind may hold any of them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod house;
mod planted;
mod provider;

use house::{DATABASE, FILE, House, Page};
use planted::{ANSWER, PRIVATE, SAID, SECRETS, Slot};

/// Routes, and whether somebody behind them answers in the end.
const ROUTES: [&str; 10] = [
    "assistant",
    "pair",
    "cut",
    "inband",
    "tools",
    "echo-400",
    "echo-500",
    "echo-401",
    "echo-stream",
    "down",
];

#[test]
fn nothing_that_is_private_is_left_behind() {
    let mut house = House::open("pretty", FILE);
    let mut answers = house.traffic(&ROUTES, &Slot::ALL);
    let served = answers.iter().filter(|page| page.text.contains(ANSWER)).count();
    assert!(served >= 20, "the answer came through {served} times of {}", answers.len());
    let asked = house.fake.attempts().len();
    assert!(asked >= 60, "{asked} attempts");
    house.told("incident");
    house.told("calls_lost");
    let calls: Vec<String> =
        answers.iter().filter_map(|page| page.header("x-failsoft-call")).collect();
    let mut pages = house.admin_pages(&calls[..8]);
    house.stop();
    pages.extend(house.alerts());
    let traces = house.traces();
    assert!(traces.iter().any(|page| page.text.contains("fail-503")), "{traces:?}");
    pages.extend(traces);
    pages.push(house.log());
    let commands = house.commands(&calls);
    let failed = commands.iter().find(|page| page.name.ends_with("(failed)"));
    assert!(failed.is_none(), "{failed:?}");
    pages.extend(commands);
    pages.extend(house.files());
    assert!(pages.iter().map(|page| page.text.len()).sum::<usize>() > 100_000);

    let mut secrets: Vec<String> = SECRETS.map(str::to_owned).to_vec();
    secrets.push(house.client_key.clone());
    for secret in secrets.clone() {
        secrets.push(planted::base64(&secret));
    }
    pages.iter().for_each(|page| page.lacks(&secrets));
    answers.iter_mut().for_each(|page| page.lacks(&secrets));
    answers.iter().for_each(|page| page.lacks(&[SAID.to_owned()]));
    pages.iter().for_each(|page| page.lacks(&PRIVATE.map(str::to_owned)));
    // The record keeps a provider's words, and tells them to operators alone.
    let open = |page: &&Page| !page.is_of_operators();
    pages.iter().filter(open).for_each(|page| page.lacks(&[SAID.to_owned()]));
}

#[test]
fn an_event_is_one_line_whatever_clients_and_providers_say() {
    for format in ["pretty", "json"] {
        let mut house = House::open(format, FILE);
        house.traffic(&["echo-400", "echo-500", "pair"], &[Slot::Chat]);
        house.intrude();
        house.stop();
        let log = house.log().text;
        assert!(log.lines().count() > 20, "{log}");
        for line in log.lines() {
            let begins = match format {
                "json" => serde_json::from_str::<serde_json::Value>(line).is_ok(),
                _ => line.starts_with("20") && line.as_bytes().get(4) == Some(&b'-'),
            };
            assert!(begins, "no line of its own: {line:?}");
            assert!(line.len() < 4_096, "{} bytes: {:?}", line.len(), &line[..200]);
            let obeyed =
                |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}');
            assert!(!line.contains(obeyed), "{line:?}");
        }
    }
}

#[test]
fn the_password_of_a_database_that_cannot_be_reached_is_told_nobody() {
    let mut house = House::open("json", DATABASE);
    let answers = house.traffic(&["assistant", "down"], &[Slot::Chat]);
    assert!(answers.iter().any(|page| page.text.contains(ANSWER)), "calls go on");
    let mut pages = house.admin_pages(&[]);
    house.stop();
    pages.push(house.log());
    pages.extend(house.files());
    for line in [vec!["check"], vec!["check", "--json"], vec!["config", "show"]] {
        pages.push(house.command(&line));
    }
    pages.push(house.command(&["report"]));
    pages.iter().for_each(|page| page.lacks(&SECRETS.map(str::to_owned)));
}
