//! Crowds, slow readers and clients that leave, against the real programs: what a gateway holds
//! stays bounded, what it lent comes back, and every stream ends as what it is.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

mod client;
mod house;
mod leaving;
mod many;
mod slow;

use tokio::sync::{Mutex, MutexGuard};

/// One test at a time: they measure.
static ALONE: Mutex<()> = Mutex::const_new(());

async fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().await
}
