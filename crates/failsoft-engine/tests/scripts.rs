//! Engine scripts: text in, commands out.

mod rig;

use failsoft_engine::policy::ContentFilter;
use rig::script::play;
use rig::{policies_of, settings};

const TWO_TIERS: &[&[&str]] = &[&["a"], &["b"]];
const ONE_TIER: &[&[&str]] = &[&["a", "b"]];
const ALONE: &[&[&str]] = &[&["a"]];

/// Plays a script against the default policies.
fn check(tiers: &[&[&str]], script: &str) {
    play(settings(tiers), script);
}

#[test]
fn a_streamed_call_commits_at_first_content_and_is_served() {
    check(
        TWO_TIERS,
        "at 0ms arrive         => start a first
         after 20ms connected 0 =>
         after 300ms content 0 => commit 0
         after 2s progress 0   =>
         after 1s done 0       => served 0",
    );
}

#[test]
fn a_plain_call_commits_when_it_is_whole() {
    check(
        TWO_TIERS,
        "at 0ms arrive plain   => start a first
         after 20ms connected 0 =>
         after 5s done 0       => commit 0; served 0",
    );
}

#[test]
fn s01_a_short_asked_wait_is_waited_on_the_same_target() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 50ms fail 0 rate_limited after=2s => wait a retry_after
         wake in 2s..2.4s => start a retry
         after 300ms content 1 => commit 1
         after 1s done 1 => served 1",
    );
}

#[test]
fn s02_a_rate_limit_without_end_is_left_after_one_repeat() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 10ms fail 0 rate_limited => wait a throttle
         wake in 500ms..1s => start a retry
         after 10ms fail 1 rate_limited => start b failover
         after 300ms content 2 => commit 2
         after 1s done 2 => served 2",
    );
}

#[test]
fn s03_one_server_error_is_repeated_on_the_same_target() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 10ms fail 0 server_error => wait a backoff
         wake in 0ms..500ms => start a retry
         after 300ms content 1 => commit 1
         after 1s done 1 => served 1",
    );
}

#[test]
fn s04_an_overloaded_target_is_left_at_once_and_asked_again_by_the_next_call() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 10ms fail 0 overloaded => start b failover
         after 300ms content 1 => commit 1
         after 1s done 1 => served 1
         at 4s arrive 2 => start a first
         after 10ms fail 2.0 overloaded => start b failover
         after 300ms content 2.1 => commit 1
         after 1s done 2.1 => served 1
         at 60s arrive 3 => start a first
         after 300ms content 3.0 => limit a 850; commit 0
         after 1s done 3.0 => served 0",
    );
}

#[test]
fn s05_a_reset_before_any_byte_is_repeated() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 10ms fail 0 network => wait a backoff
         wake in 0ms..500ms => start a retry
         after 300ms content 1 => commit 1
         after 1s done 1 => served 1",
    );
}

#[test]
fn s06_a_silent_target_gets_one_attempt_and_company() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 20ms connected 0 =>
         at 8s pass => start b patience
         after 400ms content 1 => commit 1; cancel 0 lost
         after 1s done 1 => served 1",
    );
}

#[test]
fn s07_of_two_side_by_side_the_first_content_wins() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 20ms connected 0 =>
         at 8s pass => start b patience
         at 9s content 0 => commit 0; cancel 1 lost
         after 1s done 0 => served 0",
    );
}

#[test]
fn s12_a_context_too_long_goes_to_another_model_at_once() {
    let mut settings = settings(&[&["a", "a2"], &["b"]]);
    settings.targets[1].model = 0;
    play(
        settings,
        "at 0ms off a2 => switched
         at 0ms arrive => barred a2 switched_off; start a first
         after 10ms fail 0 context_length_exceeded => barred a2 excluded; start b failover
         after 300ms content 1 => commit 1
         after 1s done 1 => served 1",
    );
}

#[test]
fn s13_a_filtered_call_is_not_routed_around() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 10ms fail 0 content_filtered => refused failover not_retryable; failed content_filtered",
    );
}

