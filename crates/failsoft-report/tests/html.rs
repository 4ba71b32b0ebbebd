//! The HTML page: whole, harmless, and nothing fetched, whatever stands in a name.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod world;

use failsoft_journal::{Dropped, Memory, Page, Style};
use failsoft_report::{InForce, Report, report};
use world::*;

const HOSTILE: &str = "aurora/</title><script>alert('CANARY')</script>\"onload=\"x&amp;<!--]]>";

fn told(memory: &mut Memory) -> Report {
    report(memory, span(), &InForce::default()).unwrap()
}

/// A week of troubles at a target, a route and a key that all have this name.
fn hostile() -> Report {
    let mut world = week(3, 12_000, 0.006, &[outage, bad_key, full_hours]);
    for recorded in &mut world.memory.calls {
        recorded.call.route = HOSTILE.into();
        for attempt in &mut recorded.attempts {
            let target = attempt.target.as_mut().unwrap();
            if &*target.name == LARGE {
                target.name = HOSTILE.into();
                target.provider = HOSTILE.into();
                target.credential = HOSTILE.into();
            }
            if attempt.kind.is_some() {
                attempt.kind = Some(HOSTILE.into());
            }
        }
        recorded.call.kind = Some(HOSTILE.into());
    }
    world.memory.dropped = Dropped { healthy: 7, failed: 2 };
    told(&mut world.memory)
}

#[test]
fn names_stay_text_whatever_they_say() {
    let report = hostile();
    assert!(!report.incidents.is_empty() && !report.findings.is_empty());
    let html = report.html();
    assert!(html.contains("CANARY"), "the name is told");
    for forbidden in ["<script", "onload=\"", "]]>", "<!--"] {
        assert!(!html.contains(forbidden), "{forbidden} in the page");
    }
    assert_eq!(html.matches("</title></head>").count() + html.matches("</title>\n").count(), 1);
    assert!(html.contains("7 healthy calls and 2 others"));
}

#[test]
fn a_page_fetches_nothing_and_closes_what_it_opens() {
    let mut world = week(4, 12_000, 0.006, &[outage, slow_for_long_prompts, broken_region]);
    for html in [told(&mut world.memory).html(), told(&mut Memory::default()).html()] {
        assert!(html.contains("default-src 'none'"));
        for forbidden in ["http:", "https:", "url(", "@import", "src=", "href=", "<link"] {
            assert!(!html.contains(forbidden), "{forbidden} in the page");
        }
        for element in ["section", "svg", "table", "article", "main", "figure", "div", "tr", "td"] {
            let opened = html.matches(&format!("<{element}>")).count()
                + html.matches(&format!("<{element} ")).count();
            assert_eq!(opened, html.matches(&format!("</{element}>")).count(), "{element}");
        }
        assert!(!html.contains("NaN") && !html.contains("inf"), "a figure that is none");
    }
}

#[test]
fn findings_keep_to_the_width_of_a_terminal_but_for_settings() {
    let mut world =
        week(5, 20_000, 0.006, &[outage, slow_for_long_prompts, bad_key, broken_region]);
    let report = told(&mut world.memory);
    for width in [80, 100, 120, 200] {
        let text = report.render(&Page::new(Style::Plain, width));
        assert!(!text.contains('\u{1b}'), "colour on plain paper");
        for line in text.lines().filter(|line| !line.contains(" = ")) {
            assert!(line.chars().count() <= usize::from(width), "{line:?} on {width}");
        }
    }
    let colour = report.render(&Page::new(Style::Colour, 100));
    assert!(colour.contains("\u{1b}[32m"));
}
