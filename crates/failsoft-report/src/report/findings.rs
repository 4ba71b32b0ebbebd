//! What stands out, as text for people: findings with proposals, incidents, costs.

use std::fmt::Write;

use failsoft_journal::page::{Page, Tone, count, percent, shorten, span};
use failsoft_journal::words::{KINDS, say};

use super::Report;
use super::render::{WIDE, more, title};
use super::table::{Side, cell, print, table};
use crate::effects::Waste;
use crate::finding::Finding;

/// Findings told in full, and incidents in a table; `--json` has them all.
const FINDINGS: usize = 12;
const INCIDENTS: usize = 15;

impl Report {
    pub(super) fn findings(&self, page: &Page, out: &mut String) {
        title(page, "What stands out", out);
        if self.findings.is_empty() {
            let said = "Nothing: no target, kind, time, prompt size, route or key differs from its \
                        own baseline by more than chance.";
            for line in page.wrap(said, 2) {
                let _ = writeln!(out, "  {}", page.paint(Tone::Good, &line));
            }
        }
        for (number, finding) in self.findings.iter().take(FINDINGS).enumerate() {
            finding.tell(page, number + 1, out);
        }
        more(page, self.findings.len().saturating_sub(FINDINGS), out);
    }

    pub(super) fn incidents(&self, page: &Page, out: &mut String) {
        if self.incidents.is_empty() {
            return;
        }
        title(page, "Incidents", out);
        let wide = page.width >= WIDE;
        let (names, kinds) = if wide { (40, 40) } else { (18, 14) };
        let header = ["since", "until", "target", "kind", "failed", "lost", "of"];
        let header = if wide { &header[..] } else { &header[..6] };
        let mut rows = table(page, header, &[Side::Left, Side::Left, Side::Left, Side::Left]);
        rows.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
        let first = self.incidents.len().saturating_sub(INCIDENTS);
        for row in &self.incidents[first..] {
            let since = page.day_minute(row.since_unix_ms);
            let until = page.day_minute(row.until_unix_ms);
            let same_day = since.get(..5) == until.get(..5);
            let until = if same_day { page.minute(row.until_unix_ms) } else { until };
            let more = if row.kinds.len() > 1 { " …" } else { "" };
            let lost = if row.lost == 0 { Tone::Good } else { Tone::Bad };
            let mut cells = vec![
                cell(since, Tone::Aside),
                cell(if row.open { "now".to_owned() } else { until }, Tone::Aside),
                cell(shorten(&row.target, names), Tone::Title),
                cell(format!("{}{more}", shorten(say(KINDS, &row.kind), kinds)), Tone::Bad),
                cell(count(row.failures), Tone::Title),
                cell(count(row.lost), lost),
            ];
            cells.extend(wide.then(|| cell(count(row.attempts), Tone::Aside)));
            rows.add_row(cells);
        }
        print(&rows, out);
        more(page, first, out);
    }

    pub(super) fn effects(&self, page: &Page, out: &mut String) {
        let users = &self.users;
        let wasted = [&self.spent.failed, &self.spent.overtaken, &self.spent.hedges];
        if wasted.iter().all(|waste| waste.attempts == 0) && self.client_retries == 0 {
            return;
        }
        title(page, "What users saw, and what it cost", out);
        let mut line = |tone: Tone, said: String| {
            for line in page.wrap(&said, 4) {
                let _ = writeln!(out, "  {}", page.paint(tone, &line));
            }
        };
        let slow_after = span(users.slow_after_ms as f64);
        line(
            if users.lost == 0 { Tone::Good } else { Tone::Bad },
            format!(
                "{} lost · {} degraded · {} resumed · {} with first content after more than \
                 {slow_after}",
                count(users.lost),
                count(users.degraded),
                count(users.resumed),
                count(users.slow),
            ),
        );
        line(Tone::Good, self.saved.said());
        for (what, waste) in [
            ("attempts failed or were given up", &self.spent.failed),
            ("late attempts were overtaken", &self.spent.overtaken),
            ("attempts were overtaken in hedged calls", &self.spent.hedges),
        ] {
            if waste.attempts > 0 {
                line(Tone::Odd, waste.said(what));
            }
        }
        if self.client_retries > 0 {
            let share = self.client_retries as f64 / self.calls.total.max(1) as f64;
            line(
                Tone::Odd,
                format!(
                    "{} calls ({}) were retries of their own client, beside those made here",
                    count(self.client_retries),
                    percent(share),
                ),
            );
        }
    }
}

impl Waste {
    pub(crate) fn said(&self, what: &str) -> String {
        let attempts = count(self.attempts);
        let known = self.attempts.saturating_sub(self.unknown);
        if known == 0 && self.input_tokens + self.output_tokens == 0 {
            return format!("{attempts} {what}; tokens and cost are not known");
        }
        let cost = match (known, self.unknown) {
            (0, _) => "at a price that is not known".to_owned(),
            (_, 0) => format!("for about ${:.2}", self.usd),
            (_, unknown) => format!(
                "for about ${:.2}; of {} tokens or price are not known",
                self.usd,
                count(unknown)
            ),
        };
        format!(
            "{attempts} {what}, {} tokens read and {} written {cost}",
            count(self.input_tokens),
            count(self.output_tokens),
        )
    }
}

impl Finding {
    fn tell(&self, page: &Page, number: usize, out: &mut String) {
        let tone = if self.figures.lost > 0 { Tone::Bad } else { Tone::Odd };
        for (line, text) in page.wrap(&self.says, 6).iter().enumerate() {
            let lead = if line == 0 { format!("{number:>3}.") } else { "    ".to_owned() };
            let _ = writeln!(out, "{lead} {}", page.paint(tone, text));
        }
        if let Some(said) = self.figures.said() {
            for line in page.wrap(&said, 6) {
                let _ = writeln!(out, "     {}", page.paint(Tone::Aside, &line));
            }
        }
        for proposal in &self.proposals {
            for (line, text) in page.wrap(&proposal.reason, 8).iter().enumerate() {
                let lead = if line == 0 { "→" } else { " " };
                let _ = writeln!(out, "     {lead} {text}");
            }
            for line in proposal.toml.lines().filter(|line| !line.is_empty()) {
                let _ = writeln!(out, "         {}", page.paint(Tone::Good, line));
            }
        }
    }
}

impl crate::finding::Figures {
    /// The test in words, where there was one.
    pub(crate) fn said(&self) -> Option<String> {
        let test = self.test.as_deref()?;
        let threshold = self.threshold.map_or(String::new(), |p| format!(" below {p:.0e}"));
        let chance = match self.p {
            Some(p) if p > 0.0 => format!("chance {p:.0e},{threshold} counts"),
            Some(_) => format!("chance below 1e-300,{threshold} counts"),
            None => format!("chance{threshold}"),
        };
        Some(format!("{test}: {chance}"))
    }
}
