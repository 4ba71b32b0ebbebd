//! Shows the report on a made-up week: `cargo run --example week [WIDTH | FILE.html] [colour]`.

#[path = "../tests/world/mod.rs"]
mod world;

use failsoft_journal::{Page, Style};
use failsoft_report::{InForce, report};
use world::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let troubles: [Trouble; 5] =
        [outage, slow_for_long_prompts, bad_key, full_hours, broken_region];
    let report =
        report(&mut week(1, 40_000, 0.006, &troubles).memory, span(), &InForce::default())?;
    let what = std::env::args().nth(1).unwrap_or_else(|| "100".to_owned());
    let style = if std::env::args().nth(2).is_some() { Style::Colour } else { Style::Plain };
    match what.parse() {
        Ok(width) => println!("{}", report.render(&Page::new(style, width))),
        Err(_) => std::fs::write(what, report.html())?,
    }
    Ok(())
}
