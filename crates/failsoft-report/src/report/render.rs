//! The report as a page.

use std::fmt::Write;

use comfy_table::ContentArrangement;

use super::table::{Side, bar, cell, print, sparkline, table};
use super::{Change, FailureRow, Report};
use crate::quantile::Quantiles;
use failsoft_journal::page::{Page, Tone, brief, columns, count, percent, shorten, span};
use failsoft_journal::words::{BREAKERS, KINDS, NOT_DONE, REFUSALS, TRIPS, say};

/// Rows of a table before the rest is summed up.
const ROWS: usize = 15;
/// Changes told one by one.
const CHANGES: usize = 12;
/// Hours that stand in columns of their own, at most; more become a sparkline.
const HOURS: usize = 8;
/// What the columns beside the names and the hours need.
const BESIDE_HOURS: usize = 33;
/// From so many columns on there is room for more.
pub(super) const WIDE: usize = 100;

impl Report {
    /// The report as text for people.
    #[must_use]
    pub fn render(&self, page: &Page) -> String {
        let mut out = String::new();
        let (since, until) = (page.date(self.since_unix_ms), page.date(self.until_unix_ms));
        if self.calls.total == 0 && self.changes.is_empty() {
            let said = format!("No calls came between {since} and {until}.");
            page.wrap(&said, 0).iter().for_each(|line| out.push_str(&format!("{line}\n")));
            self.dropped(page, &mut out);
            return out;
        }
        let _ = writeln!(out, "{}", page.paint(Tone::Aside, &format!("{since} to {until}")));
        self.totals(page, &mut out);
        self.findings(page, &mut out);
        self.incidents(page, &mut out);
        self.effects(page, &mut out);
        self.failures(page, &mut out);
        self.broken_streams(page, &mut out);
        self.told(page, &mut out);
        self.attempts(page, &mut out);
        self.latencies(page, &mut out);
        self.changes(page, &mut out);
        self.dropped(page, &mut out);
        out
    }

    fn totals(&self, page: &Page, out: &mut String) {
        let calls = &self.calls;
        let word = if calls.total == 1 { "call" } else { "calls" };
        title(page, &format!("{} {word}", count(calls.total)), out);
        let parts = [
            ("served", calls.served, Tone::Good),
            ("resumed after a break", calls.resumed, Tone::Good),
            ("degraded", calls.degraded, Tone::Odd),
            ("failed", calls.failed, Tone::Bad),
            ("cancelled by the client", calls.cancelled, Tone::Aside),
        ];
        let parts: Vec<_> = parts
            .into_iter()
            .filter(|(_, count, _)| *count > 0)
            .map(|(name, number, tone)| page.paint(tone, &format!("{} {name}", count(number))))
            .collect();
        let _ = writeln!(out, "  {}\n", parts.join(" · "));
        let room = page.width.saturating_sub(66).min(40);
        for (name, share, tone) in [
            ("answered with failsoft", calls.success_rate, Tone::Good),
            ("by the first attempt alone", calls.success_rate_first_attempt, Tone::Odd),
        ] {
            let Some(share) = share else { continue };
            let bar = page.paint(tone, &format!("{:<room$}", bar(share, room)));
            let missed = page.paint(Tone::Aside, &one_in(share));
            let _ = writeln!(out, "  {name:<26}  {:>9}  {bar}  {missed}", percent(share));
        }
        if calls.saved > 0 {
            let said = match calls.saved {
                1 => "1 call was answered after its first attempt had failed".to_owned(),
                many => {
                    format!(
                        "{} calls were answered after their first attempt had failed",
                        count(many)
                    )
                }
            };
            let _ = writeln!(out, "  {}", page.paint(Tone::Good, &said));
        }
    }

