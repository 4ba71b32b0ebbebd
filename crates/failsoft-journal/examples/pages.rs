//! Shows `explain` on made-up calls: `cargo run --example pages [WIDTH] [colour]`.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::time::Duration;

use failsoft_journal::*;
use samples::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let width = std::env::args().nth(1).map_or(Ok(80), |text| text.parse())?;
    let style = if std::env::args().nth(2).is_some() { Style::Colour } else { Style::Plain };
    let page = Page::new(style, width);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("failsoft.db");
    let journal = Journal::open(options(&path))?;
    let recorder = journal.recorder();
    recorder.record_call(samples::rescued("0199c2f4-7be1-7c3a-b2d4-5f60718293a4", 0));
    recorder.record_call(samples::exhausted("0199c2f4-9e02-7d11-8f00-1122334455aa", 4_000));
    recorder.record_call(samples::hedged("0199c2f4-a", 8_000));
    recorder.record_call(samples::resumed("0199c2f4-b", 12_000));
    recorder.record_call(samples::left("0199c2f4-c", 20_000));
    recorder.record_call(samples::degraded("0199c2f4-d", 30_000));
    samples::a_day(&recorder);
    let counters = journal.flush(Duration::from_secs(30));
    eprintln!("{counters:?}");
    let reader = Reader::open(&path)?;
    for id in ["7", "9", "a", "b", "c", "d"].map(|end| format!("0199c2f4-{end}")) {
        let story = reader.call(&id)?.ok_or("no such call")?;
        println!("{}\n{}\n", story.render(&page), "=".repeat(usize::from(width)));
    }
    Ok(())
}
