//! Streams that break off after something of them went out, and content that is held: text in,
//! commands out.

mod rig;

use std::time::Duration;

use failsoft_engine::Settings;
use failsoft_engine::policy::ContentFilter;
use rig::script::play;
use rig::{policies_of, settings};

const TWO_TIERS: &[&[&str]] = &[&["a"], &["b"]];
const ONE_TIER: &[&[&str]] = &[&["a", "b"]];
const THREE_TIERS: &[&[&str]] = &[&["a"], &["b"], &["c"]];
const ALONE: &[&[&str]] = &[&["a"]];

/// Plays a script against the default policies, from the moment `a` streams something that
/// anybody could go on with.
fn broken(tiers: &[&[&str]], script: &str) {
    broken_with(settings(tiers), "", script);
}

fn broken_with(settings: Settings, targets: &str, script: &str) {
    let begun = "at 0ms arrive => start a first
         at 1s content 0 => commit 0
         at 1s delivered 0 anywhere =>";
    play(settings, &format!("{targets}\n{begun}\n{script}"));
}

fn check(tiers: &[&[&str]], script: &str) {
    play(settings(tiers), script);
}

#[test]
fn a_stream_cut_off_goes_on_at_the_same_target_and_is_resumed() {
    for kind in ["network", "server_error", "bad_response"] {
        broken(
            TWO_TIERS,
            &format!(
                "after 1s fail 0 {kind} => start a resume
                 after 300ms content 1 => commit 1
                 after 1s done 1 => resumed 1"
            ),
        );
    }
}

#[test]
fn one_that_has_too_much_to_do_or_falls_silent_is_left() {
    broken(TWO_TIERS, "after 1s fail 0 overloaded => start b resume");
    broken(TWO_TIERS, "after 1s fail 0 rate_limited => barred a throttle; start b resume");
    broken(TWO_TIERS, "wake in 15s..15s => timeout 0; cancel 0 timed_out; start b resume");
}

#[test]
fn an_attempt_that_takes_too_long_all_in_all_is_gone_on_from() {
    broken(
        TWO_TIERS,
        "at 599s progress 0 599s =>
         at 600s pass => timeout 0; cancel 0 timed_out; start b resume",
    );
}

#[test]
fn alone_a_silent_target_is_asked_to_go_on_itself_and_once() {
    broken(
        ALONE,
        "wake in 15s..15s => timeout 0; cancel 0 timed_out; start a resume
         after 1s connected 1 =>
         after 1s content 1 => commit 1
         wake in 15s..15s => timeout 1; refused resume no_target; cancel 1 timed_out; failed timeout",
    );
}

#[test]
fn a_target_that_broke_off_twice_is_left() {
    broken(
        TWO_TIERS,
        "after 1s fail 0 network => start a resume
         after 300ms content 1 => commit 1
         after 1s fail 1 network => start b resume
         after 300ms content 2 => commit 2
         after 1s done 2 => resumed 2",
    );
}

#[test]
fn a_continuation_that_fails_before_anything_went_out_leads_to_the_next() {
    broken(
        THREE_TIERS,
        "after 1s fail 0 network => start a resume
         after 300ms fail 1 network => start b resume
         after 300ms fail 2 bad_response => refused resume resumes_spent; failed network",
    );
    // A whole answer with nothing new in it is whole all the same.
    broken(
        TWO_TIERS,
        "after 1s fail 0 network => start a resume
         after 300ms held 1 =>
         after 300ms done 1 => commit 1; resumed 1",
    );
}

/// The client is told what broke its answer, not what became of the attempts to save it.
#[test]
fn the_failure_that_broke_the_stream_says_most() {
    broken(
        TWO_TIERS,
        "after 1s fail 0 server_error => start a resume
         after 300ms fail 1 overloaded => start b resume
         after 300ms fail 2 network => refused resume resumes_spent; failed server_error",
    );
    broken(
        ALONE,
        "after 1s fail 0 network => start a resume
         after 1s fail 1 authentication => disabled credential 0 authentication; refused resume no_target; failed network after 300s",
    );
}

