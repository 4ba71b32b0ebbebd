//! What is known of a call when it is over: its trace, its tokens and what they cost.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end so")]

mod house;

use std::sync::Arc;

use failsoft::NotDone;
use failsoft_engine::{Event, TargetId};
use failsoft_fake::AttemptSeen;
use failsoft_journal::Source as _;
use failsoft_wire::Dialect;
use house::{House, call};

const CHAT: Dialect = Dialect::ChatCompletions;

/// A dollar for a million tokens read, two for those written.
fn priced(faults: &[&str]) -> String {
    let of = |provider: &str, fault: &str| {
        format!(
            "[providers.{provider}.models.\"{fault}\"]\nprice = {{ input = 1.0, output = 2.0 }}\n"
        )
    };
    let tables = faults.iter().map(|fault| of("primary", fault));
    tables.chain([of("fallback", "healthy")]).collect()
}

#[tokio::test]
async fn the_prompt_is_estimated_and_an_answer_has_its_price() {
    let house = House::new(CHAT, "healthy", &priced(&["healthy"]));
    house.ask(CHAT, false).await;
    let recorded = house.events.last_call();
    assert!(recorded.call.prompt_tokens > 0);
    let [answer] = &recorded.attempts[..] else { panic!("{recorded:?}") };
    let (input, output) = (answer.input_tokens.unwrap(), answer.output_tokens.unwrap());
    let nanos = u64::from(input) * 1_000 + u64::from(output) * 2_000;
    assert_eq!(answer.cost_nanos, Some(nanos));
    assert!(nanos > 0);
}

#[tokio::test]
async fn an_error_costs_nothing_and_a_broken_stream_what_was_written() {
    for (fault, stream, costs) in [
        ("fail-500", false, false),
        ("fail-503", true, false),
        ("reset", true, false),
        ("cut-after-40", true, true),
        ("inband-error-after-20", true, true),
    ] {
        let house = House::new(CHAT, fault, &priced(&[fault]));
        house.ask(CHAT, stream).await;
        let recorded = house.events.last_call();
        let lost = &recorded.attempts[0];
        assert_eq!(lost.outcome.as_deref(), Some("failed"), "{fault}");
        assert_eq!(lost.cost_nanos.is_some_and(|nanos| nanos > 0), costs, "{fault}: {lost:?}");
        assert_eq!(lost.output_tokens.is_some_and(|tokens| tokens > 0), costs, "{fault}");
        let last = recorded.attempts.last().unwrap();
        assert_eq!(last.outcome.as_deref(), Some("succeeded"), "{fault}");
        assert!(last.cost_nanos.is_some_and(|nanos| nanos > 0), "{fault}: {last:?}");
        assert!(last.grounds.as_deref().unwrap().contains("targets_looked="), "{fault}");
    }
}

