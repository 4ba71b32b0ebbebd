//! Limit: how many attempts a target holds at once, learnt from its rejections.

use std::time::Duration;

use crate::Moment;

/// A concurrency limit that moves in windows by the share of rejections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// Whether there is one.
    pub enabled: bool,
    /// It never falls below this.
    pub min: u32,
    /// It starts here and never rises above.
    pub max: u32,
    /// It moves at most once in this time.
    pub window: Duration,
    /// Outcomes a window needs to count (or three times its length must have passed).
    pub min_outcomes: u32,
    /// The share of bad outcomes above which it falls, in thousandths.
    pub bad_milli: u32,
}

impl Default for Limit {
    /// A windowed ratio: TCP-like halving settles at a third of capacity under natural timeouts. It
    /// starts well above what one process mostly needs, so that it never holds back a healthy
    /// target; a start four times too high costs nothing once rejections come.
    fn default() -> Self {
        Self {
            enabled: true,
            min: 2,
            max: 1000,
            window: Duration::from_secs(5),
            min_outcomes: 10,
            bad_milli: 100,
        }
    }
}

/// What an attempt says about the room at its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// It was taken in.
    Good,
    /// It was turned away for want of room.
    Rejected,
    /// It got no first content in time; bad only above the target's own usual share.
    TimedOut,
    /// Nothing.
    Unknown,
}

/// Leave to hold one attempt at a target; given back once.
#[derive(Debug, Hash)]
#[must_use]
pub(crate) struct LimitPermit(());

/// The state of one target's limit.
#[derive(Debug, Hash)]
pub(crate) struct LimitCell {
    rules: Limit,
    limit: u32,
    in_flight: u32,
    /// The most held at once in this window.
    peak: u32,
    began: Moment,
    outcomes: u32,
    rejected: u32,
    timed_out: u32,
    /// The usual share of attempts without first content, in thousandths.
    usual_milli: u32,
}

impl LimitCell {
    pub(crate) fn new(rules: Limit, now: Moment) -> Self {
        let limit = rules.max.max(1);
        Self {
            rules,
            limit,
            in_flight: 0,
            peak: 0,
            began: now,
            outcomes: 0,
            rejected: 0,
            timed_out: 0,
            usual_milli: 0,
        }
    }

    /// New rules from here on. The limit stays, as far as they allow it. True if it moved.
    pub(crate) fn follow(&mut self, rules: &Limit) -> bool {
        let before = self.limit;
        if self.rules != *rules {
            let was_at_top = self.limit == self.rules.max.max(1);
            self.rules = rules.clone();
            self.limit = if was_at_top { self.ceiling() } else { self.bounded(self.limit) };
        }
        self.limit != before
    }

