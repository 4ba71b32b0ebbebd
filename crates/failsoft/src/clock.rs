//! The engine's clock in this process: the runtime's monotonic one, counted from the start.

use std::time::{SystemTime, UNIX_EPOCH};

use failsoft_engine::Moment;
use failsoft_journal::Stamp;
use tokio::time::Instant;

/// Reads the runtime's clock, so that paused time is paused for the engine too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    stamp: Stamp,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
        Self {
            origin: Instant::now(),
            stamp: Stamp {
                moment: Moment::ZERO,
                unix_millis: i64::try_from(unix).unwrap_or(i64::MAX),
            },
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.moment(Instant::now())
    }

    /// The runtime's instant of a moment. A moment that is out of reach becomes a far one.
    pub(crate) fn instant(&self, moment: Moment) -> Instant {
        const FAR: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 3600);
        self.origin + moment.since(Moment::ZERO).min(FAR)
    }

    /// The moment of one of the runtime's instants.
    pub(crate) fn moment(&self, instant: Instant) -> Moment {
        let nanos = instant.duration_since(self.origin).as_nanos();
        Moment::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    pub(crate) const fn stamp(&self) -> Stamp {
        self.stamp
    }
}

/// What the wall clock says.
pub(crate) fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
