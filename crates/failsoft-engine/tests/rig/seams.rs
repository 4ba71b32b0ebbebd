//! The rules of streams that go on after a break, in the naive model's words.

use failsoft_engine::policy::ContentFilter;
use failsoft_engine::{
    AttemptId, Elsewhere, Event, FailureKind, Moment, Refusal, Repeat, Resumable, Step, TargetId,
    Verdict, Why,
};

use super::checker::{AttemptFacts, CallFacts, Checker};

impl Checker {
    /// 14: one attempt at a time is committed, and a second one only goes on with the first.
    pub(super) fn committed(&mut self, id: AttemptId) {
        let call = self.calls.get_mut(&id.call).unwrap();
        if let Some(before) = call.committed {
            assert_ne!(before, id, "14: committed twice");
            let broken = &call.attempts[&before.ordinal];
            assert!(broken.failed.is_some(), "14: committed beside another");
            assert_eq!(call.attempts[&id.ordinal].why, Why::Resume, "14: a second beginning");
        }
        assert!(!call.attempts[&id.ordinal].over, "14: committed after its end");
        call.committed = Some(id);
        call.attempts.get_mut(&id.ordinal).unwrap().committed = true;
    }

    /// 1, 7, 15: what may go on with a broken stream, before it is sent.
    pub(super) fn check_resume(&mut self, now: Moment, id: AttemptId, target: TargetId) {
        let call = &self.calls[&id.call];
        let policies = &call.settings.routes[0].policies;
        let facts = &call.settings.targets[usize::from(target.0)];
        assert!(call.committed.is_some(), "15: nothing had gone out that could be continued");
        assert!(call.attempts.values().all(|it| it.over), "14: a continuation beside another");
        let last = last_leg(call);
        let (_, failure) = last.failed.expect("15: what did not fail is not continued");
        match resumable(call) {
            Resumable::Never | Resumable::Said => {
                panic!("15: what nobody can go on with was continued")
            }
            Resumable::ByPrefill => {
                assert!(facts.prefill, "15: {} does not take a beginning", facts.key);
                self.reached.insert("resumed by prefill".to_owned());
            }
            Resumable::Anywhere => {}
        }
        let counted = 1 + continued(call) - u8::from(is_once_more(call, &facts.key));
        assert!(counted <= policies.resume.max, "15: continued {counted} times");
        let may_route_around = policies.retry.content_filter == ContentFilter::Failover;
        assert!(
            failure.kind != FailureKind::ContentFiltered || may_route_around,
            "15: a content filter was routed around"
        );
        assert_ne!(failure.kind, FailureKind::Cancelled, "15: it was ended on our side");
        let is_the_calls = failure.elsewhere == Elsewhere::Nowhere
            && failure.kind != FailureKind::ContentFiltered
            && (last.answered || last.why != Why::Resume);
        assert!(!is_the_calls, "9, 15: the request itself is at fault");
        let deadline = call.arrival.deadline.map(|asked| call.arrived + asked);
        assert!(deadline.is_none_or(|end| now < end), "6, 15: after the caller's deadline");
        let place = if last.key == facts.key { "at the same" } else { "elsewhere" };
        let once_more = is_once_more(call, &facts.key);
        self.reached.insert(format!("resumed {place}"));
        if once_more {
            self.reached.insert("asked once more".to_owned());
        }
    }

