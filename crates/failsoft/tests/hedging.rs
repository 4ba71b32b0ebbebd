//! A target slower than nearly all its answers gets company, where the route asks for it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end so")]

mod house;

use failsoft_engine::{Event, Outcome, Why};
use failsoft_fake::Ending;
use failsoft_wire::Dialect;
use house::{House, said, words};

/// Patience is longer than the test may take.
const HEDGED: &str = "[routes.assistant.hedge]\nenabled = true\n[routes.assistant.timeouts]\n\
     first_token = { patience = \"20s\", timeout = \"30s\" }\n\
     reply = { patience = \"20s\", timeout = \"30s\" }\ndeadline = \"60s\"\n";

/// Fast for so many calls that its pace is known, and then for ever slow.
const SLOWING: &str = r#"[["primary/first-120:healthy+late-30s"], ["fallback/healthy"]]"#;

fn hedges(house: &House) -> usize {
    let hedged = |event: &&Event| matches!(event, Event::AttemptStarted { why: Why::Hedge, .. });
    house.events.all().iter().filter(hedged).count()
}

#[tokio::test]
async fn a_slow_answer_is_overtaken_and_its_cost_recorded() {
    for stream in [true, false] {
        let dialect = Dialect::ChatCompletions;
        let house = House::with_tiers(dialect, SLOWING, HEDGED);
        for _ in 0..120 {
            house.ask(dialect, stream).await;
        }
        assert_eq!(hedges(&house), 0);
        let answer = house.ask(dialect, stream).await;
        assert_eq!(said(dialect, stream, &answer), words());
        assert_eq!(answer.header("x-failsoft-target"), "fallback/healthy");
        let last: Vec<Event> = house.events.all().into_iter().rev().take(12).collect();
        assert_eq!(hedges(&house), 1, "stream={stream}: {last:#?}");
        let seen = house.primary.wait_for(|seen| seen.iter().all(|one| one.is_over())).await;
        assert_eq!(seen.last().unwrap().ending, Ending::CancelledByPeer);
        let lost = house.events.all().into_iter().find_map(|event| {
            if let Event::AttemptEnded { outcome: Outcome::Cancelled { usage, .. }, .. } = event {
                return Some(usage);
            }
            None
        });
        assert!(lost.unwrap().input > 0, "stream={stream}: {lost:?}");
    }
}

#[tokio::test]
async fn a_caller_can_do_without() {
    let dialect = Dialect::ChatCompletions;
    let house = House::with_tiers(dialect, SLOWING, HEDGED);
    for _ in 0..120 {
        house.ask(dialect, true).await;
    }
    let headers = [("x-failsoft-hedge", "off"), ("x-failsoft-deadline", "400ms")];
    let answer = house.ask_with(dialect, true, &headers).await;
    assert_eq!((answer.status.as_u16(), hedges(&house)), (504, 0));
    let answer = house.ask_with(dialect, true, &[("x-failsoft-hedge", "maybe")]).await;
    assert!(answer.text().contains("`off` or `on`"), "{}", answer.text());
}
