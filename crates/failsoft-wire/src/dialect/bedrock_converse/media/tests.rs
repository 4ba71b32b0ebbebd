//! Pictures, documents and names that the service takes.

use super::*;
use crate::neutral::{Feature, Rest};

fn document(name: &str, mime: &str) -> Media {
    Media {
        kind: MediaKind::File,
        source: MediaSource::Inline { mime: mime.to_owned(), base64: "YQ==".to_owned() },
        name: Some(name.to_owned()),
        detail: None,
        rest: Rest::default(),
    }
}

fn written(media: &Media, names: &mut Names) -> serde_json::Value {
    let mut json = Vec::new();
    write(&mut Writer::new(&mut json), media, names);
    serde_json::from_slice(&json).unwrap()
}

#[test]
fn documents_get_names_that_are_allowed_and_differ() {
    let mut names = Names::default();
    for (name, allowed) in [
        ("report.pdf", "report"),
        ("report.pdf", "report (2)"),
        ("Übersicht_2026:  final.pdf", "-bersicht_2026- final"),
        ("", "document"),
        ("Notes_1 [1] (a)", "Notes_1 [1] (a)"),
    ] {
        let block = written(&document(name, "application/pdf"), &mut names);
        assert_eq!(block["document"]["name"], allowed);
    }
    let long = written(&document(&"x".repeat(500), "application/pdf"), &mut names);
    assert_eq!(long["document"]["name"].as_str().unwrap().len(), 192);
}

#[test]
fn formats_come_from_types_else_from_names() {
    for (name, mime, format) in [
        ("a", "application/pdf", Some("pdf")),
        ("a.xlsx", "application/octet-stream", Some("xlsx")),
        ("a", "text/csv; charset=utf-8", Some("csv")),
        ("a.py", "text/x-python", Some("txt")),
        ("a", "application/json", Some("txt")),
        ("a.exe", "application/octet-stream", None),
        ("a", "image/png", None),
    ] {
        let media = document(name, mime);
        assert_eq!(check(&media).is_ok(), format.is_some(), "{name} {mime}");
        if let Some(format) = format {
            let block = written(&media, &mut Names::default());
            assert_eq!(block["document"]["format"], format, "{name} {mime}");
        }
    }
}

#[test]
fn plain_text_goes_as_bytes_and_s3_as_its_address() {
    let mut media = document("a", "");
    media.source = MediaSource::Text("äh".to_owned());
    let expected = serde_json::json!({"document": {
        "format": "txt", "name": "a", "source": {"bytes": "w6Ro"},
    }});
    assert_eq!(written(&media, &mut Names::default()), expected);
    media.kind = MediaKind::Video;
    let mime = Some("video/mp4".to_owned());
    media.source = MediaSource::Url { url: "s3://bucket/a.mp4".to_owned(), mime };
    let expected = serde_json::json!({"video": {
        "format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/a.mp4"}},
    }});
    assert_eq!(written(&media, &mut Names::default()), expected);
    let url = "https://example.org/a.mp4".to_owned();
    media.source = MediaSource::Url { url, mime: None };
    assert_eq!(check(&media), Err(Unfit { feature: Feature::AudioVideo }));
}
