//! What the API wants of schemas.

use crate::neutral::Json;
use crate::scan::Scanner;

/// The schema with what is wanted of arguments: an object, whose properties are named.
pub(super) fn of_object(schema: &Json) -> String {
    let (mut has_type, mut has_properties, mut is_empty) = (false, false, true);
    // It was checked before.
    let _ = Scanner::new(schema.as_str().as_bytes()).members(|scanner, key| {
        is_empty = false;
        has_type |= key == b"type";
        has_properties |= key == b"properties";
        scanner.value().map(|_| ())
    });
    let inside = schema.as_str().trim().strip_prefix('{').filter(|_| !(has_type && has_properties));
    let Some(inside) = inside else { return schema.as_str().to_owned() };
    let kind = if has_type { "" } else { r#""type":"object","# };
    let properties = if has_properties { "" } else { r#""properties":{},"# };
    let added = format!("{{{kind}{properties}");
    let added = if is_empty { added.trim_end_matches(',') } else { &added };
    format!("{added}{inside}")
}
