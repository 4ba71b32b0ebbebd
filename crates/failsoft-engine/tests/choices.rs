//! Which target answers a call: what it can do, what it costs, what is left of its quota.

mod rig;

use failsoft_engine::TargetId;
use rig::script::play;
use rig::{Rig, at, settings};

const TWO_TIERS: &[&[&str]] = &[&["a"], &["b"]];
const ONE_TIER: &[&[&str]] = &[&["a", "b"]];
const ALONE: &[&[&str]] = &[&["a"]];

fn check(tiers: &[&[&str]], script: &str) -> Rig {
    play(settings(tiers), script)
}

#[test]
fn a_target_that_lacks_what_is_asked_is_passed_over_and_the_reason_told() {
    check(
        TWO_TIERS,
        "target a lacks=images+tools
         at 0ms arrive => start a first
         at 1ms arrive 2 needs=images+logprobs => barred a lacks_images; start b first
         at 2ms arrive 3 needs=logprobs => start a first",
    );
}

#[test]
fn a_failure_is_not_carried_to_a_target_that_cannot_serve_the_call() {
    check(
        &[&["a"], &["b"], &["c"]],
        "target b lacks=tools
         at 0ms arrive needs=tools => start a first
         at 9ms fail 0 overloaded => barred b lacks_tools; start c failover
         at 10ms fail 1 bad_response => barred b lacks_tools; wait a backoff",
    );
}

#[test]
fn a_call_that_nobody_can_serve_is_turned_away_at_once_and_told_why() {
    check(
        TWO_TIERS,
        "target a lacks=images context=1000
         target b lacks=images+files
         at 0ms arrive needs=images => barred a lacks_images; barred b lacks_images; refused first none_can_serve lacks_images; failed unsupported
         at 1ms arrive 2 needs=files input=4000 => barred a context_too_small; barred b lacks_files; refused first none_can_serve context_too_small; failed context_length_exceeded
         at 2ms arrive 3 form=7 => barred a other_form; barred b other_form; refused first none_can_serve other_form; failed unsupported
         at 3ms arrive 4 account=9 => barred a other_account; barred b other_account; refused first none_can_serve other_account; failed unsupported",
    );
}

#[test]
fn what_cannot_be_translated_or_moved_stays_where_it_can_be_answered() {
    check(
        TWO_TIERS,
        "target b form=1
         at 0ms arrive form=1 => barred a other_form; start b first
         at 1ms arrive 2 account=1 => barred a other_account; start b first
         at 2ms fail 2.0 server_error => barred a other_account; wait b backoff",
    );
}

#[test]
fn an_embedding_fails_over_to_the_same_model_only() {
    check(
        &[&["a"], &["b"], &["c"]],
        "target c name=0
         at 0ms arrive same => start a first
         at 9ms fail 0 overloaded => barred b other_model; start c failover",
    );
}

/// An early probe goes to a sick target that can serve the call, not to one that cannot.
#[test]
fn the_last_resort_can_serve_the_call_too() {
    check(
        TWO_TIERS,
        "target b lacks=tools
         at 0ms arrive needs=tools => start a first
         at 1ms fail 0 authentication => disabled credential 0 authentication; barred b lacks_tools; refused failover no_target; failed authentication after 300s
         at 9s arrive 2 needs=tools => barred a credential_disabled; barred b lacks_tools; refused first no_target; start a first",
    );
}

#[test]
fn a_prompt_is_only_kept_from_a_context_that_half_of_it_would_fill() {
    check(
        TWO_TIERS,
        "target a context=8000
         at 0ms arrive input=16000 => start a first
         at 1ms arrive 2 input=16002 => barred a context_too_small; start b first",
    );
}

/// Four in line elsewhere weigh less than the doubt; a call without doubt goes where nobody is.
#[test]
fn a_call_that_may_not_fit_goes_where_it_surely_does_unless_much_is_in_line_there() {
    check(
        ONE_TIER,
        "target a context=8000
         target b context=200000
         at 0ms arrive input=3900 output=201 => start b first
         at 1ms arrive 2 input=3900 output=201 => start b first
         at 2ms arrive 3 input=3900 output=201 => start b first
         at 3ms arrive 4 input=3900 output=201 => start b first
         at 4ms arrive 5 input=3900 output=200 => start a first",
    );
}

