//! The gateway over real sockets, in front of a provider that fails on purpose.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod admin;
mod alerts;
mod calls;
mod dashboard;
mod deployed;
mod door;
mod house;
mod keys;
mod life;
mod log;
mod multiplexed;
mod promql;
mod receiver;
mod series;
mod slow;
#[path = "../../../failsoft-telemetry/tests/stand_in/mod.rs"]
mod stand_in;
mod storm;
mod telemetry;
