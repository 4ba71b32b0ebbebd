//! A value that may be written short, as a text, or long, as a table.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Short or long. The kind of the value decides, so each form has its own error messages.
#[derive(Clone)]
pub(crate) enum Short<S, L> {
    Text(S),
    Table(L),
}

impl<S: Serialize, L: Serialize> Serialize for Short<S, L> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Table(table) => table.serialize(serializer),
        }
    }
}

struct ByKind<S, L>(PhantomData<(S, L)>);

impl<'de, S: Deserialize<'de>, L: Deserialize<'de>> Visitor<'de> for ByKind<S, L> {
    type Value = Short<S, L>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a table")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        S::deserialize(serde::de::value::StrDeserializer::new(text)).map(Short::Text)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        L::deserialize(MapAccessDeserializer::new(map)).map(Short::Table)
    }
}

impl<'de, S: Deserialize<'de>, L: Deserialize<'de>> Deserialize<'de> for Short<S, L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ByKind(PhantomData))
    }
}

impl<S: JsonSchema, L: JsonSchema> JsonSchema for Short<S, L> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_or_{}", S::schema_name(), L::schema_name()).into()
    }

    /// One schema that takes both kinds: editors complete the table's keys, and need no `anyOf`.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut both = L::json_schema(generator);
        let short = S::json_schema(generator);
        for key in ["format", "pattern"] {
            if let Some(value) = short.get(key) {
                both.insert(key.to_owned(), value.clone());
            }
        }
        both.insert("type".to_owned(), serde_json::json!(["string", "object"]));
        both
    }
}
