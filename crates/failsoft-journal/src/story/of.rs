//! From the rows of a call to its story.

use super::figures::Figures;
use super::lanes::{Lane, Segment, SegmentKind, round};
use super::say::sentence;
use super::{Happened, Story, StoryAttempt};
use crate::page::{Page, Style, rfc3339};
use crate::rows::{AttemptRow, CallRow, Name, Recorded, StepRow};
use crate::text::{READ, label};

/// A place in the order of a call's events.
type Placed = (u16, Happened);

impl Story {
    /// The story of a recorded call.
    #[must_use]
    pub fn of(recorded: &Recorded) -> Self {
        let mut story = call(&recorded.call);
        let mut placed: Vec<Placed> = Vec::new();
        for row in &recorded.attempts {
            let attempt = attempt(row);
            place(row, &attempt, &mut placed);
            story.attempts.push(attempt);
        }
        placed.extend(recorded.steps.iter().map(|row| (row.step, happened(row))));
        placed.sort_by_key(|(step, _)| *step);
        story.timeline = placed.into_iter().map(|(_, happened)| happened).collect();
        story.tell();
        story.count_up();
        story
    }

    /// Words for what came to be, and what each refused alternative was refused for.
    fn tell(&mut self) {
        let page = Page::new(Style::Plain, 80);
        for index in 0..self.timeline.len() {
            self.timeline[index].instead = self.decision_after(index);
            let because = self.timeline[index].grounds.said().join(", ");
            self.timeline[index].because = Some(because).filter(|said| !said.is_empty());
            self.timeline[index].says = sentence(self, &self.timeline[index], &page);
        }
    }

    /// What was decided where this alternative was refused: the next attempt or wait of the same
    /// moment.
    fn decision_after(&self, index: usize) -> Option<usize> {
        let refused = &self.timeline[index];
        if !matches!(refused.what.as_str(), "barred" | "refused") {
            return None;
        }
        let later = self.timeline.iter().enumerate().skip(index + 1);
        let mut soon = later.take_while(|(_, it)| it.at_ms <= refused.at_ms);
        let decided = |it: &Happened| matches!(&*it.what, "attempt_started" | "waiting");
        soon.find(|(_, it)| decided(it)).map(|(place, _)| place)
    }

    fn count_up(&mut self) {
        let costs = |in_vain: Option<bool>| {
            let fitting =
                self.attempts.iter().filter(|it| in_vain.is_none_or(|is| it.in_vain == is));
            let known = fitting.filter_map(|attempt| attempt.cost_nanos);
            known.fold(None, |sum: Option<u64>, cost| {
                Some(sum.unwrap_or_default().saturating_add(cost))
            })
        };
        (self.cost_nanos, self.cost_in_vain_nanos) = (costs(None), costs(Some(true)));
        let in_vain = self.attempts.iter().filter(|attempt| attempt.in_vain);
        let tokens = in_vain.map(|it| it.input_tokens.unwrap_or(0) + it.output_tokens.unwrap_or(0));
        self.tokens_in_vain = tokens.sum();
        self.lanes = self.attempts.iter().map(Lane::of).collect();
        let waits = self.timeline.iter().filter(|it| it.what == "waiting");
        self.pauses = waits
            .filter_map(|it| {
                let end_ms = round(it.at_ms + it.took_ms?);
                Some(Segment { kind: SegmentKind::Pause, start_ms: it.at_ms, end_ms })
            })
            .collect();
    }
}

fn call(row: &CallRow) -> Story {
    Story {
        call: safe(&row.id),
        started_at: rfc3339(row.started_ms),
        started_unix_ms: row.started_ms,
        route: safe(&row.route),
        model: safe(&row.model),
        dialect: safe(&row.dialect),
        delivery: some(&row.delivery),
        profile: some(&row.profile),
        client: some(&row.client),
        client_retries: row.client_retries.into(),
        tag: some(&row.tag),
        trace_id: row.trace_id.as_deref().map(safe),
        request_bytes: row.request_bytes,
        prompt_tokens: row.prompt_tokens.into(),
        max_attempts: row.max_attempts.map(u64::from),
        deadline_ms: row.deadline_ns.map(millis),
        verdict: some(&row.verdict),
        kind: some(&row.kind),
        status: row.status.into(),
        retry_after_ms: row.retry_after_ns.map(millis),
        answer_ordinal: row.answer_ordinal.map(u64::from),
        waited_ms: millis(row.waited_ns),
        first_content_ms: row.first_content_ns.map(millis),
        took_ms: row.took_ns.map(millis),
        cost_nanos: None,
        cost_in_vain_nanos: None,
        tokens_in_vain: 0,
        attempts: Vec::new(),
        timeline: Vec::new(),
        lanes: Vec::new(),
        pauses: Vec::new(),
    }
}