#[test]
fn what_cannot_be_continued_ends_with_what_broke_it() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 1s content 0 => commit 0
         at 2s delivered 0 anywhere =>
         at 3s delivered 0 never =>
         at 4s fail 0 network => refused resume not_resumable; failed network",
    );
}

#[test]
fn what_is_told_of_one_leg_holds_for_the_next_until_more_is_told() {
    broken(
        TWO_TIERS,
        "after 1s fail 0 network => start a resume
         after 300ms content 1 => commit 1
         after 300ms delivered 1 never =>
         after 1s fail 1 network => refused resume not_resumable; failed network",
    );
}

#[test]
fn what_another_attempt_told_does_not_count() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 20ms connected 0 =>
         at 21ms delivered 0 anywhere =>
         at 8s pass => start b patience
         at 9s content 1 => commit 1; cancel 0 lost
         at 10s fail 1 network => refused resume not_resumable; failed network",
    );
}

#[test]
fn an_answer_that_broke_when_all_was_said_is_whole() {
    check(
        THREE_TIERS,
        "at 0ms arrive => start a first
         at 1s content 0 => commit 0
         at 1s delivered 0 said =>
         after 1s fail 0 network => served 0",
    );
    check(
        THREE_TIERS,
        "at 0ms arrive => start a first
         at 1s content 0 => commit 0
         at 1s delivered 0 anywhere =>
         after 1s fail 0 network => start a resume
         after 1s content 1 => commit 1
         after 1s delivered 1 said =>
         after 1s fail 1 network => resumed 1",
    );
}

#[test]
fn a_beginning_is_only_handed_to_who_can_go_on_from_it() {
    let begun = "at 0ms arrive => start a first
         at 1s content 0 => commit 0
         at 1s delivered 0 prefill =>";
    check(
        THREE_TIERS,
        &format!(
            "target c prefill=yes
             {begun}
             after 1s fail 0 network => barred a lacks_prefill; barred b lacks_prefill; start c resume"
        ),
    );
    check(
        TWO_TIERS,
        &format!(
            "{begun}
             after 1s fail 0 network => barred a lacks_prefill; barred b lacks_prefill; refused resume no_target; failed network"
        ),
    );
    check(
        TWO_TIERS,
        &format!(
            "target a prefill=yes
             {begun}
             after 1s fail 0 network => barred b lacks_prefill; start a resume"
        ),
    );
}

#[test]
fn a_beginning_that_is_refused_is_handed_over_in_another_way_for_nothing() {
    let mut settings = settings(TWO_TIERS);
    policies_of(&mut settings).resume.max = 1;
    broken_with(
        settings.clone(),
        "",
        "after 1s fail 0 network => start a resume
         after 90ms fail 1 bad_request once => start a resume
         after 300ms content 2 => commit 2
         after 1s done 2 => resumed 2",
    );
    broken_with(
        settings,
        "",
        "after 1s fail 0 network => start a resume
         after 90ms fail 1 bad_request once => start a resume
         after 90ms fail 2 bad_request once => refused resume resumes_spent; failed network",
    );
    broken(
        TWO_TIERS,
        "after 1s fail 0 overloaded => start b resume
         after 90ms fail 1 bad_request once => start b resume
         after 90ms fail 2 bad_request once => start a resume",
    );
}

#[test]
fn a_refused_continuation_does_not_say_that_the_call_is_wrong() {
    broken(
        TWO_TIERS,
        "after 1s fail 0 network => start a resume
         after 90ms fail 1 bad_request => start b resume",
    );
    broken(
        TWO_TIERS,
        "after 1s fail 0 bad_request => refused resume not_retryable; failed bad_request",
    );
}

