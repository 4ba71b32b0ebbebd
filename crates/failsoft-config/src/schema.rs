//! The JSON schema, made from the types that are filled.

use serde_json::{Value as Json, json};

use crate::spec::Spec;

/// The JSON schema of settings files.
#[must_use]
pub fn schema() -> Json {
    let mut schema = schemars::schema_for!(Spec).to_value();
    simplify(&mut schema);
    schema
}

/// TOML has no null, numbers have our own bounds, and a key that is left out is left out.
fn simplify(schema: &mut Json) {
    match schema {
        Json::Object(object) => {
            if let Some(Json::Array(choices)) = object.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type") != Some(&json!("null")));
                if let [Json::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    object.remove("anyOf");
                    object.extend(only);
                }
            }
            if let Some(Json::Array(kinds)) = object.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [only] = kinds.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Json::Array(choices)) = object.get_mut("enum") {
                choices.retain(|choice| !choice.is_null());
            }
            if object.get("default") == Some(&Json::Null) {
                object.remove("default");
            }
            object.remove("writeOnly");
            object.values_mut().for_each(simplify);
        }
        Json::Array(items) => items.iter_mut().for_each(simplify),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
