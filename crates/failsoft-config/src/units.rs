//! Durations, sizes and shares as people write them.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration such as `"250ms"`, `"1.5s"`, `"2m"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Length(pub(crate) Duration);

/// A size such as `"32MiB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) usize);

/// A share from 0 to 1, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) milli: u32,
}

/// A price in US dollars for a million tokens, in millionths of a dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dollars {
    pub(crate) micros: u64,
}

const LENGTHS: &[(&str, u64)] =
    &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
const SIZES: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1000),
    ("kB", 1000),
    ("B", 1),
];
/// Ten years: longer is a slip, and sums stay far from any limit.
const LONGEST_MS: u64 = 10 * 365 * 86_400_000;

/// Reads a duration as people write it: `"250ms"`, `"1.5s"`, `"2m"`, `"24h"`, `"30d"`.
///
/// # Errors
/// What is wrong with it, and how to write it.
pub fn duration(text: &str) -> Result<Duration, String> {
    Length::parse(text).map(|length| length.0)
}

impl Length {
    /// Reads `"250ms"`, `"1.5s"`, `"2m"`, `"24h"`, `"30d"`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let millis = amount(text, LENGTHS).map_err(|fault| match fault {
            Fault::NoUnit => format!("`{text}` has no unit: write \"{text}s\" or \"{text}ms\""),
            Fault::Unreadable => {
                format!(
                    "`{text}` is no duration: write \"250ms\", \"1.5s\", \"2m\", \"24h\" or \"30d\""
                )
            }
            Fault::TooFine => format!("`{text}` is finer than a millisecond"),
        })?;
        if millis > LONGEST_MS {
            return Err(format!("`{text}` is longer than ten years"));
        }
        Ok(Self(Duration::from_millis(millis)))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        // Seconds up to two minutes: "90s" reads better than "1.5m".
        let (unit, size) = LENGTHS
            .iter()
            .find(|(unit, size)| {
                millis >= *size
                    && millis.is_multiple_of(*size)
                    && (*unit != "m" || millis > 120_000)
            })
            .copied()
            .unwrap_or(("s", 1000));
        match millis % size {
            0 => write!(f, "{}{unit}", millis / size),
            _ => write!(f, "{millis}ms"),
        }
    }
}

impl Size {
    /// Reads `"32MiB"`, `"500KB"`, `"1024B"`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let bytes = amount(text, SIZES).map_err(|fault| match fault {
            Fault::NoUnit => format!("`{text}` has no unit: write \"{text}MiB\" or \"{text}B\""),
            Fault::Unreadable | Fault::TooFine => {
                format!("`{text}` is no size: write \"32MiB\", \"500KB\" or \"1024B\"")
            }
        })?;
        usize::try_from(bytes).map(Self).map_err(|_| format!("`{text}` is too large"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as u64;
        let (unit, size) = SIZES
            .iter()
            .find(|(_, size)| bytes >= *size && bytes.is_multiple_of(*size))
            .copied()
            .unwrap_or(("B", 1));
        write!(f, "{}{unit}", bytes / size)
    }
}

impl Share {
    /// A share from 0 to 1 with at most three decimals.
    pub(crate) fn new(share: f64) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("a share lies between 0 and 1, and {share} does not"));
        }
        let milli = (share * 1000.0).round();
        if (share * 1000.0 - milli).abs() > 1e-6 {
            return Err(format!("a share has at most three decimals, and {share} has more"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and 1000"
        )]
        Ok(Self { milli: milli as u32 })
    }
}

impl Dollars {
    /// Nobody asks more for a million tokens.
    const MOST: f64 = 1e6;

    /// A price as it is written.
    pub(crate) fn new(dollars: f64) -> Result<Self, String> {
        if !(0.0..=Self::MOST).contains(&dollars) {
            return Err(format!("{dollars} is no price in US dollars for a million tokens"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and a million million"
        )]
        Ok(Self { micros: (dollars * 1e6).round() as u64 })
    }
}

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "prices are small")]
        serializer.serialize_f64(self.micros as f64 / 1e6)
    }
}

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Dollars {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "dollars".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "number", "format": "dollars", "minimum": 0, "maximum": Self::MOST
        })
    }
}