/// That a continuation is too long says nothing of the call it continues.
#[test]
fn a_continuation_that_is_too_long_teaches_nothing() {
    check(
        TWO_TIERS,
        "at 0ms arrive input=1000 => start a first
         at 1s content 0 => commit 0
         at 1s delivered 0 anywhere =>
         at 2s fail 0 network => start a resume
         at 3s fail 1 context_length_exceeded => start b resume
         at 4s arrive 2 input=1000 => start a first",
    );
}

#[test]
fn a_content_filter_is_not_routed_around_unless_the_operator_says_so() {
    broken(
        TWO_TIERS,
        "after 1s fail 0 content_filtered any => refused resume not_retryable; failed content_filtered",
    );
    broken(
        TWO_TIERS,
        "after 1s fail 0 network => start a resume
         after 1s fail 1 content_filtered => refused resume not_retryable; failed content_filtered",
    );
    let mut settings = settings(TWO_TIERS);
    policies_of(&mut settings).retry.content_filter = ContentFilter::Failover;
    broken_with(settings, "", "after 1s fail 0 content_filtered => start b resume");
}

#[test]
fn continuations_are_no_part_of_the_attempts_a_call_may_make() {
    check(
        TWO_TIERS,
        "at 0ms arrive attempts=1 => start a first
         at 1s content 0 => commit 0
         at 1s delivered 0 anywhere =>
         at 2s fail 0 network => start a resume
         at 3s content 1 => commit 1
         at 4s done 1 => resumed 1",
    );
}

#[test]
fn an_sdk_that_repeats_cannot_go_on_itself() {
    check(
        TWO_TIERS,
        "at 0ms arrive retries=1 => start a first
         at 1s content 0 => commit 0
         at 1s delivered 0 anywhere =>
         at 2s fail 0 network => start a resume",
    );
}

#[test]
fn without_leave_nothing_is_continued() {
    let mut settings = settings(TWO_TIERS);
    policies_of(&mut settings).resume.max = 0;
    broken_with(
        settings,
        "",
        "after 1s fail 0 network => refused failover committed; failed network",
    );
}

#[test]
fn continuations_have_a_budget_of_their_own() {
    let mut empty = settings(TWO_TIERS);
    let budgets = &mut policies_of(&mut empty).budgets;
    (budgets.retry.cap, budgets.failover.cap) = (0, 0);
    broken_with(empty.clone(), "", "after 1s fail 0 network => start a resume");
    policies_of(&mut empty).budgets.resume.cap = 0;
    broken_with(empty, "", "after 1s fail 0 network => refused resume budget; failed network");
    let mut few = settings(TWO_TIERS);
    let resume = &mut policies_of(&mut few).budgets.resume;
    (resume.min_in_flight, resume.in_flight_milli) = (1, 0);
    broken_with(
        few,
        "",
        "at 1s arrive 2 => start a first
         at 2s content 2.0 => commit 0
         at 2s delivered 2.0 anywhere =>
         at 3s fail 0 network => start a resume
         at 3s fail 2.0 network => refused resume extras_in_flight; failed network",
    );
}

#[test]
fn the_gates_hold_for_a_continuation() {
    broken(
        TWO_TIERS,
        "at 1s off a => switched
         at 2s fail 0 network => barred a switched_off; start b resume",
    );
    broken(
        TWO_TIERS,
        "at 1s off a => switched
         at 1s off b => switched
         at 2s fail 0 network => barred a switched_off; barred b switched_off; refused resume no_target; failed network",
    );
    broken(TWO_TIERS, "at 2s fail 0 server_error forbidden => start b resume");
    broken(TWO_TIERS, "at 2s fail 0 server_error after=1s => start b resume");
}

#[test]
fn a_target_that_cannot_serve_the_call_cannot_go_on_with_it() {
    check(
        TWO_TIERS,
        "target b lacks=tools
         at 0ms arrive needs=tools => start a first
         at 1s content 0 => commit 0
         at 1s delivered 0 anywhere =>
         at 2s fail 0 overloaded => barred b lacks_tools; start a resume",
    );
}

