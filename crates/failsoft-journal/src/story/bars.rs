//! The time line of a call as bars, one for each attempt.

use super::lanes::{Lane, SegmentKind};
use super::{Story, StoryAttempt};
use crate::page::{Page, Tone, columns, shorten, span};

/// Columns for the number and the target of an attempt, of a page so wide.
const fn label_room(width: usize) -> usize {
    match width {
        0..70 => 16,
        70..110 => 24,
        _ => 34,
    }
}

/// Columns for what became of it.
const END: usize = 10;

const LEGEND: &[(SegmentKind, &str)] = &[
    (SegmentKind::Connecting, "connecting"),
    (SegmentKind::Waiting, "waiting for content"),
    (SegmentKind::Held, "content held back"),
    (SegmentKind::Content, "content to the client"),
    (SegmentKind::Unused, "content for nobody"),
    (SegmentKind::Pause, "wait between attempts"),
];

impl Story {
    /// One bar for each attempt, the axis above, and what the signs mean below.
    pub(super) fn bars(&self, page: &Page) -> Vec<String> {
        let end = self.lanes.iter().flat_map(|lane| &lane.segments).map(|it| it.end_ms);
        let end = end.fold(self.took_ms.unwrap_or_default(), f64::max);
        if self.lanes.is_empty() || end <= 0.0 {
            return Vec::new();
        }
        let label = label_room(page.width);
        let room = page.width.saturating_sub(2 + label + 1 + 1 + END).max(8);
        let scale = Scale { end, room };
        let mut lines = vec![axis(end, label, room)];
        for (lane, attempt) in self.lanes.iter().zip(&self.attempts) {
            lines.push(scale.lane((lane, attempt), label, page));
        }
        if !self.pauses.is_empty() {
            let mut signs = vec![(' ', Tone::Aside); room];
            for pause in &self.pauses {
                scale.fill(&mut signs, (pause.start_ms, pause.end_ms), pause.kind);
            }
            while signs.pop_if(|(sign, _)| *sign == ' ').is_some() {}
            lines.push(format!("  {:label$} {}", "waits", painted(&signs, page)));
        }
        lines.extend(self.legend(page));
        lines
    }

    /// Only what is drawn is explained.
    fn legend(&self, page: &Page) -> Vec<String> {
        let drawn = self.lanes.iter().flat_map(|lane| &lane.segments).chain(&self.pauses);
        let drawn: Vec<SegmentKind> = drawn.map(|segment| segment.kind).collect();
        let facts: Vec<String> = LEGEND
            .iter()
            .filter(|(kind, _)| drawn.contains(kind))
            .map(|(kind, words)| format!("{} {words}", sign(*kind).0))
            .collect();
        let lines = page.wrap_facts(&facts, 2);
        lines.iter().map(|line| format!("  {}", page.paint(Tone::Aside, line))).collect()
    }
}

struct Scale {
    end: f64,
    room: usize,
}

impl Scale {
    fn lane(&self, (lane, attempt): (&Lane, &StoryAttempt), label: usize, page: &Page) -> String {
        let target = lane.target.as_deref().unwrap_or("a target");
        let number = lane.ordinal + 1;
        let name = shorten(&format!("{number} {target}"), label);
        let pad = " ".repeat(label.saturating_sub(columns(&name)));
        let mut signs = vec![(' ', Tone::Aside); self.room];
        for segment in &lane.segments {
            self.fill(&mut signs, (segment.start_ms, segment.end_ms), segment.kind);
        }
        let (mark, tone) = match lane.outcome.as_deref() {
            Some("succeeded") => ("✓", Tone::Good),
            Some("failed") => ("✗", Tone::Bad),
            _ => ("■", Tone::Odd),
        };
        let took = attempt.took_ms.map_or(String::new(), span);
        let mark = page.paint(tone, mark);
        format!("  {name}{pad} {} {mark} {took}", painted(&signs, page)).trim_end().to_owned()
    }

    /// A part is at least one column wide; what comes later is drawn above what came before.
    fn fill(&self, signs: &mut [(char, Tone)], (start, end): (f64, f64), kind: SegmentKind) {
        let last = self.room.saturating_sub(1);
        let column = |ms: f64| (ms / self.end * self.room as f64).floor().max(0.0) as usize;
        let from = column(start).min(last);
        let to = column(end).clamp(from + 1, last + 1);
        signs[from..to].fill(sign(kind));
    }
}

fn painted(signs: &[(char, Tone)], page: &Page) -> String {
    let mut out = String::new();
    for run in signs.chunk_by(|one, next| one.1 == next.1) {
        let text: String = run.iter().map(|(sign, _)| *sign).collect();
        let blank = text.trim().is_empty();
        out.push_str(&if blank { text } else { page.paint(run[0].1, &text) });
    }
    out
}

fn axis(end: f64, label: usize, room: usize) -> String {
    let marks = if room >= 48 { 4 } else { 2 };
    let mut line = vec![' '; room + END];
    for mark in 0..=marks {
        let text =
            if mark == 0 { "0".to_owned() } else { span(end * f64::from(mark) / f64::from(marks)) };
        let at = room * mark as usize / marks as usize;
        let width = columns(&text);
        let from = if mark == marks { room.saturating_sub(width) } else { at };
        for (place, letter) in text.chars().enumerate() {
            if let Some(free) = line.get_mut(from + place) {
                *free = letter;
            }
        }
    }
    let line: String = line.into_iter().collect();
    format!("  {:label$} {line}", "").trim_end().to_owned()
}

const fn sign(kind: SegmentKind) -> (char, Tone) {
    match kind {
        SegmentKind::Connecting => ('.', Tone::Aside),
        SegmentKind::Waiting => ('─', Tone::Odd),
        SegmentKind::Held => ('▒', Tone::Odd),
        SegmentKind::Content => ('█', Tone::Good),
        SegmentKind::Unused => ('░', Tone::Bad),
        SegmentKind::Pause => ('~', Tone::Aside),
    }
}
