//! 51: the figures behind a decision are such that it could not have been another.

use failsoft_engine::{
    Bar, BarReason, BreakerChange, BreakerState, Grounds, Measure, Moment, Refusal, TripCause,
    WaitCause, Why,
};

/// Two figures, of which neither is missing.
fn pair(grounds: &Grounds, [one, other]: [Measure; 2]) -> (u32, u32) {
    let told = |measure| grounds.of(measure).unwrap_or_else(|| panic!("51: {grounds} lacks it"));
    (told(one), told(other))
}

pub(super) fn check_start(
    why: Why,
    grounds: &Grounds,
    (most, now, deadline): (u8, Moment, Moment),
    made: usize,
) {
    let (looked, open) = pair(grounds, [Measure::TargetsLooked, Measure::TargetsOpen]);
    assert!(looked > 0 && looked >= open, "51: {why:?} after looking at nobody: {grounds}");
    if why == Why::Resume {
        let (made, allowed) = pair(grounds, [Measure::ResumesMade, Measure::ResumesAllowed]);
        return assert!(made <= allowed && allowed > 0, "51: {grounds}");
    }
    let left = deadline.since(now).as_millis() as u32;
    assert_eq!(grounds.of(Measure::DeadlineLeftMs), Some(left), "51: {grounds}");
    let left = u32::from(most) - made as u32;
    assert_eq!(grounds.of(Measure::AttemptsLeft), Some(left), "51: {why:?} {grounds}");
    let paid = grounds.of(Measure::BudgetLeftMilli).is_some();
    assert_eq!(paid, why != Why::First, "51: an extra attempt is paid for, a first is not");
    let beside = matches!(why, Why::Patience | Why::Hedge);
    assert_eq!(grounds.of(Measure::WaitedMs).is_some(), beside, "51: {why:?} {grounds}");
    if why == Why::Patience {
        let (waited, patience) = pair(grounds, [Measure::WaitedMs, Measure::PatienceMs]);
        assert!(waited >= patience, "51: started beside one that was not late: {grounds}");
    }
}

pub(super) fn check_refusal(reason: Refusal, grounds: &Grounds) {
    let measures = match reason {
        Refusal::AttemptsSpent => {
            let (made, most) = pair(grounds, [Measure::AttemptsMade, Measure::AttemptsAllowed]);
            return assert_eq!(made, most, "51: {grounds}");
        }
        Refusal::Budget => [Measure::BudgetNeededMilli, Measure::BudgetLeftMilli],
        Refusal::ExtrasInFlight => [Measure::ExtrasInFlight, Measure::ExtrasAllowed],
        Refusal::WaitTooLong if !grounds.is_empty() => [Measure::WaitMs, Measure::WaitAllowedMs],
        Refusal::Deadline if grounds.of(Measure::NeededMs).is_some() => {
            [Measure::NeededMs, Measure::DeadlineLeftMs]
        }
        Refusal::ResumesSpent => [Measure::ResumesMade, Measure::ResumesAllowed],
        Refusal::NoTarget => {
            return assert!(grounds.of(Measure::TargetsLooked).is_some(), "51: {grounds}");
        }
        _ => return,
    };
    let (needed, there) = pair(grounds, measures);
    assert!(needed >= there, "51: {} although {grounds}", reason.as_str());
}

pub(super) fn check_bar(now: Moment, bar: &Bar) {
    let Bar { reason, until, grounds, .. } = bar;
    match reason {
        BarReason::Limit => {
            let (held, most) = pair(grounds, [Measure::LimitInUse, Measure::LimitAllowed]);
            assert!(held >= most, "51: {grounds}");
        }
        BarReason::Quota => {
            let told = [
                [Measure::RequestsNeeded, Measure::RequestsLeft],
                [Measure::TokensNeeded, Measure::TokensLeft],
            ];
            let told = told.into_iter().filter(|[needed, _]| grounds.of(*needed).is_some());
            assert!(told.clone().count() > 0, "51: a quota that bars nothing: {grounds}");
        }
        BarReason::ContextTooSmall => {
            assert!(grounds.of(Measure::PromptTokens).is_some(), "51: {grounds}");
        }
        _ => {}
    }
    let left = until.map(|until| until.since(now).as_millis() as u32);
    let told = grounds.of(Measure::GateLeftMs);
    assert!(left.is_none() || told.is_some(), "51: {bar:?}");
}

pub(super) fn check_wait(cause: WaitCause, grounds: &Grounds) {
    match cause {
        WaitCause::Backoff => {
            let (drawn, most) = pair(grounds, [Measure::BackoffMs, Measure::BackoffMostMs]);
            assert!(drawn <= most, "51: {grounds}");
        }
        WaitCause::RetryAfter if grounds.of(Measure::BackoffNumber).is_some() => {
            let (asked, drawn) = pair(grounds, [Measure::AskedMs, Measure::BackoffMs]);
            assert!(asked <= drawn, "51: {grounds}");
        }
        WaitCause::RetryAfter | WaitCause::Gate(_) => {}
    }
    assert!(grounds.of(Measure::WaitAllowedMs).is_some(), "51: {grounds}");
}

pub(super) fn check_trip(change: &BreakerChange) {
    let grounds = &change.grounds;
    match (change.to, change.cause) {
        (BreakerState::Open, Some(TripCause::Consecutive)) => {
            let (row, most) = pair(grounds, [Measure::FailuresInRow, Measure::FailuresInRowLimit]);
            assert!(row >= most, "51: {grounds}");
        }
        (BreakerState::Open, Some(TripCause::Ratio)) => {
            let (failed, seen) = pair(grounds, [Measure::WindowFailed, Measure::WindowSeen]);
            let milli = grounds.of(Measure::WindowLimitMilli).unwrap();
            assert!(
                u64::from(failed) * 1000 >= u64::from(seen) * u64::from(milli),
                "51: {grounds}"
            );
        }
        (BreakerState::Open, Some(TripCause::Stall)) => {
            pair(grounds, [Measure::UnheardSends, Measure::SilenceMs]);
        }
        (BreakerState::Closed, _) if !grounds.is_empty() => {
            let (passed, needed) = pair(grounds, [Measure::ProbesPassed, Measure::ProbesNeeded]);
            assert!(passed >= needed, "51: {grounds}");
        }
        _ => {}
    }
}
