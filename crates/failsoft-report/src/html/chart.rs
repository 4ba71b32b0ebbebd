//! Charts as pictures in the page itself.

use std::collections::BTreeMap;
use std::fmt::Write;

use failsoft_journal::page::{Page, columns, count, shorten, span};
use failsoft_journal::words::{KINDS, say};

use super::escaped;
use crate::report::Report;

/// Colours there are; the last one is shared by what is rare.
const COLOURS: usize = 8;
const WIDTH: f64 = 960.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const HOUR: i64 = 3_600_000;
/// Bars, points and rows drawn at most.
const BARS: usize = 240;
const LANES: usize = 16;
const TARGETS: usize = 8;

/// Failed attempts, stacked by kind.
pub(super) fn failures(report: &Report, page: &Page) -> Option<String> {
    let mut by_kind: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let group = report.hours.div_ceil(BARS).max(1);
    for row in &report.failures {
        let sums = row.by_hour.chunks(group).map(|hours| hours.iter().sum::<u64>());
        let kind =
            by_kind.entry(&row.kind).or_insert_with(|| vec![0; report.hours.div_ceil(group)]);
        kind.iter_mut().zip(sums).for_each(|(all, sum)| *all += sum);
    }
    let order = kinds_of(report);
    let mut kinds: Vec<(&str, Vec<u64>)> = by_kind.into_iter().collect();
    kinds.sort_by_key(|(kind, _)| order.iter().position(|other| other == kind));
    let bars = report.hours.div_ceil(group);
    let totals = (0..bars).map(|bar| kinds.iter().map(|(_, hours)| hours[bar]).sum::<u64>());
    let most = totals.max().filter(|most| *most > 0)?;
    let height = 220.0;
    let mut svg = open(height + 64.0, "Failed attempts over time, stacked by kind");
    grid(&mut svg, height, most);
    let width = (WIDTH - LEFT - RIGHT) / bars as f64;
    for bar in 0..bars {
        let x = LEFT + bar as f64 * width;
        let at = report.first_hour_unix_ms.saturating_add((bar * group) as i64 * HOUR);
        let mut y = height;
        for (colour, (kind, hours)) in kinds.iter().enumerate().filter(|(_, kind)| kind.1[bar] > 0)
        {
            let part = (hours[bar] as f64 / most as f64 * (height - 16.0)).max(0.75);
            y -= part;
            let _ = write!(
                svg,
                "<rect class=\"k{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" \
                 height=\"{part:.1}\"><title>{}: {} {}</title></rect>",
                colour.min(COLOURS - 1),
                (width - 0.5).max(0.5),
                page.day_minute(at),
                count(hours[bar]),
                escaped(say(KINDS, kind)),
            );
        }
    }
    let until = report.first_hour_unix_ms.saturating_add((bars * group) as i64 * HOUR);
    times(&mut svg, page, (report.first_hour_unix_ms, until), height);
    legend(&mut svg, kinds.iter().map(|(kind, _)| say(KINDS, kind)), height + 40.0);
    Some(close(svg))
}

/// Incidents, a lane for each target.
pub(super) fn incidents(report: &Report, page: &Page) -> Option<String> {
    let mut lanes: Vec<&str> = Vec::new();
    let kinds = kinds_of(report);
    for row in &report.incidents {
        if !lanes.contains(&row.target.as_str()) && lanes.len() < LANES {
            lanes.push(&row.target);
        }
    }
    if lanes.is_empty() {
        return None;
    }
    let lane = 30.0;
    let height = lane * lanes.len() as f64 + 4.0;
    let mut svg = open(height + 64.0, "Incidents over time, a lane for each target");
    let (from, to) = bounds(report);
    for (number, target) in lanes.iter().enumerate() {
        let y = number as f64 * lane;
        let _ = write!(
            svg,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{:.1}\" y2=\"{:.1}\"/><text \
             class=\"name\" x=\"{LEFT}\" y=\"{:.1}\">{}</text>",
            WIDTH - RIGHT,
            y + lane,
            y + lane,
            y + 13.0,
            escaped(&shorten(target, 60)),
        );
    }
    for row in &report.incidents {
        let Some(number) = lanes.iter().position(|target| *target == row.target) else { continue };
        let colour = kinds.iter().position(|kind| *kind == row.kind).unwrap_or(0);
        let x = across(row.since_unix_ms, (from, to));
        let end = across(row.until_unix_ms, (from, to));
        let _ = write!(
            svg,
            "<rect class=\"k{}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"10\" \
             rx=\"2\"><title>{} to {}: {}, {} failed, {} lost</title></rect>",
            colour.min(COLOURS - 1),
            number as f64 * lane + 17.0,
            (end - x).max(3.0),
            page.day_minute(row.since_unix_ms),
            page.day_minute(row.until_unix_ms),
            escaped(say(KINDS, &row.kind)),
            count(row.failures),
            count(row.lost),
        );
    }
    times(&mut svg, page, (from, to), height);
    legend(&mut svg, kinds.iter().map(|kind| say(KINDS, kind)), height + 40.0);
    Some(close(svg))
}

