//! Quota, as written.

use std::borrow::Cow;
use std::time::Duration;

use failsoft_engine::policy::{Quota, Rate};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::report::{At, say};
use crate::units::Length;

/// What the provider grants to one key for one model. Calls are held back before the provider
/// would refuse them.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QuotaSpec {
    /// Requests in a time, e.g. `"500/min"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<RateSpec>,
    /// Tokens in a time, read and written together, e.g. `"200k/min"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<RateSpec>,
    /// What this much time earns may be used at once.
    burst: Length,
}

impl Default for QuotaSpec {
    /// Providers may enforce 60 in a minute as one in each second.
    fn default() -> Self {
        let usual = Rate::new(1, Duration::from_secs(60));
        Self { requests: None, tokens: None, burst: Length(usual.burst) }
    }
}

impl QuotaSpec {
    pub(crate) fn check(&self, at: &At<'_>) -> Quota {
        if self.burst.0.is_zero() {
            at.key("burst").error(
                say("without a burst nothing would ever pass").hint("write at least \"1s\""),
            );
        }
        let rate = |spec: RateSpec| Rate {
            amount: spec.amount,
            per: spec.unit.length(),
            burst: self.burst.0,
        };
        Quota { requests: self.requests.map(rate), tokens: self.tokens.map(rate) }
    }
}

/// So much in such a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateSpec {
    amount: u64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

impl Unit {
    const ALL: [(&str, Self); 4] =
        [("s", Self::Second), ("min", Self::Minute), ("h", Self::Hour), ("d", Self::Day)];

    const fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        })
    }
}

impl RateSpec {
    /// Reads `"500/min"`, `"200k/min"`, `"10/s"`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no rate: write \"500/min\", \"200k/min\" or \"10/s\"");
        let (amount, unit) = text.split_once('/').ok_or_else(wrong)?;
        let known = Unit::ALL.into_iter().find(|(name, _)| unit.trim() == *name);
        let (_, unit) = known.ok_or_else(wrong)?;
        let amount = amount.trim();
        let factors = [("k", 1_000), ("M", 1_000_000)];
        let with_factor = |(suffix, factor)| Some((amount.strip_suffix(suffix)?, factor));
        let (digits, factor) = factors.into_iter().find_map(with_factor).unwrap_or((amount, 1));
        let amount = digits.parse::<u64>().ok().and_then(|digits| digits.checked_mul(factor));
        let amount = amount.filter(|amount| *amount > 0).ok_or_else(wrong)?;
        Ok(Self { amount, unit })
    }
}

impl Serialize for RateSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unit = Unit::ALL.iter().find(|(_, unit)| *unit == self.unit).map_or("s", |(n, _)| n);
        serializer.serialize_str(&format!("{}/{unit}", self.amount))
    }
}

impl<'de> Deserialize<'de> for RateSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl JsonSchema for RateSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "rate", "pattern": "^[0-9]+[kM]?/(s|min|h|d)$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_people_write_them() {
        for (text, expected) in [
            ("500/min", Some((500, Unit::Minute))),
            ("200k/min", Some((200_000, Unit::Minute))),
            ("2M/d", Some((2_000_000, Unit::Day))),
            ("10 / s", Some((10, Unit::Second))),
            ("0/min", None),
            ("500", None),
            ("500/minute", None),
            ("-1/s", None),
            ("1.5k/s", None),
            ("99999999999999999999/s", None),
            ("20000000000000M/s", None),
        ] {
            let read = RateSpec::parse(text).ok().map(|rate| (rate.amount, rate.unit));
            assert_eq!(read, expected, "{text}");
        }
    }
}