#[test]
fn s13_unless_the_operator_says_so() {
    let mut settings = settings(TWO_TIERS);
    policies_of(&mut settings).retry.content_filter = ContentFilter::Failover;
    play(
        settings,
        "at 0ms arrive => start a first
         after 10ms fail 0 content_filtered => start b failover
         after 300ms content 1 => commit 1
         after 1s done 1 => served 1",
    );
}

#[test]
fn inside_a_tier_a_failure_goes_elsewhere_at_once() {
    let rig = play(settings(&[&["a"]]), "at 0ms arrive => start a first");
    assert_eq!((rig.engine.calls(), rig.engine.in_flight()), (1, 1));
    check(
        ONE_TIER,
        "at 0ms off b => switched
         at 0ms arrive => barred b switched_off; start a first
         at 1ms on b => switched
         at 10ms fail 0 server_error => start b failover
         after 10ms fail 1 server_error => wait a backoff
         wake in 0ms..500ms => start a retry
         after 10ms fail 2 server_error => refused failover attempts_spent; failed server_error",
    );
}

#[test]
fn a_wait_longer_than_a_tier_is_worth_goes_to_the_next_tier() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 10ms fail 0 rate_limited after=10s => refused retry wait_too_long; start b failover
         after 300ms content 1 => commit 1
         after 1s done 1 => served 1
         at 3s arrive 2 => barred a throttle; start b first
         after 300ms content 2.0 => commit 0
         after 1s done 2.0 => served 0
         at 8s arrive 3 => barred a throttle; wait a throttle
         wake 3 in 2.01s..2.42s => start a first
         after 300ms content 3.0 => commit 0
         after 1s done 3.0 => served 0",
    );
}

#[test]
fn alone_a_target_is_waited_for_as_long_as_the_profile_or_a_tier_allows() {
    check(
        ALONE,
        "at 0ms arrive => start a first
         after 10ms fail 0 rate_limited after=4s => refused retry wait_too_long; refused failover no_target; failed rate_limited after 4s
         at 20s arrive 2 profile=batch => start a first
         after 10ms fail 2.0 rate_limited after=60s => wait a retry_after
         wake 2 in 60s..65s => start a retry
         after 1s content 2.1 => commit 1
         after 1s done 2.1 => served 1",
    );
}

#[test]
fn a_silent_target_without_company_is_given_up_and_asked_once_more() {
    check(
        ALONE,
        "at 0ms arrive => start a first
         after 20ms connected 0 =>
         at 8s pass => refused patience no_target
         wake in 22s..22s => timeout 0; limit a 850; wait a backoff; cancel 0 timed_out
         wake in 0ms..500ms => start a retry
         after 20ms connected 1 =>
         after 8s pass => refused patience no_target
         wake in 21s..22s => timeout 1; limit a 722; refused failover no_target; cancel 1 timed_out; failed timeout",
    );
}

#[test]
fn a_connection_that_does_not_stand_in_time_is_given_up() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         wake in 5s..5s => timeout 0; cancel 0 timed_out; start b failover",
    );
}

#[test]
fn patience_asks_the_gates_when_it_fires() {
    check(
        TWO_TIERS,
        "at 0ms arrive 2 => start a first
         at 10ms fail 2.0 overloaded => start b failover
         at 20ms fail 2.1 rate_limited after=9s => wait a backoff
         at 30ms leave 2 => cancelled
         at 100ms arrive => start a first
         at 110ms connected 0 =>
         at 8100ms pass => barred b throttle; refused patience no_target
         wake in 900ms..930ms => start b patience",
    );
}

#[test]
fn when_the_company_fails_the_slow_one_goes_on() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 20ms connected 0 =>
         at 8s pass => start b patience
         after 100ms fail 1 server_error => refused patience no_target
         after 100ms content 0 => commit 0
         after 1s done 0 => served 0",
    );
}

