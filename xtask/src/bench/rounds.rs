//! The order of things: subjects take turns, round after round, so that a noisy minute hits all.

use std::path::Path;
use std::time::{Duration, Instant};

use super::client::{self, Ask, Load, Outcome, Pace};
use super::figures::{Round, quantile};
use super::paced;
use super::pairs;
use super::proxy::{Proxy, Subject};
use super::table::{self, Result};
use super::upstream::{self, EVENTS};
use crate::Done;

/// Calls a second at which latency is compared: far below anybody's limit.
const MODERATE: u32 = 1000;
const PLAIN_CONNECTIONS: u32 = 64;
const STREAMED_CONNECTIONS: u32 = 32;
const WARM_UP: Duration = Duration::from_millis(400);

/// What the command line asks for.
pub(super) struct Options {
    rounds: usize,
    lasting: Duration,
    idle: usize,
    nginx: bool,
    /// Parts of names; empty means all.
    only: Vec<String>,
    json: bool,
    /// Two subjects in so many pairs of turns; nothing else is measured then.
    pairs: Option<(Compared, usize)>,
}

/// What is compared in pairs of turns.
#[derive(Clone, Copy)]
enum Compared {
    /// failsoft with its record and without.
    Record,
    /// An event on its way through failsoft and nginx.
    Events,
}

