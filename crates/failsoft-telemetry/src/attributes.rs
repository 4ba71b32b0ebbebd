//! A list of attributes, written down in one breath.

use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// A text longer than this is cut: nothing an operator reads is.
const LONGEST: usize = 256;

/// Attributes of a span, a log record or a resource.
#[derive(Debug, Default)]
pub(crate) struct Attributes(Vec<KeyValue>);

impl Attributes {
    pub(crate) fn text(self, key: &str, text: &str) -> Self {
        let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end);
        self.with(key, Value::StringValue(text[..end].to_owned()))
    }

    /// Where it is known, as in the names that end in `maybe_`.
    pub(crate) fn maybe_text(self, key: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(key, text),
            None => self,
        }
    }

    pub(crate) fn number(self, key: &str, number: impl TryInto<i64>) -> Self {
        self.with(key, Value::IntValue(number.try_into().unwrap_or(i64::MAX)))
    }

    pub(crate) fn maybe_number(self, key: &str, number: Option<impl TryInto<i64>>) -> Self {
        match number {
            Some(number) => self.number(key, number),
            None => self,
        }
    }

    /// Left out where it is 0.
    pub(crate) fn count(self, key: &str, number: impl TryInto<i64>) -> Self {
        self.maybe_number(key, number.try_into().ok().filter(|number: &i64| *number != 0))
    }

    pub(crate) fn truth(self, key: &str, truth: bool) -> Self {
        self.with(key, Value::BoolValue(truth))
    }

    pub(crate) fn maybe_seconds(self, key: &str, time: Option<Duration>) -> Self {
        match time {
            Some(time) => self.with(key, Value::DoubleValue(time.as_secs_f64())),
            None => self,
        }
    }

    /// Billionths of a dollar as dollars.
    #[expect(clippy::cast_precision_loss, reason = "an estimate for a person")]
    pub(crate) fn maybe_dollars(self, key: &str, nanos: Option<u64>) -> Self {
        match nanos {
            Some(nanos) => self.with(key, Value::DoubleValue(nanos as f64 / 1e9)),
            None => self,
        }
    }

    pub(crate) fn into_list(self) -> Vec<KeyValue> {
        self.0
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        let value = Some(AnyValue { value: Some(value) });
        self.0.push(KeyValue { key: key.to_owned(), value, ..KeyValue::default() });
        self
    }
}
