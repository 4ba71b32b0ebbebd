//! What a healthy call costs the journal: processor time of its thread, and handing over.
//!
//! `cargo run --release -p failsoft-journal --example cost [CALLS]`

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::time::{Duration, Instant};

use failsoft_journal::Journal;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let calls: u64 = std::env::args().nth(1).map_or(Ok(200_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("cost.db");
    let journal = Journal::open(samples::options(&path))?;
    let recorder = journal.recorder();
    let records: Vec<_> =
        (0..calls).map(|call| samples::healthy(&format!("0199{call:028x}"), call * 10)).collect();
    let (began, cpu) = (Instant::now(), processor_nanos());
    let mut handed = Duration::ZERO;
    for chunk in records.chunks(5_000) {
        let chunk = chunk.to_vec();
        let start = Instant::now();
        for record in chunk {
            recorder.record_call(record);
        }
        handed += start.elapsed();
        while recorder.counters().queued > 50_000 {
            journal.flush(Duration::from_secs(10));
        }
    }
    let counters = journal.flush(Duration::from_secs(60));
    let (wall, cpu) = (began.elapsed(), processor_nanos() - cpu);
    let each = |nanos: u128| nanos as f64 / calls as f64 / 1_000.0;
    println!("calls written         {}", counters.written);
    println!("calls a second        {:.0}", calls as f64 / wall.as_secs_f64());
    println!("writing, a call       {:.2} µs of the journal's thread", each(u128::from(cpu)));
    println!("handing over, a call  {:.2} µs as its task sees it", each(handed.as_nanos()));
    println!("bytes a call          {}", path.metadata()?.len() / calls);
    println!("{:?}", journal.close());
    Ok(())
}

/// What the journal's thread has used. Linux tells it; elsewhere this is zero.
fn processor_nanos() -> u64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let of = |thread: std::io::Result<std::fs::DirEntry>| {
        let thread = thread.ok()?.path();
        let name = std::fs::read_to_string(thread.join("comm")).ok()?;
        let used = std::fs::read_to_string(thread.join("schedstat")).ok()?;
        used.split(' ').next()?.parse::<u64>().ok().filter(|_| name.starts_with("failsoft"))
    };
    threads.filter_map(of).sum()
}