#[test]
fn a_short_wait_is_waited_and_a_long_one_is_not() {
    broken(
        ALONE,
        "at 2s fail 0 server_error after=2s => wait a retry_after
         wake in 2s..2.4s => start a resume
         after 300ms content 1 => commit 1
         after 1s done 1 => resumed 1",
    );
    broken(
        ALONE,
        "at 2s fail 0 rate_limited after=2s => barred a throttle; wait a retry_after
         at 3s leave => cancelled",
    );
    broken(
        ALONE,
        "at 2s fail 0 rate_limited after=4s => barred a throttle; refused resume wait_too_long; failed rate_limited after 4s",
    );
    let mut full = settings(TWO_TIERS);
    full.targets[1].limit.max = 1;
    broken_with(
        full,
        "",
        "at 1s off a => switched
         at 1s arrive 2 => barred a switched_off; start b first
         at 2s fail 0 network => barred a switched_off; barred b limit; wait b limit
         wake in 125ms..250ms => barred a switched_off; barred b limit; wait b limit
         at 3s fail 2.0 bad_request => refused failover not_retryable; failed bad_request
         wake in 0ms..500ms => barred a switched_off; start b resume",
    );
}

/// A breaker that opens soon is no promise that its target is well then.
#[test]
fn a_sick_target_is_not_waited_for() {
    let mut settings = settings(ALONE);
    let breaker = &mut settings.targets[0].breaker;
    (breaker.consecutive, breaker.open_base) = (1, Duration::from_secs(1));
    broken_with(
        settings,
        "",
        "at 2s fail 0 network => a open consecutive; barred a breaker; refused resume no_target; failed network after 0s",
    );
}

#[test]
fn a_target_that_failed_the_call_before_is_asked_after_those_that_did_not() {
    check(
        THREE_TIERS,
        "at 0ms arrive => start a first
         at 1s fail 0 overloaded => start b failover
         at 2s content 1 => commit 1
         at 2s delivered 1 anywhere =>
         at 3s fail 1 overloaded => start c resume
         at 4s fail 2 overloaded => start a resume",
    );
}

#[test]
fn the_routes_deadline_does_not_end_a_begun_stream_and_the_callers_does() {
    broken(
        TWO_TIERS,
        "at 129s progress 0 129s =>
         at 130s fail 0 network => start a resume
         at 140s content 1 => commit 1
         at 141s done 1 => resumed 1",
    );
    let begun = "at 0ms arrive deadline=20s => start a first
         at 1s content 0 => commit 0
         at 1s delivered 0 anywhere =>";
    check(
        TWO_TIERS,
        &format!(
            "{begun}
             at 10s fail 0 network => start a resume
             wake in 5s..5s => timeout 1; limit a 850; cancel 1 timed_out; start b resume
             at 15s connected 2 =>
             wake in 5s..5s => refused resume deadline; cancel 2 deadline; failed network"
        ),
    );
    check(
        TWO_TIERS,
        &format!("{begun}\n at 20s fail 0 network => refused resume deadline; failed network"),
    );
    // A second leg that streams well is cut by it as a first one is.
    check(
        TWO_TIERS,
        &format!(
            "{begun}
             at 10s fail 0 network => start a resume
             at 11s content 1 => commit 1
             wake in 9s..9s => refused failover deadline; cancel 1 deadline; failed timeout"
        ),
    );
    // Its pace is known, and it would not be here in time.
    check(
        ALONE,
        &format!(
            "{begun}
             at 19.5s fail 0 network => refused resume deadline; failed network"
        ),
    );
}

#[test]
fn a_continuation_has_watches_of_its_own_and_no_company() {
    broken(
        TWO_TIERS,
        "at 2s fail 0 network => start a resume
         at 3s connected 1 =>
         wake in 29s..29s => timeout 1; limit a 850; cancel 1 timed_out; start b resume
         wake in 5s..5s => timeout 2; limit b 850; refused resume resumes_spent; cancel 2 timed_out; failed network",
    );
}

