//! The story of a call, as a page.

use std::fmt::Write;

use super::say::{outcome, sentence};
use super::{Happened, Story, StoryAttempt};
use crate::page::{Page, Tone, columns, size, span};
use crate::words::{DELIVERIES, VERDICTS, say};

/// Where sentences begin: after the offset and the sign.
const INDENT: usize = 14;

impl Story {
    /// The story as text for people.
    #[must_use]
    pub fn render(&self, page: &Page) -> String {
        let mut out = String::new();
        self.head(page, &mut out);
        out.push('\n');
        for happened in &self.timeline {
            self.line(happened, page, &mut out);
        }
        let tone = self.tone();
        out.push('\n');
        for line in page.wrap(&outcome(self), 0) {
            let _ = writeln!(out, "{}", page.paint(tone, &line));
        }
        out
    }

    fn head(&self, page: &Page, out: &mut String) {
        let verdict = say(VERDICTS, self.verdict.as_deref().unwrap_or("unfinished"));
        let attempts = match self.attempts.len() {
            1 => "1 attempt".to_owned(),
            many => format!("{many} attempts"),
        };
        let took = self.took_ms.map_or(String::new(), |ms| format!(" · {}", span(ms)));
        let _ = writeln!(
            out,
            "{}  {}",
            page.paint(Tone::Title, &format!("Call {}", self.call)),
            page.paint(self.tone(), &format!("{verdict} · {attempts}{took}")),
        );
        for facts in [self.asked(), self.asker(page), self.times()] {
            for line in page.wrap_facts(&facts, 2) {
                let _ = writeln!(out, "  {}", page.paint(Tone::Aside, &line));
            }
        }
    }

    fn asked(&self) -> Vec<String> {
        let mut facts = vec![format!("route {}", self.route)];
        if self.model != self.route {
            facts.push(format!("asked for {}", self.model));
        }
        let delivery = self.delivery.as_deref().map_or("", |name| say(DELIVERIES, name));
        facts.push(format!("{}, {delivery}", self.dialect));
        facts.extend(self.profile.clone());
        facts.push(format!("{} sent", size(self.request_bytes)));
        facts
    }

    fn asker(&self, page: &Page) -> Vec<String> {
        let mut facts = vec![page.date(self.started_unix_ms)];
        facts.extend(self.client.clone());
        match self.client_retries {
            0 => {}
            1 => facts.push("the client's 2nd try".to_owned()),
            2 => facts.push("the client's 3rd try".to_owned()),
            more => facts.push(format!("the client's {}th try", more + 1)),
        }
        facts.extend(self.tag.as_deref().map(|tag| format!("tag {}", tag)));
        facts
    }

    fn times(&self) -> Vec<String> {
        let mut facts = Vec::new();
        facts.extend(self.first_content_ms.map(|ms| format!("first content after {}", span(ms))));
        if self.waited_ms > 0.0 {
            facts.push(format!("{} of it waiting", span(self.waited_ms)));
        }
        facts.extend(self.deadline_ms.map(|ms| format!("deadline {}", span(ms))));
        facts.extend(self.max_attempts.map(|most| format!("at most {most} attempts")));
        facts
    }

    fn line(&self, happened: &Happened, page: &Page, out: &mut String) {
        let ended = (happened.what == "attempt_ended").then(|| self.ended(happened)).flatten();
        let (sign, tone) = sign(happened, ended);
        let said = sentence(self, happened, page);
        let at = format!("{:>9}", span(happened.at_ms));
        for (number, line) in page.wrap(&said, INDENT).iter().enumerate() {
            let lead = if number == 0 {
                format!("{}  {} ", page.paint(Tone::Aside, &at), page.paint(tone, sign))
            } else {
                " ".repeat(INDENT)
            };
            let line = if tone == Tone::Aside { page.paint(tone, line) } else { line.clone() };
            let pad = " ".repeat(INDENT.saturating_sub(columns(&at) + 2 + columns(sign) + 1));
            let pad = if number == 0 { pad } else { String::new() };
            let _ = writeln!(out, "{lead}{pad}{line}");
        }
        for aside in ended.map(asides).unwrap_or_default() {
            for line in page.wrap(&aside, INDENT + 2) {
                let _ =
                    writeln!(out, "{}{}", " ".repeat(INDENT + 2), page.paint(Tone::Aside, &line));
            }
        }
    }

    fn ended(&self, happened: &Happened) -> Option<&StoryAttempt> {
        let ordinal = happened.ordinal?;
        self.attempts.iter().find(|attempt| attempt.ordinal == ordinal)
    }

    fn tone(&self) -> Tone {
        match self.verdict.as_deref() {
            Some("served" | "resumed") => Tone::Good,
            Some("failed") => Tone::Bad,
            _ => Tone::Odd,
        }
    }
}

fn sign(happened: &Happened, ended: Option<&StoryAttempt>) -> (&'static str, Tone) {
    match happened.what.as_str() {
        "attempt_started" => ("→", Tone::Title),
        "attempt_ended" => match ended.and_then(|attempt| attempt.outcome.as_deref()) {
            Some("succeeded") => ("✓", Tone::Good),
            Some("failed") => ("✗", Tone::Bad),
            _ => ("■", Tone::Odd),
        },
        "committed" => ("»", Tone::Good),
        "barred" | "refused" => ("–", Tone::Odd),
        "waiting" => ("…", Tone::Odd),
        "breaker" | "throttled" | "key_disabled" | "model_disabled" | "switched" => {
            ("!", Tone::Odd)
        }
        _ => ("·", Tone::Aside),
    }
}

/// What the provider said in words, and what helps to ask it.
fn asides(attempt: &StoryAttempt) -> Vec<String> {
    if attempt.outcome.as_deref() == Some("succeeded") {
        return Vec::new();
    }
    let words = attempt.words.as_deref();
    let words = words.map(|words| format!("“{words}”"));
    let request = attempt.request_id.as_deref().map(|id| format!("request id {}", id));
    let key = attempt
        .credential
        .as_deref()
        .filter(|_| is_about_the_key(attempt))
        .map(|key| format!("key {}", key));
    words.into_iter().chain(request).chain(key).collect()
}

fn is_about_the_key(attempt: &StoryAttempt) -> bool {
    matches!(
        attempt.kind.as_deref(),
        Some("authentication" | "permission" | "quota_exhausted" | "rate_limited")
    )
}
