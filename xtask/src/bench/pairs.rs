//! What the record costs: failsoft with journal and metrics beside failsoft without, in short turns
//! on the same core, so that a noisy second hits both sides of a pair.

use std::path::Path;
use std::time::Duration;

use super::client::{Ask, Load, Pace};
use super::figures::quantile;
use super::proxy::{Proxy, Subject};
use super::rounds::{put, saturated};
use crate::Done;

/// One turn of one side.
const TURN: Duration = Duration::from_millis(700);
const CONNECTIONS: u32 = 64;
/// Calls a second at which latency is compared.
const MODERATE: u32 = 1000;

/// Medians over pairs of turns.
pub(super) async fn measure(pairs: usize, upstream: u16, folder: &Path) -> Done<String> {
    let with = Proxy::start(Subject::Failsoft, upstream, folder).await?;
    let without = Proxy::start(Subject::FailsoftWithoutRecord, upstream, folder).await?;
    let (mut costs, mut tails) = (Vec::new(), Vec::new());
    for nth in 0..=pairs {
        // Whoever goes first meets what the other's turn left behind.
        let order = if nth % 2 == 0 { [&with, &without] } else { [&without, &with] };
        let mut turns = Vec::new();
        for proxy in order {
            turns.push((proxy.subject, turn(proxy).await?));
        }
        turns.sort_by_key(|(subject, _)| *subject != Subject::Failsoft);
        let [(_, on), (_, off)] = turns[..] else { continue };
        // The first pair warms both up.
        if nth > 0 {
            costs.push([on.cpu, off.cpu, on.cpu / off.cpu]);
            tails.push([on.p99, off.p99, on.p99 / off.p99]);
        }
    }
    let cost = told("CPU us a call", &costs);
    Ok(format!("{cost}{}", told("p99 us at 1000/s", &tails)))
}

#[derive(Clone, Copy)]
struct Turn {
    cpu: f64,
    p99: f64,
}

async fn turn(proxy: &Proxy) -> Done<Turn> {
    let plain =
        Load { port: proxy.port, ask: Ask::Plain, pace: Pace::Closed, connections: CONNECTIONS };
    let (_, cpu) = saturated(proxy, plain, TURN).await?;
    let moderate = Load { pace: Pace::Rate(MODERATE), connections: 20, ..plain };
    let mut outcome = put(proxy, moderate, TURN).await?;
    Ok(Turn { cpu, p99: quantile(&mut outcome.latencies, 0.99) })
}

/// With, without, and the quartiles of the ratio.
fn told(label: &str, pairs: &[[f64; 3]]) -> String {
    let at = |place: usize, share: f64| {
        let mut values: Vec<f64> = pairs.iter().map(|pair| pair[place]).collect();
        values.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index into a short list"
        )]
        let index = (values.len().saturating_sub(1) as f64 * share).round() as usize;
        values.get(index).copied().unwrap_or_default()
    };
    format!(
        "{label:<20}{:>10.1} with{:>10.1} without{:>10.3} ratio, quartiles {:.3} to {:.3}\n",
        at(0, 0.5),
        at(1, 0.5),
        at(2, 0.5),
        at(2, 0.25),
        at(2, 0.75),
    )
}