enum Fault {
    NoUnit,
    Unreadable,
    TooFine,
}

/// A decimal number and a unit, in the smallest unit. Integers only: nothing is rounded.
fn amount(text: &str, units: &[(&str, u64)]) -> Result<u64, Fault> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || number.ends_with('.') || fraction.len() > 9 {
        return Err(Fault::Unreadable);
    }
    let whole: u64 = whole.parse().map_err(|_| Fault::Unreadable)?;
    if unit.is_empty() {
        return Err(Fault::NoUnit);
    }
    let (_, size) = units.iter().find(|(name, _)| *name == unit).ok_or(Fault::Unreadable)?;
    let mut total = whole.checked_mul(*size).ok_or(Fault::Unreadable)?;
    if !fraction.is_empty() {
        let digits: u64 = fraction.parse().map_err(|_| Fault::Unreadable)?;
        let scale = 10_u64.pow(u32::try_from(fraction.len()).unwrap_or(9));
        let part = u128::from(digits) * u128::from(*size);
        if part % u128::from(scale) != 0 {
            return Err(Fault::TooFine);
        }
        let part = u64::try_from(part / u128::from(scale)).map_err(|_| Fault::Unreadable)?;
        total = total.checked_add(part).ok_or(Fault::Unreadable)?;
    }
    Ok(total)
}

macro_rules! written_as_text {
    ($type:ident, $format:literal, $pattern:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $format.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format, "pattern": $pattern })
            }
        }
    };
}

written_as_text!(Length, "duration", r"^[0-9]+(\.[0-9]+)? ?(ms|s|m|h|d)$");
written_as_text!(Size, "size", r"^[0-9]+(\.[0-9]+)? ?(B|[kKMG]B|[KMG]iB)$");

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.milli) / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Share {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "format": "share", "minimum": 0, "maximum": 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        for (text, millis) in [
            ("250ms", 250),
            ("1.5s", 1500),
            ("2m", 120_000),
            ("0s", 0),
            ("0.25 s", 250),
            ("24h", 86_400_000),
            ("30d", 2_592_000_000),
        ] {
            assert_eq!(Length::parse(text), Ok(Length(Duration::from_millis(millis))), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        for (text, word) in [
            ("30", "no unit"),
            ("", "no duration"),
            ("s", "no duration"),
            ("-1s", "no duration"),
            ("1.s", "no duration"),
            ("1 week", "no duration"),
            ("1,5s", "no duration"),
            ("0.5ms", "finer"),
            ("99999999999999999999s", "no duration"),
            ("5000d", "longer"),
        ] {
            let words = Length::parse(text).expect_err(text);
            assert!(words.contains(word), "{text}: {words}");
        }
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for millis in [0, 1, 250, 1500, 5000, 90_000, 120_000, 300_000, 600_000, 7_200_000] {
            let length = Length(Duration::from_millis(millis));
            assert_eq!(Length::parse(&length.to_string()), Ok(length));
        }
        for bytes in [0, 1, 1000, 1024, 32 << 20, 1_500_000] {
            assert_eq!(Size::parse(&Size(bytes).to_string()), Ok(Size(bytes)));
        }
        assert_eq!(Length(Duration::from_secs(120)).to_string(), "120s");
        assert_eq!(Size(32 << 20).to_string(), "32MiB");
    }

    #[test]
    fn shares_are_thousandths() {
        assert_eq!(Share::new(0.1), Ok(Share { milli: 100 }));
        assert_eq!(Share::new(1.0), Ok(Share { milli: 1000 }));
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY, 0.0001] {
            assert!(Share::new(wrong).is_err(), "{wrong}");
        }
    }
}
