//! Two subjects in short turns on the same core, so that a noisy second hits both sides of a pair:
//! what the record costs, and how long an event is on its way.

use std::path::Path;
use std::time::Duration;

use super::client::{Ask, Load, Pace};
use super::figures::quantile;
use super::paced;
use super::proxy::{Proxy, Subject};
use super::rounds::{put, saturated};
use crate::Done;

/// One turn of one side, where latency is measured.
const TURN: Duration = Duration::from_millis(700);
/// One turn where processor time is: short, because speed drifts within a second, and so many more.
const SHORT: Duration = Duration::from_millis(120);
const SHORT_TURNS: usize = 8;
const CONNECTIONS: u32 = 64;
/// Calls a second at which latency is compared.
const MODERATE: u32 = 1000;

/// failsoft with journal and metrics beside failsoft without; medians over pairs of turns.
pub(super) async fn record(pairs: usize, upstream: u16, folder: &Path) -> Done<String> {
    let with = Proxy::start(Subject::Failsoft, upstream, folder).await?;
    let without = Proxy::start(Subject::FailsoftWithoutRecord, upstream, folder).await?;
    let names = ["with", "without"];
    let costs = in_turns([&with, &without], pairs * SHORT_TURNS, cost).await?;
    let tails = in_turns([&with, &without], pairs, tail).await?;
    let cost = told("CPU us a call", names, &costs);
    Ok(format!("{cost}{}", told("p99 us at 1000/s", names, &tails)))
}

/// An event on its way through failsoft and through nginx; medians over pairs of turns.
pub(super) async fn events(pairs: usize, upstream: u16, folder: &Path) -> Done<String> {
    let failsoft = Proxy::start(Subject::Failsoft, upstream, folder).await?;
    let nginx = Proxy::start(Subject::Nginx, upstream, folder).await?;
    let turns = in_turns([&failsoft, &nginx], pairs, spoken).await?;
    Ok(told("event p50 us", ["failsoft", "nginx"], &turns))
}

/// Each side's turns, pair after pair; the first pair warms both up.
async fn in_turns<T>(
    sides: [&Proxy; 2],
    pairs: usize,
    turn: impl AsyncFn(&Proxy) -> Done<T>,
) -> Done<Vec<[T; 2]>> {
    let [first, second] = sides;
    let mut turns = Vec::with_capacity(pairs);
    for nth in 0..=pairs {
        // Whoever goes first meets what the other's turn left behind.
        let pair = if nth % 2 == 0 {
            let ahead = turn(first).await?;
            [ahead, turn(second).await?]
        } else {
            let ahead = turn(second).await?;
            [turn(first).await?, ahead]
        };
        if nth > 0 {
            turns.push(pair);
        }
    }
    Ok(turns)
}

const PLAIN: Load = Load { port: 0, ask: Ask::Plain, pace: Pace::Closed, connections: CONNECTIONS };

async fn cost(proxy: &Proxy) -> Done<f64> {
    let load = Load { port: proxy.port, ..PLAIN };
    Ok(saturated(proxy, load, SHORT).await?.1)
}

async fn tail(proxy: &Proxy) -> Done<f64> {
    let load = Load { port: proxy.port, pace: Pace::Rate(MODERATE), connections: 20, ..PLAIN };
    let mut outcome = put(proxy, load, TURN).await?;
    Ok(quantile(&mut outcome.latencies, 0.99))
}

async fn spoken(proxy: &Proxy) -> Done<f64> {
    let words = |error: std::io::Error| format!("{}: {error}", proxy.subject.name());
    let mut events = paced::on_the_way(proxy.port, TURN).await.map_err(words)?;
    Ok(quantile(&mut events, 0.5))
}

/// Both sides' medians, that of what is between them, and its quartiles.
fn told(label: &str, names: [&str; 2], pairs: &[[f64; 2]]) -> String {
    let median = |side: usize| quarter(pairs.iter().map(|pair| pair[side]), 2);
    let apart = |quarters| quarter(pairs.iter().map(|[first, second]| first - second), quarters);
    let ratio = |quarters| quarter(pairs.iter().map(|[first, second]| first / second), quarters);
    format!(
        "{label:<20}{:>8.1} {} {:>8.1} {}; apart {:.1} ({:.1} to {:.1}), ratio {:.3} ({:.3} to {:.3})\n",
        median(0),
        names[0],
        median(1),
        names[1],
        apart(2),
        apart(1),
        apart(3),
        ratio(2),
        ratio(1),
        ratio(3),
    )
}

/// The value below which so many quarters of all lie.
fn quarter(values: impl Iterator<Item = f64>, quarters: usize) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let index = values.len().saturating_sub(1) * quarters / 4;
    values.get(index).copied().unwrap_or_default()
}
