//! What calls cost the journal: processor time of its thread, and of handing over.
//!
//! `cargo run --release -p failsoft-journal --example cost [CALLS]`

mod processor;
#[path = "../tests/samples/mod.rs"]
mod samples;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use failsoft_engine::FailureKind;
use failsoft_journal::{CallRecord, Journal};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Records made and handed over at once: as warm as those of calls that have just ended.
const WARM: u64 = 32;

type Done = Result<(), Box<dyn std::error::Error>>;

fn main() -> Done {
    let calls: u64 = std::env::args().nth(1).map_or(Ok(200_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    println!("healthy calls");
    measure(&folder.path().join("healthy.db"), calls, 1, &samples::healthy)?;
    println!("failed calls of one attempt");
    let broken = |id: &str, at| samples::broken(id, at, FailureKind::Overloaded);
    measure(&folder.path().join("failed.db"), calls, 1, &broken)?;
    println!("rescued calls of three attempts");
    measure(&folder.path().join("rescued.db"), calls / 3, 3, &samples::rescued)
}

fn measure(path: &Path, calls: u64, attempts: u64, make: &dyn Fn(&str, u64) -> CallRecord) -> Done {
    let journal = Journal::open(samples::options(path))?;
    let recorder = journal.recorder();
    let (began, cpu) = (Instant::now(), processor::nanos());
    let mut handed = Duration::ZERO;
    for chunk in 0..calls.div_ceil(WARM) {
        let numbers = chunk * WARM..calls.min((chunk + 1) * WARM);
        let records: Vec<_> = numbers
            .map(|call| Arc::new(make(&format!("call_01JQ7ZK3{call:018}"), call * 10)))
            .collect();
        let start = Instant::now();
        for record in records {
            recorder.record_call(record);
        }
        handed += start.elapsed();
        while recorder.counters().queued > 50_000 {
            journal.flush(Duration::from_secs(10));
        }
    }
    let counters = journal.flush(Duration::from_secs(60));
    let (wall, cpu) = (began.elapsed(), processor::nanos() - cpu);
    let each = |nanos: u128| nanos as f64 / calls as f64 / 1_000.0;
    let rows = (calls * attempts) as f64;
    println!("  calls written         {}", counters.written);
    println!("  attempts a second     {:.0}", rows / wall.as_secs_f64());
    println!("  writing, a call       {:.2} µs of the journal's thread", each(u128::from(cpu)));
    println!("  handing over, a call  {:.2} µs as its task sees it", each(handed.as_nanos()));
    let of_a_core = cpu as f64 / rows * 20_000.0 / 1e7;
    println!("  20,000 attempts/s     {of_a_core:.0} % of a core");
    journal.close();
    println!("  bytes a call          {}", path.metadata()?.len() / calls);
    Ok(())
}