    fn failures(&self, page: &Page, out: &mut String) {
        if self.failures.is_empty() {
            return;
        }
        title(page, "Failed attempts by target, kind and hour", out);
        let names = if page.width >= WIDE { 40 } else { 22 };
        let room = page.width.saturating_sub(names + BESIDE_HOURS).max(8);
        let in_columns = self.hours <= HOURS && self.hours * 7 <= room;
        let room = if page.width >= WIDE { room.saturating_sub(20) } else { room };
        let labels: Vec<String> =
            (0..self.hours.min(HOURS)).map(|hour| page.minute(self.hour(hour))).collect();
        let line = format!("by {}", self.a_mark(room));
        let mut header = vec!["target", "kind", "total"];
        let mut sides = vec![Side::Left, Side::Left, Side::Right];
        if in_columns {
            header.extend(labels.iter().map(String::as_str));
        } else {
            header.push(line.as_str());
            header.extend((page.width >= WIDE).then_some("worst hour"));
            sides.push(Side::Left);
        }
        let mut rows = table(page, &header, &sides);
        rows.set_content_arrangement(ContentArrangement::Disabled);
        for row in self.failures.iter().take(ROWS) {
            let mut cells = vec![
                cell(shorten(&row.target, names), Tone::Title),
                cell(say(KINDS, &row.kind), Tone::Bad),
                cell(count(row.total), Tone::Title),
            ];
            if in_columns {
                cells.extend(row.by_hour.iter().map(|number| match number {
                    0 => cell("·", Tone::Aside),
                    number => cell(count(*number), Tone::Odd),
                }));
            } else {
                cells.push(cell(sparkline(&row.by_hour, room), Tone::Odd));
                let worst = cell(self.worst(row, page), Tone::Aside);
                cells.extend((page.width >= WIDE).then_some(worst));
            }
            rows.add_row(cells);
        }
        print(&rows, out);
        more(page, self.failures.len().saturating_sub(ROWS), out);
        if !in_columns {
            let (first, last) = (self.hour(0), self.hour(self.hours - 1));
            let (first, last) = match self.hours {
                ..=25 => (page.minute(first), page.minute(last)),
                _ => (page.day_minute(first), page.day_minute(last)),
            };
            let said = format!("marks from {first} to {last}, each row by its own height");
            let _ = writeln!(out, "  {}", page.paint(Tone::Aside, &said));
        }
    }

    fn broken_streams(&self, page: &Page, out: &mut String) {
        if self.broken_streams.is_empty() {
            return;
        }
        title(page, "Streams that broke off after content had gone out", out);
        let sides = [Side::Left, Side::Right, Side::Right];
        let mut rows = table(page, &["target", "broke off", "continued"], &sides);
        let names = if page.width >= WIDE { 40 } else { 22 };
        for row in self.broken_streams.iter().take(ROWS) {
            let tone = if row.continued == row.broke { Tone::Good } else { Tone::Odd };
            rows.add_row(vec![
                cell(shorten(&row.target, names), Tone::Title),
                cell(count(row.broke), Tone::Bad),
                cell(count(row.continued), tone),
            ]);
        }
        print(&rows, out);
        more(page, self.broken_streams.len().saturating_sub(ROWS), out);
        let said = match self.calls.resumed {
            0 => return,
            1 => "1 answer was continued without a seam".to_owned(),
            many => format!("{} answers were continued without a seam", count(many)),
        };
        let _ = writeln!(out, "  {}", page.paint(Tone::Good, &said));
    }

    fn told(&self, page: &Page, out: &mut String) {
        if self.told.is_empty() {
            return;
        }
        title(page, "What clients got instead of an answer", out);
        let sides = [Side::Right, Side::Left, Side::Right];
        let mut rows = table(page, &["calls", "as", "status"], &sides);
        for row in self.told.iter().take(ROWS) {
            let kind = say(KINDS, row.kind.as_deref().unwrap_or("cut short"));
            let as_what = match row.verdict.as_str() {
                "degraded" => format!("the operator's reply, for: {kind}"),
                _ => format!("an error: {kind}"),
            };
            rows.add_row(vec![
                cell(count(row.calls), Tone::Title),
                cell(as_what, Tone::Bad),
                cell(row.status, Tone::Aside),
            ]);
        }
        print(&rows, out);
        more(page, self.told.len().saturating_sub(ROWS), out);
    }