    /// Attempts it may hold at once, if that is bounded.
    pub(crate) fn limit(&self) -> Option<u32> {
        self.rules.enabled.then_some(self.limit)
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Whether one more fits.
    pub(crate) fn has_room(&self) -> bool {
        !self.rules.enabled || self.in_flight < self.limit
    }

    /// Whether a fifth of it is free.
    pub(crate) fn has_headroom(&self) -> bool {
        let free = u64::from(self.limit.saturating_sub(self.in_flight));
        !self.rules.enabled || free * 5 >= u64::from(self.limit)
    }

    pub(crate) fn take(&mut self) -> LimitPermit {
        self.in_flight = self.in_flight.saturating_add(1);
        self.peak = self.peak.max(self.in_flight);
        LimitPermit(())
    }

    pub(crate) fn give_back(&mut self, permit: LimitPermit) {
        let LimitPermit(()) = permit;
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Counts an outcome, and moves at most once a window. True if it moved.
    pub(crate) fn record(&mut self, now: Moment, room: Room) -> bool {
        match room {
            Room::Unknown => return false,
            Room::Good => {}
            Room::Rejected => self.rejected = self.rejected.saturating_add(1),
            Room::TimedOut => self.timed_out = self.timed_out.saturating_add(1),
        }
        self.outcomes = self.outcomes.saturating_add(1);
        let age = now.since(self.began);
        let full = self.outcomes >= self.rules.min_outcomes && age >= self.rules.window;
        if !full && age < self.rules.window.saturating_mul(3) {
            return false;
        }
        self.turn_window(now)
    }

    /// After a breaker closed: a quarter of what it was, to grow again.
    pub(crate) fn restart(&mut self, now: Moment) -> bool {
        let before = self.limit;
        self.limit = self.bounded(self.limit / 4);
        self.begin(now);
        self.rules.enabled && self.limit != before
    }

    fn turn_window(&mut self, now: Moment) -> bool {
        let all = u64::from(self.outcomes);
        let late_milli = u64::from(self.timed_out) * 1000 / all.max(1);
        let usual = u64::from(self.usual_milli);
        let bad_milli =
            u64::from(self.rejected) * 1000 / all.max(1) + late_milli.saturating_sub(usual);
        self.usual_milli = ((usual * 7 + late_milli) / 8) as u32;
        let before = self.limit;
        if bad_milli > u64::from(self.rules.bad_milli) {
            self.limit = self.bounded((u64::from(self.limit) * 85 / 100) as u32);
        } else if u64::from(self.peak) * 2 >= u64::from(self.limit) {
            self.limit = self.bounded(self.limit.saturating_add(self.limit / 4).saturating_add(1));
        }
        self.begin(now);
        self.rules.enabled && self.limit != before
    }

    fn begin(&mut self, now: Moment) {
        self.began = now;
        self.outcomes = 0;
        self.rejected = 0;
        self.timed_out = 0;
        self.peak = self.in_flight;
    }

    fn bounded(&self, limit: u32) -> u32 {
        limit.max(self.rules.min).clamp(1, self.ceiling())
    }

    fn ceiling(&self) -> u32 {
        self.rules.max.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(secs)
    }

    /// Plays windows of outcomes with this many held at once, and returns the limit after each.
    fn windows(cell: &mut LimitCell, held: u32, rooms: &[Room], count: u64) -> Vec<u32> {
        let permits: Vec<LimitPermit> = (0..held).map(|_| cell.take()).collect();
        let start = cell.began.as_nanos() / 1_000_000_000;
        let limits = (1..=count).map(|window| {
            let (last, rest) = rooms.split_last().unwrap();
            for room in rest {
                cell.record(at(start + window * 5 - 5), *room);
            }
            cell.record(at(start + window * 5), *last);
            cell.limit
        });
        let limits = limits.collect();
        for permit in permits {
            cell.give_back(permit);
        }
        limits
    }

    fn up_to_200() -> Limit {
        Limit { max: 200, ..Limit::default() }
    }

    fn rooms(good: usize, rejected: usize, timed_out: usize) -> Vec<Room> {
        let mut rooms = vec![Room::Good; good];
        rooms.extend(vec![Room::Rejected; rejected]);
        rooms.extend(vec![Room::TimedOut; timed_out]);
        rooms
    }

    #[test]
    fn it_falls_with_rejections_and_grows_again_when_it_is_used() {
        let mut cell = LimitCell::new(up_to_200(), at(0));
        assert_eq!(windows(&mut cell, 0, &rooms(0, 10, 0), 3), [170, 144, 122]);
        assert_eq!(windows(&mut cell, 0, &rooms(10, 0, 0), 2), [122, 122], "nobody needs more");
        assert_eq!(windows(&mut cell, 100, &rooms(10, 0, 0), 3), [153, 192, 200]);
    }

    /// The additive kind settles at a third of capacity under a few natural timeouts.
    #[test]
    fn the_usual_share_of_timeouts_does_not_move_it() {
        let mut cell = LimitCell::new(up_to_200(), at(0));
        let limits = windows(&mut cell, 0, &rooms(95, 0, 5), 100);
        assert_eq!(limits.last(), Some(&200));
        let limits = windows(&mut cell, 0, &rooms(60, 0, 40), 1);
        assert_eq!(limits, [170], "many more than usual do");
    }

    #[test]
    fn it_stays_inside_its_bounds_and_restarts_low() {
        let mut cell = LimitCell::new(up_to_200(), at(0));
        assert_eq!(windows(&mut cell, 0, &rooms(0, 10, 0), 60).last(), Some(&2));
        let mut cell = LimitCell::new(up_to_200(), at(0));
        assert!(cell.restart(at(1)));
        assert_eq!(cell.limit, 50);
        let tiny = Limit { max: 1, min: 5, ..Limit::default() };
        assert_eq!(LimitCell::new(tiny, at(0)).limit, 1);
    }

    #[test]
    fn it_moves_at_most_once_a_window() {
        let mut cell = LimitCell::new(up_to_200(), at(0));
        let moves = (0..100).filter(|_| cell.record(at(5), Room::Rejected)).count();
        assert_eq!(moves, 1);
    }

    #[test]
    fn a_smaller_bound_takes_hold_at_once() {
        let mut cell = LimitCell::new(up_to_200(), at(0));
        let permits: Vec<LimitPermit> = (0..10).map(|_| cell.take()).collect();
        assert!(cell.follow(&Limit { max: 5, ..Limit::default() }));
        assert!(!cell.has_room());
        for permit in permits {
            cell.give_back(permit);
        }
        assert!(cell.has_room());
    }
}