#[test]
fn a_fault_of_the_request_ends_the_call_and_its_other_attempt() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 20ms connected 0 =>
         at 8s pass => start b patience
         after 100ms fail 1 bad_request => refused failover not_retryable; cancel 0 call_ended; failed bad_request",
    );
}

#[test]
fn after_commit_nothing_is_replaced() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         after 20ms content 0 => commit 0
         after 100ms fail 0 network => refused resume not_resumable; failed network",
    );
}

#[test]
fn a_stall_is_measured_from_the_last_progress_told() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 1s content 0 => commit 0
         at 16s progress 0 10s =>
         at 16s pass =>
         wake in 9s..9s => timeout 0; refused resume not_resumable; cancel 0 timed_out; failed timeout",
    );
}

#[test]
fn a_long_answer_outlives_the_deadline_unless_the_caller_set_it() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 1s content 0 => commit 0
         at 129s progress 0 129s =>
         at 130s pass =>
         at 131s done 0 => served 0
         at 200s arrive 2 deadline=20s => start a first
         at 201s content 2.0 => commit 0
         at 219s progress 2.0 219s =>
         at 220s pass 2 => refused failover deadline; cancel 0 deadline; failed timeout",
    );
}

#[test]
fn a_plain_call_is_bounded_by_its_deadline_wholly() {
    let mut settings = settings(ALONE);
    policies_of(&mut settings).timeouts.deadline.interactive = std::time::Duration::from_secs(30);
    play(
        settings,
        "at 0ms arrive plain => start a first
         after 20ms connected 0 =>
         wake in 29s..30s => refused failover deadline; cancel 0 deadline; failed timeout",
    );
}

#[test]
fn a_client_that_leaves_cancels_its_attempts() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 1s connected 0 =>
         at 8s pass => start b patience
         at 9s leave => cancel 0 caller_left; cancel 1 caller_left; cancelled
         at 9s leave => ignored",
    );
}

#[test]
fn an_sdk_that_repeats_gets_one_attempt_per_target() {
    check(
        TWO_TIERS,
        "at 0ms arrive retries=1 => start a first
         after 10ms fail 0 server_error => start b failover
         after 10ms fail 1 server_error => refused failover no_target; failed server_error",
    );
}

#[test]
fn a_caller_may_narrow_the_attempts_to_one() {
    check(
        TWO_TIERS,
        "at 0ms arrive attempts=1 => start a first
         after 10ms fail 0 server_error => refused failover attempts_spent; failed server_error
         at 1s arrive 2 attempts=9 => start a first
         after 10ms fail 2.0 overloaded => start b failover
         after 10ms fail 2.1 overloaded => wait a backoff
         wake 2 in 0ms..1s => start a retry
         after 10ms fail 2.2 overloaded => refused failover attempts_spent; failed overloaded",
    );
}

#[test]
fn a_refused_key_is_out_of_use_with_all_its_targets() {
    let mut settings = settings(&[&["a", "a2"], &["b"]]);
    settings.targets[1].credential = settings.targets[0].credential;
    play(
        settings,
        "at 0ms off a2 => switched
         at 0ms arrive => barred a2 switched_off; start a first
         at 1ms on a2 => switched
         at 10ms fail 0 authentication => disabled credential 0 authentication; barred a2 excluded; start b failover
         at 20ms content 1 => commit 1
         at 30ms done 1 => served 1
         at 40ms arrive 2 => barred a credential_disabled; barred a2 credential_disabled; start b first",
    );
}

#[test]
fn a_missing_model_is_out_of_use_unless_the_target_stands_for_any() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 10ms fail 0 model_not_found => disabled model a model_not_found; start b failover
         at 20ms fail 1 server_error => wait b backoff
         at 30ms leave => cancelled
         at 40ms arrive 2 => barred a model_disabled; start b first",
    );
    let mut settings = settings(TWO_TIERS);
    settings.targets[0].any_model = true;
    play(
        settings,
        "at 0ms arrive => start a first
         at 10ms fail 0 model_not_found => start b failover
         at 20ms leave => cancel 1 caller_left; cancelled
         at 40ms arrive 2 => start a first",
    );
}

