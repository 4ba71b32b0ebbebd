//! What came to be in a call, in sentences.

use super::{Happened, Story, StoryAttempt};
use crate::page::{Page, count, dollars, span};
use crate::words::{
    BARS, BREAKERS, CANCELS, KINDS, NOT_DONE, ONWARDS, PHASES, REFUSALS, TRIPS, WAITS, WHYS, say,
};

/// One happening as a sentence.
pub(crate) fn sentence(story: &Story, happened: &Happened, page: &Page) -> String {
    let told = Told { story, happened, page };
    match happened.what.as_str() {
        "attempt_started" => told.attempt_started(),
        "attempt_ended" => told.attempt_ended(),
        "committed" => told.committed(),
        "barred" => told.barred(),
        "refused" => told.refused(),
        "waiting" => told.waiting(),
        "breaker" => told.breaker(),
        "throttled" => {
            format!("{} asked to be left alone{}", told.target(), told.until(" until "))
        }
        "key_disabled" => format!(
            "the key of {} is out of use{}: {}",
            told.target(),
            told.until(" until "),
            told.kind()
        ),
        "model_disabled" => {
            format!("{} is out of use{}: {}", told.target(), told.until(" until "), told.kind())
        }
        "probed" => format!("an operator asked for a probe of {}", told.target()),
        "switched" => format!("an operator switched {} {}", told.target(), told.on_off()),
        "ignored" => "something came that named no living attempt; it was ignored".to_owned(),
        other => other.to_owned(),
    }
}

/// What the client got, as a sentence.
pub(crate) fn outcome(story: &Story) -> String {
    let target = story
        .answer_ordinal
        .and_then(|ordinal| story.attempts.iter().find(|attempt| attempt.ordinal == ordinal))
        .and_then(|attempt| attempt.target.as_deref());
    let kind = say(KINDS, story.kind.as_deref().unwrap_or("no failure known"));
    let status = story.status;
    match story.verdict.as_deref() {
        Some("served") => {
            let from = target.map_or(String::new(), |target| format!(" from {}", target));
            format!("The client got the whole answer{from} ({status}).")
        }
        Some("resumed") => {
            let last = target.map_or(String::new(), |target| format!(", the last from {target}"));
            let parts = story.attempts.iter().filter(|attempt| attempt.committed_ms.is_some());
            format!(
                "The client got the whole answer in {} parts without a seam{last} ({status}).",
                parts.count()
            )
        }
        Some("degraded") => format!(
            "The client got the operator's reply instead of an answer ({status}); it would have been: {kind}."
        ),
        Some("failed") => {
            let by = target.map_or(String::new(), |target| format!(", said by {}", target));
            let again = story
                .retry_after_ms
                .map_or(String::new(), |ms| format!(", and was told to try again in {}", span(ms)));
            format!("The client got an error ({status}): {kind}{by}{again}.")
        }
        Some("cancelled") if story.first_content_ms.is_some() => {
            "The client went away in the middle of the answer.".to_owned()
        }
        Some("cancelled") => "The client went away before there was an answer.".to_owned(),
        _ => "The record ends before the call did.".to_owned(),
    }
}

struct Told<'a> {
    story: &'a Story,
    happened: &'a Happened,
    page: &'a Page,
}

