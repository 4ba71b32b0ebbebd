//! The traffic: the same questions at the same moments, straight and through failsoft.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::client::{Delivery, Question, ask};
use super::script::{AURORA, DIALECTS, KEY_OF_GATEWAY, Spell, route};
use super::tally::{Row, Side, Tally};
use std::net::SocketAddr;

/// Pairs of calls: eight a second.
const EVERY: Duration = Duration::from_millis(125);

/// How long the last calls may take after the script has ended.
const GRACE: Duration = Duration::from_secs(15);

/// The key the straight traffic shows.
pub(crate) const KEY_OF_STRAIGHT: &str = "sk-demo-straight";

/// The traffic of a run.
pub(crate) struct Traffic {
    pub(crate) provider: SocketAddr,
    pub(crate) gateway: SocketAddr,
    pub(crate) length: Duration,
    tally: Mutex<Tally>,
}

impl Traffic {
    pub(crate) fn new(provider: SocketAddr, gateway: SocketAddr, length: Duration) -> Self {
        Self { provider, gateway, length, tally: Mutex::default() }
    }

    /// Sends all calls and waits for their answers, so long as that is bearable. Dropping the
    /// future ends them.
    pub(crate) async fn flow(self: &Arc<Self>) {
        let began = Instant::now();
        let mut calls = JoinSet::new();
        let mut ticks = tokio::time::interval(EVERY);
        for turn in 0_usize.. {
            ticks.tick().await;
            let now = began.elapsed();
            if now >= self.length {
                break;
            }
            let spell = Spell::at(now, self.length);
            for side in [Side::Straight, Side::Failsoft] {
                let traffic = Arc::clone(self);
                let question = traffic.question(side, turn);
                calls.spawn(async move {
                    let reply = ask(question).await;
                    traffic.tally().0.push(Row { side, spell, reply });
                });
            }
        }
        let last = async { while calls.join_next().await.is_some() {} };
        // What is not answered by then is no answer; it is told as unfinished.
        let _ = tokio::time::timeout(GRACE, last).await;
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn question(&self, side: Side, turn: usize) -> Question {
        let dialect = DIALECTS[turn % 2];
        let delivery = if turn % 4 < 2 { Delivery::Streamed } else { Delivery::Plain };
        match side {
            Side::Straight => Question {
                address: self.provider,
                dialect,
                model: AURORA,
                key: KEY_OF_STRAIGHT,
                delivery,
            },
            Side::Failsoft => Question {
                address: self.gateway,
                dialect,
                model: route(dialect),
                key: KEY_OF_GATEWAY,
                delivery,
            },
        }
    }
}