#[test]
fn a_key_out_of_use_is_asked_again_when_nothing_else_is_left() {
    check(
        ALONE,
        "at 0ms arrive => start a first
         at 10ms fail 0 authentication => disabled credential 0 authentication; refused failover no_target; failed authentication after 300s
         at 1s arrive 2 => barred a credential_disabled; refused first no_target; failed authentication after 299s
         at 6s arrive 3 => barred a credential_disabled; refused first no_target; start a first
         at 7s content 3.0 => commit 0
         at 8s done 3.0 => served 0
         at 9s arrive 4 => start a first",
    );
}

#[test]
fn a_sampling_fault_is_tried_once_more_even_if_it_names_the_request() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 10ms fail 0 bad_request once => wait a backoff
         wake in 0ms..500ms => start a retry
         after 10ms fail 1 bad_request once => refused failover not_retryable; failed bad_request",
    );
}

#[test]
fn a_target_that_asks_not_to_be_tried_again_is_not() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 10ms fail 0 server_error forbidden => start b failover
         at 20ms fail 1 server_error forbidden => refused failover no_target; failed server_error",
    );
}

#[test]
fn five_failures_in_a_row_open_a_breaker_and_two_probes_close_it() {
    check(
        TWO_TIERS,
        "at 0ms arrive 1 attempts=1 => start a first
         at 1ms fail 1.0 server_error => refused failover attempts_spent; failed server_error
         at 2ms arrive 2 attempts=1 => start a first
         at 3ms fail 2.0 server_error => refused failover attempts_spent; failed server_error
         at 4ms arrive 3 attempts=1 => start a first
         at 5ms fail 3.0 server_error => refused failover attempts_spent; failed server_error
         at 6ms arrive 4 attempts=1 => start a first
         at 7ms fail 4.0 server_error => refused failover attempts_spent; failed server_error
         at 8ms arrive 5 attempts=1 => start a first
         at 9ms arrive 10 => start a first
         at 10ms fail 5.0 server_error => a open consecutive; refused failover attempts_spent; failed server_error after 4s
         at 11ms arrive 6 => barred a breaker; start b first
         at 12ms content 10.0 => commit 0
         at 6s arrive 7 => a half_open; start a first
         at 6s arrive 8 => barred a breaker; start b first
         at 6.1s content 7.0 => commit 0
         at 6.2s arrive 9 => start a first
         at 6.3s fail 9.0 bad_request => refused failover not_retryable; failed bad_request
         at 6.4s arrive 11 => start a first
         at 6.5s content 11.0 => a closed; limit a 250; commit 0",
    );
}

#[test]
fn when_all_breakers_are_open_the_oldest_gets_an_early_probe() {
    let mut settings = settings(ALONE);
    settings.targets[0].breaker.consecutive = 1;
    settings.targets[0].breaker.open_base = std::time::Duration::from_secs(20);
    play(
        settings,
        "at 0ms arrive 1 => start a first
         at 1ms fail 1.0 server_error => a open consecutive; refused retry wait_too_long; refused failover no_target; failed server_error after 16s
         at 9s arrive 2 => barred a breaker; refused first wait_too_long; failed overloaded after 7s
         at 11s arrive 3 => barred a breaker; refused first wait_too_long; a half_open; start a first
         at 12s content 3.0 => commit 0
         at 12s arrive 4 => start a first",
    );
}

#[test]
fn an_operators_text_stands_in_but_never_for_the_callers_own_fault() {
    let mut settings = settings(ALONE);
    policies_of(&mut settings).degrade.reply = true;
    play(
        settings,
        "at 0ms arrive attempts=1 => start a first
         at 1ms fail 0 server_error => refused failover attempts_spent; degraded server_error
         at 1s arrive 2 => start a first
         at 2s fail 2.0 bad_request => refused failover not_retryable; failed bad_request
         at 3s arrive 3 => start a first
         at 4s content 3.0 => commit 0
         at 5s fail 3.0 server_error => refused resume not_resumable; failed server_error",
    );
}