    fn attempts(&self, page: &Page, out: &mut String) {
        let attempts = &self.attempts;
        let Some(per_call) = attempts.per_call else { return };
        title(page, "Attempts a call", out);
        let room = page.width.saturating_sub(40).min(48);
        for row in &attempts.histogram {
            let share = row.calls as f64 / self.calls.total.max(1) as f64;
            let tone = if row.attempts == 1 { Tone::Good } else { Tone::Odd };
            let bar = page.paint(tone, &bar(share, room));
            let _ = writeln!(
                out,
                "  {:>3}  {:>12}  {:>9}  {bar}",
                row.attempts,
                count(row.calls),
                percent(share)
            );
        }
        let mut said = format!("{per_call:.2} attempts a call");
        if attempts.waited_ms > 0.0 {
            let _ = write!(said, " · {} spent waiting between them", span(attempts.waited_ms));
        }
        let _ = writeln!(out, "  {}", page.paint(Tone::Aside, &said));
        if self.refusals.is_empty() {
            return;
        }
        title(page, "Attempts that were not made", out);
        let mut rows = table(page, &["times", "why"], &[Side::Right, Side::Left]);
        for row in self.refusals.iter().take(ROWS) {
            let why = format!("{}: {}", say(NOT_DONE, &row.why), say(REFUSALS, &row.reason));
            rows.add_row(vec![cell(count(row.total), Tone::Title), cell(why, Tone::Odd)]);
        }
        print(&rows, out);
    }

    fn latencies(&self, page: &Page, out: &mut String) {
        if self.by_target.is_empty() {
            return;
        }
        title(page, "Latency: first content, then whole answer", out);
        let names = if page.width >= WIDE { 40 } else { 20 };
        let header = ["target", "attempts", "ok", "p50", "p90", "p99", "p50", "p90", "p99"];
        let mut rows = table(page, &header, &[Side::Left]);
        rows.set_content_arrangement(ContentArrangement::Disabled);
        for index in [3, 4, 6, 7] {
            rows.column_mut(index).into_iter().for_each(|column| {
                column.set_padding((0, 0));
            });
        }
        for row in self.by_target.iter().take(ROWS) {
            let share = row.succeeded as f64 / row.attempts.max(1) as f64;
            let tone = if share < 0.9 { Tone::Bad } else { Tone::Good };
            let mut cells = vec![
                cell(shorten(&row.target, names), Tone::Title),
                cell(count(row.attempts), Tone::Aside),
                cell(percent(share), tone),
            ];
            cells.extend(quantiles(&row.latency.first_content));
            cells.extend(quantiles(&row.latency.total));
            rows.add_row(cells);
        }
        let mut cells = vec![
            cell("as clients saw it", Tone::Title),
            cell(count(self.calls.total), Tone::Aside),
            cell(self.calls.success_rate.map_or(String::new(), percent), Tone::Good),
        ];
        cells.extend(quantiles(&self.latency.first_content));
        cells.extend(quantiles(&self.latency.total));
        rows.add_row(cells);
        print(&rows, out);
    }

    fn changes(&self, page: &Page, out: &mut String) {
        if self.changes.is_empty() {
            return;
        }
        title(page, "Changes", out);
        let shown = self.changes.len().saturating_sub(CHANGES);
        let left_out = self.changes_total.saturating_sub((self.changes.len() - shown) as u64);
        if left_out > 0 {
            let said = format!("{} earlier ones are left out", count(left_out));
            let _ = writeln!(out, "  {}", page.paint(Tone::Aside, &said));
        }
        let days = self.hours > 25;
        for change in &self.changes[shown..] {
            let at = change.at_unix_ms;
            let at = if days { page.day_clock(at) } else { page.clock(at) };
            let indent = columns(&at) + 4;
            for (number, line) in page.wrap(&sentence(change, page), indent).iter().enumerate() {
                let lead = if number == 0 { at.clone() } else { " ".repeat(columns(&at)) };
                let _ = writeln!(out, "  {}  {line}", page.paint(Tone::Aside, &lead));
            }
        }
    }