/// Time until first content at each target, on a logarithmic scale.
pub(super) fn latency(report: &Report, page: &Page) -> Option<String> {
    let courses: Vec<_> = report.courses.iter().filter(|course| course.slots.len() > 1).collect();
    let slots = || courses.iter().flat_map(|course| &course.slots);
    let high = slots().map(|slot| slot.p99_ms).fold(0.0, f64::max).max(10.0);
    let low = slots().map(|slot| slot.p50_ms).fold(high, f64::min).max(1.0);
    if courses.is_empty() || high <= low {
        return None;
    }
    let height = 260.0;
    let up = |ms: f64| {
        let share = (ms.max(low) / low).ln() / (high / low).ln();
        height - share * (height - 16.0)
    };
    let mut svg = open(height + 70.0, "Half and 99 percent of first contents over time, by target");
    let mut mark = 10_f64.powf(low.log10().floor());
    while mark <= high {
        if mark >= low {
            rule(&mut svg, up(mark), &span(mark));
        }
        mark *= 10.0;
    }
    let (from, to) = bounds(report);
    for (colour, course) in courses.iter().take(TARGETS).enumerate() {
        for (dashed, p99) in [("", false), (" dashed", true)] {
            let _ = write!(
                svg,
                "<polyline class=\"line{dashed} k{colour}\" style=\"fill:none\" points=\""
            );
            for slot in &course.slots {
                let at = slot.at_unix_ms.saturating_add(report.slot_ms / 2);
                let ms = if p99 { slot.p99_ms } else { slot.p50_ms };
                let _ = write!(svg, "{:.1},{:.1} ", across(at, (from, to)), up(ms));
            }
            svg.push_str("\"/>");
        }
    }
    times(&mut svg, page, (from, to), height);
    let names = courses.iter().take(TARGETS).map(|course| course.target.as_str());
    legend(&mut svg, names, height + 40.0);
    Some(close(svg))
}

/// Attempts for each call, over time.
pub(super) fn attempts(report: &Report, page: &Page) -> Option<String> {
    let per_call = |slot: &crate::effects::Slot| slot.attempts as f64 / slot.calls.max(1) as f64;
    let most = report.slots.iter().map(per_call).fold(0.0, f64::max).max(2.0);
    if report.slots.len() < 2 {
        return None;
    }
    let height = 140.0;
    let up = |number: f64| height - number / most * (height - 16.0);
    let mut svg = open(height + 28.0, "Attempts for each call over time");
    (1..=most.ceil() as u32).filter(|mark| f64::from(*mark) <= most).for_each(|mark| {
        rule(&mut svg, up(f64::from(mark)), &mark.to_string());
    });
    let (from, to) = bounds(report);
    let width = (across(from.saturating_add(report.slot_ms), (from, to)) - LEFT - 0.5).max(0.5);
    for slot in &report.slots {
        let x = across(slot.at_unix_ms.max(from), (from, to));
        let y = up(per_call(slot));
        let _ = write!(
            svg,
            "<rect class=\"k0\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{:.1}\"><title>{}: {:.2} attempts a call, {} calls, {} retries by \
             clients</title></rect>",
            height - y,
            page.day_minute(slot.at_unix_ms),
            per_call(slot),
            count(slot.calls),
            count(slot.client_retries),
        );
    }
    times(&mut svg, page, (from, to), height);
    Some(close(svg))
}

/// Kinds of failure, the most frequent first: a kind has one colour in all charts.
fn kinds_of(report: &Report) -> Vec<&str> {
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &report.failures {
        *totals.entry(&row.kind).or_default() += row.total;
    }
    let mut kinds: Vec<(&str, u64)> = totals.into_iter().collect();
    kinds.sort_by_key(|(_, total)| std::cmp::Reverse(*total));
    kinds.into_iter().map(|(kind, _)| kind).collect()
}

/// The time that is drawn: from the first hour with a call to the end.
fn bounds(report: &Report) -> (i64, i64) {
    let from = report.first_hour_unix_ms;
    (from, from.saturating_add(report.hours as i64 * HOUR))
}

fn across(at: i64, (from, to): (i64, i64)) -> f64 {
    let share = at.saturating_sub(from) as f64 / to.saturating_sub(from).max(1) as f64;
    LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
}

fn open(height: f64, label: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{label}\">")
}

fn close(mut svg: String) -> String {
    svg.push_str("</svg>");
    svg
}

fn grid(svg: &mut String, height: f64, most: u64) {
    for quarter in [0_u64, 2, 4] {
        let number = most as f64 * quarter as f64 / 4.0;
        rule(svg, height - quarter as f64 / 4.0 * (height - 16.0), &count(number.round() as u64));
    }
}

fn rule(svg: &mut String, y: f64, label: &str) {
    let _ = write!(
        svg,
        "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"{}\" \
         y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
        WIDTH - RIGHT,
        LEFT - 6.0,
        y + 4.0,
    );
}

/// Times below a chart: as many as there is room for.
fn times(svg: &mut String, page: &Page, (from, to): (i64, i64), height: f64) {
    for part in 0..=6_i64 {
        let at = from.saturating_add(to.saturating_sub(from) / 6 * part);
        let anchor = match part {
            0 => "start",
            6 => "end",
            _ => "middle",
        };
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            across(at, (from, to)),
            height + 18.0,
            page.day_minute(at),
        );
    }
}

/// Colours and what they stand for, in two lines at most.
fn legend<'a>(svg: &mut String, names: impl Iterator<Item = &'a str>, first: f64) {
    let (mut x, mut y) = (LEFT, first);
    for (colour, name) in names.enumerate().take(COLOURS) {
        let name = shorten(name, 28);
        let room = 26.0 + columns(&name) as f64 * 7.0;
        if x + room > WIDTH {
            (x, y) = (LEFT, y + 18.0);
        }
        if y > first + 18.0 {
            break;
        }
        let _ = write!(
            svg,
            "<rect class=\"k{colour}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"10\" height=\"10\" \
             rx=\"2\"/><text x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            y - 9.0,
            x + 15.0,
            escaped(&name),
        );
        x += room;
    }
}
