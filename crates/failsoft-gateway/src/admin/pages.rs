//! The dashboard's files: part of the binary, found by their exact names.

use std::sync::LazyLock;

use failsoft::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::reply;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

struct File {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! file {
    ($path:literal, $kind:expr, $name:literal) => {
        File { path: $path, kind: $kind, text: include_str!(concat!("../../dashboard/", $name)) }
    };
}

static FILES: &[File] = &[
    file!("/", HTML, "index.html"),
    file!("/style.css", CSS, "style.css"),
    file!("/icon.svg", IMAGE, "icon.svg"),
    file!("/app.js", SCRIPT, "app.js"),
    file!("/api.js", SCRIPT, "api.js"),
    file!("/chart.js", SCRIPT, "chart.js"),
    file!("/dialog.js", SCRIPT, "dialog.js"),
    file!("/dom.js", SCRIPT, "dom.js"),
    file!("/lanes.js", SCRIPT, "lanes.js"),
    file!("/live.js", SCRIPT, "live.js"),
    file!("/words.js", SCRIPT, "words.js"),
    file!("/views/now.js", SCRIPT, "views/now.js"),
    file!("/views/targets.js", SCRIPT, "views/targets.js"),
    file!("/views/incidents.js", SCRIPT, "views/incidents.js"),
    file!("/views/calls.js", SCRIPT, "views/calls.js"),
    file!("/views/call.js", SCRIPT, "views/call.js"),
    file!("/views/routes.js", SCRIPT, "views/routes.js"),
    file!("/views/settings.js", SCRIPT, "views/settings.js"),
    file!("/views/login.js", SCRIPT, "views/login.js"),
];

/// What stands for each file's content, parallel to [`FILES`].
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tag = |file: &File| {
        let hash = Sha256::digest(file.text.as_bytes());
        let hash: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        format!("\"{hash}\"")
    };
    FILES.iter().map(tag).collect()
});

/// The file of this name, if there is one.
pub(super) fn page(path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let place = FILES.iter().position(|file| file.path == path)?;
    let (file, tag) = (&FILES[place], &TAGS[place]);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|known| known.trim() == tag));
    let mut response = if is_known {
        reply::said(StatusCode::NOT_MODIFIED, file.kind, "")
    } else {
        reply::said(StatusCode::OK, file.kind, file.text)
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_each_other_and_nothing_outside() {
        for file in FILES {
            for line in file.text.lines() {
                let Some((_, from)) = line.split_once(" from \".") else { continue };
                let named = from.split('"').next().unwrap_or_default().trim_start_matches('.');
                let named = named.trim_start_matches("/..").trim_start_matches("./");
                let in_views = format!("/views{named}");
                let is_there = FILES.iter().any(|file| file.path == named || file.path == in_views);
                assert!(is_there, "{}: {line}", file.path);
            }
            for word in [
                "https:",
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "eval(",
                "document.write",
            ] {
                assert!(!file.text.contains(word), "{} holds {word}", file.path);
            }
        }
    }

    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        let headers = HeaderMap::new();
        let first = page("/app.js", &headers).expect("there is a script");
        let tag = first.headers()[header::ETAG].clone();
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, tag);
        let again = page("/app.js", &again).expect("there is a script");
        assert_eq!((first.status(), again.status()), (StatusCode::OK, StatusCode::NOT_MODIFIED));
        assert!(page("/app.js/", &headers).is_none() && page("/App.js", &headers).is_none());
    }
}
