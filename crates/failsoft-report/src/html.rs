//! The report as one file that can be sent to a colleague: no script, nothing loaded from
//! anywhere, light and dark, and on paper.

mod chart;

use std::fmt::Write;

use failsoft_journal::page::{Page, Style, count, percent};
use failsoft_journal::words::{KINDS, REFUSALS, say};

use crate::finding::Finding;
use crate::report::Report;

/// Nothing may run and nothing may be fetched, whatever stands in a name.
const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
    'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
    <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light \
    dark\">\n<title>failsoft report</title>\n<style>\n";
const STYLE: &str = include_str!("html/style.css");
/// Rows of a table.
const ROWS: usize = 50;

impl Report {
    /// The report as a page of HTML; times are UTC.
    #[must_use]
    pub fn html(&self) -> String {
        let page = Page::new(Style::Plain, 80);
        let mut out = format!("{HEAD}{STYLE}</style>\n</head>\n<body>\n<main>\n");
        self.heading(&page, &mut out);
        self.tiles(&mut out);
        self.finding_cards(&mut out);
        if self.calls.total > 0 {
            self.figures(&page, &mut out);
        }
        self.incident_table(&page, &mut out);
        self.latency_table(&mut out);
        self.told_table(&mut out);
        self.costs(&mut out);
        let dropped = self.dropped;
        if dropped.healthy + dropped.failed > 0 {
            let _ = writeln!(
                out,
                "<p class=\"bad\">Not in this report: {} healthy calls and {} others that could \
                 not be written.</p>",
                count(dropped.healthy),
                count(dropped.failed),
            );
        }
        out.push_str(
            "<footer>Made by <code>failsoft report --html</code>. It holds no prompt, no \
                      answer and no key.</footer>\n</main>\n</body>\n</html>\n",
        );
        out
    }

    fn heading(&self, page: &Page, out: &mut String) {
        let _ = writeln!(
            out,
            "<header><h1>failsoft report</h1><p>{} to {}</p></header>",
            escaped(&page.date(self.since_unix_ms)),
            escaped(&page.date(self.until_unix_ms)),
        );
    }

