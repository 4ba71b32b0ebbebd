//! The figures a decision was made by.

use std::fmt;

/// What a figure counts; its name carries its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Milliseconds until the call must have ended.
    DeadlineLeftMs,
    /// Milliseconds the attempt would have needed.
    NeededMs,
    /// Attempts the call may still make, this one included.
    AttemptsLeft,
}

impl Measure {
    /// The stable name used in the journal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeadlineLeftMs => "deadline_left_ms",
            Self::NeededMs => "needed_ms",
            Self::AttemptsLeft => "attempts_left",
        }
    }
}

/// A few figures, in the order in which they are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grounds([Option<(Measure, u32)>; Self::MOST]);

impl Grounds {
    /// Nothing to tell.
    pub const NONE: Self = Self([None; Self::MOST]);
    /// What goes beyond is left out.
    pub const MOST: usize = 5;

    /// One figure more.
    #[must_use]
    pub fn with(mut self, measure: Measure, figure: u32) -> Self {
        if let Some(free) = self.0.iter_mut().find(|place| place.is_none()) {
            *free = Some((measure, figure));
        }
        self
    }

    /// The figures.
    pub fn iter(&self) -> impl Iterator<Item = (Measure, u32)> {
        self.0.iter().flatten().copied()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0[0].is_none()
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
