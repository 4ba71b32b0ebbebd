//! Media types and the endings of names that tell of them.

/// Endings, each type's usual one first.
const TYPES: [(&str, &str); 28] = [
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("json", "application/json"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("bmp", "image/bmp"),
    ("heic", "image/heic"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("ogg", "audio/ogg"),
    ("flac", "audio/flac"),
    ("m4a", "audio/x-m4a"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
    ("mov", "video/quicktime"),
    ("mkv", "video/x-matroska"),
];

/// The type that the end of a name or of an address tells of.
pub(super) fn of_name(name: &str) -> Option<&'static str> {
    let path = name.split(['?', '#']).next().unwrap_or(name);
    let (_, ending) = path.rsplit_once('.')?;
    let known = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending));
    known.map(|(_, mime)| *mime)
}

/// A name for a document that has none, for those who tell its type by it.
pub(super) fn document(mime: &str) -> String {
    let known = TYPES.iter().find(|(_, known)| *known == mime);
    format!("document.{}", known.map_or("pdf", |(ending, _)| ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_types_and_types_make_names() {
        for (name, mime) in [
            ("a.PNG", Some("image/png")),
            ("https://example.org/a.b/c.pdf?x=.png#y", Some("application/pdf")),
            ("https://example.org/watch", None),
            ("none", None),
        ] {
            assert_eq!(of_name(name), mime, "{name}");
        }
        assert_eq!(document("text/plain"), "document.txt");
        assert_eq!(document("application/octet-stream"), "document.pdf");
    }
}