    fn tiles(&self, out: &mut String) {
        let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), percent);
        let tiles = [
            (count(self.calls.total), "calls", ""),
            (share(self.calls.success_rate), "answered with failsoft", "good"),
            (share(self.calls.success_rate_first_attempt), "by the first attempt alone", ""),
            (count(self.saved.calls), "calls saved", "good"),
            (count(self.users.lost), "lost", bad_if(self.users.lost)),
            (count(self.users.degraded), "degraded", bad_if(self.users.degraded)),
            (count(self.users.resumed), "resumed", ""),
            (count(self.users.slow), "slow (first content after 10 s)", ""),
        ];
        out.push_str("<section class=\"tiles\" aria-label=\"In short\">\n");
        for (number, name, class) in tiles {
            let _ =
                writeln!(out, "<div class=\"{class}\"><b>{number}</b><span>{name}</span></div>");
        }
        out.push_str("</section>\n");
    }

    fn finding_cards(&self, out: &mut String) {
        out.push_str("<section>\n<h2>What stands out</h2>\n");
        if self.findings.is_empty() {
            out.push_str(
                "<p class=\"good\">Nothing: no target, kind, time, prompt size, route or \
                          key differs from its own baseline by more than chance.</p>\n",
            );
        }
        for finding in &self.findings {
            finding.card(out);
        }
        out.push_str("</section>\n");
    }

    fn figures(&self, page: &Page, out: &mut String) {
        let charts = [
            ("Failed attempts by hour and kind", chart::failures(self, page)),
            ("Incidents", chart::incidents(self, page)),
            (
                "Time until first content (log scale): half of them, and 99 %",
                chart::latency(self, page),
            ),
            ("Attempts a call", chart::attempts(self, page)),
        ];
        for (title, svg) in charts {
            if let Some(svg) = svg {
                let _ = writeln!(
                    out,
                    "<section>\n<h2>{title}</h2>\n<figure>{svg}</figure>\n</section>"
                );
            }
        }
    }

    fn incident_table(&self, page: &Page, out: &mut String) {
        let rows = self.incidents.iter().rev().take(ROWS).map(|row| {
            let kinds: Vec<&str> = row.kinds.iter().map(|kind| say(KINDS, &kind.kind)).collect();
            let until =
                if row.open { "not over".to_owned() } else { page.day_minute(row.until_unix_ms) };
            vec![
                page.day_minute(row.since_unix_ms),
                until,
                row.target.clone(),
                kinds.join(", "),
                count(row.failures),
                count(row.attempts),
                count(row.lost),
            ]
        });
        let header = ["since (UTC)", "until", "target", "kind", "failed", "of", "calls lost"];
        table("All incidents, the newest first", &header, 4, rows.collect(), out);
    }

    fn latency_table(&self, out: &mut String) {
        let rows = self.by_target.iter().take(ROWS).map(|row| {
            let ms =
                |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), failsoft_journal::page::span);
            let first = &row.latency.first_content;
            vec![
                row.target.clone(),
                count(row.attempts),
                percent(row.succeeded as f64 / row.attempts.max(1) as f64),
                ms(first.p50_ms),
                ms(first.p99_ms),
                ms(row.latency.total.p99_ms),
            ]
        });
        let header =
            ["target", "attempts", "ok", "first content, half", "99 %", "whole answer, 99 %"];
        table("Targets", &header, 1, rows.collect(), out);
    }

    fn told_table(&self, out: &mut String) {
        let rows = self.told.iter().take(ROWS).map(|row| {
            let kind = say(KINDS, row.kind.as_deref().unwrap_or("cut short"));
            vec![row.verdict.clone(), kind.to_owned(), row.status.to_string(), count(row.calls)]
        });
        let header = ["verdict", "kind", "status", "calls"];
        table("What clients got instead of an answer", &header, 2, rows.collect(), out);
        let rows = self.refusals.iter().take(ROWS).map(|row| {
            vec![row.why.clone(), say(REFUSALS, &row.reason).to_owned(), count(row.total)]
        });
        let header = ["attempt", "why not", "times"];
        table("Attempts that were not made", &header, 2, rows.collect(), out);
    }

    fn costs(&self, out: &mut String) {
        let wasted = [
            ("attempts failed or were given up", &self.spent.failed),
            ("late attempts were overtaken", &self.spent.overtaken),
            ("attempts were overtaken in hedged calls", &self.spent.hedges),
        ];
        out.push_str("<section>\n<h2>What it cost and what it saved</h2>\n<ul>\n");
        let _ = writeln!(out, "<li>{}</li>", escaped(&self.saved.said()));
        for (what, waste) in wasted.into_iter().filter(|(_, waste)| waste.attempts > 0) {
            let _ = writeln!(out, "<li>{}</li>", escaped(&waste.said(what)));
        }
        let _ = writeln!(
            out,
            "<li>{} calls were retries of their own client</li>\n</ul>\n</section>",
            count(self.client_retries)
        );
    }
}

impl Finding {
    fn card(&self, out: &mut String) {
        let class = if self.figures.lost > 0 { "bad" } else { "odd" };
        let _ = writeln!(out, "<article class=\"{class}\">\n<h3>{}</h3>", escaped(&self.says));
        if let Some(said) = self.figures.said() {
            let _ = writeln!(out, "<p class=\"aside\">{}</p>", escaped(&said));
        }
        for proposal in &self.proposals {
            let _ = writeln!(
                out,
                "<p>{}</p>\n<pre>{}</pre>",
                escaped(&proposal.reason),
                escaped(&proposal.toml)
            );
        }
        out.push_str("</article>\n");
    }
}

const fn bad_if(number: u64) -> &'static str {
    if number > 0 { "bad" } else { "" }
}

/// A table whose first columns are texts and the others numbers; none without rows.
fn table(title: &str, header: &[&str], texts: usize, rows: Vec<Vec<String>>, out: &mut String) {
    if rows.is_empty() {
        return;
    }
    let class = |column: usize| if column < texts { "" } else { " class=\"number\"" };
    let _ = write!(
        out,
        "<section>\n<h2>{title}</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" \
         aria-label=\"{title}\"><table>\n<thead><tr>"
    );
    for (column, name) in header.iter().enumerate() {
        let _ = write!(out, "<th scope=\"col\"{}>{name}</th>", class(column));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (column, text) in row.iter().enumerate() {
            let _ = write!(out, "<td{}>{}</td>", class(column), escaped(text));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

/// A text as it may stand in HTML, in an attribute too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
