//! The story of a call, as a page.

use std::fmt::Write;

use super::say::{outcome, sentence};
use super::{Happened, Story, StoryAttempt};
use crate::page::{Page, Tone, columns, count, dollars, size, span};
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
        for line in self.bars(page) {
            out.push_str(&line);
            out.push('\n');
        }
        out.push('\n');
        for (place, happened) in self.timeline.iter().enumerate() {
            if happened.instead.is_some() {
                continue;
            }
            self.line(happened, page, &mut out);
            for other in self.timeline.iter().filter(|other| other.instead == Some(place)) {
                self.alternative(other, page, &mut out);
            }
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
        let facts = [self.asked(), self.asker(page), self.times(), self.costs()];
        for facts in facts.into_iter().filter(|facts| !facts.is_empty()) {
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
        facts.push(match self.prompt_tokens {
            0 => format!("{} sent", size(self.request_bytes)),
            tokens => format!("{} sent, about {} tokens", size(self.request_bytes), count(tokens)),
        });
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

    fn costs(&self) -> Vec<String> {
        let mut facts = Vec::new();
        facts.extend(self.cost_nanos.map(|cost| match self.cost_in_vain_nanos {
            Some(in_vain) if in_vain > 0 => {
                format!("cost {}, {} of it in vain", dollars(cost), dollars(in_vain))
            }
            Some(_) | None => format!("cost {}", dollars(cost)),
        }));
        if self.tokens_in_vain > 0 {
            facts.push(format!("{} tokens in vain", count(self.tokens_in_vain)));
        }
        facts.extend(self.trace_id.as_deref().map(|id| format!("trace {id}")));
        facts
    }

    /// What was not done, under what was done instead.
    fn alternative(&self, refused: &Happened, page: &Page, out: &mut String) {
        let said = with_figures(sentence(self, refused, page), refused);
        for (number, line) in page.wrap(&said, INDENT + 2).iter().enumerate() {
            let sign = if number == 0 { page.paint(Tone::Odd, "–") } else { " ".to_owned() };
            let _ = writeln!(out, "{}{sign} {line}", " ".repeat(INDENT));
        }
    }

    fn line(&self, happened: &Happened, page: &Page, out: &mut String) {
        let ended = (happened.what == "attempt_ended").then(|| self.ended(happened)).flatten();
        let (sign, tone) = sign(happened, ended);
        let started = (happened.what == "attempt_started").then(|| self.ended(happened)).flatten();
        let said = sentence(self, happened, page);
        let said = if started.is_some() { said } else { with_figures(said, happened) };
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
        let asides = ended.map(asides).into_iter().flatten();
        for aside in asides.chain(started.and_then(|attempt| grounds(attempt, happened))) {
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

/// A sentence, and the figures behind it.
fn with_figures(said: String, happened: &Happened) -> String {
    match &happened.because {
        Some(figures) => format!("{said} ({figures})"),
        None => said,
    }
}

/// The key that was used, and what the attempt was made by.
fn grounds(attempt: &StoryAttempt, happened: &Happened) -> Option<String> {
    let key = attempt.credential.as_deref().filter(|key| !key.is_empty());
    let key = key.map(|key| format!("key {key}"));
    let facts: Vec<String> = key.into_iter().chain(happened.because.clone()).collect();
    (!facts.is_empty()).then(|| facts.join(" · "))
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
        "breaker" | "throttled" | "key_disabled" | "model_disabled" | "switched" | "probed" => {
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
    words.into_iter().chain(request).collect()
}