/// The whole benchmark.
pub(super) fn run(arguments: &[String]) -> Done {
    let options = options(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let folder = std::env::temp_dir().join(format!("failsoft-bench-{}", std::process::id()));
    let local = tokio::task::LocalSet::new();
    if let Some((compared, pairs)) = options.pairs {
        let told = local.block_on(&runtime, in_pairs(compared, pairs, &folder));
        let _ = std::fs::remove_dir_all(&folder);
        print!("{}", told?);
        return Ok(());
    }
    let measured = local.block_on(&runtime, measure(&options, &folder));
    // The folder holds a journal of made-up calls.
    let _ = std::fs::remove_dir_all(&folder);
    let results = measured?;
    if options.json {
        println!("{}", table::json(&results));
    } else {
        print!("{}", table::text(&results));
    }
    Ok(())
}

fn options(arguments: &[String]) -> Done<Options> {
    let mut options = Options {
        rounds: 3,
        lasting: Duration::from_secs(4),
        idle: 2000,
        nginx: true,
        only: Vec::new(),
        json: false,
        pairs: None,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--only" {
            let names = arguments.next().map_or("", String::as_str);
            options.only = names.split(',').map(str::to_owned).collect();
            continue;
        }
        let mut number = || -> Done<u32> {
            let value = arguments.next().and_then(|text| text.parse().ok());
            value.filter(|value| *value > 0).ok_or_else(|| format!("{argument} needs a number"))
        };
        match argument.as_str() {
            "--rounds" => options.rounds = number()? as usize,
            "--seconds" => options.lasting = Duration::from_secs(number()?.into()),
            "--idle" => options.idle = number()? as usize,
            "--record" => options.pairs = Some((Compared::Record, number()? as usize)),
            "--events" => options.pairs = Some((Compared::Events, number()? as usize)),
            "--no-nginx" => options.nginx = false,
            "--no-step" => {}
            "--json" => options.json = true,
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(options)
}

async fn in_pairs(compared: Compared, pairs: usize, folder: &Path) -> Done<String> {
    let upstream = upstream::start().await.map_err(|error| error.to_string())?;
    match compared {
        Compared::Record => pairs::record(pairs, upstream, folder).await,
        Compared::Events => pairs::events(pairs, upstream, folder).await,
    }
}

async fn measure(options: &Options, folder: &Path) -> Done<Vec<Result>> {
    let upstream = upstream::start().await.map_err(|error| error.to_string())?;
    let mut subjects = vec![Subject::Straight, Subject::Nginx, Subject::Failsoft];
    subjects.extend([Subject::FailsoftWithoutJournal, Subject::FailsoftWithoutRecord]);
    subjects.retain(|subject| options.nginx || *subject != Subject::Nginx);
    let only = &options.only;
    subjects.retain(|subject| only.is_empty() || only.iter().any(|name| name == subject.name()));
    let mut results = Vec::new();
    let mut proxies = Vec::new();
    for subject in subjects {
        proxies.push(Proxy::start(subject, upstream, folder).await?);
        results.push(Result::new(subject.name()));
    }
    for nth in 1..=options.rounds {
        for (proxy, result) in proxies.iter().zip(&mut results) {
            eprintln!("    round {nth} of {}: {}", options.rounds, proxy.subject.name());
            result.rounds.push(round(proxy, options).await?);
        }
    }
    for (proxy, result) in proxies.iter_mut().zip(&mut results) {
        if proxy.subject == Subject::Straight {
            continue;
        }
        eprintln!("    {} idle streams: {}", options.idle, proxy.subject.name());
        // A fresh process: what a busy one has kept would hide what a stream needs.
        *proxy = Proxy::start(proxy.subject, upstream, folder).await?;
        result.per_idle_stream = Some(idle(proxy, options.idle).await?);
    }
    Ok(results)
}

async fn round(proxy: &Proxy, options: &Options) -> Done<Round> {
    let mut round = Round::default();
    let plain = Load {
        port: proxy.port,
        ask: Ask::Plain,
        pace: Pace::Closed,
        connections: PLAIN_CONNECTIONS,
    };
    (round.calls_per_second, round.cpu_per_call) = saturate(proxy, plain, options).await?;
    round.resident = proxy.resident();
    let streamed = Load { ask: Ask::Streamed, connections: STREAMED_CONNECTIONS, ..plain };
    let (streams, cpu) = saturate(proxy, streamed, options).await?;
    #[expect(clippy::cast_precision_loss, reason = "two hundred")]
    let events = EVENTS as f64;
    (round.events_per_second, round.cpu_per_event) = (streams * events, cpu / events);
    round.resident = round.resident.max(proxy.resident());
    let moderate = Load { pace: Pace::Rate(MODERATE), connections: 20, ..plain };
    let mut outcome = put(proxy, moderate, options.lasting).await?;
    round.p50 = quantile(&mut outcome.latencies, 0.5);
    round.p99 = quantile(&mut outcome.latencies, 0.99);
    let words = |error: std::io::Error| format!("{}: {error}", proxy.subject.name());
    let mut events = paced::on_the_way(proxy.port, options.lasting).await.map_err(words)?;
    round.event_p50 = quantile(&mut events, 0.5);
    round.event_p99 = quantile(&mut events, 0.99);
    let mut left = paced::until_noticed(proxy.port).await.map_err(words)?;
    round.left_p50 = quantile(&mut left, 0.5);
    round.left_most = quantile(&mut left, 1.0);
    Ok(round)
}

/// Calls a second, and microseconds of processor time a call.
async fn saturate(proxy: &Proxy, load: Load, options: &Options) -> Done<(f64, f64)> {
    put(proxy, load, WARM_UP).await?;
    saturated(proxy, load, options.lasting).await
}

/// The same of a subject that is warm.
pub(super) async fn saturated(proxy: &Proxy, load: Load, lasting: Duration) -> Done<(f64, f64)> {
    let (begun, cpu) = (Instant::now(), proxy.cpu());
    let outcome = put(proxy, load, lasting).await?;
    let (lasted, cpu) = (begun.elapsed(), proxy.cpu().saturating_sub(cpu));
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let calls = outcome.latencies.len() as f64;
    Ok((calls / lasted.as_secs_f64(), cpu.as_secs_f64() * 1e6 / calls))
}

pub(super) async fn put(proxy: &Proxy, load: Load, lasting: Duration) -> Done<Outcome> {
    let outcome = client::put(load, lasting).await;
    match &outcome.fault {
        None => Ok(outcome),
        // A figure with failed calls in it would mean nothing.
        Some(fault) => {
            Err(format!("{}: {} calls failed: {fault}", proxy.subject.name(), outcome.failed))
        }
    }
}

/// Bytes of memory for each open stream that has nothing to say.
async fn idle(proxy: &Proxy, count: usize) -> Done<f64> {
    let words = |error: std::io::Error| format!("{}: {error}", proxy.subject.name());
    // The first calls bring in code and tables that belong to no stream.
    let load = Load { port: proxy.port, ask: Ask::Streamed, pace: Pace::Closed, connections: 8 };
    put(proxy, load, WARM_UP).await?;
    let before = proxy.resident();
    let open = client::idle_streams(proxy.port, count).await.map_err(words)?;
    let after = proxy.resident();
    drop(open);
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let count = count as f64;
    Ok((after - before) / count)
}
