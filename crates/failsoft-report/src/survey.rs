//! One pass over the calls and one over the changes: everything a report tells.

use std::ops::ControlFlow;

use failsoft_journal::{AttemptRow, JournalError, Recorded, Source, Span, StateRow};

use crate::advice::Known;
use crate::cells::{Cells, Seen, Side, Value};
use crate::effects::Effects;
use crate::found::Evidence;
use crate::in_force::InForce;
use crate::incident::Sighting;
use crate::pattern;
use crate::report::Report;
use crate::report::tally::{Tally, ended_ms};
use crate::scene::Scene;
use crate::size::Size;
use crate::slow::Usual;
use crate::spans::Spans;

const MINUTE: i64 = 60_000;

/// The report on the calls that came in this time. What is in force is not proposed.
///
/// # Errors
/// When the source cannot be read.
pub fn report(
    source: &mut dyn Source,
    span: Span,
    in_force: &InForce,
) -> Result<Report, JournalError> {
    let mut survey = Survey::over(span);
    source.calls(span, &mut |recorded| {
        survey.call(&recorded);
        ControlFlow::Continue(())
    })?;
    source.states(span, &mut |state| {
        survey.state(state);
        ControlFlow::Continue(())
    })?;
    let mut report = survey.close(span);
    report.dropped = source.dropped(span)?;
    in_force.prune(&mut report.findings);
    Ok(report)
}

/// All folds side by side.
#[derive(Debug)]
struct Survey {
    tally: Tally,
    effects: Effects,
    scene: Scene,
    usual: Usual,
    spans: Spans,
    failures: Cells,
    slow: Cells,
}

impl Survey {
    fn over(span: Span) -> Self {
        Self {
            tally: Tally::default(),
            effects: Effects::over(span),
            scene: Scene::default(),
            usual: Usual::default(),
            spans: Spans::default(),
            failures: Cells::default(),
            slow: Cells::default(),
        }
    }

    fn call(&mut self, recorded: &Recorded) {
        self.tally.call(recorded);
        self.effects.call(recorded);
        self.scene.call(recorded);
        self.spans.call(recorded);
        for attempt in &recorded.attempts {
            self.attempt(recorded, attempt);
        }
    }

    fn attempt(&mut self, recorded: &Recorded, attempt: &AttemptRow) {
        let Some(target) = &attempt.target else { return };
        let at_ms = ended_ms(recorded, attempt);
        let size = Size::of(&recorded.call);
        let seen = |kind| Seen {
            at_ms,
            target: target.name.clone(),
            kind,
            cells: sides(recorded, attempt, at_ms),
        };
        match attempt.outcome.as_deref() {
            Some("failed") => self.failures.add(seen(attempt.kind.clone())),
            Some("succeeded") => self.failures.add(seen(None)),
            _ => {}
        }
        if let Some(late) = self.usual.is_late(&recorded.call, attempt) {
            let kind = late.then(|| "slow".into());
            self.scene.judged(&target.name, late);
            self.slow.add(seen(kind.clone()));
            let sighting = Sighting { at_ms, target: target.name.clone(), kind, lost: false };
            self.spans.first_content(sighting, size);
        }
    }

    fn state(&mut self, state: StateRow) {
        self.scene.state(&state);
        self.tally.state(state);
    }

    fn close(self, span: Span) -> Report {
        let (rows, spells) = self.spans.close(span.until_ms);
        let patterns = pattern::find(&self.failures.close());
        let slow_patterns = pattern::find(&self.slow.close());
        let mut report = self.tally.close(span);
        let evidence = Evidence {
            known: Known { scene: &self.scene, usual: &self.usual },
            rows: &rows,
            spells: &spells,
            patterns: &patterns,
            slow_patterns: &slow_patterns,
            failures: &report.failures,
            calls: report.calls.total,
        };
        report.findings = evidence.findings();
        report.incidents = rows;
        report.saved = self.effects.saved();
        report.slot_ms = self.effects.slot_ms;
        report.slots = self.effects.slots();
        report.courses = self.effects.courses();
        report.client_retries = self.effects.client_retries;
        report.users = self.effects.users;
        report.spent = self.effects.spent;
        report
    }
}

fn sides(recorded: &Recorded, attempt: &AttemptRow, at_ms: i64) -> Vec<(Side, Value)> {
    let call = &recorded.call;
    let minute = at_ms.div_euclid(MINUTE);
    let number = |number: i64| Value::Number(u8::try_from(number).unwrap_or(0));
    let key = attempt.target.as_ref().map(|target| target.credential.clone());
    vec![
        (Side::HourOfDay, number(minute.div_euclid(60).rem_euclid(24))),
        (Side::Minutes, number(minute.rem_euclid(60) / 5)),
        (Side::Size, Value::Number(Size::of(call).class())),
        (Side::Route, Value::Text(call.route.clone())),
        (Side::Key, Value::Text(key.unwrap_or_default())),
        (Side::Dialect, Value::Text(call.dialect.clone())),
    ]
}