#[test]
fn a_prompt_too_long_goes_on_only_to_what_may_hold_more() {
    check(
        &[&["a"], &["b", "c"], &["d"]],
        "target a context=8000
         target b context=8000
         target c context=4000
         at 0ms arrive input=5000 => start a first
         at 1ms fail 0 context_length_exceeded => barred b context_too_small; barred c context_too_small; start d failover
         at 2ms fail 1 context_length_exceeded => barred b context_too_small; barred c context_too_small; refused failover no_target; failed context_length_exceeded",
    );
}

#[test]
fn a_prompt_too_long_teaches_for_an_hour_and_a_longer_one_that_fits_corrects_it() {
    check(
        &[&["a", "a2"], &["b"]],
        "target a2 model=0
         at 0ms off a2 => switched
         at 0ms arrive input=5000 output=100 => barred a2 switched_off; start a first
         at 1ms arrive 2 input=9000 output=100 => barred a2 switched_off; start a first
         at 2ms fail 0 context_length_exceeded => barred a2 context_too_small; start b failover
         at 3ms on a2 => switched
         at 4ms arrive 3 input=5000 output=100 => barred a context_too_small; barred a2 context_too_small; start b first
         at 5ms arrive 4 input=4999 output=9000 => start a2 first
         at 6ms arrive 5 input=9999 => start a2 first
         at 7ms content 2.0 => commit 0
         at 8ms done 2.0 9000/10 => served 0
         at 9ms arrive 6 input=5000 output=100 => start a first
         at 10ms arrive 7 input=9001 output=100 => barred a context_too_small; barred a2 context_too_small; start b first
         at 3603s arrive 8 input=9001 output=100 => start a first",
    );
}

/// A picture fills a context and is not in the estimate: it says nothing of other prompts.
#[test]
fn a_prompt_whose_length_is_not_known_teaches_nothing() {
    check(
        TWO_TIERS,
        "at 0ms arrive input=20 needs=images => start a first
         at 1ms fail 0 context_length_exceeded => start b failover
         at 2ms arrive 2 => start a first
         at 3ms fail 2.0 context_length_exceeded => start b failover
         at 4ms arrive 3 input=20 => start a first",
    );
}

#[test]
fn a_target_that_stands_for_any_model_learns_no_bound() {
    let mut settings = settings(TWO_TIERS);
    settings.targets[0].any_model = true;
    play(
        settings,
        "at 0ms arrive input=500 => start a first
         at 1ms fail 0 context_length_exceeded => start b failover
         at 2ms arrive 2 input=500 => start a first",
    );
}

#[test]
fn a_reload_forgets_what_was_learnt() {
    let mut rig = check(
        TWO_TIERS,
        "at 0ms arrive input=500 => start a first
         at 1ms fail 0 context_length_exceeded => start b failover
         at 2ms arrive 2 input=500 => barred a context_too_small; start b first",
    );
    let again = rig.engine.settings().as_ref().clone();
    rig.step(
        at(std::time::Duration::from_secs(1)),
        failsoft_engine::Input::SettingsChanged(std::sync::Arc::new(again)),
    );
    let mut arrival = rig::arrival(3);
    arrival.input_tokens = 500;
    let step = rig
        .step(at(std::time::Duration::from_secs(2)), failsoft_engine::Input::CallArrived(arrival));
    assert!(format!("{:?}", step.commands).contains("TargetId(0)"), "{step:?}");
}

#[test]
fn the_cheapest_for_this_call_is_first_and_what_has_no_price_last() {
    check(
        &[&["a", "b", "c"]],
        "prefer price
         target b price=1000000/8000000
         target c price=4000000/4000000
         at 0ms arrive input=10000 output=100 => start b first
         at 1ms arrive 2 input=1000 output=2000 => start c first
         at 2ms arrive 3 input=100 => start c first
         at 3ms arrive 4 input=1000 => start b first
         at 4ms off b => switched
         at 5ms off c => switched
         at 6ms arrive 5 => barred b switched_off; barred c switched_off; start a first",
    );
}