/// Many streams end without a count.
#[tokio::test]
async fn a_whole_stream_that_nobody_counted_is_estimated() {
    let house = House::new(CHAT, "healthy", &priced(&["healthy"]));
    house.ask(CHAT, true).await;
    let recorded = house.events.last_call();
    let [answer] = &recorded.attempts[..] else { panic!("{recorded:?}") };
    assert_eq!(answer.input_tokens, Some(recorded.call.prompt_tokens), "{answer:?}");
    assert!(answer.output_tokens.unwrap() > 20, "{answer:?}");
    assert!(answer.cost_nanos.unwrap() > 0);
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_answer_has_cost_what_it_got() {
    let house = House::new(CHAT, "stall-after-20", &priced(&["stall-after-20"]));
    let response = house.failsoft.send(call(CHAT, true, &[])).await;
    let mut body = response.into_body();
    while let Some(bytes) = body.next().await {
        if String::from_utf8_lossy(&bytes).contains("content") {
            break;
        }
    }
    drop(body);
    let recorded = house.events.last_call();
    let left = &recorded.attempts[0];
    assert_eq!(left.cancel_reason.as_deref(), Some("caller_left"), "{left:?}");
    assert!(left.input_tokens.unwrap() > 0 && left.output_tokens.unwrap() > 0, "{left:?}");
    assert!(left.cost_nanos.unwrap() > 0);
    let page = failsoft_journal::Page::new(failsoft_journal::Style::Plain, 120);
    let told = failsoft_journal::Story::of(&recorded).render(&page);
    assert!(told.contains("went away in the middle of the answer"), "{told}");
    assert!(told.contains(" out") && !told.contains(", 0 out"), "{told}");
}

const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn traceparent(seen: &AttemptSeen) -> Option<String> {
    seen.header("traceparent").map(str::to_owned)
}

#[tokio::test]
async fn a_clients_trace_passes_as_it_came_where_calls_are_not_traced() {
    let house = House::new(CHAT, "fail-500", "");
    house.ask_with(CHAT, false, &[("traceparent", SENT), ("tracestate", "a=1")]).await;
    let seen = house.fallback.attempts();
    assert_eq!(traceparent(&seen[0]).as_deref(), Some(SENT));
    let recorded = house.events.last_call();
    assert_eq!(recorded.call.trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    house.ask(CHAT, false).await;
    assert_eq!(house.events.last_call().call.trace_id, None);
}

#[tokio::test]
async fn each_attempt_is_a_span_of_its_own_where_calls_are_traced() {
    let house = House::new(CHAT, "fail-503", "");
    house.failsoft.trace_calls(Some(Arc::new(|_| true)));
    let headers = [("traceparent", SENT), ("tracestate", "a=1"), ("baggage", "b=2")];
    house.ask_with(CHAT, false, &headers).await;
    let [first, second] = [&house.primary, &house.fallback].map(|fake| fake.attempts()[0].clone());
    let spans = [traceparent(&first).unwrap(), traceparent(&second).unwrap()];
    for (span, seen) in spans.iter().zip([&first, &second]) {
        assert!(span.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{span}");
        assert!(span.ends_with("-01") && span != SENT, "{span}");
        assert_eq!(seen.header("tracestate"), Some("a=1"));
        assert_eq!(seen.header("baggage"), Some("b=2"));
    }
    assert_ne!(spans[0], spans[1]);

    house.ask_with(CHAT, false, &[("tracestate", "a=1"), ("traceparent", "nonsense")]).await;
    let seen = house.fallback.attempts();
    let own = traceparent(&seen[1]).unwrap();
    let recorded = house.events.last_call();
    assert_eq!(own.split('-').nth(1), recorded.call.trace_id.as_deref());
    assert_eq!(seen[1].header("tracestate"), None, "it belonged to what could not be read");
}

#[tokio::test]
async fn what_an_operator_does_is_shown_and_recorded_with_who_did_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = format!("[journal]\npath = \"{}\"", path.display());
    let house = House::new(CHAT, "healthy", &journal);
    let failsoft = &house.failsoft;
    let (primary, unknown) = (TargetId(0), TargetId(9));
    failsoft.switch(primary, false, "5e55").unwrap();
    assert_eq!(failsoft.switch(primary, false, "5e55"), Err(NotDone::NothingToDo));
    assert_eq!(failsoft.probe(primary, "5e55"), Err(NotDone::NothingToDo), "it is switched off");
    house.ask(CHAT, false).await;
    assert_eq!(house.primary.attempts().len(), 0);
    failsoft.switch(primary, true, "5e55").unwrap();
    failsoft.probe(primary, "5e55").unwrap();
    assert_eq!(failsoft.probe(unknown, "5e55"), Err(NotDone::NothingToDo));
    failsoft.drained("5e55");
    failsoft.close().await;
    let shown = house.events.all();
    assert!(shown.contains(&Event::TargetSwitched { target: primary, enabled: false }));
    assert!(shown.contains(&Event::Probed { target: primary }));
    let mut reader = failsoft_journal::Reader::open(&path).unwrap();
    let mut states = Vec::new();
    let always = failsoft_journal::Span { since_ms: 0, until_ms: i64::MAX };
    let keep = &mut |state| {
        states.push(state);
        std::ops::ControlFlow::Continue(())
    };
    reader.states(always, keep).unwrap();
    let done: Vec<(&str, Option<&str>, Option<u32>)> =
        states.iter().map(|state| (&*state.what, state.operator.as_deref(), state.value)).collect();
    let by = Some("5e55");
    assert_eq!(
        done,
        [
            ("switched", by, Some(0)),
            ("switched", by, Some(1)),
            ("probed", by, None),
            ("drained", by, None)
        ]
    );
}