#[test]
fn held_content_wins_and_does_not_commit() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 20ms connected 0 =>
         at 8s pass => start b patience
         at 9s held 1 => cancel 0 lost
         at 9s held 1 => ignored
         at 10s content 1 => commit 1
         at 10s content 1 => ignored
         at 10s held 1 => ignored
         at 11s done 1 => served 1",
    );
}

#[test]
fn a_failure_of_held_content_is_repaired_without_a_trace() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 1s held 0 =>
         at 2s fail 0 overloaded => start b failover
         at 3s held 1 =>
         at 4s fail 1 bad_response => start a retry
         at 5s held 2 =>
         at 6s content 2 => commit 2
         at 7s done 2 => served 2",
    );
}

#[test]
fn held_content_is_watched_for_silence_and_no_longer_for_its_beginning() {
    check(
        TWO_TIERS,
        "at 0ms arrive => start a first
         at 20ms connected 0 =>
         at 7s held 0 =>
         at 20s progress 0 20s =>
         at 31s progress 0 31s =>
         at 32s pass =>
         wake in 14s..14s => timeout 0; cancel 0 timed_out; start b failover",
    );
}

#[test]
fn held_content_is_not_yet_an_answer_so_the_deadline_holds() {
    let mut settings = settings(TWO_TIERS);
    policies_of(&mut settings).timeouts.deadline.interactive = Duration::from_secs(10);
    play(
        settings,
        "at 0ms arrive => start a first
         at 1s held 0 =>
         wake in 9s..9s => refused failover deadline; cancel 0 deadline; failed timeout",
    );
}

/// It only lost, so it may be asked again; but it is no company for what is slow, and an SDK that
/// repeats will ask it itself.
#[test]
fn one_that_lost_against_held_content_is_not_forgotten() {
    let held = "at 20ms connected 0 =>
         at 8s pass => start b patience
         at 9s held 1 => cancel 0 lost";
    check(
        TWO_TIERS,
        &format!(
            "at 0ms arrive => start a first
             {held}
             at 10s fail 1 overloaded => start a failover"
        ),
    );
    check(
        TWO_TIERS,
        &format!(
            "at 0ms arrive retries=1 => start a first
             {held}
             at 10s fail 1 overloaded => refused failover no_target; failed overloaded"
        ),
    );
    let mut settings = settings(&[&["a", "b", "c"]]);
    policies_of(&mut settings).retry.max_attempts = 4;
    play(
        settings,
        "at 0ms off b => switched
         at 0ms off c => switched
         at 0ms arrive => barred b switched_off; barred c switched_off; start a first
         at 1ms on b => switched
         at 20ms connected 0 =>
         at 8s pass => barred c switched_off; start b patience
         at 9s held 1 => cancel 0 lost
         at 9s off a => switched
         at 9s on c => switched
         at 10s fail 1 overloaded => barred a switched_off; start c failover
         at 10s on a => switched
         at 11s connected 2 =>
         at 18s pass => refused patience no_target",
    );
}

#[test]
fn a_plain_call_holds_nothing() {
    check(
        TWO_TIERS,
        "at 0ms arrive plain => start a first
         at 1s held 0 => ignored
         at 2s done 0 => commit 0; served 0",
    );
}

/// Within a tier another target is as good as any, but the one that was well comes first.
#[test]
fn inside_a_tier_the_same_target_comes_first_too() {
    play(
        settings(ONE_TIER),
        "at 0ms off b => switched
         at 0ms arrive => barred b switched_off; start a first
         at 1ms on b => switched
         at 1s content 0 => commit 0
         at 1s delivered 0 anywhere =>
         at 2s fail 0 network => start a resume
         at 3s fail 1 network => start b resume",
    );
}
