//! Numbers as proto JSON writes them: bare, or in quotes.

use crate::scan::Value;

/// A number's digits.
fn digits<'a>(value: &Value<'a>) -> Option<&'a str> {
    std::str::from_utf8(value.text().unwrap_or(value.raw)).ok()
}

/// Any number.
pub(super) fn float(value: &Value<'_>) -> Option<f64> {
    digits(value)?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A whole number, however it is written.
pub(super) fn whole(value: &Value<'_>) -> Option<i64> {
    let digits = digits(value)?;
    if let Ok(number) = digits.parse() {
        return Some(number);
    }
    let number = float(value).filter(|number| number.fract() == 0.0 && number.abs() < 9e15)?;
    // Bounded above, and nothing behind the point.
    format!("{number:.0}").parse().ok()
}

/// A whole number from 0 on; beyond `u32` it is the largest one.
pub(super) fn count(value: &Value<'_>) -> Option<u32> {
    let number = u64::try_from(whole(value)?).ok()?;
    Some(u32::try_from(number).unwrap_or(u32::MAX))
}

/// `true` or `false`.
pub(super) fn boolean(value: &Value<'_>) -> Option<bool> {
    match digits(value)? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
