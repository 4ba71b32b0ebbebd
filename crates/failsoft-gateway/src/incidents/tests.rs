//! Calls in, incidents and lost calls out; time is an argument.

use failsoft_engine::{
    AttemptId, CallId, Delivery, Event, Failure, Moment, Outcome, Phase, Price, Profile, RouteId,
    Usage, Verdict,
};
use failsoft_journal::{AttemptFacts, CallFacts, Names, Stamp};

use super::*;
use crate::alerts::Subject;

const START_MS: i64 = 1_796_047_320_000;

/// A call of route `assistant` to `aurora/a`: how its attempts ended, and how it did.
fn call(at: Duration, attempts: &[Option<FailureKind>], verdict: Verdict) -> CallRecord {
    let id = CallId(at.as_nanos());
    let mut events = vec![(
        Moment::ZERO + at,
        Event::CallStarted {
            call: id,
            route: RouteId(0),
            profile: Profile::Interactive,
            delivery: Delivery::Plain,
            deadline: Moment::NEVER,
            max_attempts: 3,
        },
    )];
    let mut facts = Vec::new();
    for (ordinal, kind) in (0_u8..).zip(attempts) {
        let outcome = match kind {
            None => Outcome::Succeeded(Usage::default()),
            Some(kind) => Outcome::Failed(Failure::new(*kind, Phase::FirstContent)),
        };
        let (attempt, took) = (AttemptId { call: id, ordinal }, Duration::ZERO);
        let target = TargetId(0);
        events.push((Moment::ZERO + at, Event::AttemptEnded { attempt, target, outcome, took }));
        facts.push(AttemptFacts {
            ordinal,
            usage: kind.map(|_| Usage { input: 1_000, output: 0 }),
            price: Some(Price { input: 3_000_000, output: 0 }),
            ..AttemptFacts::default()
        });
    }
    let attempts = attempts.len() as u8;
    let ended = Event::CallEnded { call: id, verdict, took: Duration::ZERO, attempts };
    events.push((Moment::ZERO + at, ended));
    let target = TargetName { name: "aurora/a".to_owned(), ..TargetName::default() };
    CallRecord {
        stamp: Stamp { moment: Moment::ZERO, unix_millis: START_MS },
        names: Arc::new(Names {
            routes: vec!["assistant".to_owned()],
            targets: vec![target],
            credentials: vec![TargetId(0)],
        }),
        facts: CallFacts::default(),
        events,
        attempts: facts,
    }
}

const fn failed(kind: FailureKind) -> Verdict {
    Verdict::Failed { kind, retry_after: None, attempt: None }
}

fn served() -> Verdict {
    Verdict::Served { attempt: AttemptId { call: CallId(0), ordinal: 0 } }
}

fn settings() -> Settings {
    let text = "[providers.aurora]\ndialect = \"messages\"\nbase_url = \"http://127.0.0.1:1\"\n\
                api_key = \"none\"\n[routes.assistant]\ntiers = [[\"aurora/a\"]]";
    failsoft_config::load(text, std::path::Path::new("/"), &Default::default()).unwrap()
}

#[test]
fn a_healthy_call_is_counted_and_every_other_is_handed_over() {
    let cases: [(&[Option<FailureKind>], Verdict, bool); 4] = [
        (&[None], served(), true),
        (&[Some(FailureKind::Overloaded), None], served(), false),
        (&[Some(FailureKind::Overloaded)], failed(FailureKind::Overloaded), false),
        (&[], failed(FailureKind::Overloaded), false),
    ];
    for (attempts, verdict, counted) in cases {
        let incidents = Incidents::new();
        incidents.adopt(&settings());
        incidents.ended(&Arc::new(call(Duration::ZERO, attempts, verdict)));
        let collected = incidents.book.collect();
        assert_eq!(collected.len(), usize::from(counted), "{attempts:?}");
        let mut ear = incidents.ear.lock().unwrap().take().unwrap();
        assert_eq!(ear.try_recv().is_ok(), !counted, "{attempts:?}");
    }
}

#[test]
fn a_call_of_settings_that_are_gone_is_handed_over() {
    let incidents = Incidents::new();
    let text = "[providers.aurora]\ndialect = \"messages\"\nbase_url = \"http://127.0.0.1:1\"\n\
                api_key = \"none\"\n[routes.assistant]\ntiers = [[\"aurora/other\"]]";
    let others = failsoft_config::load(text, std::path::Path::new("/"), &Default::default());
    for settings in [None, Some(others.unwrap())] {
        settings.iter().for_each(|settings| incidents.adopt(settings));
        incidents.ended(&Arc::new(call(Duration::ZERO, &[None], served())));
        assert!(incidents.ear.lock().unwrap().as_mut().unwrap().try_recv().is_ok());
        assert!(incidents.book.collect().is_empty());
    }
}