#[test]
fn a_sick_cheap_target_does_not_win() {
    check(
        ONE_TIER,
        "prefer price
         target a price=100000/400000
         target b price=300000/900000
         at 0ms arrive input=1000 attempts=1 => start a first
         at 1ms fail 0 server_error => refused failover attempts_spent; failed server_error
         at 2ms arrive 2 input=1000 => start b first
         at 30s arrive 3 input=1000 => start a first",
    );
}

#[test]
fn an_answer_is_priced_as_far_as_its_target_writes() {
    check(
        ONE_TIER,
        "prefer price
         target a price=1000000/4000000 max_output=1000
         target b price=1000000/3000000
         at 0ms arrive input=1000 output=9000 => start a first
         at 1ms arrive 2 input=1000 output=1000 => start b first",
    );
}

#[test]
fn the_one_whose_answers_begin_first_is_preferred_however_much_it_holds() {
    check(
        ONE_TIER,
        "prefer speed
         at 0ms off b => switched
         at 0ms arrive => barred b switched_off; start a first
         at 1s content 0 => commit 0
         at 1s on b => switched
         at 1s off a => switched
         at 1s arrive 2 => barred a switched_off; start b first
         at 1.4s content 2.0 => commit 0
         at 1.4s on a => switched
         at 1.5s arrive 3 => start b first
         at 1.5s arrive 4 => start b first
         at 1.5s arrive 5 => start b first
         at 1.5s arrive 6 => start b first
         at 1.5s arrive 7 => start b first
         at 1.5s arrive 8 => start b first",
    );
}

#[test]
fn a_quota_is_waited_for_or_left_as_a_throttle_is() {
    check(
        TWO_TIERS,
        "target a requests=60/60s
         at 0ms arrive => start a first
         at 100ms arrive 2 => barred a quota; wait a quota
         wake 2 in 900ms..1080ms => start a first",
    );
    check(
        TWO_TIERS,
        "target a tokens=60000/60s
         at 0ms arrive input=9500 => start a first
         at 100ms arrive 2 input=100 => barred a quota; start b first
         at 8s arrive 3 input=100 => barred a quota; wait a quota
         wake 3 in 1.6s..1.92s => start a first",
    );
    check(
        ALONE,
        "target a requests=2/60s
         at 0ms arrive => start a first
         at 1s arrive 2 => barred a quota; refused first wait_too_long; failed rate_limited after 29s",
    );
}

/// The first tier that can serve a call is the one it waits on.
#[test]
fn a_tier_that_cannot_serve_a_call_does_not_make_the_next_one_second_best() {
    check(
        &[&["a"], &["b"], &["c"]],
        "target a lacks=tools
         target b requests=60/60s
         at 0ms arrive needs=tools => barred a lacks_tools; start b first
         at 100ms arrive 2 needs=tools => barred a lacks_tools; barred b quota; wait b quota
         wake 2 in 900ms..1080ms => barred a lacks_tools; start b first",
    );
}

#[test]
fn inside_a_tier_the_next_key_is_taken_at_once() {
    check(
        ONE_TIER,
        "target a requests=60/60s
         target b requests=60/60s model=0 name=0
         at 0ms arrive => start a first
         at 1ms arrive 2 => barred a quota; start b first
         at 2ms arrive 3 => barred a quota; barred b quota; wait a quota",
    );
}

#[test]
fn what_was_reserved_comes_back_but_for_what_was_used() {
    let rig = check(
        ALONE,
        "target a tokens=60000/60s/60s
         at 0ms arrive input=1000 output=29000 => start a first
         at 0ms arrive 2 input=30000 output=1 => barred a quota; wait a quota
         at 1ms content 0 => commit 0
         at 2ms done 0 900/100 => served 0
         wake 2 in 0ms..2ms => start a first
         at 3ms leave 2 => cancel 0 caller_left; cancelled
         at 4ms arrive 3 input=59000 output=0 => start a first
         at 5ms fail 3.0 server_error => wait a backoff
         at 6ms leave 3 => cancelled
         at 7ms arrive 4 input=50000 output=0 => start a first
         at 8ms connected 4.0 =>
         at 9ms leave 4 => cancel 0 caller_left; cancelled
         at 10ms arrive 5 input=10000 output=0 => barred a quota; wait a quota",
    );
    let quota = rig.engine.target_view(TargetId(0)).unwrap().quota;
    assert_eq!((quota.requests.reserved, quota.tokens.reserved), (0, 0));
    assert_eq!(quota.tokens.left_milli, Some(150));
}

