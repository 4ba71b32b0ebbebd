//! One alert that says nothing, to see whether alerts arrive.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use failsoft::StartError;
use failsoft_config::{Alerts, Webhook};
use failsoft_journal::sentence;
use tokio::time::Instant;

use super::delivery::Address;
use super::matter::{Letterhead, Matter, Stage, Subject};
use super::policy;

/// What a receiver said is shown up to here.
const SHOWN: usize = 200;

/// What a receiver made of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It took the alert.
    Taken {
        /// The status it answered.
        status: u16,
        /// How long that took.
        after: Duration,
    },
    /// It did not.
    Refused {
        /// The status it answered.
        status: u16,
        /// How its answer begins, on one line.
        said: String,
        /// Whether a real alert would be tried again.
        again: bool,
    },
    /// Nothing came back.
    Nothing {
        /// Why, for an operator.
        why: String,
    },
}

/// Sends a test to a webhook, once.
///
/// # Errors
/// When its certificates or its address cannot be used.
pub async fn try_webhook(alerts: &Alerts, webhook: &Webhook) -> Result<Answered, StartError> {
    let address = Address::new(webhook)?;
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let matter = Matter {
        subject: Subject::Test,
        failure: "".into(),
        since_ms: now_ms,
        until_ms: now_ms,
        failures: 0,
        attempts: 0,
        lost: 0,
        cost_nanos: None,
    };
    let head = Letterhead { gateway: alerts.name.clone(), dashboard: alerts.dashboard.clone() };
    let begun = Instant::now();
    let message = matter.message(Stage::Opened, &head, matter.episode(&head));
    let reply = match address.send(&message, 1).await {
        Ok(reply) => reply,
        Err(fault) => return Ok(Answered::Nothing { why: fault.to_string() }),
    };
    let status = reply.status.as_u16();
    Ok(match policy::read(&reply, now) {
        Ok(()) => Answered::Taken { status, after: begun.elapsed() },
        Err(failure) => Answered::Refused {
            status,
            said: sentence(&String::from_utf8_lossy(&reply.beginning), SHOWN).into_owned(),
            again: failure.repeat != failsoft_engine::Repeat::Forbidden,
        },
    })
}