    /// What a call ends with, if its answer had begun.
    pub(super) fn check_verdict(&mut self, call: &CallFacts, verdict: &Verdict, step: &Step) {
        let broken = call.attempts.values().find(|it| it.committed && it.failed.is_some());
        let refused = |wanted: Why, why_not: fn(&Refusal) -> bool| {
            step.events.iter().any(|event| {
                matches!(event, Event::Refused { why, reason, .. }
                    if *why == wanted && why_not(reason))
            })
        };
        let cut_by_caller = refused(Why::Failover, |reason| *reason == Refusal::Deadline);
        match verdict {
            Verdict::Served { attempt } | Verdict::Resumed { attempt }
                if is_said(call, *attempt) =>
            {
                self.reached.insert("broken off when all was said".to_owned());
            }
            Verdict::Served { attempt } => {
                assert!(broken.is_none(), "a broken stream was served");
                assert!(call.attempts[&attempt.ordinal].committed, "14: served by nobody");
            }
            Verdict::Resumed { attempt } => {
                assert!(broken.is_some(), "resumed, and nothing broke");
                let last = &call.attempts[&attempt.ordinal];
                let whole = last.committed && last.failed.is_none() && last.why == Why::Resume;
                assert!(whole, "resumed by what is not whole");
                let legs = call.attempts.values().filter(|it| it.committed).count();
                self.reached.insert(format!("resumed in {legs} legs"));
            }
            Verdict::Degraded { .. } => {
                assert_eq!(call.committed, None, "a lesser answer after the beginning of one");
            }
            Verdict::Failed { kind, attempt, .. } => match broken {
                None => assert!(
                    call.committed.is_none() || cut_by_caller,
                    "a stream that was not broken was ended"
                ),
                Some(first) => {
                    let final_word = refused(Why::Resume, |why| *why == Refusal::NotRetryable);
                    let (_, failure) = first.failed.unwrap();
                    assert!(
                        *kind == failure.kind || final_word || cut_by_caller,
                        "{kind} was told, and {} broke the stream",
                        failure.kind
                    );
                    assert!(attempt.is_some() || cut_by_caller, "no attempt is named");
                    let why = refused(Why::Resume, |_| true)
                        || refused(Why::Failover, |why| *why == Refusal::Committed);
                    assert!(why || cut_by_caller, "it was not said why it does not go on");
                    self.reached.insert("broken off".to_owned());
                }
            },
            Verdict::Cancelled => {}
        }
    }
}

/// What broke off last.
fn last_leg(call: &CallFacts) -> &AttemptFacts {
    let resumed = call.attempts.values().rfind(|it| it.why == Why::Resume);
    resumed.or_else(|| call.attempts.values().find(|it| it.committed)).unwrap()
}

/// Who could go on, by what was told of the legs in their order.
pub(super) fn resumable(call: &CallFacts) -> Resumable {
    let mut legs = call.attempts.values().skip_while(|it| !it.committed);
    let first = legs.next().and_then(|it| it.told).unwrap_or_default();
    let later = legs.filter(|it| it.why == Why::Resume);
    later.fold(first, |before, leg| leg.told.unwrap_or(before))
}

/// Whether what broke off last had said all that its caller's bound allows.
fn is_said(call: &CallFacts, attempt: AttemptId) -> bool {
    let last = &call.attempts[&attempt.ordinal];
    call.committed.is_some() && last.failed.is_some() && resumable(call) == Resumable::Said
}

/// How often a call was continued. What is asked once more is still the same continuation.
fn continued(call: &CallFacts) -> u8 {
    let mut counted = 0;
    let mut before: Vec<&AttemptFacts> = Vec::new();
    for attempt in call.attempts.values() {
        if attempt.why == Why::Resume {
            counted += u8::from(!follows_a_refusal(&before, &attempt.key));
        }
        before.push(attempt);
    }
    counted
}

fn is_once_more(call: &CallFacts, key: &str) -> bool {
    follows_a_refusal(&call.attempts.values().collect::<Vec<_>>(), key)
}

/// Whether the last of these was refused at this target in the way it was written, and was the
/// first to be.
fn follows_a_refusal(before: &[&AttemptFacts], key: &str) -> bool {
    let refused = |it: &&&AttemptFacts| {
        it.key == key
            && it.why == Why::Resume
            && !it.answered
            && it.failed.is_some_and(|(_, failure)| failure.repeat == Repeat::Once)
    };
    before.last().is_some_and(|last| refused(&last)) && before.iter().filter(refused).count() == 1
}
