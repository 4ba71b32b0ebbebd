//! An operator asks how a target is.

mod rig;

use failsoft_engine::{Event, Input, Measure, Settings, TargetId, Why};
use rig::script::{play, span};
use rig::{arrival, settings};

const ALONE: &[&[&str]] = &[&["a"]];

/// One failure opens every breaker.
fn brittle(tiers: &[&[&str]]) -> Settings {
    let mut settings = settings(tiers);
    settings.targets.iter_mut().for_each(|target| target.breaker.consecutive = 1);
    settings
}

#[test]
fn an_open_breaker_is_half_open_at_once_and_one_probe_decides() {
    play(
        brittle(ALONE),
        "at 0ms arrive attempts=1 => start a first
         after 10ms fail 0 server_error => a open consecutive; refused failover attempts_spent; failed server_error after 4s
         after 10ms probe a => probed a; a half_open
         after 10ms arrive 2 attempts=1 => start a first
         after 10ms arrive 3 attempts=1 => barred a breaker; wait a breaker
         after 10ms content 2.0 => commit 0
         after 10ms done 2.0 => served 0",
    );
}

#[test]
fn a_throttle_is_looked_past_once() {
    play(
        settings(&[&["a"], &["b"]]),
        "at 0ms arrive attempts=1 => start a first
         after 10ms fail 0 rate_limited after=60s => refused failover attempts_spent; failed rate_limited after 60s
         after 10ms arrive 2 => barred a throttle; start b first
         after 10ms probe a => probed a
         after 10ms arrive 3 => start a first
         after 10ms arrive 4 => barred a throttle; start b first",
    );
}

#[test]
fn a_key_that_works_again_is_in_use_after_its_probe() {
    play(
        settings(&[&["a"], &["b"]]),
        "at 0ms arrive => start a first
         after 10ms fail 0 authentication => disabled credential 0 authentication; start b failover
         after 10ms probe a => probed a
         after 10ms arrive 2 => start a first
         after 10ms arrive 3 => barred a credential_disabled; start b first
         after 10ms content 2.0 => commit 0
         after 10ms arrive 4 => start a first",
    );
}

#[test]
fn what_is_switched_off_or_unknown_is_not_probed() {
    let mut rig = play(
        settings(ALONE),
        "at 0ms off a => switched
         after 10ms probe a => ignored",
    );
    let unknown = Input::Probe { target: TargetId(7) };
    let step = rig.step(rig.now, unknown);
    assert_eq!(step.events, [Event::Ignored { call: None }]);
}

#[test]
fn a_probe_of_a_healthy_target_is_told_and_changes_nothing() {
    let mut rig = play(settings(ALONE), "at 0ms probe a => probed a");
    let before = rig.engine.state_hash();
    rig.step(rig.now, Input::Probe { target: TargetId(0) });
    assert_eq!(rig.engine.state_hash(), before);
}

/// What a person is told of a first attempt, of a wait and of a refusal.
#[test]
fn decisions_are_told_with_their_figures() {
    let mut rig = rig::Rig::new(settings(&[&["a"], &["b"]]), 7);
    let start = rig.step(rig.now, Input::CallArrived(arrival(1)));
    let [_, Event::AttemptStarted { why: Why::First, grounds, .. }] = start.events[..] else {
        panic!("{start:?}")
    };
    assert_eq!(
        grounds.to_string(),
        "deadline_left_ms=120000 attempts_left=3 targets_looked=1 targets_open=1 tier=0"
    );
    let attempt = failsoft_engine::AttemptId { call: failsoft_engine::CallId(1), ordinal: 0 };
    let failure = failsoft_engine::Failure::new(
        failsoft_engine::FailureKind::ServerError,
        failsoft_engine::Phase::FirstContent,
    );
    let step = rig.step(rig.now + span("100ms"), Input::AttemptFailed { attempt, failure });
    let Some(Event::Waiting { grounds: waited, .. }) = step.events.last() else {
        panic!("{step:?}")
    };
    assert_eq!(waited.of(Measure::BackoffNumber), Some(1));
    assert_eq!(waited.of(Measure::BackoffMostMs), Some(500));
    assert!(waited.of(Measure::BackoffMs).unwrap() <= 500);
    assert_eq!(waited.of(Measure::WaitAllowedMs), Some(3_000));
    assert_eq!(waited.of(Measure::DeadlineLeftMs), Some(119_900));
}

/// The attempt that asks how a resting target is says so; the one before it does not.
#[test]
fn a_probe_is_told_as_one() {
    let mut rig = rig::Rig::new(brittle(ALONE), 7);
    let number = |rig: &mut rig::Rig, call: u128| {
        let step = rig.step(rig.now, Input::CallArrived(arrival(call)));
        step.events.iter().find_map(|event| {
            let Event::AttemptStarted { grounds, .. } = event else { return None };
            Some(grounds.of(Measure::ProbeNumber))
        })
    };
    assert_eq!(number(&mut rig, 1), Some(None));
    let attempt = failsoft_engine::AttemptId { call: failsoft_engine::CallId(1), ordinal: 0 };
    let failure = failsoft_engine::Failure::new(
        failsoft_engine::FailureKind::ServerError,
        failsoft_engine::Phase::FirstContent,
    );
    rig.step(rig.now + span("100ms"), Input::AttemptFailed { attempt, failure });
    rig.step(rig.now, Input::CallerLeft { call: failsoft_engine::CallId(1) });
    rig.step(rig.now, Input::Probe { target: TargetId(0) });
    assert_eq!(number(&mut rig, 2), Some(Some(1)));
}
