//! The gateway over real sockets, in front of a provider that fails on purpose.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod admin;
mod calls;
mod dashboard;
mod door;
mod house;
mod keys;
mod life;
mod multiplexed;
mod slow;
