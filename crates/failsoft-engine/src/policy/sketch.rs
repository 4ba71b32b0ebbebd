//! Sketch: how long a target's answers take to begin, whatever the size of the prompt.
//!
//! A wait is kept as a multiple of what prompts of its size usually take. What was cut short by us
//! is no answer, but it says that its answer would have taken at least that long: it is counted
//! apart, and the quantile is that of Kaplan and Meier. Counting only answers would make every
//! hedge the reason for the next one, and counting a cut as an answer nearly so.

use std::time::Duration;

use crate::Moment;

/// A wait whose buckets differ by 2%: 35 of them double it. In 65536ths.
const EDGES: [u64; PER_OCTAVE + 1] = [
    65_536, 66_847, 68_184, 69_548, 70_939, 72_358, 73_805, 75_281, 76_787, 78_323, 79_889, 81_487,
    83_117, 84_780, 86_475, 88_205, 89_969, 91_769, 93_604, 95_476, 97_386, 99_334, 101_321,
    103_347, 105_415, 107_523, 109_674, 111_867, 114_105, 116_387, 118_715, 121_090, 123_511,
    125_982, 128_502, 131_072,
];
const PER_OCTAVE: usize = 35;
/// What prompts of a size usually take, as a multiple in fixed point.
const USUAL_BITS: u32 = 16;
/// Less than a sixteenth of the usual counts as that, …
const LEAST_BITS: u32 = USUAL_BITS - 4;
/// … and so does more than a thousand times of it.
const OCTAVES: usize = 14;
const BUCKETS: usize = OCTAVES * PER_OCTAVE;
/// Answers without which nothing is said of the rest.
const LEAST_ANSWERS: u32 = 100;
/// How long a histogram is filled …
const SPAN: Duration = Duration::from_secs(60);
/// … and how long at most, if too few answers come.
const LONGEST_SPAN: Duration = Duration::from_secs(600);
/// A quantile is not looked for again before this.
const QUANTILE_LASTS: Duration = Duration::from_secs(1);

/// Times to first content of late, in two histograms that take turns.
#[derive(Debug, Hash)]
pub(crate) struct Sketch {
    newer: Histogram,
    older: Histogram,
    /// When the newer one was begun.
    began: Moment,
    sizes: [Size; SIZES],
    /// Tokens of a running average prompt, in 32nds.
    average: u64,
    quantile: Quantile,
}

/// What was seen of an attempt's wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// First content ended it.
    Whole,
    /// We did: it would have lasted longer.
    Cut,
}

/// The quantile that was looked for last.
#[derive(Clone, Copy, Debug, Hash)]
struct Quantile {
    milli: u32,
    at: Moment,
    /// As a multiple of the usual.
    multiple: Option<u64>,
}

impl Sketch {
    pub(crate) fn new(now: Moment) -> Self {
        Self {
            newer: Histogram::default(),
            older: Histogram::default(),
            began: now,
            sizes: [Size::default(); SIZES],
            average: 0,
            quantile: Quantile { milli: 0, at: Moment::ZERO, multiple: None },
        }
    }

    /// An attempt with a prompt of so many tokens waited this long.
    pub(crate) fn observe(&mut self, now: Moment, tokens: u32, took: Duration, wait: Wait) {
        self.take_turns(now);
        let tokens = u64::from(tokens);
        self.average = match self.average {
            0 => tokens * 32,
            average => average - average / 32 + tokens,
        };
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let size = &mut self.sizes[size_of(tokens)];
        if let Some(usual) = size.known() {
            let multiple = (u128::from(took) << USUAL_BITS) / u128::from(usual);
            self.newer.add(bucket_of(u64::try_from(multiple).unwrap_or(u64::MAX)), wait);
        }
        size.learn(took, wait);
    }

    /// The wait that this share of answers to such a prompt, in thousandths, is shorter than.
    pub(crate) fn quantile(&mut self, now: Moment, tokens: u32, milli: u32) -> Option<Duration> {
        let known = &self.quantile;
        // That too little is known may be over with the next answer, and costs one look to find.
        let is_old = known.multiple.is_none() || now.since(known.at) >= QUANTILE_LASTS;
        if known.milli != milli || is_old {
            self.take_turns(now);
            self.quantile = Quantile { milli, at: now, multiple: self.look_for(milli) };
        }
        self.of_usual(u64::from(tokens), self.quantile.multiple?)
    }

    /// The quantile that was looked for last, for an average prompt.
    pub(crate) fn shown(&self) -> Option<Duration> {
        self.of_usual(self.average / 32, self.quantile.multiple?)
    }

    /// The quantile that was looked for last, for a prompt of so many tokens, and the answers it is
    /// known from.
    pub(crate) fn known(&self, tokens: u32) -> Option<(Duration, u64)> {
        let answers = u64::from(self.newer.answers) + u64::from(self.older.answers);
        Some((self.of_usual(u64::from(tokens), self.quantile.multiple?)?, answers))
    }