#[test]
fn what_does_not_fit_the_queue_is_counted() {
    let incidents = Incidents::new();
    let lost = Arc::new(call(Duration::ZERO, &[], failed(FailureKind::Overloaded)));
    (0..QUEUE + 3).for_each(|_| incidents.ended(&lost));
    assert_eq!(incidents.missed(), 3);
}

/// Plays an outage of two minutes amid healthy traffic, one call a second.
#[test]
fn an_outage_is_one_incident_with_its_figures_and_its_end() {
    let book = Book::default();
    book.adopt(&settings());
    let mut room = Room::new(Arc::default());
    let mut turns = Vec::new();
    for second in 0..1_800 {
        let at = Duration::from_secs(second);
        let out = (600..720).contains(&second);
        let (attempts, verdict) = if out {
            (vec![Some(FailureKind::Overloaded); 2], failed(FailureKind::Overloaded))
        } else {
            (vec![None], served())
        };
        let call = call(at, &attempts, verdict);
        if out {
            room.hear(Heard::Ended(Arc::new(call)), START_MS);
        } else {
            assert!(book.count(&call, TargetId(0)));
        }
        turns.extend(room.tick(&book, START_MS + 1_000 * second as i64));
    }
    let [Turn::Opened(opened), Turn::Closed(closed)] = turns.as_slice() else {
        panic!("{turns:?}");
    };
    assert_eq!((&*closed.target, &*closed.kind), ("aurora/a", "overloaded"));
    assert_eq!(opened.since_ms, START_MS + 600_000);
    assert_eq!((closed.failures, closed.lost), (240, 120));
    assert_eq!((closed.since_ms, closed.until_ms), (START_MS + 600_000, START_MS + 719_000));
    let view = room.view();
    assert_eq!((view.open.len(), view.closed.len()), (0, 1));
}

#[test]
fn lost_calls_are_one_span_and_faults_of_the_caller_are_none() {
    let mut room = Room::new(Arc::default());
    for (second, verdict) in [
        (1, failed(FailureKind::BadRequest)),
        (2, failed(FailureKind::Overloaded)),
        (3, Verdict::Degraded { kind: FailureKind::Timeout }),
        (4, Verdict::Cancelled),
        (5, served()),
    ] {
        let call = call(Duration::from_secs(second), &[], verdict);
        room.hear(Heard::Ended(Arc::new(call)), START_MS);
    }
    let open = room.lost();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].subject, Subject::Lost { route: "assistant".into() });
    assert_eq!((open[0].lost, &*open[0].failure), (2, "timeout"));
    assert_eq!((open[0].since_ms, open[0].until_ms), (START_MS + 2_000, START_MS + 3_000));
    room.tick(&Book::default(), START_MS + 302_999);
    assert_eq!(room.lost().len(), 1);
    room.tick(&Book::default(), START_MS + 303_000);
    assert!(room.lost().is_empty());
}

#[test]
fn what_failed_attempts_cost_is_summed_for_their_incident() {
    let mut room = Room::new(Arc::default());
    let overloaded = Some(FailureKind::Overloaded);
    let call = call(Duration::ZERO, &[overloaded, overloaded], failed(FailureKind::Overloaded));
    room.hear(Heard::Ended(Arc::new(call)), START_MS);
    // Twice a thousand tokens at 3 dollars a million.
    assert_eq!(room.cost("aurora/a", "overloaded"), Some(6_000_000));
    room.tick(&Book::default(), START_MS + 20 * 60_000);
    assert_eq!(room.cost("aurora/a", "overloaded"), None, "it became no incident");
}

#[test]
fn an_incident_costs_nothing_of_what_the_one_before_cost() {
    let book = Book::default();
    book.adopt(&settings());
    let mut room = Room::new(Arc::default());
    let mut closed = 0;
    for second in 0..900 {
        let at = Duration::from_secs(second);
        let out = second < 30;
        if out {
            let call = call(at, &[Some(FailureKind::Overloaded)], failed(FailureKind::Overloaded));
            room.hear(Heard::Ended(Arc::new(call)), START_MS);
        } else {
            assert!(book.count(&call(at, &[None], served()), TargetId(0)));
        }
        let turns = room.tick(&book, START_MS + 1_000 * second as i64);
        closed += turns.iter().filter(|turn| matches!(turn, Turn::Closed(_))).count();
        let cost = room.cost("aurora/a", "overloaded");
        assert_eq!(cost.is_some(), closed == 0, "second {second}");
    }
    assert_eq!(closed, 1);
}