impl Told<'_> {
    fn attempt_started(&self) -> String {
        let why = self.happened.why.as_deref().map_or("", |why| say(WHYS, why));
        let (number, target) = (self.number(), self.target());
        format!("attempt {number} to {target}: {why}{}{}", self.onward(), self.translation())
    }

    /// How it was asked to go on, if it was.
    fn onward(&self) -> String {
        let onward = self.attempt().and_then(|attempt| attempt.onward.as_deref());
        onward.map_or(String::new(), |onward| format!(", {}", say(ONWARDS, onward)))
    }

    fn committed(&self) -> String {
        let number = self.number();
        let attempt = self.attempt();
        let seam = attempt.and_then(|attempt| attempt.seam.map(count));
        match (attempt.and_then(|attempt| attempt.onward.as_deref()), seam) {
            (Some("prefill"), Some(seam)) => {
                format!("attempt {number} went on at character {seam} by prefill")
            }
            (Some("asked"), Some(seam)) => {
                format!("attempt {number} went on at character {seam} as it was asked to")
            }
            (Some("anew"), _) => format!("attempt {number} began the answer's text"),
            (_, Some(seam)) => format!("attempt {number} went on at character {seam}"),
            _ => format!("first content of attempt {number} to the client"),
        }
    }

    /// How the call got into the target's dialect, if it had to.
    fn translation(&self) -> String {
        let attempt = self.attempt();
        let Some(dialect) = attempt.and_then(|attempt| attempt.translated_to.as_deref()) else {
            return String::new();
        };
        let left_out = attempt.and_then(|attempt| attempt.left_out.as_deref());
        let left_out = left_out.map_or(String::new(), |list| format!(" without {list}"));
        format!(", translated to {dialect}{left_out}")
    }

    fn attempt_ended(&self) -> String {
        let Some(attempt) = self.attempt() else { return String::new() };
        let took = attempt.took_ms.map_or(String::new(), |ms| format!(" after {}", span(ms)));
        let number = self.number();
        let spent = format!("{}{}", tokens(attempt), left_out(attempt));
        match attempt.outcome.as_deref() {
            Some("succeeded") => format!("attempt {number} answered{took}{spent}"),
            Some("failed") => {
                let kind = say(KINDS, attempt.kind.as_deref().unwrap_or_default());
                let phase = say(PHASES, attempt.phase.as_deref().unwrap_or_default());
                let said = provider(attempt);
                format!("attempt {number} failed{took}, {phase}: {kind}{said}{spent}")
            }
            Some("cancelled") => {
                let reason = say(CANCELS, attempt.cancel_reason.as_deref().unwrap_or_default());
                format!("attempt {number} stopped{took}: {reason}{spent}")
            }
            _ => format!("attempt {number} ended{took}"),
        }
    }

    fn barred(&self) -> String {
        let reason = say(BARS, self.reason());
        format!("{} barred: {reason}{}", self.target(), self.until(" until "))
    }

    fn refused(&self) -> String {
        let why = self.happened.why.as_deref().unwrap_or_default();
        format!("{}: {}", say(NOT_DONE, why), say(REFUSALS, self.reason()))
    }

    fn waiting(&self) -> String {
        let reason = match say(WAITS, self.reason()) {
            gate if gate == self.reason() => say(BARS, gate),
            cause => cause,
        };
        let waited = match (self.happened.took_ms, self.happened.until_ms) {
            (Some(took), _) => format!("waited {}", span(took)),
            (None, Some(until)) => format!("meant to wait {}", span(until - self.happened.at_ms)),
            (None, None) => "waited".to_owned(),
        };
        format!("{waited}: {reason} (for {})", self.target())
    }

    fn breaker(&self) -> String {
        let state = say(BREAKERS, self.happened.to.as_deref().unwrap_or("?"));
        let cause = match self.reason() {
            "" => String::new(),
            cause => format!(": {}", say(TRIPS, cause)),
        };
        format!("breaker of {} {state}{}{cause}", self.target(), self.until(" until "))
    }

    fn attempt(&self) -> Option<&StoryAttempt> {
        let ordinal = self.happened.ordinal?;
        self.story.attempts.iter().find(|attempt| attempt.ordinal == ordinal)
    }

    /// People count from one.
    fn number(&self) -> u64 {
        self.happened.ordinal.unwrap_or_default() + 1
    }

    fn target(&self) -> &str {
        self.happened.target.as_deref().unwrap_or("a target")
    }

    fn reason(&self) -> &str {
        self.happened.reason.as_deref().unwrap_or_default()
    }

    fn kind(&self) -> &str {
        say(KINDS, self.reason())
    }

    fn on_off(&self) -> &'static str {
        if self.happened.value == Some(0) { "off" } else { "on" }
    }

    fn until(&self, lead: &str) -> String {
        self.happened.until_ms.map_or(String::new(), |ms| {
            let unix_ms = self.story.started_unix_ms.saturating_add(ms as i64);
            format!("{lead}{}", self.page.clock(unix_ms))
        })
    }
}

/// What was read, written and paid.
fn tokens(attempt: &StoryAttempt) -> String {
    let mut said = match (attempt.input_tokens, attempt.output_tokens) {
        (Some(input), Some(output)) if (input, output) != (0, 0) => {
            format!(", {} tokens in, {} out", count(input), count(output))
        }
        _ => String::new(),
    };
    if let Some(cost) = attempt.cost_nanos.filter(|cost| *cost > 0) {
        let in_vain = if attempt.in_vain { " in vain" } else { "" };
        said.push_str(&format!(", {}{in_vain}", dollars(cost)));
    }
    said
}

/// What a stream lost and survived.
fn left_out(attempt: &StoryAttempt) -> String {
    match attempt.dropped_events {
        0 => String::new(),
        1 => ", 1 malformed event left out".to_owned(),
        many => format!(", {} malformed events left out", count(many)),
    }
}

/// What the provider said in numbers and codes.
fn provider(attempt: &StoryAttempt) -> String {
    let mut said = Vec::new();
    if let Some(status) = attempt.status {
        said.push(format!("HTTP {status}"));
    }
    if let Some(code) = &attempt.code {
        said.push(code.clone());
    }
    if let Some(ms) = attempt.retry_after_ms {
        said.push(format!("asks to wait {}", span(ms)));
    }
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}
