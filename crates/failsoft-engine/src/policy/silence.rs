//! Silence: how long everything that was sent to a target has gone without a sign of life.

use std::time::Duration;

use crate::Moment;

/// Moments of sending that are remembered exactly.
const REMEMBERED: u32 = 32;

/// The sends that nothing has been heard after. An answer vouches for what was sent before it,
/// and for nothing that was sent later: a slow answer to an old call does not break a silence.
#[derive(Debug, Default, Hash)]
pub(crate) struct Silence {
    sent: u32,
    heard: u32,
    /// When the first send after the last one heard of went out.
    since: Moment,
    moments: [Moment; REMEMBERED as usize],
}

impl Silence {
    /// Something went out; the number it goes by. What `tells` nothing by its silence is not
    /// counted, but its answer is a sign of life as any other.
    pub(crate) fn send(&mut self, now: Moment, tells: bool) -> u32 {
        if tells {
            if self.heard == self.sent {
                self.since = now;
            }
            self.sent = self.sent.wrapping_add(1);
            self.moments[(self.sent % REMEMBERED) as usize] = now;
        }
        self.sent
    }

    /// What went by this number was answered, well or badly.
    pub(crate) fn hear(&mut self, number: u32) {
        let ahead = self.sent.wrapping_sub(number);
        if ahead >= self.unheard() {
            return;
        }
        self.heard = number;
        let back = ahead.min(REMEMBERED).saturating_sub(1);
        self.since = self.moments[(self.sent.wrapping_sub(back) % REMEMBERED) as usize];
    }

    /// Forgets what is out.
    pub(crate) fn clear(&mut self) {
        self.heard = self.sent;
    }

    /// Whether at least `sends` have gone without an answer for at least `lasts`.
    pub(crate) fn reaches(&self, now: Moment, sends: u32, lasts: Duration) -> bool {
        sends > 0 && self.unheard() >= sends && now.since(self.since) >= lasts
    }

    /// How many have gone without an answer, and for how long.
    pub(crate) fn so_far(&self, now: Moment) -> (u32, Duration) {
        (self.unheard(), now.since(self.since))
    }

    fn unheard(&self) -> u32 {
        self.sent.wrapping_sub(self.heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(secs)
    }

    fn reaches(silence: &Silence, now: u64) -> Vec<bool> {
        [1, 2, 3, 4].map(|sends| silence.reaches(at(now), sends, Duration::from_secs(5))).to_vec()
    }

    #[test]
    fn an_answer_vouches_only_for_what_was_sent_before_it() {
        let mut silence = Silence::default();
        let numbers: Vec<u32> = (0..4).map(|now| silence.send(at(now), true)).collect();
        assert_eq!(reaches(&silence, 5), [true, true, true, true]);
        silence.hear(numbers[1]);
        assert_eq!(reaches(&silence, 6), [false; 4], "counted from the third send");
        assert_eq!(reaches(&silence, 7), [true, true, false, false]);
        silence.hear(numbers[0]);
        assert_eq!(reaches(&silence, 7), [true, true, false, false], "an old answer says nothing");
        silence.hear(numbers[3]);
        assert_eq!(reaches(&silence, 100), [false; 4]);
        silence.send(at(100), true);
        assert_eq!(reaches(&silence, 104), [false; 4], "idle time is not silence");
    }

    #[test]
    fn more_sends_than_are_remembered_do_not_hide_a_silence() {
        let mut silence = Silence::default();
        let first = silence.send(at(0), true);
        for _ in 0..100 {
            silence.send(at(1), true);
        }
        silence.hear(first);
        for _ in 0..100 {
            silence.send(at(5), true);
        }
        assert!(silence.reaches(at(6), 200, Duration::from_secs(5)));
    }

    #[test]
    fn what_tells_nothing_is_not_counted_but_heard() {
        let mut silence = Silence::default();
        silence.send(at(0), true);
        let plain = silence.send(at(1), false);
        assert_eq!(reaches(&silence, 9), [true, false, false, false]);
        silence.hear(plain);
        assert_eq!(reaches(&silence, 9), [false; 4]);
    }
}