    fn dropped(&self, page: &Page, out: &mut String) {
        let dropped = self.dropped;
        if dropped.healthy + dropped.failed == 0 {
            return;
        }
        let said = format!(
            "Not in this report: {} healthy calls and {} others that could not be written.",
            count(dropped.healthy),
            count(dropped.failed),
        );
        out.push('\n');
        for line in page.wrap(&said, 0) {
            let _ = writeln!(out, "{}", page.paint(Tone::Bad, &line));
        }
    }

    fn hour(&self, index: usize) -> i64 {
        self.first_hour_unix_ms.saturating_add(index as i64 * 3_600_000)
    }

    /// How long one mark of a sparkline stands for.
    fn a_mark(&self, room: usize) -> String {
        match self.hours.div_ceil(room).max(1) {
            1 => "hour".to_owned(),
            hours => format!("{hours} hours"),
        }
    }

    fn worst(&self, row: &FailureRow, page: &Page) -> String {
        let most = row.by_hour.iter().copied().max().unwrap_or(0);
        let hour = row.by_hour.iter().position(|number| *number == most).unwrap_or(0);
        let at = if self.hours > 25 {
            page.day_minute(self.hour(hour))
        } else {
            page.minute(self.hour(hour))
        };
        format!("{} at {at}", count(most))
    }
}

/// The same share as a person meets it.
fn one_in(share: f64) -> String {
    match 1.0 / (1.0 - share) {
        one if one <= 1.0 => "all missed".to_owned(),
        all if !all.is_finite() => "none was missed".to_owned(),
        few if few < 1.5 => "hardly any".to_owned(),
        few if few < 9.5 => format!("1 in {few:.1} missed"),
        many => format!("1 in {} missed", count(many.round() as u64)),
    }
}

pub(super) fn title(page: &Page, text: &str, out: &mut String) {
    let _ = writeln!(out, "\n{}", page.paint(Tone::Title, text));
}

pub(super) fn more(page: &Page, left: usize, out: &mut String) {
    if left > 0 {
        let said = format!("and {left} more rows; --json has them all");
        let _ = writeln!(out, "  {}", page.paint(Tone::Aside, &said));
    }
}

fn quantiles(quantiles: &Quantiles) -> [comfy_table::Cell; 3] {
    let said = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), brief);
    [
        cell(said(quantiles.p50_ms), Tone::Title),
        comfy_table::Cell::new(said(quantiles.p90_ms)),
        comfy_table::Cell::new(said(quantiles.p99_ms)),
    ]
}

fn sentence(change: &Change, page: &Page) -> String {
    let target = change.target.as_deref().unwrap_or("a target");
    let until =
        change.until_unix_ms.map_or(String::new(), |at| format!(" until {}", page.clock(at)));
    let reason = change.reason.as_deref().unwrap_or_default();
    match change.what.as_str() {
        "breaker" => {
            let state = say(BREAKERS, change.to.as_deref().unwrap_or("?"));
            let cause = if reason.is_empty() { "" } else { ": " };
            format!("breaker of {target} {state}{until}{cause}{}", say(TRIPS, reason))
        }
        "key_disabled" => {
            format!("the key of {target} out of use{until}: {}", say(KINDS, reason))
        }
        "model_disabled" => format!("{target} out of use{until}: {}", say(KINDS, reason)),
        "switched" => {
            let on_off = if change.value == Some(0) { "off" } else { "on" };
            format!("an operator switched {target} {on_off}")
        }
        other => other.to_owned(),
    }
}
