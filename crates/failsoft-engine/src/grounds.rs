//! The figures a decision was made by.

use std::fmt;
use std::time::Duration;

use crate::Measure;

/// A few figures, in the order in which they are told.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Grounds {
    measures: [Option<Measure>; Self::MOST],
    figures: [u32; Self::MOST],
    /// How many there are; counted, so that adding one costs a healthy call next to nothing.
    told: u8,
}

impl Grounds {
    /// Nothing to tell.
    pub const NONE: Self = Self { measures: [None; Self::MOST], figures: [0; Self::MOST], told: 0 };
    /// As many as any decision has; what went beyond would be left out.
    pub const MOST: usize = 10;

    /// One figure more.
    #[must_use]
    #[inline]
    pub const fn with(mut self, measure: Measure, figure: u32) -> Self {
        let place = self.told as usize;
        debug_assert!(place < Self::MOST, "a decision has more figures than are kept");
        if place < Self::MOST {
            self.measures[place] = Some(measure);
            self.figures[place] = figure;
            self.told += 1;
        }
        self
    }

    /// One figure more; what is beyond the largest figure counts as that.
    #[must_use]
    #[inline]
    pub const fn count(self, measure: Measure, figure: u64) -> Self {
        self.with(measure, if figure > u32::MAX as u64 { u32::MAX } else { figure as u32 })
    }

    /// One figure more, a time, in whole milliseconds.
    #[must_use]
    #[inline]
    pub const fn span(self, measure: Measure, span: Duration) -> Self {
        let millis =
            span.as_secs().saturating_mul(1000).saturating_add(span.subsec_millis() as u64);
        self.count(measure, millis)
    }

    /// The figures.
    pub fn iter(&self) -> impl Iterator<Item = (Measure, u32)> {
        let figures = self.measures.iter().zip(self.figures);
        figures.map_while(|(measure, figure)| Some(((*measure)?, figure)))
    }

    /// One of the figures, if it was told.
    #[must_use]
    pub fn of(&self, measure: Measure) -> Option<u32> {
        self.iter().find(|(told, _)| *told == measure).map(|(_, figure)| figure)
    }

    /// Whether these are figures of the same measures, in the same order.
    #[must_use]
    #[inline]
    pub fn is_alike(&self, other: &Self) -> bool {
        self.measures == other.measures
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.told == 0
    }
}

/// `name=number` pairs with blanks between them.
impl fmt::Display for Grounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (measure, figure)) in self.iter().enumerate() {
            let blank = if place == 0 { "" } else { " " };
            write!(f, "{blank}{}={figure}", measure.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Grounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_in_order() {
        let two = Grounds::NONE
            .span(Measure::DeadlineLeftMs, Duration::from_millis(5_200))
            .count(Measure::BudgetLeftMilli, u64::MAX);
        assert_eq!(two.to_string(), "deadline_left_ms=5200 budget_left_milli=4294967295");
        assert_eq!(two.of(Measure::DeadlineLeftMs), Some(5_200));
        assert_eq!((two.of(Measure::Tier), two.is_empty()), (None, false));
        let all = Measure::ALL.into_iter().zip(0..);
        let most = all.take(Grounds::MOST);
        let many = most.fold(Grounds::NONE, |told, (measure, figure)| told.with(measure, figure));
        assert_eq!(many.iter().count(), Grounds::MOST);
        assert!(Grounds::NONE.is_empty() && Grounds::default() == Grounds::NONE);
    }

    #[test]
    fn measures_have_names_of_their_own() {
        for (place, measure) in Measure::ALL.into_iter().enumerate() {
            assert_eq!(measure as usize, place, "the list is in the order of the words");
            let others = Measure::ALL[..place].iter();
            assert!(others.clone().all(|other| other.as_str() != measure.as_str()));
        }
    }

    /// Events are copied with every step.
    #[test]
    fn an_event_stays_small() {
        assert!(size_of::<Grounds>() <= 52, "{}", size_of::<Grounds>());
        assert!(size_of::<crate::Event>() <= 128, "{}", size_of::<crate::Event>());
    }
}