fn attempt(row: &AttemptRow) -> StoryAttempt {
    let target = row.target.as_ref();
    StoryAttempt {
        ordinal: row.ordinal.into(),
        target: target.map(|target| safe(&target.name)),
        provider: target.map(|target| safe(&target.provider)),
        credential: target.map(|target| safe(&target.credential)),
        model: some(&row.model),
        translated_to: some(&row.translated_to),
        left_out: some(&row.left_out),
        why: some(&row.why),
        started_ms: row.started_ns.map(millis),
        connected_ms: row.connected_ns.map(millis),
        headers_ms: row.headers_ns.map(millis),
        first_content_ms: row.first_content_ns.map(millis),
        committed_ms: row.committed_ns.map(millis),
        took_ms: row.took_ns.map(millis),
        outcome: some(&row.outcome),
        kind: some(&row.kind),
        phase: some(&row.phase),
        same_target: some(&row.same_target),
        elsewhere: some(&row.elsewhere),
        cancel_reason: some(&row.cancel_reason),
        retry_after_ms: row.retry_after_ns.map(millis),
        status: row.status.map(u64::from),
        code: some(&row.code),
        request_id: row.request_id.as_deref().map(safe),
        words: row.words.as_deref().map(safe),
        input_tokens: row.input_tokens.map(u64::from),
        output_tokens: row.output_tokens.map(u64::from),
        cost_nanos: row.cost_nanos,
        in_vain: row.outcome.as_deref() != Some("succeeded") && row.committed_ns.is_none(),
        delivered_bytes: row.delivered_bytes,
        dropped_events: row.dropped_events.into(),
        seam: row.seam,
        onward: some(&row.onward),
    }
}

/// An attempt's beginning, commit and end on the time line.
fn place(row: &AttemptRow, attempt: &StoryAttempt, placed: &mut Vec<Placed>) {
    let started = attempt.started_ms.unwrap_or_default();
    let about = |what: &str, at_ms: f64| Happened {
        at_ms,
        ordinal: Some(attempt.ordinal),
        target: attempt.target.clone(),
        ..nothing(what)
    };
    if let Some(step) = row.start_step {
        let (why, grounds) = (attempt.why.clone(), figures(&row.grounds));
        placed.push((step, Happened { why, grounds, ..about("attempt_started", started) }));
    }
    if let Some((step, at_ms)) = row.commit_step.zip(attempt.committed_ms) {
        placed.push((step, about("committed", at_ms)));
    }
    if let Some(step) = row.end_step {
        let reason = attempt.kind.clone().or_else(|| attempt.cancel_reason.clone());
        let at_ms = round(started + attempt.took_ms.unwrap_or_default());
        placed.push((step, Happened { reason, ..about("attempt_ended", at_ms) }));
    }
}

fn happened(row: &StepRow) -> Happened {
    Happened {
        at_ms: millis(row.at_ns),
        target: row.target.as_ref().map(|target| safe(&target.name)),
        why: some(&row.why),
        reason: some(&row.reason),
        from: some(&row.from_state),
        to: some(&row.to_state),
        until_ms: row.until_ns.map(millis),
        took_ms: row.took_ns.map(millis),
        value: row.value.map(u64::from),
        grounds: figures(&row.grounds),
        ..nothing(&safe(&row.what))
    }
}

fn nothing(what: &str) -> Happened {
    Happened {
        at_ms: 0.0,
        what: what.to_owned(),
        ordinal: None,
        target: None,
        why: None,
        reason: None,
        from: None,
        to: None,
        until_ms: None,
        took_ms: None,
        value: None,
        instead: None,
        grounds: Figures::default(),
        because: None,
        says: String::new(),
    }
}

fn figures(grounds: &Option<Name>) -> Figures {
    grounds.as_deref().map(Figures::read).unwrap_or_default()
}

/// Rows may come from a store that somebody else has written.
fn safe(text: &str) -> String {
    label(text, READ).into_owned()
}

fn some(text: &Option<Name>) -> Option<String> {
    text.as_deref().map(safe)
}

fn millis(nanos: u64) -> f64 {
    round(nanos as f64 / 1e6)
}