    fn of_usual(&self, tokens: u64, multiple: u64) -> Option<Duration> {
        let usual = self.sizes[size_of(tokens)].known()?;
        let nanos = (u128::from(usual) * u128::from(multiple)) >> USUAL_BITS;
        Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    /// Few answers are kept longer, so that a quiet target is known as well as a busy one.
    fn take_turns(&mut self, now: Moment) {
        let age = now.since(self.began);
        if age < SPAN || (age < LONGEST_SPAN && self.newer.answers < LEAST_ANSWERS) {
            return;
        }
        if age >= 2 * LONGEST_SPAN {
            *self = Self::new(now);
            return;
        }
        self.older = std::mem::take(&mut self.newer);
        self.began = now;
    }

    /// Kaplan and Meier: of those still waiting at each moment, the share that goes on waiting.
    fn look_for(&self, milli: u32) -> Option<u64> {
        /// In fixed point, so small that it can be multiplied with all counts there can be.
        const ALL: u64 = 1 << 28;
        if self.newer.answers.saturating_add(self.older.answers) < LEAST_ANSWERS {
            return None;
        }
        let wanted = ALL / 1000 * u64::from(1000_u32.saturating_sub(milli));
        let mut waiting = self.newer.all() + self.older.all();
        let mut share = ALL;
        for (bucket, (newer, older)) in self.newer.counts.iter().zip(&self.older.counts).enumerate()
        {
            let answered = u64::from(newer.whole) + u64::from(older.whole);
            if answered > 0 {
                share = share * (waiting - answered) / waiting;
                if share <= wanted {
                    return Some(upper_edge(bucket));
                }
            }
            waiting -= answered + u64::from(newer.cut) + u64::from(older.cut);
        }
        None
    }
}

/// Counts of waits, by buckets that differ by 2%.
#[derive(Debug, Hash)]
struct Histogram {
    counts: [Count; BUCKETS],
    answers: u32,
    cuts: u32,
}

#[derive(Clone, Copy, Debug, Default, Hash)]
struct Count {
    whole: u32,
    cut: u32,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [Count::default(); BUCKETS], answers: 0, cuts: 0 }
    }
}

impl Histogram {
    /// One that is full counts no more: it is emptied long before.
    fn add(&mut self, bucket: usize, wait: Wait) {
        let count = &mut self.counts[bucket];
        let (here, all) = match wait {
            Wait::Whole => (&mut count.whole, &mut self.answers),
            Wait::Cut => (&mut count.cut, &mut self.cuts),
        };
        if let Some(more) = all.checked_add(1) {
            *all = more;
            *here += 1;
        }
    }

    fn all(&self) -> u64 {
        u64::from(self.answers) + u64::from(self.cuts)
    }
}

const fn bucket_of(multiple: u64) -> usize {
    let octave = if multiple == 0 { 0 } else { multiple.ilog2() };
    if octave < LEAST_BITS {
        return 0;
    }
    if octave as usize >= LEAST_BITS as usize + OCTAVES {
        return BUCKETS - 1;
    }
    let mantissa = (multiple << USUAL_BITS) >> octave;
    let (mut low, mut high) = (0, PER_OCTAVE);
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if EDGES[middle] <= mantissa { low = middle } else { high = middle }
    }
    (octave - LEAST_BITS) as usize * PER_OCTAVE + low
}

const fn upper_edge(bucket: usize) -> u64 {
    let octave = (bucket / PER_OCTAVE) as u32 + LEAST_BITS;
    (EDGES[bucket % PER_OCTAVE + 1] << octave) >> USUAL_BITS
}

/// Classes of prompts by the powers of two of their tokens. Below the first the size matters little.
const SIZES: usize = 16;
const FIRST_SIZE_BITS: u32 = 8;
/// Answers before the usual wait of a size is known.
const LEAST_TO_KNOW: u32 = 8;
/// The usual wait moves by this share of itself, once it is well known.
const SLOWEST_STEP: u64 = 128;

fn size_of(tokens: u64) -> usize {
    let bits = tokens.max(1).ilog2().saturating_sub(FIRST_SIZE_BITS - 1);
    (bits as usize).min(SIZES - 1)
}

/// What prompts of one size usually take: a running middle that stragglers do not move.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Size {
    /// Nanoseconds.
    usual: u64,
    answers: u32,
}

impl Size {
    fn known(&self) -> Option<u64> {
        (self.answers >= LEAST_TO_KNOW).then_some(self.usual)
    }

    fn learn(&mut self, took: u64, wait: Wait) {
        const LEAST: u64 = 1_000;
        let longer = took > self.usual;
        match wait {
            Wait::Whole if self.answers == 0 => self.usual = took.max(LEAST),
            // What was cut short before the usual time says nothing.
            Wait::Cut if !longer || self.answers == 0 => return,
            Wait::Whole | Wait::Cut => {
                let step = self.usual / (u64::from(self.answers) + 4).min(SLOWEST_STEP);
                self.usual =
                    if longer { self.usual.saturating_add(step) } else { self.usual - step };
                self.usual = self.usual.max(LEAST);
            }
        }
        if wait == Wait::Whole {
            self.answers = self.answers.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
