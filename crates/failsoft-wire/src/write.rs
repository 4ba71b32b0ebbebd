//! JSON written straight into a buffer: no trees.

use crate::Dialect;
use crate::neutral::{Json, Rest};

/// Writes one JSON value.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Whether a comma is due before the next member or item.
    comma: bool,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, comma: false }
    }

    /// Goes on in an object that is open and has members.
    pub(crate) const fn resumed(out: &'a mut Vec<u8>) -> Self {
        Self { out, comma: true }
    }

    /// An object as the next value.
    pub(crate) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.nest(b'{', b'}', members);
    }

    /// An array as the next value, of items that are written already.
    pub(crate) fn list(&mut self, items: &str) {
        self.array(|list| {
            if !items.is_empty() {
                list.raw(items);
            }
        });
    }

    /// An array as the next value.
    pub(crate) fn array(&mut self, items: impl FnOnce(&mut Self)) {
        self.nest(b'[', b']', items);
    }

    /// A member's key; its value must follow.
    pub(crate) fn key(&mut self, key: &str) -> &mut Self {
        self.string(key);
        self.out.push(b':');
        self.comma = false;
        self
    }

    /// A string as the next value.
    pub(crate) fn string(&mut self, text: &str) {
        self.separate();
        // A string always can be written to memory.
        let _ = serde_json::to_writer(&mut *self.out, text);
    }

    /// A number, a boolean or null as the next value.
    pub(crate) fn scalar(&mut self, value: impl serde::Serialize) {
        self.separate();
        let _ = serde_json::to_writer(&mut *self.out, &value);
    }

    /// Text that is JSON already, as the next value.
    pub(crate) fn raw(&mut self, json: &str) {
        self.separate();
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Null as the next value.
    pub(crate) fn null(&mut self) {
        self.raw("null");
    }

    /// A member with a string.
    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.key(key).string(text);
    }

    /// A member with a number or a boolean.
    pub(crate) fn value(&mut self, key: &str, value: impl serde::Serialize) {
        self.key(key).scalar(value);
    }

    /// A member with JSON.
    pub(crate) fn json(&mut self, key: &str, json: &Json) {
        self.key(key).raw(json.as_str());
    }

    /// A member with a string, if there is one.
    pub(crate) fn text_if(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    /// A member with a number or a boolean, if there is one.
    pub(crate) fn value_if(&mut self, key: &str, value: Option<impl serde::Serialize>) {
        if let Some(value) = value {
            self.value(key, value);
        }
    }

    /// A member as it stands in other JSON, its key with all its escapes.
    pub(crate) fn as_written(&mut self, key: &[u8], json: &str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(key);
        self.out.extend_from_slice(b"\":");
        self.out.extend_from_slice(json.as_bytes());
    }

    /// The members of an object that was kept, without its brackets.
    pub(crate) fn inside(&mut self, object: &Json) {
        let text = object.as_str().trim();
        let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        if let Some(inside) = inside.map(str::trim).filter(|inside| !inside.is_empty()) {
            self.separate();
            self.out.extend_from_slice(inside.as_bytes());
        }
    }

    /// Members that were kept for this dialect.
    pub(crate) fn rest(&mut self, rest: &Rest, dialect: Dialect) {
        self.rest_but(rest, dialect, &[]);
    }

    /// Members that were kept for this dialect, but for those that are written elsewhere.
    pub(crate) fn rest_but(&mut self, rest: &Rest, dialect: Dialect, but: &[&str]) {
        for (key, json) in rest.members_for(dialect) {
            if !key.starts_with('"') && !but.contains(&&**key) {
                self.as_written(key.as_bytes(), json.as_str());
            }
        }
    }

    fn nest(&mut self, open: u8, close: u8, inside: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push(open);
        self.comma = false;
        inside(self);
        self.out.push(close);
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_where_they_must() {
        let mut out = Vec::new();
        Writer::new(&mut out).object(|object| {
            object.text("a", "\"x\"\n");
            object.key("b").array(|array| {
                array.scalar(1);
                array.object(|_| {});
                array.null();
            });
            object.value_if("none", None::<u32>);
            object.value("c", true);
        });
        assert_eq!(out, br#"{"a":"\"x\"\n","b":[1,{},null],"c":true}"#);
    }
}