#[test]
fn a_full_target_is_passed_over_and_waited_for_only_when_alone() {
    let mut full = settings(TWO_TIERS);
    full.targets[0].limit.max = 1;
    play(
        full,
        "at 0ms arrive => start a first
         at 1ms arrive 2 => barred a limit; start b first",
    );
    let mut alone = settings(ALONE);
    alone.targets[0].limit.max = 1;
    play(
        alone,
        "at 0ms arrive => start a first
         at 1ms arrive 2 => barred a limit; wait a limit
         at 20ms content 0 => commit 0
         at 30ms done 0 => served 0
         wake 2 in 90ms..225ms => start a first
         after 1ms arrive 3 => barred a limit; wait a limit
         wake 3 in 120ms..250ms => barred a limit; wait a limit
         wake 3 in 125ms..250ms => barred a limit; wait a limit
         wake 3 in 250ms..500ms => barred a limit; wait a limit
         wake 3 in 500ms..1s => barred a limit; wait a limit
         wake 3 in 1s..2s => barred a limit; refused first wait_too_long; failed overloaded",
    );
}

#[test]
fn what_is_unknown_late_or_repeated_is_ignored() {
    check(
        TWO_TIERS,
        "at 0ms content 0 => ignored
         at 0ms pass => ignored
         at 0ms arrive => start a first
         at 1ms arrive => ignored
         at 1ms connected 0 =>
         at 1ms connected 0 => ignored
         at 2ms content 1 => ignored
         at 2ms content 0 => commit 0
         at 3ms content 0 => ignored
         at 4ms done 0 => served 0
         at 4ms done 0 => ignored
         at 5ms fail 0 network => ignored",
    );
}

#[test]
fn a_call_that_is_woken_too_early_is_woken_again() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 1ms fail 0 rate_limited after=2s => wait a retry_after
         at 1s pass =>
         wake in 1s..1.5s => start a retry",
    );
}

/// A known library clips a wait to what is left of the deadline, waits, and then fails.
#[test]
fn a_wait_that_does_not_fit_the_deadline_is_not_begun() {
    check(
        ALONE,
        "at 0ms arrive deadline=1s => start a first
         at 10ms fail 0 rate_limited after=2s => refused retry deadline; refused failover no_target; failed rate_limited after 2s",
    );
}

#[test]
fn a_call_without_time_sends_nothing() {
    check(ALONE, "at 0ms arrive deadline=0s => refused first deadline; failed timeout");
}

#[test]
fn a_key_out_of_use_is_tried_by_one_call_at_a_time() {
    check(
        ALONE,
        "at 0ms arrive => start a first
         at 10ms fail 0 authentication => disabled credential 0 authentication; refused failover no_target; failed authentication after 300s
         at 6s arrive 2 => barred a credential_disabled; refused first no_target; start a first
         at 7s arrive 3 => barred a credential_disabled; refused first no_target; failed authentication after 293s",
    );
}

/// 10: a budget is for extra attempts; the first one is free, also after a wait.
#[test]
fn an_empty_budget_never_stops_a_first_attempt() {
    let mut settings = settings(ALONE);
    let budgets = &mut policies_of(&mut settings).budgets;
    for budget in [&mut budgets.retry, &mut budgets.failover] {
        budget.cap = 0;
    }
    play(
        settings,
        "at 0ms arrive => start a first
         at 10ms fail 0 rate_limited after=2s => refused retry budget; refused failover no_target; failed rate_limited after 2s
         at 1s arrive 2 => barred a throttle; wait a throttle
         wake 2 in 1s..1.3s => start a first
         after 10ms fail 2.0 server_error => refused retry budget; refused failover no_target; failed server_error",
    );
}
