//! The last hour, minute by minute, and the last minute in parts.

/// Minutes remembered.
const MINUTES: usize = 60;
const MINUTE_MS: i64 = 60_000;
/// Parts the last minute is told apart in.
const PARTS: usize = 12;
const PART_MS: i64 = MINUTE_MS / PARTS as i64;

/// What is remembered of some time.
pub(super) trait Slot: Clone + Default + std::fmt::Debug {
    /// How many ended in it.
    fn count(&self) -> u32;
}

impl Slot for u32 {
    fn count(&self) -> u32 {
        *self
    }
}

/// Slots of equal width on a ring; what is older than all of them is forgotten.
#[derive(Clone, Debug)]
struct Ring<S, const N: usize> {
    slots: [S; N],
    width_ms: i64,
    /// The number of the newest slot.
    newest: i64,
}

impl<S: Slot, const N: usize> Ring<S, N> {
    fn new(width_ms: i64) -> Self {
        Self { slots: std::array::from_fn(|_| S::default()), width_ms, newest: i64::MIN / 2 }
    }

    fn slot(&mut self, at_ms: i64) -> Option<&mut S> {
        let number = at_ms.div_euclid(self.width_ms);
        self.advance(number);
        (number > self.newest - N as i64).then(|| &mut self.slots[place(number, N)])
    }

    fn advance(&mut self, number: i64) {
        let fresh = (number.saturating_sub(self.newest)).clamp(0, N as i64);
        for step in 0..fresh {
            self.slots[place(number - step, N)] = S::default();
        }
        self.newest = self.newest.max(number);
    }

    /// The slots of the last `back_ms` before a moment, the newest first.
    fn last(&self, now_ms: i64, back_ms: i64) -> impl Iterator<Item = &S> {
        let newest = now_ms.div_euclid(self.width_ms);
        let wanted = back_ms.div_euclid(self.width_ms).min(N as i64);
        (newest - wanted + 1..=newest)
            .rev()
            .filter(|number| (self.newest - N as i64 + 1..=self.newest).contains(number))
            .map(|number| &self.slots[place(number, N)])
    }
}

fn place(number: i64, slots: usize) -> usize {
    usize::try_from(number.rem_euclid(slots as i64)).unwrap_or(0)
}

/// Counts of the last minute and the last hour.
#[derive(Clone, Debug)]
pub(super) struct Past<S> {
    minutes: Ring<S, MINUTES>,
    parts: Ring<u32, PARTS>,
}

impl<S: Slot> Default for Past<S> {
    fn default() -> Self {
        Self { minutes: Ring::new(MINUTE_MS), parts: Ring::new(PART_MS) }
    }
}

impl<S: Slot> Past<S> {
    /// Counts so many, and hands out their minute unless that is too long ago.
    pub(super) fn add(&mut self, at_ms: i64, count: u32) -> Option<&mut S> {
        if let Some(part) = self.parts.slot(at_ms) {
            *part = part.saturating_add(count);
        }
        self.minutes.slot(at_ms)
    }

    /// How many ended in the time before a moment; in less than a minute by parts of it.
    pub(super) fn count(&self, now_ms: i64, back_ms: i64) -> u64 {
        if back_ms <= MINUTE_MS {
            return self.parts.last(now_ms, back_ms).map(|slot| u64::from(slot.count())).sum();
        }
        self.minutes(now_ms, back_ms).map(|slot| u64::from(slot.count())).sum()
    }

    /// The minutes before a moment, the newest first.
    pub(super) fn minutes(&self, now_ms: i64, back_ms: i64) -> impl Iterator<Item = &S> {
        self.minutes.last(now_ms, back_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_what_lies_in_it_and_takes_latecomers() {
        let mut past = Past::<u32>::default();
        for at in [0, 59_999, 60_000, 90_000, 3_000_000, 2_950_000, 61_000] {
            past.add(at, 1).into_iter().for_each(|slot| *slot += 1);
        }
        for (back, count) in [(60_000, 2), (120_000, 2), (3_600_000, 7)] {
            assert_eq!(past.count(3_000_000, back), count, "{back} ms back");
        }
        past.add(7_000_000, 1).into_iter().for_each(|slot| *slot += 1);
        assert_eq!(past.count(7_000_000, 3_600_000), 1);
        assert!(past.add(1_000, 1).is_none(), "too long ago to stand in a window");
        assert_eq!(past.count(7_000_000, 3_600_000), 1);
    }
}
