//! What counting costs a healthy call. It asserts nothing about time. For figures worth reading:
//! `FAILSOFT_MEASURE=1 cargo test --release -p failsoft-gateway counting -- --nocapture`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use failsoft::{Observer, Seen};
use failsoft_config::Settings;
use failsoft_engine::{
    AttemptId, CallId, Delivery, Event, Grounds, Moment, Outcome, Profile, RouteId, TargetId,
    Usage, Verdict, Why,
};
use failsoft_journal::{AttemptFacts, CallFacts, CallRecord, Names, Stamp, TargetName};

use super::Metrics;

fn healthy(call: CallId) -> [Event; 6] {
    let (attempt, target) = (AttemptId { call, ordinal: 0 }, TargetId(0));
    let took = Duration::from_millis(700);
    [
        Event::CallStarted {
            call,
            route: RouteId(0),
            profile: Profile::Interactive,
            delivery: Delivery::Streamed,
            deadline: Moment::NEVER,
            max_attempts: 3,
        },
        Event::AttemptStarted { attempt, target, why: Why::First, grounds: Grounds::NONE },
        Event::FirstContent { attempt, after: Duration::from_millis(300) },
        Event::Committed { attempt },
        Event::AttemptEnded {
            attempt,
            target,
            outcome: Outcome::Succeeded(Usage { input: 100, output: 50 }),
            took,
        },
        Event::CallEnded { call, verdict: Verdict::Served { attempt }, took, attempts: 1 },
    ]
}

fn settings() -> Settings {
    let text = "[providers.local]\ndialect = \"messages\"\nbase_url = \"http://h:1\"\n\
                api_key = \"none\"\n[routes.assistant]\ntiers = [[\"local/llama-4\"]]\n";
    failsoft_config::load(text, Path::new(""), &BTreeMap::new()).unwrap()
}

fn metrics() -> Metrics {
    let metrics = Metrics::new();
    metrics.adopt(&settings());
    metrics
}

fn names() -> Names {
    let settings = settings();
    let target = |target: &failsoft_config::TargetInfo| TargetName {
        name: target.name.clone(),
        ..TargetName::default()
    };
    Names {
        routes: settings.routes.iter().map(|route| route.name.clone()).collect(),
        targets: settings.targets.iter().map(target).collect(),
        credentials: Vec::new(),
    }
}

fn seen(names: &Names) -> Seen<'_> {
    Seen {
        at: Moment::ZERO,
        names,
        call: Some("call_01KB7J0000000000000000000A"),
        code: None,
        route: Some(RouteId(0)),
        attempts: &[TargetId(0)],
    }
}

fn record(names: &Arc<Names>, facts: CallFacts, events: &[Event]) -> CallRecord {
    CallRecord {
        stamp: Stamp { moment: Moment::ZERO, unix_millis: 0 },
        names: Arc::clone(names),
        facts,
        events: events.iter().map(|event| (Moment::ZERO, *event)).collect(),
        attempts: vec![AttemptFacts::default()],
    }
}

/// What a client chooses, its model and its tag, never becomes a label.
#[test]
fn a_hundred_thousand_made_up_names_make_no_new_series() {
    let metrics = metrics();
    let names = Arc::new(names());
    let series = |metrics: &Metrics| {
        let register = super::lock(&metrics.register);
        (register.routes.len(), register.targets.len())
    };
    let before = series(&metrics);
    for n in 0..100_000_u32 {
        let call = CallId(u128::from(n));
        let events = healthy(call);
        let facts = CallFacts {
            id: format!("call_{n}"),
            model: format!("made-up-{n}"),
            tag: Some(format!("tag-{n}")),
            client: Some(format!("client-{n}")),
            ..CallFacts::default()
        };
        for event in &events {
            metrics.observe(&Seen { call: Some(&facts.id), ..seen(&names) }, event);
        }
        metrics.ended(&Arc::new(record(&names, facts, &events)));
    }
    assert_eq!(series(&metrics), before);
}

#[test]
fn counting_a_healthy_call_leaves_one_call_and_one_attempt() {
    let calls: u64 = if std::env::var_os("FAILSOFT_MEASURE").is_some() { 1_000_000 } else { 1_000 };
    let metrics = metrics();
    let names = Arc::new(names());
    let events = healthy(CallId(7));
    let record = Arc::new(record(&names, CallFacts::default(), &events));
    let started = Instant::now();
    for _ in 0..calls {
        for event in &events {
            metrics.observe(black_box(&seen(&names)), black_box(event));
        }
        metrics.ended(black_box(&record));
    }
    println!("counting a healthy call: {} ns", started.elapsed().as_nanos() / u128::from(calls));
    let register = super::lock(&metrics.register);
    let served = register.routes["assistant"].calls[0].value();
    let attempts = &register.targets["local/llama-4"].attempts[Why::First as usize];
    assert_eq!((served, attempts[0].value()), (calls, calls));
}
