//! What a fleet's record costs: rows a second into a server of its own, and back.
//!
//! `cargo run --release -p failsoft-journal --features postgres --example fleet_cost [CALLS]`

#![expect(clippy::unwrap_used, reason = "the cluster is the tests' own")]

#[path = "../tests/cluster/mod.rs"]
mod cluster;
mod processor;
#[path = "../tests/samples/mod.rs"]
mod samples;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use cluster::Cluster;
use failsoft_engine::FailureKind;
use failsoft_journal::{CallRecord, Journal, PostgresOptions, Reader, Source, Span};

const LONG: Duration = Duration::from_secs(300);

type Done = Result<(), Box<dyn std::error::Error>>;

fn main() -> Done {
    let calls: u64 = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let Some(cluster) = Cluster::start(&["shared_buffers=256MB"]) else { return Ok(()) };
    println!("healthy calls, one gateway");
    write(&cluster, calls, (1, 1), &samples::healthy)?;
    println!("failed calls of one attempt, one gateway");
    let broken = |id: &str, at| samples::broken(id, at, FailureKind::Overloaded);
    write(&cluster, calls, (1, 1), &broken)?;
    println!("rescued calls of three attempts, two gateways");
    let url = write(&cluster, calls / 3, (3, 2), &samples::rescued)?;
    println!("reading those");
    let (mut reader, start) = (Reader::connect(&url.parse()?)?, Instant::now());
    let mut seen = 0;
    reader.calls(Span { since_ms: 0, until_ms: i64::MAX }, &mut |_| {
        seen += 1;
        ControlFlow::Continue(())
    })?;
    println!("  calls a second        {:.0}", f64::from(seen) / start.elapsed().as_secs_f64());
    Ok(())
}

/// Calls of so many attempts, from so many gateways; where they are now.
fn write(
    cluster: &Cluster,
    calls: u64,
    (attempts, gateways): (u64, u64),
    make: &(dyn Fn(&str, u64) -> CallRecord + Sync),
) -> Result<String, Box<dyn std::error::Error>> {
    let url = cluster.database();
    let options = PostgresOptions::new(url.parse()?, samples::DAY * 36_500);
    let journals: Vec<Journal> =
        (0..gateways).map(|_| Journal::connect(options.clone())).collect::<Result<_, _>>()?;
    let (began, cpu) = (Instant::now(), processor::nanos());
    for call in 0..calls {
        let journal = &journals[(call % gateways) as usize];
        journal.recorder().record_call(make(&format!("call_01JQ7ZK3{call:018}"), call * 10));
        while journal.recorder().counters().queued > 30_000 {
            journal.flush(LONG);
        }
    }
    let written: u64 = journals.iter().map(|journal| journal.flush(LONG).written).sum();
    let (wall, cpu) = (began.elapsed(), processor::nanos() - cpu);
    println!("  calls written         {written}");
    println!("  calls a second        {:.0}", calls as f64 / wall.as_secs_f64());
    println!("  attempts a second     {:.0}", (calls * attempts) as f64 / wall.as_secs_f64());
    let each = cpu as f64 / calls as f64 / 1_000.0;
    println!("  writing, a call       {each:.2} µs of the journal's threads");
    let bytes = cluster.ask(&url, "SELECT pg_database_size(current_database()) - 7500000");
    println!("  bytes a call          {}", bytes[0].parse::<u64>()? / calls);
    Ok(url)
}