#[test]
fn what_was_never_sent_costs_no_request() {
    check(
        TWO_TIERS,
        "target a requests=60/60s
         at 0ms arrive attempts=1 => start a first
         at 1ms fail 0 network connecting => refused failover attempts_spent; failed network
         at 2ms arrive 2 attempts=1 => start a first
         at 3ms fail 2.0 server_error => refused failover attempts_spent; failed server_error after 0s
         at 4ms arrive 3 => barred a quota; wait a quota",
    );
}

/// When to come back is said by the targets that could serve the call.
#[test]
fn a_target_that_cannot_serve_a_call_names_no_time_to_come_back() {
    check(
        TWO_TIERS,
        "target a lacks=tools
         at 0ms arrive attempts=1 => start a first
         at 1ms fail 0 rate_limited after=60s => refused failover attempts_spent; failed rate_limited after 60s
         at 2ms arrive 2 needs=tools attempts=1 => barred a lacks_tools; start b first
         at 3ms fail 2.0 server_error => refused failover attempts_spent; failed server_error",
    );
}

#[test]
fn headers_hold_back_what_the_provider_would_refuse() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 100ms told 0 requests=0/100@20s =>
         at 200ms arrive 2 => barred a quota; start b first
         at 18s arrive 3 => barred a quota; wait a quota
         wake 3 in 2.1s..2.52s => start a first
         at 30s told 0 requests=0/100@2000s =>
         at 31s leave => cancel 0 caller_left; cancelled
         at 629s arrive 4 => barred a quota; wait a quota
         at 631s arrive 5 => start a first",
    );
}

#[test]
fn headers_of_a_refusal_count_and_late_ones_are_ignored() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 10ms told 0 tokens=0@9s =>
         at 10ms fail 0 rate_limited after=1s => refused retry wait_too_long; start b failover
         at 11ms told 0 tokens=0@9s => ignored
         at 2s arrive 2 => barred a quota; start b first",
    );
}

/// The key that has more left is taken first, and equal keys share the work.
#[test]
fn a_pool_goes_by_what_is_left_and_by_health() {
    check(
        ONE_TIER,
        "target b model=0 name=0
         at 0ms off a => switched
         at 0ms arrive => barred a switched_off; start b first
         at 1ms told 0 requests=5/100@60s =>
         at 2ms on a => switched
         at 3ms arrive 2 => start a first
         at 4ms arrive 3 => start a first
         at 5ms arrive 4 => start a first
         at 61s done 0 => commit 0; served 0",
    );
    let mut rig = check(&[&["a", "b", "c"]], "");
    for call in 0..300 {
        rig.step(
            at(std::time::Duration::ZERO),
            failsoft_engine::Input::CallArrived(rig::arrival(call)),
        );
    }
    for key in 0..3 {
        let held = rig.engine.target_view(TargetId(key)).unwrap().in_flight;
        assert!((80..=120).contains(&held), "key {key} holds {held} of 300");
    }
}

/// One of three keys is refused, one is used up: the provider goes on with the third.
#[test]
fn of_three_keys_one_disabled_and_one_empty_the_third_answers() {
    check(
        &[&["a", "b", "c"], &["d"]],
        "target a model=0 name=0
         target b model=0 name=0
         target c model=0 name=0
         at 0ms off b => switched
         at 0ms off c => switched
         at 0ms arrive => barred b switched_off; barred c switched_off; start a first
         at 1ms on b => switched
         at 1ms fail 0 authentication => disabled credential 0 authentication; barred c switched_off; start b failover
         at 2ms told 1 requests=0/50@30s =>
         at 2ms on c => switched
         at 3ms fail 1 rate_limited after=30s => start c failover
         at 4ms arrive 2 => barred a credential_disabled; barred b throttle; start c first
         at 5ms fail 2.0 quota_exhausted => disabled credential 2 quota_exhausted; barred a credential_disabled; barred b throttle; start d failover
         at 6ms arrive 3 => barred a credential_disabled; barred b throttle; barred c credential_disabled; start d first",
    );
}
